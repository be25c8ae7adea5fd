#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: which subtasks have started and which have finished: one bit each (S14).

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// A set of subtasks of a program. Adding what is there changes nothing.
class subtask_set {
public:
    subtask_set() = default;
    explicit subtask_set(std::uint64_t of) : words_((of + 63) / 64), missing_(of) {}

    /// How many are not in it.
    std::uint64_t missing() const { return missing_; }

    /// Adds those from bit `first` up to, without, `last`. O(1) for each 64. Answers how many were new.
    std::uint64_t add(std::uint64_t first, std::uint64_t last);

    friend bool operator==(const subtask_set&, const subtask_set&) = default;

private:
    friend fields;
    static constexpr std::size_t field_count = 2;

    std::vector<std::uint64_t> words_;
    std::uint64_t missing_ = 0;
};

/// Where the subtasks of each node are in a `subtask_set`, and what has happened to them. Only the worker that a
/// subtask was assigned to can move it.
class task_board {
public:
    task_board() = default;
    explicit task_board(const program& of);

    std::uint64_t count() const { return offsets_.empty() ? 0 : offsets_.back(); }
    bool all_started() const { return started_.missing() == 0; }
    bool all_finished() const { return finished_.missing() == 0; }
    bool sources_finished() const { return sources_missing_ == 0; }
    std::uint64_t not_started() const { return started_.missing(); }

    /// Position of a node of the program.
    std::optional<std::uint32_t> find(node_id id) const;

    /// False, and nothing is changed, for a range that is not wholly of `worker` (position in the plan).
    bool start(const plan& placed, std::uint32_t worker, const task_range& range);
    bool finish(const plan& placed, std::uint32_t worker, const task_range& range);
    bool has(const plan& placed, std::uint32_t worker, node_id node, std::uint32_t subtask) const;

    /// Position in a set of all subtasks. Precondition: they exist.
    std::uint64_t bit_of(std::uint32_t node, std::uint32_t subtask) const { return offsets_[node] + subtask; }

    friend bool operator==(const task_board&, const task_board&) = default;

private:
    std::optional<std::pair<std::uint32_t, subtask_range>> located(const plan& placed, std::uint32_t worker,
                                                                   const task_range& range) const;

    friend fields;
    static constexpr std::size_t field_count = 6;

    std::vector<std::uint64_t> offsets_;                              // of each node, and the sum
    std::vector<std::pair<std::uint32_t, std::uint32_t>> positions_;  // (id, position), ascending
    std::vector<bool> is_source_;
    subtask_set started_, finished_;
    std::uint64_t sources_missing_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline std::uint64_t subtask_set::add(std::uint64_t first, std::uint64_t last) {
    std::uint64_t added = 0;
    while (first < last) {
        const std::uint64_t low = first % 64, count = std::min(64 - low, last - first);
        const std::uint64_t mask = (count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1) << low;
        std::uint64_t& word = words_[first / 64];
        added += static_cast<std::uint64_t>(std::popcount(mask & ~word));
        word |= mask;
        first += count;
    }
    missing_ -= added;
    return added;
}

inline task_board::task_board(const program& of) : is_source_(of.nodes.size()) {
    offsets_.push_back(0);
    for (std::uint32_t i = 0; i < of.nodes.size(); ++i) {
        offsets_.push_back(offsets_.back() + of.nodes[i].parallelism);
        positions_.emplace_back(of.nodes[i].id.value, i);
    }
    std::ranges::sort(positions_);
    for (const std::uint32_t source : sources(of)) {
        is_source_[source] = true;
        sources_missing_ += of.nodes[source].parallelism;
    }
    started_ = subtask_set(count());
    finished_ = subtask_set(count());
}

inline std::optional<std::uint32_t> task_board::find(node_id id) const {
    // Ids are often 0, 1, 2, ... or 1, 2, 3, ...: the guess is right then.
    for (const std::uint32_t guess : {id.value, id.value - 1})
        if (guess < positions_.size() and positions_[guess].first == id.value) return positions_[guess].second;
    const auto at = std::ranges::lower_bound(positions_, id.value, {}, [](const auto& p) { return p.first; });
    if (at == positions_.end() or at->first != id.value) return std::nullopt;
    return at->second;
}

inline std::optional<std::pair<std::uint32_t, subtask_range>> task_board::located(const plan& placed,
                                                                                  std::uint32_t worker,
                                                                                  const task_range& range) const {
    const auto node = find(range.node);
    if (not node or not holds(placed, *node, worker, {range.first, range.last})) return std::nullopt;
    return std::pair{*node, subtask_range{range.first, range.last}};
}

inline bool task_board::start(const plan& placed, std::uint32_t worker, const task_range& range) {
    const auto at = located(placed, worker, range);
    if (at) started_.add(bit_of(at->first, at->second.first), bit_of(at->first, at->second.last));
    return at.has_value();
}

inline bool task_board::finish(const plan& placed, std::uint32_t worker, const task_range& range) {
    const auto at = located(placed, worker, range);
    if (not at) return false;
    const auto added = finished_.add(bit_of(at->first, at->second.first), bit_of(at->first, at->second.last));
    if (is_source_[at->first]) sources_missing_ -= added;
    return true;
}

inline bool task_board::has(const plan& placed, std::uint32_t worker, node_id node, std::uint32_t subtask) const {
    return subtask != ~std::uint32_t{0} and located(placed, worker, {node, subtask, subtask + 1}).has_value();
}

}  // namespace headgate::inline v1
