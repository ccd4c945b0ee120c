// Rotation that spreads each row over all its elements.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace alignx {

// Up to `lanes` rows, transposed: element i of row r is at [i][r]. Behind the last element up to
// three zeros complete a group of four.
class RotatedRows {
  public:
    static constexpr std::size_t lanes = 16;

    explicit RotatedRows(std::size_t dimension);

    // Loads and rotates `count` rows, of which `row(r)` is number r; the other lanes are zero. Two
    // rounds of fixed random signs and a Hadamard transform mix first the leading, then the
    // trailing elements; a round mixes the largest power of two that fits.
    template <typename Row>
    void load(std::size_t count, Row&& row) {
        std::fill(values_.begin(), values_.end(), 0.0f);
        for (std::size_t r = 0; r < count; ++r) {
            const float* from = row(r);
            for (std::size_t i = 0; i < dimension_; ++i) values_[i * lanes + r] = from[i];
        }
        mix(0, 0);
        mix(dimension_ - block_, 1);
    }

    const float* operator[](std::size_t i) const { return &values_[i * lanes]; }

  private:
    void mix(std::size_t first, std::uint32_t round);

    std::size_t dimension_;
    std::size_t block_ = 1;
    float scale_ = 1;
    std::vector<float> values_;
};

}  // namespace alignx
