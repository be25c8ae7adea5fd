#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what a policy may know of what was before.

#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstdint>
#include <limits>
#include <span>

namespace headgate::inline v1 {

/// State of the subtasks of a range of a node, as the previous plan numbers them. What no entry names has none;
/// without any entry every subtask counts as one byte.
struct state_size {
    node_id node{};
    double bytes{};                                                        ///< of each subtask; finite, not negative
    subtask_range subtasks{0, std::numeric_limits<std::uint32_t>::max()};  ///< those that the node has; default: all

    friend bool operator==(const state_size&, const state_size&) = default;
};

/// A worker on this machine failed so long ago.
struct trouble {
    machine_id machine{};
    duration ago{};

    friend bool operator==(const trouble&, const trouble&) = default;
};

/// All refers to what the caller keeps; the default: nothing was before.
struct past {
    const plan* previous = nullptr;  ///< of the last generation that reached Running (A8), or null
    std::span<const state_size> sizes{};
    std::span<const trouble> troubles{};
};

}  // namespace headgate::inline v1
