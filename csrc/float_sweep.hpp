// The sweep that computes every score in float32.
//
// It visits tiles of a few queries times a few keys (kernel.hpp), whose scores live in the
// first-level cache only: each is compared with the worst neighbor that its query (and its key) has
// kept so far, and the few that may enter are pushed onto a heap. Memory beyond inputs and outputs
// is a few packed blocks for each thread.
//
// Threads split both sides into as many chunks as there are threads. In round r, thread t works on
// query chunk t and key chunk t + r: in every round each chunk has one owner, so both heaps are
// written without locks. Neighbors are totally ordered and a score does not depend on its tile, so
// neither does the result on the number of threads.
#pragma once

#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// Returns false if `progress` ended it, with the outputs unusable.
bool float_sweep(const Kernel& kernel, const Search& search, const Progress& progress);

}  // namespace alignx
