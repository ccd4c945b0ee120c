// The approximate sweep: queries meet only the keys of the clusters whose centroids are nearest.
//
// Keys lie cluster by cluster, and clusters region by region. For each query, bounds on its
// products with the centroids of all regions, and with a sample of those of all clusters, give two
// thresholds, such that about `regions_met` regions and `clusters_met` clusters exceed them.
// Queries are compared with the clusters of the regions that they meet, and with the keys of the
// clusters that they meet: those of a window that meet the same region or cluster are gathered for
// the tiles of the kernel. The products of bytes are estimates of the scores, good to a thousandth:
// those that are best so far of either row are kept, and computed in float32 in the end. What was
// not met is not bounded, so that nothing is certain: recall is for the caller to measure.
//
// What a query meets and finds does not depend on the number of threads, nor, if rows are of unit
// length, on the queries that it is searched with.
#pragma once

#include <cstddef>
#include <vector>

#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

struct Clusters {
    Matrix centroids;   // of the clusters, region by region
    const float* bias;  // of each cluster, taken off the product with its centroid; null for none
    Matrix regions;     // centroids of the regions
    std::vector<std::size_t> region_starts;  // the first cluster of each, and behind the last
    std::size_t clusters_met;
    std::size_t regions_met;
};

enum class Outcome { finished, canceled, unbounded };  // unbounded: rows too long for bytes

// Needs `prepared_keys`, with a group for each cluster. Rows that meet fewer than k others end in
// `no_index`.
Outcome clustered_sweep(const Kernel& kernel, const Search& search, const Clusters& clusters,
                        const Progress& progress);

}  // namespace alignx
