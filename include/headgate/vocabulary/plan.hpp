#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: which worker runs which subtasks, as a value whose size does not grow with parallelism (A1, A4, A5).

#include <headgate/vocabulary/mixed.hpp>
#include <headgate/vocabulary/packed_strings.hpp>
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

/// Which slots of a line of `slots` the subtasks 0 <= i < parallelism of a node take.
enum class spacing : std::uint8_t {
    dense,  ///< slot i
    even,   ///< slot ceil((i + 1) slots / parallelism) - 1: every worker gets its share, rounded down or up
};

/// A line of slots: one run of slots after the other, each of one worker.
/// Run k has the slots from `boundaries[k]` up to `boundaries[k + 1]`; `boundaries` begins with 0 and does not descend.
struct layout {
    spacing spaced{};
    std::vector<std::uint32_t> boundaries{0};  ///< one more than runs
    std::vector<std::uint32_t> owners{};  ///< of each run, as position in `plan::workers`; empty: run k is worker k's

    friend bool operator==(const layout&, const layout&) = default;
};

/// A node's subtasks take slots of a layout as its spacing says, counted from slot `offset` and around its end.
struct placed_node {
    node_id id{};
    std::uint32_t parallelism{};
    std::uint32_t layout{};  ///< position in `plan::layouts`
    std::uint32_t offset{};  ///< below the layout's slots

    friend bool operator==(const placed_node&, const placed_node&) = default;
};

/// No two subtasks of a node take the same slot, so a layout within the slots of its workers makes every node fit.
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

/// The subtasks from `first` up to, without, `last` of one node.
struct subtask_range {
    std::uint32_t first{};
    std::uint32_t last{};

    constexpr std::uint32_t size() const { return last - first; }
    constexpr bool empty() const { return first == last; }
    friend constexpr bool operator==(const subtask_range&, const subtask_range&) = default;
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

/// A node with its layout. Slots and products of two 32-bit numbers are counted in 64 bits, so nothing wraps.
struct placement {
    const layout& line;
    std::uint64_t parallelism;
    std::uint64_t offset;
    std::uint64_t slots;  ///< at least 1 if there is a subtask

    placement(const plan& in, std::size_t node)
        : line(in.layouts[in.nodes[node].layout]),
          parallelism(in.nodes[node].parallelism),
          offset(in.nodes[node].offset),
          slots(line.boundaries.back()) {}

    /// Counted from the offset.
    std::uint64_t slot_of(std::uint64_t subtask) const {
        if (line.spaced == spacing::dense) return subtask;
        return ((subtask + 1) * slots - 1) / parallelism;
    }

    /// How many subtasks take slots before `slot`, counted from the offset.
    std::uint32_t before(std::uint64_t slot) const {
        if (line.spaced == spacing::dense) return static_cast<std::uint32_t>(std::min(slot, parallelism));
        return static_cast<std::uint32_t>(slot * parallelism / slots);
    }

    std::uint64_t turned(std::uint64_t slot) const {
        return slot + offset < slots ? slot + offset : slot + offset - slots;
    }

    std::uint32_t owner(std::size_t run) const {
        return line.owners.empty() ? static_cast<std::uint32_t>(run) : line.owners[run];
    }

    /// The run that `slot` is in: the last that begins at or before it. Halves without a branch that could be
    /// predicted wrongly, which is 2.5 times as fast as std::upper_bound over 1,000 workers.
    std::size_t run_of(std::uint64_t slot) const {
        const std::uint32_t* first = line.boundaries.data();
        const auto wanted = static_cast<std::uint32_t>(slot);
        std::size_t count = line.boundaries.size() - 1;
        while (count > 1) {
            const std::size_t half = count / 2;
            first = first[half] <= wanted ? first + half : first;
            count -= half;
        }
        return static_cast<std::size_t>(first - line.boundaries.data());
    }

    /// The subtasks in the part of `run` that lies at or behind the offset, then those before it: ascending.
    subtask_range behind(std::size_t run) const {
        const std::uint64_t first = std::max<std::uint64_t>(line.boundaries[run], offset);
        const std::uint64_t last = std::max<std::uint64_t>(line.boundaries[run + 1], offset);
        return {before(first - offset), before(last - offset)};
    }
    subtask_range around(std::size_t run) const {
        const std::uint64_t first = std::min<std::uint64_t>(line.boundaries[run], offset);
        const std::uint64_t last = std::min<std::uint64_t>(line.boundaries[run + 1], offset);
        return {before(first + slots - offset), before(last + slots - offset)};
    }
};

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
    const detail::placement placed(in, node);
    return placed.owner(placed.run_of(placed.turned(placed.slot_of(subtask))));
}

inline bool holds(const plan& in, std::size_t node, std::size_t worker, subtask_range range) {
    const detail::placement placed(in, node);
    if (range.first > range.last or range.last > placed.parallelism) return false;
    if (range.empty()) return true;
    if (placed.line.owners.empty()) {
        const subtask_range low = placed.behind(worker), high = placed.around(worker);
        const auto within = [&](std::uint32_t first, std::uint32_t last) {
            return first <= range.first and range.last <= last;
        };
        return low.last == high.first ? within(low.first, high.last)
                                      : within(low.first, low.last) or within(high.first, high.last);
    }
    for (std::uint64_t subtask = range.first; subtask < range.last;) {
        const std::uint64_t slot = placed.slot_of(subtask);
        const std::size_t run = placed.run_of(placed.turned(slot));
        if (placed.line.owners[run] != worker) return false;
        subtask = placed.before(std::min(placed.slots, slot + placed.line.boundaries[run + 1] - placed.turned(slot)));
    }
    return true;
}

template <class Each>
void shares(const plan& in, std::size_t node, std::size_t worker, Each each) {
    const detail::placement placed(in, node);
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
    }
    return state;
}

}  // namespace headgate::inline v1
