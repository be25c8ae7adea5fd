#include "show.hpp"

#include "inputs.hpp"

#include <headgate/assignment/moves.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace headgate::example {

namespace {

double percent(std::uint64_t part, std::uint64_t of) {
    return of == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(of);
}

/// What the policy is after: the plan does not tell.
std::string_view aim_of(std::string_view policy, std::string_view way) {
    using namespace std::string_view_literals;
    if (way == "fresh")
        return "a plan as if nothing had been before: nothing was, or it was in the way, or this moves less";
    for (const auto& [name, aim] : {
             std::pair("slot_filling"sv, "the slots of the workers are filled one after the other"sv),
             std::pair("largest_first"sv,
                       "the slots of the workers are filled one after the other, the largest workers first"sv),
             std::pair("balanced"sv, "every worker has its part of the load, rounded down or up"sv),
             std::pair("local"sv, "what exchanges most is on one worker, for as much load as the slack allows"sv),
             std::pair("sticky"sv, "what fits stays where it was, and the rest goes to whom it raises least"sv),
             std::pair("spread"sv, "every zone has its part of every node"sv),
         })
        if (policy.starts_with(name)) return aim;
    return "as its policy says";
}

/// What the policy looked at besides, of this node and worker.
std::string reason_of(const trial& what, const program& of, node_id node, std::uint32_t worker) {
    if (what.policy == "spread_penalty") {
        const auto is_on = [&](const trouble& each) { return each.machine.value == what.made->machines[worker]; };
        return fmt::format(
            "machines that had trouble keep slots back, as far as the job can do without: {} had it, this one {}\n",
            what.troubles.size(), std::ranges::any_of(what.troubles, is_on) ? "too" : "not");
    }
    if (what.policy == "local") {
        channel_counts sum;
        for (std::size_t i = 0; i < of.edges.size(); ++i)
            if (of.edges[i].from == node or of.edges[i].to == node) {
                sum.all += what.report->channels.by_edge[i].all;
                sum.across_workers += what.report->channels.by_edge[i].across_workers;
            }
        return fmt::format("{} of the node's {} channels leave a worker\n", sum.across_workers, sum.all);
    }
    return {};
}

/// How the plan says it.
std::string place_of(const detail::placement& placed, std::size_t run, subtask_range range) {
    const auto first = placed.line.boundaries[run], last = placed.line.boundaries[run + 1];
    switch (placed.line.spaced) {
        case spacing::dense:
            return fmt::format("the node takes slots one after the other from slot {} of {} on; this run has {} to {}",
                               placed.offset, placed.slots, first, last - 1);
        case spacing::even:
            return fmt::format(
                "this run has {} of {} parts of the node, which is {} here; nodes that are alike begin "
                "one part later each, so that their sum is exact",
                last - first, placed.slots, range.size());
        case spacing::level:
            return fmt::format("all {} runs have as many units of the node, or one more, in turn from number {} on",
                               placed.runs(), placed.offset + 1);
    }
    return {};
}

/// Where the first keys of `subtask` were.
std::string history(const plan& before, const plan& in, const placed_node& node, std::uint32_t subtask,
                    std::uint32_t worker) {
    const auto at = std::ranges::find(before.nodes, node.id, &placed_node::id);
    if (at == before.nodes.end()) return "the node was not there before";
    const auto then = static_cast<std::uint32_t>(std::uint64_t{subtask} * at->parallelism / node.parallelism);
    const std::uint32_t old = worker_of(before, static_cast<std::size_t>(at - before.nodes.begin()), then);
    const std::uint64_t number = number_of(before.workers[old].id);
    const std::string what = at->parallelism == node.parallelism
                                 ? "it"
                                 : fmt::format("the state of subtask {} of {}", then, at->parallelism);
    const std::uint32_t now = corresponding(before, in)[old];
    if (now == no_worker) return fmt::format("{} was on worker {}, which this plan does without", what, number);
    const bool is_renumbered = number != number_of(in.workers[now].id);
    if (now != worker)
        return fmt::format(
            "{} moved from worker {}{}", what, number,
            is_renumbered ? fmt::format(" of the plan before, which is {} now", in.workers[now].id.value) : "");
    return fmt::format("{} was on worker {}{} and stays", what, number,
                       is_renumbered ? " of the plan before, which is this one," : "");
}

nlohmann::ordered_json json_of(const channel_counts& c) {
    return {{"all", c.all},
            {"across_workers", c.across_workers},
            {"across_machines", c.across_machines},
            {"across_zones", c.across_zones}};
}

}  // namespace

std::string table_of(const std::vector<trial>& trials) {
    std::string text;
    for (const trial& one : trials) {
        if (not one.report) continue;
        const proven_bounds& bounds = one.report->bounds;
        text += fmt::format(
            "{} subtasks on {} workers, {:.4g} each on average. No plan has a largest load below {}, or "
            "below {:.4g} a slot.\n\n",
            one.report->subtasks, one.report->workers, one.report->by_worker.mean, bounds.largest,
            bounds.per_slot.value());
        break;
    }
    text += fmt::format("{:<16} {:>8} {:>7} {:>8} {:>7} {:>8} {:>8} {:>9} {:>9} {:>9} {:>10} {:>10} {:>7} {:>9}\n",
                        "POLICY", "LARGEST", "/BOUND", "PER-SLOT", "/BOUND", "SMALLEST", "USED", "X-WORKER",
                        "X-MACHINE", "X-ZONE", "MOVED", "LEAST", "/LEAST", "TIME");
    for (const trial& one : trials) {
        if (not one.report) {
            text += fmt::format("{:<16} {}\n", one.policy, describe(one.made.error()));
            continue;
        }
        const assignment_report& r = *one.report;
        const channel_counts& c = r.channels.total;
        text += fmt::format(
            "{:<16} {:>8.0f} {:>7.2f} {:>8.3f} {:>7.2f} {:>8.0f} {:>8} {:>7.1f} % {:>7.1f} % {:>7.1f} % {:>10} {:>10} "
            "{:>7} {:>6.0f} us",
            one.policy, r.by_worker.largest, r.gap(), r.by_slot.largest, r.gap_per_slot(), r.by_worker.smallest,
            r.workers_used, percent(c.across_workers, c.all), percent(c.across_machines, c.all),
            percent(c.across_zones, c.all), r.moves.subtasks,
            one.least_moved ? fmt::format("{:.0f}", *one.least_moved) : "-",
            one.gap_of_moves() ? fmt::format("{:.2f}", *one.gap_of_moves()) : "-", one.microseconds);
        if (not one.way.empty()) text += "  " + one.way;
        text += '\n';
    }
    return text;
}

std::string json_of(const std::vector<trial>& trials, const program& of) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const trial& one : trials) {
        nlohmann::ordered_json entry{{"policy", one.policy}};
        if (not one.report) {
            entry["error"] = describe(one.made.error());
            all.push_back(std::move(entry));
            continue;
        }
        const assignment_report& r = *one.report;
        const auto spread_of = [](const load_spread& s) {
            return nlohmann::ordered_json{{"largest", s.largest}, {"mean", s.mean}, {"smallest", s.smallest}};
        };
        entry["microseconds"] = one.microseconds;
        entry["subtasks"] = r.subtasks;
        entry["workers"] = r.workers;
        entry["workers_used"] = r.workers_used;
        entry["load"] = spread_of(r.by_worker);
        entry["load_per_slot"] = spread_of(r.by_slot);
        entry["bound"] = r.bounds.largest;
        entry["bound_per_slot"] = r.bounds.per_slot.value();
        entry["gap"] = r.gap();
        entry["gap_per_slot"] = r.gap_per_slot();
        entry["channels"] = json_of(r.channels.total);
        auto& by_edge = entry["channels"]["by_edge"] = nlohmann::ordered_json::array();
        for (std::size_t i = 0; i < r.channels.by_edge.size(); ++i) {
            nlohmann::ordered_json edge{{"from", of.edges[i].from.value}, {"to", of.edges[i].to.value}};
            edge.update(json_of(r.channels.by_edge[i]));
            by_edge.push_back(std::move(edge));
        }
        entry["moved"] = {{"subtasks", r.moves.subtasks}, {"bytes", r.moves.bytes}};
        if (one.least_moved) entry["moved"]["least"] = *one.least_moved;
        if (one.gap_of_moves()) entry["moved"]["gap"] = *one.gap_of_moves();
        if (not one.way.empty()) entry["way"] = one.way;
        all.push_back(std::move(entry));
    }
    return all.dump(2) + "\n";
}

expected<std::string> explanation_of(const trial& what, const program& of, std::uint32_t node, std::uint32_t subtask) {
    if (not what.made) return tl::unexpected(what.made.error());
    const plan& in = *what.made;
    const auto at = std::ranges::find(in.nodes, node_id{node}, &placed_node::id);
    if (at == in.nodes.end()) return failure(error_kind::invalid, fmt::format("there is no node {}", node));
    if (subtask >= at->parallelism)
        return failure(error_kind::invalid,
                       fmt::format("node {} has subtasks 0 to {}, not {}", node, at->parallelism - 1, subtask));
    const auto position = static_cast<std::size_t>(at - in.nodes.begin());
    const detail::placement placed = detail::placed(in, position);
    const std::size_t run = placed.run_of(subtask);
    const std::uint32_t worker = placed.owner(run);
    const subtask_range low = placed.behind(run);
    const subtask_range range = low.first <= subtask and subtask < low.last ? low : placed.around(run);
    std::string text =
        fmt::format("{}: node {}, subtask {}: worker {} on {}, with subtasks {} to {} of the node\n", what.policy, node,
                    subtask, in.workers[worker].id.value, in.machines[worker], range.first, range.last - 1);
    text += fmt::format("    {}\n    {}\n", aim_of(what.policy, what.way), place_of(placed, run, range));
    if (const std::string reason = reason_of(what, of, at->id, worker); not reason.empty()) text += "    " + reason;
    if (what.before) text += "    " + history(*what.before, in, *at, subtask, worker) + "\n";
    if (at->grain > 1)
        text += fmt::format("    subtasks go in units of {}, which forward edges join with those of other nodes\n",
                            at->grain);
    text += fmt::format(
        "    the worker has {} subtasks in all on {} slots; the largest load is {:.0f}, no plan has one below {}\n",
        load(in, worker), in.workers[worker].slots, what.report->by_worker.largest, what.report->bounds.largest);
    return text;
}

}  // namespace headgate::example
