#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Recovering. Backs off by restart count and ends the workers, with rising force (J5, R3).
//
//   fact               after                                    if it cannot be had
//   torn down          owned                                    after 60 s without it: fencing keeps it safe
//   backed off         persisted                                --
//   compiling          both                                     restarts or healthy time spent: Failing
//
// The teardown only takes away, so it does not wait for the database; all else does (T4).

#include <headgate/machine/event.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/policy/restart.hpp>

#include <algorithm>

namespace headgate::inline v1 {

struct recovering {
    static constexpr bool takes_away = true;
    using ignored = ignores_all_but_turn;

    restart_answer answer{};     ///< of the restart policy, when the job failed
    instant not_before = never;  ///< armed when it acts first
    instant turn = instant::min();  ///< the governor's; it may come before that
    instant until = never;

    friend bool operator==(const recovering&, const recovering&) = default;
};

template <class Context>
step<recovering> want(recovering& s, Context& c) {
    const bool is_clean = c.tear_down(c.current(), false);
    if (not c.job.persisted) return stay;
    if (s.answer.verdict != restart_verdict::restart) return to<failing>(gave_up(c, s.answer.verdict));
    if (c.reached(c.gives_up_at())) return to<failing>(gave_up(c, restart_verdict::time_spent));
    if (s.until == never) {
        s.not_before = c.from_now(s.answer.pause);
        s.until = c.from_now(c.policy.wait.stop);
    }
    const bool is_backed_off = c.reached(std::max(s.not_before, s.turn));
    if (is_backed_off and (is_clean or c.reached(s.until))) return to<compiling>;
    return stay;
}

/// The governor's word: restarts of many jobs do not come all at once (R3).
template <class Context>
step<recovering> on(recovering& s, Context&, const restart_turn& governed) {
    s.turn = std::max(s.turn, governed.go);
    return stay;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(must_answer_every<recovering, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
