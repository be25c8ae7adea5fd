#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Running. Watches the workers, takes checkpoints, sees the sources end (J1, J2).
//
//   fact               after                                    if it cannot be had
//   healthy            running for 2 min                        --                                      SPEC 9
//   dismissed (spare)  persisted, channel                       told again; the teardown at the end     S11
//   checkpoint         the interval                             failed, tried again; then Recovering    J1
//   finishing          every source's subtasks finished         --                                      J2

#include <headgate/machine/checkpoints.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/machine/workers.hpp>

namespace headgate::inline v1 {

struct running {
    using ignored = ignores<restart_turn, slots_freed, fenced<initialized>, answered<start_workers>, answered<load_checkpoint>,
                            answered<prepare_checkpoint>>;

    instant healthy_at = never;
    checkpoints taken{};

    friend bool operator==(const running&, const running&) = default;
};

/// Workers that hold nothing are spares: they are told to end (S11).
template <class Context>
void dismiss(worker& w, Context& c) {
    if (not w.is_present() or cannot_be_dialled(w, c)) return;
    want_channel(w, c);
    if (w.channel)
        c.want(w, w.dismissed, [&] { return stop_execution{w.channel.value().connection, c.current()}; });
}

template <class Context>
step<running> want(running& s, Context& c) {
    if (s.healthy_at == never) c.job.workers.attend_all();
    look_at_health(s.healthy_at, c);
    if (c.job.tasks.sources_finished()) return to<finishing>;
    if (c.policy.takes_checkpoints) want(s.taken, c);
    c.serve_attended([&](worker& w) {
        if (not w.is_placed()) dismiss(w, c);
        else if (s.taken.wants_barriers() and w.channel) want_barrier(s.taken, w, c);
    });
    if (c.job.exhausted) return to<recovering>(*c.job.exhausted);
    return stay;
}

template <class Context>
step<running> on(running&, Context& c, const worker_joined& e) {
    c.job.workers.attend(*c.job.workers.find(e.worker));
    return stay;
}

template <class Context>
step<running> on(running&, Context& c, const worker_gone& e) {
    return after_loss<running>(c, e);
}

template <class Context>
step<running> on(running&, Context& c, const fenced<task_report>& m) {
    if (const auto why = take_in(c, m)) return after_failure<running>(*why);
    return stay;
}

template <class Context>
step<running> on(running&, Context& c, const answered<dial>& a) {
    on_dialled(c, a);
    return stay;
}

template <class Context>
step<running> on(running&, Context& c, const answered<start_execution>& a) {
    // A worker may report its subtasks before the answer to the call comes (S14).
    worker* const w = c.accepts(&worker::launched, a.to);
    const auto otherwise = [](const error&) {};
    if (w) a.result.match([&](applied) { w->launched.learn({}); }, otherwise, otherwise);
    return stay;
}

template <class Context>
step<running> on(running&, Context& c, const answered<stop_execution>& a) {
    worker* const w = c.accepts(&worker::dismissed, a.to);
    // Spends nothing: the teardown at the end of the generation takes whoever does not listen.
    const auto otherwise = [&](const error&) { c.pause(w->dismissed, c.retry_pause(w->dismissed)); };
    if (w) a.result.match([&](applied) { w->dismissed.learn({}); }, otherwise, otherwise);
    return stay;
}

template <class Context>
step<running> on(running& s, Context& c, const fenced<checkpoint_report>& m) {
    on(s.taken, c, m);
    return stay;
}

template <class Context>
step<running> on(running& s, Context& c, const answered<begin_checkpoint>& a) {
    on(s.taken, c, a);
    return stay;
}

template <class Context>
step<running> on(running& s, Context& c, const answered<write_checkpoint>& a) {
    on(s.taken, c, a);
    return stay;
}

template <class Context>
step<running> on(running& s, Context& c, const answered<store_checkpoint>& a) {
    on(s.taken, c, a);
    return stay;
}

template <class Context>
step<running> on(running& s, Context& c, const answered<remove_checkpoint>& a) {
    on(s.taken, c, a);
    return stay;
}

// Implementation ------------------------------------------------------------------------------------------------------

static_assert(must_answer_every<running, context<policies<>>, state_event>);

}  // namespace headgate::inline v1
