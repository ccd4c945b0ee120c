#include "clustered.hpp"

#include <stdexcept>

#include "clustered_worker.hpp"

namespace alignx {
namespace {

// Limits of a window: bytes of its queries, and roughly the number of clusters that they meet.
constexpr std::size_t max_code_bytes = std::size_t{16} << 20;
constexpr std::size_t max_meetings = std::size_t{8} << 20;
constexpr std::size_t panels_per_block = 64;
// Thresholds for clusters are chosen on this many of them.
constexpr std::size_t sampled_clusters = 512;
// Clusters between two reports of progress, and the rough share of finding them in the time.
constexpr std::size_t clusters_per_step = 256;
constexpr double share_of_meeting = 0.3;

// Prepares a window of queries, until it is full or they meet many clusters.
void prepare(Crew<ClusteredWorker>& crew, QueryWindow& window, std::size_t block) {
    for (ClusteredWorker& worker : crew.workers()) worker.meetings.clear();
    std::atomic<std::size_t> meetings{0};
    window.count =
        crew.share(std::min(window.capacity, window.codes.rows() - window.first), block,
                   [&](ClusteredWorker& worker, Range range) {
                       const std::size_t before = worker.meetings.size();
                       worker.prepare(range);
                       meetings += worker.meetings.size() - before;
                       crew.advance(share_of_meeting * static_cast<double>(range.size()));
                       return meetings < max_meetings;
                   });
    crew.each([](ClusteredWorker& worker, std::size_t) { worker.meetings.sort(); });
}

// Searches the clusters that they meet. In each round a worker owns some clusters and the queries
// that one of the workers has prepared.
void search_window(Crew<ClusteredWorker>& crew, const QueryWindow& window, std::size_t clusters) {
    const std::size_t parts = crew.size();
    const double amount_of_cluster = (1 - share_of_meeting) * static_cast<double>(window.count) /
                                     static_cast<double>(clusters * parts);
    crew.rounds([&](ClusteredWorker& worker, std::size_t i, std::size_t other) {
        const Meetings& met = crew.workers()[other].meetings;
        if (met.size() == 0) return;
        std::size_t searched = 0;
        for (std::size_t cluster = i; cluster < clusters && !crew.is_canceled(); cluster += parts) {
            worker.search(cluster, met.of_group(cluster));
            if (++searched % clusters_per_step == 0)
                crew.advance(amount_of_cluster * clusters_per_step);
        }
        crew.advance(amount_of_cluster * static_cast<double>(searched % clusters_per_step));
    });
}

// Offers the known neighbors of the queries to both sides.
void offer_known(const Search& search, double unit, ClusteredSide& queries, ClusteredSide& keys) {
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

// Length of the longest row; infinite if a row is not finite.
double longest_row(Matrix matrix, int n_threads) {
    std::vector<double> squares(matrix.rows);
    parallel_for(n_threads, matrix.rows, [&](std::size_t i) {
        const float* const row = matrix.row(i);
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::size_t column = 0; column < matrix.columns; ++column)
            sum += static_cast<double>(row[column]) * static_cast<double>(row[column]);
        squares[i] = std::isfinite(sum) ? sum : HUGE_VAL;
    });
    return squares.empty() ? 0 : std::sqrt(*std::max_element(squares.begin(), squares.end()));
}

// Rows of a matrix at equal distances, and their biases.
struct Sample {
    Sample(Matrix matrix, const float* row_bias, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t row = i * matrix.rows / count;
            rows.insert(rows.end(), matrix.row(row), matrix.row(row) + matrix.columns);
            bias.push_back(bias_of(row_bias, row));
        }
    }

    std::vector<float> rows;
    std::vector<float> bias;
};

}  // namespace

bool clustered_sweep(const Kernel& kernel, const Search& search, const Clusters& clusters,
                     const Progress& progress) {
    const int n_threads = search.n_threads;
    const Quantized& keys = *search.prepared_keys;
    const double longest = longest_row(search.queries, n_threads);
    const Quantized queries(kernel, search.queries, longest);
    const double unit = queries.step() * keys.step();
    ClusteredSide of_queries(queries, search.query_bias, search.of_queries.k, unit);
    ClusteredSide of_keys(keys, search.key_bias, search.of_keys.k, unit);
    if (!(unit > 1e-30 && longest * keys.longest() * keys.step() < 1e30 && of_queries.is_bounded &&
          of_keys.is_bounded))
        throw std::invalid_argument("rows and biases must be of moderate size, such as 1");
    offer_known(search, unit, of_queries, of_keys);

    const std::size_t count = clusters.centroids.rows;
    const Sample sample(clusters.centroids, clusters.bias, std::min(count, sampled_clusters));
    const Centroids sample_centroids(kernel, queries,
                                     {sample.rows.data(), sample.bias.size(), search.keys.columns},
                                     sample.bias.data(), {}, n_threads);
    const Centroids regions(kernel, queries, clusters.regions, nullptr, {}, n_threads);
    const Centroids centroids(kernel, queries, clusters.centroids, clusters.bias,
                              clusters.region_starts, n_threads);

    const std::size_t block = kernel.tile_queries * panels_per_block;
    const std::size_t blocks = (search.queries.rows + block - 1) / block;
    const std::size_t fitting = max_code_bytes / (queries.groups() * 4) / block;
    QueryWindow window(queries, std::max<std::size_t>(1, std::min(fitting, blocks)) * block);
    ClusteredSweep sweep{.kernel = kernel,
                         .queries = of_queries,
                         .keys = of_keys,
                         .both = search.of_keys.wanted(),
                         .clusters = clusters,
                         .regions = regions,
                         .centroids = centroids,
                         .sample = sample_centroids,
                         .block = block,
                         .window = window};
    Crew<ClusteredWorker> crew(n_threads, progress, static_cast<double>(search.queries.rows),
                               sweep);
    while (window.first < search.queries.rows && !crew.is_canceled()) {
        prepare(crew, window, block);
        search_window(crew, window, count);
        window.first += window.count;
    }
    if (!crew.finish()) return false;
    of_queries.candidates.rescore(kernel, search.queries, search.keys, search.key_bias,
                                  search.of_queries, n_threads);
    of_keys.candidates.rescore(kernel, search.keys, search.queries, search.query_bias,
                               search.of_keys, n_threads);
    return true;
}

}  // namespace alignx
