#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how many channels between subtasks leave a worker, a machine, a zone; counted without going over them.

#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Of p to q subtasks a shuffle has p q channels, a forward edge as many as the larger has subtasks.
struct channel_counts {
    std::uint64_t all{};
    std::uint64_t across_workers{};
    std::uint64_t across_machines{};
    std::uint64_t across_zones{};

    friend bool operator==(const channel_counts&, const channel_counts&) = default;
};

struct channels_report {
    channel_counts total{};                 ///< stops at 2^64 - 1
    std::vector<channel_counts> by_edge{};  ///< in the program's order

    friend bool operator==(const channels_report&, const channels_report&) = default;
};

/// Where workers are: by position in a plan, numbers of their machines and zones, counted from 0.
struct worker_places {
    std::vector<std::uint32_t> machines{};
    std::vector<std::uint32_t> zones{};
};

/// Precondition: `check` accepts `made` for `of`; `at` is of its workers. Edges to nodes that are not there have none.
channels_report channels_of(const plan& made, const program& of, const worker_places& at);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline expected<worker_places> places_of(const plan& made, std::span<const offer> offers) {
    // Looked up only, never walked.
    std::unordered_map<std::uint64_t, const offer*> by_id;
    for (const offer& each : offers) by_id.emplace(each.id.value, &each);
    std::unordered_map<std::string_view, std::uint32_t> machines, zones;
    worker_places found;
    for (std::size_t i = 0; i < made.workers.size(); ++i) {
        const auto from = by_id.find(made.workers[i].id.value);
        if (from == by_id.end()) return invalid("plan: " + name(made.workers[i].id) + " is not among the workers");
        if (from->second->slots != made.workers[i].slots)
            return invalid("plan: " + name(made.workers[i].id) + " has " + std::to_string(made.workers[i].slots) +
                           " slots, it offers " + std::to_string(from->second->slots));
        const auto number = [](auto& numbers, std::string_view key) {
            return numbers.emplace(key, static_cast<std::uint32_t>(numbers.size())).first->second;
        };
        found.machines.push_back(number(machines, from->second->machine.value));
        found.zones.push_back(number(zones, from->second->zone));
    }
    return found;
}

/// Counts by worker, machine or zone, cleared at the cost of what was counted.
struct counted_places {
    const std::vector<std::uint32_t>* place_of;  ///< null: a worker is its own
    std::vector<std::uint64_t> counts;

    counted_places(const std::vector<std::uint32_t>* by, std::size_t size) : place_of(by), counts(size) {}

    std::uint32_t at(std::uint32_t worker) const { return place_of ? (*place_of)[worker] : worker; }

    /// Pairs of a subtask of each that are at the same place.
    std::uint64_t pairs(std::span<const range_on_worker> from, std::span<const range_on_worker> to) {
        std::uint64_t sum = 0;
        for (const range_on_worker& each : from) counts[at(each.worker)] += each.range.size();
        for (const range_on_worker& each : to) sum += counts[at(each.worker)] * each.range.size();
        for (const range_on_worker& each : from) counts[at(each.worker)] = 0;
        return sum;
    }
};

/// Calls `each(from worker, to worker, channels)` for the stretches of a forward edge. Both are ascending.
template <class Each>
void forward_stretches(std::span<const range_on_worker> from, std::uint64_t from_count,
                       std::span<const range_on_worker> to, std::uint64_t to_count, Each each) {
    const std::uint64_t all = std::max(from_count, to_count);
    std::uint64_t begin = 0;
    for (std::size_t a = 0, b = 0; a < from.size() and b < to.size();) {
        const std::uint64_t a_end = from[a].range.last * all / from_count, b_end = to[b].range.last * all / to_count;
        const std::uint64_t end = std::min(a_end, b_end);
        if (end > begin) each(from[a].worker, to[b].worker, end - begin);
        begin = std::max(begin, end);
        a += a_end == end;
        b += b_end == end;
    }
}

inline std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) {
    return a + std::min(b, std::numeric_limits<std::uint64_t>::max() - a);
}

}  // namespace detail

inline channels_report channels_of(const plan& made, const program& of, const worker_places& at) {
    channels_report found;
    found.by_edge.reserve(of.edges.size());
    const detail::node_positions position = detail::positions_of(of);
    detail::counted_places workers(nullptr, made.workers.size()), machines(&at.machines, made.workers.size()),
        zones(&at.zones, made.workers.size());
    std::vector<range_on_worker> from, to;
    // The nodes that these are of: edges that follow each other mostly share one.
    std::uint32_t held_from = std::numeric_limits<std::uint32_t>::max(), held_to = held_from;
    const auto take = [&](std::uint32_t node, std::uint32_t& held, std::vector<range_on_worker>& into) {
        if (std::exchange(held, node) == node) return;
        into.clear();
        append_ranges(made, node, into);
    };
    for (const edge& one : of.edges) {
        channel_counts& counts = found.by_edge.emplace_back();
        const auto a = position.find(one.from.value), b = position.find(one.to.value);
        if (a == position.end() or b == position.end()) continue;
        if (held_to == a->second) {
            std::swap(from, to);
            std::swap(held_from, held_to);
        }
        take(a->second, held_from, from);
        take(b->second, held_to, to);
        const std::uint64_t p = of.nodes[a->second].parallelism, q = of.nodes[b->second].parallelism;
        switch (one.kind) {
            case edge_kind::shuffle:
                counts.all = p * q;
                counts.across_workers = counts.all - workers.pairs(from, to);
                counts.across_machines = counts.all - machines.pairs(from, to);
                counts.across_zones = counts.all - zones.pairs(from, to);
                break;
            case edge_kind::forward:
                counts.all = std::max(p, q);
                detail::forward_stretches(from, p, to, q, [&](std::uint32_t x, std::uint32_t y, std::uint64_t count) {
                    counts.across_workers += x != y ? count : 0;
                    counts.across_machines += at.machines[x] != at.machines[y] ? count : 0;
                    counts.across_zones += at.zones[x] != at.zones[y] ? count : 0;
                });
                break;
        }
        found.total.all = detail::capped_sum(found.total.all, counts.all);
        found.total.across_workers = detail::capped_sum(found.total.across_workers, counts.across_workers);
        found.total.across_machines = detail::capped_sum(found.total.across_machines, counts.across_machines);
        found.total.across_zones = detail::capped_sum(found.total.across_zones, counts.across_zones);
    }
    return found;
}

}  // namespace headgate::inline v1
