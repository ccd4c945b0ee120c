// Exact sweep that computes every score in float32.
//
// It visits tiles of a few queries times a few keys (kernel.hpp), whose scores stay in the
// first-level cache: each is compared with the worst neighbor of its query and of its key, and the
// few that may enter are pushed onto a heap. Memory beyond inputs and outputs is a few packed
// blocks for each thread. Threads share the work by rounds (crew.hpp). Neighbors are totally
// ordered and a score does not depend on its tile, so the result does not depend on the number of
// threads.
#pragma once

#include "crew.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// Returns false if `progress` canceled it; the outputs are unusable then.
bool float_sweep(const Kernel& kernel, const Search& search, const Progress& progress);

}  // namespace alignx
