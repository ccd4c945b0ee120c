#include "rank.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "panels.hpp"

namespace alignx {
namespace {

// One thread's block of packed keys, and what it counted.
struct Counter {
    Counter(std::size_t max_keys, std::size_t dimension, std::size_t width, std::size_t queries)
        : keys(max_keys, dimension, width), counts(queries) {}

    Panels keys;
    std::vector<std::int64_t> counts;
};

}  // namespace

bool count_better(const Kernel& kernel, Matrix queries, Matrix keys, const float* key_bias,
                  const float* scores, const std::int64_t* indices, std::int64_t* counts,
                  int n_threads, const Progress& progress) {
    if (queries.rows == 0 || keys.rows == 0) return true;
    const std::size_t dimension = keys.columns;
    const std::size_t query_rows =
        std::min(round_up(queries.rows, kernel.tile_queries),
                 block_rows(query_block_bytes, dimension, kernel.tile_queries));
    // Of the size of a block of queries: small enough that every thread gets some.
    const std::size_t key_rows =
        std::min(round_up(keys.rows, kernel.tile_keys),
                 block_rows(query_block_bytes, dimension, kernel.tile_keys));
    const std::vector<float> bias = padded(key_bias, keys.rows, kernel.tile_keys);
    Panels query_panels(query_rows, dimension, kernel.tile_queries);
    std::vector<Counter> counters;
    for (int i = 0; i < n_threads; ++i)
        counters.emplace_back(key_rows, dimension, kernel.tile_keys, query_rows);
    std::vector<float> threshold(query_rows);
    std::atomic<bool> canceled{false};

    const auto count_tile = [&](Counter& counter, std::size_t first, std::size_t query,
                                std::size_t key) {
        alignas(64) float tile[max_tile_queries * max_tile_keys];
        std::uint16_t hits[max_tile_queries * max_tile_keys];
        kernel.score(query_panels.at(query), counter.keys.at(key), dimension, tile);
        const std::size_t found =
            kernel.screen_queries(tile, &bias[key], &threshold[query - first], hits);
        for (std::size_t h = 0; h < found; ++h) {
            const std::size_t q = query + hits[h] / kernel.tile_keys;
            const std::size_t k = key + hits[h] % kernel.tile_keys;
            if (k >= keys.rows) continue;
            const bool is_better =
                tile[hits[h]] - bias[k] > scores[q] || static_cast<std::int64_t>(k) < indices[q];
            counter.counts[q - first] += is_better ? 1 : 0;
        }
    };

    for (std::size_t first = 0; first < queries.rows && !canceled; first += query_rows) {
        const std::size_t end = std::min(first + query_rows, queries.rows);
        query_panels.pack(queries, {first, end});
        std::fill(threshold.begin(), threshold.end(), infinity);
        std::copy(scores + first, scores + end, threshold.begin());
        const auto blocks = static_cast<std::int64_t>((keys.rows + key_rows - 1) / key_rows);
#pragma omp parallel for num_threads(n_threads) schedule(dynamic)
        for (std::int64_t block = 0; block < blocks; ++block) {
            if (canceled) continue;
            Counter& counter = counters[static_cast<std::size_t>(omp_get_thread_num())];
            const std::size_t begin = static_cast<std::size_t>(block) * key_rows;
            const Range range{begin, std::min(begin + key_rows, keys.rows)};
            counter.keys.pack(keys, range);
            for (std::size_t key = range.begin; key < range.end; key += kernel.tile_keys)
                for (std::size_t query = first; query < end; query += kernel.tile_queries)
                    count_tile(counter, first, query, key);
            const double share = static_cast<double>(block + 1) / static_cast<double>(blocks);
            const double done =
                static_cast<double>(first) + static_cast<double>(end - first) * share;
            if (progress && omp_get_thread_num() == 0 &&
                !progress(done / static_cast<double>(queries.rows)))
                canceled = true;
        }
        for (Counter& counter : counters) {
            for (std::size_t q = first; q < end; ++q) counts[q] += counter.counts[q - first];
            std::fill(counter.counts.begin(), counter.counts.end(), 0);
        }
    }
    return !canceled;
}

}  // namespace alignx
