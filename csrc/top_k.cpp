#include "top_k.hpp"

#include <algorithm>
#include <vector>

#include "float_sweep.hpp"
#include "screen.hpp"

namespace alignx {
namespace {

// Multiplications that are worth a thread of their own.
constexpr double work_of_a_thread = 1e6;

// Rows that are searched together in float32, and copied for it.
constexpr std::size_t batch = 4096;

// What screening takes of the time, as far as one can tell before: few searches fall back.
constexpr double share_of_screening = 0.98;
constexpr double share_of_a_side = (1 - share_of_screening) / 2;

// Reports a part of the work, which lies between two fractions of the whole.
Progress part_of(const Progress& progress, double begin, double length) {
    if (!progress) return progress;
    return [&progress, begin, length](double done) { return progress(begin + length * done); };
}

// Searches some of the queries of `search` in float32.
bool search_rows(const Kernel& kernel, const Search& search, const std::vector<std::size_t>& rows,
                 const Progress& progress) {
    const std::size_t columns = search.queries.columns, k = search.of_queries.k;
    std::vector<float> copies, scores;
    std::vector<std::int64_t> indices;
    for (std::size_t first = 0; first < rows.size(); first += batch) {
        const std::size_t count = std::min(batch, rows.size() - first);
        copies.resize(count * columns);
        scores.resize(count * k);
        indices.resize(count * k);
        for (std::size_t i = 0; i < count; ++i)
            std::copy_n(search.queries.row(rows[first + i]), columns, &copies[i * columns]);
        Search part = search;
        part.queries = {copies.data(), count, columns};
        part.query_bias = nullptr;
        part.of_queries = {scores.data(), indices.data(), k};
        part.of_keys = {nullptr, nullptr, 0};
        const double total = static_cast<double>(rows.size());
        const Progress part_progress = part_of(progress, static_cast<double>(first) / total,
                                               static_cast<double>(count) / total);
        if (!float_sweep(kernel, part, part_progress)) return false;
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
           Fallbacks& fallbacks) {
    Search search = asked;
    const double work = static_cast<double>(search.queries.rows) *
                        static_cast<double>(search.keys.rows) *
                        static_cast<double>(search.keys.columns);
    search.n_threads =
        std::clamp(static_cast<int>(std::min(work / work_of_a_thread, 1e6)), 1, asked.n_threads);
    if (!worth_screening(kernel, search)) return float_sweep(kernel, search, progress);
    Uncertified uncertified;
    if (!screened_sweep(kernel, search, part_of(progress, 0, share_of_screening), uncertified))
        return false;
    fallbacks = {uncertified.queries.size(), uncertified.keys.size()};
    const Progress rest = part_of(progress, share_of_screening, 1 - share_of_screening);
    // Nothing could be bounded, so one sweep serves both sides.
    if (fallbacks.queries == search.queries.rows && fallbacks.keys == search.keys.rows)
        return float_sweep(kernel, search, rest);
    return search_rows(kernel, search, uncertified.queries,
                       part_of(progress, share_of_screening, share_of_a_side)) &&
           search_rows(kernel, turned(search), uncertified.keys,
                       part_of(progress, 1 - share_of_a_side, share_of_a_side)) &&
           (!progress || progress(1.0));
}

}  // namespace alignx
