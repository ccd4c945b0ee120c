// Chooses the CPU level that runs.
#pragma once

#include <string>
#include <vector>

#include "kernel.hpp"

namespace alignx {

// The levels that this processor can run, slowest first.
std::vector<const Kernel*> available_kernels();

// The fastest of them, or the one that the environment variable ALIGNX_SIMD names. Decided at the
// first call. Throws std::invalid_argument for a level that is unknown or not available.
const Kernel& chosen_kernel();

}  // namespace alignx
