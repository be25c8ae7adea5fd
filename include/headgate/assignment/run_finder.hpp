#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: which run of a line has a slot, where that is asked often: in a step or two, not in O(log runs).

#include <headgate/assignment/loads.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_layout.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Knows the run of every 2^n-th slot, as many as there are runs, and goes on from there. Where many short runs are
/// between two of these it halves.
class run_finder {
public:
    /// `line` has slots, is not level, and stays where it is. O(runs).
    explicit run_finder(const layout& line) : boundaries_(line.boundaries) {
        const std::uint64_t runs = boundaries_.size() - 1, slots = boundaries_.back();
        while (slots >> shift_ > runs) ++shift_;
        first_.reserve((slots >> shift_) + 2);
        std::size_t run = 0;
        for (std::uint64_t slot = 0; slot < slots; slot += std::uint64_t{1} << shift_) {
            while (boundaries_[run + 1] <= slot) ++run;
            first_.push_back(static_cast<std::uint32_t>(run));
        }
        first_.push_back(static_cast<std::uint32_t>(runs - 1));
    }

    /// As `placement::run_at`.
    std::size_t operator()(std::uint64_t slot) const {
        const std::size_t mark = slot >> shift_;
        std::size_t run = first_[mark];
        for (std::size_t steps = 0; boundaries_[run + 1] <= slot; ++run)
            if (++steps == most_steps) {
                const auto within = boundaries_.subspan(run + 1, first_[mark + 1] + 1 - run);
                return run + static_cast<std::size_t>(std::ranges::upper_bound(within, slot) - within.begin());
            }
        return run;
    }

private:
    static constexpr std::size_t most_steps = 16;

    std::span<const std::uint32_t> boundaries_;
    std::vector<std::uint32_t> first_{};
    int shift_ = 0;
};

/// Finders for the lines of a plan, made where searches without one have cost about as much.
class finders_of_plan {
public:
    explicit finders_of_plan(const plan& of) : plan_(of), lines_(of.layouts.size()) {}

    /// Calls `what` with what answers as `placement::run_at`, and is about to do so `times` times.
    template <class What>
    auto with_run_at(const placement& of, std::uint32_t layout, std::uint64_t times, What what) {
        line& mine = lines_[layout];
        mine.asked += times;
        if (not mine.finder and not of.is_level() and mine.asked * 16 >= of.runs()) mine.finder.emplace(of.line);
        return mine.finder ? what([&](std::uint64_t slot) { return (*mine.finder)(slot); })
                           : what([&](std::uint64_t slot) { return of.run_at(slot); });
    }

    /// As `headgate::append_ranges`.
    void append_ranges(std::size_t node, std::vector<range_on_worker>& into) {
        append_ranges(placed(plan_, node), plan_.nodes[node].layout, into);
    }
    void append_ranges(const placement& of, std::uint32_t layout, std::vector<range_on_worker>& into) {
        with_run_at(of, layout, std::min<std::uint64_t>(of.units, of.runs()),
                    [&](auto run_at) { detail::append_ranges(of, into, run_at); });
    }

private:
    struct line {
        std::uint64_t asked = 0;
        std::optional<run_finder> finder{};
    };

    const plan& plan_;
    std::vector<line> lines_;
};

}  // namespace headgate::inline v1::detail
