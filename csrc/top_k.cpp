#include "top_k.hpp"

#include "float_sweep.hpp"

namespace alignx {
namespace {

// Multiplications that justify one more thread.
constexpr double work_per_thread = 1e6;

// Rows that are copied and searched together in float32.
constexpr std::size_t rows_at_once = 4096;

// Rough share of screening in the time: few searches fall back.
constexpr double share_of_screening = 0.98;
constexpr double share_of_side = (1 - share_of_screening) / 2;

// Reports a part of the work, which begins and ends at two fractions of the whole.
Progress part_of(const Progress& progress, double begin, double end) {
    if (!progress) return progress;
    return [&progress, begin, end](double done) { return progress(begin + (end - begin) * done); };
}

// Searches some of the queries of `search` in float32.
bool search_rows(const Kernel& kernel, const Search& search, const std::vector<std::size_t>& rows,
                 const Progress& progress) {
    const std::size_t columns = search.queries.columns, k = search.of_queries.k;
    const double total = static_cast<double>(rows.size());
    std::vector<float> copies, scores;
    std::vector<std::int64_t> indices;
    for (std::size_t first = 0; first < rows.size(); first += rows_at_once) {
        const std::size_t count = std::min(rows_at_once, rows.size() - first);
        copies.clear();
        scores.resize(count * k);
        indices.resize(count * k);
        for (std::size_t i = 0; i < count; ++i) {
            const float* const row = search.queries.row(rows[first + i]);
            copies.insert(copies.end(), row, row + columns);
        }
        const Search part{.queries = {copies.data(), count, columns},
                          .keys = search.keys,
                          .key_bias = search.key_bias,
                          .of_queries = {scores.data(), indices.data(), k},
                          .n_threads = search.n_threads};
        if (!float_sweep(kernel, part,
                         part_of(progress, static_cast<double>(first) / total,
                                 static_cast<double>(first + count) / total)))
            return false;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t row = rows[first + i];
            std::copy_n(&scores[i * k], k, search.of_queries.scores + row * k);
            std::copy_n(&indices[i * k], k, search.of_queries.indices + row * k);
        }
    }
    return true;
}

// The same search with keys and queries exchanged.
Search turned(const Search& search) {
    return {search.keys,    search.queries,    search.key_bias, search.query_bias,
            search.of_keys, search.of_queries, search.n_threads};
}

}  // namespace

bool top_k(const Kernel& kernel, const Search& asked, const Progress& progress,
           Uncertified& fallbacks) {
    Search search = asked;
    const double work = static_cast<double>(search.queries.rows) *
                        static_cast<double>(search.keys.rows) *
                        static_cast<double>(search.keys.columns);
    search.n_threads =
        std::clamp(static_cast<int>(std::min(work / work_per_thread, 1e6)), 1, asked.n_threads);
    if (!worth_screening(kernel, search)) return float_sweep(kernel, search, progress);
    if (!screened_sweep(kernel, search, part_of(progress, 0, share_of_screening), fallbacks))
        return false;
    const auto& [queries, keys] = fallbacks;
    // If nothing could be bounded, one sweep serves both sides.
    if (queries.size() == search.queries.rows && keys.size() == search.keys.rows)
        return float_sweep(kernel, search, part_of(progress, share_of_screening, 1));
    return search_rows(kernel, search, queries,
                       part_of(progress, share_of_screening, 1 - share_of_side)) &&
           search_rows(kernel, turned(search), keys, part_of(progress, 1 - share_of_side, 1)) &&
           (!progress || progress(1.0));
}

}  // namespace alignx
