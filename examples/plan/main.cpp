// headgate-plan: where the subtasks of a program would go, by each policy, and how good that is.
#include "../common/add_text.hpp"
#include "../common/chosen_assignment.hpp"
#include "inputs.hpp"
#include "picture.hpp"
#include "show.hpp"
#include "trial.hpp"

#include <headgate/conformance/assignment/graphs.hpp>
#include <headgate/protobuf/codec.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::example;

struct options {
    std::string file{}, graph{}, workers{}, policy = "all", previous{}, save{}, output = "table", picture{}, explain{},
                                            what_if{};
};

enum exit_code : int { done = 0, no_plan = 1, usage = 2 };

int fail(exit_code code, const error& why) {
    std::fprintf(stderr, "headgate-plan: %s\n", one_line(describe(why)).c_str());
    return code;
}

/// The workers that are left; empty if nothing was to be lost.
expected<std::vector<offer>> after_loss(const std::string& what_if, std::vector<offer> offers) {
    if (what_if.empty()) return std::vector<offer>{};
    const auto lost = losses_from(what_if);
    if (not lost) return tl::unexpected(lost.error());
    std::set<std::uint64_t> named;
    for (const std::uint64_t id : *lost)
        if (not named.insert(id).second)
            return failure(error_kind::invalid, fmt::format("--what-if {}: worker {} is named twice", what_if, id));
        else if (std::erase_if(offers, [&](const offer& each) { return each.id.value == id; }) == 0)
            return failure(error_kind::invalid, fmt::format("--what-if {}: there is no worker {}", what_if, id));
    if (offers.empty()) return failure(error_kind::invalid, "--what-if " + what_if + ": no worker is left");
    return offers;
}

/// Other parallelisms are a rescale; other nodes are another program, against which nothing could be said to move.
expected<applied> check_nodes(const plan& previous, const program& of, const std::string& path) {
    const auto refused = [&](node_id node, const char* why) {
        return failure(error_kind::invalid,
                       fmt::format("--previous {}: a plan of another program: node {} is {}", path, node.value, why));
    };
    std::set<std::uint32_t> left;
    for (const placed_node& each : previous.nodes) left.insert(each.id.value);
    for (const node& each : of.nodes)
        if (left.erase(each.id.value) == 0) return refused(each.id, "only in the program");
    if (not left.empty()) return refused({*left.begin()}, "only in the plan");
    return applied{};
}

expected<applied> write(const std::string& path, const std::string& text) {
    std::ofstream to(path, std::ios::binary);
    to << text;
    to.flush();
    if (not to) return failure(error_kind::invalid, path + ": cannot be written");
    return applied{};
}

/// Of all workers, lost ones too: they were there.
expected<applied> save(const std::string& path, const plan& made, std::span<const offer> offers) {
    const auto whole = with_all(made, offers);
    if (not whole) return tl::unexpected(whole.error());
    return write(path, protobuf::encode(*whole));
}

int run(const options& o) {
    const auto of = program_from(o.file, o.graph);
    if (not of) return fail(usage, of.error());
    const auto offers = workers_from(o.workers);
    if (not offers) return fail(usage, offers.error());
    const auto left = after_loss(o.what_if, *offers);
    if (not left) return fail(usage, left.error());
    past before;
    std::optional<plan> previous;
    if (not o.previous.empty()) {
        auto read = plan_from(o.previous);
        if (not read) return fail(usage, read.error());
        previous = *std::move(read);
        before.previous = &*previous;
        if (const auto ok = check(before); not ok) return fail(usage, ok.error());
        if (const auto ok = check_nodes(*previous, *of, o.previous); not ok) return fail(usage, ok.error());
    }
    const std::vector<trial> trials = try_policies(o.policy, *of, *offers, before, *left);

    if (not o.save.empty()) {
        if (trials.size() != 1) return fail(usage, {.kind = error_kind::invalid, .text = "--save needs one --policy"});
        if (trials[0].made)
            if (const auto ok = save(o.save, *trials[0].made, *offers); not ok) return fail(usage, ok.error());
    }
    const auto has_plan = [](const trial& one) { return one.made.has_value(); };
    if (not o.picture.empty() and std::ranges::any_of(trials, has_plan))
        if (const auto ok = write(o.picture, picture_of(trials, *of, left->empty() ? *offers : *left)); not ok)
            return fail(usage, ok.error());
    if (not o.explain.empty()) {
        const auto asked = subtask_from(o.explain);
        if (not asked) return fail(usage, asked.error());
        for (const trial& one : trials) {
            const auto text = explanation_of(one, *of, asked->first, asked->second);
            if (not text) return fail(one.made ? usage : no_plan, text.error());
            std::fputs(text->c_str(), stdout);
        }
    } else {
        std::fputs((o.output == "json" ? json_of(trials, *of) : table_of(trials)).c_str(), stdout);
    }
    return std::ranges::all_of(trials, has_plan) ? done : no_plan;
}

int answer(int count, char** arguments) {
    CLI::App app{"Where the subtasks of a program would go, by each policy, and how good that is.", "headgate-plan"};
    options o;
    std::string names = "all";
    for (const std::string& each : assignment_names()) names.append(", ").append(each);
    std::string graphs_there;
    for (const std::string_view each : graphs::names)
        graphs_there.append(graphs_there.empty() ? "" : ", ").append(each);
    auto* const file = add_text(app, "PROGRAM", o.file, "a program file");
    add_text(app, "--graph", o.graph,
             "NAME:SIZE in its place, of about so many subtasks, or as many as fit where no node has more than 2^20; " +
                 graphs_there)
        ->excludes(file);
    add_text(app, "-w,--workers", o.workers,
             "16x4, or 8x16@rack1,8x8@rack2; all else is a file with one of these a line, as ./16x4 would be")
        ->required();
    add_text(app, "-p,--policy", o.policy, names + "; default all")->check([](const std::string& name) {
        const auto known = assignment_names();
        return name == "all" or std::ranges::find(known, name) != known.end() ? std::string()
                                                                              : "there is no policy " + name;
    });
    add_text(app, "--previous", o.previous,
             "a plan that was saved: what moves against it; a worker is the one that was the how-manyth on the same "
             "machine, whatever its number");
    add_text(app, "--save", o.save, "file for the plan of the one policy, to be a --previous");
    add_text(app, "-o,--output", o.output, "table (default) or json")->check(CLI::IsMember({"table", "json"}));
    add_text(app, "--picture", o.picture, "file for an SVG: loads of workers by node, a panel a policy with a plan");
    add_text(app, "--explain", o.explain, "NODE/SUBTASK: why it is where it is; text only");
    add_text(app, "--what-if", o.what_if, "lose=3,7: plan, lose these workers, plan again; what moves");
    app.footer(
        "X-WORKER, X-MACHINE, X-ZONE: channels that cross, of all. MOVED: subtasks against the plan before, each one\n"
        "byte; LEAST: the bytes that any plan must move whose loads are as even as sticky's, where a flow has\n"
        "proven it, and how far above that this one is.\n"
        "Files have 256 MiB at most.\n"
        "Workers are numbered from 1; of each zone the first four are on its machine 0, the next four on machine 1.\n"
        "Exit codes: 0 every policy has a plan, 1 one has none, 2 usage or a file.");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? done : usage;
    }
    if (o.file.empty() and o.graph.empty())
        return fail(usage, {.kind = error_kind::invalid, .text = "a program file or --graph is needed"});
    if (not o.explain.empty() and o.output == "json")
        return fail(usage, {.kind = error_kind::invalid, .text = "--explain has no json"});
    try {
        return run(o);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "headgate-plan: %s\n", problem.what());
        return usage;
    }
}

}  // namespace

int main(int count, char** arguments) {
    const int status = answer(count, arguments);
    if (std::fflush(stdout) != 0 or std::ferror(stdout) != 0)
        return fail(usage, {.kind = error_kind::invalid, .text = "standard output cannot be written"});
    return status;
}
