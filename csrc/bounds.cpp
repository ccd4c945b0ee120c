#include "bounds.hpp"

#include <cmath>
#include <numeric>
#include <utility>

namespace alignx {
namespace {

// Sums of bytes and offsets stay below it, so that three of them fit into 32 bits.
constexpr double limit = 0x1p29;

// Twice the rounding error of a sum in float32, relative to its largest term.
constexpr double float_rounding = 0x1p-23;

// Remainders have random directions, so the error of an estimate is about its bound divided by the
// root of the dimension. It hardly ever exceeds this multiple; where it does, the certificate
// fails.
constexpr double deviations = 3.5;

void set_margins(ScreenedSide& side, const ScreenedSide& other) {
    const double dimension = static_cast<double>(side.rows.columns);
    const double share = std::min(1.0, deviations / std::sqrt(dimension));
    const double mean = std::accumulate(other.error.begin(), other.error.end(), 0.0) /
                        static_cast<double>(other.rows.rows);
    for (std::size_t slot = 0; slot < side.margin.size(); ++slot)
        side.margin[slot] = static_cast<std::int32_t>(share * (side.error[slot] + mean)) + 2;
}

}  // namespace

ScreenedSide::ScreenedSide(const Quantized& codes_, Matrix rows_, const float* bias_,
                           Neighbors neighbors_)
    : codes(codes_),
      rows(rows_),
      bias(bias_),
      neighbors(neighbors_),
      row(codes.slots()),
      offset(codes.slots(), padding_offset),
      threshold(codes.slots(), highest),
      error(codes.slots()),
      shift(codes.slots()),
      margin(codes.slots()),
      effort(wanted() ? codes.slots() : 0),
      estimates(wanted() ? codes.slots() * neighbors.k : 0, lowest) {
    for (std::size_t i = 0; i < rows.rows; ++i)
        row[codes.slot(i)] = static_cast<std::uint32_t>(codes.row(i));
}

Bounds::Bounds(const Kernel& level, ScreenedSide of_queries, ScreenedSide of_keys)
    : kernel(level),
      queries(std::move(of_queries)),
      keys(std::move(of_keys)),
      unit_(queries.codes.step() * keys.codes.step()) {}

bool Bounds::prepare() {
    const double dimension = static_cast<double>(queries.rows.columns);
    const double largest_sum = 255.0 * 127.0 * 4.0 * static_cast<double>(keys.codes.groups());
    const double largest_score = queries.codes.longest() * keys.codes.longest();
    if (!(unit_ > 1e-30 && largest_score * unit_ < 1e30 && largest_sum < limit)) return false;
    double largest_bias = 0;
    for (const ScreenedSide* side : {&queries, &keys})
        for (std::size_t i = 0; i < side->rows.rows; ++i)
            largest_bias = std::max(largest_bias, std::abs(side->bias_of(i)) / unit_);
    // Of products and sums of a score, of the subtraction of the bias, and of conversions here.
    const double rounding = (dimension + 16) * float_rounding * (largest_score + largest_bias) + 4;
    if (!(largest_bias < limit / 4 && rounding < limit / 4)) return false;
    slack_ = static_cast<std::int32_t>(rounding) + 1;

    // A key's bytes have key_limit + 1 added, which adds as much times the sum of the query's.
    if (!set_offsets(queries, keys.codes.longest(), kernel.key_limit + 1, slack_)) return false;
    if (!set_offsets(keys, queries.codes.longest_quantized(), 0, 0)) return false;
    set_margins(queries, keys);
    set_margins(keys, queries);
    set_thresholds(queries);
    set_thresholds(keys);
    queries.max_effort = static_cast<std::uint32_t>(512 + keys.rows.rows / 8);
    keys.max_effort = static_cast<std::uint32_t>(512 + queries.rows.rows / 8);
    return true;
}

bool Bounds::set_offsets(ScreenedSide& side, double length_of_other, int zero, std::int32_t extra) {
    for (std::size_t i = 0; i < side.rows.rows; ++i) {
        const std::size_t slot = side.codes.slot(i);
        const double error = std::ceil(side.codes.facts(slot).remainder * length_of_other);
        const double bias = std::floor(side.bias_of(side.row[slot]) / unit_);
        const double sum = static_cast<double>(side.codes.facts(slot).sum);
        const double offset = error - bias - zero * sum + extra;
        if (!(error < limit / 4 && std::abs(offset) < limit)) return false;
        side.error[slot] = static_cast<std::int32_t>(error);
        side.shift[slot] = -static_cast<std::int32_t>(bias);
        side.offset[slot] = static_cast<std::int32_t>(offset);
    }
    return true;
}

void Bounds::set_thresholds(ScreenedSide& side) {
    if (!side.wanted()) return;
    for (std::size_t i = 0; i < side.rows.rows; ++i) {
        const std::size_t slot = side.codes.slot(i);
        const double worst = static_cast<double>(side.neighbors.worst(side.row[slot]));
        side.threshold[slot] = lowest;
        if (!std::isfinite(worst)) continue;
        // The bound of an equally good pair must exceed it.
        const double reached = std::clamp(std::floor(worst / unit_), -limit, limit);
        side.threshold[slot] = static_cast<std::int32_t>(reached) + side.shift[slot] - 1;
    }
}

bool Bounds::is_certain(const ScreenedSide& side, std::size_t slot) const {
    if (side.threshold[slot] == highest) return false;  // too much effort
    const double excluded = static_cast<double>(side.threshold[slot]) - side.shift[slot];
    return excluded < static_cast<double>(side.neighbors.worst(side.row[slot])) / unit_;
}

}  // namespace alignx
