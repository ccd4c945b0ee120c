// Writes word2vec text, the counterpart of vec_reader: numbers as the shortest decimals that read
// back to the same float, or with a fixed count of decimals. A header only, since it is one
// function over std::to_chars.
//
// Rows are row-major, one per word.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alignx {

// Sign, 39 digits before the point, the point and the decimals.
inline constexpr int max_decimals = 20;
inline constexpr std::size_t max_number_size = 1 + 39 + 1 + max_decimals;

inline std::string format_line(std::string_view word, const float* row, std::size_t dimension,
                               std::optional<int> decimals) {
    std::string line(word.size() + dimension * (1 + max_number_size) + 1, '\0');
    char* at = std::copy(word.begin(), word.end(), line.data());
    char* const end = line.data() + line.size();
    for (std::size_t i = 0; i < dimension; ++i) {
        *at++ = ' ';
        at = (decimals ? std::to_chars(at, end, row[i], std::chars_format::fixed, *decimals)
                       : std::to_chars(at, end, row[i]))
                 .ptr;
    }
    *at++ = '\n';
    line.resize(static_cast<std::size_t>(at - line.data()));
    return line;
}

// Needs 0 <= decimals <= max_decimals and finite rows.
inline std::string format_lines(const std::vector<std::string_view>& words, const float* rows,
                                std::size_t dimension, std::optional<int> decimals) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += format_line(words[i], rows + i * dimension, dimension, decimals);
    return text;
}

}  // namespace alignx
