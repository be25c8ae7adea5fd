#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: what Scheduling, Running and Finishing do alike with the crew and its subtasks (S12, S14).

#include <headgate/machine/context.hpp>
#include <headgate/machine/event.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/vocabulary/effect.hpp>

#include <optional>
#include <string>
#include <utility>

namespace headgate::inline v1 {

/// A worker that registered is dialled, as all are, concurrently (S12).
template <class Context>
void want_channel(worker& w, Context& c) {
    c.want(w, w.channel, [&] {
        ++w.dials;
        return dial{.job = c.job.id,
                    .worker = w.identity.id,
                    .incarnation = w.profile.incarnation,
                    .address = w.profile.rpc_address};
    });
}

/// Whether its dials are spent: it is dropped then.
template <class Context>
bool cannot_be_dialled(const worker& w, const Context& c) {
    return not w.channel and not w.channel.in_flight() and w.dials >= c.policy.budget[error_kind::dial];
}

/// What still comes from it is ignored.
template <class Context>
void drop(worker& w, Context& c, const std::string& why) {
    w.is_barred = true;
    c.job.troubled.add(w.profile.machine, c.from_now({}));
    c.job.workers.enter(w, worker_phase::gone);
    c.say(remark::severity::warning, "worker " + std::to_string(ordinal_of(w.identity.id).value) + ": " + why);
}

template <class Context>
void on_dialled(Context& c, const answered<dial>& a) {
    worker* const w = c.accepts(&worker::channel, a.to);
    if (not w) return;
    // A dial may be repeated, so an unknown outcome is asked for again like one that was not applied.
    const auto again = [&](const error& why) {
        const std::uint32_t budget = c.policy.budget[error_kind::dial];
        const duration length = c.policy.dial(attempt{w->dials}, w->channel.paused(), c.bits());
        const auto pause = w->dials < budget ? std::optional(length) : std::nullopt;
        c.tell(retried{why, attempt{w->dials}, c.budget_of(error_kind::dial), pause});
        c.pause(w->channel, pause.value_or(duration::zero()));
    };
    a.result.match(
        [&](const dialled& made) {
            w->channel.learn(made);
            if (w->phase == worker_phase::connected) c.job.workers.enter(*w, worker_phase::open);
        },
        again, again);
}

/// The subtask that a report of a worker says has failed, if it is one of its own.
template <class Context>
std::optional<error> failed_task(const worker& from, Context& c, const task_report& said) {
    for (const task_failure& failure : said.failures) {
        if (not c.job.tasks.has(c.job.plan(), from.position, failure.node, failure.subtask)) {
            ++c.job.count.rejected;
            continue;
        }
        const auto domain = [&] {
            switch (failure.domain) {
                case error_domain::user: return "user";
                case error_domain::internal: return "internal";
                case error_domain::external: return "external";
            }
            return "?";
        }();
        return error{.kind = failure.may_retry ? error_kind::task : error_kind::permanent,
                     .text = "node " + std::to_string(failure.node.value) + ", subtask " +
                             std::to_string(failure.subtask) + ", operator " + failure.operator_name + " (" + domain +
                             (failure.may_retry ? "): " : ", no retry): ") + failure.text};
    }
    return std::nullopt;
}

/// Takes in what a worker says of its subtasks. Ranges that are not its own change nothing and are counted.
/// Answers the first of its own subtasks that failed.
template <class Context>
std::optional<error> take_in(Context& c, const fenced<task_report>& m) {
    const worker* const from = c.job.workers.find(m.of().worker);
    if (not from or not from->is_placed() or not c.job.running) {
        ++c.job.count.rejected;
        return std::nullopt;
    }
    for (const task_range& range : m.value().started)
        if (not c.job.tasks.start(c.job.plan(), from->position, range)) ++c.job.count.rejected;
    for (const task_range& range : m.value().finished)
        if (not c.job.tasks.finish(c.job.plan(), from->position, range)) ++c.job.count.rejected;
    return failed_task(*from, c, m.value());
}

/// A job whose tasks have run for long enough is healthy: what it may fail for begins anew (SPEC 9, R3). `due` is armed
/// when it is looked at first.
template <class Context>
void look_at_health(instant& due, Context& c) {
    if (due == never) due = c.from_now(c.policy.wait.healthy);
    if (not c.reached(due)) return;
    c.job.restarts = c.policy.restart.after_running(c.job.restarts, c.policy.wait.healthy);
    c.job.next.restarts = c.job.restarts.restarts;
    c.job.healthy_at = never;
}

/// Where a failed subtask leads: no-retry errors are fatal, others recover (S14).
template <class State>
    requires legal<State, failing> and legal<State, recovering>
step<State> after_failure(const error& why) {
    if (why.kind == error_kind::permanent) return to<failing>(why);
    return to<recovering>(why);
}

/// Where a lost worker leads once the job runs: only one that holds subtasks matters, and none once all have finished
/// (J2).
template <class State, class Context>
    requires legal<State, recovering>
step<State> after_loss(Context& c, const worker_gone& lost) {
    const worker* const w = c.job.workers.find(lost.worker);
    if (not w or not w->is_placed() or c.job.tasks.all_finished()) return stay;
    return to<recovering>(lost.why);
}

}  // namespace headgate::inline v1
