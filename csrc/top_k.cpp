#include "top_k.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace alignx {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Bytes of packed rows that a thread works on: queries stay in the second-level cache while the
// keys of a block pass by panel after panel from the third.
constexpr std::size_t query_block_bytes = std::size_t{512} << 10;
constexpr std::size_t key_block_bytes = std::size_t{4} << 20;
// However short the rows, so that progress and cancelation come often.
constexpr std::size_t max_block_rows = std::size_t{16} << 10;

// Multiplications that are worth a thread of their own.
constexpr double work_of_a_thread = 1e6;

std::size_t round_up(std::size_t value, std::size_t step) {
    return (value + step - 1) / step * step;
}

std::size_t block_rows(std::size_t bytes, std::size_t dimension, std::size_t width) {
    const std::size_t fitting = bytes / sizeof(float) / std::max<std::size_t>(dimension, 1);
    return std::max(width, std::min(fitting, max_block_rows) / width * width);
}

struct Range {
    std::size_t begin;
    std::size_t end;
};

// The i-th of `parts` nearly equal chunks of [0, rows), cut at multiples of `width`.
Range chunk(std::size_t rows, std::size_t width, std::size_t i, std::size_t parts) {
    const std::size_t panels = (rows + width - 1) / width;
    return {std::min(rows, panels * i / parts * width),
            std::min(rows, panels * (i + 1) / parts * width)};
}

// The best k neighbors of every row, as one heap a row with the worst at the root. Slots start as
// sentinels that any neighbor beats, so a heap is always full.
class Heaps {
  public:
    Heaps(Neighbors neighbors, std::size_t rows, std::size_t width)
        : neighbors_(neighbors), worst_(neighbors.k == 0 ? 0 : round_up(rows, width), infinity) {
        if (!active()) return;
        std::fill_n(worst_.begin(), rows, -infinity);
        std::fill_n(neighbors_.scores, rows * neighbors_.k, -infinity);
        std::fill_n(neighbors_.indices, rows * neighbors_.k, no_index);
    }

    bool active() const { return neighbors_.k != 0; }

    // The score that a neighbor of each row must reach; infinite for the padding behind the rows.
    const float* worst() const { return worst_.data(); }

    void push(std::size_t row, float score, std::size_t index) {
        float* scores = neighbors_.scores + row * neighbors_.k;
        std::int64_t* indices = neighbors_.indices + row * neighbors_.k;
        const auto entry = static_cast<std::int64_t>(index);
        if (!better(score, entry, scores[0], indices[0])) return;
        sift_down(scores, indices, neighbors_.k, score, entry);
        worst_[row] = scores[0];
    }

    // Turns the heap of a row into neighbors in order, best first.
    void sort(std::size_t row) {
        float* scores = neighbors_.scores + row * neighbors_.k;
        std::int64_t* indices = neighbors_.indices + row * neighbors_.k;
        for (std::size_t last = neighbors_.k - 1; last > 0; --last) {
            const float score = std::exchange(scores[last], scores[0]);
            const std::int64_t index = std::exchange(indices[last], indices[0]);
            sift_down(scores, indices, last, score, index);
        }
    }

  private:
    static bool better(float score, std::int64_t index, float than, std::int64_t than_index) {
        return score > than || (score == than && index < than_index);
    }

    // Replaces the root and restores the order: each parent is worse than its children.
    static void sift_down(float* scores, std::int64_t* indices, std::size_t size, float score,
                          std::int64_t index) {
        std::size_t at = 0;
        for (std::size_t child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size &&
                better(scores[child], indices[child], scores[child + 1], indices[child + 1]))
                ++child;
            if (!better(score, index, scores[child], indices[child])) break;
            scores[at] = scores[child];
            indices[at] = indices[child];
            at = child;
        }
        scores[at] = score;
        indices[at] = index;
    }

    Neighbors neighbors_;
    std::vector<float> worst_;
};

// Rows of a matrix as panels (kernel.hpp), the last one padded with zeros.
class Panels {
  public:
    Panels(std::size_t max_rows, std::size_t dimension, std::size_t width)
        : dimension_(dimension),
          width_(width),
          lines_(round_up(max_rows, width) * dimension / floats_per_line + 1),
          data_(reinterpret_cast<float*>(lines_.data())) {}

    void pack(const Matrix& matrix, Range range) {
        range_ = range;
        for (std::size_t row = range.begin; row < range.end; row += width_)
            pack_panel(matrix, row, std::min(width_, range.end - row));
    }

    const float* at(std::size_t row) const { return data_ + (row - range_.begin) * dimension_; }

  private:
    static constexpr std::size_t floats_per_line = 16;
    struct alignas(64) CacheLine {
        float values[floats_per_line];
    };

    void pack_panel(const Matrix& matrix, std::size_t row, std::size_t filled) {
        float* panel = data_ + (row - range_.begin) * dimension_;
        if (filled < width_) std::fill_n(panel, width_ * dimension_, 0.0f);
        for (std::size_t r = 0; r < filled; ++r) {
            const float* from = matrix.data + (row + r) * dimension_;
            for (std::size_t i = 0; i < dimension_; ++i) panel[i * width_ + r] = from[i];
        }
    }

    std::size_t dimension_;
    std::size_t width_;
    std::vector<CacheLine> lines_;
    float* data_;
    Range range_{0, 0};
};

std::vector<float> padded(const float* bias, std::size_t rows, std::size_t width) {
    std::vector<float> result(round_up(rows, width), infinity);
    if (bias == nullptr)
        std::fill_n(result.begin(), rows, 0.0f);
    else
        std::copy_n(bias, rows, result.begin());
    return result;
}

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

bool top_k(const Kernel& kernel, Matrix queries, Matrix keys, const float* query_bias,
           const float* key_bias, Neighbors of_queries, Neighbors of_keys, int n_threads,
           const Progress& progress) {
    Sweep sweep{kernel,
                queries,
                keys,
                padded(query_bias, queries.rows, kernel.tile_queries),
                padded(key_bias, keys.rows, kernel.tile_keys),
                Heaps(of_queries, queries.rows, kernel.tile_queries),
                Heaps(of_keys, keys.rows, kernel.tile_keys)};

    const double total = static_cast<double>(queries.rows) * static_cast<double>(keys.rows);
    const double work = total * static_cast<double>(keys.columns);
    n_threads = std::clamp(static_cast<int>(std::min(work / work_of_a_thread, 1e6)), 1, n_threads);

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
