#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Recovering. Backs off by restart count and ends the workers, with rising force (J5, R3).
//
//   fact               after                                    if it cannot be had
//   torn down          owned                                    after 60 s without it: fencing keeps it safe
//   backed off         persisted                                --
//   compiling          both                                     time without a healthy run spent: Failing
//
// A job whose restarts are spent passes through on its way to Failing.
//
// The teardown only takes away, so it does not wait for the database; all else does (T4).

#include <headgate/machine/event.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/policy/restart.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace headgate::inline v1 {

struct recovering {
    static constexpr bool takes_away = true;
    using ignored = ignores_all_but_turn;

    std::optional<duration> pause{};  ///< the restart policy's; nothing: it was told to a controller that is gone
    instant not_before = never;  ///< armed when it acts first
    instant turn = instant::min();  ///< the governor's; it may come before that
    instant until = never;

    friend bool operator==(const recovering&, const recovering&) = default;
};

/// The row counts the restart already; its pause begins anew.
template <class Context>
restart_answer answer_again(Context& c) {
    restart_memory before = c.job.restarts;
    before.restarts -= std::min(before.restarts, std::uint32_t{1});
    return c.policy.restart(before, {c.from_now({}), c.from_now({}), c.bits()});
}

template <class Context>
step<recovering> want(recovering& s, Context& c) {
    const bool is_clean = c.tear_down(c.current(), false);
    if (not c.job.persisted) return stay;
    if (c.reached(c.gives_up_at())) return to<failing>(gave_up(c, restart_verdict::time_spent));
    if (s.until == never) {
        if (not s.pause) {
            const restart_answer answer = answer_again(c);
            if (answer.verdict != restart_verdict::restart) return to<failing>(gave_up(c, answer.verdict));
            s.pause = answer.pause;
        }
        s.not_before = c.from_now(*s.pause);
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
