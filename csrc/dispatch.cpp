#include "dispatch.hpp"

#include <cstdlib>
#include <stdexcept>

namespace alignx {
namespace {

const Kernel& choose() {
    const auto kernels = available_kernels();
    const char* wanted = std::getenv("ALIGNX_SIMD");
    if (wanted == nullptr || *wanted == '\0') return *kernels.back();
    std::string names;
    for (const Kernel* kernel : kernels) {
        if (kernel->name == std::string(wanted)) return *kernel;
        names += (names.empty() ? "" : ", ") + std::string(kernel->name);
    }
    throw std::invalid_argument("ALIGNX_SIMD must be one of " + names + " on this processor, got " +
                                wanted);
}

}  // namespace

std::vector<const Kernel*> available_kernels() {
    std::vector<const Kernel*> kernels = {&portable::kernel};
#if defined(ALIGNX_X86)
    __builtin_cpu_init();
    // The instructions that CMakeLists.txt allows; the operating system's support is part of it.
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (has_avx2) kernels.push_back(&avx2::kernel);
    if (has_avx2 && __builtin_cpu_supports("avx512f")) kernels.push_back(&avx512::kernel);
#endif
    return kernels;
}

const Kernel& chosen_kernel() {
    static const Kernel& kernel = choose();
    return kernel;
}

}  // namespace alignx
