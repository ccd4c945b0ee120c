#include "dispatch.hpp"

#if defined(ALIGNX_X86)
#include <cpuid.h>
#endif

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace alignx {
namespace {

const Kernel& choose() {
    const auto kernels = available_kernels();
    const char* wanted = std::getenv("ALIGNX_SIMD");
    if (wanted == nullptr || *wanted == '\0') return *kernels.back();
    std::string names;
    for (const Kernel* kernel : kernels) {
        if (std::strcmp(kernel->name, wanted) == 0) return *kernel;
        names.append(names.empty() ? "" : ", ").append(kernel->name);
    }
    throw std::invalid_argument("ALIGNX_SIMD must be one of " + names + " on this processor, got " +
                                wanted);
}

#if defined(ALIGNX_X86)
// Not every compiler knows this level by name. The operating system's support is that of AVX2.
bool has_avxvnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & (1u << 4)) != 0;
}
#endif

}  // namespace

std::vector<const Kernel*> available_kernels() {
    std::vector<const Kernel*> kernels = {&levels::portable};
#if defined(ALIGNX_X86)
    __builtin_cpu_init();
    // Exactly the instructions that CMakeLists.txt allows. Includes the operating system's support.
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 =
        has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    if (has_avx2) kernels.push_back(&levels::avx2);
    if (has_avx2 && has_avxvnni()) kernels.push_back(&levels::avxvnni);
    if (has_avx512) kernels.push_back(&levels::avx512);
    if (has_avx512 && __builtin_cpu_supports("avx512vnni")) kernels.push_back(&levels::avx512vnni);
#endif
    return kernels;
}

const Kernel& chosen_kernel() {
    static const Kernel& kernel = choose();
    return kernel;
}

}  // namespace alignx
