#include "rotation.hpp"

#include <cmath>

namespace alignx {
namespace {

// A fixed scramble of the bits of `i` (the finalizer of MurmurHash3).
bool is_negative(std::uint64_t i) {
    i = (i ^ (i >> 33)) * 0xff51afd7ed558ccdULL;
    i = (i ^ (i >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return ((i ^ (i >> 33)) & 1) != 0;
}

}  // namespace

RotatedRows::RotatedRows(std::size_t dimension)
    : dimension_(dimension), values_((dimension + 3) / 4 * 4 * lanes) {
    while (block_ * 2 <= dimension) block_ *= 2;
    scale_ = 1.0f / std::sqrt(static_cast<float>(block_));
}

void RotatedRows::mix(std::size_t first, std::uint32_t round) {
    float* const values = values_.data() + first * lanes;
    for (std::size_t i = 0; i < block_; ++i) {
        const float factor = is_negative(2 * i + round) ? -scale_ : scale_;
        for (std::size_t r = 0; r < lanes; ++r) values[i * lanes + r] *= factor;
    }
    for (std::size_t half = 1; half < block_; half *= 2)
        for (std::size_t begin = 0; begin < block_; begin += 2 * half)
            for (std::size_t i = begin; i < begin + half; ++i) {
                float* const low = values + i * lanes;
                float* const high = low + half * lanes;
                for (std::size_t r = 0; r < lanes; ++r) {
                    const float a = low[r], b = high[r];
                    low[r] = a + b;
                    high[r] = a - b;
                }
            }
}

}  // namespace alignx
