#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: every node begins at the first worker and fills the slots of one worker after the other (A3).

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// As few workers as the largest parallelism needs, in the order of their ids (A2). A worker of which nothing is needed
/// is not in the plan. Errors: `not_enough_slots`; `invalid` for an empty program, a parallelism of 0, an id that two
/// offers have, or texts that do not fit into a plan. O(nodes + offers), and sorting if the ids do not ascend.
struct slot_filling {
    expected<plan> operator()(const program& of, std::span<const offer> offers, const plan* previous = nullptr) const;

    friend bool operator==(const slot_filling&, const slot_filling&) = default;
};

/// Slots in a line. Of every node with a parallelism of p, worker number `order[k]` of the range that was asked about
/// runs the subtasks from min(boundaries[k], p) up to, without, min(boundaries[k + 1], p).
struct filled_slots {
    std::vector<std::uint32_t> order{};
    std::vector<std::uint32_t> boundaries{0};

    friend bool operator==(const filled_slots&, const filled_slots&) = default;
};

/// Slot filling for nodes and workers of any type (A7): `parallelism` and `slots` are unsigned numbers, `id` is
/// anything with a strict total order. Errors and cost as above; of the offers only those that are needed have their
/// turn.
template <std::ranges::input_range Nodes, class Parallelism, std::ranges::random_access_range Workers, class Id,
          class Slots>
expected<filled_slots> fill_slots(Nodes&& nodes, Parallelism parallelism, Workers&& workers, Id id, Slots slots);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// The largest parallelism, at least 1.
template <class Nodes, class Parallelism>
expected<std::uint32_t> slots_needed(Nodes&& nodes, Parallelism& parallelism) {
    std::uint64_t most = 0, least = std::numeric_limits<std::uint64_t>::max();
    for (auto&& each : nodes) {
        const auto one = std::invoke(parallelism, each);
        static_assert(std::unsigned_integral<std::remove_cvref_t<decltype(one)>>);
        most = std::max<std::uint64_t>(most, one);
        least = std::min<std::uint64_t>(least, one);
    }
    if (most == 0 and least != 0) return failure(error_kind::invalid, "there are no nodes to assign");
    if (least == 0) return failure(error_kind::invalid, "a node has parallelism 0; at least 1 is needed");
    if (most > std::numeric_limits<std::uint32_t>::max())
        return failure(error_kind::invalid, "a node has parallelism " + std::to_string(most) + ", above 2^32 - 1");
    return static_cast<std::uint32_t>(most);
}

}  // namespace detail

template <std::ranges::input_range Nodes, class Parallelism, std::ranges::random_access_range Workers, class Id,
          class Slots>
expected<filled_slots> fill_slots(Nodes&& nodes, Parallelism parallelism, Workers&& workers, Id id, Slots slots) {
    const auto needed = detail::slots_needed(nodes, parallelism);
    if (not needed) return tl::unexpected(needed.error());

    const auto at = [&](std::uint32_t position) -> decltype(auto) {
        return std::ranges::begin(workers)[static_cast<std::ranges::range_difference_t<Workers>>(position)];
    };
    const auto id_at = [&](std::uint32_t position) -> decltype(auto) { return std::invoke(id, at(position)); };
    std::vector<std::uint32_t> order(static_cast<std::size_t>(std::ranges::distance(workers)));
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto before = [&](std::uint32_t left, std::uint32_t right) { return id_at(left) < id_at(right); };
    if (not std::ranges::is_sorted(order, before)) std::ranges::sort(order, before);
    const auto same = [&](std::uint32_t left, std::uint32_t right) { return not before(left, right); };
    if (std::ranges::adjacent_find(order, same) != order.end())
        return failure(error_kind::invalid, "two of the workers to assign to have the same id");

    filled_slots made;
    made.order.reserve(order.size());
    made.boundaries.reserve(order.size() + 1);
    std::uint64_t available = 0;
    for (const std::uint32_t position : order) {
        const auto offered = std::invoke(slots, at(position));
        static_assert(std::unsigned_integral<std::remove_cvref_t<decltype(offered)>>);
        available += std::min<std::uint64_t>(offered, std::numeric_limits<std::uint64_t>::max() - available);
        if (offered == 0) continue;
        made.order.push_back(position);
        made.boundaries.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(available, *needed)));
        if (available >= *needed) return made;
    }
    return tl::unexpected(
        error{.kind = error_kind::not_enough_slots, .text = {}, .needed = *needed, .available = available});
}

inline expected<plan> slot_filling::operator()(const program& of, std::span<const offer> offers, const plan*) const {
    auto filled = fill_slots(of.nodes, &node::parallelism, offers, &offer::id, &offer::slots);
    if (not filled) return tl::unexpected(std::move(filled.error()));

    plan made;
    made.workers.reserve(filled->order.size());
    std::size_t machines = 0, addresses = 0;
    for (const std::uint32_t position : filled->order) {
        const offer& from = offers[position];
        made.workers.push_back({.id = from.id, .slots = from.slots});
        machines += from.machine.value.size();
        addresses += from.data_address.size();
    }
    made.machines.reserve(filled->order.size(), machines);
    made.data_addresses.reserve(filled->order.size(), addresses);
    for (const std::uint32_t position : filled->order)
        if (const offer& from = offers[position];
            not made.machines.push_back(from.machine.value) or not made.data_addresses.push_back(from.data_address))
            return failure(error_kind::invalid, "machine ids or data addresses of the workers are above 4 GiB");
    made.layouts.push_back({.spaced = spacing::dense, .boundaries = std::move(filled->boundaries), .owners = {}});
    made.nodes.reserve(of.nodes.size());
    for (const node& each : of.nodes)
        made.nodes.push_back({.id = each.id, .parallelism = each.parallelism, .layout = 0, .offset = 0});
    return made;
}

}  // namespace headgate::inline v1
