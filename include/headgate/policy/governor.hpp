#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: when the restart of a job may go, so that a thousand jobs do not restart at once (R3).

#include <headgate/policy/saturating.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cstdint>

namespace headgate::inline v1 {

/// What a governor remembers, for all jobs together: the instant at which its bucket is full again.
struct governor_state {
    instant full_at = instant::min();

    friend constexpr bool operator==(const governor_state&, const governor_state&) = default;
};

struct turn {
    instant go{};  ///< the restart may go then, at the earliest
    governor_state next{};
};

/// A token bucket: `burst` restarts at once, then one each `every`. Precondition: 1 <= burst, 0 <= every.
/// Restarts have their turn in the order in which they ask; each asks once. The thousandth of a thousand that ask at
/// the same instant waits 980 `every` with the default burst of 20.
struct governor {
    std::uint32_t burst = 20;
    duration every = std::chrono::milliseconds(50);

    /// `now` must not go back from one call to the next.
    constexpr turn operator()(governor_state state, instant now) const;
    friend constexpr bool operator==(const governor&, const governor&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

// The generic cell rate algorithm (ITU-T I.371): one instant stands for the level of the bucket and the time of it.
constexpr turn governor::operator()(governor_state state, instant now) const {
    const instant full_at = std::max(state.full_at, now);
    const duration room = saturating_product(every, std::max(burst, 1u) - 1);
    const instant go = full_at - now <= room ? now : full_at - room;
    return {.go = go, .next = {later(full_at, every)}};
}

}  // namespace headgate::inline v1
