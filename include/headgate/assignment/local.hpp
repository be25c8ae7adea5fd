#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: few channels leave a worker, for as much imbalance as is allowed.

#include <headgate/assignment/balance.hpp>
#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/caps.hpp>
#include <headgate/assignment/channels.hpp>
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/together.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// When to use: the network is what limits the job, or costs money.
/// Not for: state that should stay where it is (sticky), zones that may fail (spread).
///
/// Of several plans whose largest load per slot (or largest load) is at most `slack` times the proven bound, the one
/// with the fewest channels across workers, then across machines, then across zones. They are: both slot fillings,
/// `balanced` with and without groups kept together, and the graph in a row, laid over bins of workers that are twice
/// as large from one to the next, once as full as the slack allows and once as full as without it: within a bin nodes
/// share workers, and edges between bins are the only ones that cross wholly. To find the fewest channels of all is a
/// quadratic assignment; the gap on small chains, forks, joins and diamonds is measured in benchmarks/README.md. Where
/// no plan is within the slack, which may be so with the largest load of many parallelisms on unequal slots, it is the
/// plan of `balanced`. Errors: see `balanced`; `invalid` for a slack below 1 or not finite.
/// O((nodes + edges * workers) log workers).
struct local {
    double slack = 1.1;
    balance_by aim = balance_by::load_per_slot;

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const;

    /// See `bounded_assignment_policy`: the bound that was asked for with the slack.
    std::uint64_t largest_load(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots) const;

    friend bool operator==(const local&, const local&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Nodes so that neighbours are near each other: along the edges in either direction, depth first.
inline std::vector<std::uint32_t> in_a_row(const program& of) {
    const nodes_by_id at(of.nodes);
    std::vector<std::vector<std::uint32_t>> next(of.nodes.size());
    std::vector<bool> is_fed(of.nodes.size()), seen(of.nodes.size());
    for (const edge& each : of.edges) {
        const auto from = at.find(each.from), to = at.find(each.to);
        if (not from or not to) continue;
        next[*from].push_back(*to);
        next[*to].push_back(*from);
        is_fed[*to] = true;
    }
    std::vector<std::uint32_t> row, open;
    row.reserve(of.nodes.size());
    for (const bool fed : {false, true})
        for (std::uint32_t begin = 0; begin < of.nodes.size(); ++begin) {
            if (is_fed[begin] != fed or seen[begin]) continue;
            for (open.push_back(begin); not open.empty();) {
                const std::uint32_t node = open.back();
                open.pop_back();
                if (seen[node]) continue;
                seen[node] = true;
                row.push_back(node);
                for (auto to = next[node].rbegin(); to != next[node].rend(); ++to)
                    if (not seen[*to]) open.push_back(*to);
            }
        }
    return row;
}

/// Consecutive workers of a line, up to which items in a row are put; they are the next to be filled.
struct bin {
    std::size_t first{};
    std::size_t last{};
    std::uint64_t slots{};
    std::uint64_t left{};
    std::vector<std::uint32_t> items{};
};

inline std::vector<bin> bins_of(std::span<const std::uint32_t> slots, std::span<const std::uint64_t> caps,
                                std::uint64_t least_slots) {
    std::vector<bin> made;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (made.empty() or made.back().slots >= least_slots) made.push_back({.first = i});
        made.back().last = i + 1;
        made.back().slots += slots[i];
        made.back().left += caps[i];
    }
    if (made.size() > 1 and made.back().slots < least_slots) {
        bin& before = made[made.size() - 2];
        before.last = made.back().last;
        before.slots += made.back().slots;
        before.left += made.back().left;
        made.pop_back();
    }
    return made;
}

/// Items in `row` into bins, each into the first from the last one used that has room; false if there is none.
inline bool fill(std::vector<bin>& bins, std::span<const balance_item> items, std::span<const std::uint32_t> row,
                 std::span<const std::uint32_t> slots) {
    std::size_t at = 0;
    for (const std::uint32_t item : row) {
        const balance_item& one = items[item];
        const std::uint64_t amount = one.units * one.weight;
        std::size_t tried = 0;
        for (; tried < bins.size(); ++tried, at = at + 1 < bins.size() ? at + 1 : 0)
            if (bins[at].left >= amount and fits(one, slots.subspan(bins[at].first, bins[at].last - bins[at].first)))
                break;
        if (tried == bins.size()) return false;
        bins[at].left -= amount;
        bins[at].items.push_back(item);
    }
    return true;
}

inline expected<balanced_items> over_bins(std::span<const bin> bins, std::span<const balance_item> items,
                                          std::span<const std::uint32_t> slots, balance_by aim) {
    balanced_items all{.layouts = {}, .items = std::vector<balanced_item>(items.size())};
    for (const bin& one : bins) {
        if (one.items.empty()) continue;
        std::vector<balance_item> mine;
        for (const std::uint32_t item : one.items) mine.push_back(items[item]);
        auto placed = balance(mine, slots.subspan(one.first, one.last - one.first), {.aim = aim});
        if (not placed) return placed;
        for (std::size_t i = 0; i < mine.size(); ++i)
            all.items[one.items[i]] = {
                .layout = placed->items[i].layout + static_cast<std::uint32_t>(all.layouts.size()),
                .offset = placed->items[i].offset};
        for (layout& each : placed->layouts) {
            if (each.owners.empty()) each.owners = counted_up(one.last - one.first);
            for (std::uint32_t& owner : each.owners) owner += static_cast<std::uint32_t>(one.first);
            all.layouts.push_back(std::move(each));
        }
    }
    return all;
}

}  // namespace detail

inline expected<plan> local::operator()(const program& of, std::span<const offer> offers, const past&) const {
    if (not(std::isfinite(slack) and slack >= 1))
        return detail::invalid("local: a slack of " + std::to_string(slack) + "; a finite one of at least 1 is needed");
    const auto line = line_up(of, offers);
    if (not line) return tl::unexpected(line.error());
    const auto empty = plan_on(offers, line->order);
    if (not empty) return empty;
    const std::vector<std::uint64_t> caps = caps_of(of, line->slots, aim, slack);
    const std::vector<std::uint64_t> tight = caps_of(of, line->slots, aim, 1);

    std::optional<plan> best;
    std::tuple<std::uint64_t, std::uint64_t, std::uint64_t> fewest;
    const auto consider = [&](plan made, const worker_places& places) {
        if (total_runs(made.layouts) > most_runs) return;
        const std::vector<std::uint64_t> loads = loads_of(made);
        for (std::size_t i = 0; i < loads.size(); ++i)
            if (const auto at = position_of(*empty, made.workers[i].id); loads[i] > caps[*at]) return;
        const channel_counts crossing = channels_of(made, of, places).total;
        const std::tuple counts(crossing.across_workers, crossing.across_machines, crossing.across_zones);
        if (best and not(counts < fewest)) return;
        fewest = counts;
        best = std::move(made);
    };
    for (const filling_order order : {filling_order::largest_first, filling_order::by_id})
        if (auto made = slot_filling{order}(of, offers)) {
            const auto places = detail::places_of(*made, offers);  // it leaves workers out
            consider(*std::move(made), *places);
        }

    const auto places = detail::places_of(*empty, offers);

    const std::vector<std::uint32_t> nodes = detail::in_a_row(of);
    std::uint64_t all_slots = 0;
    for (const std::uint32_t each : line->slots) all_slots += each;
    for (const keep_together together : {keep_together::forward_joined, keep_together::nothing}) {
        const items_of_nodes items = items_of(of, together, line->slots);
        std::vector<std::uint32_t> row;
        std::vector<bool> seen(items.items.size());
        for (const std::uint32_t node : nodes)
            if (const std::uint32_t item = items.of_node[node]; not seen[item]) {
                seen[item] = true;
                row.push_back(item);
            }
        // Fuller bins may part what emptier ones keep together, so more slack than one needs is no reason to fill them.
        for (const std::vector<std::uint64_t>* const full : {&caps, &tight}) {
            if (full == &tight and tight == caps) continue;
            std::size_t last_count = 0;
            for (std::uint64_t least = 1; least / 2 < all_slots; least *= 2) {
                std::vector<detail::bin> bins = detail::bins_of(line->slots, *full, std::min(least, all_slots));
                if (bins.size() == last_count) continue;
                last_count = bins.size();
                if (bins.size() > 1 and not detail::fill(bins, items.items, row, line->slots)) continue;
                auto placed = bins.size() == 1 ? balance(items.items, line->slots, {.aim = aim})
                                               : detail::over_bins(bins, items.items, line->slots, aim);
                if (not placed) continue;
                plan made = *empty;
                detail::place(made, of, items, *std::move(placed));
                consider(std::move(made), *places);
            }
        }
    }
    // One bin of single nodes is what `balanced` makes. That is within any slack but where `balanced` misses the
    // largest load, and for numbers beyond SPEC 10.
    if (not best) return balanced{.aim = aim}(of, offers);
    return *std::move(best);
}

inline std::uint64_t local::largest_load(std::span<const std::uint32_t> parallelisms,
                                         std::span<const std::uint32_t> slots) const {
    return std::max(largest_cap(parallelisms, slots, aim, slack),
                    balanced{.aim = aim}.largest_load(parallelisms, slots));
}

}  // namespace headgate::inline v1
