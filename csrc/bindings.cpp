// Python module: checks arguments, releases the GIL, calls. No other file knows Python.
#include <omp.h>
#include <pthread.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <sstream>
#include <stdexcept>

#include "bus_error.hpp"
#include "checksum.hpp"
#include "clustered.hpp"
#include "dispatch.hpp"
#include "merge.hpp"
#include "quantize.hpp"
#include "rank.hpp"
#include "screen.hpp"
#include "top_k.hpp"
#include "vec_reader.hpp"
#include "vec_writer.hpp"

namespace py = pybind11;

namespace alignx {
namespace {

using Floats = py::array_t<float, py::array::c_style>;
using Indices = py::array_t<std::int64_t, py::array::c_style>;
using Found = std::pair<Floats, Indices>;
using Bias = std::optional<Floats>;
using Callback = std::optional<py::function>;

template <typename... Parts>
void require(bool rule, const Parts&... message) {
    if (rule) return;
    std::ostringstream text;
    (text << ... << message);
    throw std::invalid_argument(text.str());
}

template <typename Array>
std::size_t size_of(const Array& array, int axis = 0) {
    return static_cast<std::size_t>(array.shape(axis));
}

Matrix as_matrix(const Floats& rows, const char* name) {
    require(rows.ndim() == 2, name, " must have 2 dimensions, got ", rows.ndim());
    return {rows.data(), size_of(rows, 0), size_of(rows, 1)};
}

void require_same_columns(const Matrix& queries, const Matrix& keys) {
    require(queries.columns == keys.columns, "queries and keys must have the same dimension, got ",
            queries.columns, " and ", keys.columns);
}

const float* as_bias(const Bias& bias, std::size_t rows, const char* name) {
    if (!bias) return nullptr;
    require(bias->ndim() == 1 && size_of(*bias) == rows, name, " must have shape (", rows, ",)");
    return bias->data();
}

void require_found(const Found& found, std::size_t rows, const char* name) {
    const auto& [scores, indices] = found;
    require(scores.ndim() == 2 && indices.ndim() == 2 && scores.shape(1) == indices.shape(1) &&
                size_of(scores) == rows && size_of(indices) == rows,
            name, " must hold scores and indices of ", rows, " rows");
}

// Indices are used as offsets without the GIL, while another thread could change the array. So they
// are copied, unless they are read-only.
struct Known {
    Known() = default;
    Known(const Found& known, std::size_t rows, std::size_t others, std::int64_t least) {
        require_found(known, rows, "known");
        const auto& [scores, indices] = known;
        const std::int64_t* data = indices.data();
        if (!indices.owndata() || indices.writeable()) {
            copy.assign(data, data + indices.size());
            data = copy.data();
        }
        const auto end = static_cast<std::int64_t>(others);
        require(std::all_of(data, data + indices.size(),
                            [=](std::int64_t i) { return i >= least && i < end; }),
                "known indices must lie in [", least, ", ", others, ")");
        found = {scores.data(), data, size_of(scores, 1)};
    }

    std::vector<std::int64_t> copy;
    FoundNeighbors found;
};

// GNU OpenMP's threads do not survive a fork, and waiting for them would never end.
bool is_forked = false;

int thread_count(std::optional<int> n_threads) {
    // More threads than any machine has cores would only exhaust memory.
    constexpr int max_threads = 1024;
    require(!n_threads || *n_threads >= 1, "n_threads must be at least 1, got ",
            n_threads.value_or(0));
    return is_forked ? 1 : std::min(n_threads.value_or(omp_get_max_threads()), max_threads);
}

// `work` must touch no Python object.
template <typename Work>
auto without_gil(Work&& work) {
    const py::gil_scoped_release released;
    return work();
}

// Runs work(progress) without the GIL. A pending Ctrl-C or an exception of the callback cancels the
// work and is raised when its threads have joined.
template <typename Work>
void run(const Callback& callback, Work&& work) {
    const Progress progress = [&callback](double fraction) {
        const py::gil_scoped_acquire held;
        if (PyErr_CheckSignals() != 0) return false;
        if (!callback) return true;
        const auto result = py::reinterpret_steal<py::object>(
            PyObject_CallFunction(callback->ptr(), "d", fraction));
        return static_cast<bool>(result);
    };
    if (!without_gil([&] { return work(progress); })) throw py::error_already_set();
}

struct FoundArrays {
    FoundArrays(std::size_t rows, std::size_t k) : scores({rows, k}), indices({rows, k}) {}

    Neighbors view() { return {scores.mutable_data(), indices.mutable_data(), size_of(scores, 1)}; }
    // With -1 for missing neighbors.
    Found partial() {
        std::replace(indices.mutable_data(), indices.mutable_data() + indices.size(), no_index,
                     std::int64_t{-1});
        return {scores, indices};
    }
    Found complete() const {
        const std::int64_t* const end = indices.data() + indices.size();
        require(std::find(indices.data(), end, no_index) == end,
                "dot products must stay within float32, got overflow; scale the rows");
        return {scores, indices};
    }

    Floats scores;
    Indices indices;
};

// Checked arguments of a search, and the arrays for its results.
struct Request {
    Request(const Floats& queries, const Floats& keys, std::size_t k_queries, std::size_t k_keys,
            const Bias& query_bias, const Bias& key_bias, std::optional<int> n_threads)
        : search{.queries = as_matrix(queries, "queries"), .keys = as_matrix(keys, "keys")},
          of_queries(search.queries.rows, std::min(k_queries, search.keys.rows)),
          of_keys(search.keys.rows, std::min(k_keys, search.queries.rows)) {
        require_same_columns(search.queries, search.keys);
        require_k(k_queries, search.keys.rows, "k_queries");
        require_k(k_keys, search.queries.rows, "k_keys");
        search.query_bias = as_bias(query_bias, search.queries.rows, "query_bias");
        search.key_bias = as_bias(key_bias, search.keys.rows, "key_bias");
        search.of_queries = of_queries.view();
        search.of_keys = of_keys.view();
        search.n_threads = thread_count(n_threads);
    }

    static void require_k(std::size_t k, std::size_t rows, const char* name) {
        require(k <= rows, name, " must lie in [0, ", rows, "], got ", k);
    }

    Search search;
    FoundArrays of_queries, of_keys;
};

std::uint64_t checksum_of(const py::array& array) {
    require((array.flags() & py::array::c_style) != 0, "array must be C-contiguous");
    const void* const data = array.data();
    return without_gil(
        [&, size = static_cast<std::size_t>(array.nbytes())] { return checksum(data, size); });
}

// Keys as bytes for repeated searches; without codes where the keys cannot be screened.
struct PreparedKeys {
    Floats keys;  // kept, so that no other array can have the same address
    std::uint64_t sum;
    std::optional<Quantized> codes;

    // Whether they were made of this array, if it is read-only, or of an equal one.
    bool are_of(const Floats& others) const {
        return std::equal(keys.shape(), keys.shape() + 2, others.shape()) &&
               ((keys.data() == others.data() && !keys.writeable() && !others.writeable()) ||
                sum == checksum_of(others));
    }
};

// Checks a copy, which no other thread can change.
std::vector<std::size_t> as_starts(const Indices& starts, std::size_t rows, const char* name) {
    std::vector<std::size_t> copy;
    if (starts.ndim() == 1) copy.assign(starts.data(), starts.data() + starts.size());
    require(copy.size() >= 2 && copy.front() == 0 && std::ranges::is_sorted(copy) &&
                copy.back() == rows,
            name, " must be ascending rows from 0 to ", rows);
    return copy;
}

void require_bytes(const Matrix& rows) {
    require(chosen_kernel().key_limit != 0,
            "clusters need a processor that multiplies bytes, this one is ", chosen_kernel().name);
    require(can_screen(chosen_kernel(), rows),
            "clusters need a dimension that lies in [1, 16384], got ", rows.columns);
}

PreparedKeys prepare_keys(const Floats& keys, std::optional<int> n_threads,
                          const std::optional<Indices>& groups) {
    const Matrix rows = as_matrix(keys, "keys");
    const int threads = thread_count(n_threads);
    const Kernel& kernel = chosen_kernel();
    PreparedKeys prepared{keys, checksum_of(keys), std::nullopt};
    std::vector<std::size_t> starts;
    if (groups) {
        starts = as_starts(*groups, rows.rows, "groups");
        require_bytes(rows);
    }
    if (can_screen(kernel, rows))
        without_gil([&] {
            prepared.codes.emplace(kernel, Quantized::Side::keys, rows,
                                   std::vector<std::uint32_t>{}, threads, starts);
        });
    return prepared;
}

std::pair<Found, Found> search_clusters(
    const Floats& queries, const Floats& keys, const PreparedKeys& prepared_keys,
    const Floats& centroids, const Floats& regions, const Indices& region_starts,
    std::size_t clusters_met, std::size_t regions_met, std::size_t k_queries, std::size_t k_keys,
    const Bias& query_bias, const Bias& key_bias, const Bias& centroid_bias,
    const std::optional<Found>& known, std::optional<int> n_threads, const Callback& progress) {
    Request request(queries, keys, k_queries, k_keys, query_bias, key_bias, n_threads);
    Search& search = request.search;
    const Matrix c = as_matrix(centroids, "centroids"), r = as_matrix(regions, "regions");
    require_same_columns(search.queries, c);
    require_same_columns(search.queries, r);
    const Clusters clusters{.centroids = c,
                            .bias = as_bias(centroid_bias, c.rows, "centroid_bias"),
                            .regions = r,
                            .region_starts = as_starts(region_starts, c.rows, "region_starts"),
                            .clusters_met = clusters_met,
                            .regions_met = regions_met};
    require(clusters.region_starts.size() == r.rows + 1,
            "region_starts must hold one start for each of ", r.rows, " regions, and the end, got ",
            clusters.region_starts.size());
    require_bytes(search.queries);
    require(prepared_keys.are_of(keys) && prepared_keys.codes &&
                prepared_keys.codes->groups_of_rows() == c.rows,
            "prepared keys must be those that are searched, with a group for each of ", c.rows,
            " centroids");
    require(clusters_met >= 1, "clusters_met must be at least 1, got 0");
    require(regions_met >= 1, "regions_met must be at least 1, got 0");
    const Known known_of_queries =
        known ? Known(*known, search.queries.rows, search.keys.rows, -1) : Known();
    search.known_of_queries = known_of_queries.found;
    search.prepared_keys = &*prepared_keys.codes;
    run(progress, [&](const Progress& report) {
        return clustered_sweep(chosen_kernel(), search, clusters, report);
    });
    return {request.of_queries.partial(), request.of_keys.partial()};
}

py::tuple search(const Floats& queries, const Floats& keys, std::size_t k_queries,
                 std::size_t k_keys, const Bias& query_bias, const Bias& key_bias,
                 const std::optional<std::pair<Found, Found>>& known,
                 const PreparedKeys* prepared_keys, std::optional<int> n_threads,
                 const Callback& progress) {
    Request request(queries, keys, k_queries, k_keys, query_bias, key_bias, n_threads);
    Search& search = request.search;
    Known known_of_queries, known_of_keys;
    if (known) {
        known_of_queries = Known(known->first, search.queries.rows, search.keys.rows, 0);
        known_of_keys = Known(known->second, search.keys.rows, search.queries.rows, 0);
    }
    search.known_of_queries = known_of_queries.found;
    search.known_of_keys = known_of_keys.found;
    require(prepared_keys == nullptr || prepared_keys->are_of(keys),
            "prepared keys must be those that are searched");
    if (prepared_keys != nullptr && prepared_keys->codes)
        search.prepared_keys = &*prepared_keys->codes;
    Uncertified fallbacks;
    run(progress,
        [&](const Progress& report) { return top_k(chosen_kernel(), search, report, fallbacks); });
    return py::make_tuple(request.of_queries.complete(), request.of_keys.complete(),
                          py::make_tuple(fallbacks.queries.size(), fallbacks.keys.size()));
}

Found merge(const std::vector<Found>& parts, std::size_t k, std::optional<int> n_threads) {
    require(!parts.empty(), "parts must not be empty");
    require(parts.front().first.ndim() == 2, "parts must hold scores of 2 dimensions, got ",
            parts.front().first.ndim());
    const std::size_t rows = size_of(parts.front().first);
    std::vector<FoundNeighbors> found;
    for (const Found& part : parts) {
        require_found(part, rows, "parts");
        found.push_back({part.first.data(), part.second.data(), size_of(part.first, 1)});
    }
    const int threads = thread_count(n_threads);
    FoundArrays merged(rows, k);
    without_gil([&, view = merged.view()] { merge_neighbors(found, rows, view, threads); });
    return merged.partial();
}

Floats score_pairs(const Floats& queries, const Floats& keys, const Indices& pairs) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys");
    require_same_columns(q, k);
    require(pairs.ndim() == 2 && pairs.shape(1) == 2, "pairs must have shape (p, 2)");
    std::vector<const float*> query_rows, key_rows;
    for (const std::int64_t* at = pairs.data(); at != pairs.data() + pairs.size(); at += 2) {
        const auto query = static_cast<std::size_t>(at[0]), key = static_cast<std::size_t>(at[1]);
        require(query < q.rows && key < k.rows, "pairs must be rows of queries and keys");
        query_rows.push_back(q.row(query));
        key_rows.push_back(k.row(key));
    }
    Floats scores(pairs.shape(0));
    without_gil([&, data = scores.mutable_data()] {
        chosen_kernel().score_pairs(query_rows.data(), key_rows.data(), query_rows.size(),
                                    q.columns, data);
    });
    return scores;
}

Indices count_better_keys(const Floats& queries, const Floats& keys, const Floats& scores,
                          const Indices& indices, const Bias& key_bias,
                          std::optional<int> n_threads, const Callback& progress) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys");
    require_same_columns(q, k);
    require(scores.ndim() == 1 && size_of(scores) == q.rows && indices.ndim() == 1 &&
                size_of(indices) == q.rows,
            "scores and indices must hold one value for each query");
    const float* const bias = as_bias(key_bias, k.rows, "key_bias");
    const int threads = thread_count(n_threads);
    Indices counts(queries.shape(0));
    std::fill_n(counts.mutable_data(), q.rows, 0);
    run(progress, [&, of_answer = scores.data(), answer = indices.data(),
                   data = counts.mutable_data()](const Progress& report) {
        return count_better(chosen_kernel(), q, k, bias, of_answer, answer, data, threads, report);
    });
    return counts;
}

// Text from UTF-8, or null if `errors` is strict and finds some.
py::object decode(std::string_view text, const char* errors) {
    auto decoded = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), errors));
    if (!decoded && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError) == 0)
        throw py::error_already_set();
    PyErr_Clear();
    return decoded;
}

py::tuple parse_vectors(const py::buffer& text, std::ptrdiff_t dimension,
                        std::optional<int> n_threads, char separator, char decimal) {
    require(dimension >= 1, "dimension must be at least 1, got ", dimension);
    require(separator != decimal, "separator and decimal must differ, got ", separator);
    const int threads = thread_count(n_threads);
    const py::buffer_info bytes = text.request();
    require(bytes.itemsize == 1 && bytes.ndim == 1 && (bytes.size <= 1 || bytes.strides[0] == 1),
            "text must be contiguous bytes");
    const std::string_view view(static_cast<const char*>(bytes.ptr),
                                static_cast<std::size_t>(bytes.size));
    const auto width = static_cast<std::size_t>(dimension);
    Lines split = without_gil([&] { return split_lines(view, width); });
    Floats rows({split.n_rows, width});
    without_gil([&, data = rows.mutable_data()] {
        parse_lines(split.lines, width, {separator, decimal}, data, threads);
    });

    py::list words, bad, undecoded;
    std::vector<std::int64_t> numbers, row_of, spaced;
    for (const Line& line : split.lines) {
        if (!line.problem.empty()) {
            bad.append(py::make_tuple(line.number, decode(line.problem, "backslashreplace")));
            continue;
        }
        const py::object word = decode(line.word(), "strict");
        if (!word) {
            undecoded.append(py::make_tuple(line.number, py::bytes(line.word())));
            continue;
        }
        if (line.is_spaced) spaced.push_back(static_cast<std::int64_t>(numbers.size()));
        words.append(word);
        numbers.push_back(static_cast<std::int64_t>(line.number));
        row_of.push_back(static_cast<std::int64_t>(line.row));
    }
    py::object good = rows;
    if (row_of.size() != split.n_rows) good = rows[Indices(row_of.size(), row_of.data())];
    const Indices lines(numbers.size(), numbers.data());
    return py::make_tuple(words, good, lines, bad, split.n_lines, spaced, undecoded);
}

py::bytes format_vectors(const std::vector<std::string_view>& words, const Floats& rows,
                         std::optional<int> decimals) {
    require(rows.ndim() == 2 && size_of(rows) == words.size(),
            "rows must be 2-D with one row for each of the ", words.size(), " words");
    require(!decimals || (*decimals >= 0 && *decimals <= max_decimals), "decimals must lie in [0, ",
            max_decimals, "], got ", decimals.value_or(0));
    // The caller holds the words that the views point into, and the rows.
    return py::bytes(without_gil([&, data = rows.data(), width = size_of(rows, 1)] {
        return format_lines(words, data, width, decimals);
    }));
}

std::vector<std::string> available_levels() {
    std::vector<std::string> names;
    for (const Kernel* kernel : available_kernels()) names.emplace_back(kernel->name);
    return names;
}

}  // namespace
}  // namespace alignx

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    using namespace pybind11::literals;
    const auto array = [](const char* name) { return py::arg(name).noconvert(); };
    const auto optional = [](py::arg name) { return name = py::none(); };
    const py::arg_v n_threads = "n_threads"_a = py::none(), progress = "progress"_a = py::none();
    const py::arg_v query_bias = optional(array("query_bias")),
                    key_bias = optional(array("key_bias"));
    module.doc() = "Compiled parts of alignx.";
    pthread_atfork(nullptr, nullptr, [] { alignx::is_forked = true; });
    py::class_<alignx::PreparedKeys>(module, "PreparedKeys");
    module.def("prepare_keys", &alignx::prepare_keys, array("keys"), n_threads,
               optional(array("groups")));
    module.def("search_clusters", &alignx::search_clusters, array("queries"), array("keys"),
               "prepared_keys"_a, array("centroids"), array("regions"), array("region_starts"),
               py::kw_only(), "clusters_met"_a, "regions_met"_a, "k_queries"_a, "k_keys"_a,
               query_bias, key_bias, optional(array("centroid_bias")), "known"_a = py::none(),
               n_threads, progress);
    module.def("merge", &alignx::merge, "parts"_a, "k"_a, n_threads);
    module.def("score_pairs", &alignx::score_pairs, array("queries"), array("keys"),
               array("pairs"));
    module.def("count_better", &alignx::count_better_keys, array("queries"), array("keys"),
               array("scores"), array("indices"), py::kw_only(), key_bias, n_threads, progress);
    module.def("search", &alignx::search, array("queries"), array("keys"), py::kw_only(),
               "k_queries"_a, "k_keys"_a, query_bias, key_bias, "known"_a = py::none(),
               "prepared_keys"_a.none(true) = py::none(), n_threads, progress);
    module.def("parse_vectors", &alignx::parse_vectors, "text"_a, "dimension"_a, n_threads,
               "separator"_a = ' ', "decimal"_a = '.');
    module.def("format_vectors", &alignx::format_vectors, "words"_a, array("rows"),
               "decimals"_a = py::none());
    module.def("checksum", &alignx::checksum_of, array("array"));
    module.def("simd_level", [] { return std::string(alignx::chosen_kernel().name); });
    module.def("simd_levels", &alignx::available_levels);
    module.def("default_threads", [] { return omp_get_max_threads(); });
    module.def("explain_bus_errors", &alignx::explain_bus_errors);
}
