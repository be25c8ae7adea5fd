#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: a line of slots with the nodes on it, and windows of one. Made for `mending`.

#include <headgate/assignment/moves.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Nodes that share a layout, by position in the program.
struct shared_line {
    layout line{};  ///< with owners; `no_worker` where a taker is wanted
    std::vector<std::uint32_t> nodes{};
    asked_of_layout asked{};
    std::vector<std::uint64_t> loads{};  ///< by run

    std::uint64_t slots() const { return line.boundaries.back(); }
    std::uint64_t length(std::size_t run) const { return line.boundaries[run + 1] - line.boundaries[run]; }
    bool is_level() const { return line.spaced == spacing::level; }
    /// Into which the run can be split.
    std::uint64_t pieces(std::size_t run) const { return is_level() ? 1 : length(run); }
    /// How many of them a worker can take that may have `units` more of a node, if the line is not level.
    std::uint64_t pieces_of(std::uint64_t units) const {
        return line.spaced == spacing::even ? units * slots() / asked.units : units;
    }
    /// Of the largest node in `pieces` of the run.
    std::uint64_t units_in(std::size_t run, std::uint64_t pieces) const { return most_units(line, asked, run, pieces); }
    std::uint64_t units_of(std::size_t run) const { return units_in(run, length(run)); }
};

inline void append_run(layout& to, std::uint32_t owner, std::uint64_t length) {
    if (length == 0) return;
    const auto end = static_cast<std::uint32_t>(to.boundaries.back() + length);
    if (not to.owners.empty() and to.owners.back() == owner) {
        to.boundaries.back() = end;
        return;
    }
    to.boundaries.push_back(end);
    to.owners.push_back(owner);
}

/// Of a level line the lengths do not matter, and the number of runs does.
inline void append_level(layout& to, std::uint32_t owner) {
    to.boundaries.push_back(to.boundaries.back() + 1);
    to.owners.push_back(owner);
}

/// A dense line turned so that it begins behind its first part that wants a taker, and how much of it does.
class turned_line {
public:
    explicit turned_line(const layout& marked) : slots_(marked.boundaries.back()) {
        const std::size_t runs = marked.owners.size();
        const auto wanted = std::ranges::find(marked.owners, no_worker);
        const auto first = static_cast<std::size_t>(wanted - marked.owners.begin()) + 1;
        begin_ = marked.boundaries[first] % slots_;
        for (std::size_t i = 0; i < runs; ++i) {
            const std::size_t run = (first + i) % runs;
            const std::uint64_t length = marked.boundaries[run + 1] - marked.boundaries[run];
            ends_.push_back((ends_.empty() ? 0 : ends_.back()) + length);
            owners_.push_back(marked.owners[run]);
            wanted_.push_back((wanted_.empty() ? 0 : wanted_.back()) + (owners_.back() == no_worker ? length : 0));
        }
    }

    std::uint64_t slots() const { return slots_; }
    std::uint64_t turned(std::uint64_t slot) const { return (slot + slots_ - begin_) % slots_; }

    /// Slots before `at`, which may be once around, that want a taker.
    std::uint64_t wanted_before(std::uint64_t at) const {
        if (at >= slots_) return wanted_.back() + wanted_before(at - slots_);
        const std::size_t run = run_at(at);
        return owners_[run] == no_worker ? wanted_[run] - (ends_[run] - at) : wanted_[run];
    }

    /// The slots from `first` up to `last`, no more than all.
    layout window(std::uint64_t first, std::uint64_t last) const {
        layout made{.spaced = spacing::dense};
        std::uint64_t around = 0;
        for (std::size_t run = run_at(first); first < last;) {
            const std::uint64_t end = std::min(around + ends_[run], last);
            append_run(made, owners_[run], end - first);
            first = end;
            if (++run == ends_.size()) {
                run = 0;
                around += slots_;
            }
        }
        return made;
    }

private:
    std::size_t run_at(std::uint64_t slot) const {
        return static_cast<std::size_t>(std::ranges::upper_bound(ends_, slot) - ends_.begin());
    }

    std::uint64_t slots_;
    std::uint64_t begin_ = 0;
    std::vector<std::uint64_t> ends_{};
    std::vector<std::uint32_t> owners_{};
    std::vector<std::uint64_t> wanted_{};  ///< up to the end of each
};

}  // namespace headgate::inline v1::detail
