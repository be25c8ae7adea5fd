#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: no worker has more to do than any plan must give to one.

#include <headgate/assignment/balance.hpp>
#include <headgate/assignment/caps.hpp>
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/together.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// When to use: the default choice. Subtasks cost about the same, and the fullest worker is what limits the job.
/// Not for: few workers with the rest let go (slot_filling), little traffic (local), state that should stay where it is
/// (sticky).
///
/// The largest load per slot, or if so asked the largest load, is the proven bound (bounds.hpp), with two exceptions.
/// The largest load may be above it where slots are unequal and more parallelisms differ than `most_layouts(workers)`
/// (37 of 10,000 workers): those that are small then share a line. Where groups are kept together, either may: what is
/// left is to pack weights, which nobody does best in time. Every worker with slots is in the plan. Errors: see
/// `assignment_policy`; `invalid` for more such parallelisms than that on 2^32 slots or more in all. O(nodes log nodes
/// + workers * parallelisms that differ), of which at most `most_classes` are counted when the load per slot is asked
/// for; with equal slots O(nodes + workers). The plan is as large as `balance` says.
struct balanced {
    balance_by aim = balance_by::load_per_slot;
    keep_together together = keep_together::nothing;

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const;

    /// See `bounded_assignment_policy`: the bound that was asked for, if nothing is kept together.
    std::uint64_t largest_load(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots) const;

    friend bool operator==(const balanced&, const balanced&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// The layouts and nodes of a plan over all workers of a line.
inline void place(plan& made, const program& of, const items_of_nodes& items, balanced_items placed) {
    made.layouts = std::move(placed.layouts);
    made.nodes.reserve(of.nodes.size());
    for (std::size_t i = 0; i < of.nodes.size(); ++i) {
        const std::uint32_t item = items.of_node[i];
        made.nodes.push_back({.id = of.nodes[i].id,
                              .parallelism = of.nodes[i].parallelism,
                              .layout = placed.items[item].layout,
                              .offset = placed.items[item].offset,
                              .grain = of.nodes[i].parallelism == items.items[item].units
                                           ? 1
                                           : of.nodes[i].parallelism / items.items[item].units});
    }
}

}  // namespace detail

inline expected<plan> balanced::operator()(const program& of, std::span<const offer> offers, const past&) const {
    const auto line = line_up(of, offers);
    if (not line) return tl::unexpected(line.error());
    auto made = plan_on(offers, line->order);
    if (not made) return made;
    const items_of_nodes items = items_of(of, together, line->slots);
    auto placed = balance(items.items, line->slots, {.aim = aim});
    if (not placed) return tl::unexpected(placed.error());
    detail::place(*made, of, items, *std::move(placed));
    return made;
}

inline std::uint64_t balanced::largest_load(std::span<const std::uint32_t> parallelisms,
                                            std::span<const std::uint32_t> slots) const {
    const bool is_exact = aim == balance_by::load_per_slot or detail::are_equal(slots) or
                          parallelisms.size() <= most_layouts(slots.size());
    if (together == keep_together::nothing and is_exact) return largest_cap(parallelisms, slots, aim, 1);
    std::uint64_t all = 0;
    for (const std::uint32_t each : parallelisms) all += each;
    return all;
}

}  // namespace headgate::inline v1
