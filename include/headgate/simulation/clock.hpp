#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: virtual time, a model of `clock` and `timer`.

#include <headgate/concepts/clock.hpp>
#include <headgate/simulation/kept.hpp>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <map>
#include <utility>

namespace headgate::inline v1::simulation {

/// A copyable value. Time moves by `advance_to`, `advance` and `run_one` alone.
class clock {
public:
    /// Timers that may wait at a time.
    static constexpr std::size_t most_waiting = 65'536;

    clock() = default;
    explicit clock(instant now) : now_(now) {}

    instant now() const { return now_; }

    /// `done` is called by a later move of the clock, never within this call. Precondition: `waiting() < most_waiting`.
    void at(instant when, std::invocable auto done);

    /// The earliest timer, or `never`. May be past.
    instant next() const { return timers_.empty() ? never : timers_.begin()->first; }
    std::size_t waiting() const { return timers_.size(); }

    /// Moves on to the earliest timer and calls it; false if there is none.
    bool run_one();
    /// Calls every timer that is due until `then`, each at its time, those of one time in the order they were set, and
    /// ends at `then`. Timers that these set are called too. Precondition: `then >= now()`.
    void advance_to(instant then);
    void advance(duration by) { advance_to(now_ + by); }

private:
    instant now_{};
    std::multimap<instant, kept<>> timers_;
};

static_assert(timer<clock>);

// Implementation ------------------------------------------------------------------------------------------------------

void clock::at(instant when, std::invocable auto done) {
    assert(waiting() < most_waiting);
    timers_.emplace(when, std::move(done));
}

inline bool clock::run_one() {
    if (timers_.empty()) return false;
    const auto due = timers_.extract(timers_.begin());
    if (due.key() > now_) now_ = due.key();
    due.mapped()();
    return true;
}

inline void clock::advance_to(instant then) {
    assert(then >= now_);
    while (next() <= then and run_one()) {
    }
    if (then > now_) now_ = then;
}

}  // namespace headgate::inline v1::simulation
