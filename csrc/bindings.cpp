// The only file that knows Python: checks arrays, releases the GIL, calls.
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <omp.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "dispatch.hpp"
#include "top_k.hpp"

namespace py = pybind11;
using namespace pybind11::literals;

namespace alignx {
namespace {

using Rows = py::array_t<float, py::array::c_style>;
using Bias = std::optional<Rows>;

void require(bool rule, const std::string& message) {
    if (!rule) throw std::invalid_argument(message);
}

Matrix as_matrix(const Rows& rows, const std::string& name) {
    require(rows.ndim() == 2, name + " must have 2 dimensions, got " + std::to_string(rows.ndim()));
    return {rows.data(), static_cast<std::size_t>(rows.shape(0)),
            static_cast<std::size_t>(rows.shape(1))};
}

const float* as_bias(const Bias& bias, std::size_t rows, const std::string& name) {
    if (!bias) return nullptr;
    require(bias->ndim() == 1 && static_cast<std::size_t>(bias->shape(0)) == rows,
            name + " must have shape (" + std::to_string(rows) + ",)");
    return bias->data();
}

void require_k(std::size_t k, std::size_t rows, const std::string& name) {
    require(k <= rows,
            name + " must lie in [0, " + std::to_string(rows) + "], got " + std::to_string(k));
}

struct FoundArrays {
    FoundArrays(std::size_t rows, std::size_t k) : scores({rows, k}), indices({rows, k}) {}
    Neighbors view() {
        return {scores.mutable_data(), indices.mutable_data(),
                static_cast<std::size_t>(scores.shape(1))};
    }
    py::tuple tuple() const { return py::make_tuple(scores, indices); }

    py::array_t<float> scores;
    py::array_t<std::int64_t> indices;
};

py::tuple search(const Rows& queries, const Rows& keys, std::size_t k_queries, std::size_t k_keys,
                 const Bias& query_bias, const Bias& key_bias, int n_threads,
                 const std::optional<py::function>& progress) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys");
    require(q.columns == k.columns, "queries and keys must have the same dimension, got " +
                                        std::to_string(q.columns) + " and " +
                                        std::to_string(k.columns));
    require_k(k_queries, k.rows, "k_queries");
    require_k(k_keys, q.rows, "k_keys");
    require(n_threads >= 1, "n_threads must be at least 1, got " + std::to_string(n_threads));
    const float* bias_of_queries = as_bias(query_bias, q.rows, "query_bias");
    const float* bias_of_keys = as_bias(key_bias, k.rows, "key_bias");
    FoundArrays of_queries(q.rows, k_queries), of_keys(k.rows, k_keys);
    const Neighbors query_neighbors = of_queries.view(), key_neighbors = of_keys.view();
    const Kernel& kernel = chosen_kernel();

    // Called on the thread that holds no GIL now; a pending Ctrl-C or an exception of the callback
    // ends the sweep and is raised once its threads have joined.
    const Progress report = [&progress](double fraction) {
        const py::gil_scoped_acquire held;
        if (PyErr_CheckSignals() != 0) return false;
        if (!progress) return true;
        const auto result = py::reinterpret_steal<py::object>(
            PyObject_CallFunction(progress->ptr(), "d", fraction));
        return static_cast<bool>(result);
    };
    bool finished = false;
    {
        // The arrays are kept alive by the arguments, and no Python object is touched inside.
        const py::gil_scoped_release released;
        finished = top_k(kernel, q, k, bias_of_queries, bias_of_keys, query_neighbors,
                         key_neighbors, n_threads, report);
    }
    if (!finished) throw py::error_already_set();
    return py::make_tuple(of_queries.tuple(), of_keys.tuple());
}

std::vector<std::string> available_levels() {
    std::vector<std::string> names;
    for (const Kernel* kernel : available_kernels()) names.emplace_back(kernel->name);
    return names;
}

}  // namespace
}  // namespace alignx

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "Compiled parts of alignx.";
    module.def("search", &alignx::search, "queries"_a.noconvert(), "keys"_a.noconvert(), py::kw_only(),
               "k_queries"_a, "k_keys"_a, "query_bias"_a.noconvert() = py::none(),
               "key_bias"_a.noconvert() = py::none(), "n_threads"_a, "progress"_a = py::none());
    module.def("simd_level", [] { return std::string(alignx::chosen_kernel().name); });
    module.def("simd_levels", &alignx::available_levels);
    module.def("default_threads", [] { return omp_get_max_threads(); });
}
