// What screening knows of both sides: upper bounds on scores, thresholds for them, and
// certificates.
//
// All numbers are integers in one unit, the product of the steps of queries and keys
// (quantize.hpp). With E for what a row's remainder can be worth and B for its bias, the bound of a
// pair is
//
//     Q(x).Q(z) + E(x) + E(z) - B(x) - B(z) + slack,
//
// a sum of bytes and of one offset for each row. It counts both biases, so that it serves the
// neighbors of both rows; `shift` says by how much it is off for one of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "aligned.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"
#include "quantize.hpp"

namespace alignx {

// One side of a search. Everything but the neighbors is kept by slot.
struct ScreenedSide {
    static constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
    static constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();

    ScreenedSide(const Quantized& codes, Matrix rows, const float* bias, Neighbors neighbors);

    bool wanted() const { return neighbors.wanted(); }

    float bias_of(std::size_t i) const { return alignx::bias_of(bias, i); }

    // Whether a pair may still be a neighbor of the row in this slot.
    bool reaches(std::int32_t bound, std::size_t slot) const { return bound > threshold[slot]; }

    // Enters a pair into the estimates of a row, and raises the row's threshold accordingly.
    void note(std::size_t slot, std::int32_t estimate) {
        if (++effort[slot] > most_effort) threshold[slot] = highest;
        const std::size_t k = neighbors.k;
        std::int32_t* heap = &estimates[slot * k];
        if (estimate <= heap[0]) return;
        std::size_t at = 0;
        for (std::size_t child = 1; child < k; child = 2 * at + 1) {
            if (child + 1 < k && heap[child + 1] < heap[child]) ++child;
            if (estimate <= heap[child]) break;
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = estimate;
        if (heap[0] != lowest) threshold[slot] = std::max(threshold[slot], heap[0] - margin[slot]);
    }

    const Quantized& codes;
    Matrix rows;
    const float* bias;
    Neighbors neighbors;
    std::uint32_t most_effort = 0;          // a row that takes more is better searched in float32
    std::vector<std::uint32_t> row;         // of the matrix
    AlignedVector<std::int32_t> offset;     // what the row adds to a bound, ...
    AlignedVector<std::int32_t> threshold;  // what a bound must exceed to matter for the row
    std::vector<std::int32_t> error;        // ... how much of it is for the bytes' remainders
    std::vector<std::int32_t> shift;        // ... and for its bias, which its neighbors do not see
    std::vector<std::int32_t> margin;       // estimates are less wrong than that, most probably
    std::vector<std::uint32_t> effort;      // pairs noted
    std::vector<std::int32_t> estimates;    // the k best of each row, a heap with the worst first
};

class Bounds {
  public:
    Bounds(const Kernel& kernel, ScreenedSide of_queries, ScreenedSide of_keys);

    // Sets offsets, margins, and thresholds for the neighbors that rows have already. Returns false
    // if the numbers are too large or too small for bounds.
    bool prepare();

    // Whether nothing that was excluded can be as good as the worst neighbor that a row has.
    bool is_certain(const ScreenedSide& side, std::size_t slot) const;

    // What the score of a pair is, most probably.
    std::int32_t estimate(std::int32_t bound, std::size_t query, std::size_t key) const {
        return bound - queries.error[query] - keys.error[key] - slack_;
    }

    const Kernel& kernel;
    ScreenedSide queries;
    ScreenedSide keys;

  private:
    bool set_offsets(ScreenedSide& side, double length_of_other, int zero, std::int32_t extra);
    void set_thresholds(ScreenedSide& side);

    double unit_;
    std::int32_t slack_ = 0;  // for the rounding of float32
};

}  // namespace alignx
