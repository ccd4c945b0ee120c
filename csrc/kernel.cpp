// Compiled once per CPU level, which ALIGNX_LEVEL names. No standard templates here: an inline
// std:: function compiled for AVX-512 could be the copy that the linker keeps for all levels.
#include "kernel.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace alignx {
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

// sums + a * b, rounded once where the level can. By name, since compilers fuse differently, and
// `score` and `score_pairs` must agree.
inline Vector add_product(Vector sums, Vector a, Vector b) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, sums);
#elif defined(__AVX2__)
    return _mm256_fmadd_ps(a, b, sums);
#else
    return sums + a * b;
#endif
}

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

#if defined(__AVX2__)
typedef std::int32_t Integers __attribute__((vector_size(lanes * sizeof(std::int32_t))));

inline Integers load(const std::int32_t* from) {
    Integers value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

inline Integers broadcast(std::int32_t value) { return value - Integers{}; }

// sums[i] + the dot product of four unsigned bytes of a[i] and four signed ones of b[i].
inline Integers add_products(Integers sums, Integers a, Integers b) {
#if defined(__AVX512VNNI__)
    return (Integers)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)a, (__m512i)b);
#elif defined(__AVX512BW__)
    const __m512i pairs = _mm512_maddubs_epi16((__m512i)a, (__m512i)b);
    return sums + (Integers)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVXVNNI__)
    return (Integers)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)a, (__m256i)b);
#else
    const __m256i pairs = _mm256_maddubs_epi16((__m256i)a, (__m256i)b);
    return sums + (Integers)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#endif
}

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
constexpr int key_limit = 127;
#else
// Sums of two products must fit into 16 bits: 2 * 127 * (2 * 63 + 1) does.
constexpr int key_limit = 63;
#endif

// Bit i is set where a[i] > b[i].
inline unsigned exceeds(Integers a, Integers b) {
#if defined(__AVX512F__)
    return _mm512_cmpgt_epi32_mask((__m512i)a, (__m512i)b);
#else
    return static_cast<unsigned>(_mm256_movemask_ps((__m256)(a > b)));
#endif
}

// Four bytes of row r, of a panel or of rows that lie anywhere.
inline std::int32_t four_of(const std::int8_t* panel, std::size_t group, int r) {
    std::int32_t four;
    __builtin_memcpy(&four, panel + (group * rows + static_cast<std::size_t>(r)) * 4, sizeof(four));
    return four;
}

inline std::int32_t four_of(const std::int8_t* const* rows_anywhere, std::size_t group, int r) {
    std::int32_t four;
    __builtin_memcpy(&four, rows_anywhere[r] + group * 4, sizeof(four));
    return four;
}

template <bool both, typename Queries>
std::uint32_t bound(Queries queries, const std::uint8_t* keys, std::size_t groups,
                    BoundRows query_rows, BoundRows key_rows, std::int32_t* bounds,
                    std::uint32_t* hits) {
    Integers sums[rows][columns];
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c)
            sums[r][c] = load(key_rows.offset + c * lanes) + broadcast(query_rows.offset[r]);
    for (std::size_t g = 0; g < groups; ++g, keys += width * 4) {
        Integers key[columns];
        for (int c = 0; c < columns; ++c)
            __builtin_memcpy(&key[c], keys + c * lanes * 4, sizeof(Integers));
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            const Integers query = broadcast(four_of(queries, g, r));
            for (int c = 0; c < columns; ++c) sums[r][c] = add_products(sums[r][c], key[c], query);
        }
    }
    std::uint32_t* const hits_of_keys = hits + max_tile_queries;
    std::uint32_t rows_hit = 0;
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
        unsigned of_query = 0, of_key = 0;
        for (int c = 0; c < columns; ++c) {
            of_query |= exceeds(sums[r][c], broadcast(query_rows.threshold[r])) << (c * lanes);
            if (both)
                of_key |= exceeds(sums[r][c], load(key_rows.threshold + c * lanes)) << (c * lanes);
        }
        hits[r] = of_query;
        hits_of_keys[r] = of_key;
    }
    for (int r = 0; r < rows; ++r)
        rows_hit |= static_cast<std::uint32_t>((hits[r] | hits_of_keys[r]) != 0) << r;
    if (rows_hit == 0) return 0;
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c)
            __builtin_memcpy(bounds + r * width + c * lanes, &sums[r][c], sizeof(Integers));
    return rows_hit;
}
#endif  // __AVX2__

std::size_t count_above(const std::int32_t* values, std::size_t count, std::int32_t threshold) {
    std::int32_t above = 0;
    for (std::size_t i = 0; i < count; ++i) above += values[i] > threshold;
    return static_cast<std::size_t>(above);
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
        for (int c = 0; c < columns; ++c) key[c] = load(keys + c * lanes);
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            const Vector query = broadcast(queries[r]);
            for (int c = 0; c < columns; ++c) sums[r][c] = add_product(sums[r][c], query, key[c]);
        }
    }
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c) store(scores + r * width + c * lanes, sums[r][c]);
}

template <bool for_keys>
std::size_t screen(const float* scores, const float* bias, const float* threshold,
                   std::uint16_t* hits) {
    std::size_t count = 0;
    for (int r = 0; r < rows; ++r)
        for (int at = 0; at < width; at += lanes) {
            const Vector taken = for_keys ? broadcast(bias[r]) : load(bias + at);
            const Vector wanted = for_keys ? load(threshold + at) : broadcast(threshold[r]);
            const Vector biased = load(scores + r * width + at) - taken;
            count = append(at_least(biased, wanted), r * width + at, hits, count);
        }
    return count;
}

#if defined(__AVX2__)
// Elements i to i + 7 of eight rows; `across[j]` gets element i + j of each.
inline void load_transposed(const float* const* from, std::size_t i, __m256* across) {
    __m256 a[8], b[8];
    for (int r = 0; r < 8; ++r) a[r] = _mm256_loadu_ps(from[r] + i);
    for (int r = 0; r < 8; r += 2) {
        b[r] = _mm256_unpacklo_ps(a[r], a[r + 1]);
        b[r + 1] = _mm256_unpackhi_ps(a[r], a[r + 1]);
    }
    for (int r = 0; r < 8; r += 4) {
        a[r] = _mm256_shuffle_ps(b[r], b[r + 2], 0x44);
        a[r + 1] = _mm256_shuffle_ps(b[r], b[r + 2], 0xee);
        a[r + 2] = _mm256_shuffle_ps(b[r + 1], b[r + 3], 0x44);
        a[r + 3] = _mm256_shuffle_ps(b[r + 1], b[r + 3], 0xee);
    }
    for (int j = 0; j < 4; ++j) {
        across[j] = _mm256_permute2f128_ps(a[j], a[j + 4], 0x20);
        across[j + 4] = _mm256_permute2f128_ps(a[j], a[j + 4], 0x31);
    }
}

// sums[p] + elements i to i + 7 of the products of row p, added in the order of i.
inline __m256 add_transposed_products(__m256 sums, const float* const* queries,
                                      const float* const* keys, std::size_t i) {
    __m256 query[8], key[8];
    load_transposed(queries, i, query);
    load_transposed(keys, i, key);
    for (int j = 0; j < 8; ++j) sums = _mm256_fmadd_ps(query[j], key[j], sums);
    return sums;
}
#endif

inline float add_product(float sum, float a, float b) {
#if defined(__FMA__)
    return __builtin_fmaf(a, b, sum);
#else
    return sum + a * b;
#endif
}

// A sum waits for each of its additions, so several pairs are added side by side.
constexpr std::size_t pairs_at_once = 16;

void score_pairs(const float* const* queries, const float* const* keys, std::size_t count,
                 std::size_t dimension, float* scores) {
    for (std::size_t first = 0; first < count; first += pairs_at_once) {
        const float* query[pairs_at_once];
        const float* key[pairs_at_once];
        for (std::size_t p = 0; p < pairs_at_once; ++p) {
            const std::size_t pair = first + p < count ? first + p : first;
            query[p] = queries[pair];
            key[p] = keys[pair];
        }
        float sums[pairs_at_once] = {};
        std::size_t i = 0;
#if defined(__AVX2__)
        // One pair in each lane: eight elements of eight rows at a time, transposed.
        __m256 low = _mm256_setzero_ps(), high = low;
        for (; i + 8 <= dimension; i += 8) {
            low = add_transposed_products(low, query, key, i);
            high = add_transposed_products(high, query + 8, key + 8, i);
        }
        _mm256_storeu_ps(sums, low);
        _mm256_storeu_ps(sums + 8, high);
#endif
        for (; i < dimension; ++i)
#pragma GCC unroll 16
            for (std::size_t p = 0; p < pairs_at_once; ++p)
                sums[p] = add_product(sums[p], query[p][i], key[p][i]);
        for (std::size_t p = 0; p < pairs_at_once && first + p < count; ++p)
            scores[first + p] = sums[p];
    }
}

}  // namespace

const Kernel levels::ALIGNX_LEVEL = {.name = ALIGNX_STRING(ALIGNX_LEVEL),
                                     .tile_queries = rows,
                                     .tile_keys = width,
#if defined(__AVX2__)
                                     .key_limit = key_limit,
                                     .bound_queries = bound<false>,
                                     .bound_both = bound<true>,
                                     .bound_gathered_queries = bound<false>,
                                     .bound_gathered_both = bound<true>,
#endif
                                     .count_above = count_above,
                                     .score = score,
                                     .screen_queries = screen<false>,
                                     .screen_keys = screen<true>,
                                     .score_pairs = score_pairs};

}  // namespace alignx
