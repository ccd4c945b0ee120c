// Matrices in, neighbors out: what every sweep over pairs of rows shares.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace alignx {

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr std::int64_t no_index = std::numeric_limits<std::int64_t>::max();

// Row-major; rows are words.
struct Matrix {
    const float* data;
    std::size_t rows;
    std::size_t columns;

    const float* row(std::size_t i) const { return data + i * columns; }
};

// Called by the calling thread with the fraction done; returning false ends the sweep early.
using Progress = std::function<bool(double)>;

// The best k neighbors of every row of one side: `scores` and `indices` are rows x k. While a sweep
// runs, each row is a heap with its worst neighbor at the root; slots start as sentinels that any
// neighbor beats, so a heap is always full. Neighbors are totally ordered: higher score first, then
// lower index. A side whose k is 0 is not searched.
struct Neighbors {
    float* scores;
    std::int64_t* indices;
    std::size_t k;

    bool wanted() const { return k != 0; }

    float worst(std::size_t row) const { return scores[row * k]; }

    void clear(std::size_t row) {
        std::fill_n(scores + row * k, k, -infinity);
        std::fill_n(indices + row * k, k, no_index);
    }

    // Whether the neighbor was good enough to enter.
    bool push(std::size_t row, float score, std::size_t index) {
        const auto entry = static_cast<std::int64_t>(index);
        if (!better(score, entry, scores[row * k], indices[row * k])) return false;
        sift_down(row, k, score, entry);
        return true;
    }

    // Pushes a neighbor that may be there already.
    void suggest(std::size_t row, float score, std::size_t index) {
        if (!(score >= worst(row))) return;
        const std::int64_t* begin = indices + row * k;
        if (std::find(begin, begin + k, static_cast<std::int64_t>(index)) == begin + k)
            push(row, score, index);
    }

    // Turns the heap of a row into neighbors in order, best first.
    void sort(std::size_t row) {
        for (std::size_t last = k; last-- > 1;) {
            const float score = std::exchange(scores[row * k + last], scores[row * k]);
            const std::int64_t index = std::exchange(indices[row * k + last], indices[row * k]);
            sift_down(row, last, score, index);
        }
    }

  private:
    static bool better(float score, std::int64_t index, float than, std::int64_t than_index) {
        return score > than || (score == than && index < than_index);
    }

    // Replaces the root of the first `size` slots and restores the order: each parent is worse than
    // its children.
    void sift_down(std::size_t row, std::size_t size, float score, std::int64_t index) {
        float* s = scores + row * k;
        std::int64_t* x = indices + row * k;
        std::size_t at = 0;
        for (std::size_t child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && better(s[child], x[child], s[child + 1], x[child + 1])) ++child;
            if (!better(score, index, s[child], x[child])) break;
            s[at] = s[child];
            x[at] = x[child];
            at = child;
        }
        s[at] = score;
        x[at] = index;
    }
};

// Neighbors that an earlier sweep found, best first: `scores` and `indices` are rows x k.
struct FoundNeighbors {
    const float* scores = nullptr;
    const std::int64_t* indices = nullptr;
    std::size_t k = 0;

    float worst(std::size_t row) const { return scores[(row + 1) * k - 1]; }
};

// The bias of a row; a null bias is zero.
inline float bias_of(const float* bias, std::size_t row) { return bias == nullptr ? 0 : bias[row]; }

class Quantized;

// What to search: queries against keys, with a bias for each row of either side (null for none).
// The score of a key near a query is their dot product less the key's bias; of a query near a key,
// less the query's.
struct Search {
    Matrix queries;
    Matrix keys;
    const float* query_bias;
    const float* key_bias;
    Neighbors of_queries;
    Neighbors of_keys;
    int n_threads;
    // By dot product alone, of the same rows; k is 0 if they are not known.
    FoundNeighbors known_of_queries = {};
    FoundNeighbors known_of_keys = {};
    const Quantized* prepared_keys = nullptr;  // the keys as bytes, if they are at hand
};

}  // namespace alignx
