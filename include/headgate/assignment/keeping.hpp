#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: nodes that were alike before, what of them can stay, and the runs that come of it. Made for `sticky`.

#include <headgate/assignment/balance.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/moves.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/assignment/past.hpp>
#include <headgate/assignment/water.hpp>
#include <headgate/assignment/zones.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Nodes of one parallelism that were placed in the same way. What is decided for one is decided for all.
struct kept_class {
    std::vector<std::uint32_t> nodes{};
    std::vector<range_on_worker> was{};  ///< ranges of today's subtasks on workers of today, or `no_worker`; ascending
    std::vector<std::uint64_t> stays{};  ///< by worker, how many of a node were there
    double bytes{};                      ///< of a subtask, if moved
    bool is_new = false;                 ///< was not there before
    bool is_plain = true;                ///< new, or of the same parallelism and one size
};

/// Where today's subtasks were: a range of old ones covers the new ones whose keys begin in it.
inline std::vector<range_on_worker> rescaled(std::span<const range_on_worker> old, std::uint64_t old_count,
                                             std::uint64_t new_count, std::span<const std::uint32_t> corresponds) {
    std::vector<range_on_worker> found;
    for (const range_on_worker& each : old) {
        const auto at = [&](std::uint64_t end) {
            return static_cast<std::uint32_t>((end * new_count + old_count - 1) / old_count);
        };
        const subtask_range range{at(each.range.first), at(each.range.last)};
        const std::uint32_t worker = corresponds[each.worker];
        if (range.empty()) continue;
        if (not found.empty() and found.back().worker == worker)
            found.back().range.last = range.last;
        else
            found.push_back({worker, range});
    }
    return found;
}

/// Counts by class and worker that are kept at once, so that they take tens of megabytes at most.
inline constexpr std::uint64_t most_counts = 4'000'000;

/// Nothing if they are too many to be counted by worker, or to be laid out in `most_runs`.
inline std::optional<std::vector<kept_class>> classes_of(const program& of, const plan& now, const past& before,
                                                         std::span<const std::uint32_t> corresponds) {
    const plan& old = *before.previous;
    const nodes_by_id old_nodes(old.nodes);
    const auto sizes = sizes_by_node(before);
    std::vector<kept_class> classes;
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, double, bool>,
             std::size_t>
        known;
    std::vector<range_on_worker> ranges;
    std::uint64_t runs = 0;
    for (std::uint32_t i = 0; i < of.nodes.size(); ++i) {
        const std::uint32_t parallelism = of.nodes[i].parallelism;
        const std::optional<std::uint32_t> at = old_nodes.find(of.nodes[i].id);
        const bool is_new = not at;
        const placed_node was = is_new ? placed_node{} : old.nodes[*at];
        largest_size size{.bytes = not is_new and before.sizes.empty() ? 1.0 : 0.0};
        if (const auto mine = sizes.find(of.nodes[i].id.value); not is_new and mine != sizes.end())
            size = sizes_in_a_row(mine->second).largest_below(was.parallelism);
        const bool is_plain = is_new or (was.parallelism == parallelism and size.is_of_all);
        const auto [found, is_first] = known.try_emplace(
            {is_new ? 0 : 1 + was.layout, was.offset, was.parallelism, was.grain, parallelism, size.bytes, is_plain},
            classes.size());
        if (is_first) {
            if ((classes.size() + 1) * now.workers.size() > most_counts) return std::nullopt;
            kept_class made{.stays = std::vector<std::uint64_t>(now.workers.size()),
                            .bytes = size.bytes,
                            .is_new = is_new,
                            .is_plain = is_plain};
            if (is_new) {
                made.was.push_back({no_worker, {0, parallelism}});
            } else {
                ranges.clear();
                append_ranges(old, *at, ranges);
                made.was = rescaled(ranges, was.parallelism, parallelism, corresponds);
            }
            runs += std::max<std::size_t>(made.was.size(), std::min<std::size_t>(parallelism, now.workers.size()));
            if (runs > most_runs) return std::nullopt;
            for (const range_on_worker& each : made.was)
                if (each.worker != no_worker) made.stays[each.worker] += each.range.size();
            classes.push_back(std::move(made));
        }
        classes[found->second].nodes.push_back(i);
    }
    return classes;
}

/// Nodes of a class that are decided for together.
struct kept_part {
    const kept_class* of{};
    std::span<const std::uint32_t> nodes{};
};

inline std::vector<kept_part> whole(std::span<const kept_class> classes) {
    std::vector<kept_part> made;
    for (const kept_class& each : classes) made.push_back({&each, each.nodes});
    return made;
}

/// Every node by itself: what all of a class cannot do together some of them may. Not for more than `most_alone`.
inline constexpr std::size_t most_alone = 1'000;
inline std::vector<kept_part> one_by_one(std::span<const kept_class> classes) {
    const std::size_t most = classes.empty() ? 0 : std::min(most_alone, most_counts / classes[0].stays.size());
    std::vector<kept_part> made;
    for (const kept_class& each : classes)
        for (const std::uint32_t& node : each.nodes) {
            if (made.size() == most) return whole(classes);
            made.push_back({&each, std::span(&node, 1)});
        }
    return made;
}

/// A dense line of a class's subtasks: each worker keeps its first ones, up to `counts`, and what is left over goes in
/// turn to those who have fewer than that.
inline layout runs_of(const kept_class& of, std::span<const std::uint64_t> counts) {
    layout line{.spaced = spacing::dense};
    std::vector<std::uint64_t> left(counts.begin(), counts.end()), more(counts.begin(), counts.end());
    for (std::size_t w = 0; w < counts.size(); ++w) more[w] -= std::min(more[w], of.stays[w]);
    const auto add = [&](std::uint32_t worker, std::uint64_t count) {
        const auto end = line.boundaries.back() + static_cast<std::uint32_t>(count);
        if (not line.owners.empty() and line.owners.back() == worker) {
            line.boundaries.back() = end;
        } else {
            line.boundaries.push_back(end);
            line.owners.push_back(worker);
        }
    };
    std::uint32_t taker = 0;
    for (const range_on_worker& each : of.was) {
        std::uint64_t count = each.range.size();
        if (each.worker != no_worker) {
            const std::uint64_t mine = std::min(count, left[each.worker] - more[each.worker]);
            if (mine > 0) add(each.worker, mine);
            left[each.worker] -= mine;
            count -= mine;
        }
        while (count > 0) {
            while (more[taker] == 0) ++taker;
            const std::uint64_t theirs = std::min(count, more[taker]);
            add(taker, theirs);
            more[taker] -= theirs;
            left[taker] -= theirs;
            count -= theirs;
        }
    }
    return line;
}

inline void place_class(plan& made, const program& of, const kept_class& what, std::span<const std::uint32_t> nodes,
                        std::span<const std::uint64_t> counts) {
    const auto number = static_cast<std::uint32_t>(made.layouts.size());
    made.layouts.push_back(runs_of(what, counts));
    for (const std::uint32_t node : nodes)
        made.nodes[node] = {
            .id = of.nodes[node].id, .parallelism = of.nodes[node].parallelism, .layout = number, .offset = 0};
}

/// How many of each node are on each worker, by node * workers + worker.
inline std::vector<std::uint64_t> counts_of(const plan& what) {
    std::vector<std::uint64_t> counts(what.nodes.size() * what.workers.size());
    std::vector<range_on_worker> ranges;
    for (std::size_t n = 0; n < what.nodes.size(); ++n, ranges.clear()) {
        append_ranges(what, n, ranges);
        for (const range_on_worker& each : ranges) counts[n * what.workers.size() + each.worker] += each.range.size();
    }
    return counts;
}

/// `counts` by node * workers + worker.
inline void keep_exactly(plan& made, const program& of, std::span<const kept_class> classes,
                         std::span<const std::uint64_t> counts) {
    const std::size_t workers = made.workers.size();
    made.nodes.resize(of.nodes.size());
    for (const kept_class& each : classes)
        for (const std::uint32_t node : each.nodes)
            place_class(made, of, each, std::span(&node, 1), counts.subspan(node * workers, workers));
}

/// First everybody keeps what fits, dear state first; then the rest is poured where there is room. False if there is
/// not enough of it, because what stayed was in the way, or what stays has more than `most` runs already. O(parts *
/// (workers + zones)).
inline bool keep_what_fits(plan& made, const program& of, std::span<const kept_part> parts,
                           std::span<const std::uint32_t> slots, std::span<const std::uint64_t> caps,
                           const zone_order* in_zones, std::uint64_t most) {
    const std::size_t workers = slots.size();
    const std::vector<zone_of_workers> zones = by_zone(slots, in_zones);
    std::uint64_t all_slots = 0;
    for (const zone_of_workers& each : zones) all_slots += each.all_slots;
    std::vector<std::uint64_t> room(caps.begin(), caps.end());
    std::vector<std::vector<std::uint64_t>> counts(parts.size()), zone_left(parts.size());
    std::vector<std::uint32_t> order = counted_up(parts.size());
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
        return parts[a].of->bytes != parts[b].of->bytes ? parts[a].of->bytes > parts[b].of->bytes : a < b;
    });
    std::uint64_t runs = 0;
    for (const std::uint32_t at : order) {
        const kept_class& each = *parts[at].of;
        const std::uint64_t parallelism = of.nodes[each.nodes[0]].parallelism, members = parts[at].nodes.size();
        counts[at].resize(workers);
        for (const zone_of_workers& zone : zones) {
            std::uint64_t left = in_zones ? (parallelism * zone.all_slots + all_slots - 1) / all_slots : parallelism;
            for (const std::uint32_t w : zone.workers) {
                const std::uint64_t mine = std::min({each.stays[w], std::uint64_t{slots[w]}, room[w] / members, left});
                counts[at][w] = mine;
                room[w] -= mine * members;
                left -= mine;
                runs += mine > 0;
            }
            zone_left[at].push_back(left);
        }
        if (runs > most) return false;
    }
    // What moves goes to whom it raises least, so the levels to pour on are those of what stays.
    std::vector<water> levels;
    levels.reserve(zones.size());
    for (const zone_of_workers& zone : zones) {
        std::vector<std::uint64_t> loads;
        for (const std::uint32_t w : zone.workers) loads.push_back(caps[w] - room[w]);
        levels.emplace_back(zone.slots, balance_by::load_per_slot).set(std::move(loads));
    }
    for (const std::uint32_t at : order) {
        const std::uint64_t parallelism = of.nodes[parts[at].nodes[0]].parallelism, members = parts[at].nodes.size();
        std::uint64_t moves = parallelism;
        for (const std::uint64_t stays : counts[at]) moves -= stays;
        std::uint64_t later = std::accumulate(zone_left[at].begin(), zone_left[at].end(), std::uint64_t{0});
        for (std::size_t zone = 0; zone < zones.size() and moves > 0; ++zone) {
            const std::uint64_t left = zone_left[at][zone];
            if (left == 0) continue;
            std::vector<std::uint64_t> free;
            std::uint64_t all_free = 0;
            for (const std::uint32_t w : zones[zone].workers)
                all_free += free.emplace_back(std::min<std::uint64_t>(slots[w] - counts[at][w], room[w] / members));
            // As much as the later zones cannot take must go here, and no more than their even part of the rest.
            const std::uint64_t part = zone + 1 == zones.size() ? moves : (moves * left + later - 1) / later;
            const std::uint64_t here = std::min({part, all_free, left});
            later -= left;
            if (here == 0) continue;
            const auto got = levels[zone].pour(here, members, std::move(free));
            for (std::size_t i = 0; i < got.size(); ++i) {
                const std::uint32_t w = zones[zone].workers[i];
                counts[at][w] += got[i];
                room[w] -= got[i] * members;
            }
            moves -= here;
        }
        if (moves > 0) return false;
    }
    made.nodes.resize(of.nodes.size());
    for (std::size_t i = 0; i < parts.size(); ++i) place_class(made, of, *parts[i].of, parts[i].nodes, counts[i]);
    return true;
}

}  // namespace headgate::inline v1::detail
