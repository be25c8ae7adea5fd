#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Stopping and Failing. End the workers of every generation of the job.
//
//   fact               after                                    if it cannot be had
//   torn down          owned                                    repeated without end, with force            L3
//   stopped, failed    torn down                                --
//
// They only take away, so they do not wait for the database (T4).

#include <headgate/machine/event.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/step.hpp>

#include <algorithm>

namespace headgate::inline v1 {

struct stopping {
    static constexpr bool takes_away = true;
    using ignored = ignores_all;

    friend bool operator==(const stopping&, const stopping&) = default;
};

struct failing {
    static constexpr bool takes_away = true;
    using ignored = ignores_all;

    friend bool operator==(const failing&, const failing&) = default;
};

/// The newest generation that is surely this controller's. One that it is claiming may be another's by now, with
/// workers that are not to be ended (I1).
template <class Context>
generation newest_own(const Context& c) {
    return std::min(c.current(), c.job.durable.generation);
}

template <class Context>
step<stopping> want(stopping&, Context& c) {
    if (c.tear_down(newest_own(c), c.job.stop.is_wished_by_force)) return to<stopped>;
    return stay;
}

template <class Context>
step<failing> want(failing&, Context& c) {
    if (c.tear_down(newest_own(c), c.job.stop.is_wished_by_force)) return to<failed>;
    return stay;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(must_answer_every<stopping, context<policies<>>, state_event>);
static_assert(must_answer_every<failing, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
