#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: how good plans are over many random jobs, as one row of a table.

#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/conformance/assignment/baselines.hpp>
#include <headgate/conformance/assignment/graphs.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1 {

/// Quantiles are of jobs: half of them are at or below the median, nine tenths at or below p90.
struct quantiles {
    double median{};
    double p90{};
    double worst{};

    friend bool operator==(const quantiles&, const quantiles&) = default;
};

struct assignment_quality {
    std::uint64_t jobs{};
    std::uint64_t refused{};    ///< jobs without a plan, or with one that `check` refuses; after the loss too
    quantiles load{};           ///< largest load over the proven bound
    quantiles load_per_slot{};  ///< largest load per slot over the proven bound
    double crossing{};          ///< channels across workers, of all channels
    double moved{};             ///< subtasks moved after the loss of one worker, of all

    friend bool operator==(const assignment_quality&, const assignment_quality&) = default;
};

/// Asks `assign(program, offers, past)`, which may be a policy or a baseline, about the random jobs 1 to `jobs` of
/// `graphs::random_job`, and again after one worker each was lost, if the others are enough.
template <class Assign>
assignment_quality quality_of(std::uint64_t jobs, Assign assign);

/// A baseline as a function like a policy.
struct baseline_assignment {
    baselines::algorithm assign;
    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const {
        baselines::record_list list, was;
        if (before.previous) was = baselines::as_list(*before.previous, of, offers);
        assign(of, offers, was, list);
        return baselines::as_plan(of, offers, list);
    }
};

/// "| name | 1.00 1.00 1.00 | ... |", to go with `quality_header`.
std::string quality_row(std::string_view name, const assignment_quality& what);
std::string quality_header();

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline quantiles quantiles_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    return {values[values.size() / 2], values[values.size() * 9 / 10], values.back()};
}

inline std::string two_places(double value) {
    const auto hundredths = static_cast<std::uint64_t>(value * 100 + 0.5);
    const std::string places = std::to_string(hundredths % 100);
    return std::to_string(hundredths / 100) + (places.size() == 1 ? ".0" : ".") + places;
}

}  // namespace detail

template <class Assign>
assignment_quality quality_of(std::uint64_t jobs, Assign assign) {
    assignment_quality found{.jobs = jobs};
    std::vector<double> loads, slot_loads;
    double crossing = 0, channels = 0, moved = 0, all = 0;
    for (std::uint64_t seed = 1; seed <= jobs; ++seed) {
        graphs::job job = graphs::random_job(seed);
        const expected<plan> made = assign(job.of, job.offers, past{});
        const auto judged = made ? judge(*made, job.of, job.offers) : tl::unexpected(made.error());
        if (not judged) {
            ++found.refused;
            continue;
        }
        loads.push_back(judged->gap());
        slot_loads.push_back(judged->gap_per_slot());
        crossing += static_cast<double>(judged->channels.total.across_workers);
        channels += static_cast<double>(judged->channels.total.all);

        job.offers.erase(job.offers.begin() + static_cast<std::ptrdiff_t>(seed % job.offers.size()));
        std::uint64_t left = 0;
        for (const offer& each : job.offers) left += each.slots;
        if (left < slots_needed(job.of)) continue;
        const past before{.previous = &*made};
        const expected<plan> again = assign(job.of, job.offers, before);
        const auto after = again ? judge(*again, job.of, job.offers, before) : tl::unexpected(again.error());
        if (not after) {
            ++found.refused;
            continue;
        }
        moved += static_cast<double>(after->moves.subtasks);
        all += static_cast<double>(after->subtasks);
    }
    found.load = detail::quantiles_of(std::move(loads));
    found.load_per_slot = detail::quantiles_of(std::move(slot_loads));
    found.crossing = channels > 0 ? crossing / channels : 0;
    found.moved = all > 0 ? moved / all : 0;
    return found;
}

inline std::string quality_header() {
    return "| policy | largest load / bound: median, p90, worst | per slot: median, p90, worst | channels across "
           "workers "
           "| moved after a loss |\n|---|---|---|---|---|\n";
}

inline std::string quality_row(std::string_view name, const assignment_quality& what) {
    const auto three = [](const quantiles& of) {
        return detail::two_places(of.median) + " " + detail::two_places(of.p90) + " " + detail::two_places(of.worst);
    };
    return "| " + std::string(name) + " | " + three(what.load) + " | " + three(what.load_per_slot) + " | " +
           detail::two_places(100 * what.crossing) + " % | " + detail::two_places(100 * what.moved) + " % |" +
           (what.refused > 0 ? " refused " + std::to_string(what.refused) : "") + "\n";
}

}  // namespace headgate::inline v1
