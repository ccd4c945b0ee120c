// Rows of float32 packed for the kernel, block by block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "aligned.hpp"
#include "neighbors.hpp"

namespace alignx {

// Bytes of packed rows that a thread works on: queries stay in the second-level cache while the
// keys of a block pass by panel after panel from the third.
inline constexpr std::size_t query_block_bytes = std::size_t{512} << 10;
inline constexpr std::size_t key_block_bytes = std::size_t{4} << 20;
// However short the rows, so that progress and cancelation come often.
inline constexpr std::size_t max_block_rows = std::size_t{16} << 10;

inline std::size_t round_up(std::size_t value, std::size_t step) {
    return (value + step - 1) / step * step;
}

inline std::size_t block_rows(std::size_t bytes, std::size_t dimension, std::size_t width) {
    const std::size_t fitting = bytes / sizeof(float) / std::max<std::size_t>(dimension, 1);
    return std::max(width, std::min(fitting, max_block_rows) / width * width);
}

struct Range {
    std::size_t begin;
    std::size_t end;
};

// Rows of a matrix as panels (kernel.hpp), the last one padded with zeros.
class Panels {
  public:
    Panels(std::size_t max_rows, std::size_t dimension, std::size_t width)
        : dimension_(dimension), width_(width), data_(round_up(max_rows, width) * dimension) {}

    void pack(const Matrix& matrix, Range range) {
        range_ = range;
        for (std::size_t row = range.begin; row < range.end; row += width_)
            pack_panel(matrix, row, std::min(width_, range.end - row));
    }

    const float* at(std::size_t row) const {
        return data_.data() + (row - range_.begin) * dimension_;
    }

  private:
    void pack_panel(const Matrix& matrix, std::size_t row, std::size_t filled) {
        float* panel = data_.data() + (row - range_.begin) * dimension_;
        if (filled < width_) std::fill_n(panel, width_ * dimension_, 0.0f);
        for (std::size_t r = 0; r < filled; ++r) {
            const float* from = matrix.data + (row + r) * dimension_;
            for (std::size_t i = 0; i < dimension_; ++i) panel[i * width_ + r] = from[i];
        }
    }

    std::size_t dimension_;
    std::size_t width_;
    AlignedVector<float> data_;
    Range range_{0, 0};
};

// With infinity behind the rows, so that padding never enters; a null bias is zero.
inline std::vector<float> padded(const float* bias, std::size_t rows, std::size_t width) {
    std::vector<float> result(round_up(rows, width), infinity);
    if (bias == nullptr)
        std::fill_n(result.begin(), rows, 0.0f);
    else
        std::copy_n(bias, rows, result.begin());
    return result;
}

}  // namespace alignx
