#include "quantize.hpp"

#include <cfloat>
#include <cmath>
#include <cstring>
#include <utility>

#include "crew.hpp"

namespace alignx {
namespace {

constexpr std::size_t lanes = RotatedRows::lanes;

constexpr std::size_t panels_at_once = 16;  // that share scratch memory

// The step is chosen on a sample of rows, among candidates that cut its largest element to these
// shares.
constexpr std::size_t sample_rows = 512;
constexpr float shares[] = {1.0f, 0.9f, 0.8f, 0.7f, 0.6f, 0.5f};

// Rounding errors of rotation and scaling in a remainder, relative to the length of the row: for up
// to 2^14 elements 2 * (14 + 2) + 1 steps round by half a unit in the last place, and so do the
// factors. That is below 64 times 2^-24.
constexpr float rounding = 0x1p-18f;

// Rounds to the nearest integer within [-limit, limit].
inline float rounded(float value, float limit) {
    // Adding and subtracting 1.5 * 2^23 leaves no bits for a fraction.
    constexpr float shift = 12582912.0f;
    // This order of arguments turns NaN into a number too.
    return (std::min(limit, std::max(-limit, value)) + shift) - shift;
}

// The largest integer that a byte may hold.
float limit_of(const Kernel& kernel, Quantized::Side side) {
    return static_cast<float>(side == Quantized::Side::keys ? kernel.key_limit : 127);
}

// The number of steps in 1, for the step with the least squared error on a sample of the rows.
float choose_steps(const Matrix& matrix, float limit) {
    const std::size_t count = std::min(matrix.rows, sample_rows);
    std::vector<float> sample;
    sample.reserve(count * matrix.columns);
    RotatedRows strip(matrix.columns);
    for (std::size_t first = 0; first < count; first += lanes) {
        const std::size_t filled = std::min(lanes, count - first);
        strip.load(filled,
                   [&](std::size_t r) { return matrix.row((first + r) * matrix.rows / count); });
        for (std::size_t r = 0; r < filled; ++r)
            for (std::size_t i = 0; i < matrix.columns; ++i) sample.push_back(strip[i][r]);
    }
    float largest = 0;
    for (const float value : sample) largest = std::max(largest, std::abs(value));
    // All zero, or overflowed: any step will do, since the lengths show it.
    if (!(largest > 0) || !std::isfinite(largest)) return 1;

    float best = limit / largest;
    double least = HUGE_VAL;
    for (const float share : shares) {
        const float steps = limit / (share * largest);
        double error = 0;
        for (const float value : sample) {
            const float scaled = value * steps;
            const double remainder = scaled - rounded(scaled, limit);
            error += remainder * remainder;
        }
        error /= static_cast<double>(steps) * steps;
        if (error < least) {
            least = error;
            best = steps;
        }
    }
    return best;
}

// The number of steps in 1, from the length of the longest row alone: elements of a rotated row are
// roughly normally distributed, and hardly any exceeds four deviations.
float steps_for(std::size_t columns, double longest, float limit) {
    if (!(longest > 0) || !std::isfinite(longest)) return 1;
    // Rounding makes unit rows a little longer than 1, which should not double the step.
    int exponent = 0;
    std::frexp(longest / 1.001, &exponent);
    const double largest = std::min(1.0, 4 / std::sqrt(static_cast<double>(columns)));
    const double steps = static_cast<double>(limit) / std::ldexp(largest, exponent);
    return static_cast<float>(std::min(steps, static_cast<double>(FLT_MAX)));
}

}  // namespace

Quantized::Quantized(const Kernel& kernel, Side side, Matrix rows, std::vector<std::uint32_t> order,
                     float steps_of_one)
    : rows_(rows),
      order_(std::move(order)),
      zero_(side == Side::keys ? kernel.key_limit + 1 : 0),
      limit_(limit_of(kernel, side)),
      width_(side == Side::keys ? kernel.tile_keys : kernel.tile_queries),
      stride_((width_ + 7) / 8 * 8),
      panels_((rows.rows + width_ - 1) / width_),
      groups_((rows.columns + 3) / 4),
      steps_of_one_(steps_of_one) {}

Quantized::Quantized(const Kernel& kernel, Matrix queries, double longest)
    : Quantized(kernel, Side::queries, queries, {},
                steps_for(queries.columns, longest, limit_of(kernel, Side::queries))) {}

Quantized::Quantized(const Kernel& kernel, Side side, Matrix rows, std::vector<std::uint32_t> order,
                     int n_threads, const std::vector<std::size_t>& group_starts)
    : Quantized(kernel, side, rows, std::move(order), choose_steps(rows, limit_of(kernel, side))) {
    if (!group_starts.empty()) divide(group_starts);
    facts_.resize(slots());
    bytes_.resize(side == Side::keys ? panels_ * panel_bytes() : 0);
    parallel_for(n_threads, (panels_ + panels_at_once - 1) / panels_at_once, [&](std::size_t i) {
        RotatedRows strip(rows.columns);
        std::vector<std::uint8_t> unused(bytes_.empty() ? panel_bytes() : 0);
        const std::size_t end = std::min(panels_, (i + 1) * panels_at_once);
        for (std::size_t panel = i * panels_at_once; panel < end; ++panel)
            quantize(panel, strip, bytes_.empty() ? unused.data() : &bytes_[panel * panel_bytes()],
                     &facts_[panel * stride_]);
    });
    for (const Facts& row : facts_) {
        longest_ = std::max(longest_, static_cast<double>(row.length));
        longest_quantized_ = std::max(longest_quantized_, static_cast<double>(row.quantized));
    }
}

void Quantized::divide(const std::vector<std::size_t>& group_starts) {
    slots_.resize(rows_.rows);
    for (std::size_t group = 0; group + 1 < group_starts.size(); ++group) {
        group_panels_.push_back(first_positions_.size());
        for (std::size_t position = group_starts[group]; position < group_starts[group + 1];
             ++position) {
            const std::size_t r = (position - group_starts[group]) % width_;
            if (r == 0) first_positions_.push_back(position);
            slots_[position] = (first_positions_.size() - 1) * stride_ + r;
        }
    }
    panels_ = first_positions_.size();
    group_panels_.push_back(panels_);
    first_positions_.push_back(rows_.rows);
}

void Quantized::quantize(std::size_t panel, RotatedRows& strip, std::uint8_t* bytes,
                         Facts* facts) const {
    const std::size_t first_row = first_position(panel), rows = filled(panel);
    for (std::size_t first = 0; first < width_; first += lanes) {
        const std::size_t count = std::min(lanes, rows - std::min(rows, first));
        strip.load(count, [&](std::size_t r) {
            const std::size_t row = first_row + first + r;
            return rows_.row(order_.empty() ? row : order_[row]);
        });
        float length[lanes] = {}, quantized[lanes] = {}, remainder[lanes] = {}, sum[lanes] = {};
        std::uint8_t* out = bytes + first * 4;
        for (std::size_t group = 0; group < groups_; ++group, out += width_ * 4) {
            std::uint32_t four[lanes] = {};
            for (std::size_t i = 0; i < 4; ++i) {
                const float* values = strip[group * 4 + i];
                for (std::size_t r = 0; r < lanes; ++r) {
                    const float scaled = values[r] * steps_of_one_;
                    const float integer = rounded(scaled, limit_);
                    length[r] += scaled * scaled;
                    quantized[r] += integer * integer;
                    remainder[r] += (scaled - integer) * (scaled - integer);
                    sum[r] += integer;
                    const auto byte = static_cast<std::uint32_t>(static_cast<int>(integer) + zero_);
                    four[r] |= (byte & 0xff) << (8 * i);
                }
            }
            std::memcpy(out, four, std::min(lanes, width_ - first) * 4);
        }
        for (std::size_t r = 0; r < count; ++r) {
            // Sums of squares in float32 are much better than a thousandth.
            const auto root = [](float squares) { return std::sqrt(squares) * 1.001f; };
            const float whole = std::isfinite(length[r]) ? root(length[r]) : infinity;
            facts[first + r] = {whole, root(quantized[r]), root(remainder[r]) + rounding * whole,
                                static_cast<std::int32_t>(sum[r])};
        }
    }
}

}  // namespace alignx
