#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: which worker runs which subtasks, as a value whose size does not grow with parallelism (A1, A4, A5).

#include <headgate/vocabulary/mixed.hpp>
#include <headgate/vocabulary/packed_strings.hpp>
#include <headgate/vocabulary/plan_layout.hpp>
#include <headgate/vocabulary/program.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

struct placed_worker {
    worker_id id{};
    std::uint32_t slots{};

    friend bool operator==(const placed_worker&, const placed_worker&) = default;
};

/// No node has more subtasks on a worker than that has slots: a layout is shared by nodes that all fit.
/// Nodes and workers are named by their positions here, which must exist. What the functions below say holds for a plan
/// that `check` (plan_check.hpp) accepts; policies make no other. A worker may be there and run nothing.
struct plan {
    std::vector<placed_worker> workers{};  ///< ascending by id (A2)
    packed_strings machines{};             ///< by worker
    packed_strings data_addresses{};       ///< by worker
    std::vector<layout> layouts{};
    std::vector<placed_node> nodes{};  ///< in the program's order

    friend bool operator==(const plan&, const plan&) = default;
};

/// How many subtasks all nodes have.
constexpr std::uint64_t subtasks(const plan& of);

/// Position of the worker `id`, if the plan has it. O(log workers).
std::optional<std::uint32_t> position_of(const plan& in, worker_id id);

/// Position of the worker that runs `subtask` of `node`. Precondition: `subtask` is below its parallelism. O(log runs).
std::uint32_t worker_of(const plan& in, std::size_t node, std::uint32_t subtask);

/// Whether the subtasks of `range` exist and are all of `worker`. Any range is a question; an empty one within the node
/// is held by everybody. O(1), or O(log runs) for each run in the range if the layout has owners; allocates nothing.
bool holds(const plan& in, std::size_t node, std::size_t worker, subtask_range range);

/// Calls `each(subtask_range)` for every longest range of subtasks of `node` on `worker`, ascending. At most two, in
/// O(1), or O(runs) if the layout has owners.
template <class Each>
void shares(const plan& in, std::size_t node, std::size_t worker, Each each);

/// How many subtasks of `node` are on `worker`. Costs what `shares` costs.
std::uint64_t load(const plan& in, std::size_t node, std::size_t worker);

/// How many subtasks are on `worker`: the sum over nodes.
std::uint64_t load(const plan& in, std::size_t worker);

/// The same 64 bits for equal plans on every machine; others with probability 2^-64, unless somebody means to. I5.
std::uint64_t digest(const plan& of);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// A node of a plan with its layout.
inline placement placed(const plan& in, std::size_t node) {
    return {in.layouts[in.nodes[node].layout], in.nodes[node]};
}

/// Passes ranges on, joined where they touch. They come in ascending order.
template <class Each>
struct joined {
    Each& each;
    subtask_range held{};

    void add(subtask_range next) {
        if (next.empty()) return;
        if (held.last != next.first) flush();
        held = held.empty() ? next : subtask_range{held.first, next.last};
    }
    void flush() {
        if (not held.empty()) each(std::exchange(held, {}));
    }
};

}  // namespace detail

constexpr std::uint64_t subtasks(const plan& of) {
    std::uint64_t sum = 0;
    for (const placed_node& each : of.nodes) sum += each.parallelism;
    return sum;
}

inline std::optional<std::uint32_t> position_of(const plan& in, worker_id id) {
    const auto at = std::ranges::lower_bound(in.workers, id, {}, &placed_worker::id);
    if (at == in.workers.end() or at->id != id) return std::nullopt;
    return static_cast<std::uint32_t>(at - in.workers.begin());
}

inline std::uint32_t worker_of(const plan& in, std::size_t node, std::uint32_t subtask) {
    assert(subtask < in.nodes[node].parallelism);
    const detail::placement placed = detail::placed(in, node);
    return placed.owner(placed.run_of(subtask));
}

inline bool holds(const plan& in, std::size_t node, std::size_t worker, subtask_range range) {
    const detail::placement placed = detail::placed(in, node);
    if (range.first > range.last or range.last > in.nodes[node].parallelism) return false;
    if (range.empty()) return true;
    if (placed.line.owners.empty()) {
        const subtask_range low = placed.behind(worker), high = placed.around(worker);
        const auto within = [&](std::uint32_t first, std::uint32_t last) {
            return first <= range.first and range.last <= last;
        };
        return low.last == high.first ? within(low.first, high.last)
                                      : within(low.first, low.last) or within(high.first, high.last);
    }
    for (std::uint32_t subtask = range.first; subtask < range.last;) {
        const std::size_t run = placed.run_of(subtask);
        if (placed.line.owners[run] != worker) return false;
        const subtask_range low = placed.behind(run);
        subtask = low.first <= subtask and subtask < low.last ? low.last : placed.around(run).last;
    }
    return true;
}

template <class Each>
void shares(const plan& in, std::size_t node, std::size_t worker, Each each) {
    const detail::placement placed = detail::placed(in, node);
    detail::joined<Each> out{each};
    if (placed.line.owners.empty()) {
        out.add(placed.behind(worker));
        out.add(placed.around(worker));
    } else {
        const auto& owners = placed.line.owners;
        for (std::size_t run = 0; run < owners.size(); ++run)
            if (owners[run] == worker) out.add(placed.behind(run));
        for (std::size_t run = 0; run < owners.size(); ++run)
            if (owners[run] == worker) out.add(placed.around(run));
    }
    out.flush();
}

inline std::uint64_t load(const plan& in, std::size_t node, std::size_t worker) {
    std::uint64_t sum = 0;
    shares(in, node, worker, [&](subtask_range range) { sum += range.size(); });
    return sum;
}

inline std::uint64_t load(const plan& in, std::size_t worker) {
    std::uint64_t sum = 0;
    for (std::size_t node = 0; node < in.nodes.size(); ++node) sum += load(in, node, worker);
    return sum;
}

inline std::uint64_t digest(const plan& of) {
    std::uint64_t state = detail::mixed(detail::mixed(0, of.workers.size()), of.layouts.size());
    for (std::size_t i = 0; i < of.workers.size(); ++i)
        state = detail::mixed(detail::mixed(state, of.workers[i].id.value), of.workers[i].slots);
    for (const packed_strings* list : {&of.machines, &of.data_addresses}) {
        state = detail::mixed(state, list->size());
        for (std::size_t i = 0; i < list->size(); ++i) state = detail::mixed(state, (*list)[i]);
    }
    for (const layout& line : of.layouts) {
        state = detail::mixed(detail::mixed(state, static_cast<std::uint64_t>(line.spaced)), line.boundaries.size());
        for (const std::uint32_t boundary : line.boundaries) state = detail::mixed(state, boundary);
        state = detail::mixed(state, line.owners.size());
        for (const std::uint32_t owner : line.owners) state = detail::mixed(state, owner);
    }
    state = detail::mixed(state, of.nodes.size());
    for (const placed_node& each : of.nodes) {
        state = detail::mixed(state, std::uint64_t{each.id.value} << 32 | each.parallelism);
        state = detail::mixed(state, std::uint64_t{each.layout} << 32 | each.offset);
        if (each.grain != 1) state = detail::mixed(state, each.grain);
    }
    return state;
}

}  // namespace headgate::inline v1
