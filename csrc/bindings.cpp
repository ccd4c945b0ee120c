// The only file that knows Python: checks arrays, releases the GIL, calls.
#include <omp.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "vec_reader.hpp"
#include "vec_writer.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace {

using Rows = py::array_t<float, py::array::c_style>;

int thread_count(std::optional<int> n_threads) {
    if (n_threads && *n_threads < 1)
        throw std::invalid_argument("n_threads must be at least 1, got " +
                                    std::to_string(*n_threads));
    return n_threads.value_or(omp_get_max_threads());
}

py::str decode(const char* begin, const char* end) {
    PyObject* text = PyUnicode_DecodeUTF8(begin, end - begin, nullptr);
    if (text == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::str>(text);
}

py::tuple parse_vectors(const py::buffer& text, std::ptrdiff_t dimension,
                        std::optional<int> n_threads) {
    if (dimension < 1)
        throw std::invalid_argument("dimension must be at least 1, got " +
                                    std::to_string(dimension));
    const int threads = thread_count(n_threads);
    const py::buffer_info bytes = text.request();
    if (bytes.itemsize != 1 || bytes.ndim != 1 || (bytes.size > 1 && bytes.strides[0] != 1))
        throw std::invalid_argument("text must be contiguous bytes");
    const auto width = static_cast<std::size_t>(dimension);

    alignx::Lines split;
    {
        // `bytes` keeps the text alive and in place.
        py::gil_scoped_release release;
        split = alignx::split_lines(static_cast<const char*>(bytes.ptr),
                                    static_cast<std::size_t>(bytes.size), width);
    }
    Rows rows({static_cast<py::ssize_t>(split.n_rows), static_cast<py::ssize_t>(dimension)});
    float* const data = rows.mutable_data();
    std::vector<const alignx::Line*> good;
    {
        // Nobody else knows `rows` yet.
        py::gil_scoped_release release;
        alignx::parse_lines(split.lines, width, data, threads);
        good = alignx::compact_rows(split.lines, width, data);
    }

    const auto n_good = static_cast<py::ssize_t>(good.size());
    py::list words(n_good);
    py::array_t<std::int64_t> numbers(n_good);
    for (py::ssize_t i = 0; i < n_good; ++i) {
        const alignx::Line& line = *good[static_cast<std::size_t>(i)];
        PyList_SET_ITEM(words.ptr(), i, decode(line.begin, line.word_end).release().ptr());
        numbers.mutable_data()[i] = static_cast<std::int64_t>(line.number);
    }
    py::list bad;
    for (const alignx::Line& line : split.lines) {
        if (line.problem == alignx::Problem::none) continue;
        const std::string reason = alignx::describe(line, width);
        PyObject* shown = PyUnicode_DecodeUTF8(
            reason.data(), static_cast<py::ssize_t>(reason.size()), "backslashreplace");
        if (shown == nullptr) throw py::error_already_set();
        bad.append(py::make_tuple(line.number, py::reinterpret_steal<py::str>(shown)));
    }
    return py::make_tuple(words, rows[py::slice(0, n_good, 1)], numbers, bad, split.n_lines);
}

py::bytes format_vectors(const std::vector<std::string_view>& words, const Rows& rows,
                         std::optional<int> decimals) {
    if (rows.ndim() != 2 || rows.shape(0) != static_cast<py::ssize_t>(words.size()))
        throw std::invalid_argument("rows must be 2-D with one row for each of the " +
                                    std::to_string(words.size()) + " words");
    if (decimals && (*decimals < 0 || *decimals > alignx::max_decimals))
        throw std::invalid_argument("decimals must lie in [0, " +
                                    std::to_string(alignx::max_decimals) + "], got " +
                                    std::to_string(*decimals));
    const auto width = static_cast<std::size_t>(rows.shape(1));
    const float* const data = rows.data();
    std::string text;
    {
        // The caller holds the words that the views point into, and the rows.
        py::gil_scoped_release release;
        text = alignx::format_lines(words, data, width, decimals);
    }
    return py::bytes(text);
}

}  // namespace

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "Compiled parts of alignx.";
    module.def("parse_vectors", &parse_vectors, "text"_a, "dimension"_a, "n_threads"_a = py::none(),
               "Words and rows of a block of word2vec text.");
    module.def("format_vectors", &format_vectors, "words"_a, "rows"_a.noconvert(),
               "decimals"_a = py::none(), "Word2vec text of words and rows.");
}
