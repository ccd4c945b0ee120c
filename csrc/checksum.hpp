// Checksum of arrays at the speed of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace alignx {

// Every step can be undone, so that a change of a single word is never missed; other changes are
// with a probability of 2^-64. No protection against forgery.
inline std::uint64_t checksum(const void* data, std::size_t size) {
    constexpr std::size_t lanes = 8;  // whose multiplications overlap
    constexpr std::uint64_t factor = 0x9E3779B97F4A7C15;
    const auto mix = [](std::uint64_t sum, std::uint64_t word) {
        sum = (sum ^ word) * factor;
        return sum ^ (sum >> 32);
    };
    const auto* bytes = static_cast<const unsigned char*>(data);
    std::uint64_t sums[lanes] = {1, 2, 3, 4, 5, 6, 7, 8}, words[lanes];
    std::size_t left = size;
    for (; left >= sizeof words; left -= sizeof words, bytes += sizeof words) {
        std::memcpy(words, bytes, sizeof words);
        for (std::size_t i = 0; i < lanes; ++i) sums[i] = mix(sums[i], words[i]);
    }
    std::memset(words, 0, sizeof words);
    if (left != 0) std::memcpy(words, bytes, left);
    std::uint64_t whole = mix(0, size);
    for (std::size_t i = 0; i < lanes; ++i) whole = mix(whole, mix(sums[i], words[i]));
    return whole;
}

}  // namespace alignx
