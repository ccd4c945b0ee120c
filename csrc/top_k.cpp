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
        if (!float_sweep(kernel, part, progress)) return false;
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
    if (!screened_sweep(kernel, search, progress, uncertified)) return false;
    fallbacks = {uncertified.queries.size(), uncertified.keys.size()};
    // Nothing could be bounded, so one sweep serves both sides.
    if (fallbacks.queries == search.queries.rows && fallbacks.keys == search.keys.rows)
        return float_sweep(kernel, search, progress);
    return search_rows(kernel, search, uncertified.queries, progress) &&
           search_rows(kernel, turned(search), uncertified.keys, progress);
}

}  // namespace alignx
