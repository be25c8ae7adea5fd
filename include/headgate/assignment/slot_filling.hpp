#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: every node begins at the first worker and fills the slots of one worker after the other (A3).

#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/policy.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

enum class filling_order : std::uint8_t {
    by_id,          ///< the reference
    largest_first,  ///< by slots, descending, then by id: for one shuffle the fewest channels across workers
};

/// When to use: the workers are as many as are needed, or as few as possible are to be used, so that the rest may go.
/// Not for: an even load. With slots to spare the first workers have all of it, and the last have none.
///
/// As few workers in that order as the largest parallelism needs; the others are not in the plan. Errors: see
/// `assignment_policy`. O(nodes + offers), and sorting if the ids do not ascend, or by slots.
struct slot_filling {
    filling_order order = filling_order::by_id;

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const;

    /// See `bounded_assignment_policy`: a worker may have of each node as much as it has slots.
    std::uint64_t largest_load(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots) const;

    friend bool operator==(const slot_filling&, const slot_filling&) = default;
};

/// Slots in a line. Of every node with a parallelism of p, worker number `order[k]` of the range that was asked about
/// runs the subtasks from min(boundaries[k], p) up to, without, min(boundaries[k + 1], p).
struct filled_slots {
    std::vector<std::uint32_t> order{};
    std::vector<std::uint32_t> boundaries{0};

    friend bool operator==(const filled_slots&, const filled_slots&) = default;
};

/// Slot filling on a line of workers, which `line_up` makes of any types (A7).
filled_slots fill_slots(const line_of_workers& line, filling_order order = filling_order::by_id);

// Implementation ------------------------------------------------------------------------------------------------------

inline filled_slots fill_slots(const line_of_workers& line, filling_order order) {
    std::vector<std::uint32_t> turns(line.order.size());
    for (std::uint32_t i = 0; i < turns.size(); ++i) turns[i] = i;
    if (order == filling_order::largest_first)
        std::ranges::sort(turns, [&](std::uint32_t a, std::uint32_t b) {
            return line.slots[a] != line.slots[b] ? line.slots[a] > line.slots[b] : a < b;
        });
    filled_slots made;
    made.order.reserve(turns.size());
    made.boundaries.reserve(turns.size() + 1);
    std::uint64_t filled = 0;
    for (const std::uint32_t turn : turns) {
        if (filled == line.needed) break;
        filled = std::min<std::uint64_t>(filled + line.slots[turn], line.needed);
        made.order.push_back(line.order[turn]);
        made.boundaries.push_back(static_cast<std::uint32_t>(filled));
    }
    return made;
}

inline expected<plan> slot_filling::operator()(const program& of, std::span<const offer> offers, const past&) const {
    const auto line = line_up(of, offers);
    if (not line) return tl::unexpected(line.error());
    filled_slots filled = fill_slots(*line, order);

    std::vector<std::uint32_t> owners;
    std::vector<std::uint32_t> by_id = filled.order;
    const auto id_of = [&](std::uint32_t position) { return offers[position].id; };
    if (order == filling_order::largest_first) {
        std::ranges::sort(by_id, {}, id_of);
        for (const std::uint32_t position : filled.order)
            owners.push_back(static_cast<std::uint32_t>(std::ranges::lower_bound(by_id, id_of(position), {}, id_of) -
                                                        by_id.begin()));
        if (std::ranges::is_sorted(owners)) owners.clear();
    }
    auto made = plan_on(offers, by_id);
    if (not made) return made;
    made->layouts.push_back(
        {.spaced = spacing::dense, .boundaries = std::move(filled.boundaries), .owners = std::move(owners)});
    made->nodes.reserve(of.nodes.size());
    for (const node& each : of.nodes)
        made->nodes.push_back({.id = each.id, .parallelism = each.parallelism, .layout = 0, .offset = 0});
    return made;
}

inline std::uint64_t slot_filling::largest_load(std::span<const std::uint32_t> parallelisms,
                                                std::span<const std::uint32_t> slots) const {
    const std::uint32_t most = slots.empty() ? 0 : *std::ranges::max_element(slots);
    std::uint64_t sum = 0;
    for (const std::uint32_t each : parallelisms) sum += std::min(each, most);
    return sum;
}

}  // namespace headgate::inline v1
