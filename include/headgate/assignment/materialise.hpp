#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: a plan as a list with a record for each subtask, for those who want that.

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace headgate::inline v1 {

/// The worker's data address is `data_addresses[*position_of(plan, worker)]` of the plan.
struct placed_subtask {
    node_id node{};
    std::uint32_t subtask{};
    worker_id worker{};

    friend bool operator==(const placed_subtask&, const placed_subtask&) = default;
};

/// Writes all subtasks, by node in the plan's order and then ascending, to the front of `into`; answers how many.
/// `invalid`, and nothing is written, for more than `most.materialised_subtasks` or than there is room for.
/// At the speed of memory: keep the buffer, since memory that was never touched costs ten times the writing into it.
expected<std::size_t> materialise(const plan& from, std::span<placed_subtask> into, const limits& most = {});

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline placed_subtask* write(placed_subtask* into, node_id node, worker_id worker, subtask_range range) {
    for (std::uint32_t subtask = range.first; subtask < range.last; ++subtask)
        *into++ = {.node = node, .subtask = subtask, .worker = worker};
    return into;
}

}  // namespace detail

inline expected<std::size_t> materialise(const plan& from, std::span<placed_subtask> into, const limits& most) {
    const std::uint64_t count = subtasks(from);
    if (count > most.materialised_subtasks)
        return failure(error_kind::invalid, "materialise: " + std::to_string(count) +
                                                " subtasks, the limit of materialised_subtasks is " +
                                                std::to_string(most.materialised_subtasks));
    if (count > into.size())
        return failure(error_kind::invalid,
                       "materialise: " + std::to_string(count) + " subtasks, room for " + std::to_string(into.size()));
    placed_subtask* next = into.data();
    for (std::size_t node = 0; node < from.nodes.size(); ++node) {
        const detail::placement placed = detail::placed(from, node);
        const node_id id = from.nodes[node].id;
        const std::size_t runs = placed.line.boundaries.size() - 1;
        const auto worker = [&](std::size_t run) { return from.workers[placed.owner(run)].id; };
        for (std::size_t run = 0; run < runs; ++run) next = detail::write(next, id, worker(run), placed.behind(run));
        if (placed.offset == 0) continue;
        for (std::size_t run = 0; run < runs; ++run) next = detail::write(next, id, worker(run), placed.around(run));
    }
    return static_cast<std::size_t>(count);
}

}  // namespace headgate::inline v1
