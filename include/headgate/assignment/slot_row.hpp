#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: a layout to build a policy on: each worker has as many places as slots.

#include <headgate/vocabulary/plan.hpp>

#include <algorithm>
#include <cstdint>
#include <span>

namespace headgate::inline v1 {

/// A run for each worker, in the order given, as long as it has slots; places from 2^32 - 1 on are left out. A node lies
/// on it at any offset below `boundaries.back()`, and goes on at the front. Cost: O(workers).
inline layout slot_row(std::span<const std::uint32_t> slots) {
    layout row{.spaced = spacing::dense};
    row.boundaries.reserve(slots.size() + 1);
    for (const std::uint32_t each : slots) {
        const std::uint32_t begin = row.boundaries.back();
        row.boundaries.push_back(begin + std::min(each, ~begin));
    }
    return row;
}

}  // namespace headgate::inline v1
