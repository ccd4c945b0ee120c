// Upper bounds on scores, thresholds for them, and certificates of exact results.
//
// All numbers are integers in one unit, the product of the steps of queries and keys
// (quantize.hpp). With E for the largest effect of a row's remainder and B for its bias, the bound
// of a pair is
//
//     Q(x).Q(z) + E(x) + E(z) - B(x) - B(z) + slack,
//
// the dot product of bytes plus one offset for each row. It subtracts both biases, so that it
// serves the neighbors of both rows; `shift` is the bias that a row's neighbors must not count.
#pragma once

#include "aligned.hpp"
#include "heap.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"
#include "quantize.hpp"
#include "tile.hpp"

namespace alignx {

// One side of a search. All vectors are indexed by slot.
struct ScreenedSide {
    ScreenedSide(const Quantized& codes, Matrix rows, const float* bias, Neighbors neighbors);

    bool wanted() const { return neighbors.wanted(); }

    float bias_of(std::size_t i) const { return alignx::bias_of(bias, i); }

    // Whether a pair with this bound may still be a neighbor of the row.
    bool reaches(std::int32_t bound, std::size_t slot) const { return bound > threshold[slot]; }

    // Enters an estimate of a row and raises the row's threshold accordingly.
    void note(std::size_t slot, std::int32_t estimate) {
        if (++effort[slot] > max_effort) threshold[slot] = highest;
        std::int32_t* const heap = &estimates[slot * neighbors.k];
        if (estimate <= heap[0]) return;
        sift_down(heap, neighbors.k, 0, estimate);
        if (heap[0] != lowest) threshold[slot] = std::max(threshold[slot], heap[0] - margin[slot]);
    }

    const Quantized& codes;
    Matrix rows;
    const float* bias;
    Neighbors neighbors;
    std::uint32_t max_effort = 0;           // rows above it are searched in float32
    std::vector<std::uint32_t> row;         // of the matrix
    AlignedVector<std::int32_t> offset;     // the row's part of a bound
    AlignedVector<std::int32_t> threshold;  // bounds up to it do not matter for the row
    std::vector<std::int32_t> error;        // E, a part of the offset
    std::vector<std::int32_t> shift;        // -B, a part of the offset
    std::vector<std::int32_t> margin;       // very likely limit on the error of an estimate
    std::vector<std::uint32_t> effort;      // number of estimates entered
    std::vector<std::int32_t> estimates;    // the k best of each row, a heap
};

class Bounds {
  public:
    Bounds(const Kernel& kernel, ScreenedSide of_queries, ScreenedSide of_keys);

    // Sets offsets, margins and the thresholds that follow from known neighbors. Returns false if
    // the numbers are too large or too small for bounds.
    bool prepare();

    // Whether no excluded pair can be as good as the worst neighbor of the row.
    bool is_certain(const ScreenedSide& side, std::size_t slot) const;

    // The most likely score of a pair.
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
    std::int32_t slack_ = 0;  // for rounding errors of float32
};

}  // namespace alignx
