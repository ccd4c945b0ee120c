// Rows of float32 packed for the kernel, block by block.
#pragma once

#include "aligned.hpp"
#include "crew.hpp"
#include "neighbors.hpp"

namespace alignx {

// Bytes of packed rows that a thread works on: queries stay in the second-level cache while the
// keys of a block arrive panel after panel from the third.
inline constexpr std::size_t query_block_bytes = std::size_t{512} << 10;
inline constexpr std::size_t key_block_bytes = std::size_t{4} << 20;
// Limits blocks of short rows, so that progress is reported often.
inline constexpr std::size_t max_block_rows = std::size_t{16} << 10;

inline std::size_t round_up(std::size_t value, std::size_t step) {
    return (value + step - 1) / step * step;
}

// Rows of a block: whole panels, and no more than there are.
inline std::size_t block_rows(std::size_t bytes, const Matrix& matrix, std::size_t width) {
    const std::size_t fitting = bytes / sizeof(float) / std::max<std::size_t>(matrix.columns, 1);
    return std::min(round_up(matrix.rows, width),
                    std::max(width, std::min(fitting, max_block_rows) / width * width));
}

// Rows of a matrix as panels (kernel.hpp), the last one padded with zeros.
class Panels {
  public:
    Panels(std::size_t max_rows, std::size_t dimension, std::size_t width)
        : dimension_(dimension), width_(width), data_(round_up(max_rows, width) * dimension) {}

    void pack(const Matrix& matrix, Range range) {
        first_ = range.begin;
        for (std::size_t row = range.begin; row < range.end; row += width_) {
            float* const panel = data_.data() + (row - first_) * dimension_;
            const std::size_t filled = std::min(width_, range.end - row);
            if (filled < width_) std::fill_n(panel, width_ * dimension_, 0.0f);
            for (std::size_t r = 0; r < filled; ++r) {
                const float* from = matrix.row(row + r);
                for (std::size_t i = 0; i < dimension_; ++i) panel[i * width_ + r] = from[i];
            }
        }
    }

    // The panel that starts with this row of the matrix.
    const float* at(std::size_t row) const { return data_.data() + (row - first_) * dimension_; }

  private:
    std::size_t dimension_;
    std::size_t width_;
    AlignedVector<float> data_;
    std::size_t first_ = 0;
};

// A bias padded with infinity, so that padding never becomes a neighbor; a null bias is zero.
inline std::vector<float> padded(const float* bias, std::size_t rows, std::size_t width) {
    std::vector<float> result(round_up(rows, width), infinity);
    for (std::size_t row = 0; row < rows; ++row) result[row] = bias_of(bias, row);
    return result;
}

}  // namespace alignx
