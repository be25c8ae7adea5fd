#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what a worker may hold when a plan may be somewhat worse than the best.

#include <headgate/assignment/bounds.hpp>
#include <headgate/assignment/water.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace headgate::inline v1 {

/// By worker, the most subtasks so that the largest load, or that per slot, is at most `slack` times the proven bound.
/// A slack of 1 or less, or that is not a number, is 1.
std::vector<std::uint64_t> caps_of(const program& of, std::span<const std::uint32_t> slots, balance_by aim,
                                   double slack);

/// The same for nodes of these parallelisms.
std::vector<std::uint64_t> caps_of(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots,
                                   balance_by aim, double slack);

/// The largest of these: what a policy that keeps them promises; 0 without workers.
std::uint64_t largest_cap(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots,
                          balance_by aim, double slack);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::vector<std::uint64_t> caps_of(const program& of, std::span<const std::uint32_t> slots, balance_by aim,
                                          double slack) {
    std::vector<std::uint32_t> parallelisms;
    parallelisms.reserve(of.nodes.size());
    for (const node& each : of.nodes) parallelisms.push_back(each.parallelism);
    return caps_of(parallelisms, slots, aim, slack);
}

inline std::vector<std::uint64_t> caps_of(std::span<const std::uint32_t> parallelisms,
                                          std::span<const std::uint32_t> slots, balance_by aim, double slack) {
    const proven_bounds bounds = bounds_of(parallelisms, slots);
    const double times = slack > 1 ? slack : 1;
    std::vector<std::uint64_t> caps;
    caps.reserve(slots.size());
    for (const std::uint32_t each : slots) {
        const double most = aim == balance_by::load
                                ? static_cast<double>(bounds.largest)
                                : static_cast<double>(bounds.per_slot.load) * each / bounds.per_slot.slots;
        caps.push_back(static_cast<std::uint64_t>(std::min(1e18, std::floor(most * times + 1e-9))));
    }
    return caps;
}

inline std::uint64_t largest_cap(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots,
                                 balance_by aim, double slack) {
    const std::vector<std::uint64_t> caps = caps_of(parallelisms, slots, aim, slack);
    return caps.empty() ? 0 : *std::ranges::max_element(caps);
}

}  // namespace headgate::inline v1
