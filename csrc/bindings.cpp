// The only file that knows Python: checks arrays, releases the GIL, calls.
#include <omp.h>
#include <pthread.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

// GNU OpenMP's threads do not survive a fork, and waiting for them never ends.
bool is_forked = false;

// More threads than any machine has cores only cost memory, until there is none.
constexpr int max_threads = 1024;

int thread_count(std::optional<int> n_threads) {
    require(!n_threads || *n_threads >= 1,
            "n_threads must be at least 1, got " + std::to_string(n_threads.value_or(0)));
    return is_forked ? 1 : std::min(n_threads.value_or(omp_get_max_threads()), max_threads);
}

struct FoundArrays {
    FoundArrays(std::size_t rows, std::size_t k) : scores({rows, k}), indices({rows, k}) {}
    Neighbors view() {
        return {scores.mutable_data(), indices.mutable_data(),
                static_cast<std::size_t>(scores.shape(1))};
    }
    // With -1 for what was not found.
    py::tuple partial() {
        std::replace(indices.mutable_data(), indices.mutable_data() + indices.size(), no_index,
                     std::int64_t{-1});
        return py::make_tuple(scores, indices);
    }
    py::tuple tuple() const {
        const std::int64_t* end = indices.data() + indices.size();
        require(std::find(indices.data(), end, no_index) == end,
                "dot products must stay within float32, got overflow; scale the rows");
        return py::make_tuple(scores, indices);
    }

    py::array_t<float> scores;
    py::array_t<std::int64_t> indices;
};

using Places = py::array_t<std::int64_t, py::array::c_style>;
using Found = std::pair<Rows, Places>;

// Integers that are used as offsets once no GIL keeps other threads from changing the array: a
// copy, unless nobody can.
class KeptPlaces {
  public:
    const std::int64_t* keep(const Places& places) {
        if (places.owndata() && !places.writeable()) return places.data();
        copy_.assign(places.data(), places.data() + places.size());
        return copy_.data();
    }

  private:
    std::vector<std::int64_t> copy_;
};

FoundNeighbors as_found(const Found& found, KeptPlaces& kept, std::size_t rows, std::size_t others,
                        std::int64_t least = 0) {
    const auto& [scores, indices] = found;
    require(scores.ndim() == 2 && indices.ndim() == 2 && scores.shape(1) == indices.shape(1) &&
                static_cast<std::size_t>(scores.shape(0)) == rows &&
                static_cast<std::size_t>(indices.shape(0)) == rows,
            "known must hold scores and indices of " + std::to_string(rows) + " rows");
    const std::int64_t* const places = kept.keep(indices);
    require(std::all_of(places, places + indices.size(),
                        [others, least](std::int64_t i) {
                            return i >= least && i < static_cast<std::int64_t>(others);
                        }),
            "known indices must lie in [" + std::to_string(least) + ", " + std::to_string(others) +
                ")");
    return {scores.data(), places, static_cast<std::size_t>(scores.shape(1))};
}

std::uint64_t checksum_of(const py::array& array) {
    require((array.flags() & py::array::c_style) != 0, "array must be C-contiguous");
    const void* const data = array.data();
    const auto size = static_cast<std::size_t>(array.nbytes());
    const py::gil_scoped_release released;
    return checksum(data, size);
}

// Called on the thread that holds no GIL now; a pending Ctrl-C or an exception of the callback ends
// the work, and is raised once its threads have joined.
Progress reporting_to(const std::optional<py::function>& progress) {
    return [&progress](double fraction) {
        const py::gil_scoped_acquire held;
        if (PyErr_CheckSignals() != 0) return false;
        if (!progress) return true;
        const auto result = py::reinterpret_steal<py::object>(
            PyObject_CallFunction(progress->ptr(), "d", fraction));
        return static_cast<bool>(result);
    };
}

void require_same_columns(const Matrix& queries, const Matrix& keys) {
    require(queries.columns == keys.columns, "queries and keys must have the same dimension, got " +
                                                 std::to_string(queries.columns) + " and " +
                                                 std::to_string(keys.columns));
}

// Keys as bytes, to be searched again and again; empty where they cannot be screened.
struct PreparedKeys {
    Rows keys;  // kept, so that no other array takes their place in memory
    std::uint64_t sum;
    std::optional<Quantized> codes;

    // Whether they were made of these keys: of this array, if it cannot be written to, or of equal
    // ones.
    bool are_of(const Rows& others) const {
        return std::equal(keys.shape(), keys.shape() + 2, others.shape()) &&
               ((keys.data() == others.data() && !keys.writeable() && !others.writeable()) ||
                sum == checksum_of(others));
    }
};

// Checks the copy, which no other thread can change any more.
std::vector<std::size_t> as_starts(const Places& starts, std::size_t rows,
                                   const std::string& name) {
    std::vector<std::size_t> kept;
    if (starts.ndim() == 1) kept.assign(starts.data(), starts.data() + starts.size());
    require(kept.size() >= 2 && kept.front() == 0 && std::is_sorted(kept.begin(), kept.end()) &&
                kept.back() == rows,
            name + " must be ascending rows from 0 to " + std::to_string(rows));
    return kept;
}

void require_bytes(const Kernel& kernel, const Matrix& rows) {
    require(
        kernel.key_limit != 0,
        std::string("clusters need a processor that multiplies bytes, this one is ") + kernel.name);
    require(can_screen(kernel, rows), "clusters need a dimension that lies in [1, 16384], got " +
                                          std::to_string(rows.columns));
}

PreparedKeys prepare_keys(const Rows& keys, std::optional<int> n_threads,
                          const std::optional<Places>& groups) {
    const Matrix k = as_matrix(keys, "keys");
    const int threads = thread_count(n_threads);
    const Kernel& kernel = chosen_kernel();
    PreparedKeys prepared{keys, checksum_of(keys), std::nullopt};
    std::vector<std::size_t> starts;
    if (groups) {
        starts = as_starts(*groups, k.rows, "groups");
        require_bytes(kernel, k);
    }
    const py::gil_scoped_release released;
    if (can_screen(kernel, k))
        prepared.codes.emplace(kernel, Quantized::Side::keys, k, std::vector<std::uint32_t>{},
                               threads, starts);
    return prepared;
}

py::tuple search_clusters(const Rows& queries, const Rows& keys, const PreparedKeys& prepared_keys,
                          const Rows& centroids, const Rows& regions, const Places& region_starts,
                          std::size_t clusters_met, std::size_t regions_met, std::size_t k_queries,
                          std::size_t k_keys, const Bias& query_bias, const Bias& key_bias,
                          const Bias& centroid_bias, const std::optional<Found>& known,
                          std::optional<int> n_threads,
                          const std::optional<py::function>& progress) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys"),
                 c = as_matrix(centroids, "centroids"), g = as_matrix(regions, "regions");
    require_same_columns(q, k);
    require_same_columns(q, c);
    require_same_columns(q, g);
    const std::vector<std::size_t> starts = as_starts(region_starts, c.rows, "region_starts");
    require(starts.size() == g.rows + 1,
            "region_starts must hold one start for each of " + std::to_string(g.rows) +
                " regions, and the end, got " + std::to_string(starts.size()));
    require_k(k_queries, k.rows, "k_queries");
    require_k(k_keys, q.rows, "k_keys");
    const Kernel& kernel = chosen_kernel();
    require_bytes(kernel, q);
    require(prepared_keys.are_of(keys) && prepared_keys.codes &&
                prepared_keys.codes->groups_of_rows() == c.rows,
            "prepared keys must be those that are searched, with a group for each of " +
                std::to_string(c.rows) + " centroids");
    require(clusters_met >= 1, "clusters_met must be at least 1, got 0");
    require(regions_met >= 1, "regions_met must be at least 1, got 0");
    const int threads = thread_count(n_threads);
    const float* bias_of_queries = as_bias(query_bias, q.rows, "query_bias");
    const float* bias_of_keys = as_bias(key_bias, k.rows, "key_bias");
    const float* bias_of_centroids = as_bias(centroid_bias, c.rows, "centroid_bias");
    FoundArrays of_queries(q.rows, k_queries), of_keys(k.rows, k_keys);
    const Neighbors query_neighbors = of_queries.view(), key_neighbors = of_keys.view();
    // -1 stands for what is missing.
    KeptPlaces kept;
    const FoundNeighbors known_of_queries =
        known ? as_found(*known, kept, q.rows, k.rows, -1) : FoundNeighbors{};
    const Progress report = reporting_to(progress);
    Outcome outcome;
    {
        const py::gil_scoped_release released;
        outcome =
            clustered_sweep(kernel,
                            {q,
                             k,
                             bias_of_queries,
                             bias_of_keys,
                             query_neighbors,
                             key_neighbors,
                             threads,
                             known_of_queries,
                             {},
                             &*prepared_keys.codes},
                            {c, bias_of_centroids, g, starts, clusters_met, regions_met}, report);
    }
    if (outcome == Outcome::canceled) throw py::error_already_set();
    require(outcome == Outcome::finished, "rows and biases must be of moderate size, such as 1");
    return py::make_tuple(of_queries.partial(), of_keys.partial());
}

py::tuple search(const Rows& queries, const Rows& keys, std::size_t k_queries, std::size_t k_keys,
                 const Bias& query_bias, const Bias& key_bias,
                 const std::optional<std::pair<Found, Found>>& known,
                 const PreparedKeys* prepared_keys, std::optional<int> n_threads,
                 const std::optional<py::function>& progress) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys");
    require_same_columns(q, k);
    require_k(k_queries, k.rows, "k_queries");
    require_k(k_keys, q.rows, "k_keys");
    const int threads = thread_count(n_threads);
    const float* bias_of_queries = as_bias(query_bias, q.rows, "query_bias");
    const float* bias_of_keys = as_bias(key_bias, k.rows, "key_bias");
    FoundArrays of_queries(q.rows, k_queries), of_keys(k.rows, k_keys);
    const Neighbors query_neighbors = of_queries.view(), key_neighbors = of_keys.view();
    KeptPlaces kept_of_queries, kept_of_keys;
    FoundNeighbors known_of_queries, known_of_keys;
    if (known) {
        known_of_queries = as_found(known->first, kept_of_queries, q.rows, k.rows);
        known_of_keys = as_found(known->second, kept_of_keys, k.rows, q.rows);
    }
    require(prepared_keys == nullptr || prepared_keys->are_of(keys),
            "prepared keys must be those that are searched");
    const Quantized* codes =
        prepared_keys != nullptr && prepared_keys->codes ? &*prepared_keys->codes : nullptr;
    const Kernel& kernel = chosen_kernel();

    const Progress report = reporting_to(progress);
    bool finished = false;
    Fallbacks fallbacks;
    {
        // The arrays are kept alive by the arguments, and no Python object is touched inside.
        const py::gil_scoped_release released;
        finished = top_k(kernel,
                         {q, k, bias_of_queries, bias_of_keys, query_neighbors, key_neighbors,
                          threads, known_of_queries, known_of_keys, codes},
                         report, fallbacks);
    }
    if (!finished) throw py::error_already_set();
    return py::make_tuple(of_queries.tuple(), of_keys.tuple(),
                          py::make_tuple(fallbacks.queries, fallbacks.keys));
}

py::tuple merge(const std::vector<Found>& parts, std::size_t k, std::optional<int> n_threads) {
    require(!parts.empty(), "parts must not be empty");
    require(parts.front().first.ndim() == 2, "parts must hold scores of 2 dimensions, got " +
                                                 std::to_string(parts.front().first.ndim()));
    const auto rows = static_cast<std::size_t>(parts.front().first.shape(0));
    std::vector<FoundNeighbors> found;
    for (const auto& [scores, indices] : parts) {
        require(scores.ndim() == 2 && indices.ndim() == 2 &&
                    static_cast<std::size_t>(scores.shape(0)) == rows &&
                    indices.shape(0) == scores.shape(0) && indices.shape(1) == scores.shape(1),
                "parts must hold scores and indices of " + std::to_string(rows) + " rows");
        found.push_back({scores.data(), indices.data(), static_cast<std::size_t>(scores.shape(1))});
    }
    const int threads = thread_count(n_threads);
    FoundArrays merged(rows, k);
    const Neighbors view = merged.view();
    {
        const py::gil_scoped_release released;
        if (k != 0) merge_neighbors(found, rows, view, threads);
    }
    return merged.partial();
}

py::array_t<float> score_pairs(const Rows& queries, const Rows& keys,
                               const py::array_t<std::int64_t, py::array::c_style>& pairs) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys");
    require_same_columns(q, k);
    require(pairs.ndim() == 2 && pairs.shape(1) == 2, "pairs must have shape (p, 2)");
    const auto count = static_cast<std::size_t>(pairs.shape(0));
    const std::int64_t* at = pairs.data();
    std::vector<const float*> query_rows(count), key_rows(count);
    for (std::size_t i = 0; i < count; ++i, at += 2) {
        const auto row = static_cast<std::size_t>(at[0]), other = static_cast<std::size_t>(at[1]);
        require(at[0] >= 0 && row < q.rows && at[1] >= 0 && other < k.rows,
                "pairs must be rows of queries and keys");
        query_rows[i] = q.row(row);
        key_rows[i] = k.row(other);
    }
    py::array_t<float> scores(static_cast<py::ssize_t>(count));
    float* const data = scores.mutable_data();
    {
        // Nobody else knows `scores` yet.
        const py::gil_scoped_release released;
        chosen_kernel().score_pairs(query_rows.data(), key_rows.data(), count, q.columns, data);
    }
    return scores;
}

py::array_t<std::int64_t> count_better_keys(
    const Rows& queries, const Rows& keys, const Rows& scores,
    const py::array_t<std::int64_t, py::array::c_style>& indices, const Bias& key_bias,
    std::optional<int> n_threads, const std::optional<py::function>& progress) {
    const Matrix q = as_matrix(queries, "queries"), k = as_matrix(keys, "keys");
    require_same_columns(q, k);
    const auto rows = static_cast<py::ssize_t>(q.rows);
    require(scores.ndim() == 1 && scores.shape(0) == rows && indices.ndim() == 1 &&
                indices.shape(0) == rows,
            "scores and indices must hold one value for each query");
    const float* bias = as_bias(key_bias, k.rows, "key_bias");
    const int threads = thread_count(n_threads);
    py::array_t<std::int64_t> counts(rows);
    std::fill_n(counts.mutable_data(), rows, 0);
    const Progress report = reporting_to(progress);
    bool finished = false;
    {
        std::int64_t* const data = counts.mutable_data();
        const float* const reference = scores.data();
        const std::int64_t* const at = indices.data();
        const py::gil_scoped_release released;
        finished = count_better(chosen_kernel(), q, k, bias, reference, at, data, threads, report);
    }
    if (!finished) throw py::error_already_set();
    return counts;
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

    Lines split;
    {
        // `bytes` keeps the text alive and in place.
        py::gil_scoped_release release;
        split = split_lines(static_cast<const char*>(bytes.ptr),
                            static_cast<std::size_t>(bytes.size), width);
    }
    Rows rows({static_cast<py::ssize_t>(split.n_rows), static_cast<py::ssize_t>(dimension)});
    float* const data = rows.mutable_data();
    std::vector<const Line*> good;
    {
        // Nobody else knows `rows` yet.
        py::gil_scoped_release release;
        parse_lines(split.lines, width, data, threads);
        good = compact_rows(split.lines, width, data);
    }

    const auto n_good = static_cast<py::ssize_t>(good.size());
    py::list words(n_good);
    py::array_t<std::int64_t> numbers(n_good);
    for (py::ssize_t i = 0; i < n_good; ++i) {
        const Line& line = *good[static_cast<std::size_t>(i)];
        PyList_SET_ITEM(words.ptr(), i, decode(line.begin, line.word_end).release().ptr());
        numbers.mutable_data()[i] = static_cast<std::int64_t>(line.number);
    }
    py::list bad;
    for (const Line& line : split.lines) {
        if (line.problem == Problem::none) continue;
        const std::string reason = describe(line, width);
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
    if (decimals && (*decimals < 0 || *decimals > max_decimals))
        throw std::invalid_argument("decimals must lie in [0, " + std::to_string(max_decimals) +
                                    "], got " + std::to_string(*decimals));
    const auto width = static_cast<std::size_t>(rows.shape(1));
    const float* const data = rows.data();
    std::string text;
    {
        // The caller holds the words that the views point into, and the rows.
        py::gil_scoped_release release;
        text = format_lines(words, data, width, decimals);
    }
    return py::bytes(text);
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
    pthread_atfork(nullptr, nullptr, [] { alignx::is_forked = true; });
    py::class_<alignx::PreparedKeys>(module, "PreparedKeys");
    module.def("prepare_keys", &alignx::prepare_keys, "keys"_a.noconvert(),
               "n_threads"_a = py::none(), "groups"_a.noconvert() = py::none());
    module.def("search_clusters", &alignx::search_clusters, "queries"_a.noconvert(),
               "keys"_a.noconvert(), "prepared_keys"_a, "centroids"_a.noconvert(),
               "regions"_a.noconvert(), "region_starts"_a.noconvert(), py::kw_only(),
               "clusters_met"_a, "regions_met"_a, "k_queries"_a, "k_keys"_a,
               "query_bias"_a.noconvert() = py::none(), "key_bias"_a.noconvert() = py::none(),
               "centroid_bias"_a.noconvert() = py::none(), "known"_a = py::none(),
               "n_threads"_a = py::none(), "progress"_a = py::none());
    module.def("merge", &alignx::merge, "parts"_a, "k"_a, "n_threads"_a = py::none());
    module.def("score_pairs", &alignx::score_pairs, "queries"_a.noconvert(), "keys"_a.noconvert(),
               "pairs"_a.noconvert());
    module.def("count_better", &alignx::count_better_keys, "queries"_a.noconvert(),
               "keys"_a.noconvert(), "scores"_a.noconvert(), "indices"_a.noconvert(), py::kw_only(),
               "key_bias"_a.noconvert() = py::none(), "n_threads"_a = py::none(),
               "progress"_a = py::none());
    module.def("search", &alignx::search, "queries"_a.noconvert(), "keys"_a.noconvert(),
               py::kw_only(), "k_queries"_a, "k_keys"_a, "query_bias"_a.noconvert() = py::none(),
               "key_bias"_a.noconvert() = py::none(), "known"_a = py::none(),
               "prepared_keys"_a.none(true) = py::none(), "n_threads"_a = py::none(),
               "progress"_a = py::none());
    module.def("parse_vectors", &alignx::parse_vectors, "text"_a, "dimension"_a,
               "n_threads"_a = py::none());
    module.def("format_vectors", &alignx::format_vectors, "words"_a, "rows"_a.noconvert(),
               "decimals"_a = py::none());
    module.def("checksum", &alignx::checksum_of, "array"_a.noconvert());
    module.def("simd_level", [] { return std::string(alignx::chosen_kernel().name); });
    module.def("simd_levels", &alignx::available_levels);
    module.def("default_threads", [] { return omp_get_max_threads(); });
    module.def("explain_bus_errors", &alignx::explain_bus_errors);
}
