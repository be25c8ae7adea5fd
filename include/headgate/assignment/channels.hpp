#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how many channels between subtasks leave a worker, a machine, a zone; counted without going over them.

#include <headgate/assignment/channel_counter.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace headgate::inline v1 {

struct channels_report {
    channel_counts total{};                 ///< stops at 2^64 - 1
    std::vector<channel_counts> by_edge{};  ///< in the program's order

    friend bool operator==(const channels_report&, const channels_report&) = default;
};

/// Precondition: `check` accepts `made` for `of`; `at` is of its workers. Edges to nodes that are not there have none.
/// For each edge O(ranges) of its nodes; less where lines are shared by nodes enough to pay for a look at them, for
/// workers, machines and zones each. A shuffle between nodes on one dense or level line: O(log runs), where the runs of
/// each place follow each other, or are of at most 16, or the nodes lie apart. A shuffle with a node on an even line,
/// of whose workers, machines or zones none comes again: O(ranges) of the other node. A shuffle between level lines:
/// O(ranges) of what is left of the nodes without the units that all runs get. A forward edge between nodes that lie
/// unit for unit on two lines, as others do with the same distance: O(log runs).
channels_report channels_of(const plan& made, const program& of, const worker_places& at);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Numbers texts in the order in which they first come; mostly one comes again at once.
class numbered_texts {
public:
    std::uint32_t number_of(std::string_view text) {
        if (numbers_.empty() or text != last_text_) {
            last_text_ = text;
            last_ = numbers_.emplace(text, static_cast<std::uint32_t>(numbers_.size())).first->second;
        }
        return last_;
    }

private:
    std::unordered_map<std::string_view, std::uint32_t> numbers_{};  // looked up only, never walked
    std::string_view last_text_{};
    std::uint32_t last_ = 0;
};

/// Precondition: workers of `made` ascend by id.
inline expected<worker_places> places_of(const plan& made, std::span<const offer> offers) {
    std::vector<const offer*> by_id;
    by_id.reserve(offers.size());
    for (const offer& each : offers) by_id.push_back(&each);
    const auto id_of = [](const offer* each) { return each->id; };
    if (not std::ranges::is_sorted(by_id, {}, id_of)) std::ranges::sort(by_id, {}, id_of);
    if (const auto twin = std::ranges::adjacent_find(by_id, {}, id_of); twin != by_id.end())
        return invalid(name((*twin)->id) + " is offered twice");
    numbered_texts machines, zones;
    worker_places found;
    found.machines.reserve(made.workers.size());
    found.zones.reserve(made.workers.size());
    auto from = by_id.begin();
    for (const placed_worker& each : made.workers) {
        while (from != by_id.end() and (*from)->id < each.id) ++from;
        if (from == by_id.end() or (*from)->id != each.id)
            return invalid("plan: " + name(each.id) + " is not among the workers");
        if ((*from)->slots != each.slots)
            return invalid("plan: " + name(each.id) + " has " + std::to_string(each.slots) + " slots, it offers " +
                           std::to_string((*from)->slots));
        found.machines.push_back(machines.number_of((*from)->machine.value));
        found.zones.push_back(zones.number_of((*from)->zone));
    }
    return found;
}

struct edge_of_plan {
    std::size_t edge{};
    std::uint32_t from{};
    std::uint32_t to{};
};

/// The edges whose nodes are there, those of one line after the other, so that what is known of it stays in the
/// processor's cache: of even lines, the one with the larger node.
inline std::vector<edge_of_plan> by_line(const plan& made, const program& of, const nodes_by_id& nodes) {
    std::vector<edge_of_plan> edges, sorted;
    std::vector<std::uint32_t> lines;
    std::vector<std::size_t> next(made.layouts.size() + 1);
    edges.reserve(of.edges.size());
    lines.reserve(of.edges.size());
    const auto size = [&](std::uint32_t node) {
        const placed_node& each = made.nodes[node];
        return made.layouts[each.layout].spaced == spacing::even ? each.parallelism : 0;
    };
    for (std::size_t i = 0; i < of.edges.size(); ++i) {
        const auto a = nodes.find(of.edges[i].from), b = nodes.find(of.edges[i].to);
        if (not a or not b) continue;
        edges.push_back({i, *a, *b});
        lines.push_back(made.nodes[size(*a) < size(*b) ? *b : *a].layout);
        ++next[lines.back() + 1];
    }
    std::partial_sum(next.begin(), next.end(), next.begin());
    sorted.resize(edges.size());
    for (std::size_t i = 0; i < edges.size(); ++i) sorted[next[lines[i]]++] = edges[i];
    return sorted;
}

inline std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) {
    return a + std::min(b, std::numeric_limits<std::uint64_t>::max() - a);
}

}  // namespace detail

inline channels_report channels_of(const plan& made, const program& of, const worker_places& at) {
    channels_report found;
    found.by_edge.resize(of.edges.size());
    const detail::nodes_by_id nodes(made.nodes);
    detail::channel_counter counter(made, at);
    const auto count = [&](std::size_t edge, std::uint32_t from, std::uint32_t to) {
        found.by_edge[edge] = counter.count(of.edges[edge].kind, from, to);
    };
    if (made.layouts.size() > 1)
        for (const detail::edge_of_plan& one : detail::by_line(made, of, nodes)) count(one.edge, one.from, one.to);
    else
        for (std::size_t i = 0; i < of.edges.size(); ++i)
            if (const auto a = nodes.find(of.edges[i].from), b = nodes.find(of.edges[i].to); a and b) count(i, *a, *b);
    for (const channel_counts& counts : found.by_edge) {
        found.total.all = detail::capped_sum(found.total.all, counts.all);
        found.total.across_workers = detail::capped_sum(found.total.across_workers, counts.across_workers);
        found.total.across_machines = detail::capped_sum(found.total.across_machines, counts.across_machines);
        found.total.across_zones = detail::capped_sum(found.total.across_zones, counts.across_zones);
    }
    return found;
}

}  // namespace headgate::inline v1
