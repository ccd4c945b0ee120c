// Threads of every sweep: loops, rounds, workers, progress, cancellation, exceptions.
#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <vector>

namespace alignx {

// Gets the finished fraction, on the calling thread only. Returning false cancels the sweep.
using Progress = std::function<bool(double)>;

struct Range {
    std::size_t begin;
    std::size_t end;

    std::size_t size() const { return end - begin; }
};

// Calls work(i) for each i < count until `stop` is set. No exception may leave a parallel region,
// so one that `work` throws sets `stop` and is rethrown after the region.
template <typename Work>
void parallel_for(int n_threads, std::size_t count, std::atomic<bool>& stop, Work&& work) {
    std::exception_ptr failure;
    std::atomic<bool> failed{false};
#pragma omp parallel for num_threads(n_threads) schedule(static)
    for (std::size_t i = 0; i < count; ++i) {
        try {
            if (!stop.load(std::memory_order_relaxed)) work(i);
        } catch (...) {
            if (!failed.exchange(true)) failure = std::current_exception();
            stop = true;
        }
    }
    if (failure) std::rethrow_exception(failure);
}

template <typename Work>
void parallel_for(int n_threads, std::size_t count, Work&& work) {
    std::atomic<bool> stop{false};
    parallel_for(n_threads, count, stop, work);
}

// One worker for each thread asked for, whatever number OpenMP grants. A worker holds the scratch
// memory of a thread.
template <typename Worker>
class Crew {
  public:
    // `total` is the amount of work that `advance` counts.
    template <typename... Args>
    Crew(int n_threads, const Progress& progress, double total, Args&&... args)
        : n_threads_(n_threads), progress_(progress), total_(total) {
        workers_.reserve(static_cast<std::size_t>(n_threads));
        for (int i = 0; i < n_threads; ++i) workers_.emplace_back(args...);
    }

    std::size_t size() const { return workers_.size(); }
    std::vector<Worker>& workers() { return workers_; }
    bool is_canceled() const { return canceled_.load(std::memory_order_relaxed); }

    // Calls work(worker, i) for each worker i.
    template <typename Work>
    void each(Work&& work) {
        parallel_for(n_threads_, size(), canceled_, [&](std::size_t i) { work(workers_[i], i); });
    }

    // Splits two sides into one part for each worker and calls work(worker, i, other) for every
    // pair of parts. In each round a part has one owner, so nothing is locked. The rounds end
    // together.
    template <typename Work>
    void rounds(Work&& work) {
        for (std::size_t round = 0; round < size(); ++round)
            each([&](Worker& worker, std::size_t i) { work(worker, i, (i + round) % size()); });
    }

    // Calls work(worker, range) for successive ranges of `step` below `count`, each as soon as a
    // worker is idle, until it returns false. Returns the end of the last range.
    template <typename Work>
    std::size_t share(std::size_t count, std::size_t step, Work&& work) {
        std::atomic<std::size_t> next{0};
        std::atomic<bool> stopped{false};
        each([&](Worker& worker, std::size_t) {
            while (!stopped && !is_canceled()) {
                const std::size_t begin = next.fetch_add(step);
                if (begin >= count) break;
                if (!work(worker, Range{begin, std::min(begin + step, count)})) stopped = true;
            }
        });
        return std::min(next.load(), count);
    }

    // Counts finished work and reports it on the calling thread. Returns false when canceled.
    bool advance(double amount) {
        const double done = done_ += amount;
        if (progress_ && omp_get_thread_num() == 0 && !progress_(std::min(1.0, done / total_)))
            canceled_ = true;
        return !is_canceled();
    }

    // Reports the end, which the calling thread may not have seen. Returns false when canceled.
    bool finish() { return !is_canceled() && (!progress_ || progress_(1.0)); }

  private:
    int n_threads_;
    Progress progress_;
    double total_;
    std::vector<Worker> workers_;
    std::atomic<double> done_{0};
    std::atomic<bool> canceled_{false};
};

}  // namespace alignx
