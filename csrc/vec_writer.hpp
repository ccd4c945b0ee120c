// Writer of word2vec text, with the shortest exact decimals or a fixed number of them.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alignx {

inline constexpr int max_decimals = 20;

// One line for each row (row-major). Needs 0 <= decimals <= max_decimals and finite rows.
inline std::string format_lines(const std::vector<std::string_view>& words, const float* row,
                                std::size_t dimension, std::optional<int> decimals) {
    // Blank, sign, 39 digits before the point, point, decimals.
    constexpr std::size_t max_number_size = 1 + 1 + 39 + 1 + max_decimals;
    std::string text;
    for (const std::string_view word : words) {
        text += word;
        const std::size_t size = text.size();
        text.resize(size + dimension * max_number_size + 1);
        char *at = &text[size], *const end = text.data() + text.size();
        for (std::size_t i = 0; i < dimension; ++i) {
            *at++ = ' ';
            at = (decimals ? std::to_chars(at, end, *row++, std::chars_format::fixed, *decimals)
                           : std::to_chars(at, end, *row++))
                     .ptr;
        }
        *at++ = '\n';
        text.resize(static_cast<std::size_t>(at - text.data()));
    }
    return text;
}

}  // namespace alignx
