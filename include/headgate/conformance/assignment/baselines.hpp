#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: what others do, from the published descriptions and in code of our own, to measure policies beside. They
// write one worker for each subtask, as the originals do.

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <queue>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::baselines {

/// Workers by subtask, nodes one behind the other, as positions among the offers.
using record_list = std::vector<std::uint32_t>;

/// In a list of what was before: its worker is not among the offers.
inline constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

/// Each writes to `into`, which it clears: keep it, so that its storage is there. `before` is a list of the same
/// program, another than `into`; empty: nothing was before. Preconditions: ids ascend, no worker is without slots, and
/// the slots are enough.

/// The reference (Arroyo's controller): every node begins at the first worker and fills one after the other.
void reference(const program& of, std::span<const offer> offers, const record_list& before, record_list& into);

/// Flink's slot sharing, balanced by tasks (FLIP-370): as many groups as the largest parallelism, one a slot. A node of
/// that parallelism has a subtask in each; the others go around the groups, each from where the one before stopped.
/// Groups are sorted by load and each goes to the worker with the least load for its slots that has one left.
void flink_by_load(const program& of, std::span<const offer> offers, const record_list& before, record_list& into);

/// Kafka's assignor for members that subscribe to the same topics (KIP-848, "uniform"): partitions go to members so
/// that counts differ by one at most. Each keeps what it had up to its quota, which is the mean, rounded down, or up
/// while some are left over; the rest goes in turn to those that are below theirs. Slots are not looked at beyond
/// whether there is one left.
void kafka_uniform(const program& of, std::span<const offer> offers, const record_list& before, record_list& into);

/// Weighted rendezvous hashing (Thaler, Ravishankar 1998; weights by Mosko 2010): each subtask on the worker with the
/// largest -slots / ln(hash), of those that have a slot left for its node.
void weighted_rendezvous(const program& of, std::span<const offer> offers, const record_list& before,
                         record_list& into);

using algorithm = void (*)(const program&, std::span<const offer>, const record_list&, record_list&);
inline constexpr std::array<std::pair<std::string_view, algorithm>, 4> all{
    {{"reference", reference},
     {"flink_by_load", flink_by_load},
     {"kafka_uniform", kafka_uniform},
     {"weighted_rendezvous", weighted_rendezvous}}};

/// A list as a plan, so that the report judges it like any other: a layout with a run for each change of worker.
expected<plan> as_plan(const program& of, std::span<const offer> offers, const record_list& list);

/// A plan of `of` as a list of what was before, with workers by id; empty if it is of other nodes or parallelisms.
record_list as_list(const plan& old, const program& of, std::span<const offer> offers);

// Implementation ------------------------------------------------------------------------------------------------------

inline void reference(const program& of, std::span<const offer> offers, const record_list&, record_list& into) {
    into.clear();
    for (const node& each : of.nodes) {
        std::uint32_t worker = 0, used = 0;
        for (std::uint32_t i = 0; i < each.parallelism; ++i) {
            if (used == offers[worker].slots) ++worker, used = 0;
            into.push_back(worker);
            ++used;
        }
    }
}

inline void flink_by_load(const program& of, std::span<const offer> offers, const record_list&, record_list& into) {
    std::uint32_t groups = 0;
    for (const node& each : of.nodes) groups = std::max(groups, each.parallelism);
    std::vector<std::uint32_t> first_of(of.nodes.size()), load_of(groups + 1);
    std::uint32_t next = 0;
    for (std::size_t n = 0; n < of.nodes.size(); ++n) {
        const std::uint32_t parallelism = of.nodes[n].parallelism;
        if (parallelism < groups) first_of[n] = std::exchange(next, (next + parallelism) % groups);
        const std::uint32_t first = first_of[n], before_end = std::min(parallelism, groups - first);
        ++load_of[first], --load_of[first + before_end];
        ++load_of[0], --load_of[parallelism - before_end];
    }
    for (std::uint32_t i = 1; i <= groups; ++i) load_of[i] += load_of[i - 1];
    std::vector<std::uint32_t> order(groups);
    for (std::uint32_t i = 0; i < groups; ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::uint32_t group) { return std::pair(~load_of[group], group); });
    struct seat {
        double load;
        std::uint32_t worker;
        bool operator<(const seat& other) const {
            return load != other.load ? load > other.load : worker > other.worker;
        }
    };
    std::priority_queue<seat> seats;
    std::vector<std::uint32_t> left, worker_of_group(groups);
    std::vector<std::uint64_t> loads(offers.size());
    for (std::uint32_t w = 0; w < offers.size(); ++w) {
        left.push_back(offers[w].slots);
        seats.push({0, w});
    }
    for (const std::uint32_t group : order) {
        const std::uint32_t w = seats.top().worker;
        seats.pop();
        worker_of_group[group] = w;
        loads[w] += load_of[group];
        if (--left[w] > 0) seats.push({static_cast<double>(loads[w]) / offers[w].slots, w});
    }
    into.clear();
    for (std::size_t n = 0; n < of.nodes.size(); ++n) {
        const auto first = worker_of_group.begin() + first_of[n];
        const std::uint32_t before_end = std::min(of.nodes[n].parallelism, groups - first_of[n]);
        into.insert(into.end(), first, first + before_end);
        into.insert(into.end(), worker_of_group.begin(),
                    worker_of_group.begin() + (of.nodes[n].parallelism - before_end));
    }
}

inline void kafka_uniform(const program& of, std::span<const offer> offers, const record_list& before,
                          record_list& into) {
    into.clear();
    const auto count = static_cast<std::uint32_t>(offers.size());
    std::uint32_t next = 0;
    const auto go_on = [&] { next = next + 1 < count ? next + 1 : 0; };
    std::vector<std::uint32_t> used(count);
    if (before.empty()) {  // in turn, which is what the quotas come to
        for (const node& each : of.nodes) {
            std::ranges::fill(used, 0u);
            for (std::uint32_t i = 0; i < each.parallelism; ++i, go_on()) {
                while (used[next] == offers[next].slots) go_on();
                into.push_back(next);
                ++used[next];
            }
        }
        return;
    }
    const std::uint64_t quota = before.size() / count;
    std::uint64_t more = before.size() % count;  // members that may have one above it
    std::vector<std::uint64_t> held(count);
    const auto is_below = [&](std::uint32_t w) { return held[w] < quota or (held[w] == quota and more > 0); };
    const auto take = [&](std::uint32_t w) {
        if (++held[w] == quota + 1 and more > 0) --more;
    };
    for (const std::uint32_t was : before) {
        const bool keeps = was != nobody and is_below(was);
        if (keeps) take(was);
        into.push_back(keeps ? was : nobody);
    }
    std::size_t at = 0;
    for (const node& each : of.nodes) {
        const auto mine = std::span(into).subspan(at, each.parallelism);
        at += each.parallelism;
        std::ranges::fill(used, 0u);
        for (const std::uint32_t w : mine)
            if (w != nobody) ++used[w];
        for (std::uint32_t& w : mine) {
            if (w != nobody) continue;
            for (std::uint32_t tried = 0; tried < 2 * count; ++tried, go_on())  // once around for one that is below
                if (used[next] < offers[next].slots and (is_below(next) or tried >= count)) break;
            w = next;
            take(w);
            ++used[w];
            go_on();
        }
    }
}

inline void weighted_rendezvous(const program& of, std::span<const offer> offers, const record_list&,
                                record_list& into) {
    into.clear();
    std::vector<std::uint32_t> used(offers.size());
    for (const node& each : of.nodes) {
        std::ranges::fill(used, 0u);
        for (std::uint32_t i = 0; i < each.parallelism; ++i) {
            double best = -1;
            std::uint32_t chosen = 0;
            for (std::uint32_t w = 0; w < offers.size(); ++w) {
                if (used[w] == offers[w].slots) continue;
                // By machine and ordinal a worker of the next generation scores the same; its id would not.
                std::uint64_t hash = headgate::detail::mixed(each.id.value, i);
                hash = headgate::detail::mixed(hash, offers[w].data_address);
                const double unit = (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;
                const double score = -static_cast<double>(offers[w].slots) / std::log(unit);
                if (score > best) best = score, chosen = w;
            }
            into.push_back(chosen);
            ++used[chosen];
        }
    }
}

inline expected<plan> as_plan(const program& of, std::span<const offer> offers, const record_list& list) {
    plan made;
    for (const offer& each : offers) {
        made.workers.push_back({.id = each.id, .slots = each.slots});
        if (not made.machines.push_back(each.machine.value) or not made.data_addresses.push_back(each.data_address))
            return failure(error_kind::invalid, "machine ids or data addresses of the workers are above 4 GiB");
    }
    std::size_t at = 0;
    for (const node& each : of.nodes) {
        layout line;
        for (std::uint32_t i = 0; i < each.parallelism; ++i, ++at) {
            if (not line.owners.empty() and line.owners.back() == list[at]) {
                ++line.boundaries.back();
            } else {
                line.owners.push_back(list[at]);
                line.boundaries.push_back(i + 1);
            }
        }
        const auto number = static_cast<std::uint32_t>(made.layouts.size());
        made.layouts.push_back(std::move(line));
        made.nodes.push_back({.id = each.id, .parallelism = each.parallelism, .layout = number, .offset = 0});
    }
    return made;
}

inline record_list as_list(const plan& old, const program& of, std::span<const offer> offers) {
    record_list made;
    const auto same = [](const placed_node& was, const node& now) {
        return was.id == now.id and was.parallelism == now.parallelism;
    };
    if (not std::ranges::equal(old.nodes, of.nodes, same)) return made;
    record_list today;
    for (const placed_worker& each : old.workers) {
        const auto found = std::ranges::find(offers, each.id, &offer::id);
        today.push_back(found == offers.end() ? nobody : static_cast<std::uint32_t>(found - offers.begin()));
    }
    for (std::size_t node = 0; node < old.nodes.size(); ++node)
        for (std::uint32_t i = 0; i < old.nodes[node].parallelism; ++i) made.push_back(today[worker_of(old, node, i)]);
    return made;
}

}  // namespace headgate::inline v1::baselines
