#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how many channels between subtasks leave a worker, a machine, a zone; counted without going over them.

#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
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

/// Where workers are: by position in a plan, numbers of their machines and zones, below the number of workers.
struct worker_places {
    std::vector<std::uint32_t> machines{};
    std::vector<std::uint32_t> zones{};
};

/// Precondition: `check` accepts `made` for `of`; `at` is of its workers. Edges to nodes that are not there have none.
/// For each edge O(ranges) of its nodes; of a shuffle between two nodes on one dense or level line O(log runs), after
/// O(runs) for the line, for workers, machines and zones each: where the runs of each follow each other, or are of at
/// most 16, or the nodes lie apart. On an even line, where they have one parallelism, it is O(runs) too, but less work.
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

/// How many subtasks of a node are at a place; it may come again.
struct count_at {
    std::uint32_t place{};
    std::uint32_t subtasks{};
};

/// The subtasks of a node by worker, machine and zone, in the order of its ranges, of which it knows nothing more.
struct counts_of_node {
    std::vector<count_at> workers{};
    std::vector<count_at> machines{};
    std::vector<count_at> zones{};

    void count(std::span<const range_on_worker> ranges, const worker_places& at) {
        workers.resize(ranges.size());
        for (std::size_t i = 0; i < ranges.size(); ++i) workers[i] = {ranges[i].worker, ranges[i].range.size()};
        join(at.machines, machines);
        join(at.zones, zones);
    }

private:
    /// Workers of one place that follow each other are one.
    void join(std::span<const std::uint32_t> place_of, std::vector<count_at>& into) const {
        into.resize(workers.size());
        std::size_t size = 0;
        for (std::size_t i = 0; i < workers.size();) {
            count_at& made = into[size++] = {place_of[workers[i].place], 0};
            for (; i < workers.size() and place_of[workers[i].place] == made.place; ++i)
                made.subtasks += workers[i].subtasks;
        }
        into.resize(size);
    }
};

/// Calls `each(from worker, to worker, channels)` for the stretches of a forward edge. Both are ascending.
template <class Each>
void forward_stretches(std::span<const range_on_worker> from, std::uint64_t from_count,
                       std::span<const range_on_worker> to, std::uint64_t to_count, Each each) {
    const std::uint64_t all = std::max(from_count, to_count);
    const auto scaled = [all](std::uint64_t count) {  // divides once where it can
        return [all, count, times = all % count == 0 ? all / count : 0](std::uint64_t end) {
            return times > 0 ? end * times : end * all / count;
        };
    };
    const auto of_from = scaled(from_count), of_to = scaled(to_count);
    std::uint64_t begin = 0;
    for (std::size_t a = 0, b = 0; a < from.size() and b < to.size();) {
        const std::uint64_t a_end = of_from(from[a].range.last), b_end = of_to(to[b].range.last);
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

    std::uint64_t units;  ///< of its nodes, if it is even

    line_of_places(const layout& line, const worker_places& at, std::uint64_t of_nodes, std::span<std::uint64_t> blank)
        : workers(line, {}, of_nodes, blank),
          machines(line, at.machines, of_nodes, blank),
          zones(line, at.zones, of_nodes, blank),
          units(of_nodes) {}
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
        : made_(made), at_(at), table_(made.workers.size()), lines_(made.layouts.size()) {}

    /// Precondition: both nodes exist.
    channel_counts count(edge_kind kind, std::uint32_t from, std::uint32_t to) {
        switch (kind) {
            case edge_kind::shuffle: return count_shuffle(from, to);
            case edge_kind::forward: break;
        }
        return count_forward(from, to);
    }

private:
    /// Edges that follow each other mostly share a node.
    struct held_node {
        std::uint32_t node = std::numeric_limits<std::uint32_t>::max();
        std::vector<range_on_worker> ranges{};
        counts_of_node counts{};
        bool is_counted = false;
    };

    channel_counts count_forward(std::uint32_t from, std::uint32_t to) {
        const std::uint64_t p = made_.nodes[from].parallelism, q = made_.nodes[to].parallelism;
        channel_counts counts{.all = std::max(p, q)};
        hold(from, to);
        forward_stretches(from_.ranges, p, to_.ranges, q, [&](std::uint32_t x, std::uint32_t y, std::uint64_t count) {
            counts.across_workers += x != y ? count : 0;
            counts.across_machines += at_.machines[x] != at_.machines[y] ? count : 0;
            counts.across_zones += at_.zones[x] != at_.zones[y] ? count : 0;
        });
        return counts;
    }

    channel_counts count_shuffle(std::uint32_t from, std::uint32_t to) {
        const placement a = placed(made_, from), b = placed(made_, to);
        const std::uint64_t all = std::uint64_t{made_.nodes[from].parallelism} * made_.nodes[to].parallelism;
        line_of_places* const line = common_line(a, b, made_.nodes[from].layout);
        const auto count = [&](const auto& at_a, const auto& at_b) {
            const auto across = [&](places_on_line& on, std::vector<count_at> counts_of_node::*by) {
                const std::optional<std::uint64_t> found = on.pairs(at_a, at_b);
                return all - (found ? *found : pairs(from, to, by));
            };
            return channel_counts{.all = all,
                                  .across_workers = across(line->workers, &counts_of_node::workers),
                                  .across_machines = across(line->machines, &counts_of_node::machines),
                                  .across_zones = across(line->zones, &counts_of_node::zones)};
        };
        if (line == nullptr)
            return {.all = all,
                    .across_workers = all - pairs(from, to, &counts_of_node::workers),
                    .across_machines = all - pairs(from, to, &counts_of_node::machines),
                    .across_zones = all - pairs(from, to, &counts_of_node::zones)};
        return a.line.spaced == spacing::even ? count(even_begin(a), even_begin(b))
                                              : count(slots_taken(a), slots_taken(b));
    }

    std::uint64_t pairs(std::uint32_t from, std::uint32_t to, std::vector<count_at> counts_of_node::*by) {
        hold(from, to);
        const std::vector<count_at>&a = counted(from_).*by, &b = counted(to_).*by;
        std::uint64_t sum = 0;
        for (const count_at& each : a) table_[each.place] += each.subtasks;
        for (const count_at& each : b) sum += table_[each.place] * each.subtasks;
        for (const count_at& each : a) table_[each.place] = 0;
        return sum;
    }
    void hold(std::uint32_t from, std::uint32_t to) {
        if (to_.node == from) std::swap(from_, to_);
        take(from, from_);
        take(to, to_);
    }
    void take(std::uint32_t node, held_node& into) const {
        if (std::exchange(into.node, node) == node) return;
        into.ranges.clear();
        into.is_counted = false;
        append_ranges(made_, node, into.ranges);
    }
    const counts_of_node& counted(held_node& what) const {
        if (not std::exchange(what.is_counted, true)) what.counts.count(what.ranges, at_);
        return what.counts;
    }

    /// Null where the two lie on none together, or differ in units on an even one.
    line_of_places* common_line(const placement& a, const placement& b, std::uint32_t on) {
        if (&a.line != &b.line or (a.line.spaced == spacing::even and a.units != b.units)) return nullptr;
        std::optional<line_of_places>& line = lines_[on];
        if (not line) line.emplace(a.line, at_, a.units, table_);
        return a.line.spaced == spacing::even and line->units != a.units ? nullptr : &*line;
    }

    const plan& made_;
    const worker_places& at_;
    std::vector<std::uint64_t> table_;  // all 0 in between
    held_node from_{}, to_{};
    std::vector<std::optional<line_of_places>> lines_;
};

}  // namespace detail

inline channels_report channels_of(const plan& made, const program& of, const worker_places& at) {
    channels_report found;
    found.by_edge.reserve(of.edges.size());
    const detail::nodes_by_id nodes(made.nodes);
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
