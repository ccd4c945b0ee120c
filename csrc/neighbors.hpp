// Types of all sweeps: matrices in, neighbors out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "heap.hpp"

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

struct Neighbor {
    float score;
    std::int64_t index;
};

// Neighbors are totally ordered: higher score first, then lower index.
inline bool operator>(const Neighbor& a, const Neighbor& b) {
    return a.score > b.score || (a.score == b.score && a.index < b.index);
}

// The best k neighbors of every row of one side: `scores` and `indices` are rows x k. During a
// sweep each row is a heap. It starts full of entries that any neighbor beats. A side with k = 0 is
// not searched.
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

    // Enters a neighbor. Returns false if it is too bad.
    bool push(std::size_t row, float score, std::size_t index) {
        const Neighbor entry{score, static_cast<std::int64_t>(index)};
        if (k == 0 || !(entry > heap(row)[0])) return false;
        sift_down(heap(row), k, 0, entry);
        return true;
    }

    // Enters a neighbor that may be there already.
    void suggest(std::size_t row, float score, std::size_t index) {
        if (k == 0 || !(score >= worst(row))) return;
        const std::int64_t *const begin = indices + row * k, *const end = begin + k;
        if (std::find(begin, end, static_cast<std::int64_t>(index)) == end) push(row, score, index);
    }

    // Turns the heap of a row into a list, best first.
    void sort(std::size_t row) {
        for (std::size_t size = k; size > 1; --size) {
            const Neighbor last = heap(row)[size - 1], worst = heap(row)[0];
            heap(row)[size - 1] = worst;
            sift_down(heap(row), size - 1, 0, last);
        }
    }

  private:
    // An entry of two arrays.
    struct Entry {
        float& score;
        std::int64_t& index;

        operator Neighbor() const { return {score, index}; }
        void operator=(const Neighbor& other) const {
            score = other.score;
            index = other.index;
        }
    };
    struct Heap {
        float* scores;
        std::int64_t* indices;

        Entry operator[](std::size_t i) const { return {scores[i], indices[i]}; }
    };
    Heap heap(std::size_t row) const { return {scores + row * k, indices + row * k}; }
};

// Neighbors from an earlier sweep, best first: `scores` and `indices` are rows x k.
struct FoundNeighbors {
    const float* scores = nullptr;
    const std::int64_t* indices = nullptr;
    std::size_t k = 0;

    float worst(std::size_t row) const { return scores[(row + 1) * k - 1]; }
};

// The bias of a row; a null bias is zero.
inline float bias_of(const float* bias, std::size_t row) { return bias == nullptr ? 0 : bias[row]; }

class Quantized;

// Queries, keys, and a bias for each row of both (null for none). The score of a key for a query is
// their dot product less the key's bias; the score of a query for a key subtracts the query's.
struct Search {
    Matrix queries;
    Matrix keys;
    const float* query_bias = nullptr;
    const float* key_bias = nullptr;
    Neighbors of_queries = {};
    Neighbors of_keys = {};
    int n_threads = 1;
    // Neighbors by dot product alone; k is 0 if they are not known.
    FoundNeighbors known_of_queries = {};
    FoundNeighbors known_of_keys = {};
    const Quantized* prepared_keys = nullptr;  // the keys as bytes, or null
};

}  // namespace alignx
