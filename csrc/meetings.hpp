// Pairs of queries and groups of keys that must be compared, group by group.
#pragma once

#include <cstdint>
#include <numeric>
#include <span>

#include "aligned.hpp"

namespace alignx {

class Meetings {
  public:
    explicit Meetings(std::size_t groups) : groups_(groups) {}

    std::size_t size() const { return found_.size(); }
    void clear() { found_.clear(); }
    void add(std::size_t group, std::size_t query) {
        found_.push_back({static_cast<std::uint32_t>(group), static_cast<std::uint32_t>(query)});
    }

    // Orders them by group; queries of a group stay in the order of `add`.
    void sort() {
        ends_.assign(groups_ + 1, 0);
        for (const Meeting& meeting : found_) ++ends_[meeting.group + 1];
        std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
        queries_.resize(found_.size());
        for (const Meeting& meeting : found_) queries_[ends_[meeting.group]++] = meeting.query;
    }

    // The queries of a group, once sorted.
    std::span<const std::uint32_t> of_group(std::size_t group) const {
        const std::size_t begin = group == 0 ? 0 : ends_[group - 1];
        return {queries_.data() + begin, ends_[group] - begin};
    }

  private:
    struct Meeting {
        std::uint32_t group;
        std::uint32_t query;
    };

    std::size_t groups_;
    std::vector<Meeting> found_;
    std::vector<std::size_t> ends_;  // of each group in `queries_`
    AlignedVector<std::uint32_t> queries_;
};

}  // namespace alignx
