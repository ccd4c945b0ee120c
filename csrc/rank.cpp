#include "rank.hpp"

#include <span>

#include "panels.hpp"

namespace alignx {
namespace {

// The packed keys and the counts of one thread.
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
    const std::size_t dimension = keys.columns, width = kernel.tile_keys;
    const std::size_t query_rows = block_rows(query_block_bytes, queries, kernel.tile_queries);
    // Blocks of keys are as small as those of queries, so that every thread gets some.
    const std::size_t key_rows = block_rows(query_block_bytes, keys, width);
    const std::vector<float> bias = padded(key_bias, keys.rows, width);
    Panels query_panels(query_rows, dimension, kernel.tile_queries);
    std::vector<float> threshold(query_rows);
    const double total = static_cast<double>(queries.rows) * static_cast<double>(keys.rows);
    Crew<Counter> crew(n_threads, progress, total, key_rows, dimension, width, query_rows);

    const auto count_tile = [&](Counter& counter, std::size_t first, std::size_t query,
                                std::size_t key) {
        alignas(64) float tile[max_tile_queries * max_tile_keys];
        std::uint16_t hits[max_tile_queries * max_tile_keys];
        kernel.score(query_panels.at(query), counter.keys.at(key), dimension, tile);
        const std::size_t found =
            kernel.screen_queries(tile, &bias[key], &threshold[query - first], hits);
        for (const std::size_t hit : std::span(hits, found)) {
            const std::size_t q = query + hit / width, k = key + hit % width;
            if (k < keys.rows &&
                (tile[hit] - bias[k] > scores[q] || static_cast<std::int64_t>(k) < indices[q]))
                ++counter.counts[q - first];
        }
    };

    for (std::size_t first = 0; first < queries.rows && !crew.is_canceled(); first += query_rows) {
        const std::size_t end = std::min(first + query_rows, queries.rows);
        query_panels.pack(queries, {first, end});
        std::fill(threshold.begin(), threshold.end(), infinity);
        std::copy(scores + first, scores + end, threshold.begin());
        crew.share(keys.rows, key_rows, [&](Counter& counter, Range block) {
            counter.keys.pack(keys, block);
            for (std::size_t key = block.begin; key < block.end; key += width)
                for (std::size_t query = first; query < end; query += kernel.tile_queries)
                    count_tile(counter, first, query, key);
            return crew.advance(static_cast<double>((end - first) * block.size()));
        });
        for (Counter& counter : crew.workers()) {
            for (std::size_t q = first; q < end; ++q) counts[q] += counter.counts[q - first];
            std::fill(counter.counts.begin(), counter.counts.end(), 0);
        }
    }
    return !crew.is_canceled();
}

}  // namespace alignx
