#include "exclusion.hpp"

#include <numeric>

namespace alignx {
namespace {

// Exceeds the relative rounding errors of float32 scores and of the differences below.
constexpr double rounding = 0x1p-20;

}  // namespace

std::vector<std::uint32_t> order_alike(const Neighbors& neighbors, const FoundNeighbors& known,
                                       std::size_t rows, std::size_t panel_rows) {
    std::vector<std::uint32_t> order(rows);
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    if (!neighbors.wanted()) return order;
    const auto worst = [&](std::uint32_t i) { return neighbors.worst(i); };
    const auto room = [&](std::uint32_t i) { return known.worst(i) - neighbors.worst(i); };
    std::ranges::stable_sort(order, {}, worst);
    const double panels = static_cast<double>(rows) / static_cast<double>(panel_rows);
    const auto group = static_cast<std::ptrdiff_t>(std::sqrt(panels) + 1) *
                       static_cast<std::ptrdiff_t>(panel_rows);
    for (auto begin = order.begin(); begin != order.end();) {
        const auto end = begin + std::min(group, order.end() - begin);
        std::ranges::stable_sort(begin, end, {}, room);
        begin = end;
    }
    return order;
}

Exclusion::Exclusion(const Bounds& bounds, const FoundNeighbors& known_of_queries,
                     const FoundNeighbors& known_of_keys)
    : active_(known_of_queries.k != 0 && known_of_keys.k != 0) {
    if (!active_) return;
    queries_ = panels_of(bounds.queries, known_of_queries);
    keys_ = panels_of(bounds.keys, known_of_keys);
}

std::vector<Exclusion::Panel> Exclusion::panels_of(const ScreenedSide& side,
                                                   const FoundNeighbors& known) {
    std::vector<Panel> panels(side.codes.panels());
    for (std::size_t i = 0; i < side.rows.rows; ++i) {
        const std::size_t slot = side.codes.slot(i), row = side.row[slot];
        const double b = static_cast<double>(side.bias_of(row));
        const double c = static_cast<double>(known.worst(row));
        Panel& panel = panels[slot / side.codes.stride()];
        panel.surplus = std::max(panel.surplus, c - b + rounding * (std::abs(c) + std::abs(b)));
        panel.bias = std::min(panel.bias, b);
        if (!side.wanted()) continue;
        const double t = static_cast<double>(side.neighbors.worst(row));
        panel.room = std::max(panel.room, c - t + rounding * (std::abs(c) + std::abs(t)));
        panel.worst = std::min(panel.worst, t);
    }
    return panels;
}

}  // namespace alignx
