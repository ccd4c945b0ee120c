#include "clustered.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "aligned.hpp"
#include "quantize.hpp"

namespace alignx {
namespace {

// Of a window: bytes of its queries, and how often they meet clusters, about.
constexpr std::size_t most_code_bytes = std::size_t{16} << 20;
constexpr std::size_t most_meetings = std::size_t{8} << 20;
// A query meets at most that many times as many clusters as it should: where many are equally near,
// the first of them.
constexpr std::size_t excess = 16;
// Thresholds for clusters are chosen on that many of them.
constexpr std::size_t sampled_clusters = 512;
// A share of what is wanted, by which more may exceed a threshold.
constexpr std::size_t tolerance = 8;
// Clusters between two reports of progress, and what finding them takes of the time, about.
constexpr std::size_t clusters_of_a_step = 256;
constexpr double share_of_meeting = 0.3;

constexpr std::size_t panels_of_a_block = 64;
constexpr std::size_t bits = 64;  // of a word

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();
constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
// Biases stay below it, in steps, so that sums fit into 32 bits.
constexpr double most_steps = 0x1p28;

// The offset of padding, of which bounds are written but not looked at.
constexpr std::int32_t far_below = -(std::int32_t{1} << 29);

std::int32_t in_steps(double value, double unit) {
    // This order of arguments turns NaN into a number too.
    return static_cast<std::int32_t>(std::max(-most_steps, std::min(most_steps, value / unit)));
}

// A bit for each row that a panel holds.
std::uint32_t filled_bits(const Quantized& codes, std::size_t panel) {
    return static_cast<std::uint32_t>((std::uint64_t{1} << codes.filled(panel)) - 1);
}

// A tile's worth of queries, side by side or anywhere.
struct Tile {
    std::int32_t offset[max_tile_queries];
    std::int32_t threshold[max_tile_queries];
    std::int32_t bounds[max_tile_queries * max_tile_keys];
    std::uint32_t hits[2 * max_tile_queries];
};

// Centroids as bytes. Bounds on their products are in one unit for all of them.
class Centroids {
  public:
    Centroids(const Kernel& kernel, const Quantized& queries, Matrix rows, const float* bias,
              const std::vector<std::size_t>& group_starts, int n_threads)
        : kernel_(kernel),
          codes_(kernel, Quantized::Side::keys, rows, {}, n_threads, group_starts),
          offset_(codes_.slots(), far_below),
          unused_(codes_.slots(), highest),
          unit_(queries.step() * codes_.step()) {
        for (std::size_t i = 0; i < rows.rows; ++i)
            offset_[codes_.slot(i)] = in_steps(-static_cast<double>(bias_of(bias, i)), unit_);
    }

    const Quantized& codes() const { return codes_; }
    double unit() const { return unit_; }

    template <typename Compute, typename Queries>
    std::uint32_t bound(Compute compute, Queries queries, std::size_t panel, Tile& tile) const {
        const std::size_t slot = panel * codes_.stride();
        return compute(queries, codes_.keys(panel), codes_.groups(), {tile.offset, tile.threshold},
                       {&offset_[slot], &unused_[slot]}, tile.bounds, tile.hits);
    }

    // Bounds of the queries of a panel with all centroids: `all[r]` are those of query r.
    void bounds(const std::int8_t* queries, std::size_t count, Tile& tile,
                std::vector<std::int32_t>* all) const {
        std::fill_n(tile.threshold, max_tile_queries, lowest);
        for (std::size_t r = 0; r < count; ++r) all[r].clear();
        for (std::size_t panel = 0; panel < codes_.panels(); ++panel) {
            bound(kernel_.bound_queries, queries, panel, tile);
            for (std::size_t r = 0; r < count; ++r) {
                const std::int32_t* const row = tile.bounds + r * kernel_.tile_keys;
                all[r].insert(all[r].end(), row, row + codes_.filled(panel));
            }
        }
    }

  private:
    const Kernel& kernel_;
    Quantized codes_;
    AlignedVector<std::int32_t> offset_;
    AlignedVector<std::int32_t> unused_;
    double unit_;
};

// A value that about `wanted` of the values exceed, or the lowest if all may.
std::int32_t threshold_for(const Kernel& kernel, const std::vector<std::int32_t>& values,
                           std::size_t wanted) {
    if (wanted >= values.size()) return lowest;
    std::int32_t least = highest, most = lowest;
    for (const std::int32_t value : values) {
        least = std::min(least, value);
        most = std::max(most, value);
    }
    std::int64_t low = std::int64_t{least} - 1, high = most;  // too many exceed low; high is safe
    while (high - low > 1) {
        const auto middle = static_cast<std::int32_t>((low + high) / 2);
        const std::size_t found = kernel.count_above(values.data(), values.size(), middle);
        (found > wanted ? low : high) = middle;
        if (found >= wanted && found - wanted <= wanted / tolerance) return middle;
    }
    return static_cast<std::int32_t>(low);
}

// A bit for each query of a block and each region.
class Bits {
  public:
    Bits(std::size_t queries, std::size_t others)
        : words_((queries + bits - 1) / bits), data_(words_ * others) {}

    void clear() { std::fill(data_.begin(), data_.end(), 0); }

    void set(std::size_t other, std::size_t query) {
        data_[other * words_ + query / bits] |= std::uint64_t{1} << (query % bits);
    }

    // Calls `found` for each query, in order.
    template <typename Found>
    void each(std::size_t other, Found&& found) const {
        for (std::size_t word = 0; word < words_; ++word)
            for (std::uint64_t rest = data_[other * words_ + word]; rest != 0; rest &= rest - 1)
                found(word * bits + static_cast<std::size_t>(__builtin_ctzll(rest)));
    }

  private:
    std::size_t words_;
    std::vector<std::uint64_t> data_;
};

// Which queries of a window meet which clusters.
class Meetings {
  public:
    explicit Meetings(std::size_t clusters) : clusters_(clusters) {}

    std::size_t size() const { return found_.size(); }
    void clear() { found_.clear(); }
    void add(std::size_t cluster, std::size_t query) {
        found_.push_back({static_cast<std::uint32_t>(cluster), static_cast<std::uint32_t>(query)});
    }

    // Orders them by cluster, those of a cluster as they were added.
    void sort() {
        ends_.assign(clusters_ + 1, 0);
        for (const Meeting& meeting : found_) ++ends_[meeting.cluster + 1];
        std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
        queries_.resize(found_.size());
        for (const Meeting& meeting : found_) queries_[ends_[meeting.cluster]++] = meeting.query;
    }

    const std::uint32_t* begin(std::size_t cluster) const {
        return queries_.data() + (cluster == 0 ? 0 : ends_[cluster - 1]);
    }
    const std::uint32_t* end(std::size_t cluster) const { return queries_.data() + ends_[cluster]; }

  private:
    struct Meeting {
        std::uint32_t cluster;
        std::uint32_t query;
    };

    std::size_t clusters_;
    std::vector<Meeting> found_;
    std::vector<std::size_t> ends_;  // of each cluster in `queries_`, once it is sorted
    AlignedVector<std::uint32_t> queries_;
};

// The candidates of every row of one side: others with the largest estimates of their scores, some
// more than are asked for, since estimates are wrong by what rounding to bytes makes of them.
class Candidates {
  public:
    Candidates(std::size_t rows, std::size_t k)
        : kept_(k == 0 ? 0 : k + std::max<std::size_t>(6, k / 2)),
          estimates_(rows * kept_, lowest),
          others_(rows * kept_, nobody) {}

    std::size_t kept() const { return kept_; }

    // Enters another, and gives the threshold that further ones must exceed. Equal estimates are
    // ordered by lower index, and of several estimates of one pair the best counts, so that the
    // order in which they come does not matter.
    std::int32_t offer(std::size_t row, std::int32_t estimate, std::uint32_t other) {
        std::int32_t* const e = &estimates_[row * kept_];
        std::uint32_t* const o = &others_[row * kept_];
        if (better(estimate, other, e[0], o[0])) {
            const auto at = static_cast<std::size_t>(std::find(o, o + kept_, other) - o);
            if (at == kept_)
                sift_down(e, o, 0, estimate, other);
            else if (estimate > e[at])
                sift_down(e, o, at, estimate, other);
        }
        return e[0] == lowest ? lowest : e[0] - 1;
    }

    // The candidates of a row are the first of these that are somebody.
    const std::uint32_t* others(std::size_t row) const { return &others_[row * kept_]; }

  private:
    static bool better(std::int32_t estimate, std::uint32_t other, std::int32_t than,
                       std::uint32_t than_other) {
        return estimate > than || (estimate == than && other < than_other);
    }

    // Replaces one and restores the order: each parent is worse than its children.
    void sift_down(std::int32_t* e, std::uint32_t* o, std::size_t at, std::int32_t estimate,
                   std::uint32_t other) const {
        for (std::size_t child = 2 * at + 1; child < kept_; child = 2 * at + 1) {
            if (child + 1 < kept_ && better(e[child], o[child], e[child + 1], o[child + 1]))
                ++child;
            if (!better(estimate, other, e[child], o[child])) break;
            e[at] = e[child];
            o[at] = o[child];
            at = child;
        }
        e[at] = estimate;
        o[at] = other;
    }

    std::size_t kept_;
    std::vector<std::int32_t> estimates_;
    std::vector<std::uint32_t> others_;
};

// One side of the search. Sums of products of bytes and both offsets are estimates of scores less
// the biases of both rows.
struct Side {
    Side(const Quantized& bytes, const float* bias, std::size_t k, double unit)
        : codes(bytes),
          offset(bytes.slots(), far_below),
          threshold(bytes.slots(), highest),
          candidates(bytes.rows(), k) {
        for (std::size_t i = 0; i < bytes.rows(); ++i) {
            const double value = static_cast<double>(bias_of(bias, i));
            is_bounded = is_bounded && std::abs(value / unit) < most_steps;
            offset[bytes.slot(i)] = -in_steps(value, unit);
            if (k != 0) threshold[bytes.slot(i)] = lowest;
        }
    }

    void offer(std::size_t row, std::size_t slot, std::int32_t estimate, std::size_t other) {
        if (candidates.kept() != 0 && estimate > threshold[slot])
            threshold[slot] = candidates.offer(row, estimate, static_cast<std::uint32_t>(other));
    }

    const Quantized& codes;
    AlignedVector<std::int32_t> offset;
    AlignedVector<std::int32_t> threshold;
    Candidates candidates;
    bool is_bounded = true;
};

// Some successive queries, and their bytes row by row.
struct Window {
    Window(const Quantized& queries, std::size_t most)
        : codes(queries),
          row_bytes((codes.groups() * 4 + 63) / 64 * 64),
          capacity(most),
          bytes(most * row_bytes),
          slot(most),
          offset(most),
          cluster_threshold(most) {}

    const std::int8_t* code(std::size_t query) const {
        return reinterpret_cast<const std::int8_t*>(&bytes[query * row_bytes]);
    }

    const Quantized& codes;
    std::size_t row_bytes;  // whole cache lines
    std::size_t capacity;
    std::size_t first = 0;
    std::size_t count = 0;
    AlignedVector<std::uint8_t> bytes;
    std::vector<std::size_t> slot;
    std::vector<std::int32_t> offset;  // but for biases
    std::vector<std::int32_t> cluster_threshold;
};

// What all threads use.
struct Sweep {
    const Kernel& kernel;
    Side& queries;
    Side& keys;
    bool both;  // sides are wanted
    const Clusters& clusters;
    const Centroids& regions;
    const Centroids& centroids;
    const Centroids& sample;
    std::size_t block;  // of queries, which fill panels
    Window& window;
};

// One thread's scratch and its walks. Queries that meet the same are gathered, a tile at a time.
class Worker {
  public:
    explicit Worker(Sweep& sweep)
        : meetings(sweep.clusters.centroids.rows),
          sweep_(sweep),
          kernel_(sweep.kernel),
          strip_(sweep.clusters.centroids.columns),
          panel_(sweep.window.codes.panel_bytes()),
          of_regions_(sweep.block, sweep.clusters.regions.rows),
          met_(sweep.block),
          most_met_(std::min(sweep.clusters.clusters_met, sweep.clusters.centroids.rows) * excess) {
    }

    // Writes the bytes of the queries of a block, and finds the clusters that they meet.
    void prepare(std::size_t begin, std::size_t end) {
        Window& window = sweep_.window;
        begin_ = begin;
        of_regions_.clear();
        std::fill(met_.begin(), met_.end(), 0);
        for (std::size_t query = begin; query < end; query += kernel_.tile_queries)
            prepare_panel(query, std::min(kernel_.tile_queries, end - query));
        const Quantized& codes = sweep_.centroids.codes();
        for (std::size_t region = 0; region < sweep_.clusters.regions.rows; ++region) {
            const auto compare = [&] {
                for (std::size_t r = 0; r < count_; ++r)
                    tile_.threshold[r] = window.cluster_threshold[gathered_[r]];
                for (std::size_t panel = codes.group_panel(region);
                     panel < codes.group_panel(region + 1); ++panel)
                    note_clusters(panel);
            };
            of_regions_.each(region, [&](std::size_t query) { gather(begin + query, compare); });
            finish(compare);
        }
    }

    // Searches the keys of a cluster for the queries that meet it.
    void search(std::size_t cluster, const Meetings& met) {
        const auto compare = [&] { search_gathered(cluster); };
        for (const std::uint32_t* query = met.begin(cluster); query != met.end(cluster); ++query)
            gather(*query, compare);
        finish(compare);
    }

    Meetings meetings;

  private:
    void prepare_panel(std::size_t query, std::size_t count) {
        Window& window = sweep_.window;
        const std::size_t panel = (window.first + query) / kernel_.tile_queries;
        std::int32_t sums[max_tile_queries];
        window.codes.write(panel, strip_, panel_.data(), sums);
        for (std::size_t r = 0; r < count; ++r)
            for (std::size_t group = 0; group < window.codes.groups(); ++group)
                std::memcpy(&window.bytes[(query + r) * window.row_bytes + group * 4],
                            &panel_[(group * kernel_.tile_queries + r) * 4], 4);
        std::fill_n(tile_.offset, max_tile_queries, far_below);
        for (std::size_t r = 0; r < count; ++r) {
            window.slot[query + r] = window.codes.slot(window.first + query + r);
            // A key's bytes have key_limit + 1 added, which adds as much times the query's sum.
            window.offset[query + r] = -(kernel_.key_limit + 1) * sums[r];
            tile_.offset[r] = window.offset[query + r];
        }
        const auto* const queries = reinterpret_cast<const std::int8_t*>(panel_.data());
        const Clusters& clusters = sweep_.clusters;
        const std::size_t of_sample =
            clusters.clusters_met * sweep_.sample.codes().rows() / clusters.centroids.rows;
        sweep_.sample.bounds(queries, count, tile_, values_);
        for (std::size_t r = 0; r < count; ++r)
            window.cluster_threshold[query + r] =
                clusters.clusters_met >= clusters.centroids.rows
                    ? lowest
                    : in_unit_of_centroids(threshold_for(kernel_, values_[r], of_sample));
        sweep_.regions.bounds(queries, count, tile_, values_);
        for (std::size_t r = 0; r < count; ++r) {
            const std::int32_t threshold = threshold_for(kernel_, values_[r], clusters.regions_met);
            for (std::size_t region = 0; region < values_[r].size(); ++region)
                if (values_[r][region] > threshold) of_regions_.set(region, query + r - begin_);
        }
    }

    std::int32_t in_unit_of_centroids(std::int32_t threshold) const {
        if (threshold == lowest) return threshold;
        return in_steps(threshold * sweep_.sample.unit(), sweep_.centroids.unit());
    }

    void note_clusters(std::size_t panel) {
        const Quantized& codes = sweep_.centroids.codes();
        const std::size_t first = codes.first_place(panel);
        const std::uint32_t filled = filled_bits(codes, panel);
        std::uint32_t rows =
            sweep_.centroids.bound(kernel_.bound_gathered_queries, codes_, panel, tile_) & real();
        for (; rows != 0; rows &= rows - 1) {
            const auto r = static_cast<std::size_t>(__builtin_ctz(rows));
            std::size_t& met = met_[gathered_[r] - begin_];
            std::uint32_t rest = tile_.hits[r] & filled;
            for (; rest != 0 && met < most_met_; rest &= rest - 1, ++met)
                meetings.add(first + static_cast<std::size_t>(__builtin_ctz(rest)), gathered_[r]);
        }
    }

    // Calls `work` once a tile is full of queries, ...
    template <typename Work>
    void gather(std::size_t query, Work&& work) {
        gathered_[count_] = query;
        codes_[count_] = sweep_.window.code(query);
        tile_.offset[count_] = sweep_.window.offset[query];
        if (++count_ < kernel_.tile_queries) return;
        work();
        count_ = 0;
    }

    // ... and for the rest: it repeats its first query, which is not looked at.
    template <typename Work>
    void finish(Work&& work) {
        if (count_ == 0) return;
        for (std::size_t r = count_; r < kernel_.tile_queries; ++r) {
            codes_[r] = codes_[0];
            tile_.offset[r] = tile_.offset[0];
            tile_.threshold[r] = highest;
        }
        work();
        count_ = 0;
    }

    std::uint32_t real() const { return (std::uint32_t{1} << count_) - 1; }

    void search_gathered(std::size_t cluster) {
        const Side &queries = sweep_.queries, &keys = sweep_.keys;
        for (std::size_t r = 0; r < count_; ++r) {
            const std::size_t slot = sweep_.window.slot[gathered_[r]];
            tile_.offset[r] += queries.offset[slot];
            tile_.threshold[r] = queries.threshold[slot];
        }
        const BoundGathered bound =
            sweep_.both ? kernel_.bound_gathered_both : kernel_.bound_gathered_queries;
        const std::size_t end = keys.codes.group_panel(cluster + 1);
        for (std::size_t panel = keys.codes.group_panel(cluster); panel < end; ++panel) {
            const std::size_t slot = panel * keys.codes.stride();
            std::uint32_t rows =
                bound(codes_, keys.codes.keys(panel), keys.codes.groups(),
                      {tile_.offset, tile_.threshold}, {&keys.offset[slot], &keys.threshold[slot]},
                      tile_.bounds, tile_.hits) &
                real();
            for (; rows != 0; rows &= rows - 1)
                offer_hits(panel, static_cast<std::size_t>(__builtin_ctz(rows)));
        }
    }

    // Offers the hits in one row of the tile to both sides.
    void offer_hits(std::size_t panel, std::size_t r) {
        Side &queries = sweep_.queries, &keys = sweep_.keys;
        const std::size_t query = sweep_.window.first + gathered_[r];
        const std::size_t query_slot = sweep_.window.slot[gathered_[r]];
        const std::size_t first_key = keys.codes.first_place(panel);
        const std::size_t first_slot = panel * keys.codes.stride();
        const std::int32_t* const estimates = tile_.bounds + r * kernel_.tile_keys;
        // A query without a full set of candidates finds padding good enough too.
        std::uint32_t rest = tile_.hits[r] & filled_bits(keys.codes, panel);
        for (; rest != 0; rest &= rest - 1) {
            const auto c = static_cast<std::size_t>(__builtin_ctz(rest));
            queries.offer(query, query_slot, estimates[c], first_key + c);
        }
        for (rest = tile_.hits[max_tile_queries + r]; rest != 0; rest &= rest - 1) {
            const auto c = static_cast<std::size_t>(__builtin_ctz(rest));
            keys.offer(first_key + c, first_slot + c, estimates[c], query);
        }
    }

    Sweep& sweep_;
    const Kernel& kernel_;
    RotatedRows strip_;
    AlignedVector<std::uint8_t> panel_;
    std::size_t begin_ = 0;  // of the block
    Bits of_regions_;
    std::vector<std::size_t> met_;  // clusters, by each query of the block
    std::size_t most_met_;
    std::vector<std::int32_t> values_[max_tile_queries];
    const std::int8_t* codes_[max_tile_queries];
    std::size_t gathered_[max_tile_queries];
    std::size_t count_ = 0;
    Tile tile_;
};

// All workers. What one of them throws is thrown once the others have joined.
class Crew {
  public:
    Crew(Sweep& sweep, const Progress& progress, int n_threads)
        : sweep_(sweep), progress_(progress), n_threads_(n_threads) {
        const auto parts = static_cast<std::size_t>(n_threads);
        workers_.reserve(parts);
        for (std::size_t i = 0; i < parts; ++i) workers_.emplace_back(sweep);
    }

    // Prepares a window of queries, until it is full or they meet many clusters. Returns false if
    // it was ended, as `search` does.
    bool prepare() {
        Window& window = sweep_.window;
        const std::size_t rows = window.codes.rows() - window.first;
        const std::size_t most = std::min(window.capacity, rows);
        for (Worker& worker : workers_) worker.meetings.clear();
        std::atomic<std::size_t> next{0}, meetings{0};
#pragma omp parallel num_threads(n_threads_)
        attempt([&] {
            Worker& worker = workers_[static_cast<std::size_t>(omp_get_thread_num())];
            while (!ended_ && meetings < most_meetings) {
                const std::size_t begin = next.fetch_add(sweep_.block);
                if (begin >= most) break;
                const std::size_t before = worker.meetings.size();
                worker.prepare(begin, std::min(begin + sweep_.block, most));
                meetings += worker.meetings.size() - before;
                report(share_of_meeting * static_cast<double>(begin));
            }
            worker.meetings.sort();
        });
        window.count = std::min(next.load(), most);
        return !is_ended();
    }

    // Searches the clusters that they meet. In every round each worker has its own clusters, and
    // its own queries: those that one of them has prepared.
    bool search() {
        const std::size_t parts = workers_.size();
#pragma omp parallel num_threads(n_threads_)
        {
            const auto begin = static_cast<std::size_t>(omp_get_thread_num());
            const auto stride = static_cast<std::size_t>(omp_get_num_threads());
            for (std::size_t round = 0; round < parts; ++round) {
#pragma omp barrier
                attempt([&] {
                    for (std::size_t i = begin; i < parts; i += stride) search_part(i, round);
                });
            }
        }
        return !is_ended();
    }

  private:
    void search_part(std::size_t part, std::size_t round) {
        const std::size_t parts = workers_.size(), count = sweep_.clusters.centroids.rows;
        const Meetings& met = workers_[(part + round) % parts].meetings;
        if (met.size() == 0) return;
        const double rows = static_cast<double>(sweep_.window.count);
        for (std::size_t cluster = part; cluster < count && !ended_; cluster += parts) {
            workers_[part].search(cluster, met);
            if (cluster / parts % clusters_of_a_step != 0) continue;
            const double share = static_cast<double>(cluster) / static_cast<double>(count);
            const double done = (static_cast<double>(round) + share) / static_cast<double>(parts);
            report(rows * (share_of_meeting + (1 - share_of_meeting) * done));
        }
    }

    // Tells how many queries of the window are done, if it is the calling thread.
    void report(double done) {
        if (!progress_ || omp_get_thread_num() != 0) return;
        done += static_cast<double>(sweep_.window.first);
        if (!progress_(done / static_cast<double>(sweep_.window.codes.rows()))) ended_ = true;
    }

    template <typename Work>
    void attempt(Work&& work) noexcept {
        try {
            work();
        } catch (...) {
#pragma omp critical
            failure_ = std::current_exception();
            ended_ = true;
        }
    }

    bool is_ended() {
        if (failure_) std::rethrow_exception(failure_);
        return ended_;
    }

    Sweep& sweep_;
    const Progress& progress_;
    int n_threads_;
    std::vector<Worker> workers_;
    std::atomic<bool> ended_{false};
    std::exception_ptr failure_;
};

// Offers the neighbors that are known of the queries to both sides.
void offer_known(const Search& search, double unit, Side& queries, Side& keys) {
    const FoundNeighbors& known = search.known_of_queries;
    for (std::size_t row = 0; row < search.queries.rows; ++row)
        for (std::size_t at = row * known.k; at < (row + 1) * known.k; ++at) {
            if (known.indices[at] < 0) continue;
            const auto key = static_cast<std::size_t>(known.indices[at]);
            const double score = static_cast<double>(known.scores[at]) -
                                 static_cast<double>(bias_of(search.query_bias, row)) -
                                 static_cast<double>(bias_of(search.key_bias, key));
            const std::int32_t estimate = in_steps(score, unit);
            queries.offer(row, queries.codes.slot(row), estimate, key);
            keys.offer(key, keys.codes.slot(key), estimate, row);
        }
}

// Computes the scores of all candidates of a side and keeps the best.
class Rescoring {
  public:
    Rescoring(const Kernel& kernel, const Candidates& candidates, Matrix rows, Matrix others,
              const float* other_bias, Neighbors neighbors)
        : kernel_(kernel),
          candidates_(candidates),
          rows_(rows),
          others_(others),
          other_bias_(other_bias),
          neighbors_(neighbors) {}

    void run(int n_threads) {
        if (!neighbors_.wanted()) return;
        const Scratch empty{std::vector<const float*>(candidates_.kept()),
                            std::vector<const float*>(candidates_.kept()),
                            std::vector<float>(candidates_.kept())};
        std::vector<Scratch> scratch(static_cast<std::size_t>(n_threads), empty);
        const auto count = static_cast<std::int64_t>(rows_.rows);
#pragma omp parallel for num_threads(n_threads) schedule(static)
        for (std::int64_t i = 0; i < count; ++i)
            score(static_cast<std::size_t>(i),
                  scratch[static_cast<std::size_t>(omp_get_thread_num())]);
    }

  private:
    struct Scratch {
        std::vector<const float*> own;
        std::vector<const float*> others;
        std::vector<float> scores;
    };

    void score(std::size_t row, Scratch& scratch) {
        const std::uint32_t* const found = candidates_.others(row);
        std::size_t filled = 0;
        for (std::size_t at = 0; at < candidates_.kept(); ++at)
            if (found[at] != nobody) {
                scratch.own[filled] = rows_.row(row);
                scratch.others[filled++] = others_.row(found[at]);
            }
        kernel_.score_pairs(scratch.own.data(), scratch.others.data(), filled, rows_.columns,
                            scratch.scores.data());
        neighbors_.clear(row);
        for (std::size_t at = 0, pair = 0; at < candidates_.kept(); ++at)
            if (found[at] != nobody)
                neighbors_.push(row, scratch.scores[pair++] - bias_of(other_bias_, found[at]),
                                found[at]);
        neighbors_.sort(row);
    }

    const Kernel& kernel_;
    const Candidates& candidates_;
    Matrix rows_;
    Matrix others_;
    const float* other_bias_;
    Neighbors neighbors_;
};

// Length of the longest row; infinite if one is not finite.
double longest_row(Matrix matrix, int n_threads) {
    const auto count = static_cast<std::int64_t>(matrix.rows);
    double longest = 0;
#pragma omp parallel for num_threads(n_threads) schedule(static) reduction(max : longest)
    for (std::int64_t i = 0; i < count; ++i) {
        const float* const row = matrix.row(static_cast<std::size_t>(i));
        double squares = 0;
#pragma omp simd reduction(+ : squares)
        for (std::size_t column = 0; column < matrix.columns; ++column)
            squares += static_cast<double>(row[column]) * static_cast<double>(row[column]);
        longest = std::max(longest, std::isfinite(squares) ? squares : HUGE_VAL);
    }
    return std::sqrt(longest);
}

// Rows of a matrix at equal distances.
std::vector<float> sampled(Matrix matrix, std::size_t count) {
    std::vector<float> rows(count * matrix.columns);
    for (std::size_t i = 0; i < count; ++i)
        std::copy_n(matrix.row(i * matrix.rows / count), matrix.columns, &rows[i * matrix.columns]);
    return rows;
}

}  // namespace

Outcome clustered_sweep(const Kernel& kernel, const Search& search, const Clusters& clusters,
                        const Progress& progress) {
    const int n_threads = search.n_threads;
    const Quantized& keys = *search.prepared_keys;
    const double longest = longest_row(search.queries, n_threads);
    const Quantized queries(kernel, search.queries, longest);
    const double unit = queries.step() * keys.step();
    if (!(unit > 1e-30 && longest * keys.longest() * keys.step() < 1e30)) return Outcome::unbounded;
    Side of_queries(queries, search.query_bias, search.of_queries.k, unit);
    Side of_keys(keys, search.key_bias, search.of_keys.k, unit);
    if (!of_queries.is_bounded || !of_keys.is_bounded) return Outcome::unbounded;
    offer_known(search, unit, of_queries, of_keys);

    const std::size_t count = clusters.centroids.rows, columns = search.keys.columns;
    const std::size_t sample_count = std::min(count, sampled_clusters);
    const std::vector<float> sample_rows = sampled(clusters.centroids, sample_count);
    std::vector<float> sample_bias(sample_count);
    for (std::size_t i = 0; i < sample_count; ++i)
        sample_bias[i] = bias_of(clusters.bias, i * count / sample_count);
    const Centroids sample(kernel, queries, {sample_rows.data(), sample_count, columns},
                           sample_bias.data(), {}, n_threads);
    const Centroids regions(kernel, queries, clusters.regions, nullptr, {}, n_threads);
    const Centroids centroids(kernel, queries, clusters.centroids, clusters.bias,
                              clusters.region_starts, n_threads);

    const std::size_t block = kernel.tile_queries * panels_of_a_block;
    const std::size_t blocks = (search.queries.rows + block - 1) / block;
    const std::size_t fitting = most_code_bytes / (queries.groups() * 4) / block;
    Window window(queries, std::max<std::size_t>(1, std::min(fitting, blocks)) * block);
    Sweep sweep{kernel, of_queries, of_keys, search.of_keys.wanted(), clusters, regions, centroids,
                sample, block,      window};
    Crew crew(sweep, progress, n_threads);
    bool canceled = false;
    while (!canceled && window.first < search.queries.rows) {
        canceled = !crew.prepare() || !crew.search();
        window.first += window.count;
    }
    if (canceled || (progress && !progress(1.0))) return Outcome::canceled;
    Rescoring(kernel, of_queries.candidates, search.queries, search.keys, search.key_bias,
              search.of_queries)
        .run(n_threads);
    Rescoring(kernel, of_keys.candidates, search.keys, search.queries, search.query_bias,
              search.of_keys)
        .run(n_threads);
    return Outcome::finished;
}

}  // namespace alignx
