// Innermost loops of search: dot products of one tile of queries and keys, in float32 and in bytes,
// and their comparison with thresholds. See top_k.hpp for their use.
//
// A panel holds `width` rows, transposed and padded with zeros: element (row, i) is at
// [i * width + row]; of bytes, in groups of four, at [(i / 4 * width + row) * 4 + i % 4]. A tile is
// row-major, tile_queries x tile_keys.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alignx {

inline constexpr std::size_t max_tile_queries = 14;
inline constexpr std::size_t max_tile_keys = 32;

// One side of a tile of bounds: the number added to the sums of each row, and the threshold that a
// bound must exceed to be a hit for the row.
struct BoundRows {
    const std::int32_t* offset;
    const std::int32_t* threshold;
};

// Computes bounds[q][k] = sum over i of queries[i][q] * keys[i][k] + both offsets. Bit k of hits[q]
// is set where it exceeds the threshold of query q and, if keys are searched too, bit k of
// hits[max_tile_queries + q] where it exceeds the threshold of key k. Returns a bit for each query
// with hits of either kind; if there are none, `bounds` is not written.
// Queries are a panel, or a pointer for each that lies anywhere.
template <typename Queries>
using Bound = std::uint32_t (*)(Queries queries, const std::uint8_t* keys, std::size_t groups,
                                BoundRows query_rows, BoundRows key_rows, std::int32_t* bounds,
                                std::uint32_t* hits);
using BoundPanel = Bound<const std::int8_t*>;
using BoundGathered = Bound<const std::int8_t* const*>;

struct Kernel {
    const char* name;
    std::size_t tile_queries;
    std::size_t tile_keys;

    // Keys' bytes are in [-key_limit, key_limit] with key_limit + 1 added, queries' in [-127, 127].
    // 0 for a level that does not multiply bytes faster than float32; all bounds are null then.
    int key_limit = 0;
    BoundPanel bound_queries = nullptr;
    BoundPanel bound_both = nullptr;
    BoundGathered bound_gathered_queries = nullptr;
    BoundGathered bound_gathered_both = nullptr;

    // Counts the values that exceed a threshold.
    std::size_t (*count_above)(const std::int32_t* values, std::size_t count,
                               std::int32_t threshold);

    // scores[q][k] = sum over i of queries[i][q] * keys[i][k], added in the order of i, so that a
    // score depends neither on the tile that it falls into nor on the number of threads.
    void (*score)(const float* queries, const float* keys, std::size_t dimension, float* scores);

    // Positions (q * tile_keys + k) with scores[q][k] - key_bias[k] >= threshold[q].
    std::size_t (*screen_queries)(const float* scores, const float* key_bias,
                                  const float* threshold, std::uint16_t* hits);

    // Positions (q * tile_keys + k) with scores[q][k] - query_bias[q] >= threshold[k].
    std::size_t (*screen_keys)(const float* scores, const float* query_bias, const float* threshold,
                               std::uint16_t* hits);

    // The same score as `score` gives, for `count` pairs of rows that need not be packed.
    void (*score_pairs)(const float* const* queries, const float* const* keys, std::size_t count,
                        std::size_t dimension, float* scores);
};

namespace levels {
extern const Kernel portable, avx2, avxvnni, avx512, avx512vnni;
}

}  // namespace alignx
