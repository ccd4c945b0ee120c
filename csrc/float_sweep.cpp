#include "float_sweep.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "panels.hpp"

namespace alignx {
namespace {

// The i-th of `parts` nearly equal chunks of [0, rows), cut at multiples of `width`.
Range chunk(std::size_t rows, std::size_t width, std::size_t i, std::size_t parts) {
    const std::size_t panels = (rows + width - 1) / width;
    return {std::min(rows, panels * i / parts * width),
            std::min(rows, panels * (i + 1) / parts * width)};
}

// The neighbors of one side, and what another must reach to become one.
class Heaps {
  public:
    Heaps(Neighbors neighbors, std::size_t rows, std::size_t width)
        : neighbors_(neighbors), worst_(neighbors.wanted() ? round_up(rows, width) : 0, infinity) {
        if (!active()) return;
        std::fill_n(worst_.begin(), rows, -infinity);
        for (std::size_t row = 0; row < rows; ++row) neighbors_.clear(row);
    }

    bool active() const { return neighbors_.wanted(); }

    // The score that a neighbor of each row must reach; infinite for the padding behind the rows.
    const float* worst() const { return worst_.data(); }

    void push(std::size_t row, float score, std::size_t index) {
        if (neighbors_.push(row, score, index)) worst_[row] = neighbors_.worst(row);
    }

    void sort(std::size_t row) { neighbors_.sort(row); }

  private:
    Neighbors neighbors_;
    std::vector<float> worst_;
};

// What the threads share during one sweep.
struct Sweep {
    const Kernel& kernel;
    Matrix queries;
    Matrix keys;
    std::vector<float> query_bias;  // padded with infinity, as is key_bias: padding never enters
    std::vector<float> key_bias;
    Heaps of_queries;
    Heaps of_keys;
};

void select_from_tile(Sweep& sweep, const float* scores, std::size_t query, std::size_t key) {
    std::uint16_t hits[max_tile_queries * max_tile_keys];
    const std::size_t width = sweep.kernel.tile_keys;
    if (sweep.of_queries.active()) {
        const std::size_t count = sweep.kernel.screen_queries(
            scores, &sweep.key_bias[key], sweep.of_queries.worst() + query, hits);
        for (std::size_t h = 0; h < count; ++h) {
            const std::size_t q = query + hits[h] / width, k = key + hits[h] % width;
            if (k < sweep.keys.rows)
                sweep.of_queries.push(q, scores[hits[h]] - sweep.key_bias[k], k);
        }
    }
    if (sweep.of_keys.active()) {
        const std::size_t count = sweep.kernel.screen_keys(scores, &sweep.query_bias[query],
                                                           sweep.of_keys.worst() + key, hits);
        for (std::size_t h = 0; h < count; ++h) {
            const std::size_t q = query + hits[h] / width, k = key + hits[h] % width;
            if (q < sweep.queries.rows)
                sweep.of_keys.push(k, scores[hits[h]] - sweep.query_bias[q], q);
        }
    }
}

void search_block(Sweep& sweep, const Panels& query_panels, Range queries, const Panels& key_panels,
                  Range keys) {
    alignas(64) float scores[max_tile_queries * max_tile_keys];
    for (std::size_t key = keys.begin; key < keys.end; key += sweep.kernel.tile_keys)
        for (std::size_t query = queries.begin; query < queries.end;
             query += sweep.kernel.tile_queries) {
            sweep.kernel.score(query_panels.at(query), key_panels.at(key), sweep.keys.columns,
                               scores);
            select_from_tile(sweep, scores, query, key);
        }
}

// One thread's packed blocks, and its walk through a chunk of queries and a chunk of keys.
class Worker {
  public:
    Worker(Sweep& sweep, std::size_t max_queries, std::size_t max_keys)
        : sweep_(sweep),
          query_rows_(std::min(
              round_up(max_queries, sweep.kernel.tile_queries),
              block_rows(query_block_bytes, sweep.keys.columns, sweep.kernel.tile_queries))),
          key_rows_(
              std::min(round_up(max_keys, sweep.kernel.tile_keys),
                       block_rows(key_block_bytes, sweep.keys.columns, sweep.kernel.tile_keys))),
          queries_(query_rows_, sweep.keys.columns, sweep.kernel.tile_queries),
          keys_(key_rows_, sweep.keys.columns, sweep.kernel.tile_keys) {}

    // `step(pairs)` is told how many scores are done and answers whether to go on.
    template <typename Step>
    void search(Range queries, Range keys, Step&& step) {
        for (std::size_t k = keys.begin; k < keys.end; k += key_rows_) {
            const Range key_block{k, std::min(k + key_rows_, keys.end)};
            keys_.pack(sweep_.keys, key_block);
            for (std::size_t q = queries.begin; q < queries.end; q += query_rows_) {
                const Range query_block{q, std::min(q + query_rows_, queries.end)};
                queries_.pack(sweep_.queries, query_block);
                search_block(sweep_, queries_, query_block, keys_, key_block);
                if (!step((query_block.end - q) * (key_block.end - k))) return;
            }
        }
    }

  private:
    Sweep& sweep_;
    std::size_t query_rows_;
    std::size_t key_rows_;
    Panels queries_;
    Panels keys_;
};

}  // namespace

bool float_sweep(const Kernel& kernel, const Search& search, const Progress& progress) {
    const Matrix &queries = search.queries, &keys = search.keys;
    Sweep sweep{kernel,
                queries,
                keys,
                padded(search.query_bias, queries.rows, kernel.tile_queries),
                padded(search.key_bias, keys.rows, kernel.tile_keys),
                Heaps(search.of_queries, queries.rows, kernel.tile_queries),
                Heaps(search.of_keys, keys.rows, kernel.tile_keys)};

    const double total = static_cast<double>(queries.rows) * static_cast<double>(keys.rows);
    const int n_threads = search.n_threads;

    // Chunks are as many as the threads asked for, whatever OpenMP grants: scratch is allocated
    // before the parallel region, out of which no exception may pass.
    const std::size_t parts = static_cast<std::size_t>(n_threads);
    std::vector<Worker> workers;
    workers.reserve(parts);
    for (std::size_t i = 0; i < parts; ++i)
        workers.emplace_back(sweep, queries.rows / parts + kernel.tile_queries,
                             keys.rows / parts + kernel.tile_keys);

    std::atomic<bool> canceled{false};
    std::atomic<std::size_t> done{0};
    const auto step = [&](std::size_t pairs) {
        const std::size_t now = done += pairs;
        if (progress && omp_get_thread_num() == 0 && !progress(static_cast<double>(now) / total))
            canceled = true;
        return !canceled.load(std::memory_order_relaxed);
    };

#pragma omp parallel num_threads(n_threads)
    {
        const auto begin = static_cast<std::size_t>(omp_get_thread_num());
        const auto stride = static_cast<std::size_t>(omp_get_num_threads());
        for (std::size_t round = 0; round < parts; ++round) {
            for (std::size_t i = begin; i < parts; i += stride)
                if (!canceled)
                    workers[i].search(
                        chunk(queries.rows, kernel.tile_queries, i, parts),
                        chunk(keys.rows, kernel.tile_keys, (i + round) % parts, parts), step);
#pragma omp barrier
        }
    }
    // The other threads may have finished after the calling one reported last.
    if (canceled || (progress && !progress(1.0))) return false;

    const auto sort_all = [n_threads](Heaps& heaps, std::size_t rows) {
        if (!heaps.active()) return;
        const auto count = static_cast<std::int64_t>(rows);
#pragma omp parallel for num_threads(n_threads) schedule(static)
        for (std::int64_t row = 0; row < count; ++row) heaps.sort(static_cast<std::size_t>(row));
    };
    sort_all(sweep.of_queries, queries.rows);
    sort_all(sweep.of_keys, keys.rows);
    return true;
}

}  // namespace alignx
