// Rows as bytes, for bounds on their dot products.
//
// A fixed rotation, which changes no dot product, spreads what a row holds over all its elements,
// so that no single large element makes the steps coarse. Then all rows of a matrix are rounded to
// multiples of one step. In units of that step a rotated row X is a row of integers Q plus a
// remainder R, and for two rows
//
//     X.Z - Q(X).Q(Z) = R(X).Z + Q(X).R(Z),
//     |X.Z - Q(X).Q(Z)| <= |R(X)| |Z| + |Q(X)| |R(Z)|            (Cauchy-Schwarz).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"
#include "rotation.hpp"

namespace alignx {

class Quantized {
  public:
    enum class Side { queries, keys };

    // Row `order[i]` of the matrix is quantized in place i; an empty order keeps them in place. Of
    // keys the bytes are kept; queries are written again, panel by panel, when they are needed.
    // Group g, if there are groups, is in places group_starts[g] ... group_starts[g + 1], and its
    // panels hold no others.
    Quantized(const Kernel& kernel, Side side, Matrix rows, std::vector<std::uint32_t> order,
              int n_threads, const std::vector<std::size_t>& group_starts = {});

    // Queries that are only written: of their lengths, remainders and sums nothing is kept. The
    // step depends on the length of the longest alone, and hardly on that: it doubles where a
    // power of two is passed, so that unit rows have the same step whatever rows come with them.
    Quantized(const Kernel& kernel, Matrix queries, double longest);

    // Panels are as the kernel wants them. Beside the bytes everything is kept by slot: row r of
    // panel p is in slot p * stride() + r, and stride() is padded to whole vectors.
    std::size_t panels() const { return panels_; }
    std::size_t panel_bytes() const { return groups_ * width_ * 4; }
    std::size_t stride() const { return stride_; }
    std::size_t slots() const { return panels_ * stride_; }
    std::size_t groups() const { return groups_; }
    std::size_t rows() const { return rows_.rows; }

    // The slot of the row in place i, and that row of the matrix.
    std::size_t slot(std::size_t i) const {
        return slots_.empty() ? i / width_ * stride_ + i % width_ : slots_[i];
    }
    std::size_t row(std::size_t i) const { return order_.empty() ? i : order_[i]; }

    // The first place in a panel, and how many it holds.
    std::size_t first_place(std::size_t panel) const {
        return first_places_.empty() ? std::min(rows_.rows, panel * width_) : first_places_[panel];
    }
    std::size_t filled(std::size_t panel) const {
        return first_place(panel + 1) - first_place(panel);
    }

    // The first panel of a group, or of the one behind the last.
    std::size_t group_panel(std::size_t group) const { return group_panels_[group]; }
    std::size_t groups_of_rows() const {
        return group_panels_.empty() ? 0 : group_panels_.size() - 1;
    }

    const std::uint8_t* keys(std::size_t panel) const { return &bytes_[panel * panel_bytes()]; }
    // Gives the sums of the panel's integers too, if wanted.
    void write(std::size_t panel, RotatedRows& strip, std::uint8_t* bytes,
               std::int32_t* sums = nullptr) const;

    double step() const { return 1 / static_cast<double>(steps_of_one_); }
    // Length of the remainder of each slot's row, in steps, rounding errors included.
    const std::vector<float>& remainder() const { return remainder_; }
    // Sum of each slot's integers.
    const std::vector<std::int32_t>& sum() const { return sum_; }
    // Largest length of a row, in steps, before and after rounding. Infinite if a row is too long
    // for float32.
    double longest() const { return longest_; }
    double longest_quantized() const { return longest_quantized_; }

  private:
    struct Row {
        float length;
        float quantized;
        float remainder;
        std::int32_t sum;
    };
    void divide(const std::vector<std::size_t>& group_starts);
    Quantized(const Kernel& kernel, Side side, Matrix rows, std::vector<std::uint32_t> order,
              float steps_of_one);
    void quantize(std::size_t panel, RotatedRows& strip, std::uint8_t* bytes, Row* facts) const;

    Matrix rows_;
    std::vector<std::uint32_t> order_;
    int zero_;
    float limit_;
    std::size_t width_;
    std::size_t stride_;
    std::size_t panels_;
    std::size_t groups_;
    float steps_of_one_;
    double longest_ = 0;
    double longest_quantized_ = 0;
    std::vector<std::size_t> group_panels_;  // these three are empty without groups
    std::vector<std::size_t> first_places_;  // of each panel, and behind the last
    std::vector<std::size_t> slots_;         // of each place
    std::vector<float> remainder_;
    std::vector<std::int32_t> sum_;
    AlignedVector<std::uint8_t> bytes_;
};

}  // namespace alignx
