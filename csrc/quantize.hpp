// Rows as bytes, for bounds on their dot products.
//
// A fixed rotation, which changes no dot product, spreads each row over all its elements, so that
// no single large element makes the steps coarse. Then all rows of a matrix are rounded to
// multiples of one step. In units of that step a rotated row X is a row of integers Q plus a
// remainder R, and for two rows
//
//     X.Z - Q(X).Q(Z) = R(X).Z + Q(X).R(Z),
//     |X.Z - Q(X).Q(Z)| <= |R(X)| |Z| + |Q(X)| |R(Z)|            (Cauchy-Schwarz).
#pragma once

#include "aligned.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"
#include "rotation.hpp"

namespace alignx {

class Quantized {
  public:
    enum class Side { queries, keys };

    // Of a row, in steps: its length, that of its integers, that of its remainder with rounding
    // errors, and the sum of its integers.
    struct Facts {
        float length;
        float quantized;
        float remainder;
        std::int32_t sum;
    };

    // Quantizes row `order[i]` of the matrix at position i; an empty order changes nothing. The
    // bytes of keys are kept; those of queries are written panel by panel when they are needed. If
    // there are groups, group g has positions group_starts[g] ... group_starts[g + 1] and panels of
    // its own.
    Quantized(const Kernel& kernel, Side side, Matrix rows, std::vector<std::uint32_t> order,
              int n_threads, const std::vector<std::size_t>& group_starts = {});

    // Queries that are only written, without facts. The step depends on the
    // length of the longest row alone, and doubles at powers of two, so that unit rows have the
    // same step in any matrix.
    Quantized(const Kernel& kernel, Matrix queries, double longest);

    // Panels are laid out as in kernel.hpp. Everything else is indexed by slot: row r of panel p
    // has slot p * stride() + r, where stride() is a whole number of vectors.
    std::size_t panels() const { return panels_; }
    std::size_t panel_bytes() const { return groups_ * width_ * 4; }
    std::size_t stride() const { return stride_; }
    std::size_t slots() const { return panels_ * stride_; }
    std::size_t groups() const { return groups_; }
    std::size_t rows() const { return rows_.rows; }

    // The slot of position i, and its row of the matrix.
    std::size_t slot(std::size_t i) const {
        return slots_.empty() ? i / width_ * stride_ + i % width_ : slots_[i];
    }
    std::size_t row(std::size_t i) const { return order_.empty() ? i : order_[i]; }

    // The first position of a panel, and the number of its rows.
    std::size_t first_position(std::size_t panel) const {
        return first_positions_.empty() ? std::min(rows_.rows, panel * width_)
                                        : first_positions_[panel];
    }
    std::size_t filled(std::size_t panel) const {
        return first_position(panel + 1) - first_position(panel);
    }

    // The first panel of a group; defined for the end of the last group too.
    std::size_t group_panel(std::size_t group) const { return group_panels_[group]; }
    std::size_t groups_of_rows() const {
        return group_panels_.empty() ? 0 : group_panels_.size() - 1;
    }

    const std::uint8_t* keys(std::size_t panel) const { return &bytes_[panel * panel_bytes()]; }
    // Writes the bytes of a panel and the facts of its rows.
    void quantize(std::size_t panel, RotatedRows& strip, std::uint8_t* bytes, Facts* facts) const;

    double step() const { return 1 / static_cast<double>(steps_of_one_); }
    const Facts& facts(std::size_t slot) const { return facts_[slot]; }
    // The largest lengths of all rows. Infinite if a row is too long for float32.
    double longest() const { return longest_; }
    double longest_quantized() const { return longest_quantized_; }

  private:
    Quantized(const Kernel& kernel, Side side, Matrix rows, std::vector<std::uint32_t> order,
              float steps_of_one);
    void divide(const std::vector<std::size_t>& group_starts);

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
    // Empty without groups.
    std::vector<std::size_t> group_panels_;
    std::vector<std::size_t> first_positions_;  // of each panel, and the end of the last
    std::vector<std::size_t> slots_;            // of each position
    std::vector<Facts> facts_;
    AlignedVector<std::uint8_t> bytes_;
};

// Bytes of queries are signed.
inline const std::int8_t* as_queries(const std::uint8_t* bytes) {
    return reinterpret_cast<const std::int8_t*>(bytes);
}

}  // namespace alignx
