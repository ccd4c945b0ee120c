#include "screen.hpp"

#include <numeric>
#include <optional>
#include <utility>

#include "bounds.hpp"
#include "exclusion.hpp"
#include "quantize.hpp"
#include "tile.hpp"

namespace alignx {
namespace {

// Bytes of queries that meet a panel of keys before the next panel comes; half of a second-level
// cache.
constexpr std::size_t query_block_bytes = std::size_t{512} << 10;
// Queries are quantized a window at a time, which is this fraction of the inputs.
constexpr std::size_t inputs_per_window = 64;
// Tiles between two reports of progress.
constexpr std::size_t tiles_per_step = std::size_t{1} << 14;

// Below these sizes the preparation costs more than it saves, or nearly every pair is a candidate.
constexpr std::size_t min_rows = 256;
constexpr std::size_t min_queries_of_prepared = 16;
constexpr std::size_t min_rows_per_neighbor = 16;
// Above these sizes slots overflow, or rounding errors exceed the limit in quantize.cpp.
constexpr std::size_t max_rows = std::size_t{1} << 30;
constexpr std::size_t max_columns = std::size_t{1} << 14;

// Candidates wait until they fill this fraction of the size of the inputs, since rising thresholds
// exclude most of them in the meantime.
constexpr std::size_t inputs_per_candidates = 48;
constexpr std::size_t min_candidates = std::size_t{1} << 12;
// Scoring this many pairs at a time hides the latency of memory.
constexpr std::size_t pairs_at_once = 64;

// A pair whose bound exceeds the threshold of one of its rows.
struct Candidate {
    std::uint32_t query;  // slots
    std::uint32_t key;
    std::int32_t bound;
};

// The bytes of successive panels of queries.
struct Window {
    std::size_t end() const { return std::min(first + max_panels, queries.panels()); }
    std::uint8_t* at(std::size_t panel) { return &bytes[(panel - first) * queries.panel_bytes()]; }

    const Quantized& queries;
    std::size_t max_panels;
    AlignedVector<std::uint8_t> bytes;
    std::size_t first = 0;
};

// The candidates of one thread, and its walk through a part of the window and of the keys.
class Worker {
  public:
    Worker(Bounds& bounds, const Exclusion& exclusion, Window& window, std::size_t capacity)
        : bounds_(bounds),
          bound_(bounds.keys.wanted() ? bounds.kernel.bound_both : bounds.kernel.bound_queries),
          exclusion_(exclusion),
          window_(window),
          strip_(bounds.queries.rows.columns),
          candidates_(capacity + max_tile_queries * max_tile_keys) {}

    // Writes the bytes of panels `part`, `part + parts`, ... of the window.
    void quantize(std::size_t part, std::size_t parts) {
        Quantized::Facts facts[max_tile_keys];
        for (std::size_t panel = window_.first + part; panel < window_.end(); panel += parts)
            bounds_.queries.codes.quantize(panel, strip_, window_.at(panel), facts);
    }

    // Searches such panels of the window against such panels of the keys. Ends early when the crew
    // is canceled.
    void search(std::size_t query_part, std::size_t key_part, Crew<Worker>& crew) {
        const std::size_t parts = crew.size(), key_panels = bounds_.keys.codes.panels();
        const std::size_t block =
            std::max<std::size_t>(1, query_block_bytes / bounds_.queries.codes.panel_bytes()) *
            parts;
        const std::size_t pairs_of_tile = bounds_.kernel.tile_queries * bounds_.kernel.tile_keys;
        std::size_t tiles = 0;
        for (std::size_t first = window_.first + query_part; first < window_.end();
             first += block) {
            const std::size_t end = std::min(first + block, window_.end());
            for (std::size_t key = key_part; key < key_panels; key += parts) {
                for (std::size_t query = first; query < end; query += parts)
                    if (!exclusion_.excludes(query, key)) search_tile(query, key);
                tiles += (end - first + parts - 1) / parts;
                if (tiles < tiles_per_step) continue;
                if (!crew.advance(static_cast<double>(tiles * pairs_of_tile))) return;
                tiles = 0;
            }
        }
        rescore();
        crew.advance(static_cast<double>(tiles * pairs_of_tile));
    }

  private:
    void search_tile(std::size_t query_panel, std::size_t key_panel) {
        const ScreenedSide &queries = bounds_.queries, &keys = bounds_.keys;
        const std::size_t query = query_panel * queries.codes.stride();
        const std::size_t key = key_panel * keys.codes.stride();
        const std::uint32_t rows =
            bound_(as_queries(window_.at(query_panel)), keys.codes.keys(key_panel),
                   keys.codes.groups(), {&queries.offset[query], &queries.threshold[query]},
                   {&keys.offset[key], &keys.threshold[key]}, tile_.bounds, tile_.hits);
        each_bit(rows, [&](std::size_t r) { collect(query + r, key, r); });
        if (count_ + max_tile_queries * max_tile_keys > candidates_.size()) make_room();
    }

    // Collects the hits in row r of the tile.
    void collect(std::size_t query, std::size_t first_key, std::size_t r) {
        ScreenedSide &queries = bounds_.queries, &keys = bounds_.keys;
        const std::int32_t* const row = tile_.row(bounds_.kernel, r);
        const std::uint32_t of_query = tile_.of_query(r), of_keys = tile_.of_keys(r);
        each_bit(of_query | of_keys, [&](std::size_t c) {
            const std::size_t key = first_key + c;
            const std::int32_t bound = row[c];
            const std::int32_t estimate = bounds_.estimate(bound, query, key);
            // Thresholds may have risen since the tile was computed.
            const std::uint32_t for_query = (of_query >> c) & queries.reaches(bound, query);
            const std::uint32_t for_key = (of_keys >> c) & keys.reaches(bound, key);
            // Written always and counted if it matters, since no branch could be predicted here.
            candidates_[count_] = {static_cast<std::uint32_t>(query),
                                   static_cast<std::uint32_t>(key), bound};
            count_ += for_query | for_key;
            if (for_query != 0) queries.note(query, estimate);
            if (for_key != 0) keys.note(key, estimate);
        });
    }

    void make_room() {
        drop_excluded();
        if (count_ > candidates_.size() / 2) rescore();
    }

    void drop_excluded() {
        const auto begin = candidates_.begin();
        const auto kept = std::remove_if(begin, begin + static_cast<std::ptrdiff_t>(count_),
                                         [this](const Candidate& c) {
                                             return !bounds_.queries.reaches(c.bound, c.query) &&
                                                    !bounds_.keys.reaches(c.bound, c.key);
                                         });
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
    const BoundPanel bound_;
    const Exclusion& exclusion_;
    Window& window_;
    RotatedRows strip_;
    AlignedVector<Candidate> candidates_;
    std::size_t count_ = 0;
    Tile tile_;
};

// Starts with the known neighbors of each row, less the biases of the other side.
void start_side(const Matrix& rows, Neighbors neighbors, const FoundNeighbors& known,
                const float* other_bias, int n_threads) {
    if (!neighbors.wanted()) return;
    parallel_for(n_threads, rows.rows, [&](std::size_t row) {
        neighbors.clear(row);
        for (std::size_t at = row * known.k; at < (row + 1) * known.k; ++at) {
            const auto other = static_cast<std::size_t>(known.indices[at]);
            neighbors.push(row, known.scores[at] - bias_of(other_bias, other), other);
        }
    });
}

// Suggests every row to its known neighbors.
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

// Compares all queries with all keys, window by window. Returns false when canceled.
bool search_all(Bounds& bounds, const Exclusion& exclusion, int n_threads,
                const Progress& progress) {
    const Quantized& queries = bounds.queries.codes;
    const ScreenedSide& keys = bounds.keys;
    const std::size_t parts = static_cast<std::size_t>(n_threads);
    const std::size_t input_bytes =
        (queries.rows() + keys.rows.rows) * keys.rows.columns * sizeof(float);
    const std::size_t capacity =
        std::max(min_candidates, input_bytes / inputs_per_candidates / sizeof(Candidate) / parts);
    const std::size_t window_bytes =
        std::max(input_bytes / inputs_per_window, parts * query_block_bytes);
    const std::size_t panels = std::min(queries.panels(), window_bytes / queries.panel_bytes() + 1);
    Window window{.queries = queries,
                  .max_panels = panels,
                  .bytes = AlignedVector<std::uint8_t>(panels * queries.panel_bytes())};
    const double total = static_cast<double>(queries.rows()) * static_cast<double>(keys.rows.rows);
    Crew<Worker> crew(n_threads, progress, total, bounds, exclusion, window, capacity);
    for (; window.first < queries.panels() && !crew.is_canceled(); window.first = window.end()) {
        crew.each([&](Worker& worker, std::size_t i) { worker.quantize(i, parts); });
        crew.rounds([&](Worker& worker, std::size_t i, std::size_t other) {
            worker.search(other, i, crew);
        });
    }
    return crew.finish();
}

// Sorts the neighbors of each row and returns the rows without a certificate.
std::vector<std::size_t> finish(const Bounds& bounds, ScreenedSide& side, int n_threads) {
    std::vector<std::size_t> uncertain;
    if (!side.wanted()) return uncertain;
    for (std::size_t i = 0; i < side.rows.rows; ++i)
        if (const std::size_t slot = side.codes.slot(i); !bounds.is_certain(side, slot))
            uncertain.push_back(side.row[slot]);
    parallel_for(n_threads, side.rows.rows, [&](std::size_t row) { side.neighbors.sort(row); });
    return uncertain;
}

std::vector<std::size_t> all_rows(const ScreenedSide& side) {
    std::vector<std::size_t> rows(side.wanted() ? side.rows.rows : 0);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
}

}  // namespace

bool can_screen(const Kernel& kernel, const Matrix& rows) {
    return kernel.key_limit != 0 && rows.rows <= max_rows && rows.columns >= 1 &&
           rows.columns <= max_columns;
}

bool worth_screening(const Kernel& kernel, const Search& search) {
    const std::size_t queries = search.queries.rows, keys = search.keys.rows;
    return can_screen(kernel, search.queries) && can_screen(kernel, search.keys) &&
           queries >= (search.prepared_keys == nullptr ? min_rows : min_queries_of_prepared) &&
           keys >= min_rows && search.of_queries.k <= keys / min_rows_per_neighbor &&
           search.of_keys.k <= queries / min_rows_per_neighbor;
}

bool screened_sweep(const Kernel& kernel, const Search& search, const Progress& progress,
                    Uncertified& uncertified) {
    const int n_threads = search.n_threads;
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
                            std::move(query_order), n_threads);
    std::optional<Quantized> own_keys;
    if (search.prepared_keys == nullptr || known)
        own_keys.emplace(kernel, Quantized::Side::keys, search.keys, std::move(key_order),
                         n_threads);
    const Quantized& keys = own_keys ? *own_keys : *search.prepared_keys;
    Bounds bounds(kernel,
                  ScreenedSide(queries, search.queries, search.query_bias, search.of_queries),
                  ScreenedSide(keys, search.keys, search.key_bias, search.of_keys));
    if (!bounds.prepare()) {
        uncertified = {all_rows(bounds.queries), all_rows(bounds.keys)};
        return true;
    }
    const Exclusion exclusion(bounds, search.known_of_queries, search.known_of_keys);

    if (!search_all(bounds, exclusion, n_threads, progress)) return false;
    uncertified.queries = finish(bounds, bounds.queries, n_threads);
    uncertified.keys = finish(bounds, bounds.keys, n_threads);
    return true;
}

}  // namespace alignx
