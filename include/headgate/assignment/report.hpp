#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: by what policies are judged (A6).

#include <headgate/vocabulary/plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace headgate::inline v1 {

struct load_report {
    std::uint64_t subtasks{};
    std::uint64_t largest{};  ///< subtasks on the fullest worker
    double mean{};            ///< subtasks a worker; 0 without workers

    friend bool operator==(const load_report&, const load_report&) = default;
};

/// O(nodes * workers) without owners in the layouts.
load_report loads(const plan& of);

// Implementation ------------------------------------------------------------------------------------------------------

inline load_report loads(const plan& of) {
    load_report made{.subtasks = subtasks(of)};
    for (std::size_t worker = 0; worker < of.workers.size(); ++worker)
        made.largest = std::max(made.largest, load(of, worker));
    if (not of.workers.empty()) made.mean = static_cast<double>(made.subtasks) / static_cast<double>(of.workers.size());
    return made;
}

}  // namespace headgate::inline v1
