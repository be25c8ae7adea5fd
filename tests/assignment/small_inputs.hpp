#pragma once
// SPDX-License-Identifier: BSL-1.0
// Programs and offers by their numbers, all small ones and random ones, and slow versions that cannot be wrong.

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace headgate::tests {

using numbers = std::vector<std::uint32_t>;

inline program program_with(const numbers& parallelisms) {
    program made;
    for (const std::uint32_t each : parallelisms) {
        const auto number = static_cast<std::uint32_t>(made.nodes.size());
        made.nodes.push_back(
            {.id = {100 + number}, .parallelism = each, .operators = {{{std::to_string(number)}, {}}}});
    }
    return made;
}

/// A machine for each, one zone for all.
inline std::vector<offer> offers_with(const numbers& slots) {
    std::vector<offer> made;
    for (const std::uint32_t each : slots) {
        const std::size_t number = made.size();
        made.push_back({.id = {number + 1},
                        .machine = {"machine " + std::to_string(number)},
                        .zone = "zone",
                        .slots = each,
                        .data_address = "host:" + std::to_string(number)});
    }
    return made;
}

/// All lists of 1 to `longest` numbers from `least` to `most`.
inline std::vector<numbers> lists(std::size_t longest, std::uint32_t least, std::uint32_t most) {
    std::vector<numbers> made{{}};
    for (std::size_t begin = 0; made[begin].size() < longest; ++begin)
        for (std::uint32_t next = least; next <= most; ++next) {
            made.push_back(made[begin]);
            made.back().push_back(next);
        }
    made.erase(made.begin());
    return made;
}

inline std::uint64_t sum_of(const numbers& of) { return std::accumulate(of.begin(), of.end(), std::uint64_t{0}); }

/// How many random inputs to try: `usual`, times ROUNDS from the environment if that is set.
inline int rounds(int usual) {
    const char* const times = std::getenv("ROUNDS");
    return times == nullptr ? usual : usual * std::max(1, std::atoi(times));
}

/// Calls `each(parallelisms, slots)` for all jobs that fit on up to 4 workers of up to 3 slots, with up to 3 nodes.
/// Workers differ by number only: one order of them.
template <class Each>
void each_small_job(Each each) {
    for (const numbers& slots : lists(4, 1, 3)) {
        if (not std::ranges::is_sorted(slots)) continue;
        for (const numbers& parallelisms : lists(3, 1, static_cast<std::uint32_t>(sum_of(slots))))
            each(parallelisms, slots);
    }
}

/// What the cheapest placement costs of those with at most `caps[w]` on worker w, or `known` if none is below that.
/// `cost(placed, node, before)` is the cost up to `node`, of which `placed[node][w]` are on worker w, if that of the
/// nodes before is `before`; it does not fall.
template <class Cost>
double least_cost(const numbers& parallelisms, const numbers& slots, const std::vector<std::uint64_t>& caps,
                  double known, Cost cost) {
    std::vector<std::uint64_t> loads(slots.size());
    std::vector<numbers> placed(parallelisms.size(), numbers(slots.size()));
    const auto place = [&](auto& self, std::size_t node, std::size_t worker, std::uint32_t left, double before) -> void {
        if (worker == slots.size()) {
            if (left > 0) return;
            const double now = cost(placed, node, before);
            if (now >= known) return;
            if (node + 1 == parallelisms.size())
                known = now;
            else
                self(self, node + 1, 0, parallelisms[node + 1], now);
            return;
        }
        const std::uint64_t most = std::min<std::uint64_t>({left, slots[worker], caps[worker] - loads[worker]});
        for (std::uint32_t here = 0; here <= most; ++here) {
            loads[worker] += here;
            placed[node][worker] = here;
            self(self, node, worker + 1, left - here, before);
            loads[worker] -= here;
        }
    };
    place(place, 0, 0, parallelisms[0], 0);
    return known;
}

struct least_loads {
    std::uint64_t largest{};
    double per_slot{};
};

/// Of all placements there are, by all vectors of loads that can be reached. At most 4 workers of at most 3 slots, and
/// 3 nodes.
inline least_loads by_enumeration(const numbers& parallelisms, const numbers& slots) {
    std::vector<std::uint32_t> reached{0};
    for (const std::uint32_t parallelism : parallelisms) {
        std::vector<bool> seen(1u << 16);
        std::vector<std::uint32_t> next;
        const auto place = [&](auto& self, std::uint32_t loads, std::size_t worker, std::uint32_t left) -> void {
            if (worker == slots.size()) {
                if (left == 0 and not seen[loads]) {
                    seen[loads] = true;
                    next.push_back(loads);
                }
                return;
            }
            for (std::uint32_t here = 0; here <= std::min(left, slots[worker]); ++here)
                self(self, loads + (here << 4 * worker), worker + 1, left - here);
        };
        for (const std::uint32_t loads : reached) place(place, loads, 0, parallelism);
        reached = std::move(next);
    }
    least_loads least{std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<double>::max()};
    for (const std::uint32_t loads : reached) {
        least_loads one;
        for (std::size_t worker = 0; worker < slots.size(); ++worker) {
            const std::uint32_t load = loads >> 4 * worker & 15;
            one.largest = std::max<std::uint64_t>(one.largest, load);
            if (load > 0) one.per_slot = std::max(one.per_slot, static_cast<double>(load) / slots[worker]);
        }
        least.largest = std::min(least.largest, one.largest);
        least.per_slot = std::min(least.per_slot, one.per_slot);
    }
    return least;
}

/// The largest flow from the last but one to the last, where `room[from][to]` fits (Edmonds, Karp).
inline std::uint64_t largest_flow(std::vector<std::vector<std::uint64_t>> room) {
    const std::size_t size = room.size(), source = size - 2, sink = size - 1;
    std::uint64_t flow = 0;
    for (;;) {
        std::vector<std::size_t> from(size, size);
        std::queue<std::size_t> open;
        open.push(source);
        from[source] = source;
        for (; not open.empty() and from[sink] == size; open.pop())
            for (std::size_t to = 0; to < size; ++to)
                if (from[to] == size and room[open.front()][to] > 0) {
                    from[to] = open.front();
                    open.push(to);
                }
        if (from[sink] == size) return flow;
        std::uint64_t width = std::numeric_limits<std::uint64_t>::max();
        for (std::size_t at = sink; at != source; at = from[at]) width = std::min(width, room[from[at]][at]);
        for (std::size_t at = sink; at != source; at = from[at]) {
            room[from[at]][at] -= width;
            room[at][from[at]] += width;
        }
        flow += width;
    }
}

/// Whether all subtasks can be placed with at most `most[w]` on worker w, of which `room_for(node, w)` of a node: a
/// flow from nodes to workers.
template <class RoomFor>
bool can_be_placed(const numbers& parallelisms, const std::vector<std::uint64_t>& most, RoomFor room_for) {
    const std::size_t nodes = parallelisms.size(), size = nodes + most.size() + 2, source = size - 2, sink = size - 1;
    std::vector<std::vector<std::uint64_t>> room(size, std::vector<std::uint64_t>(size));
    for (std::size_t n = 0; n < nodes; ++n) {
        room[source][n] = parallelisms[n];
        for (std::size_t w = 0; w < most.size(); ++w) room[n][nodes + w] = room_for(n, w);
    }
    for (std::size_t w = 0; w < most.size(); ++w) room[nodes + w][sink] = most[w];
    return largest_flow(std::move(room)) == sum_of(parallelisms);
}

inline bool can_be_placed(const numbers& parallelisms, const numbers& slots, const std::vector<std::uint64_t>& most) {
    return can_be_placed(parallelisms, most, [&](std::size_t, std::size_t worker) { return slots[worker]; });
}

/// The same for the smallest largest load, and for the smallest largest load per slot, by trying.
inline least_loads by_flow(const numbers& parallelisms, const numbers& slots) {
    least_loads least;
    while (not can_be_placed(parallelisms, slots, std::vector<std::uint64_t>(slots.size(), least.largest)))
        ++least.largest;
    std::vector<double> levels;
    for (const std::uint32_t each : slots)
        for (std::uint64_t load = 1; load <= each * parallelisms.size(); ++load)
            levels.push_back(static_cast<double>(load) / each);
    std::ranges::sort(levels);
    const auto passes = [&](double level) {
        std::vector<std::uint64_t> most;
        for (const std::uint32_t each : slots) most.push_back(static_cast<std::uint64_t>(level * each + 1e-9));
        return can_be_placed(parallelisms, slots, most);
    };
    least.per_slot = *std::ranges::partition_point(levels, [&](double level) { return not passes(level); });
    return least;
}

inline least_loads most_loaded(const plan& made) {
    least_loads found;
    for (std::size_t worker = 0; worker < made.workers.size(); ++worker) {
        const std::uint64_t mine = load(made, worker);
        found.largest = std::max(found.largest, mine);
        found.per_slot = std::max(found.per_slot, static_cast<double>(mine) / made.workers[worker].slots);
    }
    return found;
}

/// A job that fits, with some of its slots to spare.
struct random_job {
    numbers parallelisms{};
    numbers slots{};

    random_job(std::mt19937_64& random, std::uint32_t most_nodes, std::uint32_t most_workers,
               std::uint32_t most_slots) {
        const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
        slots.resize(1 + below(most_workers));
        const std::uint32_t equal = below(2) == 0 ? 0 : 1 + below(most_slots);
        for (std::uint32_t& each : slots) each = equal > 0 ? equal : 1 + below(most_slots);
        const auto all = static_cast<std::uint32_t>(sum_of(slots));
        const std::uint32_t most = std::max(1u, all - all * below(31) / 100);
        parallelisms.resize(1 + below(most_nodes));
        for (std::uint32_t& each : parallelisms) each = below(3) == 0 ? most : 1 + below(most);
    }
};

}  // namespace headgate::tests
