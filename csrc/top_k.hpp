// Exact top-k of dot product minus bias, for the queries, the keys, or both in one sweep.
//
// The sweep visits tiles of a few queries times a few keys (kernel.hpp), whose scores live in the
// first-level cache only: each is compared with the worst neighbor that its query (and its key) has
// kept so far, and the few that may enter are pushed onto a heap. Memory beyond inputs and outputs
// is a few packed blocks for each thread; no n x m matrix exists at any time.
//
// Threads split both sides into as many chunks as there are threads. In round r, thread t works on
// query chunk t and key chunk t + r: in every round each chunk has one owner, so both heaps are
// written without locks. Neighbors are totally ordered (higher score first, then lower index) and a
// score does not depend on its tile, so neither does the result on the number of threads.
//
// All matrices are row-major; rows are words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

#include "kernel.hpp"

namespace alignx {

inline constexpr std::int64_t no_index = std::numeric_limits<std::int64_t>::max();

struct Matrix {
    const float* data;
    std::size_t rows;
    std::size_t columns;
};

// Where the neighbors of one side go: `scores` and `indices` are rows x k, best first. A side
// whose k is 0 is not searched.
struct Neighbors {
    float* scores;
    std::int64_t* indices;
    std::size_t k;
};

// Called by the calling thread with the fraction done; returning false ends the sweep early.
using Progress = std::function<bool(double)>;

// Keys near each query by (dot product - key_bias), queries near each key by (dot product -
// query_bias); a null bias is zero. Needs k of a side <= rows of the other and finite input. A pair
// whose score is NaN (finite rows whose dot product overflows) never enters; rows that then lack
// neighbors end in `no_index`. Returns false if `progress` ended it, with the outputs unusable.
bool top_k(const Kernel& kernel, Matrix queries, Matrix keys, const float* query_bias,
           const float* key_bias, Neighbors of_queries, Neighbors of_keys, int n_threads,
           const Progress& progress);

}  // namespace alignx
