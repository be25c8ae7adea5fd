#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: subtasks stay where their state is, for as much imbalance as is allowed.

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/caps.hpp>
#include <headgate/assignment/flow.hpp>
#include <headgate/assignment/keeping.hpp>
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/mending.hpp>
#include <headgate/assignment/moves.hpp>
#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/zones.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

enum class sticky_way : std::uint8_t {
    fresh,        ///< a plan as if nothing was before: nothing was, what stays was in the way, or this moves less
    exact,        ///< by a flow of least cost: no plan that keeps the balance moves fewer bytes, see `least_bytes`
    approximate,  ///< what fits stays, the rest moves: by node, or by old layout where nodes are too many for that
};

struct sticky_answer {
    plan made{};
    sticky_way way{};
    double moved_bytes{};
    /// Whether the largest load is as `sticky` says. A fresh plan may be above it, where the largest load was asked
    /// for: see `balance`.
    bool keeps_balance = true;
    /// Of all plans that keep the balance none moves fewer; at most `moved_bytes`. Only where `made` is one of them and
    /// the flow could tell: not on rescale, of unequal sizes, or where `spread` keeps slots back. Sizes that are no
    /// whole numbers, or above 2^48, are compared in units of the largest / 2^48: then each subtask that moves may
    /// count for one of these too much.
    std::optional<double> least_bytes{};
};

/// When to use: state is large against what a restart may take: a lost worker costs the bytes that were on it.
/// Not for: jobs without state, or a previous plan that was bad: it is mended as far as the slack wants it only.
///
/// Moves few bytes against the previous plan so that the largest load per slot (or largest load) is at most `balance`
/// times the proven bound. Sizes come with the past; headgate's controller knows none, and counts subtasks. Exact, with
/// the fewest bytes of all, with at most `most_arcs` pairs of a node and a worker, if every node that was before has
/// its parallelism and one size for all subtasks, and no zones are asked for; else approximate. On rescale a new
/// subtask follows the state of its first key, and of a node of unequal sizes each worker keeps the first subtasks that
/// fit, whatever they weigh: that may be far from the fewest bytes, and where a fresh plan moves fewer, it is that. On
/// small rescales it moves 1.07 times the least of all plans, and at worst 6 times (benchmarks/README.md). With zones
/// the flow, which does not look at them, tells it, unless slots are kept back. `zones`: slots that `spread` trusts, of
/// which the balance is counted too, and no zone above its share of a node, rounded up, by what moves: with equal
/// slots; on unequal ones few small jobs had one, and a plan within the slack without any.
///
/// Approximate: each node that differs by layout, offset, parallelism or size has a layout of its own, in O(nodes +
/// different nodes * workers + ranges). Where these are above `most_runs` boundaries, or 4 million counts by node and
/// worker, the old layouts stay, but for what must change hands; new nodes and rescaled ones move wholly; in O(runs +
/// nodes) log, and O(runs) for each node of an even line whose nodes do not begin at slots 0, 1, 2 ... With zones what
/// must change hands goes to the zone that is around it on its line: there a node may have a few more in a zone than
/// its share and what it had, as pieces are rounded. The plan is a fresh one (`zones`, or `balanced`), nearly all state
/// moves, and the answer says so, if that does not come to an end: with hardly any slack; where a node needs nearly all
/// slots and is in many pieces, or has of a level line more than half the slots of a worker on each; where the plan
/// before has nearly `most_runs` boundaries, as that of `spread` on unequal slots may; or where a zone has no
/// room for what was lost in it.
///
/// Workers correspond as `corresponding` says. A previous plan that leaves out workers without subtasks, as that of
/// `slot_filling` does, loses who was the how-manyth on its machine: state there may be looked for on a neighbour.
///
/// Errors: as `assignment_policy`, `spread` and `check(past)`; `invalid` for a balance that is below 1 or not finite,
/// and for zones where the largest load is asked for.
struct sticky {
    double balance = 1.1;
    std::optional<spread> zones{};
    balance_by aim = balance_by::load_per_slot;
    std::size_t most_arcs = 10'000;

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const;

    /// The same, and how it came about.
    expected<sticky_answer> decide(const program& of, std::span<const offer> offers, const past& before = {}) const;

    /// See `bounded_assignment_policy`: that of a fresh plan, which it is without a past.
    std::uint64_t largest_load(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots) const;

    friend bool operator==(const sticky&, const sticky&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// By kept node, the counts of the flow; nothing if the flow is not for this input.
inline std::optional<least_moved> exact_counts(const std::vector<kept_class>& classes, const program& of,
                                               std::span<const std::uint32_t> slots,
                                               std::span<const std::uint64_t> caps) {
    const std::size_t workers = slots.size();
    std::vector<std::uint32_t> parallelism;
    std::vector<double> cost;
    std::vector<std::uint64_t> kept;
    std::vector<std::uint32_t> nodes;
    for (const kept_class& each : classes)
        for (const std::uint32_t node : each.nodes) {
            nodes.push_back(node);
            parallelism.push_back(of.nodes[node].parallelism);
            cost.push_back(each.bytes);
            kept.insert(kept.end(), each.stays.begin(), each.stays.end());
        }
    auto found = place_with_least_moves({parallelism, cost, kept, slots, caps});
    if (not found) return found;
    std::vector<std::uint64_t> by_node(found->placed.size());
    for (std::size_t i = 0; i < nodes.size(); ++i)
        std::copy_n(found->placed.begin() + static_cast<std::ptrdiff_t>(i * workers), workers,
                    by_node.begin() + static_cast<std::ptrdiff_t>(nodes[i] * workers));
    found->placed = std::move(by_node);
    return found;
}

}  // namespace detail

inline expected<plan> sticky::operator()(const program& of, std::span<const offer> offers, const past& before) const {
    auto made = decide(of, offers, before);
    if (not made) return tl::unexpected(std::move(made.error()));
    return std::move(made->made);
}

inline expected<sticky_answer> sticky::decide(const program& of, std::span<const offer> offers,
                                              const past& before) const {
    if (const auto ok = check(before); not ok) return tl::unexpected(ok.error());
    if (not(std::isfinite(balance) and balance >= 1))
        return detail::invalid("sticky: a balance of " + std::to_string(balance) +
                               "; a finite one of at least 1 is needed");
    if (zones) {
        if (const auto ok = detail::check(*zones); not ok) return tl::unexpected(ok.error());
        if (aim == balance_by::load)
            return detail::invalid("sticky: zones share out the load per slot; the largest load cannot be asked for");
    }
    const auto line = line_up(of, offers);
    if (not line) return tl::unexpected(line.error());
    auto made = plan_on(offers, line->order);
    if (not made) return tl::unexpected(made.error());
    const std::vector<std::uint32_t> slots =
        zones ? detail::trusted_slots(*zones, *line, offers, before.troubles) : line->slots;
    const std::vector<std::uint64_t> caps = caps_of(of, slots, aim, balance);
    const std::vector<std::uint32_t> corresponds =
        before.previous ? corresponding(*before.previous, *made) : std::vector<std::uint32_t>{};
    std::optional<double> least;
    const auto answered = [&](plan&& with, sticky_way way) {
        sticky_answer answer{.made = std::move(with), .way = way};
        answer.keeps_balance = std::ranges::equal(loads_of(answer.made), caps, std::ranges::less_equal{});
        if (before.previous) answer.moved_bytes = detail::moves_since(answer.made, before, corresponds).bytes;
        if (least and answer.keeps_balance) answer.least_bytes = std::min(*least, answer.moved_bytes);
        return answer;
    };
    const auto fresh = [&]() -> expected<plan> {
        return zones ? (*zones)(of, offers, before) : balanced{.aim = aim}(of, offers, before);
    };
    const auto afresh = [&]() -> expected<sticky_answer> {
        auto anew = fresh();
        if (not anew) return tl::unexpected(anew.error());
        return answered(*std::move(anew), sticky_way::fresh);
    };
    if (not before.previous) return afresh();
    const auto zone_of = zones ? std::optional(detail::zone_order(*line, offers, slots)) : std::nullopt;
    const auto* const zone_order = zone_of ? &*zone_of : nullptr;
    const auto by_layout = [&]() -> expected<sticky_answer> {
        using pieces = detail::mended_pieces;
        for (const pieces how : {pieces{}, pieces{.room_in = 1, .divides_levels = true}, pieces{.level_parts = 64},
                                 pieces{.level_parts = 64, .room_in = 1, .divides_levels = true}})
            if (detail::mending(*made, of, slots, caps, zone_order, how).run(*before.previous, corresponds))
                return answered(*std::move(made), sticky_way::approximate);
        return afresh();
    };

    std::optional<std::vector<detail::kept_class>> known_classes = detail::classes_of(of, *made, before, corresponds);
    if (not known_classes) return by_layout();
    std::vector<detail::kept_class>& classes = *known_classes;
    if (std::ranges::all_of(classes, &detail::kept_class::is_new)) return afresh();
    std::optional<least_moved> flow;
    if (std::ranges::all_of(classes, &detail::kept_class::is_plain) and slots == line->slots and
        of.nodes.size() <= most_arcs / slots.size())
        flow = detail::exact_counts(classes, of, slots, caps);
    if (flow) least = flow->cost;
    const bool is_exact = flow and not zones;
    if (is_exact) {
        detail::keep_exactly(*made, of, classes, flow->placed);
    } else {
        const auto fit = [&](std::span<const detail::kept_part> parts, std::uint64_t most) {
            return detail::keep_what_fits(*made, of, parts, slots, caps, zone_order, most);
        };
        if (not fit(detail::whole(classes), std::numeric_limits<std::uint64_t>::max())) {
            if (not fit(detail::one_by_one(classes), most_runs)) {
                if (of.nodes.size() > most_layouts(slots.size())) return by_layout();  // as wherever runs are too many
                // What stayed was in the way: as many of each on each worker as a new plan has, and what can of those
                // stays.
                const auto anew = fresh();
                if (not anew) return tl::unexpected(anew.error());
                detail::keep_exactly(*made, of, classes, detail::counts_of(*anew));
            }
        }
    }
    if (total_runs(made->layouts) > most_runs) return by_layout();
    sticky_answer kept = answered(*std::move(made), is_exact ? sticky_way::exact : sticky_way::approximate);
    if (not is_exact and not std::ranges::all_of(classes, &detail::kept_class::is_plain))
        if (auto anew = afresh(); anew and anew->keeps_balance and anew->moved_bytes < kept.moved_bytes) return anew;
    return kept;
}

inline std::uint64_t sticky::largest_load(std::span<const std::uint32_t> parallelisms,
                                          std::span<const std::uint32_t> slots) const {
    return balanced{.aim = aim}.largest_load(parallelisms, slots);
}

}  // namespace headgate::inline v1
