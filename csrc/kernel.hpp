// The innermost loops of exact search: the dot products of one tile of queries and keys, and the
// screening of that tile against thresholds. Everything above them is ordinary C++ (top_k.cpp).
//
// A panel holds `width` rows, transposed and padded with zeros: element (row, i) is at
// [i * width + row]. A tile of scores is row-major, tile_queries x tile_keys.
#pragma once

#include <cstddef>
#include <cstdint>

namespace alignx {

inline constexpr std::size_t max_tile_queries = 14;
inline constexpr std::size_t max_tile_keys = 32;

struct Kernel {
    const char* name;
    std::size_t tile_queries;
    std::size_t tile_keys;

    // scores[q][k] = sum over i of queries[i][q] * keys[i][k], added in the order of i, so that a
    // score depends neither on the tile that it falls into nor on the number of threads.
    void (*score)(const float* queries, const float* keys, std::size_t dimension, float* scores);

    // Positions (q * tile_keys + k) with scores[q][k] - key_bias[k] >= threshold[q].
    std::size_t (*screen_queries)(const float* scores, const float* key_bias,
                                  const float* threshold, std::uint16_t* hits);

    // Positions (q * tile_keys + k) with scores[q][k] - query_bias[q] >= threshold[k].
    std::size_t (*screen_keys)(const float* scores, const float* query_bias, const float* threshold,
                               std::uint16_t* hits);
};

namespace portable {
extern const Kernel kernel;
}
namespace avx2 {
extern const Kernel kernel;
}
namespace avx512 {
extern const Kernel kernel;
}

}  // namespace alignx
