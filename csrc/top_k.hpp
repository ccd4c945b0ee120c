// Exact top-k of dot product minus bias, for the queries, the keys, or both in one sweep.
//
// What is asked: for every query the k keys with the largest x.z - bias(z), for every key the k
// queries with the largest x.z - bias(x), as float32 arithmetic gives them, equal scores by lower
// index. CSLS is this search with a bias of half the mean of the largest cosines of each row.
//
// What it costs to compute every score in float32 (float_sweep.hpp) is one multiply-add for each
// pair and dimension. Processors multiply bytes four times faster, so most scores are only bounded:
//
//   1. Quantize (quantize.hpp). All rows are rotated alike, which changes no dot product but leaves
//      no row with a few large elements, and rounded to bytes. What a row loses by that, its
//      remainder, is known exactly. By Cauchy-Schwarz the dot product of two rows is at most that
//      of their bytes plus what the lengths of both remainders allow for.
//   2. Bound (kernel.hpp, bounds.hpp). For a tile of pairs the processor sums products of bytes;
//   one
//      number for each row on top makes the sums upper bounds on the scores, rounding errors of
//      float32 included. Nothing of a tile leaves the first-level cache but the pairs whose bound
//      exceeds the threshold of one of their rows.
//   3. Keep thresholds (bounds.hpp). The bound less what it allows for errors is an estimate of the
//      score, and good: remainders point anywhere, so that errors nearly cancel. The k-th best
//      estimate of a row so far, less a margin, is its threshold: a pair whose bound is lower
//      cannot be among its k best, provided that the estimates were as good as supposed.
//   4. Rescore (screen.cpp). Pairs that passed wait in a list. Most are excluded by thresholds that
//      have risen since; the scores of the rest, some dozens for each row, are computed from the
//      float32 rows in the order of additions that float_sweep.cpp uses, and so are the same to the
//      last bit.
//   5. Certify (bounds.hpp). Every pair that was passed over had a bound of at most the final
//      threshold of its rows. If a row's k-th best score is above its threshold, nothing that was
//      passed over can be better, and the row is proved right, however it came by its threshold.
//      This is where the supposition of step 3 is put to the proof.
//   6. Fall back (top_k.cpp). Rows that fail, and rows with so many near-equal neighbors that they
//      were given up, are searched again in float32, and counted.
//
// So the result is that of computing everything: a score that is returned was computed in float32,
// a score that was not computed is bounded below those returned, and where that cannot be proved it
// is computed after all.
//
// The second sweep of CSLS knows the neighbors by cosine from the first. They are good first
// neighbors, and they bound the cosine of everything else, which excludes most of the tiles without
// any products (exclusion.hpp).
//
// Queries are taken a window at a time, so that of their bytes only those of a window are in
// memory. Threads split the window and the keys into as many parts as there are threads. In round
// r, thread t works on key part t and query part t + r: in every round each part has one owner, so
// nothing is locked. Which pairs are rescored depends on the order of the walk, but the k best of
// them do not, so results are the same for any number of threads. Memory beyond inputs and outputs
// is a byte for each element of the keys, and k estimates, a share of the candidates and a few
// integers for each row; no n x m matrix exists at any time.
#pragma once

#include <cstddef>

#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// How many rows of each side had to be searched in float32 after screening.
struct Fallbacks {
    std::size_t queries = 0;
    std::size_t keys = 0;
};

// Needs k of a side <= rows of the other and finite input. A pair whose score is NaN (finite rows
// whose dot product overflows) never enters; rows that then lack neighbors end in `no_index`.
// Returns false if `progress` ended it, with the outputs unusable.
bool top_k(const Kernel& kernel, const Search& search, const Progress& progress,
           Fallbacks& fallbacks);

}  // namespace alignx
