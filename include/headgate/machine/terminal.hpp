#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Stopped, Failed and Finished. Workers that may still live are told to end; the stop is repeated until they
// have, and the row is nobody's then (I12). Stopped and Failed are left again when the user wants it.

#include <headgate/machine/event.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/ownership.hpp>
#include <headgate/machine/step.hpp>

namespace headgate::inline v1 {

struct stopped {
    using ignored = ignores_all;

    friend bool operator==(const stopped&, const stopped&) = default;
};

struct failed {
    using ignored = ignores_all;

    friend bool operator==(const failed&, const failed&) = default;
};

struct finished {
    using ignored = ignores_all;

    friend bool operator==(const finished&, const finished&) = default;
};

template <class Context>
void rest(Context& c) {
    if (c.job.is_owned()) c.tear_down(c.current(), c.job.stop.is_wished_by_force);
    release(c.job);
}

template <class Context>
step<stopped> want(stopped&, Context& c) {
    rest(c);
    if (c.job.wish and not c.job.wants_to_stop() and c.job.wish->version > c.job.next.applied) return to<compiling>;
    return stay;
}

template <class Context>
step<failed> want(failed&, Context& c) {
    rest(c);
    // Another controller may have seen a later wish than this one, and answered it.
    if (c.job.wish and not c.job.wants_to_stop() and c.job.wish->version > c.job.next.applied and
        c.job.wish->restart_nonce != c.job.next.restart_nonce)
        return to<compiling>;
    return stay;
}

template <class Context>
step<finished> want(finished&, Context& c) {
    rest(c);
    return stay;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(must_answer_every<stopped, context<policies<>>, state_event>);
static_assert(must_answer_every<failed, context<policies<>>, state_event>);
static_assert(must_answer_every<finished, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
