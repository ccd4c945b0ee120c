// Counts the keys that are better than a given one.
#pragma once

#include "crew.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// Adds to counts[i] the number of keys that precede the key indices[i], whose score for query i is
// scores[i], among the neighbors of that query. The score is dot product - key_bias; a null bias is
// zero. Returns false if `progress` canceled it.
bool count_better(const Kernel& kernel, Matrix queries, Matrix keys, const float* key_bias,
                  const float* scores, const std::int64_t* indices, std::int64_t* counts,
                  int n_threads, const Progress& progress);

}  // namespace alignx
