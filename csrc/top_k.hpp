// Exact top-k of dot product minus bias, for the queries, the keys, or both in one sweep.
//
// The result: for every query the k keys with the largest x.z - bias(z), for every key the k
// queries with the largest x.z - bias(x), as float32 arithmetic gives them, equal scores by lower
// index. CSLS is this search with a bias of half the mean of the largest cosines of each row.
//
// Computing every score in float32 (float_sweep.hpp) costs one multiply-add for each pair and
// dimension. Processors multiply bytes four times faster, so most scores are only bounded:
//
//   1. Quantize (quantize.hpp). All rows are rotated alike, which changes no dot product but
//      spreads large elements, and rounded to bytes. The remainder of each row is known exactly.
//      By Cauchy-Schwarz the dot product of two rows is at most that of their bytes plus a term
//      from the lengths of both remainders.
//   2. Bound (kernel.hpp, bounds.hpp). For a tile of pairs the processor sums products of bytes;
//      one number for each row on top makes the sums upper bounds on the scores, rounding errors
//      of float32 included. The tile stays in the first-level cache; only pairs whose bound exceeds
//      the threshold of one of their rows leave it.
//   3. Raise thresholds (bounds.hpp). The bound without the terms for errors is a good estimate of
//      the score, since remainders have random directions and errors nearly cancel. The k-th best
//      estimate of a row so far, less a margin, is its threshold. A pair with a lower bound is not
//      among the k best, unless estimates are worse than supposed.
//   4. Rescore (screen.cpp). Pairs above a threshold wait in a list. Rising thresholds exclude most
//      of them; the scores of the rest, some dozens for each row, are computed from the float32
//      rows in the order of additions of the float32 sweep, to the same last bit.
//   5. Certify (bounds.hpp). Every excluded pair had a bound of at most the final threshold of its
//      rows. If the k-th best score of a row is above its threshold, no excluded pair can be
//      better, and the row is proved right, whatever step 3 supposed.
//   6. Fall back (top_k.cpp). Rows without a certificate, and rows with so many near-equal
//      neighbors that they take too much effort, are searched again in float32, and counted.
//
// The result is therefore that of computing everything: every returned score was computed in
// float32, and every other score is bounded below those returned or was computed as well.
//
// The second sweep of CSLS knows the neighbors by cosine from the first. They are good first
// neighbors, and they bound the cosines of all other pairs, which excludes most tiles without any
// products (exclusion.hpp).
//
// Threads (crew.hpp) split the keys, and a window of the queries at a time, into as many parts as
// there are threads. In each round every part has one owner, so nothing is locked. Which pairs are
// rescored depends on the order of the walk, but the k best do not, so results are the same for any
// number of threads. Memory beyond inputs and outputs is a byte for each element of the keys and of
// a window of queries, and for each row k estimates, some candidates and a few integers; no n x m
// matrix exists at any time.
//
// All heaps are those of heap.hpp. clustered.hpp is the approximate search, rank.hpp counts better
// keys, kernel.cpp has the innermost loops, compiled once for each CPU level (dispatch.hpp).
#pragma once

#include "crew.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"
#include "screen.hpp"

namespace alignx {

// Needs k of a side <= rows of the other and finite input. A pair whose score is NaN (finite rows
// whose dot product overflows) never enters; rows that then lack neighbors end in `no_index`.
// Tells which rows were searched again in float32 after screening. Returns false if `progress`
// canceled it; the outputs are unusable then.
bool top_k(const Kernel& kernel, const Search& search, const Progress& progress,
           Uncertified& fallbacks);

}  // namespace alignx
