// The only file that knows Python: checks arrays, releases the GIL, calls.
#include <pybind11/pybind11.h>

namespace py = pybind11;

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "Compiled parts of alignx.";
}
