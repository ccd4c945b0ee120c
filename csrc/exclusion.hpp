// Excludes tiles that cannot hold a neighbor beyond those of an earlier sweep.
//
// If a pair is not among the known neighbors of its rows, its dot product is at most c of each row,
// the worst known dot product. Less the bias b of the key it must reach t of the query, the score
// of the query's worst neighbor so far:
//
//     min(c_query, c_key) - b_key >= t_query,
//
// hence c_key - b_key >= t_query and c_query - t_query >= b_key; likewise for the key, with the
// roles exchanged. CSLS has a bias of half the mean of the best dot products of a row, so c_key is
// at most about twice b_key, and few pairs pass. A panel has the extremes of these four numbers;
// rows are ordered so that those of a panel are similar.
#pragma once

#include <cmath>

#include "bounds.hpp"

namespace alignx {

// Orders rows so that neighboring ones have similar t and c - t: first by t, into about as many
// groups as a group has panels, then by c - t. `neighbors` must hold the known neighbors.
std::vector<std::uint32_t> order_alike(const Neighbors& neighbors, const FoundNeighbors& known,
                                       std::size_t rows, std::size_t panel_rows);

class Exclusion {
  public:
    // Excludes nothing unless neighbors of both sides are known.
    Exclusion(const Bounds& bounds, const FoundNeighbors& known_of_queries,
              const FoundNeighbors& known_of_keys);

    bool excludes(std::size_t query_panel, std::size_t key_panel) const {
        if (!active_) return false;
        const Panel &query = queries_[query_panel], &key = keys_[key_panel];
        return !(key.surplus >= query.worst && query.room >= key.bias) &&
               !(query.surplus >= key.worst && key.room >= query.bias);
    }

  private:
    struct Panel {
        double surplus = -HUGE_VAL;  // largest c - b
        double room = -HUGE_VAL;     // largest c - t
        double worst = HUGE_VAL;     // smallest t
        double bias = HUGE_VAL;      // smallest b
    };

    static std::vector<Panel> panels_of(const ScreenedSide& side, const FoundNeighbors& known);

    bool active_;
    std::vector<Panel> queries_;
    std::vector<Panel> keys_;
};

}  // namespace alignx
