#include "screen.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>
#include <utility>

#include "bounds.hpp"
#include "exclusion.hpp"
#include "quantize.hpp"

namespace alignx {
namespace {

// Bytes of queries that pass by a panel of keys before the next comes; half of a second-level
// cache.
constexpr std::size_t query_block_bytes = std::size_t{512} << 10;
// Queries are turned into bytes for a window of them at a time, of this share of the inputs.
constexpr std::size_t inputs_of_a_window = 64;
// Tiles between two reports of progress.
constexpr std::size_t tiles_of_a_step = std::size_t{1} << 14;

// Below these sizes the preparation costs more than it saves, or nearly every pair is a candidate.
constexpr std::size_t fewest_rows = 256;
constexpr std::size_t fewest_prepared = 16;
constexpr std::size_t rows_of_a_neighbor = 16;
// Above these slots overflow, or rounding errors are larger than quantize.cpp allows for.
constexpr std::size_t most_rows = std::size_t{1} << 30;
constexpr std::size_t most_columns = std::size_t{1} << 14;

// Candidates wait to be rescored until they fill this share of the size of the inputs, since in the
// meantime rising thresholds exclude most of them.
constexpr std::size_t inputs_of_candidates = 48;
constexpr std::size_t fewest_candidates = std::size_t{1} << 12;
// Rescoring that many pairs at a time hides the latency of memory.
constexpr std::size_t pairs_at_once = 64;

// A pair whose bound exceeds what one of its rows must beat.
struct Candidate {
    std::uint32_t query;  // slots
    std::uint32_t key;
    std::int32_t bound;
};

// The queries of some successive panels, as bytes.
class Window {
  public:
    Window(const Quantized& queries, std::size_t panels)
        : queries_(queries), panels_(panels), bytes_(panels * queries.panel_bytes()) {}

    void move_to(std::size_t first) { first_ = first; }
    std::size_t first() const { return first_; }
    std::size_t end() const { return std::min(first_ + panels_, queries_.panels()); }

    void write(std::size_t panel, RotatedRows& strip) { queries_.write(panel, strip, at(panel)); }

    const std::int8_t* queries(std::size_t panel) const {
        return reinterpret_cast<const std::int8_t*>(
            &bytes_[(panel - first_) * queries_.panel_bytes()]);
    }

  private:
    std::uint8_t* at(std::size_t panel) {
        return &bytes_[(panel - first_) * queries_.panel_bytes()];
    }

    const Quantized& queries_;
    std::size_t panels_;
    std::size_t first_ = 0;
    AlignedVector<std::uint8_t> bytes_;
};

// One thread's walk through a part of the queries of a window and a part of the keys.
class Worker {
  public:
    Worker(Bounds& bounds, const Exclusion& exclusion, Window& window, std::size_t capacity)
        : bounds_(bounds),
          bound_(bounds.keys.wanted() ? bounds.kernel.bound_both : bounds.kernel.bound_queries),
          exclusion_(exclusion),
          window_(window),
          strip_(bounds.queries.rows.columns),
          candidates_(capacity + max_tile_queries * max_tile_keys) {}

    // Panels `part`, `part + parts`, ... of the window.
    void quantize(std::size_t part, std::size_t parts) {
        for (std::size_t panel = window_.first() + part; panel < window_.end(); panel += parts)
            window_.write(panel, strip_);
    }

    // The same panels of the window for `query_part`, against panels `key_part`, `key_part +
    // parts`,
    // ... `step(pairs)` is told how many scores are done and answers whether to go on.
    template <typename Step>
    void search(std::size_t query_part, std::size_t key_part, std::size_t parts, Step&& step) {
        const Kernel& kernel = bounds_.kernel;
        const Quantized& keys = bounds_.keys.codes;
        const std::size_t block =
            std::max<std::size_t>(1, query_block_bytes / bounds_.queries.codes.panel_bytes()) *
            parts;
        const std::size_t pairs_of_a_tile = kernel.tile_queries * kernel.tile_keys;
        std::size_t tiles = 0;
        for (std::size_t first = window_.first() + query_part; first < window_.end();
             first += block) {
            const std::size_t end = std::min(first + block, window_.end());
            for (std::size_t key = key_part; key < keys.panels(); key += parts) {
                for (std::size_t query = first; query < end; query += parts)
                    if (!exclusion_.excludes(query, key)) search_tile(query, key);
                tiles += (end - first + parts - 1) / parts;
                if (tiles < tiles_of_a_step) continue;
                if (!step(tiles * pairs_of_a_tile)) return;
                tiles = 0;
            }
        }
        rescore();
        step(tiles * pairs_of_a_tile);
    }

  private:
    void search_tile(std::size_t query_panel, std::size_t key_panel) {
        const ScreenedSide &queries = bounds_.queries, &keys = bounds_.keys;
        const std::size_t query = query_panel * queries.codes.stride();
        const std::size_t key = key_panel * keys.codes.stride();
        std::uint32_t rows_hit =
            bound_(window_.queries(query_panel), keys.codes.keys(key_panel), keys.codes.groups(),
                   {&queries.offset[query], &queries.threshold[query]},
                   {&keys.offset[key], &keys.threshold[key]}, tile_, hits_);
        for (; rows_hit != 0; rows_hit &= rows_hit - 1)
            collect(query, key, static_cast<std::size_t>(__builtin_ctz(rows_hit)));
        if (count_ + max_tile_queries * max_tile_keys > candidates_.size()) make_room();
    }

    // Notes the hits in one row of the tile.
    void collect(std::size_t first_query, std::size_t first_key, std::size_t r) {
        ScreenedSide &queries = bounds_.queries, &keys = bounds_.keys;
        const std::int32_t* const row = tile_ + r * bounds_.kernel.tile_keys;
        const std::uint32_t of_query = hits_[r], of_key = hits_[max_tile_queries + r];
        const std::size_t query = first_query + r;
        for (std::uint32_t rest = of_query | of_key; rest != 0; rest &= rest - 1) {
            const auto c = static_cast<std::size_t>(__builtin_ctz(rest));
            const std::size_t key = first_key + c;
            const std::int32_t bound = row[c];
            const std::int32_t estimate = bounds_.estimate(bound, query, key);
            // Thresholds may have risen since the tile was computed.
            const std::uint32_t for_query = (of_query >> c) & queries.reaches(bound, query);
            const std::uint32_t for_key = (of_key >> c) & keys.reaches(bound, key);
            // Written in any case and counted if it matters: no branch could be foreseen here.
            candidates_[count_] = {static_cast<std::uint32_t>(query),
                                   static_cast<std::uint32_t>(key), bound};
            count_ += for_query | for_key;
            if (for_query != 0) queries.note(query, estimate);
            if (for_key != 0) keys.note(key, estimate);
        }
    }

    bool matters(const Candidate& candidate) const {
        return bounds_.queries.reaches(candidate.bound, candidate.query) ||
               bounds_.keys.reaches(candidate.bound, candidate.key);
    }

    void make_room() {
        drop_excluded();
        if (count_ > candidates_.size() / 2) rescore();
    }

    void drop_excluded() {
        const auto begin = candidates_.begin();
        const auto kept = std::remove_if(begin, begin + static_cast<std::ptrdiff_t>(count_),
                                         [this](const Candidate& c) { return !matters(c); });
        count_ = static_cast<std::size_t>(kept - begin);
    }

    // Computes the scores of all candidates and enters them into the neighbors.
    void rescore() {
        drop_excluded();
        const ScreenedSide &queries = bounds_.queries, &keys = bounds_.keys;
        for (std::size_t first = 0; first < count_; first += pairs_at_once) {
            const std::size_t count = std::min(pairs_at_once, count_ - first);
            const float* query_rows[pairs_at_once];
            const float* key_rows[pairs_at_once];
            float scores[pairs_at_once];
            for (std::size_t i = 0; i < count; ++i) {
                query_rows[i] = queries.rows.row(queries.row[candidates_[first + i].query]);
                key_rows[i] = keys.rows.row(keys.row[candidates_[first + i].key]);
            }
            bounds_.kernel.score_pairs(query_rows, key_rows, count, keys.rows.columns, scores);
            for (std::size_t i = 0; i < count; ++i) enter(candidates_[first + i], scores[i]);
        }
        count_ = 0;
    }

    void enter(const Candidate& candidate, float score) {
        ScreenedSide &queries = bounds_.queries, &keys = bounds_.keys;
        const std::size_t query = queries.row[candidate.query], key = keys.row[candidate.key];
        if (queries.reaches(candidate.bound, candidate.query))
            queries.neighbors.suggest(query, score - keys.bias_of(key), key);
        if (keys.reaches(candidate.bound, candidate.key))
            keys.neighbors.suggest(key, score - queries.bias_of(query), query);
    }

    Bounds& bounds_;
    const Bound bound_;
    const Exclusion& exclusion_;
    Window& window_;
    RotatedRows strip_;
    AlignedVector<Candidate> candidates_;
    std::size_t count_ = 0;
    std::int32_t tile_[max_tile_queries * max_tile_keys];
    std::uint32_t hits_[2 * max_tile_queries];
};

// Gives every row the neighbors that are known of it, less the biases of the other side.
void start_side(const Matrix& rows, Neighbors neighbors, const FoundNeighbors& known,
                const float* other_bias, int n_threads) {
    if (!neighbors.wanted()) return;
    const auto count = static_cast<std::int64_t>(rows.rows);
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(i);
        neighbors.clear(row);
        for (std::size_t at = row * known.k; at < (row + 1) * known.k; ++at) {
            const auto other = static_cast<std::size_t>(known.indices[at]);
            neighbors.push(row, known.scores[at] - bias_of(other_bias, other), other);
        }
    }
}

// Suggests every row to those that are known to be near it.
void suggest_back(const FoundNeighbors& known, std::size_t rows, const float* bias,
                  Neighbors of_others) {
    if (!of_others.wanted()) return;
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t at = row * known.k; at < (row + 1) * known.k; ++at)
            of_others.suggest(static_cast<std::size_t>(known.indices[at]),
                              known.scores[at] - bias_of(bias, row), row);
}

void start_neighbors(const Search& search) {
    start_side(search.queries, search.of_queries, search.known_of_queries, search.key_bias,
               search.n_threads);
    start_side(search.keys, search.of_keys, search.known_of_keys, search.query_bias,
               search.n_threads);
    suggest_back(search.known_of_queries, search.queries.rows, search.query_bias, search.of_keys);
    suggest_back(search.known_of_keys, search.keys.rows, search.key_bias, search.of_queries);
}

// Sorts the neighbors of the rows that are certain and gives the others.
std::vector<std::size_t> finish(const Bounds& bounds, ScreenedSide& side, int n_threads) {
    std::vector<std::size_t> uncertain;
    if (!side.wanted()) return uncertain;
    for (std::size_t i = 0; i < side.rows.rows; ++i)
        if (const std::size_t slot = side.codes.slot(i); !bounds.is_certain(side, slot))
            uncertain.push_back(side.row[slot]);
    const auto count = static_cast<std::int64_t>(side.rows.rows);
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (std::int64_t i = 0; i < count; ++i) side.neighbors.sort(static_cast<std::size_t>(i));
    return uncertain;
}

std::vector<std::size_t> all_rows(const Matrix& matrix) {
    std::vector<std::size_t> rows(matrix.rows);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
}

}  // namespace

bool can_screen(const Kernel& kernel, const Matrix& rows) {
    return kernel.key_limit != 0 && rows.rows <= most_rows && rows.columns >= 1 &&
           rows.columns <= most_columns;
}

bool worth_screening(const Kernel& kernel, const Search& search) {
    const std::size_t queries = search.queries.rows, keys = search.keys.rows;
    return can_screen(kernel, search.queries) && can_screen(kernel, search.keys) &&
           queries >= (search.prepared_keys == nullptr ? fewest_rows : fewest_prepared) &&
           keys >= fewest_rows && search.of_queries.k <= keys / rows_of_a_neighbor &&
           search.of_keys.k <= queries / rows_of_a_neighbor;
}

bool screened_sweep(const Kernel& kernel, const Search& search, const Progress& progress,
                    Uncertified& uncertified) {
    const bool known = search.known_of_queries.k != 0 && search.known_of_keys.k != 0;
    start_neighbors(search);
    std::vector<std::uint32_t> query_order, key_order;
    if (known) {
        query_order = order_alike(search.of_queries, search.known_of_queries, search.queries.rows,
                                  kernel.tile_queries);
        key_order =
            order_alike(search.of_keys, search.known_of_keys, search.keys.rows, kernel.tile_keys);
    }
    const Quantized queries(kernel, Quantized::Side::queries, search.queries,
                            std::move(query_order), search.n_threads);
    std::optional<Quantized> own_keys;
    if (search.prepared_keys == nullptr || known)
        own_keys.emplace(kernel, Quantized::Side::keys, search.keys, std::move(key_order),
                         search.n_threads);
    const Quantized& keys = own_keys ? *own_keys : *search.prepared_keys;
    Bounds bounds(kernel,
                  ScreenedSide(queries, search.queries, search.query_bias, search.of_queries),
                  ScreenedSide(keys, search.keys, search.key_bias, search.of_keys));
    if (!bounds.prepare()) {
        if (search.of_queries.wanted()) uncertified.queries = all_rows(search.queries);
        if (search.of_keys.wanted()) uncertified.keys = all_rows(search.keys);
        return true;
    }
    const Exclusion exclusion(bounds, search.known_of_queries, search.known_of_keys);

    const std::size_t parts = static_cast<std::size_t>(search.n_threads);
    const std::size_t input_bytes =
        (search.queries.rows + search.keys.rows) * search.keys.columns * sizeof(float);
    const std::size_t capacity =
        std::max(fewest_candidates, input_bytes / inputs_of_candidates / sizeof(Candidate) / parts);
    const std::size_t window_bytes =
        std::max(input_bytes / inputs_of_a_window, parts * query_block_bytes);
    Window window(queries, std::min(queries.panels(), window_bytes / queries.panel_bytes() + 1));
    std::vector<Worker> workers;
    workers.reserve(parts);
    for (std::size_t i = 0; i < parts; ++i)
        workers.emplace_back(bounds, exclusion, window, capacity);

    std::atomic<bool> canceled{false};
    std::atomic<std::size_t> done{0};
    const double total =
        static_cast<double>(search.queries.rows) * static_cast<double>(search.keys.rows);
    const auto step = [&](std::size_t pairs) {
        const double now = static_cast<double>(done += pairs);
        if (progress && omp_get_thread_num() == 0 && !progress(std::min(1.0, now / total)))
            canceled = true;
        return !canceled.load(std::memory_order_relaxed);
    };
    for (std::size_t first = 0; first < queries.panels() && !canceled; first = window.end()) {
        window.move_to(first);
#pragma omp parallel num_threads(search.n_threads)
        {
            const auto begin = static_cast<std::size_t>(omp_get_thread_num());
            const auto stride = static_cast<std::size_t>(omp_get_num_threads());
            for (std::size_t i = begin; i < parts; i += stride) workers[i].quantize(i, parts);
            for (std::size_t round = 0; round < parts; ++round) {
#pragma omp barrier
                for (std::size_t i = begin; i < parts; i += stride)
                    if (!canceled) workers[i].search((i + round) % parts, i, parts, step);
            }
        }
    }
    if (canceled || (progress && !progress(1.0))) return false;
    uncertified.queries = finish(bounds, bounds.queries, search.n_threads);
    uncertified.keys = finish(bounds, bounds.keys, search.n_threads);
    return true;
}

}  // namespace alignx
