// Candidates of approximate search: the others with the largest estimated scores for each row.
//
// More than k are kept, since estimates have the error of rounding to bytes.
#pragma once

#include <span>

#include "crew.hpp"
#include "heap.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"
#include "tile.hpp"

namespace alignx {

class Candidates {
  public:
    Candidates(std::size_t rows, std::size_t k)
        : kept_(k == 0 ? 0 : k + std::max<std::size_t>(6, k / 2)), entries_(rows * kept_, none) {}

    std::size_t kept() const { return kept_; }

    // Enters another row and returns the threshold for further ones. Of several estimates of one
    // pair the best counts, so that their order does not matter.
    std::int32_t offer(std::size_t row, std::int32_t estimate, std::size_t other) {
        std::int64_t* const heap = &entries_[row * kept_];
        const std::int64_t entry = pack(estimate, static_cast<std::uint32_t>(other));
        if (entry > heap[0]) {
            std::size_t at = 0;
            while (at < kept_ && low_half(heap[at]) != low_half(entry)) ++at;
            if (at == kept_)
                sift_down(heap, kept_, 0, entry);
            else if (entry > heap[at])
                sift_down(heap, kept_, at, entry);
        }
        return heap[0] == none ? lowest : estimate_of(heap[0]) - 1;
    }

    // Replaces the neighbors of all rows by the best candidates, scored in float32.
    void rescore(const Kernel& kernel, const Matrix& rows, const Matrix& others,
                 const float* other_bias, Neighbors neighbors, int n_threads) const {
        if (!neighbors.wanted()) return;
        parallel_for(n_threads, (rows.rows + rows_at_once - 1) / rows_at_once, [&](std::size_t i) {
            std::vector<const float*> own(kept_), found(kept_);
            std::vector<float> scores(kept_);
            const std::size_t end = std::min(rows.rows, (i + 1) * rows_at_once);
            for (std::size_t row = i * rows_at_once; row < end; ++row) {
                const std::span candidates(&entries_[row * kept_], kept_);
                std::size_t count = 0;
                for (const std::int64_t entry : candidates)
                    if (entry != none) found[count++] = others.row(~low_half(entry));
                std::fill_n(own.begin(), count, rows.row(row));
                kernel.score_pairs(own.data(), found.data(), count, rows.columns, scores.data());
                neighbors.clear(row);
                const float* score = scores.data();
                for (const std::int64_t entry : candidates)
                    if (entry != none)
                        neighbors.push(row, *score++ - bias_of(other_bias, ~low_half(entry)),
                                       ~low_half(entry));
                neighbors.sort(row);
            }
        });
    }

  private:
    static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
    static constexpr std::size_t rows_at_once = 64;  // that share scratch memory

    // One number that orders candidates by estimate, then by lower row.
    static std::int64_t pack(std::int32_t estimate, std::uint32_t other) {
        return std::int64_t{estimate} * (std::int64_t{1} << 32) + ~other;
    }
    static std::uint32_t low_half(std::int64_t entry) { return static_cast<std::uint32_t>(entry); }
    static std::int32_t estimate_of(std::int64_t entry) {
        return static_cast<std::int32_t>(entry >> 32);
    }

    std::size_t kept_;
    std::vector<std::int64_t> entries_;
};

}  // namespace alignx
