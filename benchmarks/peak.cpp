// How many operations a second this processor can do at most: multiply-adds of bytes (VNNI), bf16
// and float32 on registers alone, as many independent ones as the registers hold, so that neither
// memory nor latency counts. Prints JSON: threads -> kind -> operations a second (a multiply-add is
// two); kinds that the processor lacks are left out. Arguments: numbers of threads.

#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr long rounds = 200'000;  // of one measurement of the clock
constexpr double least_seconds = 0.3;
constexpr int repeats = 3;

volatile float sink;  // keeps results alive

// Twelve sums fit into the 16 registers of AVX2 beside the factors, and hide a latency of six
// cycles at two instructions a cycle. They are spelled out, and named to the compiler after each
// step, since GCC would otherwise store them in each round.
constexpr long sums = 12;
#define IN_REGISTER(sum) asm volatile("" : "+v"(sum))
#define EACH(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11)

// Defines `long name()`, which does rounds * sums instructions and tells how many multiply-adds
// they were. Sums start out different: equal ones would be computed once.
#define PEAK(name, isa, lanes, start, step, first)       \
    __attribute__((target(isa), noinline)) long name() { \
        EACH(start)                                      \
        for (long round = 0; round < rounds; ++round) {  \
            EACH(step)                                   \
        }                                                \
        float total = 0;                                 \
        EACH(first)                                      \
        sink = total;                                    \
        return rounds * sums * lanes;                    \
    }

#define START_INT8_512(i) __m512i s##i = _mm512_set1_epi32(i);
#define STEP_INT8_512(i)                                                        \
    s##i = _mm512_dpbusd_epi32(s##i, _mm512_set1_epi8(1), _mm512_set1_epi8(2)); \
    IN_REGISTER(s##i);
#define FIRST_INT8_512(i) total += static_cast<float>(_mm512_cvtsi512_si32(s##i));
PEAK(int8_512, "avx512f,avx512vnni", 64, START_INT8_512, STEP_INT8_512, FIRST_INT8_512)

#define START_INT8_256(i) __m256i s##i = _mm256_set1_epi32(i);
#define STEP_INT8_256(i)                                                            \
    s##i = _mm256_dpbusd_avx_epi32(s##i, _mm256_set1_epi8(1), _mm256_set1_epi8(2)); \
    IN_REGISTER(s##i);
#define FIRST_INT8_256(i) total += static_cast<float>(_mm256_cvtsi256_si32(s##i));
PEAK(int8_256, "avx2,avxvnni", 32, START_INT8_256, STEP_INT8_256, FIRST_INT8_256)

#define START_512(i) __m512 s##i = _mm512_set1_ps(i);
#define STEP_BF16_512(i)                                               \
    s##i = _mm512_dpbf16_ps(s##i, (__m512bh)_mm512_set1_epi16(0x3f80), \
                            (__m512bh)_mm512_set1_epi16(0x3f00));      \
    IN_REGISTER(s##i);
#define FIRST_512(i) total += _mm512_cvtss_f32(s##i);
PEAK(bf16_512, "avx512f,avx512bw,avx512bf16", 32, START_512, STEP_BF16_512, FIRST_512)

#define STEP_FLOAT32_512(i)                                                     \
    s##i = _mm512_fmadd_ps(s##i, _mm512_set1_ps(0.999f), _mm512_set1_ps(0.5f)); \
    IN_REGISTER(s##i);
PEAK(float32_512, "avx512f", 16, START_512, STEP_FLOAT32_512, FIRST_512)

#define START_256(i) __m256 s##i = _mm256_set1_ps(i);
#define STEP_FLOAT32_256(i)                                                     \
    s##i = _mm256_fmadd_ps(s##i, _mm256_set1_ps(0.999f), _mm256_set1_ps(0.5f)); \
    IN_REGISTER(s##i);
#define FIRST_256(i) total += _mm256_cvtss_f32(s##i);
PEAK(float32_256, "avx2,fma", 8, START_256, STEP_FLOAT32_256, FIRST_256)

// Not every compiler knows this one by name.
bool has_avxvnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & (1u << 4)) != 0;
}

double one_thread(long (*work)()) {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    double multiply_adds = 0, seconds = 0;
    while (seconds < least_seconds) {
        multiply_adds += static_cast<double>(work());
        seconds = std::chrono::duration<double>(clock::now() - start).count();
    }
    return 2 * multiply_adds / seconds;
}

double best(long (*work)(), int threads) {
    double most = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        double sum = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
        sum += one_thread(work);
        most = std::max(most, sum);
    }
    return most;
}

struct Kind {
    const char* name;
    bool supported;
    long (*work)();
};

}  // namespace

int main(int argc, char** argv) {
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    const Kind kinds[] = {
        {"int8_512", avx512 && __builtin_cpu_supports("avx512vnni"), int8_512},
        {"int8_256", avx2 && has_avxvnni(), int8_256},
        {"bf16_512", avx512 && __builtin_cpu_supports("avx512bf16"), bf16_512},
        {"float32_512", avx512, float32_512},
        {"float32_256", avx2, float32_256},
    };
    std::printf("{");
    for (int i = 1; i < argc; ++i) {
        std::printf("%s\"%s\": {", i > 1 ? ", " : "", argv[i]);
        const char* separator = "";
        for (const Kind& kind : kinds) {
            if (!kind.supported) continue;
            std::printf("%s\"%s\": %.4g", separator, kind.name,
                        best(kind.work, std::atoi(argv[i])));
            separator = ", ";
        }
        std::printf("}");
    }
    std::printf("}\n");
}
