#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Finishing. The sources have ended; waits until every subtask has.
//
//   fact               after                                    if it cannot be had
//   healthy            2 min of Running and this                --                                      SPEC 9
//   complete           every subtask finished                   a lost worker or failed task: Recovering
//   finished           complete                                 --
//
// Its wait has no limit of its own: results may take long. The workers' heartbeats are its deadline (J7).

#include <headgate/machine/context.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/machine/workers.hpp>

namespace headgate::inline v1 {

struct finishing {
    using ignored =
        ignores<restart_turn, worker_joined, slots_freed, fenced<initialized>, fenced<checkpoint_report>, answered<write_checkpoint>,
                answered<start_workers>, answered<dial>, answered<start_execution>, answered<begin_checkpoint>,
                answered<stop_execution>, answered<load_checkpoint>, answered<prepare_checkpoint>,
                answered<store_checkpoint>, answered<remove_checkpoint>>;

    instant healthy_at = never;  ///< Running's, or armed here

    friend bool operator==(const finishing&, const finishing&) = default;
};

template <class Context>
step<finishing> want(finishing& s, Context& c) {
    look_at_health(s.healthy_at, c);
    if (c.job.tasks.all_finished()) return to<finished>;
    return stay;
}

template <class Context>
step<finishing> on(finishing&, Context& c, const worker_gone& e) {
    return after_loss<finishing>(c, e);
}

template <class Context>
step<finishing> on(finishing&, Context& c, const fenced<task_report>& m) {
    if (const auto why = take_in(c, m)) return after_failure<finishing>(*why);
    return stay;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(must_answer_every<finishing, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
