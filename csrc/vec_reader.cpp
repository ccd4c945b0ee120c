#include "vec_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace alignx {
namespace {

constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

const char* skip_blanks(const char* at, const char* end) {
    while (at != end && is_blank(*at)) ++at;
    return at;
}

const char* skip_field(const char* at, const char* end) {
    while (at != end && !is_blank(*at)) ++at;
    return at;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Well-formed UTF-8 as Unicode 15, table 3-7 has it: no overlong forms, no surrogates.
bool is_utf8(const char* at, const char* end) {
    while (at != end) {
        const unsigned char lead = static_cast<unsigned char>(*at++);
        if (lead < 0x80) continue;
        const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        if (lead < 0xC2 || lead > 0xF4 || end - at < more) return false;
        const unsigned char second = static_cast<unsigned char>(*at);
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
            return false;
        if (!std::all_of(at, at + more, is_continuation)) return false;
        at += more;
    }
    return true;
}

constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

// Plain decimals of at most 18 digits below 2^53: digits and power of ten are exact doubles, so
// their quotient is correctly rounded. Rounding it once more to float is wrong only if it lies
// exactly between two floats, or below the normal ones; then, and for exponents and anything odd,
// the answer is null and the general parser decides.
inline const char* read_decimal(const char* at, const char* end, float& value) {
    const bool negative = *at == '-';
    at += negative || *at == '+';
    const char* const begin = at;
    std::uint64_t digits = 0;
    for (; at != end && is_digit(*at); ++at)
        digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
    std::ptrdiff_t n_digits = at - begin;
    std::ptrdiff_t n_decimals = 0;
    if (at != end && *at == '.') {
        const char* const point = ++at;
        for (; at != end && is_digit(*at); ++at)
            digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
        n_decimals = at - point;
        n_digits += n_decimals;
    }
    if (n_digits == 0 || n_digits > 18 || digits > (1ULL << 53)) return nullptr;
    if (at != end && !is_blank(*at)) return nullptr;
    const double quotient = static_cast<double>(digits) / powers_of_ten[n_decimals];
    std::uint64_t bits;
    std::memcpy(&bits, &quotient, sizeof(bits));
    constexpr std::uint64_t dropped = (1ULL << 29) - 1, halfway = 1ULL << 28;
    if ((bits & dropped) == halfway) return nullptr;
    if (quotient < std::numeric_limits<float>::min() && digits != 0) return nullptr;
    const float magnitude = static_cast<float>(quotient);
    value = negative ? -magnitude : magnitude;
    return at;
}

// Whether a number that no float can hold is too large; otherwise it is too small.
bool is_large(const char* at, const char* end) {
    const char* const mark = std::find_if(at, end, [](char c) { return c == 'e' || c == 'E'; });
    const char* const point = std::find(at, mark, '.');
    const char* const first =
        std::find_if(at, mark, [](char c) { return is_digit(c) && c != '0'; });
    std::int64_t magnitude = first < point ? point - first : point - first + 1;
    if (mark != end) {
        const bool negative = mark + 1 != end && mark[1] == '-';
        std::int64_t exponent = 0;
        for (const char* digit = mark + 1; digit != end; ++digit)
            if (is_digit(*digit) && exponent < 1'000'000'000'000)
                exponent = exponent * 10 + (*digit - '0');
        magnitude += negative ? -exponent : exponent;
    }
    return magnitude > 0;
}

// The number that starts at `at`; sets `at` behind it. Leaves `at` where it is and returns what is
// wrong if there is none.
Problem read_number(const char*& at, const char* end, float& value) {
    if (at == end) return Problem::field_count;
    if (const char* behind = read_decimal(at, end, value)) {
        at = behind;
        return Problem::none;
    }
    const char* const field_end = skip_field(at, end);
    const char* const begin = at + (*at == '+' && field_end - at > 1 && at[1] != '-');
    const auto [behind, error] = std::from_chars(begin, field_end, value);
    if (error == std::errc::invalid_argument || behind != field_end) return Problem::not_a_number;
    if (error == std::errc::result_out_of_range) {
        if (is_large(begin, field_end)) return Problem::not_finite;
        value = *begin == '-' ? -0.0F : 0.0F;
    }
    if (!std::isfinite(value)) return Problem::not_finite;
    at = field_end;
    return Problem::none;
}

std::size_t count_numbers(const Line& line) {
    std::size_t count = 0;
    for (const char* at = line.word_end; at != line.end; ++count)
        at = skip_field(skip_blanks(at, line.end), line.end);
    return count;
}

Problem parse_line(Line& line, std::size_t dimension, float* rows) {
    line.word_end = skip_field(line.begin, line.end);
    if (line.word_end == line.begin) return Problem::empty_word;
    if (!is_utf8(line.begin, line.word_end)) return Problem::invalid_utf8;
    if (line.row == no_row) return Problem::field_count;
    float* const row = rows + line.row * dimension;
    const char* at = line.word_end;
    Problem problem = Problem::none;
    for (std::size_t i = 0; i < dimension && problem == Problem::none; ++i) {
        at = skip_blanks(at, line.end);
        problem = read_number(at, line.end, row[i]);
    }
    // A wrong count says more than its consequence: a word with a space in it is no bad number.
    if (problem != Problem::none || at != line.end)
        return count_numbers(line) == dimension ? problem : Problem::field_count;
    return Problem::none;
}

std::string first_bad_field(const Line& line) {
    const char* at = line.word_end;
    float value;
    do at = skip_blanks(at, line.end);
    while (read_number(at, line.end, value) == Problem::none);
    constexpr std::ptrdiff_t longest = 40;
    const char* const end = skip_field(at, line.end);
    return end - at <= longest ? std::string(at, end) : std::string(at, at + longest) + "...";
}

}  // namespace

Lines split_lines(const char* text, std::size_t size, std::size_t dimension) {
    Lines result;
    const char* const text_end = text + size;
    for (const char* begin = text; begin != text_end; ++result.n_lines) {
        const void* found = std::memchr(begin, '\n', static_cast<std::size_t>(text_end - begin));
        const char* const line_end = found ? static_cast<const char*>(found) : text_end;
        const char* end = line_end;
        if (end != begin && end[-1] == '\r') --end;
        while (end != begin && is_blank(end[-1])) --end;
        if (end != begin) {
            const bool has_room = static_cast<std::size_t>(end - begin) / 2 >= dimension;
            const std::size_t row = has_room ? result.n_rows++ : no_row;
            result.lines.push_back({begin, end, begin, row, result.n_lines, Problem::none});
        }
        begin = found ? line_end + 1 : text_end;
    }
    return result;
}

void parse_lines(std::vector<Line>& lines, std::size_t dimension, float* rows,
                 int n_threads) noexcept {
    const auto n = static_cast<std::ptrdiff_t>(lines.size());
    // Dynamic, since the caller's own reading thread takes part of a core; lines are independent,
    // so the result does not depend on who parses them.
#pragma omp parallel for schedule(dynamic, 32) num_threads(n_threads)
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        Line& line = lines[static_cast<std::size_t>(i)];
        line.problem = parse_line(line, dimension, rows);
    }
}

std::vector<const Line*> compact_rows(const std::vector<Line>& lines, std::size_t dimension,
                                      float* rows) {
    std::vector<const Line*> good;
    good.reserve(lines.size());
    for (const Line& line : lines) {
        if (line.problem != Problem::none) continue;
        if (line.row != good.size())
            std::memcpy(rows + good.size() * dimension, rows + line.row * dimension,
                        dimension * sizeof(float));
        good.push_back(&line);
    }
    return good;
}

std::string describe(const Line& line, std::size_t dimension) {
    switch (line.problem) {
        case Problem::field_count:
            return "a word and " + std::to_string(dimension) + " numbers are expected, found " +
                   std::to_string(count_numbers(line)) + " numbers";
        case Problem::not_a_number:
            return "'" + first_bad_field(line) + "' is not a number";
        case Problem::not_finite:
            return "numbers must be finite, got " + first_bad_field(line);
        case Problem::empty_word:
            return "a line must start with its word, found a blank";
        case Problem::invalid_utf8:
            return "the word is not valid UTF-8";
        case Problem::none:
            break;
    }
    return {};
}

}  // namespace alignx
