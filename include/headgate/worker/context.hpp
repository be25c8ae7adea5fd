#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: the hand with which a worker's parts ask, wait and look at the time.

#include <headgate/vocabulary/time.hpp>
#include <headgate/worker/effect.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace headgate::inline v1 {

/// Lives for one step. To ask whether an instant is reached arms the deadline, so no wait without one can be written.
class worker_context {
public:
    worker_context(moment at, worker_effects& out) : at_(at), out_(out) {}

    template <class Effect>
    void ask(Effect wanted) {
        out_.emplace_back(std::move(wanted));
    }

    bool reached(instant until) {
        if (until <= at_.now) return true;
        deadline_ = std::min(deadline_, until);
        return false;
    }

    /// `never` at the latest. Precondition: `wait` is not negative.
    instant after(duration wait) const { return at_.now < never - wait ? at_.now + wait : never; }

    /// The step's random bits, for its one draw: only a registration that failed draws.
    std::uint64_t bits() const { return at_.bits; }

    /// When the machine must be called with `tick` at the latest.
    instant deadline() const { return deadline_; }

private:
    moment at_;
    worker_effects& out_;
    instant deadline_ = never;
};

}  // namespace headgate::inline v1
