#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: whether a plan that was made by hand, or came by wire, is one (A1).

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace headgate::inline v1 {

/// The first rule that `what` breaks as a plan for `of`, by name; all is `invalid`. Any bytes of a plan are a question.
///
/// Rules: nodes are those of the program, in its order, with its parallelism, at most `most.nodes`; worker ids ascend,
/// at most `most.workers`, each of at most `most.slots`, with a machine of at most `most.id` bytes and a data address
/// of at most `most.address`; boundaries begin at 0 and do not descend; a run has an owner that exists; a node's layout
/// exists and has more slots than its offset (more runs, if it is level); its grain divides its parallelism; not more
/// layouts than nodes; runs of all layouts at most `most.materialised_subtasks`. And no worker gets more of a node than
/// it has slots, which is seen by layout, from what any of its nodes asks of each run and their largest grain: a dense
/// line has as many slots as units or more, and hands out at most a worker's slots / grain; an even one at most so many
/// units when every run's share of the largest node is rounded up; a level one when every run gets the most that it
/// gets of any node, whose offset tells which runs have one unit more.
/// From these rules follows A1: every subtask is on exactly one worker. O(nodes + workers + runs).
expected<applied> check(const plan& what, const program& of, const limits& most = {});

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline std::string name(worker_id id) { return "worker " + std::to_string(id.value); }

inline std::string above(std::uint64_t value, std::uint64_t limit) {
    return std::to_string(value) + " is above the limit of " + std::to_string(limit);
}

inline expected<applied> check_workers(const plan& what, const limits& most) {
    const auto& workers = what.workers;
    if (workers.size() > most.workers) return invalid("plan: workers " + above(workers.size(), most.workers));
    if (what.machines.size() != workers.size() or what.data_addresses.size() != workers.size())
        return invalid("plan: " + std::to_string(workers.size()) + " workers, but " +
                       std::to_string(what.machines.size()) + " machines and " +
                       std::to_string(what.data_addresses.size()) + " data addresses");
    for (std::size_t i = 0; i < workers.size(); ++i) {
        const auto who = [&] { return "plan: " + name(workers[i].id); };
        if (i > 0 and not(workers[i - 1].id < workers[i].id))
            return invalid(who() + " follows " + name(workers[i - 1].id) + "; ids must ascend");
        if (workers[i].slots > most.slots) return invalid(who() + ": slots " + above(workers[i].slots, most.slots));
        if (what.machines[i].size() > most.id)
            return invalid(who() + ": bytes of the machine's id " + above(what.machines[i].size(), most.id));
        if (what.data_addresses[i].size() > most.address)
            return invalid(who() + ": bytes of the data address " + above(what.data_addresses[i].size(), most.address));
    }
    return applied{};
}

/// The most that any node asks of a layout.
struct asked_of_layout {
    std::uint64_t units{};
    std::uint64_t grain = 1;
    std::vector<std::int32_t> more{};  ///< of a level line, by run: nodes with one unit more there, of the largest

    /// `node` may be put on `line`. The same line each time; `settle` when all are there.
    void add(const layout& line, const placed_node& node) {
        const std::uint64_t mine = node.parallelism / node.grain;
        if (line.spaced == spacing::level) {
            const std::size_t runs = line.boundaries.size() - 1;
            if (more.empty() or mine / runs > units / runs) more.assign(runs + 1, 0);
            if (mine / runs >= units / runs and mine % runs > 0) {
                const std::size_t end = node.offset + mine % runs;
                ++more[node.offset];
                --more[std::min(end, runs)];
                if (end > runs) {
                    ++more[0];
                    --more[end - runs];
                }
            }
        }
        units = std::max(units, mine);
        grain = std::max<std::uint64_t>(grain, node.grain);
    }
    void settle() { std::partial_sum(more.begin(), more.end(), more.begin()); }
};

/// Units of a node that the first `length` slots of `run` may get at most; of a level line, the run.
inline std::uint64_t most_units(const layout& line, const asked_of_layout& asked, std::size_t run,
                                std::uint64_t length) {
    switch (line.spaced) {
        case spacing::dense: return length;
        case spacing::even:
            return length == 0 ? 0 : (asked.units * length + line.boundaries.back() - 1) / line.boundaries.back();
        case spacing::level:
            return asked.units / (line.boundaries.size() - 1) + (not asked.more.empty() and asked.more[run] > 0);
    }
    return length;
}

inline std::size_t owner_of(const layout& line, std::size_t run) {
    return line.owners.empty() ? run : line.owners[run];
}

inline expected<applied> check_shape(const plan& what, std::size_t position) {
    const layout& line = what.layouts[position];
    const auto which = [&] { return "plan: layout " + std::to_string(position); };
    if (line.spaced != spacing::dense and line.spaced != spacing::even and line.spaced != spacing::level)
        return invalid(which() + ": no such spacing");
    if (line.boundaries.empty() or line.boundaries.front() != 0)
        return invalid(which() + " does not begin with slot 0");
    const std::size_t runs = line.boundaries.size() - 1;
    if (const std::size_t owners = line.owners.empty() ? what.workers.size() : line.owners.size(); owners != runs)
        return invalid(which() + ": " + std::to_string(runs) + " runs, but " + std::to_string(owners) + " owners");
    for (std::size_t run = 0; run < runs; ++run) {
        if (line.boundaries[run] > line.boundaries[run + 1])
            return invalid(which() + ": boundary " + std::to_string(run + 1) + " descends");
        if (const std::size_t owner = owner_of(line, run); owner >= what.workers.size())
            return invalid(which() + ": run " + std::to_string(run) + " is of worker number " + std::to_string(owner) +
                           ", which is not there");
    }
    return applied{};
}

/// Of a layout whose shape is right. `handed_out` is all 0, by worker, and is so again afterwards, so that it is
/// cleared at the cost of the runs.
inline expected<applied> check_handed_out(const plan& what, std::size_t position, const asked_of_layout& asked,
                                          std::vector<std::uint64_t>& handed_out) {
    const layout& line = what.layouts[position];
    const std::size_t runs = line.boundaries.size() - 1;
    for (std::size_t run = 0; run < runs; ++run) {
        const std::size_t owner = owner_of(line, run);
        handed_out[owner] += most_units(line, asked, run, line.boundaries[run + 1] - line.boundaries[run]);
        if (handed_out[owner] > what.workers[owner].slots / asked.grain)
            return invalid("plan: layout " + std::to_string(position) + " hands out more slots of " +
                           name(what.workers[owner].id) + " than its " + std::to_string(what.workers[owner].slots));
    }
    for (std::size_t run = 0; run < runs; ++run) handed_out[owner_of(line, run)] = 0;
    return applied{};
}

inline expected<applied> check_node(const plan& what, const placed_node& placed, const node& wanted) {
    const auto which = [&] { return "plan: " + name(placed.id); };
    if (placed.id != wanted.id) return invalid(which() + " stands where the program has " + name(wanted.id));
    if (placed.parallelism != wanted.parallelism)
        return invalid(which() + ": parallelism " + std::to_string(placed.parallelism) + ", the program's is " +
                       std::to_string(wanted.parallelism));
    if (wanted.parallelism == 0) return invalid(which() + ": parallelism 0");
    if (placed.grain == 0 or placed.parallelism % placed.grain != 0)
        return invalid(which() + ": grain " + std::to_string(placed.grain) + " does not divide parallelism " +
                       std::to_string(placed.parallelism));
    if (placed.layout >= what.layouts.size())
        return invalid(which() + ": there is no layout " + std::to_string(placed.layout));
    const layout& line = what.layouts[placed.layout];
    const bool is_level = line.spaced == spacing::level;
    const std::size_t places = is_level ? line.boundaries.size() - 1 : line.boundaries.back();
    const auto has = [&] { return ", its layout has " + std::to_string(places) + (is_level ? " runs" : " slots"); };
    if (line.spaced == spacing::dense and placed.parallelism / placed.grain > places)
        return invalid(which() + ": parallelism " + std::to_string(placed.parallelism) + has());
    if (placed.offset >= places) return invalid(which() + ": offset " + std::to_string(placed.offset) + has());
    return applied{};
}

}  // namespace detail

inline expected<applied> check(const plan& what, const program& of, const limits& most) {
    if (what.nodes.size() > most.nodes)
        return detail::invalid("plan: nodes " + detail::above(what.nodes.size(), most.nodes));
    if (what.nodes.size() != of.nodes.size())
        return detail::invalid("plan: " + std::to_string(what.nodes.size()) + " nodes, the program has " +
                               std::to_string(of.nodes.size()));
    if (what.layouts.size() > what.nodes.size())
        return detail::invalid("plan: " + std::to_string(what.layouts.size()) + " layouts for " +
                               std::to_string(what.nodes.size()) + " nodes");
    if (const auto ok = detail::check_workers(what, most); not ok) return ok;
    std::uint64_t runs = 0;
    for (const layout& line : what.layouts) runs += line.boundaries.size();
    if (runs > most.materialised_subtasks)
        return detail::invalid("plan: runs " + detail::above(runs, most.materialised_subtasks));
    for (std::size_t i = 0; i < what.layouts.size(); ++i)
        if (const auto ok = detail::check_shape(what, i); not ok) return ok;
    std::vector<detail::asked_of_layout> asked(what.layouts.size());
    for (std::size_t i = 0; i < what.nodes.size(); ++i) {
        const placed_node& placed = what.nodes[i];
        if (const auto ok = detail::check_node(what, placed, of.nodes[i]); not ok) return ok;
        asked[placed.layout].add(what.layouts[placed.layout], placed);
    }
    for (detail::asked_of_layout& each : asked) each.settle();
    std::vector<std::uint64_t> handed_out(what.workers.size());
    for (std::size_t i = 0; i < what.layouts.size(); ++i)
        if (const auto ok = detail::check_handed_out(what, i, asked[i], handed_out); not ok) return ok;
    return applied{};
}

}  // namespace headgate::inline v1
