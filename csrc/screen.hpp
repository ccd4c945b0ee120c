// The sweep that bounds each score in bytes and computes only those that the bounds cannot exclude.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// Rows whose neighbors could not be certified; theirs are to be searched in float32.
struct Uncertified {
    std::vector<std::size_t> queries;
    std::vector<std::size_t> keys;
};

// Whether rows of this shape can be quantized for screening.
bool can_screen(const Kernel& kernel, const Matrix& rows);

// Whether screening is possible, and of such sizes that it is faster than float32.
bool worth_screening(const Kernel& kernel, const Search& search);

// Fills the neighbors of all rows but the uncertified ones. Returns false if `progress` ended it.
bool screened_sweep(const Kernel& kernel, const Search& search, const Progress& progress,
                    Uncertified& uncertified);

}  // namespace alignx
