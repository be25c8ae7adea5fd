#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how many channels between subtasks leave a worker, a machine, a zone; counted without going over them.

#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/offer.hpp>
#include <headgate/assignment/same_place.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
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
/// For each edge O(ranges) of its nodes; of a shuffle between two nodes on one dense or level line O(log runs), if the
/// runs of each machine and each zone follow each other there, after O(runs) for the line.
channels_report channels_of(const plan& made, const program& of, const worker_places& at);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline expected<worker_places> places_of(const plan& made, std::span<const offer> offers) {
    // Looked up only, never walked.
    std::unordered_map<std::uint64_t, const offer*> by_id;
    for (const offer& each : offers)
        if (not by_id.emplace(each.id.value, &each).second) return invalid(name(each.id) + " is offered twice");
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

/// A line, and how its runs lie by worker, machine and zone.
struct line_of_places {
    places_on_line workers;
    places_on_line machines;
    places_on_line zones;

    line_of_places(const layout& line, const worker_places& at)
        : workers(line, {}), machines(line, at.machines), zones(line, at.zones) {}
};

/// Positions of nodes by id. Mostly ids count up; a table is made for those that do not.
class nodes_by_id {
public:
    explicit nodes_by_id(const plan& of) : nodes_(of.nodes) {}

    std::optional<std::uint32_t> find(node_id id) {
        if (nodes_.empty()) return std::nullopt;
        const std::uint32_t guess = id.value - nodes_.front().id.value;
        if (guess < nodes_.size() and nodes_[guess].id == id) return guess;
        if (others_.empty())
            for (std::uint32_t i = 0; i < nodes_.size(); ++i) others_.emplace(nodes_[i].id.value, i);
        const auto at = others_.find(id.value);
        return at == others_.end() ? std::nullopt : std::optional(at->second);
    }

private:
    std::span<const placed_node> nodes_;
    std::unordered_map<std::uint32_t, std::uint32_t> others_{};  // looked up only, never walked
};

inline std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) {
    return a + std::min(b, std::numeric_limits<std::uint64_t>::max() - a);
}

}  // namespace detail

namespace detail {

/// Counts the channels of one edge after the other.
class channel_counter {
public:
    channel_counter(const plan& made, const worker_places& at)
        : made_(made),
          at_(at),
          workers_(nullptr, made.workers.size()),
          machines_(&at.machines, made.workers.size()),
          zones_(&at.zones, made.workers.size()),
          lines_(made.layouts.size()) {}

    /// Precondition: both nodes exist.
    channel_counts count(edge_kind kind, std::uint32_t from, std::uint32_t to) {
        const std::uint64_t p = made_.nodes[from].parallelism, q = made_.nodes[to].parallelism;
        channel_counts counts;
        switch (kind) {
            case edge_kind::shuffle:
                counts.all = p * q;
                if (const line_of_places* const line = common_line(from, to)) {
                    const slots_taken a(placed(made_, from)), b(placed(made_, to));
                    const auto across = [&](const places_on_line& on, counted_places& by) {
                        return counts.all - (on.is_in_a_row() ? on.pairs(a, b) : pairs(from, to, by));
                    };
                    counts.across_workers = across(line->workers, workers_);
                    counts.across_machines = across(line->machines, machines_);
                    counts.across_zones = across(line->zones, zones_);
                } else {
                    counts.across_workers = counts.all - pairs(from, to, workers_);
                    counts.across_machines = counts.all - pairs(from, to, machines_);
                    counts.across_zones = counts.all - pairs(from, to, zones_);
                }
                break;
            case edge_kind::forward:
                counts.all = std::max(p, q);
                hold(from, to);
                forward_stretches(
                    from_.ranges, p, to_.ranges, q, [&](std::uint32_t x, std::uint32_t y, std::uint64_t count) {
                        counts.across_workers += x != y ? count : 0;
                        counts.across_machines += at_.machines[x] != at_.machines[y] ? count : 0;
                        counts.across_zones += at_.zones[x] != at_.zones[y] ? count : 0;
                    });
                break;
        }
        return counts;
    }

private:
    /// The ranges of a node: edges that follow each other mostly share one.
    struct held_ranges {
        std::uint32_t node = std::numeric_limits<std::uint32_t>::max();
        std::vector<range_on_worker> ranges{};
    };

    std::uint64_t pairs(std::uint32_t from, std::uint32_t to, counted_places& by) {
        hold(from, to);
        return by.pairs(from_.ranges, to_.ranges);
    }
    void hold(std::uint32_t from, std::uint32_t to) {
        if (to_.node == from) std::swap(from_, to_);
        take(from, from_);
        take(to, to_);
    }
    void take(std::uint32_t node, held_ranges& into) const {
        if (std::exchange(into.node, node) == node) return;
        into.ranges.clear();
        append_ranges(made_, node, into.ranges);
    }

    /// Null where the two lie on none together of which sums are known.
    const line_of_places* common_line(std::uint32_t from, std::uint32_t to) {
        const std::uint32_t on = made_.nodes[from].layout;
        if (made_.nodes[to].layout != on) return nullptr;
        switch (made_.layouts[on].spaced) {
            case spacing::even: return nullptr;
            case spacing::dense:
            case spacing::level: break;
        }
        if (not lines_[on]) lines_[on].emplace(made_.layouts[on], at_);
        return &*lines_[on];
    }

    const plan& made_;
    const worker_places& at_;
    counted_places workers_, machines_, zones_;
    held_ranges from_{}, to_{};
    std::vector<std::optional<line_of_places>> lines_;
};

}  // namespace detail

inline channels_report channels_of(const plan& made, const program& of, const worker_places& at) {
    channels_report found;
    found.by_edge.reserve(of.edges.size());
    detail::nodes_by_id nodes(made);
    detail::channel_counter counter(made, at);
    for (const edge& one : of.edges) {
        channel_counts& counts = found.by_edge.emplace_back();
        const auto a = nodes.find(one.from), b = nodes.find(one.to);
        if (not a or not b) continue;
        counts = counter.count(one.kind, *a, *b);
        found.total.all = detail::capped_sum(found.total.all, counts.all);
        found.total.across_workers = detail::capped_sum(found.total.across_workers, counts.across_workers);
        found.total.across_machines = detail::capped_sum(found.total.across_machines, counts.across_machines);
        found.total.across_zones = detail::capped_sum(found.total.across_zones, counts.across_zones);
    }
    return found;
}

}  // namespace headgate::inline v1
