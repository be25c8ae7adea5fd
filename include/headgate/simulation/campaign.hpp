#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: many runs, one after the other, and what they add up to.

#include <headgate/simulation/lifecycle.hpp>
#include <headgate/simulation/shrink.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// Sums over runs; those of several campaigns add up.
struct campaign {
    std::uint64_t runs{};
    std::uint64_t events{};
    duration lasted{};  ///< of virtual time
    std::uint64_t faults{};
    std::uint64_t wished{}, running{};  ///< jobs, as in `lifecycle_result`
    probes reached{};
    std::uint64_t digest{};  ///< of all traces, in order
    std::uint64_t repeated{};  ///< runs that were run twice, to see that they do the same (I18)

    /// Runs one seed. Every hundredth is run twice, the second time with another
    /// wall clock. A violation, with the decisions that led to it, if there was one.
    template <class Policies = policies<>, backend_rules Backend = cluster>
    std::optional<lifecycle_result> run(std::uint64_t seed, const lifecycle_settings& settings, Policies policy = {},
                                        Backend backend = Backend{});

    /// What a campaign of that size should have come to and did not: probes that were reached less than once in a
    /// thousand runs, fewer than nine in ten jobs that ran at the end.
    std::vector<std::string> shortcomings() const;
};

/// The same invariant broken by `shrunk` decisions, and the trace of that run: what it says may name others. Nothing is
/// broken there if the decisions do not break it again (I18). Its decisions, as text `print(decisions)`, are run
/// again by `live` with the same settings, policies and model; headgate-simulate knows its own model alone.
template <class Policies = policies<>, backend_rules Backend = cluster>
lifecycle_result shrink(const lifecycle_result& found, lifecycle_settings settings, Policies policy = {},
                        Backend backend = Backend{});

// Implementation ------------------------------------------------------------------------------------------------------

template <class Policies, backend_rules Backend>
std::optional<lifecycle_result> campaign::run(std::uint64_t seed, const lifecycle_settings& settings, Policies policy,
                                              Backend backend) {
    lifecycle_result one = live(decisions(seed), settings, policy, backend);
    if (runs % 100 == 0 and not one.broken) {
        ++repeated;
        lifecycle_settings later_by_wall = settings;
        later_by_wall.wall_clock_ahead = std::chrono::hours(1'000);
        const lifecycle_result again = live(decisions(seed), later_by_wall, policy, backend);
        if (again.digest != one.digest)
            one.broken = violation{invariant::deterministic, {}, "seed " + std::to_string(seed) + " did something else"};
    }
    ++runs;
    events += one.events;
    lasted += one.lasted;
    faults += one.injected;
    wished += one.wished;
    running += one.running;
    reached += one.reached;
    digest = detail::mixed((digest ^ one.digest) + detail::golden);
    if (not one.broken) return std::nullopt;
    return one;
}

inline std::vector<std::string> campaign::shortcomings() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < probe_count; ++i) {
        const auto which = static_cast<probe>(i);
        if (reached[which] < runs / 1'000)
            all.push_back(std::string(text_of(which)) + ": reached " + std::to_string(reached[which]) + " times in " +
                          std::to_string(runs) + " runs");
    }
    if (running * 10 < wished * 9)
        all.push_back(std::to_string(running) + " of " + std::to_string(wished) +
                      " jobs that were to run did so after all was healed");
    return all;
}

template <class Policies, backend_rules Backend>
lifecycle_result shrink(const lifecycle_result& found, lifecycle_settings settings, Policies policy, Backend backend) {
    const auto breaks = [&](const std::vector<std::uint32_t>& tried) {
        const lifecycle_result one = live(decisions(tried), settings, policy, backend);
        return one.broken and one.broken->which == found.broken->which;
    };
    std::vector<std::uint32_t> fewest = shrunk(found.decisions, breaks);
    settings.keeps_lines = true;
    lifecycle_result again = live(decisions(fewest), settings, policy, backend);
    again.decisions = std::move(fewest);
    return again;
}

}  // namespace headgate::inline v1::simulation
