#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the channels of one edge after the other, with what is known of the lines that its nodes lie on. Made for
// `channels_of`.

#include <headgate/assignment/counts_of_node.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/run_finder.hpp>
#include <headgate/assignment/same_place.hpp>
#include <headgate/assignment/shifted_line.hpp>
#include <headgate/vocabulary/mixed.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
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

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Counts the channels of one edge after the other. Of a line that is gone over often enough it finds out what makes
/// that needless, at a cost of about what was spent on going over it so far.
class channel_counter {
public:
    channel_counter(const plan& made, const worker_places& at)
        : made_(made), at_(at), table_(made.workers.size()), lines_(made.layouts.size()), finders_(made) {}

    /// Precondition: both nodes exist.
    channel_counts count(edge_kind kind, std::uint32_t from, std::uint32_t to) {
        switch (kind) {
            case edge_kind::shuffle: return count_shuffle(from, to);
            case edge_kind::forward: break;
        }
        return count_forward(from, to);
    }

private:
    /// How the runs of a line lie by place.
    struct line_of_places {
        std::array<places_on_line, 3> by_kind;
        std::uint64_t units;  ///< of its nodes, if it is even

        line_of_places(const layout& line, const worker_places& at, std::uint64_t of_nodes,
                       std::span<std::uint64_t> blank)
            : by_kind{places_on_line(line, {}, of_nodes, blank), places_on_line(line, at.machines, of_nodes, blank),
                      places_on_line(line, at.zones, of_nodes, blank)},
              units(of_nodes) {}
    };
    struct known_line {
        std::uint64_t walked = 0;  ///< ranges that were gone over
        std::optional<line_of_places> places{};
        std::array<std::vector<std::uint32_t>, 3> slots_at{};  ///< by kind and number of a place; of a level line, runs
    };
    /// Edges that follow each other mostly share a node. Of a part of a node, those that take no line whole.
    struct held_node {
        std::uint32_t node = std::numeric_limits<std::uint32_t>::max();
        std::vector<range_on_worker> ranges{};
        counts_of_node counts{};
        bool is_counted = false;
    };
    /// The slots whose places differ, by kind.
    struct shifted_lines {
        std::uint64_t walked = 0;
        std::vector<changed_slots> by_kind{};
    };
    struct pair_of_lines {
        std::uint32_t from;
        std::uint32_t to;
        std::uint64_t shift;

        friend bool operator==(const pair_of_lines&, const pair_of_lines&) = default;
    };
    struct hash_of_pair {
        std::size_t operator()(const pair_of_lines& of) const {
            return static_cast<std::size_t>(mixed(std::uint64_t{of.from} << 32 | of.to, of.shift));
        }
    };

    static constexpr std::size_t most_stretches = 1'600'000;  // of all shifted lines, so that they are below 40 MB
    static constexpr std::uint64_t few_ranges = 64;           // that are gone over at once

    static channel_counts counts_of(std::uint64_t all, const std::array<std::uint64_t, 3>& across) {
        return {.all = all, .across_workers = across[0], .across_machines = across[1], .across_zones = across[2]};
    }
    static std::uint64_t ranges_of(const placement& node) { return std::min<std::uint64_t>(node.units, node.runs()); }
    bool is_at_one_place(std::size_t kind, std::size_t a, std::size_t b) const {
        return kind == 0 ? a == b : kind == 1 ? at_.machines[a] == at_.machines[b] : at_.zones[a] == at_.zones[b];
    }

    channel_counts count_forward(std::uint32_t from, std::uint32_t to) {
        const std::uint64_t p = made_.nodes[from].parallelism, q = made_.nodes[to].parallelism;
        std::array<std::uint64_t, 3> across{};
        if (const shifted_lines* const shifted = shift(from, to)) {
            for (const std::size_t kind : kinds_of_places) across[kind] = shifted->by_kind[kind].of(placed(made_, to));
            return counts_of(p, across);
        }
        hold(from, to);
        forward_stretches(from_.ranges, p, to_.ranges, q, [&](std::uint32_t x, std::uint32_t y, std::uint64_t count) {
            for (const std::size_t kind : kinds_of_places) across[kind] += is_at_one_place(kind, x, y) ? 0 : count;
        });
        return counts_of(std::max(p, q), across);
    }

    /// Null for nodes that do not lie unit for unit on their lines, or not often enough on these two.
    const shifted_lines* shift(std::uint32_t from, std::uint32_t to) {
        const placement a = placed(made_, from), b = placed(made_, to);
        if (ranges_of(a) < few_ranges) return nullptr;
        const std::optional<std::uint64_t> by = shift_of(a, b);
        if (not by) return nullptr;
        shifted_lines& found = shifted_[{made_.nodes[from].layout, made_.nodes[to].layout, *by}];
        if (not found.by_kind.empty()) return &found;
        if (found.walked < changed_slots::cost(a.line, b.line) or stretches_ > most_stretches) {
            found.walked += ranges_of(a) + ranges_of(b);
            return nullptr;
        }
        for (const std::size_t kind : kinds_of_places) {
            found.by_kind.emplace_back(a.line, b.line, *by,
                                       [&](std::size_t x, std::size_t y) { return is_at_one_place(kind, x, y); });
            stretches_ += found.by_kind.back().stretches();
        }
        return &found;
    }

    channel_counts count_shuffle(std::uint32_t from, std::uint32_t to) {
        const placement a = placed(made_, from), b = placed(made_, to);
        const std::uint64_t all = std::uint64_t{made_.nodes[from].parallelism} * made_.nodes[to].parallelism;
        line_of_places* const line = common_line(a, b, made_.nodes[from].layout);
        std::array<std::optional<std::uint64_t>, 3> found{};
        if (line != nullptr and a.line.spaced != spacing::even)
            found = on_line(*line, taken(from, a), taken(to, b));
        else if (line != nullptr and ranges_of(a) == a.runs())
            found = on_line(*line, even_begin(a), even_begin(b));
        else
            found = looked_up(from, to);
        if (line == nullptr and not found[0]) found = by_whole_lines(from, to);
        std::array<std::uint64_t, 3> across{};
        for (const std::size_t kind : kinds_of_places)
            across[kind] = all - (found[kind] ? *found[kind] : pairs(from, to, kind));
        return counts_of(all, across);
    }

    template <class Node>
    static std::array<std::optional<std::uint64_t>, 3> on_line(line_of_places& line, const Node& a, const Node& b) {
        return {line.by_kind[0].pairs(a, b), line.by_kind[1].pairs(a, b), line.by_kind[2].pairs(a, b)};
    }

    slots_taken taken(std::uint32_t node, const placement& of) {
        return finders_.with_run_at(of, made_.nodes[node].layout, 1,
                                    [&](auto run_at) { return slots_taken(of, run_at); });
    }

    /// Where one of the two lies on an even line of which it is known what each place has of a node, the ranges of the
    /// other are enough; of two such, the fewer.
    std::array<std::optional<std::uint64_t>, 3> looked_up(std::uint32_t from, std::uint32_t to) {
        if (ranges_of(placed(made_, from)) > ranges_of(placed(made_, to))) std::swap(from, to);
        const line_of_places* line = even_line(to);
        if (line == nullptr) {
            std::swap(from, to);
            line = even_line(to);
        }
        std::array<std::optional<std::uint64_t>, 3> found{};
        if (line == nullptr) return found;
        const even_begin node(placed(made_, to));
        const counts_of_node& other = counted(to_.node == from ? to_ : take(from, from_));
        for (const std::size_t kind : kinds_of_places) {
            const places_on_line& places = line->by_kind[kind];
            if (not places.tells_by_number()) continue;
            std::uint64_t sum = 0;
            for (const count_at& each : other.by_kind[kind]) sum += places.at(node, each.place) * each.subtasks;
            found[kind] = sum;
        }
        return found;
    }

    const line_of_places* even_line(std::uint32_t node) {
        const placement on = placed(made_, node);
        if (on.line.spaced != spacing::even) return nullptr;
        known_line& line = lines_[made_.nodes[node].layout];
        if (not line.places and line.walked * 4 >= on.runs()) line.places.emplace(on.line, at_, on.units, table_);
        return line.places and line.places->units == on.units ? &*line.places : nullptr;
    }

    /// Nodes of more units than their line has slots take these all, as often as other such nodes: pairs of what is
    /// taken so are known by line, and only the rest is gone over.
    std::array<std::optional<std::uint64_t>, 3> by_whole_lines(std::uint32_t from, std::uint32_t to) {
        const placement a = placed(made_, from), b = placed(made_, to);
        if (a.line.spaced == spacing::even or b.line.spaced == spacing::even) return {};
        const std::uint64_t of_a = a.units / a.slots * a.grain, of_b = b.units / b.slots * b.grain;
        if (of_a + of_b == 0) return {};
        const std::uint32_t on_a = made_.nodes[from].layout, on_b = made_.nodes[to].layout;
        if (lines_[on_a].walked < 2 * a.runs() or lines_[on_b].walked < 2 * b.runs()) return {};
        if (rest_to_.node == from) std::swap(rest_from_, rest_to_);
        const counts_of_node& rest_a = counted(take_rest(from, rest_from_));
        const counts_of_node& rest_b = counted(take_rest(to, rest_to_));
        std::array<std::optional<std::uint64_t>, 3> found{};
        for (const std::size_t kind : kinds_of_places) {
            const auto meets = [&](std::uint32_t layout, const counts_of_node& rest) {
                const std::vector<std::uint32_t>& slots = slots_at(layout)[kind];
                std::uint64_t sum = 0;
                for (const count_at& each : rest.by_kind[kind]) sum += std::uint64_t{slots[each.place]} * each.subtasks;
                return sum;
            };
            found[kind] = pairs(rest_a.by_kind[kind], rest_b.by_kind[kind]);
            if (of_a > 0) *found[kind] += of_a * meets(on_a, rest_b);
            if (of_b > 0) *found[kind] += of_b * meets(on_b, rest_a);
            if (of_a > 0 and of_b > 0) *found[kind] += of_a * of_b * pairs_of_lines(on_a, on_b)[kind];
        }
        return found;
    }
    const std::array<std::vector<std::uint32_t>, 3>& slots_at(std::uint32_t layout) {
        std::array<std::vector<std::uint32_t>, 3>& made = lines_[layout].slots_at;
        if (not made[0].empty()) return made;
        const headgate::layout& line = made_.layouts[layout];
        for (std::vector<std::uint32_t>& each : made) each.resize(made_.workers.size());
        for (std::size_t run = 0; run + 1 < line.boundaries.size(); ++run) {
            const std::size_t worker = owner_of(line, run);
            const std::uint32_t slots =
                line.spaced == spacing::level ? 1 : line.boundaries[run + 1] - line.boundaries[run];
            made[0][worker] += slots;
            made[1][at_.machines[worker]] += slots;
            made[2][at_.zones[worker]] += slots;
        }
        return made;
    }
    const std::array<std::uint64_t, 3>& pairs_of_lines(std::uint32_t a, std::uint32_t b) {
        const auto [at, is_new] = pairs_of_lines_.try_emplace(std::uint64_t{std::min(a, b)} << 32 | std::max(a, b));
        if (is_new)
            for (const std::size_t kind : kinds_of_places)
                at->second[kind] = std::transform_reduce(slots_at(a)[kind].begin(), slots_at(a)[kind].end(),
                                                         slots_at(b)[kind].begin(), std::uint64_t{0}, std::plus<>{},
                                                         [](std::uint64_t x, std::uint64_t y) { return x * y; });
        return at->second;
    }

    std::uint64_t pairs(std::uint32_t from, std::uint32_t to, std::size_t kind) {
        hold(from, to);
        return pairs(counted(from_).by_kind[kind], counted(to_).by_kind[kind]);
    }
    std::uint64_t pairs(const std::vector<count_at>& a, const std::vector<count_at>& b) {
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
    held_node& take(std::uint32_t node, held_node& into) {
        if (std::exchange(into.node, node) == node) return into;
        return fill(node, placed(made_, node), into);
    }
    held_node& take_rest(std::uint32_t node, held_node& into) {
        if (std::exchange(into.node, node) == node) return into;
        placement rest = placed(made_, node);
        rest.units %= rest.slots;
        return fill(node, rest, into);
    }
    held_node& fill(std::uint32_t node, const placement& with, held_node& into) {
        into.ranges.clear();
        into.is_counted = false;
        lines_[made_.nodes[node].layout].walked += ranges_of(with);
        finders_.append_ranges(with, made_.nodes[node].layout, into.ranges);
        return into;
    }
    const counts_of_node& counted(held_node& what) const {
        if (not std::exchange(what.is_counted, true)) what.counts.count(what.ranges, at_);
        return what.counts;
    }

    /// Null where the two lie on none together, or differ in units on an even one.
    line_of_places* common_line(const placement& a, const placement& b, std::uint32_t on) {
        if (&a.line != &b.line or (a.line.spaced == spacing::even and a.units != b.units)) return nullptr;
        std::optional<line_of_places>& line = lines_[on].places;
        if (not line) line.emplace(a.line, at_, a.units, table_);
        return a.line.spaced == spacing::even and line->units != a.units ? nullptr : &*line;
    }

    const plan& made_;
    const worker_places& at_;
    std::vector<std::uint64_t> table_;   // all 0 in between
    held_node from_{}, to_{};            // whole
    held_node rest_from_{}, rest_to_{};  // without the slots of a line that they take all
    std::vector<known_line> lines_;
    finders_of_plan finders_;
    std::unordered_map<std::uint64_t, std::array<std::uint64_t, 3>> pairs_of_lines_{};  // looked up only
    std::unordered_map<pair_of_lines, shifted_lines, hash_of_pair> shifted_{};          // looked up only, never walked
    std::size_t stretches_ = 0;
};

}  // namespace detail

}  // namespace headgate::inline v1
