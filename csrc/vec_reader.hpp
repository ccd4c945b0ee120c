// Reader of text vectors: one word and its numbers a line.
//
// A block of lines is split first and then parsed by all threads. Problems are described, not
// thrown, since the caller may skip bad lines.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace alignx {

inline constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

struct Dialect {
    bool is_end(char c) const { return c == separator || (is_blank() && c == '\t'); }
    bool is_blank() const { return separator == ' '; }

    char separator;  // a space stands for any number of spaces and tabs
    char decimal;
};

// A line that is not blank, without its line end and trailing blanks.
struct Line {
    std::string_view word() const { return {begin, static_cast<std::size_t>(word_end - begin)}; }

    const char* begin;
    const char* end;
    const char* word_end;
    std::size_t row;         // of its numbers; no_row if the line is too short for them
    std::size_t number;      // among all lines of the block, from 0
    std::string problem;     // empty if it has none
    bool is_spaced = false;  // the word holds separators
};

struct Lines {
    std::vector<Line> lines;
    std::size_t n_lines = 0;  // blank ones included
    std::size_t n_rows = 0;   // <= size / (2 * dimension + 1), so memory is bounded by the text
};

// `text` holds complete lines; the last may lack its line end. Needs dimension >= 1.
Lines split_lines(std::string_view text, std::size_t dimension);

// Fills `word_end`, `problem` and `is_spaced` of every line, and the rows (row-major) of lines
// without a problem. Where a word may hold separators, numbers are counted from the right. Does not
// check that words are UTF-8.
void parse_lines(std::vector<Line>& lines, std::size_t dimension, Dialect dialect, float* rows,
                 int n_threads);

}  // namespace alignx
