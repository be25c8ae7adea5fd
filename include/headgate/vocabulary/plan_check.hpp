#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: whether a plan that was made by hand, or came by wire, is one (A1).

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace headgate::inline v1 {

/// The first rule that `what` breaks as a plan for `of`, by name; all is `invalid`. Any bytes of a plan are a question.
///
/// Rules: nodes are those of the program, in its order, with its parallelism, at most `most.nodes`; worker ids ascend,
/// at most `most.workers`, each of at most `most.slots`, with a machine of at most `most.id` bytes and a data address
/// of at most `most.address`; boundaries begin at 0 and do not descend; a run has an owner that exists; no layout hands
/// out more slots of a worker than it has; a node's layout exists, has as many slots as its parallelism or more, and
/// more than its offset; not more layouts than nodes; runs of all layouts at most `most.materialised_subtasks`. From
/// these rules follows A1: every subtask is in exactly one slot, every slot of exactly one worker. O(nodes + workers +
/// runs).
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

/// `handed_out` is all 0, by worker, and is so again afterwards, so that it is cleared at the cost of the runs.
inline expected<applied> check_layout(const plan& what, std::size_t position, std::vector<std::uint64_t>& handed_out) {
    const layout& line = what.layouts[position];
    const auto which = [&] { return "plan: layout " + std::to_string(position); };
    if (line.spaced != spacing::dense and line.spaced != spacing::even) return invalid(which() + ": no such spacing");
    if (line.boundaries.empty() or line.boundaries.front() != 0)
        return invalid(which() + " does not begin with slot 0");
    const std::size_t runs = line.boundaries.size() - 1;
    if (const std::size_t owners = line.owners.empty() ? what.workers.size() : line.owners.size(); owners != runs)
        return invalid(which() + ": " + std::to_string(runs) + " runs, but " + std::to_string(owners) + " owners");
    for (std::size_t run = 0; run < runs; ++run) {
        if (line.boundaries[run] > line.boundaries[run + 1])
            return invalid(which() + ": boundary " + std::to_string(run + 1) + " descends");
        const std::size_t owner = line.owners.empty() ? run : line.owners[run];
        if (owner >= what.workers.size())
            return invalid(which() + ": run " + std::to_string(run) + " is of worker number " + std::to_string(owner) +
                           ", which is not there");
        handed_out[owner] += line.boundaries[run + 1] - line.boundaries[run];
        if (handed_out[owner] > what.workers[owner].slots)
            return invalid(which() + " hands out more slots of " + name(what.workers[owner].id) + " than its " +
                           std::to_string(what.workers[owner].slots));
    }
    for (std::size_t run = 0; run < runs; ++run) handed_out[line.owners.empty() ? run : line.owners[run]] = 0;
    return applied{};
}

inline expected<applied> check_node(const plan& what, const placed_node& placed, const node& wanted) {
    const auto which = [&] { return "plan: " + name(placed.id); };
    if (placed.id != wanted.id) return invalid(which() + " stands where the program has " + name(wanted.id));
    if (placed.parallelism != wanted.parallelism)
        return invalid(which() + ": parallelism " + std::to_string(placed.parallelism) + ", the program's is " +
                       std::to_string(wanted.parallelism));
    if (placed.layout >= what.layouts.size())
        return invalid(which() + ": there is no layout " + std::to_string(placed.layout));
    const std::uint32_t slots = what.layouts[placed.layout].boundaries.back();
    if (placed.parallelism > slots)
        return invalid(which() + ": parallelism " + std::to_string(placed.parallelism) + ", its layout has " +
                       std::to_string(slots) + " slots");
    if (placed.offset >= slots)
        return invalid(which() + ": offset " + std::to_string(placed.offset) + ", its layout has " +
                       std::to_string(slots) + " slots");
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
    std::vector<std::uint64_t> handed_out(what.workers.size());
    for (std::size_t i = 0; i < what.layouts.size(); ++i)
        if (const auto ok = detail::check_layout(what, i, handed_out); not ok) return ok;
    for (std::size_t i = 0; i < what.nodes.size(); ++i) {
        const node& wanted = of.nodes[i];
        if (wanted.parallelism == 0) return detail::invalid("plan: " + detail::name(wanted.id) + ": parallelism 0");
        if (const auto ok = detail::check_node(what, what.nodes[i], wanted); not ok) return ok;
    }
    return applied{};
}

}  // namespace headgate::inline v1
