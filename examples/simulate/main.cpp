// headgate-simulate: the machine that runs in production, in a world of faults.
#include "explore.hpp"

#include "../common/add_text.hpp"
#include "../common/chosen_assignment.hpp"

#include <headgate/simulation/campaign.hpp>
#include <headgate/simulation/matrix.hpp>
#include <headgate/simulation/scenario.hpp>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::simulation;
using example::add_text;
using example::is_said;
using wall = std::chrono::steady_clock;
using explore::policies_type;

constexpr int violated = 1, usage = 2, short_of = 3;

struct flags {
    std::optional<std::uint64_t> seed;
    std::string seeds, faults = "all", replay, through, explore, assignment{example::assignments.front().name};
    std::vector<std::string> scenarios;
    double minutes = 0;
    std::uint64_t states = explore::wishes{}.states;
    std::uint32_t jobs = 1, matrix = 0;
    bool rewrite = false, unpruned = false, trace = false, quiet = false, no_progress = false;
};

policies_type policies_of(const flags& chosen) { return with_jitter(example::assignment_of(chosen.assignment)); }

[[noreturn]] void wrong(const std::string& why) {
    std::fflush(stdout);
    std::fprintf(stderr, "headgate-simulate: %s\n", why.c_str());
    std::exit(usage);
}

/// Digits alone; of a double a point too.
template <class Number>
bool is_number(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} and end == text.data() + text.size();
}

/// An option that is a number of this range; `wanted` says which.
template <class Number, class Into>
CLI::Option* add_number(CLI::App& to, std::string name, Into& into, Number least, Number most, std::string wanted,
                        const std::string& help) {
    const auto take = [=, &into](const std::string& text) {
        Number read{};
        if (not is_number(text, read) or not(read >= least and read <= most))
            wrong(name + " wants " + wanted + ", not \"" + text + "\"");
        into = read;
    };
    return to.add_option_function<std::string>(name, take, help)->type_name("N");
}

double since(wall::time_point start) { return std::chrono::duration<double>(wall::now() - start).count(); }

fault_set faults_of(const std::string& list) {
    if (list == "all") return fault_set{}.set();
    fault_set chosen;
    if (list == "none") return chosen;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t comma = std::min(list.find(',', at), list.size());
        const auto one = fault_of(std::string_view(list).substr(at, comma - at));
        if (not one) {
            std::string all = "no such fault: \"" + list.substr(at, comma - at) + "\"; there are all, none";
            for (std::size_t i = 0; i < faults; ++i) all += ", " + std::string(simulation::name_of(static_cast<fault>(i)));
            wrong(all);
        }
        chosen.set(static_cast<std::size_t>(*one));
        at = comma + 1;
    }
    return chosen;
}

std::pair<std::uint64_t, std::uint64_t> range_of(const std::string& text) {
    const std::size_t dots = text.find("..");
    std::uint64_t first = 0, last = 0;
    const bool is_read = dots != std::string::npos and is_number(std::string_view(text).substr(0, dots), first) and
                         is_number(std::string_view(text).substr(dots + 2), last);
    if (not is_read or last <= first) wrong("--seeds wants A..B, two numbers with A < B, not \"" + text + "\"");
    return {first, last};
}

void print_trace(const std::vector<trace::line>& lines, std::size_t last) {
    for (const std::string& line : sequence_chart(lines, last)) std::printf("%s\n", line.c_str());
}

int tell(const violation& one, const std::string& where = {}) {
    std::printf("VIOLATION%s: %s\n    %s\n", where.c_str(), std::string(sentence_of(one.which)).c_str(),
                one.what.c_str());
    return violated;
}

/// One run, told whole.
int show(const lifecycle_result& run, const flags& chosen) {
    if (chosen.trace) print_trace(run.lines, run.lines.size());
    if (run.broken) return tell(*run.broken);
    if (not chosen.quiet)
        std::printf("no violation: %llu events, %lld s of virtual time, %u faults, trace %016llx\n",
                    static_cast<unsigned long long>(run.events), static_cast<long long>(run.lasted.count() / 1'000),
                    run.injected, static_cast<unsigned long long>(run.digest));
    return 0;
}

int report(const lifecycle_result& found, std::uint64_t seed, const lifecycle_settings& settings, const flags& chosen) {
    std::printf("\n");
    tell(*found.broken, " with seed " + std::to_string(seed));
    std::printf("shrinking ...\n");
    const std::string with = (chosen.faults == "all" ? "" : " --faults " + chosen.faults) +
                             (chosen.jobs == 1 ? "" : " --jobs " + std::to_string(chosen.jobs)) +
                             example::flag_of(chosen.assignment);
    const lifecycle_result least = shrink(found, settings, policies_of(chosen));
    if (least.broken) {
        print_trace(least.lines, 60);
        tell(*least.broken, " when shrunk");
        const auto count = std::ranges::count_if(least.decisions, [](auto one) { return one != 0; });
        std::printf(
            "%s%td decisions, of %zu. To see it again:\n    headgate-simulate --trace%s --replay %s\n"
            "or as it was found:\n",
            count == 0 ? "It takes no fault at all: " : "", count, found.decisions.size(), with.c_str(),
            print(least.decisions).c_str());
    } else {
        std::printf("Its decisions alone break nothing. As it was found:\n");
    }
    // Whether a run does the same twice is looked at in campaigns.
    if (found.broken->which == invariant::deterministic)
        std::printf("    headgate-simulate%s --seeds %llu..%llu\n", with.c_str(), static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(seed) + 1);
    else
        std::printf("    headgate-simulate --trace%s --seed %llu\n", with.c_str(),
                    static_cast<unsigned long long>(seed));
    return violated;
}

/// Decisions as a violation printed them.
std::vector<std::uint32_t> decisions_of(const std::string& text) {
    const auto read = parse_decisions(text);
    if (not read) wrong(read.error().text);
    return *read;
}

int run_replay(const lifecycle_settings& settings, const flags& chosen) {
    const std::vector<std::uint32_t> taken = decisions_of(chosen.replay);
    const lifecycle_result run = live(decisions(taken), settings, policies_of(chosen));
    if (not run.broken and taken.size() > run.asked)
        wrong("--replay has position " + std::to_string(taken.size() - 1) + ", and the run asks for " +
              std::to_string(run.asked) +
              " decisions: they are of other --jobs, --faults or --assignment, or of another program");
    return show(run, chosen);
}

/// `violations`: of a campaign, which ends with the first, 0 or 1.
void progress(const campaign& so_far, int violations, double share, wall::time_point start, const flags& chosen,
              bool is_last) {
    if (chosen.quiet or chosen.no_progress or not isatty(STDERR_FILENO)) return;
    constexpr int width = 30;
    const int full = static_cast<int>(share * width);
    std::size_t reached = 0;
    for (std::size_t i = 0; i < probe_count; ++i) reached += so_far.reached[static_cast<probe>(i)] > 0 ? 1u : 0u;
    std::fprintf(stderr,
                 "\r[%s%s] %llu runs, %.0f a second, %.1f M events a second, %.0f h simulated, %d violation%s, %zu of "
                 "%zu probes%s",
                 std::string(static_cast<std::size_t>(full), '#').c_str(),
                 std::string(static_cast<std::size_t>(width - full), ' ').c_str(),
                 static_cast<unsigned long long>(so_far.runs), static_cast<double>(so_far.runs) / since(start),
                 static_cast<double>(so_far.events) / since(start) / 1e6,
                 static_cast<double>(so_far.lasted.count()) / 3.6e6, violations, violations == 1 ? "" : "s", reached,
                 probe_count, is_last ? "\n" : "");
}

int run_campaign(std::uint64_t first, std::uint64_t last, const lifecycle_settings& settings, const flags& chosen) {
    campaign all;
    const auto start = wall::now();
    const double seconds = chosen.minutes * 60;
    const auto share = [&](std::uint64_t seed) {
        if (seconds > 0) return std::min(1.0, since(start) / seconds);
        return last == first ? 1.0 : static_cast<double>(seed - first) / static_cast<double>(last - first);
    };
    for (std::uint64_t seed = first; seconds > 0 ? since(start) < seconds : seed < last; ++seed) {
        if (const auto found = all.run(seed, settings, policies_of(chosen))) {
            progress(all, 1, share(seed), start, chosen, false);
            return report(*found, seed, settings, chosen);
        }
        if (all.runs % 256 == 0) progress(all, 0, share(seed), start, chosen, false);
    }
    progress(all, 0, 1, start, chosen, true);
    const bool is_judged = all.runs >= 1'000'000 and chosen.faults == "all";
    const auto missing = is_judged ? all.shortcomings() : std::vector<std::string>{};
    for (const std::string& one : missing) std::printf("TOO LITTLE: %s\n", one.c_str());
    const int status = missing.empty() ? 0 : short_of;
    if (chosen.quiet) return status;
    std::printf("no violation in %llu runs from seed %llu: %.1f s, %llu events (%.2f M a second), %.0f h of virtual time, "
                "%llu faults; %llu runs done twice; %llu of %llu jobs that were to run did so; traces %016llx\n",
                static_cast<unsigned long long>(all.runs), static_cast<unsigned long long>(first), since(start),
                static_cast<unsigned long long>(all.events), static_cast<double>(all.events) / since(start) / 1e6,
                static_cast<double>(all.lasted.count()) / 3.6e6, static_cast<unsigned long long>(all.faults),
                static_cast<unsigned long long>(all.repeated), static_cast<unsigned long long>(all.running),
                static_cast<unsigned long long>(all.wished), static_cast<unsigned long long>(all.digest));
    for (std::size_t i = 0; i < probe_count; ++i)
        std::printf("    %-55s %llu\n", std::string(text_of(static_cast<probe>(i))).c_str(),
                    static_cast<unsigned long long>(all.reached[static_cast<probe>(i)]));
    return status;
}

constexpr std::string_view then = "; then ";

std::string text_of(const std::vector<planned_fault>& through) {
    std::string text;
    for (const planned_fault& one : through) text.append(text.empty() ? "" : then).append(simulation::text_of(one));
    return text;
}

std::vector<planned_fault> list_of(std::string_view text) {
    std::vector<planned_fault> through;
    for (bool is_last = false; not is_last;) {
        const std::string_view name = text.substr(0, text.find(then));
        is_last = name.size() == text.size();
        const auto one = fault_named(name);
        if (not one)
            wrong("--through wants \"EFFECT: OUTCOME\" as a violation names it, or several with \"; then \" between: " +
                  one.error().text);
        through.push_back(*one);
        text.remove_prefix(std::min(text.size(), name.size() + then.size()));
    }
    return through;
}

int show(const matrix_result& run, const std::vector<planned_fault>& through, const flags& chosen) {
    if (chosen.trace or run.broken) print_trace(run.lines, chosen.trace ? run.lines.size() : 60);
    if (run.broken) return tell(*run.broken, " through " + text_of(through));
    if (not chosen.quiet)
        std::printf("no violation through %s: %u struck, it ends as %s\n", text_of(through).c_str(), run.struck,
                    std::string(headgate::text_of(run.end)).c_str());
    return 0;
}

int run_list(const flags& chosen) {
    const std::vector<planned_fault> through = list_of(chosen.through);
    return show(run_attempt(through, true, policies_of(chosen)), through, chosen);
}

int run_matrix(const flags& chosen) {
    std::size_t all = 1;
    for (std::uint32_t i = 0; i < chosen.matrix; ++i) all *= single_faults;
    const auto start = wall::now();
    std::uint64_t struck = 0, events = 0, failed = 0;
    for (std::size_t number = 0; number < all; ++number) {
        std::vector<planned_fault> through;
        for (std::size_t rest = number, i = 0; i < chosen.matrix; ++i, rest /= single_faults)
            through.push_back(fault_number(rest % single_faults));
        const matrix_result one = run_attempt(through, false, policies_of(chosen));
        struck += one.struck == through.size() ? 1u : 0u;
        events += one.events;
        failed += one.end == state_name::failed ? 1u : 0u;
        if (one.broken) {
            show(run_attempt(through, true, policies_of(chosen)), through, chosen);
            std::printf("To see it again:\n    headgate-simulate --trace%s --through \"%s\"\n",
                        example::flag_of(chosen.assignment).c_str(), text_of(through).c_str());
            return violated;
        }
        if (number % 256 == 0 and not chosen.quiet and not chosen.no_progress and isatty(STDERR_FILENO))
            std::fprintf(stderr, "\r%zu of %zu", number, all);
    }
    if (chosen.quiet) return 0;
    std::printf(
        "no violation through %zu lists of %u faults (%zu effects of %zu outcomes): in %llu of them every fault "
        "struck%s; %llu ended as failed for a permanent error; %.1f s, %llu events\n",
        all, chosen.matrix, effects_of_an_attempt, outcomes_of_an_effect, static_cast<unsigned long long>(struck),
        struck < all ? " (in the others the effect of a later one comes before, or is led round)" : "",
        static_cast<unsigned long long>(failed), since(start), static_cast<unsigned long long>(events));
    return 0;
}

int run_scenario(const std::string& name, const flags& chosen) {
    const auto fail = [&](const std::string& why) { wrong(name + ": " + why); };
    std::error_code ignored;
    if (std::filesystem::exists(name, ignored) and not std::filesystem::is_regular_file(name, ignored))
        fail(std::filesystem::is_directory(name, ignored) ? "it is a directory" : "it is no file");
    std::ifstream file(name);
    if (not file) fail("it cannot be read");
    const scenario read = parse_scenario(std::string{std::istreambuf_iterator<char>(file), {}});
    const auto told = play(read, policies_of(chosen));
    if (not told) fail(told.error().text);
    const bool is_unsaid = not told->unsaid.empty();
    if (chosen.trace or told->broken or (is_unsaid and not chosen.quiet))
        for (const std::string& line : told->lines) std::printf("%s\n", line.c_str());
    if (told->broken) return tell(*told->broken);
    if (is_unsaid) fail("expect " + told->unsaid + ": no line says so, or not in this order");
    const auto say = [&](const char* what) {
        if (not chosen.quiet) std::printf("%s: %s, %zu lines\n", name.c_str(), what, told->lines.size());
    };
    if (chosen.rewrite) {
        std::ofstream out(name);
        for (const std::string& line : read.commands) out << line << '\n';
        out << "----\n";
        for (const std::string& line : told->lines) out << line << '\n';
        if (not out.flush()) fail("it cannot be written");
        say("written");
        return 0;
    }
    if (not read.has_trace and told->expectations == 0)
        fail(
            "commands \"expect\", or a line \"----\" after the commands, are needed; --rewrite adds it, and the trace");
    if (not read.has_trace or told->lines == read.expected) {
        say("as expected");
        return 0;
    }
    const auto [seen, wanted] = std::ranges::mismatch(told->lines, read.expected);
    std::printf("%s: line %td after ---- is\n    %s\nand should be\n    %s\n", name.c_str(),
                seen - told->lines.begin() + 1, seen == told->lines.end() ? "(the end)" : seen->c_str(),
                wanted == read.expected.end() ? "(the end)" : wanted->c_str());
    return violated;
}

int run_exploration(const flags& chosen) {
    if (not explored_world_of(chosen.explore)) wrong(explore::unknown(chosen.explore));
    if (example::minds_trouble(example::assignment_of(chosen.assignment)))
        wrong("--explore takes states for one that differ in where workers failed, and " + chosen.assignment +
              " minds that; --seeds runs it");
    explore::wishes wished{.world = chosen.explore,
                           .assignment = chosen.assignment,
                           .states = chosen.states,
                           .prunes = not chosen.unpruned,
                           .trace = chosen.trace,
                           .quiet = chosen.quiet,
                           .no_progress = chosen.no_progress};
    if (chosen.minutes > 0) wished.minutes = chosen.minutes;
    return chosen.replay.empty() ? explore::run(wished) : explore::replay(wished, decisions_of(chosen.replay));
}

int run(const flags& chosen, const CLI::App& app) {
    if (not chosen.through.empty()) return run_list(chosen);
    if (chosen.matrix > 0) return run_matrix(chosen);
    if (not chosen.scenarios.empty()) {
        int status = 0;
        for (const std::string& name : chosen.scenarios) status = std::max(status, run_scenario(name, chosen));
        return status;
    }
    if (not chosen.explore.empty()) return run_exploration(chosen);

    lifecycle_settings settings{.allowed = faults_of(chosen.faults), .jobs = chosen.jobs, .keeps_lines = chosen.trace};
    if (not chosen.replay.empty()) return run_replay(settings, chosen);
    if (chosen.seed) {
        const lifecycle_result run = live(decisions(*chosen.seed), settings, policies_of(chosen));
        return run.broken and not chosen.trace ? report(run, *chosen.seed, settings, chosen) : show(run, chosen);
    }
    settings.keeps_lines = false;
    std::uint64_t first = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()),
                  last = first;
    if (not chosen.seeds.empty()) std::tie(first, last) = range_of(chosen.seeds);
    if (chosen.seeds.empty() and chosen.minutes == 0) {
        std::fputs(app.help().c_str(), stdout);
        return usage;
    }
    return run_campaign(first, last, settings, chosen);
}

}  // namespace

int main(int count, char** arguments) {
    flags chosen;
    CLI::App app{"Runs headgate's controllers and workers, the templates of production, in a world of faults and virtual "
                 "time, and checks invariants after every event.",
                 "headgate-simulate"};
    app.footer(
        "Exit status: 0 no violation, 1 an invariant was violated or a scenario's trace is another one, 2 wrong "
        "usage or a scenario without a line that it expects, 3 a campaign of a million runs or more that reached "
        "too little.");
    CLI::Option_group& runs = *app.add_option_group("What is run");
    runs.require_option(0, 1);
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    CLI::Option* const seed =
        add_number(runs, "--seed", chosen.seed, std::uint64_t{0}, most, "a number", "One run of this seed");
    CLI::Option* const seeds = add_text(runs, "--seeds", chosen.seeds, "Runs of the seeds A..B, B excluded");
    CLI::Option* const scenario =
        runs.add_option("--scenario", chosen.scenarios,
                        "Plays files of commands and compares each trace with what stands there")
            ->check(is_said);
    CLI::Option* const matrix =
        add_number(runs, "--matrix", chosen.matrix, 1u, 3u, "1 to 3",
                   "Every outcome of every effect of an attempt: 1 alone, 2 in pairs, 3 in triples");
    CLI::Option* const through = add_text(
        runs, "--through", chosen.through,
        "One list of the matrix alone, as a violation names it: \"dial: crash before; then dial: transient error\"");
    CLI::Option* const explored =
        add_text(runs, "--explore", chosen.explore,
                 "A small world in every order in which what is on its way may arrive, breadth first, for --minutes "
                 "(30) or --states; no timeout passes meanwhile, and there are no checkpoints:" +
                     explore::list());
    CLI::Option* const replay =
        add_text(app, "--replay", chosen.replay, "One run of decisions, or of --explore, as a violation printed them");
    replay->excludes(seed, seeds, scenario, matrix, through);
    add_number(app, "--minutes", chosen.minutes, 0.001, 100'000.0, "0.001 to 100000",
               "Runs from seed A of --seeds, or from a seed of now, for so long")
        ->excludes(seed, scenario, matrix, through, replay);
    add_number(app, "--jobs", chosen.jobs, 1u, 16u, "1 to 16", "Jobs in each world; some have one or two more")
        ->excludes(scenario, matrix, through, explored);
    add_text(app, "--faults", chosen.faults, "all, none, or a list of faults with commas")
        ->excludes(scenario, matrix, through, explored);
    app.add_flag("--rewrite", chosen.rewrite, "With --scenario: writes the trace into the file instead")
        ->needs(scenario);
    add_number(app, "--states", chosen.states, std::uint64_t{1}, most, "a number from 1 on",
               "With --explore: goes on to no more states than this")
        ->needs(explored)
        ->excludes(replay);
    app.add_flag("--unpruned", chosen.unpruned,
                 "With --explore: goes on by answers that nobody waits for like by all else, to see what they change")
        ->needs(explored)
        ->excludes(replay);
    app.add_option("--assignment", chosen.assignment, "The assignment policy; " + chosen.assignment + " without it")
        ->check(CLI::IsMember(example::assignment_names()));
    app.add_flag("--trace", chosen.trace,
                 "Of one run: prints what everyone did and why, as a sequence chart; of a scenario its trace")
        ->excludes(seeds, matrix);
    app.add_flag("--quiet", chosen.quiet, "Prints violations alone");
    app.add_flag("--no-progress", chosen.no_progress, "Without a progress bar");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : usage;
    }
    const int status = run(chosen, app);
    if (std::fflush(stdout) != 0 or std::ferror(stdout) != 0) wrong("standard output cannot be written");
    return status;
}
