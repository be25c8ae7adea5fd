#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how much each worker has to do, and where the ranges of a node are, for whole plans at once.

#include <headgate/vocabulary/plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace headgate::inline v1 {

struct range_on_worker {
    std::uint32_t worker{};  ///< position in the plan
    subtask_range range{};

    friend bool operator==(const range_on_worker&, const range_on_worker&) = default;
};

/// Writes the ranges of `node`, ascending, to the end of `into`. O(ranges) of a level line; of a dense one after
/// O(log runs), and that again for each long row of empty runs; of an even one O(runs), or O(units log runs) if that is
/// less.
void append_ranges(const plan& of, std::size_t node, std::vector<range_on_worker>& into);

/// Subtasks by worker. O(log runs) for a node, O(runs) for a layout, as long as nodes of one layout and parallelism
/// begin at slots 0, 1, 2 ..., as those of `balance` do, or their layout is dense or level; else O(runs) for a node.
std::vector<std::uint64_t> loads_of(const plan& of);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::size_t most_empty_walked = 16;

inline void append_level_ranges(const placement& placed, std::vector<range_on_worker>& into) {
    const std::size_t runs = placed.runs();
    const std::uint64_t each = placed.units / runs, more = placed.units % runs;
    std::uint32_t next = 0;
    std::size_t run = placed.offset;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(placed.units, runs));
    into.resize(into.size() + count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto end = next + static_cast<std::uint32_t>((each + (i < more ? 1 : 0)) * placed.grain);
        into[into.size() - count + i] = {placed.owner(run), {next, end}};
        next = end;
        run = run + 1 < runs ? run + 1 : 0;
    }
}

/// On an even line with many more runs than units: unit i takes slot ceil((i + 1) slots / units) - 1, which is counted
/// up without dividing.
template <class RunAt>
void append_rare_ranges(const placement& placed, std::vector<range_on_worker>& into, RunAt run_at) {
    const std::uint64_t step = placed.slots / placed.units, more = placed.slots % placed.units;
    std::uint64_t slot = (placed.slots - 1) / placed.units, rest = (placed.slots - 1) % placed.units;
    const auto grain = static_cast<std::uint32_t>(placed.grain);
    std::uint64_t end = 0;  // of the last range's run, as `slot` counted from the offset
    std::uint32_t next = 0;
    for (std::uint64_t unit = 0; unit < placed.units; ++unit) {
        if (slot < end) {
            into.back().range.last += grain;
        } else {
            const std::uint64_t around = placed.offset + slot < placed.slots ? 0 : placed.slots;
            const std::size_t run = run_at(placed.offset + slot - around);
            end = placed.line.boundaries[run + 1] + around - placed.offset;
            into.push_back({placed.owner(run), {next, next + grain}});
        }
        next += grain;
        slot += step;
        rest += more;
        if (rest < placed.units) continue;
        rest -= placed.units;
        ++slot;
    }
}

/// `run_at` answers what `placement::run_at` does.
template <class RunAt>
void append_ranges(const placement& placed, std::vector<range_on_worker>& into, RunAt run_at) {
    if (placed.is_level()) return append_level_ranges(placed, into);
    const std::size_t runs = placed.runs();
    into.reserve(into.size() + std::min<std::size_t>(placed.units, runs + 1));
    if (placed.line.spaced == spacing::even and placed.units < runs / 16)
        return append_rare_ranges(placed, into, run_at);
    bool is_around = false;
    std::size_t run = run_at(placed.slot_of(0)), empty = 0;
    const auto parallelism = static_cast<std::uint32_t>(placed.units * placed.grain);
    for (std::uint32_t next = 0; next < parallelism;) {
        const std::uint32_t end = is_around ? placed.around_up_to(run + 1) : placed.behind_up_to(run + 1);
        if (next < end) into.push_back({placed.owner(run), {next, end}});
        empty = next < end ? 0 : empty + 1;
        next = end;
        // Many empty ones are leapt over, a few are not worth the search.
        const bool leaps = empty == most_empty_walked and next < parallelism;
        const std::size_t then = leaps ? run_at(placed.slot_of(next / placed.grain)) : run + 1 < runs ? run + 1 : 0;
        if (leaps) empty = 0;
        is_around = is_around or then <= run;
        run = then;
    }
}

}  // namespace detail

inline void append_ranges(const plan& of, std::size_t node, std::vector<range_on_worker>& into) {
    const detail::placement placed = detail::placed(of, node);
    detail::append_ranges(placed, into, [&](std::uint64_t slot) { return placed.run_at(slot); });
}

namespace detail {

/// Sums over the nodes of one layout, without going over its runs for each.
class layout_loads {
public:
    explicit layout_loads(const layout& line)
        : line_(line), runs_(line.boundaries.size() - 1), whole_(runs_ + 1), part_(runs_) {}

    void add(const placement& placed) {
        switch (line_.spaced) {
            case spacing::level: add_level(placed); return;
            case spacing::dense: add_dense(placed); return;
            case spacing::even: evens_[{placed.units, placed.grain}].push_back(placed.offset); return;
        }
    }

    /// Adds all to the workers.
    void settle(std::vector<std::uint64_t>& loads) {
        const std::vector<std::uint64_t> mine = by_run();
        for (std::size_t run = 0; run < runs_; ++run)
            loads[line_.owners.empty() ? run : line_.owners[run]] += mine[run];
    }

    /// The sums themselves. To be asked for once.
    std::vector<std::uint64_t> by_run() {
        for (auto& [size, offsets] : evens_) add_evens(std::get<0>(size), std::get<1>(size), offsets);
        std::uint64_t times = 0;  // how often a run is taken whole; it may pass through what is below 0
        for (std::size_t run = 0; run < runs_; ++run) {
            times += whole_[run];
            part_[run] += times * length(run);
        }
        return std::move(part_);
    }

private:
    std::uint64_t length(std::size_t run) const {
        return line_.spaced == spacing::level ? 1 : line_.boundaries[run + 1] - line_.boundaries[run];
    }
    void add_whole(std::size_t first, std::size_t last, std::uint64_t times) {
        whole_[first] += times;
        whole_[last] -= times;
    }
    /// `times` for each of the runs `first` up to `last`, around the end.
    void add_level(const placement& placed) {
        const std::uint64_t each = placed.units / runs_, more = placed.units % runs_;
        add_whole(0, runs_, each * placed.grain);
        const std::size_t end = placed.offset + more;
        add_whole(placed.offset, std::min(end, runs_), placed.grain);
        if (end > runs_) add_whole(0, end - runs_, placed.grain);
    }
    void add_dense(const placement& placed) {
        const std::uint64_t end = placed.offset + placed.units;
        const bool is_around = end > placed.slots;
        const std::size_t from = placed.run_of(0);
        const std::size_t to = placed.run_of(static_cast<std::uint32_t>(placed.units * placed.grain - 1));
        if (is_around) {
            add_whole(from, runs_, placed.grain);
            add_whole(0, to + 1, placed.grain);
        } else {
            add_whole(from, to + 1, placed.grain);
        }
        // Both wrap, and back when all is summed up.
        part_[from] -= (placed.offset - line_.boundaries[from]) * placed.grain;
        part_[to] -= (line_.boundaries[to + 1] - (is_around ? end - placed.slots : end)) * placed.grain;
    }
    void add_evens(std::uint64_t units, std::uint64_t grain, std::vector<std::uint64_t>& offsets) {
        std::ranges::sort(offsets);
        bool counts_up = offsets.size() * units == line_.boundaries.back();
        for (std::size_t i = 0; counts_up and i < offsets.size(); ++i) counts_up = offsets[i] == i;
        if (counts_up) return add_whole(0, runs_, grain);  // Hermite's identity
        const placed_node one{.parallelism = static_cast<std::uint32_t>(units)};
        for (const std::uint64_t offset : offsets) {
            placement placed(line_, one);
            placed.offset = offset;
            for (std::size_t run = 0; run < runs_; ++run)
                part_[run] += (placed.behind(run).size() + placed.around(run).size()) * grain;
        }
    }

    const layout& line_;
    std::size_t runs_;
    std::vector<std::uint64_t> whole_;
    std::vector<std::uint64_t> part_;
    std::map<std::tuple<std::uint64_t, std::uint64_t>, std::vector<std::uint64_t>> evens_{};
};

}  // namespace detail

inline std::vector<std::uint64_t> loads_of(const plan& of) {
    std::vector<std::uint64_t> loads(of.workers.size());
    std::vector<detail::layout_loads> by_layout;
    by_layout.reserve(of.layouts.size());
    for (const layout& each : of.layouts) by_layout.emplace_back(each);
    for (std::size_t node = 0; node < of.nodes.size(); ++node)
        by_layout[of.nodes[node].layout].add(detail::placed(of, node));
    for (detail::layout_loads& each : by_layout) each.settle(loads);
    return loads;
}

}  // namespace headgate::inline v1
