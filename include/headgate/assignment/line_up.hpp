#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what every policy begins and ends with: offers that can be used, and a plan that names them.

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
#include <vector>

namespace headgate::inline v1 {

/// The offers that have slots, ascending by id (A2).
struct line_of_workers {
    std::vector<std::uint32_t> order{};  ///< positions in the range that was asked about
    std::vector<std::uint32_t> slots{};  ///< by position in `order`; at most 2^32 - 1
    std::uint32_t needed{};              ///< the largest parallelism, at least 1
    std::uint64_t available{};           ///< slots of all offers; stops at 2^64 - 1

    friend bool operator==(const line_of_workers&, const line_of_workers&) = default;
};

/// For nodes and workers of any type (A7): `parallelism` and `slots` are unsigned numbers, `id` is anything with a
/// strict total order. Errors: `not_enough_slots`; `invalid` for no nodes, a parallelism of 0 or above 2^32 - 1, an id
/// that two offers have. O(nodes + workers), and sorting if the ids do not ascend.
template <std::ranges::input_range Nodes, class Parallelism, std::ranges::random_access_range Workers, class Id,
          class Slots>
expected<line_of_workers> line_up(Nodes&& nodes, Parallelism parallelism, Workers&& workers, Id id, Slots slots);

expected<line_of_workers> line_up(const program& of, std::span<const offer> offers);

/// A plan without layouts and nodes whose worker number k is `offers[order[k]]`. `invalid` if `order` does not ascend
/// by id, or texts do not fit into a plan.
expected<plan> plan_on(std::span<const offer> offers, std::span<const std::uint32_t> order);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// The largest parallelism, at least 1.
template <class Nodes, class Parallelism>
expected<std::uint32_t> slots_needed(Nodes&& nodes, Parallelism& parallelism) {
    std::uint64_t most = 0, least = std::numeric_limits<std::uint64_t>::max();
    for (auto&& each : nodes) {
        const auto one = std::invoke(parallelism, each);
        static_assert(std::unsigned_integral<std::remove_cvref_t<decltype(one)>>,
                      "line_up: the parallelism of a node is an unsigned number; project it to one");
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
expected<line_of_workers> line_up(Nodes&& nodes, Parallelism parallelism, Workers&& workers, Id id, Slots slots) {
    const auto needed = detail::slots_needed(nodes, parallelism);
    if (not needed) return tl::unexpected(needed.error());

    const auto at = [&](std::uint32_t position) -> decltype(auto) {
        return std::ranges::begin(workers)[static_cast<std::ranges::range_difference_t<Workers>>(position)];
    };
    const auto id_at = [&](std::uint32_t position) -> decltype(auto) { return std::invoke(id, at(position)); };
    const auto before = [&](std::uint32_t left, std::uint32_t right) { return id_at(left) < id_at(right); };
    line_of_workers made{.order = std::vector<std::uint32_t>(static_cast<std::size_t>(std::ranges::distance(workers))),
                         .needed = *needed};
    for (std::uint32_t i = 0; i < made.order.size(); ++i) made.order[i] = i;
    if (not std::ranges::is_sorted(made.order, before)) std::ranges::sort(made.order, before);
    const auto same = [&](std::uint32_t left, std::uint32_t right) { return not before(left, right); };
    if (std::ranges::adjacent_find(made.order, same) != made.order.end())
        return failure(error_kind::invalid, "two of the workers to assign to have the same id");

    made.slots.reserve(made.order.size());
    std::size_t used = 0;
    for (const std::uint32_t position : made.order) {
        const auto offered = std::invoke(slots, at(position));
        static_assert(std::unsigned_integral<std::remove_cvref_t<decltype(offered)>>,
                      "line_up: the slots of a worker are an unsigned number; project them to one");
        if (offered == 0) continue;
        made.available += std::min<std::uint64_t>(offered, std::numeric_limits<std::uint64_t>::max() - made.available);
        made.order[used++] = position;
        made.slots.push_back(
            static_cast<std::uint32_t>(std::min<std::uint64_t>(offered, std::numeric_limits<std::uint32_t>::max())));
    }
    made.order.resize(used);
    if (made.available >= *needed) return made;
    return tl::unexpected(
        error{.kind = error_kind::not_enough_slots, .text = {}, .needed = *needed, .available = made.available});
}

inline expected<line_of_workers> line_up(const program& of, std::span<const offer> offers) {
    return line_up(of.nodes, &node::parallelism, offers, &offer::id, &offer::slots);
}

inline expected<plan> plan_on(std::span<const offer> offers, std::span<const std::uint32_t> order) {
    plan made;
    made.workers.reserve(order.size());
    std::size_t machines = 0, addresses = 0;
    for (const std::uint32_t position : order) {
        const offer& from = offers[position];
        if (not made.workers.empty() and not(made.workers.back().id < from.id))
            return failure(error_kind::invalid, "worker " + std::to_string(from.id.value) + " follows worker " +
                                                    std::to_string(made.workers.back().id.value) +
                                                    "; a plan has its workers by id, so `order` ascends by it");
        made.workers.push_back({.id = from.id, .slots = from.slots});
        machines += from.machine.value.size();
        addresses += from.data_address.size();
    }
    made.machines.reserve(order.size(), machines);
    made.data_addresses.reserve(order.size(), addresses);
    for (const std::uint32_t position : order)
        if (const offer& from = offers[position];
            not made.machines.push_back(from.machine.value) or not made.data_addresses.push_back(from.data_address))
            return failure(error_kind::invalid, "machine ids or data addresses of the workers are above 4 GiB");
    return made;
}

}  // namespace headgate::inline v1
