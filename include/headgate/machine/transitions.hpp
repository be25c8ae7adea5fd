#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: taking up a row, entering a state, and beginning an attempt.

#include <headgate/machine/ownership.hpp>
#include <headgate/machine/value.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace headgate::inline v1 {

template <class Policies>
void machine<Policies>::adopt() {
    job_.next = job_.durable;
    job_.restarts.restarts = job_.durable.restarts;
    job_.persisted.forget();
    ++job_.writes;
    // By whom it was claimed, and what became of it, is not known here: even one of our own is not gone on with (S2).
    job_.is_generation_used = job_.durable.generation.value > 0;
    job_.next.owner = {};
    const crash_answer found = row_of(job_.durable.state).found;
    const state_name state = job_.durable.is_complete ? found.if_complete : found.otherwise;
    resume_as(state);
    ++job_.visit;
    const bool is_at_rest = is_terminal(job_.durable.state) and job_.durable.owner == incarnation{};
    if (is_at_rest) {
        job_.persisted.learn({});
        return;
    }
    headgate::take(job_);
    job_.next.state = state;
}

template <class Policies>
void machine<Policies>::resume_as(state_name state) {
    switch (state) {
        case state_name::created: state_.template emplace<created>(); break;
        case state_name::compiling: state_.template emplace<compiling>(); break;
        case state_name::scheduling: state_.template emplace<scheduling>(); break;
        case state_name::running: state_.template emplace<running>(); break;
        case state_name::rescaling: state_.template emplace<rescaling>(); break;
        case state_name::restarting: state_.template emplace<restarting>(); break;
        case state_name::recovering: state_.template emplace<recovering>(); break;
        case state_name::checkpoint_stopping: state_.template emplace<checkpoint_stopping>(); break;
        case state_name::stopping: state_.template emplace<stopping>(); break;
        case state_name::finishing: state_.template emplace<finishing>(); break;
        case state_name::failing: state_.template emplace<failing>(); break;
        case state_name::stopped: state_.template emplace<stopped>(); break;
        case state_name::failed: state_.template emplace<failed>(); break;
        case state_name::finished: state_.template emplace<finished>(); break;
    }
}

template <class Policies>
void machine<Policies>::enter(state_name to, const std::optional<error>& why, context_type& c) {
    const state_name from = state();
    const bool is_retry = from == state_name::scheduling and to == state_name::scheduling;
    if (why) job_.last_error = why;
    job_.exhausted.reset();
    if (not is_retry and to != state_name::finishing) job_.spent = {};
    ++job_.visit;
    headgate::take(job_);
    const auto* const ran = std::get_if<running>(&state_);
    const instant healthy_at = ran ? ran->healthy_at : never;
    resume_as(to);
    if (auto* const s = std::get_if<finishing>(&state_)) s->healthy_at = healthy_at;

    job_row& next = job_.next;
    next.state = to;
    if (to == state_name::compiling) {
        if (is_terminal(from)) {
            next.restarts = 0;
            next.last_error.clear();
            next.is_complete = false;
            job_.last_error.reset();
            job_.restarts = {};
            job_.healthy_at = never;
            job_.stop.is_wished_by_force = false;
        }
    }
    if (to == state_name::scheduling) prepare_scheduling(is_retry, why, c);
    if (to == state_name::running) {
        next.tasks = job_.tasks.count();
        next.plan = job_.running->plan;
        if (const auto& restored = job_.running->restore)
            c.say(remark::severity::info, "restored from the checkpoint of epoch " +
                                              std::to_string(restored->epoch.value) + ", taken by generation " +
                                              std::to_string(restored->generation.value));
    }
    restart_verdict decision = restart_verdict::restart;
    if (to == state_name::recovering) {
        if (job_.healthy_at == never) job_.healthy_at = c.from_now({});
        const job_failure failure{c.from_now({}), without_outage(c, job_.healthy_at), c.bits()};
        const restart_answer answer = policy_.restart(job_.restarts, failure);
        decision = answer.verdict;
        std::get<recovering>(state_).pause = answer.pause;
        job_.restarts = answer.next;
        next.restarts = answer.next.restarts;
    }
    if (to == state_name::stopping and job_.wish) next.applied = job_.wish->version;
    if (to == state_name::finished) next.is_complete = true;
    if (is_terminal(to)) release(job_);
    if (why and (to == state_name::recovering or to == state_name::failing or to == state_name::stopping))
        next.last_error = one_line(describe(*why), std::min(policy_.most.error_text, limits{}.error_text));
    c.tell(transition{from, to, next.generation, why});
    // Before anything is written: whoever found Recovering would try it once more (I14).
    if (decision != restart_verdict::restart) enter(state_name::failing, gave_up(c, decision), c);
}

/// Keeps generation, restore point and every healthy worker as long as no StartExecution was sent; after that it is a
/// new generation (S17).
template <class Policies>
void machine<Policies>::prepare_scheduling(bool is_retry, const std::optional<error>& why, context_type& c) {
    scheduling& s = std::get<scheduling>(state_);
    s.phases.begin(c, is_retry);
    if (is_retry) {
        const auto kind = static_cast<std::size_t>(why.value_or(error{}).kind);
        const duration pause = policy_.state_retry({job_.spent[kind]}, {}, c.bits());
        c.tell(retried{why.value_or(error{}), {job_.spent[kind]}, c.budget_of(why.value_or(error{}).kind), pause});
        s.not_before = c.from_now(pause);
    }
    if (job_.is_generation_used) {
        c.tear_down(job_.next.generation, false);  // it only takes away, and waits for nothing (T4)
        ++job_.next.generation.value;
        job_.is_generation_used = false;
    }
    job_.running.reset();
    job_.tasks = {};
    if (not is_retry or job_.workers.members().empty() or
        generation_of(job_.workers.members().front().identity.id) != job_.next.generation) {
        job_.restore.reset();
        job_.workers.begin(job_.next.generation);
        job_.checkpointed = {};
        job_.overdue_look = never;
        return;
    }
    // Who never came, or cannot be reached, is replaced.
    for (worker& w : job_.workers.all()) {
        w.position = unplaced;
        const bool never_came = why and why->kind == error_kind::worker_start_up;
        if (never_came and not w.is_open() and w.phase != worker_phase::gone) drop(w, c, "did not come in time");
        job_.workers.attend(w);
    }
}

}  // namespace headgate::inline v1
