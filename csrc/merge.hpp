// Merges neighbors from searches of different keys.
#pragma once

#include "crew.hpp"
#include "neighbors.hpp"

namespace alignx {

// Fills `merged` with the best of all parts, best first. An index that several parts hold counts
// once and must have one score; negative indices are skipped.
inline void merge_neighbors(const std::vector<FoundNeighbors>& parts, std::size_t rows,
                            Neighbors merged, int n_threads) {
    parallel_for(n_threads, rows, [&](std::size_t row) {
        merged.clear(row);
        for (const FoundNeighbors& part : parts)
            for (std::size_t at = row * part.k; at < (row + 1) * part.k; ++at)
                if (part.indices[at] >= 0)
                    merged.suggest(row, part.scores[at],
                                   static_cast<std::size_t>(part.indices[at]));
        merged.sort(row);
    });
}

}  // namespace alignx
