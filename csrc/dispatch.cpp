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
    // What -march=x86-64-v3 and -v4 may use; the operating system's support is part of the answer.
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    if (v3) kernels.push_back(&avx2::kernel);
    if (v4) kernels.push_back(&avx512::kernel);
#endif
    return kernels;
}

const Kernel& chosen_kernel() {
    static const Kernel& kernel = choose();
    return kernel;
}

}  // namespace alignx
