#include "float_sweep.hpp"

#include <span>

#include "panels.hpp"

namespace alignx {
namespace {

// Part `i` of `parts` nearly equal ones of [0, rows), cut at multiples of `width`.
Range part_of(std::size_t rows, std::size_t width, std::size_t i, std::size_t parts) {
    const std::size_t panels = round_up(rows, width) / width;
    return {std::min(rows, panels * i / parts * width),
            std::min(rows, panels * (i + 1) / parts * width)};
}

struct Side {
    Side(Matrix matrix, const float* row_bias, Neighbors found, std::size_t tile_width)
        : rows(matrix),
          neighbors(found),
          width(tile_width),
          bias(padded(row_bias, rows.rows, width)),
          worst(found.wanted() ? bias.size() : 0, infinity) {
        if (!neighbors.wanted()) return;
        std::fill_n(worst.begin(), rows.rows, -infinity);
        for (std::size_t row = 0; row < rows.rows; ++row) neighbors.clear(row);
    }

    void push(std::size_t row, float score, const Side& others, std::size_t other) {
        if (other < others.rows.rows && neighbors.push(row, score - others.bias[other], other))
            worst[row] = neighbors.worst(row);
    }

    Matrix rows;
    Neighbors neighbors;
    std::size_t width;
    std::vector<float> bias;
    std::vector<float> worst;  // the score that a neighbor must reach; infinite for padding
};

// The packed blocks of one thread, and its walk through a part of the queries and of the keys.
class Worker {
  public:
    Worker(const Kernel& kernel, Side& queries, Side& keys)
        : kernel_(kernel),
          queries_(queries),
          keys_(keys),
          query_rows_(block_rows(query_block_bytes, queries_.rows, queries_.width)),
          key_rows_(block_rows(key_block_bytes, keys_.rows, keys_.width)),
          query_panels_(query_rows_, keys_.rows.columns, queries_.width),
          key_panels_(key_rows_, keys_.rows.columns, keys_.width) {}

    // Ends early when the crew is canceled.
    void search(Range queries, Range keys, Crew<Worker>& crew) {
        for (std::size_t k = keys.begin; k < keys.end; k += key_rows_) {
            const Range key_block{k, std::min(k + key_rows_, keys.end)};
            key_panels_.pack(keys_.rows, key_block);
            for (std::size_t q = queries.begin; q < queries.end; q += query_rows_) {
                const Range query_block{q, std::min(q + query_rows_, queries.end)};
                query_panels_.pack(queries_.rows, query_block);
                search_block(query_block, key_block);
                if (!crew.advance(static_cast<double>(query_block.size() * key_block.size())))
                    return;
            }
        }
    }

  private:
    void search_block(Range queries, Range keys) {
        for (std::size_t key = keys.begin; key < keys.end; key += keys_.width)
            for (std::size_t query = queries.begin; query < queries.end; query += queries_.width) {
                kernel_.score(query_panels_.at(query), key_panels_.at(key), keys_.rows.columns,
                              scores_);
                push_hits(query, key);
            }
    }

    void push_hits(std::size_t query, std::size_t key) {
        const std::size_t width = keys_.width;
        if (queries_.neighbors.wanted()) {
            const std::size_t count =
                kernel_.screen_queries(scores_, &keys_.bias[key], &queries_.worst[query], hits_);
            for (const std::size_t hit : std::span(hits_, count))
                queries_.push(query + hit / width, scores_[hit], keys_, key + hit % width);
        }
        if (keys_.neighbors.wanted()) {
            const std::size_t count =
                kernel_.screen_keys(scores_, &queries_.bias[query], &keys_.worst[key], hits_);
            for (const std::size_t hit : std::span(hits_, count))
                keys_.push(key + hit % width, scores_[hit], queries_, query + hit / width);
        }
    }

    const Kernel& kernel_;
    Side& queries_;
    Side& keys_;
    std::size_t query_rows_;
    std::size_t key_rows_;
    Panels query_panels_;
    Panels key_panels_;
    alignas(64) float scores_[max_tile_queries * max_tile_keys];
    std::uint16_t hits_[max_tile_queries * max_tile_keys];
};

}  // namespace

bool float_sweep(const Kernel& kernel, const Search& search, const Progress& progress) {
    const int n_threads = search.n_threads;
    Side queries(search.queries, search.query_bias, search.of_queries, kernel.tile_queries);
    Side keys(search.keys, search.key_bias, search.of_keys, kernel.tile_keys);
    const double total =
        static_cast<double>(queries.rows.rows) * static_cast<double>(keys.rows.rows);
    Crew<Worker> crew(n_threads, progress, total, kernel, queries, keys);
    crew.rounds([&](Worker& worker, std::size_t i, std::size_t other) {
        worker.search(part_of(queries.rows.rows, queries.width, i, crew.size()),
                      part_of(keys.rows.rows, keys.width, other, crew.size()), crew);
    });
    if (!crew.finish()) return false;
    for (Side* side : {&queries, &keys})
        if (side->neighbors.wanted())
            parallel_for(n_threads, side->rows.rows,
                         [side](std::size_t row) { side->neighbors.sort(row); });
    return true;
}

}  // namespace alignx
