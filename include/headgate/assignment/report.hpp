#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: by what plans are judged, whoever made them (A6): load, and what it costs to have it there.

#include <headgate/assignment/bounds.hpp>
#include <headgate/assignment/channels.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/moves.hpp>
#include <headgate/assignment/offer.hpp>
#include <headgate/assignment/past.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

struct load_spread {
    double largest{};
    double mean{};
    double smallest{};

    friend bool operator==(const load_spread&, const load_spread&) = default;
};

struct assignment_report {
    std::uint64_t subtasks{};
    std::uint64_t workers{};       ///< offered with at least one slot; those that the plan leaves out have a load of 0
    std::uint64_t workers_used{};  ///< that have a subtask
    load_spread by_worker{};       ///< subtasks
    load_spread by_slot{};         ///< subtasks per slot; the mean is of all slots
    proven_bounds bounds{};
    channels_report channels{};
    moves_report moves{};  ///< the least that can be: `least_moved_bytes`

    /// How far the largest load, and the largest load per slot, are above what is proven: 1 is the best there is.
    double gap() const { return ratio(by_worker.largest, static_cast<double>(bounds.largest)); }
    double gap_per_slot() const { return ratio(by_slot.largest, bounds.per_slot.value()); }

    friend bool operator==(const assignment_report&, const assignment_report&) = default;

private:
    static double ratio(double what, double of) { return of > 0 ? what / of : 1; }
};

/// Judges `made`, a plan of `of` on workers among `offers`, against what was before. `invalid` for a plan that `check`
/// refuses, a worker that is not offered or two offers with one id; a size that is negative or not a number; a previous
/// plan that no program could have. O(log workers) for each node and O(workers) for each node or edge that lies on all
/// of them: never by subtask or channel.
expected<assignment_report> judge(const plan& made, const program& of, std::span<const offer> offers,
                                  const past& before = {}, const limits& most = {});

// Implementation ------------------------------------------------------------------------------------------------------

inline expected<assignment_report> judge(const plan& made, const program& of, std::span<const offer> offers,
                                         const past& before, const limits& most) {
    if (const auto ok = check(made, of, most); not ok) return tl::unexpected(ok.error());
    std::vector<std::uint32_t> slots, parallelisms;
    std::uint64_t all_slots = 0;
    for (const offer& each : offers) {
        if (each.slots == 0) continue;
        slots.push_back(each.slots);
        all_slots += each.slots;
    }
    for (const node& each : of.nodes) parallelisms.push_back(each.parallelism);
    auto places = detail::places_of(made, offers);
    if (not places) return tl::unexpected(places.error());
    auto moves = moves_of(made, before);
    if (not moves) return tl::unexpected(moves.error());

    assignment_report found{.subtasks = subtasks(made), .workers = slots.size()};
    found.by_worker.smallest = found.by_slot.smallest = std::numeric_limits<double>::infinity();
    const auto count = [&](std::uint64_t load, std::uint32_t of_slots) {
        const double mine = static_cast<double>(load), by_slot = mine / of_slots;
        found.by_worker.largest = std::max(found.by_worker.largest, mine);
        found.by_worker.smallest = std::min(found.by_worker.smallest, mine);
        found.by_slot.largest = std::max(found.by_slot.largest, by_slot);
        found.by_slot.smallest = std::min(found.by_slot.smallest, by_slot);
    };
    const std::vector<std::uint64_t> loads = loads_of(made);
    std::uint64_t with_slots = 0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
        found.workers_used += loads[i] > 0;
        if (made.workers[i].slots == 0) continue;
        ++with_slots;
        count(loads[i], made.workers[i].slots);
    }
    if (with_slots < slots.size()) count(0, 1);
    if (not slots.empty()) {
        found.by_worker.mean = static_cast<double>(found.subtasks) / static_cast<double>(slots.size());
        found.by_slot.mean = static_cast<double>(found.subtasks) / static_cast<double>(all_slots);
    } else {
        found.by_worker.smallest = found.by_slot.smallest = 0;
    }
    found.bounds = bounds_of(parallelisms, slots);
    found.channels = channels_of(made, of, *places);
    found.moves = *moves;
    return found;
}

}  // namespace headgate::inline v1
