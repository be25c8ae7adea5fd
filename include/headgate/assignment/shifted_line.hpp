#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: which slots of a line have not the worker that an older line had there, where nodes lie on both unit for
// unit: what a node moves is then a difference of sums. Made for `moves_since`.

#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/plan_layout.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// By how many slots (of level lines, runs) each unit of a node is further behind on its old line than on its new one.
/// Nothing if that is not so for all, around the ends: even lines, another parallelism, ends that differ and are met.
inline std::optional<std::uint64_t> shift_of(const placement& old, const placement& now) {
    if (old.line.spaced == spacing::even or now.line.spaced == spacing::even) return std::nullopt;
    if (old.units != now.units or old.grain != now.grain) return std::nullopt;
    if (old.slots != now.slots and (now.units > old.slots or now.offset + now.units > now.slots)) return std::nullopt;
    return (old.offset + old.slots - now.offset % old.slots) % old.slots;
}

/// The slots of a line whose worker is not the one that the old line has `shift` slots further behind.
class changed_slots {
public:
    /// Workers of `old` are those of `now` that `corresponds` says. O(`cost`).
    changed_slots(const layout& old, const layout& now, std::uint64_t shift, std::span<const std::uint32_t> corresponds)
        : changed_slots(old, now, shift, [&](std::size_t was, std::size_t is) { return corresponds[was] == is; }) {}

    /// Workers are the same if `is_same(worker of old, worker of now)` says so.
    template <std::predicate<std::size_t, std::size_t> IsSame>
    changed_slots(const layout& old, const layout& now, std::uint64_t shift, IsSame is_same) {
        const std::size_t old_runs = old.boundaries.size() - 1, runs = now.boundaries.size() - 1;
        std::uint64_t slot = 0, old_slot = shift;
        std::size_t was = old.spaced == spacing::level ? shift : run_at(old, shift);
        for (std::size_t run = 0; run < runs;) {
            const std::uint64_t end = end_of(now, run), old_end = end_of(old, was);
            const std::uint64_t length = std::min(end - slot, old_end - old_slot);
            if (length > 0 and not is_same(owner_of(old, was), owner_of(now, run))) add(slot, slot + length);
            slot += length;
            old_slot += length;
            run += slot == end;
            if (old_slot == old_end and ++was == old_runs) old_slot = was = 0;
        }
        all_ = before(slot);
    }

    /// Steps that it takes to make one: runs of `now`, and those of `old` as often as that goes around.
    static std::uint64_t cost(const layout& old, const layout& now) {
        const auto slots = [](const layout& line) { return end_of(line, line.boundaries.size() - 2); };
        return now.boundaries.size() + old.boundaries.size() * (1 + slots(now) / slots(old));
    }

    std::size_t stretches() const { return stretches_.size(); }

    /// Subtasks of a node on the new line. O(log stretches).
    std::uint64_t of(const placement& node) const {
        const std::uint64_t end = node.offset + node.units % node.slots;
        std::uint64_t sum = node.units / node.slots * all_ + before(std::min(end, node.slots)) - before(node.offset);
        if (end > node.slots) sum += before(end - node.slots);
        return sum * node.grain;
    }

private:
    struct stretch {
        std::uint64_t first;
        std::uint64_t last;
        std::uint64_t before;  ///< slots of all stretches before
    };

    static std::uint64_t end_of(const layout& line, std::size_t run) {
        return line.spaced == spacing::level ? run + 1 : line.boundaries[run + 1];
    }
    static std::size_t run_at(const layout& line, std::uint64_t slot) {
        return static_cast<std::size_t>(std::ranges::upper_bound(line.boundaries, slot) - line.boundaries.begin()) - 1;
    }
    void add(std::uint64_t first, std::uint64_t last) {
        if (not stretches_.empty() and stretches_.back().last == first)
            stretches_.back().last = last;
        else
            stretches_.push_back({first, last, before(first)});
    }
    std::uint64_t before(std::uint64_t slot) const {
        const auto behind = std::ranges::lower_bound(stretches_, slot, {}, &stretch::first);
        if (behind == stretches_.begin()) return 0;
        const stretch& last = *(behind - 1);
        return last.before + std::min(slot, last.last) - last.first;
    }

    std::vector<stretch> stretches_{};
    std::uint64_t all_ = 0;
};

/// What all lines may cost together, in boundaries of both plans: as much as to look at the plans a few times.
inline constexpr std::uint64_t most_times_over = 4;

/// Nodes of a line that came from one other, mostly all of them: the first says from which and how far.
class line_with_past {
public:
    void add(std::uint32_t old_layout, std::uint64_t shift, std::uint64_t slots) {
        if (slots_ == 0) old_layout_ = old_layout, shift_ = shift;
        if (is_of(old_layout, shift)) slots_ += slots;
    }

    /// Null for nodes that came from elsewhere, or if they have fewer slots than it costs, or it costs more than is
    /// `left`, which falls by it: nodes may have many slots in one run, and many lines come from one of many runs.
    const changed_slots* changed(std::uint32_t old_layout, std::uint64_t shift, const layout& old, const layout& now,
                                 std::span<const std::uint32_t> corresponds, std::uint64_t& left) {
        if (not is_of(old_layout, shift)) return nullptr;
        if (changed_) return &*changed_;
        const std::uint64_t cost = changed_slots::cost(old, now);
        if (slots_ < cost or left < cost) return nullptr;
        left -= cost;
        return &changed_.emplace(old, now, shift, corresponds);
    }

private:
    bool is_of(std::uint32_t old_layout, std::uint64_t shift) const {
        return old_layout_ == old_layout and shift_ == shift;
    }

    std::uint32_t old_layout_ = 0;
    std::uint64_t shift_ = 0;
    std::uint64_t slots_ = 0;  ///< that its nodes take, each counted once a node
    std::optional<changed_slots> changed_{};
};

}  // namespace headgate::inline v1::detail
