#include "vec_reader.hpp"

#include <algorithm>
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

const std::string not_finite = "numbers must be finite, got ";

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

const char* skip_blanks(const char* at, const char* end) {
    while (at != end && is_blank(*at)) ++at;
    return at;
}

const char* skip_field(const char* at, const char* end, Dialect dialect) {
    while (at != end && !dialect.is_end(*at)) ++at;
    return at;
}

// From the end of a field to the next one. Only blanks may be repeated.
const char* skip_separator(const char* at, const char* end, Dialect dialect) {
    if (at != end && !dialect.is_blank()) ++at;
    return skip_blanks(at, end);
}

// From the end of a field to its beginning.
const char* field_begin(const char* begin, const char* at, Dialect dialect) {
    while (at != begin && !dialect.is_end(at[-1])) --at;
    return at;
}

// From the beginning of a field, which is not the first, to the end of the field before.
const char* field_before(const char* begin, const char* at, Dialect dialect) {
    if (!dialect.is_blank()) return at - 1;
    while (at != begin && is_blank(at[-1])) --at;
    return at;
}

constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

// Plain decimals of at most 18 digits below 2^53: digits and power of ten are exact doubles, so
// their quotient is correctly rounded. Rounding it once more to float is wrong only if it lies
// exactly between two floats, or below the normal ones; then, and for exponents and other forms,
// the result is null and the general parser decides.
inline const char* read_decimal(const char* at, const char* end, Dialect dialect, float& value) {
    const bool negative = *at == '-';
    at += negative || *at == '+';
    const char* const begin = at;
    std::uint64_t digits = 0;
    for (; at != end && is_digit(*at); ++at)
        digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
    std::ptrdiff_t n_digits = at - begin;
    std::ptrdiff_t n_decimals = 0;
    if (at != end && *at == dialect.decimal) {
        const char* const point = ++at;
        for (; at != end && is_digit(*at); ++at)
            digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
        n_decimals = at - point;
        n_digits += n_decimals;
    }
    if (n_digits == 0 || n_digits > 18 || digits > (1ULL << 53)) return nullptr;
    if (at != end && !dialect.is_end(*at)) return nullptr;
    const double quotient = static_cast<double>(digits) / powers_of_ten[n_decimals];
    const auto bits = std::bit_cast<std::uint64_t>(quotient);
    constexpr std::uint64_t dropped = (1ULL << 29) - 1, halfway = 1ULL << 28;
    if ((bits & dropped) == halfway) return nullptr;
    if (quotient < std::numeric_limits<float>::min() && digits != 0) return nullptr;
    const float magnitude = static_cast<float>(quotient);
    value = negative ? -magnitude : magnitude;
    return at;
}

// Any number; with a decimal point whatever the dialect. `message` is empty if it is one.
struct Number {
    Number(std::string_view field, Dialect dialect) : text(field) {
        while (!text.empty() && is_blank(text.back())) text.pop_back();
        const std::string shown = text.size() <= 40 ? text : text.substr(0, 40) + "...";
        if (dialect.decimal != '.')
            for (char& c : text) c = c == dialect.decimal ? '.' : c == '.' ? '?' : c;
        const std::size_t plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
        const char *const begin = text.data() + plus, *const end = text.data() + text.size();
        const auto [behind, error] = std::from_chars(begin, end, value);
        if (error == std::errc::invalid_argument || behind != end) {
            message = "'" + shown + "' is not a number";
            return;
        }
        if (error == std::errc::result_out_of_range) {
            // Unlike from_chars, a stream tells too large numbers from too small ones.
            std::istringstream stream(std::string(begin, end));
            stream.imbue(std::locale::classic());
            stream >> value;
            if (std::abs(value) > 1) value = infinity;
        }
        if (!std::isfinite(value)) message = not_finite + shown;
    }

    // Words such as "nan" aside.
    bool has_digits() const {
        return (message.empty() || std::isinf(value)) &&
               text.find_first_of("0123456789") != text.npos;
    }

    std::string text;
    float value = 0;
    std::string message;
};

// Reads numbers up to the end of the line, or returns a problem.
std::string read_numbers(const char* at, const char* end, std::size_t dimension, Dialect dialect,
                         float* row) {
    for (std::size_t i = 0; i < dimension; ++i) {
        at = skip_separator(at, end, dialect);
        if (at == end) return "a number is missing";
        if (const char* const behind = read_decimal(at, end, dialect, row[i])) {
            at = behind;
            continue;
        }
        const char* const field_end = skip_field(at, end, dialect);
        const Number number({at, field_end}, dialect);
        if (!number.message.empty()) return number.message;
        row[i] = number.value;
        at = field_end;
    }
    return at == end ? std::string() : "there is a number too many";
}

// Digits behind the decimal point.
std::ptrdiff_t count_decimals(std::string_view field, Dialect dialect) {
    const auto point = std::find(field.begin(), field.end(), dialect.decimal);
    if (point == field.end()) return 0;
    return std::find_if_not(point + 1, field.end(), is_digit) - (point + 1);
}

// The fields of a line, the last first.
struct Fields {
    Fields(const Line& line, Dialect signs) : begin(line.begin), dialect(signs) {
        for (const char* at = line.end;;) {
            const char* const end = at;
            at = field_begin(begin, end, dialect);
            all.emplace_back(at, static_cast<std::size_t>(end - at));
            if (at == begin) break;
            at = field_before(begin, at, dialect);
            if (dialect.is_blank() && at == begin) break;
        }
    }

    bool is_number(std::size_t i) const { return Number(all[i], dialect).has_digits(); }

    // Whether the line begins with a field, not with a separator.
    bool has_word() const { return all.back().data() == begin && !all.back().empty(); }

    std::size_t count_numbers_at_end() const {
        std::size_t count = 0;
        while (count < all.size() - has_word() && is_number(count)) ++count;
        return count;
    }

    // End of the word before the last `dimension` fields. Of blanks alone, the last is a separator.
    const char* word_end(std::size_t dimension) const {
        const char* const first = all[dimension - 1].data();
        if (first == begin) return begin;
        const char* at = field_before(begin, first, dialect);
        if (dialect.is_blank() && at == begin) return first - 1;
        while (at != begin && is_blank(at[-1])) --at;
        return at;
    }

    // Whether the first tab ends the word, and all tabs or spaces separate the numbers.
    bool are_numbers_behind_the_tab(std::size_t dimension) const {
        const char *const first = all[dimension - 1].data(), *const end =
                                                                 all[0].data() + all[0].size();
        return dialect.is_blank() && std::find(begin, first, '\t') == first - 1 &&
               (std::find(first, end, '\t') == end || std::find(first, end, ' ') == end);
    }

    // Whether all fields but the last `dimension` can be a word. "10 000 0.25 0.5" can be "10 000"
    // and two numbers; "cat 1 2 3" rather has one number too many, and two joined lines have many.
    bool is_word_plausible(std::size_t dimension) const {
        if (all.size() <= dimension || !is_number(dimension)) return true;
        if (are_numbers_behind_the_tab(dimension)) return true;
        const std::string_view last = all[dimension];
        if (last.find_first_of("+-eE") != last.npos) return false;
        std::ptrdiff_t most = 0;
        for (std::size_t i = 0; i < dimension; ++i)
            most = std::max(most, count_decimals(all[i], dialect));
        const std::ptrdiff_t own = count_decimals(last, dialect);
        return own == 0 ? most > 0 : own <= 2 && most >= 4;
    }

    // Whether so many of the fields are numbers that a line end must be missing.
    bool are_two_lines(std::size_t dimension) const {
        std::size_t count = 0;
        for (std::size_t i = dimension; i < all.size(); ++i) count += is_number(i);
        return count >= std::max<std::size_t>(dimension, 4) - 1;
    }

    const char* begin;
    Dialect dialect;
    std::vector<std::string_view> all;
};

// Fills the row of a line, or returns a problem.
std::string parse_line(Line& line, std::size_t dimension, Dialect dialect, float* rows) {
    float* const row = line.row == no_row ? nullptr : rows + line.row * dimension;
    line.word_end = skip_field(line.begin, line.end, dialect);
    std::string problem;
    if (row != nullptr && line.word_end != line.begin && !is_blank(line.word_end[-1])) {
        problem = read_numbers(line.word_end, line.end, dimension, dialect, row);
        if (problem.empty()) return {};
    }
    const Fields fields(line, dialect);
    // With the right count, a bad number is no part of a word.
    if (!problem.empty() && fields.all.size() == dimension + 1) return problem;
    const std::size_t count = fields.count_numbers_at_end();
    const std::string wrong_count = "a word and " + std::to_string(dimension) +
                                    (dimension == 1 ? " number" : " numbers") +
                                    " are expected, found " + std::to_string(count);
    if (row == nullptr || fields.all.size() < dimension) return wrong_count;
    line.word_end = fields.word_end(dimension);
    line.is_spaced = true;
    if (line.word().find('\r', 1) != line.word().npos)
        return "carriage returns end some lines and not others; convert the file first, such as "
               "with mac2unix";
    if (line.word_end == line.begin)
        return count == dimension ? "a line must start with its word, found none" : wrong_count;
    const char* const numbers = field_before(line.begin, fields.all[dimension - 1].data(), dialect);
    problem = read_numbers(numbers, line.end, dimension, dialect, row);
    if (problem.starts_with(not_finite)) return problem;
    if (problem.empty() && fields.are_two_lines(dimension))
        return "this looks like two lines without a line end between them";
    return problem.empty() && fields.is_word_plausible(dimension) ? std::string() : wrong_count;
}

}  // namespace

Lines split_lines(std::string_view text, std::size_t dimension) {
    Lines result;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size());
        const char *const begin = text.data(), *end = begin + length;
        while (end != begin && end[-1] == '\r') --end;
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

void parse_lines(std::vector<Line>& lines, std::size_t dimension, Dialect dialect, float* rows,
                 int n_threads) {
    // Lines are shared out as threads become idle, since the caller's reading thread takes part of
    // a core.
    struct Nothing {};
    Crew<Nothing> crew(n_threads, {}, 1);
    crew.share(lines.size(), 32, [&](Nothing&, Range range) {
        for (std::size_t i = range.begin; i < range.end; ++i)
            lines[i].problem = parse_line(lines[i], dimension, dialect, rows);
        return true;
    });
}

}  // namespace alignx
