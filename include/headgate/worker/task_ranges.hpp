#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: a set of subtasks as the ranges that reports carry.

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/message.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Grows only. Neighbours are one range, so a node that runs here whole is one, in whatever order its subtasks came.
class task_ranges {
public:
    /// Whether it was not there yet. O(log ranges). `subtask` is below 2^32 - 1, as limits demand of parallelism.
    bool insert(node_id node, std::uint32_t subtask);
    bool empty() const { return last_.empty(); }
    std::size_t size() const { return last_.size(); }
    void clear() { last_.clear(); }

    /// Ascending and disjoint; the first `most` of them.
    std::vector<task_range> list(std::size_t most) const;

    friend bool operator==(const task_ranges&, const task_ranges&) = default;

private:
    using place = std::pair<node_id, std::uint32_t>;

    friend fields;
    static constexpr std::size_t field_count = 1;

    std::map<place, std::uint32_t> last_;  ///< by first
};

// Implementation ------------------------------------------------------------------------------------------------------

inline bool task_ranges::insert(node_id node, std::uint32_t subtask) {
    const auto next = last_.upper_bound(place{node, subtask});
    const bool joins_next = next != last_.end() and next->first == place{node, subtask + 1};
    if (next != last_.begin()) {
        const auto before = std::prev(next);
        if (before->first.first == node and subtask < before->second) return false;
        if (before->first.first == node and subtask == before->second) {
            before->second = joins_next ? next->second : subtask + 1;
            if (joins_next) last_.erase(next);
            return true;
        }
    }
    const std::uint32_t end = joins_next ? next->second : subtask + 1;
    if (joins_next) last_.erase(next);
    last_.emplace(place{node, subtask}, end);
    return true;
}

inline std::vector<task_range> task_ranges::list(std::size_t most) const {
    std::vector<task_range> found;
    found.reserve(last_.size() < most ? last_.size() : most);
    for (const auto& [from, last] : last_) {
        if (found.size() == most) break;
        found.push_back({from.first, from.second, last});
    }
    return found;
}

}  // namespace headgate::inline v1
