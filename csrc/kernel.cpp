// Compiled once per CPU level with ALIGNX_LEVEL naming the namespace. No standard templates here:
// an inline std:: function compiled for AVX-512 could be the copy that the linker keeps for all.
#include "kernel.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace alignx::ALIGNX_LEVEL {
namespace {

#define ALIGNX_STRING_(x) #x
#define ALIGNX_STRING(x) ALIGNX_STRING_(x)

// Tiles fill the register file: rows * columns accumulators, `columns` keys and one query value.
#if defined(__AVX512F__)
constexpr int lanes = 16, rows = 14, columns = 2;
#elif defined(__AVX2__)
constexpr int lanes = 8, rows = 6, columns = 2;
#else
constexpr int lanes = 4, rows = 6, columns = 2;
#endif
constexpr int width = columns * lanes;

typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

static_assert(rows <= static_cast<int>(max_tile_queries), "raise max_tile_queries");
static_assert(width <= static_cast<int>(max_tile_keys), "raise max_tile_keys");

inline Vector load(const float* from) {
    Vector value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

inline void store(float* to, Vector value) { __builtin_memcpy(to, &value, sizeof(value)); }

inline Vector broadcast(float value) { return value - Vector{}; }

// Bit i is set where a[i] >= b[i]; false for NaN.
inline unsigned at_least(Vector a, Vector b) {
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
#elif defined(__AVX2__)
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ)));
#elif defined(__SSE__)
    return static_cast<unsigned>(_mm_movemask_ps(_mm_cmpge_ps(a, b)));
#else
    unsigned mask = 0;
    for (int i = 0; i < lanes; ++i) mask |= static_cast<unsigned>(a[i] >= b[i]) << i;
    return mask;
#endif
}

inline std::size_t append(unsigned mask, int position, std::uint16_t* hits, std::size_t count) {
    for (; mask != 0; mask &= mask - 1)
        hits[count++] = static_cast<std::uint16_t>(position + __builtin_ctz(mask));
    return count;
}

void score(const float* queries, const float* keys, std::size_t dimension, float* scores) {
    Vector sums[rows][columns] = {};
    for (std::size_t i = 0; i < dimension; ++i, queries += rows, keys += width) {
        Vector key[columns];
#pragma GCC unroll 2
        for (int c = 0; c < columns; ++c) key[c] = load(keys + c * lanes);
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            const Vector query = broadcast(queries[r]);
#pragma GCC unroll 2
            for (int c = 0; c < columns; ++c) sums[r][c] += query * key[c];
        }
    }
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
        for (int c = 0; c < columns; ++c) store(scores + r * width + c * lanes, sums[r][c]);
}

std::size_t screen_queries(const float* scores, const float* key_bias, const float* threshold,
                           std::uint16_t* hits) {
    std::size_t count = 0;
    for (int r = 0; r < rows; ++r)
        for (int at = 0; at < width; at += lanes) {
            const Vector biased = load(scores + r * width + at) - load(key_bias + at);
            count = append(at_least(biased, broadcast(threshold[r])), r * width + at, hits, count);
        }
    return count;
}

std::size_t screen_keys(const float* scores, const float* query_bias, const float* threshold,
                        std::uint16_t* hits) {
    std::size_t count = 0;
    for (int r = 0; r < rows; ++r)
        for (int at = 0; at < width; at += lanes) {
            const Vector biased = load(scores + r * width + at) - broadcast(query_bias[r]);
            count = append(at_least(biased, load(threshold + at)), r * width + at, hits, count);
        }
    return count;
}

}  // namespace

const Kernel kernel = {
    ALIGNX_STRING(ALIGNX_LEVEL), rows, width, score, screen_queries, screen_keys};

}  // namespace alignx::ALIGNX_LEVEL
