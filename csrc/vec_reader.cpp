#include "vec_reader.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <locale>
#include <sstream>

#include "crew.hpp"
#include "neighbors.hpp"

namespace alignx {
namespace {

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

constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

// Plain decimals of at most 18 digits below 2^53: digits and power of ten are exact doubles, so
// their quotient is correctly rounded. Rounding it once more to float is wrong only if it lies
// exactly between two floats, or below the normal ones; then, and for exponents and other forms,
// the result is null and the general parser decides.
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
    const auto bits = std::bit_cast<std::uint64_t>(quotient);
    constexpr std::uint64_t dropped = (1ULL << 29) - 1, halfway = 1ULL << 28;
    if ((bits & dropped) == halfway) return nullptr;
    if (quotient < std::numeric_limits<float>::min() && digits != 0) return nullptr;
    const float magnitude = static_cast<float>(quotient);
    value = negative ? -magnitude : magnitude;
    return at;
}

// Reads the number that starts at `at` and moves `at` behind it, or returns a problem.
std::string read_number(const char*& at, const char* end, float& value) {
    if (const char* behind = read_decimal(at, end, value)) {
        at = behind;
        return {};
    }
    const char* const field_end = skip_field(at, end);
    const auto field = [&] {
        constexpr std::ptrdiff_t max_shown = 40;
        return field_end - at <= max_shown ? std::string(at, field_end)
                                           : std::string(at, at + max_shown) + "...";
    };
    const char* const begin = at + (*at == '+' && field_end - at > 1 && at[1] != '-');
    const auto [behind, error] = std::from_chars(begin, field_end, value);
    if (error == std::errc::invalid_argument || behind != field_end)
        return "'" + field() + "' is not a number";
    if (error == std::errc::result_out_of_range) {
        // Unlike from_chars, a stream tells too large numbers from too small ones.
        std::istringstream stream(std::string(begin, field_end));
        stream.imbue(std::locale::classic());
        stream >> value;
        if (std::abs(value) > 1) value = infinity;
    }
    if (!std::isfinite(value)) return "numbers must be finite, got " + field();
    at = field_end;
    return {};
}

// Fills the row of a line, or returns a problem.
std::string parse_line(Line& line, std::size_t dimension, float* rows) {
    line.word_end = skip_field(line.begin, line.end);
    if (line.word_end == line.begin) return "a line must start with its word, found a blank";
    std::string problem;
    const char* at = line.word_end;
    std::size_t count = 0;
    if (line.row != no_row)
        for (; count < dimension && at != line.end && problem.empty(); ++count) {
            at = skip_blanks(at, line.end);
            problem = read_number(at, line.end, rows[line.row * dimension + count]);
        }
    if (problem.empty() && count == dimension && at == line.end) return {};
    // A wrong count explains more than its consequence: a word with a space in it is no bad number.
    count = 0;
    for (at = line.word_end; at != line.end; ++count)
        at = skip_field(skip_blanks(at, line.end), line.end);
    if (count == dimension) return problem;
    return "a word and " + std::to_string(dimension) + " numbers are expected, found " +
           std::to_string(count) + " numbers";
}

}  // namespace

Lines split_lines(std::string_view text, std::size_t dimension) {
    Lines result;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size());
        const char *const begin = text.data(), *end = begin + length;
        if (end != begin && end[-1] == '\r') --end;
        while (end != begin && is_blank(end[-1])) --end;
        if (end != begin) {
            const bool has_room = static_cast<std::size_t>(end - begin) / 2 >= dimension;
            const std::size_t row = has_room ? result.n_rows++ : no_row;
            result.lines.push_back({begin, end, begin, row, result.n_lines, {}});
        }
        ++result.n_lines;
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return result;
}

void parse_lines(std::vector<Line>& lines, std::size_t dimension, float* rows, int n_threads) {
    // Lines are shared out as threads become idle, since the caller's reading thread takes part of
    // a core.
    struct Nothing {};
    Crew<Nothing> crew(n_threads, {}, 1);
    crew.share(lines.size(), 32, [&](Nothing&, Range range) {
        for (std::size_t i = range.begin; i < range.end; ++i)
            lines[i].problem = parse_line(lines[i], dimension, rows);
        return true;
    });
}

}  // namespace alignx
