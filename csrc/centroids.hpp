// Centroids as bytes, and the thresholds that choose the nearest ones of a query.
#pragma once

#include "aligned.hpp"
#include "kernel.hpp"
#include "quantize.hpp"
#include "tile.hpp"

namespace alignx {

// Biases stay below it, in steps, so that sums fit into 32 bits.
inline constexpr double max_steps = 0x1p28;

inline std::int32_t in_steps(double value, double unit) {
    // This order of arguments turns NaN into a number too.
    return static_cast<std::int32_t>(std::max(-max_steps, std::min(max_steps, value / unit)));
}

// A tile with its own rows of queries.
struct QueryTile : Tile {
    BoundRows query_rows() const { return {offset, threshold}; }

    std::int32_t offset[max_tile_queries];
    std::int32_t threshold[max_tile_queries];
};

class Centroids {
  public:
    Centroids(const Kernel& kernel, const Quantized& queries, Matrix rows, const float* bias,
              const std::vector<std::size_t>& group_starts, int n_threads)
        : kernel_(kernel),
          codes_(kernel, Quantized::Side::keys, rows, {}, n_threads, group_starts),
          offset_(codes_.slots(), padding_offset),
          unused_(codes_.slots(), highest),
          unit_(queries.step() * codes_.step()) {
        for (std::size_t i = 0; i < rows.rows; ++i)
            offset_[codes_.slot(i)] = in_steps(-static_cast<double>(bias_of(bias, i)), unit_);
    }

    const Quantized& codes() const { return codes_; }
    // The unit of bounds on products with all of these centroids.
    double unit() const { return unit_; }

    // Bounds the products of a tile of queries with a panel. Returns a bit for each query with
    // hits.
    template <typename Bound, typename Queries>
    std::uint32_t bound(Bound compute, Queries queries, std::size_t panel, QueryTile& tile) const {
        const std::size_t slot = panel * codes_.stride();
        return compute(queries, codes_.keys(panel), codes_.groups(), tile.query_rows(),
                       {&offset_[slot], &unused_[slot]}, tile.bounds, tile.hits);
    }

    // Fills all[r] with the bounds of query r and all centroids.
    void bound_all(const std::int8_t* queries, std::size_t count, QueryTile& tile,
                   std::vector<std::int32_t>* all) const {
        std::fill_n(tile.threshold, max_tile_queries, lowest);
        for (std::size_t r = 0; r < count; ++r) all[r].clear();
        for (std::size_t panel = 0; panel < codes_.panels(); ++panel) {
            bound(kernel_.bound_queries, queries, panel, tile);
            for (std::size_t r = 0; r < count; ++r) {
                const std::int32_t* const row = tile.row(kernel_, r);
                all[r].insert(all[r].end(), row, row + codes_.filled(panel));
            }
        }
    }

  private:
    const Kernel& kernel_;
    Quantized codes_;
    AlignedVector<std::int32_t> offset_;
    AlignedVector<std::int32_t> unused_;
    double unit_;
};

// A value that about `wanted` of the values exceed, or the lowest if all may.
inline std::int32_t threshold_for(const Kernel& kernel, const std::vector<std::int32_t>& values,
                                  std::size_t wanted) {
    constexpr std::size_t tolerance = 8;  // up to wanted / tolerance more may exceed it
    if (wanted >= values.size()) return lowest;
    std::int32_t least = highest, most = lowest;
    for (const std::int32_t value : values) {
        least = std::min(least, value);
        most = std::max(most, value);
    }
    std::int64_t low = std::int64_t{least} - 1, high = most;  // too many exceed low; high is safe
    while (high - low > 1) {
        const auto middle = static_cast<std::int32_t>((low + high) / 2);
        const std::size_t found = kernel.count_above(values.data(), values.size(), middle);
        (found > wanted ? low : high) = middle;
        if (found >= wanted && found - wanted <= wanted / tolerance) return middle;
    }
    return static_cast<std::int32_t>(low);
}

}  // namespace alignx
