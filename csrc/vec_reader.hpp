// Reads word2vec text: one word and its numbers a line. Lines are independent, so a block of them
// is split first and then parsed by all threads; a line that cannot be read is described, not
// thrown, since an exception may not leave a parallel region.
//
// Rows are row-major, one per line that has room for `dimension` numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace alignx {

enum class Problem : std::uint8_t {
    none,
    field_count,
    not_a_number,
    not_finite,
    empty_word,
    invalid_utf8
};

// A line that is not blank, without its line end and the blanks before it. `row` is where its
// numbers go; `number` counts all lines of the block from 0, blank ones too.
struct Line {
    const char* begin;
    const char* end;
    const char* word_end;
    std::size_t row;
    std::size_t number;
    Problem problem;
};

struct Lines {
    std::vector<Line> lines;
    std::size_t n_lines = 0;
    std::size_t n_rows = 0;  // <= size / (2 * dimension + 1), so memory is bounded by the text
};

// `text` holds complete lines; the last may lack its line end. Needs dimension >= 1.
Lines split_lines(const char* text, std::size_t size, std::size_t dimension);

// Fills word_end and problem of every line, and the rows of those without a problem.
void parse_lines(std::vector<Line>& lines, std::size_t dimension, float* rows,
                 int n_threads) noexcept;

// Closes the gaps that lines with a problem left; returns the lines that are good, in order.
std::vector<const Line*> compact_rows(const std::vector<Line>& lines, std::size_t dimension,
                                      float* rows);

// The problem of a line in words.
std::string describe(const Line& line, std::size_t dimension);

}  // namespace alignx
