#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: how long it can take until a budget is spent, as a constant expression (R5).

#include <headgate/policy/backoff.hpp>
#include <headgate/policy/saturating.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstdint>

namespace headgate::inline v1 {

/// The longest that `attempts` attempts can take that each end within `call`: all calls, and the pauses between them.
/// duration::max() if that is too small. O(attempts).
template <bounded_backoff Backoff>
constexpr duration worst_case(const Backoff& pause, std::uint32_t attempts, duration call);

// Implementation ------------------------------------------------------------------------------------------------------

template <bounded_backoff Backoff>
constexpr duration worst_case(const Backoff& pause, std::uint32_t attempts, duration call) {
    duration total = saturating_product(call, attempts);
    for (std::uint32_t failed = 1; failed < attempts and total < duration::max(); ++failed)
        total = saturating_sum(total, pause.longest({failed}));
    return total;
}

}  // namespace headgate::inline v1
