// How many keys are better than a given one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// Adds to counts[i] how many keys precede the key indices[i], whose score for query i is scores[i],
// among the neighbors of that query. The score is dot product - key_bias; a null bias is zero.
// Returns false if `progress` ended it.
bool count_better(const Kernel& kernel, Matrix queries, Matrix keys, const float* key_bias,
                  const float* scores, const std::int64_t* indices, std::int64_t* counts,
                  int n_threads, const Progress& progress);

}  // namespace alignx
