// The best of neighbors that were found apart.
#pragma once

#include <vector>

#include "neighbors.hpp"

namespace alignx {

// Fills `merged` for `rows` rows with the best of the parts, best first. An index that occurs in
// several parts is taken once, and is to have one score; a negative one is no neighbor.
inline void merge_neighbors(const std::vector<FoundNeighbors>& parts, std::size_t rows,
                            Neighbors merged, int n_threads) {
    const auto count = static_cast<std::int64_t>(rows);
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(i);
        merged.clear(row);
        for (const FoundNeighbors& part : parts)
            for (std::size_t at = row * part.k; at < (row + 1) * part.k; ++at)
                if (part.indices[at] >= 0)
                    merged.suggest(row, part.scores[at],
                                   static_cast<std::size_t>(part.indices[at]));
        merged.sort(row);
    }
}

}  // namespace alignx
