#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever tells the time.

#include <headgate/vocabulary/time.hpp>

#include <concepts>

namespace headgate::inline v1 {

/// `now()` never goes back (law `monotonic`) and counts while the process waits. Reading it does not block and may be
/// done from any thread. Archetype `archetype::clock`. Models: simulated (virtual time), Asio's steady timer.
template <class Clock>
concept clock = requires(const Clock& c) {
    { c.now() } -> std::same_as<instant>;
};

/// As for every model, says what it lacks.
template <class Clock>
struct clock_check {
    static_assert(clock<Clock>, "clock: it has no `headgate::instant now() const`, which never goes back");
};

/// A clock that also wakes: `t.at(when, done)` calls `done()` once, at `when` or later, never earlier (law `not_early`),
/// from any thread, also for a `when` that is past. Only `retry` asks for one; machines have their one deadline.
template <class Timer>
concept timer = clock<Timer> and requires(Timer& t, instant when, void (*done)()) {
    { t.at(when, done) } -> std::same_as<void>;
};

}  // namespace headgate::inline v1
