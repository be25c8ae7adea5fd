#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Scheduling, what workers say and what becomes of them.

#include <headgate/machine/scheduling/want.hpp>

namespace headgate::inline v1 {

template <class Context>
step<scheduling> on(scheduling&, Context& c, const worker_joined& e) {
    c.job.workers.attend(*c.job.workers.find(e.worker));
    return stay;
}

template <class Context>
step<scheduling> on(scheduling& s, Context& c, const worker_gone& e) {
    const worker* const w = c.job.workers.find(e.worker);
    // A spare that is lost once the plan is made is no loss, and one more that is lost while the next attempt is waited
    // for is of the attempt that has failed already: it is replaced in the next.
    if (not w or (s.is_placed and not w->is_placed()) or not c.reached(s.not_before)) return stay;
    return fail_attempt(c, {.kind = error_kind::worker_initialization, .text = e.why.text});
}

/// The governor's word on a job that was taken over from a controller that died: until then it backs off (R3). What has
/// begun goes on.
template <class Context>
step<scheduling> on(scheduling& s, Context& c, const restart_turn& governed) {
    if (s.until != never or c.reached(governed.go)) return stay;
    s.not_before = std::max(s.not_before, governed.go);
    s.phases.begin(c, true);
    return stay;
}

template <class Context>
step<scheduling> on(scheduling&, Context& c, const fenced<initialized>& m) {
    worker* const w = c.job.workers.find(m.of().worker);
    if (not w or w->phase != worker_phase::initializing) {
        ++c.job.count.ignored;
        return stay;
    }
    if (not m.value().failure) {
        c.job.workers.enter(*w, worker_phase::ready);
        return stay;
    }
    c.job.workers.enter(*w, worker_phase::failed);
    const std::string why = "worker " + std::to_string(m.of().worker.value) + ": " + *m.value().failure;
    // What the worker says names node and operator; as for a failed task, it knows whether a retry can help.
    if (not m.value().may_retry)
        return to<failing>(error{.kind = error_kind::permanent, .text = "worker initialization: " + why});
    return fail_attempt(c, {.kind = error_kind::worker_initialization, .text = why});
}

template <class Context>
step<scheduling> on(scheduling&, Context& c, const fenced<task_report>& m) {
    if (const auto why = take_in(c, m)) return after_failure<scheduling>(*why);
    return stay;
}

}  // namespace headgate::inline v1
