#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the least state that any plan of some balance can move, proven by a flow; what `report` says of `moves`
// is judged by it.

#include <headgate/assignment/caps.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/offer.hpp>
#include <headgate/assignment/past.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace headgate::inline v1 {

/// Bytes, as `moves_of` counts them, that every plan moves which `keeps_balance_of` with `how`. Nothing where no flow
/// proves one: without a previous plan, of a program or offers that no policy takes, above `how.most_arcs` nodes times
/// offers, with unequal bytes within a node, on rescale, or with zones. Costs what `how` costs, up to seconds: `judge`
/// leaves it to whoever wants it.
std::optional<double> least_moved_bytes(const program& of, std::span<const offer> offers, const past& before,
                                        const sticky& how = {});

/// Whether no worker has more than `how` would give it, so that `least_moved_bytes` holds for `made`. Precondition:
/// `made` passes `check` for `of`.
bool keeps_balance_of(const plan& made, const program& of, const sticky& how = {});

// Implementation ------------------------------------------------------------------------------------------------------

inline std::optional<double> least_moved_bytes(const program& of, std::span<const offer> offers, const past& before,
                                               const sticky& how) {
    if (not before.previous or of.nodes.size() * offers.size() > how.most_arcs) return std::nullopt;
    const auto answer = how.decide(of, offers, before);
    return answer ? answer->least_bytes : std::nullopt;
}

inline bool keeps_balance_of(const plan& made, const program& of, const sticky& how) {
    std::vector<std::uint32_t> slots;
    for (const placed_worker& each : made.workers) slots.push_back(each.slots);
    return std::ranges::equal(loads_of(made), caps_of(of, slots, how.aim, how.balance), std::ranges::less_equal{});
}

}  // namespace headgate::inline v1
