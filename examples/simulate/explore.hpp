#pragma once
// headgate-simulate --explore: a small world in every order in which what is on its way may arrive.
#include "../common/chosen_assignment.hpp"

#include <headgate/simulation/describe.hpp>
#include <headgate/simulation/explored_worlds.hpp>
#include <headgate/simulation/shrink.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace explore {

using namespace headgate;
using namespace headgate::simulation;

using policies_type = simulated_policies<example::chosen_assignment>;

struct wishes {
    std::string world;
    std::string assignment;
    std::uint64_t states = 50'000'000;
    double minutes = 30;
    bool prunes = true, trace = false, quiet = false, no_progress = false;
};

/// "no such world: ...; there are ...".
inline std::string unknown(const std::string& name) {
    std::string text = "no such world: \"" + name + "\"; there are";
    for (const explored_world& one : explored_worlds)
        text += (&one == &explored_worlds.front() ? " " : ", ") + std::string(one.name);
    return text;
}

inline std::string list() {
    std::string text;
    for (const explored_world& one : explored_worlds)
        text += "\n" + std::string(one.name) + ": " + std::string(one.what);
    return text;
}

/// Positions begin at 1 in print, so that no event of the path is a zero that may be left out.
inline std::string print_path(std::vector<std::uint32_t> path) {
    for (std::uint32_t& one : path) ++one;
    return print(path);
}

inline int show(const situation<policies_type>& start, const std::vector<std::uint32_t>& path, const wishes& chosen,
                bool is_told) {
    situation<policies_type> begun(start);
    begun.in().around().seen.keep_lines();
    const auto followed = follow(std::move(begun), path);
    if (not followed) {
        std::fprintf(stderr,
                     "headgate-simulate: --replay has a path that does not fit %s: it is of another world or "
                     "another version of headgate\n",
                     chosen.world.c_str());
        return 2;
    }
    const situation<policies_type>& end = *followed;
    if (is_told)
        for (const std::string& line : sequence_chart(end.in().around().seen.lines(), trace::most_lines))
            std::printf("%s\n", line.c_str());
    if (not end.in().broken()) {
        if (not chosen.quiet) std::printf("no violation along %zu events\n", path.size());
        return 0;
    }
    std::printf("VIOLATION: %s\n    %s\n", std::string(sentence_of(end.in().broken()->which)).c_str(),
                end.in().broken()->what.c_str());
    return 1;
}

inline void progress(const exploration& so_far, double seconds, const wishes& chosen, bool is_last) {
    if (chosen.quiet or chosen.no_progress or not isatty(STDERR_FILENO)) return;
    std::fprintf(stderr, "\r%llu states, %llu wait, depth %u, %.0f states and %.0f steps a second, %.0f s%s",
                 static_cast<unsigned long long>(so_far.states), static_cast<unsigned long long>(so_far.waiting),
                 so_far.depth, static_cast<double>(so_far.states) / seconds,
                 static_cast<double>(so_far.steps) / seconds, seconds, is_last ? "\n" : "  ");
}

inline std::string text_of(exploration_end how, const wishes& chosen) {
    switch (how) {
        case exploration_end::wholly: return "explored wholly";
        case exploration_end::states: return "cut at " + std::to_string(chosen.states) + " states";
        case exploration_end::told_to_end:
            return "cut after " + std::to_string(static_cast<int>(chosen.minutes * 60)) + " s";
        case exploration_end::violation: return "ended by a violation";
    }
    return {};
}

/// Precondition: there is that world.
inline situation<policies_type> begin(const wishes& chosen) {
    return simulation::begin(*explored_world_of(chosen.world),
                             without_jitter(example::assignment_of(chosen.assignment)));
}

/// One path, as `print_path` printed it. Precondition: there is that world.
inline int replay(const wishes& chosen, std::vector<std::uint32_t> path) {
    for (std::uint32_t& one : path) --one;  // one that was left out becomes an event that cannot come
    return show(begin(chosen), path, chosen, chosen.trace);
}

/// Precondition: there is that world.
inline int run(const wishes& chosen) {
    const situation<policies_type> start = begin(chosen);
    const auto begun = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    };
    const exploration all =
        simulation::explore(start, {.states = chosen.states, .prunes = chosen.prunes}, [&](const exploration& so_far) {
            progress(so_far, elapsed(), chosen, false);
            return elapsed() < chosen.minutes * 60;
        });
    const double seconds = elapsed();
    progress(all, seconds, chosen, true);
    if (not chosen.quiet)
        std::printf(
            "%s, %s: %llu states, %llu of them at rest, depth %u, %llu steps; %.0f states and %.0f steps a second, "
            "%.1f s; %llu states were not gone on from\n",
            chosen.world.c_str(), text_of(all.end, chosen).c_str(), static_cast<unsigned long long>(all.states),
            static_cast<unsigned long long>(all.resting), all.depth, static_cast<unsigned long long>(all.steps),
            static_cast<double>(all.states) / seconds, static_cast<double>(all.steps) / seconds, seconds,
            static_cast<unsigned long long>(all.waiting));
    if (not all.broken) return 0;
    const int found = show(start, all.path, chosen, true);
    std::printf(
        "%zu events%s. To see it again:\n"
        "    headgate-simulate --trace%s --explore %s --replay %s\n",
        all.path.size(), all.is_shortest ? ", and no shorter path leads there" : "; there may be a shorter path",
        example::flag_of(chosen.assignment).c_str(), chosen.world.c_str(), print_path(all.path).c_str());
    return found;
}

}  // namespace explore
