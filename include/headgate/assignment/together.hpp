#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: which nodes forward edges join, and the smallest pieces of them that no channel leaves.

#include <headgate/assignment/balance.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/vocabulary/program.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace headgate::inline v1 {

enum class keep_together : std::uint8_t {
    nothing,
    forward_joined,  ///< nodes that forward edges join, where there is room for it: no such channel leaves a worker
};

/// Items of a program, and which one each node is of. A node's units are its parallelism / the item's units each.
struct items_of_nodes {
    std::vector<balance_item> items{};
    std::vector<std::uint32_t> of_node{};  ///< by node, position in `items`
};

/// A group that forward edges join has as many units as the greatest common divisor of its parallelisms. One that does
/// not fit on workers of `slots` falls apart into its nodes; so do all if their `least_layouts` are more than
/// `most_layouts`. Edges to nodes that are not there are ignored.
/// O(nodes + edges), and O(workers) for groups that are hard to fit, at most once for each.
items_of_nodes items_of(const program& of, keep_together what, std::span<const std::uint32_t> slots);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// By node, the least position of those that forward edges join it with.
inline std::vector<std::uint32_t> forward_groups(const program& of) {
    std::vector<std::uint32_t> parent = counted_up(of.nodes.size());
    const auto root = [&](std::uint32_t at) {
        while (parent[at] != at) at = parent[at] = parent[parent[at]];
        return at;
    };
    const nodes_by_id at(of.nodes);
    for (const edge& each : of.edges) {
        if (each.kind != edge_kind::forward) continue;
        const auto from = at.find(each.from), to = at.find(each.to);
        if (not from or not to) continue;
        const std::uint32_t a = root(*from), b = root(*to);
        parent[std::max(a, b)] = std::min(a, b);
    }
    for (std::uint32_t i = 0; i < parent.size(); ++i) parent[i] = root(i);
    return parent;
}

}  // namespace detail

inline items_of_nodes items_of(const program& of, keep_together what, std::span<const std::uint32_t> slots) {
    items_of_nodes made{.items = {}, .of_node = detail::counted_up(of.nodes.size())};
    made.items.reserve(of.nodes.size());
    if (what == keep_together::nothing) {
        for (const node& each : of.nodes) made.items.push_back({.units = each.parallelism});
        return made;
    }
    const std::vector<std::uint32_t> group = detail::forward_groups(of);
    std::vector<balance_item> groups(of.nodes.size(), {.units = 0, .grain = 0, .weight = 0});
    std::vector<std::uint32_t> largest(of.nodes.size());
    for (std::size_t i = 0; i < of.nodes.size(); ++i) {
        const std::uint32_t parallelism = of.nodes[i].parallelism;
        balance_item& mine = groups[group[i]];
        mine.units = std::gcd(mine.units, parallelism);
        mine.weight += parallelism;
        largest[group[i]] = std::max(largest[group[i]], parallelism);
    }
    std::vector<std::uint32_t> position(of.nodes.size());
    std::vector<bool> whole(of.nodes.size());
    detail::fitting fits_on_slots(slots);
    for (std::size_t i = 0; i < of.nodes.size(); ++i) {
        const std::size_t mine = group[i];
        if (mine == i) {
            groups[i].grain = largest[i] / groups[i].units;
            groups[i].weight /= groups[i].units;
            whole[i] = fits_on_slots(groups[i]);
        }
        if (mine == i or not whole[mine]) {
            position[i] = static_cast<std::uint32_t>(made.items.size());
            made.items.push_back(whole[mine] ? groups[mine] : balance_item{.units = of.nodes[i].parallelism});
        }
        made.of_node[i] = whole[mine] ? position[mine] : position[i];
    }
    if (least_layouts(made.items, slots) > most_layouts(slots.size()))
        return items_of(of, keep_together::nothing, slots);
    return made;
}

}  // namespace headgate::inline v1
