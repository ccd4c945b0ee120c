// Approximate sweep: queries meet only the keys of the clusters with the nearest centroids.
//
// Keys are ordered by cluster, and clusters by region. For each query two thresholds are chosen:
// about `regions_met` regions exceed the first, and about `clusters_met` clusters, judged by a
// sample of them, the second. Queries are compared with the centroids of their regions, then with
// the keys of their clusters: the queries of a window that meet the same region or cluster are
// gathered for the tiles of the kernel. The dot products of bytes estimate the scores to about a
// thousandth; the best estimates of either row are kept and computed in float32 in the end. Nothing
// bounds the scores of other pairs, so the caller must measure recall.
//
// Results do not depend on the number of threads nor, if rows have unit length, on which other
// queries are searched.
#pragma once

#include "crew.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

struct Clusters {
    Matrix centroids;                        // of the clusters, region by region
    const float* bias;                       // of each centroid, or null
    Matrix regions;                          // centroids of the regions
    std::vector<std::size_t> region_starts;  // first cluster of each region, and the end
    std::size_t clusters_met;
    std::size_t regions_met;
};

// Needs `prepared_keys` with a group for each cluster. Rows that meet fewer than k others get
// `no_index`. Returns false if `progress` canceled it. Throws std::invalid_argument for rows or
// biases that are too long for bytes.
bool clustered_sweep(const Kernel& kernel, const Search& search, const Clusters& clusters,
                     const Progress& progress);

}  // namespace alignx
