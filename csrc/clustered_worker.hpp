// Worker of the approximate sweep (clustered.hpp).
#pragma once

#include <cmath>
#include <cstring>

#include "aligned.hpp"
#include "candidates.hpp"
#include "centroids.hpp"
#include "clustered.hpp"
#include "crew.hpp"
#include "meetings.hpp"
#include "quantize.hpp"
#include "tile.hpp"

namespace alignx {

// One side of the search. Dot products of bytes plus the offsets of both rows are estimates of
// scores less the biases of both rows.
struct ClusteredSide {
    ClusteredSide(const Quantized& bytes, const float* bias, std::size_t k, double unit)
        : codes(bytes),
          offset(bytes.slots(), padding_offset),
          threshold(bytes.slots(), highest),
          candidates(bytes.rows(), k) {
        for (std::size_t i = 0; i < bytes.rows(); ++i) {
            const double value = static_cast<double>(bias_of(bias, i));
            is_bounded = is_bounded && std::abs(value / unit) < max_steps;
            offset[bytes.slot(i)] = -in_steps(value, unit);
            if (k != 0) threshold[bytes.slot(i)] = lowest;
        }
    }

    void offer(std::size_t row, std::size_t slot, std::int32_t estimate, std::size_t other) {
        if (candidates.kept() != 0 && estimate > threshold[slot])
            threshold[slot] = candidates.offer(row, estimate, other);
    }

    const Quantized& codes;
    AlignedVector<std::int32_t> offset;
    AlignedVector<std::int32_t> threshold;
    Candidates candidates;
    bool is_bounded = true;
};

// Some successive queries, and their bytes row by row.
struct QueryWindow {
    QueryWindow(const Quantized& queries, std::size_t max_rows)
        : codes(queries),
          row_bytes((codes.groups() * 4 + 63) / 64 * 64),
          capacity(max_rows),
          bytes(max_rows * row_bytes),
          slot(max_rows),
          offset(max_rows),
          cluster_threshold(max_rows) {}

    const Quantized& codes;
    std::size_t row_bytes;  // whole cache lines
    std::size_t capacity;
    std::size_t first = 0;
    std::size_t count = 0;
    AlignedVector<std::uint8_t> bytes;
    std::vector<std::size_t> slot;
    std::vector<std::int32_t> offset;  // without biases
    std::vector<std::int32_t> cluster_threshold;
};

struct ClusteredSweep {
    const Kernel& kernel;
    ClusteredSide& queries;
    ClusteredSide& keys;
    bool both;  // whether neighbors of keys are wanted too
    const Clusters& clusters;
    const Centroids& regions;
    const Centroids& centroids;
    const Centroids& sample;  // of the centroids
    std::size_t block;        // number of queries that are prepared together, whole panels
    QueryWindow& window;
};

class ClusteredWorker {
  public:
    explicit ClusteredWorker(ClusteredSweep& sweep)
        : meetings(sweep.clusters.centroids.rows),
          sweep_(sweep),
          kernel_(sweep.kernel),
          window_(sweep.window),
          strip_(sweep.clusters.centroids.columns),
          panel_(window_.codes.panel_bytes()),
          of_regions_(sweep.clusters.regions.rows),
          met_(sweep.block),
          max_met_(std::min(sweep.clusters.clusters_met, sweep.clusters.centroids.rows) * excess) {}

    // Writes the bytes of the queries of a block and finds the clusters that they meet.
    void prepare(Range block) {
        begin_ = block.begin;
        of_regions_.clear();
        std::fill(met_.begin(), met_.end(), 0);
        for (std::size_t query = block.begin; query < block.end; query += kernel_.tile_queries)
            prepare_panel(query, std::min(kernel_.tile_queries, block.end - query));
        of_regions_.sort();
        const Quantized& codes = sweep_.centroids.codes();
        for (std::size_t region = 0; region < sweep_.clusters.regions.rows; ++region)
            each_tile(of_regions_.of_group(region), [&](std::span<const std::uint32_t> queries) {
                for (std::size_t r = 0; r < queries.size(); ++r)
                    tile_.threshold[r] = window_.cluster_threshold[queries[r]];
                for (std::size_t panel = codes.group_panel(region);
                     panel < codes.group_panel(region + 1); ++panel)
                    add_meetings(queries, panel);
            });
    }

    // Searches the keys of a cluster for the queries that meet it.
    void search(std::size_t cluster, std::span<const std::uint32_t> meeting) {
        const ClusteredSide &queries = sweep_.queries, &keys = sweep_.keys;
        const BoundGathered bound =
            sweep_.both ? kernel_.bound_gathered_both : kernel_.bound_gathered_queries;
        const std::size_t begin = keys.codes.group_panel(cluster);
        const std::size_t end = keys.codes.group_panel(cluster + 1);
        each_tile(meeting, [&](std::span<const std::uint32_t> gathered) {
            for (std::size_t r = 0; r < gathered.size(); ++r) {
                const std::size_t slot = window_.slot[gathered[r]];
                tile_.offset[r] += queries.offset[slot];
                tile_.threshold[r] = queries.threshold[slot];
            }
            for (std::size_t panel = begin; panel < end; ++panel) {
                const std::size_t slot = panel * keys.codes.stride();
                const std::uint32_t rows =
                    bound(codes_, keys.codes.keys(panel), keys.codes.groups(), tile_.query_rows(),
                          {&keys.offset[slot], &keys.threshold[slot]}, tile_.bounds, tile_.hits);
                each_bit(rows & first_bits(gathered.size()),
                         [&](std::size_t r) { offer_hits(gathered[r], panel, r); });
            }
        });
    }

    Meetings meetings;  // of clusters

  private:
    // Limits the clusters of a query to a multiple of those wanted, where many are equally near.
    static constexpr std::size_t excess = 16;

    static std::uint32_t first_bits(std::size_t count) {
        return static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
    }

    void prepare_panel(std::size_t query, std::size_t count) {
        const std::size_t panel = (window_.first + query) / kernel_.tile_queries;
        Quantized::Facts facts[max_tile_keys];
        window_.codes.quantize(panel, strip_, panel_.data(), facts);
        for (std::size_t r = 0; r < count; ++r)
            for (std::size_t group = 0; group < window_.codes.groups(); ++group)
                std::memcpy(&window_.bytes[(query + r) * window_.row_bytes + group * 4],
                            &panel_[(group * kernel_.tile_queries + r) * 4], 4);
        std::fill_n(tile_.offset, max_tile_queries, padding_offset);
        for (std::size_t r = 0; r < count; ++r) {
            window_.slot[query + r] = window_.codes.slot(window_.first + query + r);
            // Keys' bytes have key_limit + 1 added, which adds as much times the query's sum.
            tile_.offset[r] = window_.offset[query + r] = -(kernel_.key_limit + 1) * facts[r].sum;
        }
        const Clusters& clusters = sweep_.clusters;
        const std::size_t wanted_of_sample =
            clusters.clusters_met * sweep_.sample.codes().rows() / clusters.centroids.rows;
        sweep_.sample.bound_all(as_queries(panel_.data()), count, tile_, values_);
        for (std::size_t r = 0; r < count; ++r)
            window_.cluster_threshold[query + r] =
                clusters.clusters_met >= clusters.centroids.rows
                    ? lowest
                    : in_unit_of_centroids(threshold_for(kernel_, values_[r], wanted_of_sample));
        sweep_.regions.bound_all(as_queries(panel_.data()), count, tile_, values_);
        for (std::size_t r = 0; r < count; ++r) {
            const std::int32_t threshold = threshold_for(kernel_, values_[r], clusters.regions_met);
            for (std::size_t region = 0; region < values_[r].size(); ++region)
                if (values_[r][region] > threshold) of_regions_.add(region, query + r);
        }
    }

    std::int32_t in_unit_of_centroids(std::int32_t threshold) const {
        if (threshold == lowest) return threshold;
        return in_steps(threshold * sweep_.sample.unit(), sweep_.centroids.unit());
    }

    // Adds the clusters of a panel that the queries of the tile meet.
    void add_meetings(std::span<const std::uint32_t> queries, std::size_t panel) {
        const Quantized& codes = sweep_.centroids.codes();
        const std::size_t first = codes.first_position(panel);
        const std::uint32_t filled = first_bits(codes.filled(panel));
        const std::uint32_t rows =
            sweep_.centroids.bound(kernel_.bound_gathered_queries, codes_, panel, tile_);
        each_bit(rows & first_bits(queries.size()), [&](std::size_t r) {
            std::size_t& met = met_[queries[r] - begin_];
            each_bit(tile_.of_query(r) & filled, [&](std::size_t c) {
                if (met == max_met_) return;
                meetings.add(first + c, queries[r]);
                ++met;
            });
        });
    }

    // Gathers queries and calls `work` for each tile full of them. The last tile repeats its first
    // query, which has no hits there.
    template <typename Work>
    void each_tile(std::span<const std::uint32_t> queries, Work&& work) {
        while (!queries.empty()) {
            const std::size_t count = std::min(kernel_.tile_queries, queries.size());
            for (std::size_t r = 0; r < kernel_.tile_queries; ++r) {
                const std::size_t query = queries[r < count ? r : 0];
                codes_[r] = as_queries(&window_.bytes[query * window_.row_bytes]);
                tile_.offset[r] = window_.offset[query];
                tile_.threshold[r] = highest;
            }
            work(queries.first(count));
            queries = queries.subspan(count);
        }
    }

    // Offers the hits in row r of the tile to both sides.
    void offer_hits(std::size_t query, std::size_t panel, std::size_t r) {
        ClusteredSide &queries = sweep_.queries, &keys = sweep_.keys;
        const std::size_t row = window_.first + query, slot = window_.slot[query];
        const std::size_t first_key = keys.codes.first_position(panel);
        const std::size_t first_slot = panel * keys.codes.stride();
        const std::int32_t* const estimates = tile_.row(kernel_, r);
        // A query with few candidates accepts even padding.
        each_bit(tile_.of_query(r) & first_bits(keys.codes.filled(panel)),
                 [&](std::size_t c) { queries.offer(row, slot, estimates[c], first_key + c); });
        each_bit(tile_.of_keys(r), [&](std::size_t c) {
            keys.offer(first_key + c, first_slot + c, estimates[c], row);
        });
    }

    ClusteredSweep& sweep_;
    const Kernel& kernel_;
    QueryWindow& window_;
    RotatedRows strip_;
    AlignedVector<std::uint8_t> panel_;
    std::size_t begin_ = 0;  // of the block
    Meetings of_regions_;
    std::vector<std::size_t> met_;  // number of clusters of each query of the block
    std::size_t max_met_;
    std::vector<std::int32_t> values_[max_tile_queries];
    const std::int8_t* codes_[max_tile_queries];
    QueryTile tile_;
};

}  // namespace alignx
