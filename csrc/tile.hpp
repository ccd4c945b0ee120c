// Bounds of one tile of queries and keys (kernel.hpp).
#pragma once

#include <bit>
#include <limits>

#include "kernel.hpp"

namespace alignx {

inline constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
// The offset of padding: its bounds are below all others.
inline constexpr std::int32_t padding_offset = -(std::int32_t{1} << 29);

struct Tile {
    const std::int32_t* row(const Kernel& kernel, std::size_t r) const {
        return bounds + r * kernel.tile_keys;
    }
    // Hits in row r, for its query and for its keys.
    std::uint32_t of_query(std::size_t r) const { return hits[r]; }
    std::uint32_t of_keys(std::size_t r) const { return hits[max_tile_queries + r]; }

    std::int32_t bounds[max_tile_queries * max_tile_keys];
    std::uint32_t hits[2 * max_tile_queries];
};

// Calls work(i) for each bit i that is set.
template <typename Work>
void each_bit(std::uint32_t bits, Work&& work) {
    for (; bits != 0; bits &= bits - 1) work(static_cast<std::size_t>(std::countr_zero(bits)));
}

}  // namespace alignx
