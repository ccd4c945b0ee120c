// Exact sweep that bounds every score in bytes and computes few in float32.
#pragma once

#include "crew.hpp"
#include "kernel.hpp"
#include "neighbors.hpp"

namespace alignx {

// Rows whose neighbors are not proved right and must be searched again in float32.
struct Uncertified {
    std::vector<std::size_t> queries;
    std::vector<std::size_t> keys;
};

// Whether rows of this shape can be quantized for screening.
bool can_screen(const Kernel& kernel, const Matrix& rows);

// Whether screening is possible and, at these sizes, faster than float32.
bool worth_screening(const Kernel& kernel, const Search& search);

// Fills the neighbors of all rows but the uncertified ones. Returns false if `progress` canceled
// it.
bool screened_sweep(const Kernel& kernel, const Search& search, const Progress& progress,
                    Uncertified& uncertified);

}  // namespace alignx
