#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the hand with which a state asks, waits and tells.

#include <headgate/fact/fact.hpp>
#include <headgate/fact/waiting.hpp>
#include <headgate/machine/job.hpp>
#include <headgate/machine/policies.hpp>
#include <headgate/vocabulary/effect.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

/// Lives for one step. A state sees time through `want`, `reached` and `from_now` alone.
template <class Policies>
class context : public waiting {
public:
    context(headgate::job& self, const Policies& chosen, moment at, effects& out)
        : waiting(at), job(self), policy(chosen), out_(out) {}

    headgate::job& job;
    const Policies& policy;

    generation current() const { return job.next.generation; }

    /// Asks for `wanted`, a fact of the state, with the effect that `make` makes, unless it is known, in flight or
    /// backing off. An overdue answer is an unknown outcome of the effect's kind, and asked for again.
    template <class T, std::invocable Make>
    void want(fact<T>& wanted, Make make);

    /// Likewise, a fact of `of`: `want(w, w.channel, ...)`.
    template <class T, std::invocable Make>
    void want(worker& of, fact<T>& wanted, Make make);

    /// Whether `to` is the ticket under which `wanted` is in flight. Any other is stale, and counted.
    template <class T>
    bool accepts(const fact<T>& wanted, const ticket& to) {
        return accepts(wanted, to, job.visit);
    }
    /// The worker whose `wanted` is in flight under this ticket, or null.
    template <class T>
    worker* accepts(fact<T> worker::*wanted, const ticket& to);

    /// One attempt failed: spends the budget of `why`, and asks for `wanted` once more after a pause.
    /// Precondition: in flight.
    template <class T>
    void again(fact<T>& wanted, const error& why);
    /// Likewise, a fact of `of`. Its attempts are counted by worker: many that fail once each spend nothing (S14, I14).
    template <class T>
    void again(worker& of, fact<T>& wanted, const error& why);
    /// After `length`, asks for `wanted` once more; spends nothing. Precondition: in flight.
    template <class T>
    void pause(fact<T>& wanted, duration length) {
        wanted.pause(length, now());
    }
    /// How long to wait before the next attempt at `wanted`.
    template <class T>
    duration retry_pause(const fact<T>& wanted) {
        return policy.state_retry(wanted.tries(), wanted.paused(), bits());
    }

    /// Attempts allowed of this kind; 0: without limit.
    std::uint32_t budget_of(error_kind kind) const {
        return policy.budget[kind] == unlimited ? 0 : policy.budget[kind];
    }
    /// One more failure of this kind; false if its budget is spent with it.
    bool spend(const error& why);

    /// When the job is given up unless it runs healthily before (R3).
    instant gives_up_at() const {
        return job.healthy_at == never ? never : policy.restart.gives_up_at(job.healthy_at);
    }

    /// All workers up to this generation are to end (S3). Answers whether they have.
    bool tear_down(generation up_to, bool with_force);

    void tell(note what) { out_.told.push_back(std::move(what)); }
    /// Whether a transition or the end of a phase was told of in this step.
    bool has_told_progress() const {
        return std::ranges::any_of(out_.told, [](const note& one) {
            return std::holds_alternative<transition>(one) or std::holds_alternative<phase_ended>(one);
        });
    }
    void say(remark::severity how, std::string text) { tell(remark{how, std::move(text)}); }

    // For the parts of the machine that are common to all states.
    template <class T, std::invocable Make>
    void want_of_job(fact<T>& wanted, std::uint32_t visit, duration limit, Make make);
    template <class T>
    bool accepts(const fact<T>& wanted, const ticket& to, std::uint32_t visit);
    void attend_workers() { job.workers.tend(now()); }
    /// Calls `serve(worker&)` for each worker on the attention list.
    template <class Serve>
    void serve_attended(Serve serve) {
        job.workers.serve_attended(now(), serve);
    }
    void heard(worker& from) { from.heard = now(); }
    /// Calls `late(worker&)` for each present worker that was not heard for too long; arms the next look.
    template <class Late>
    void look_for_overdue(instant& next_look, Late late);
    void forget_deadline() { disarm(); }
    void settle_deadline() { arm(job.workers.next_due()); }

private:
    template <class T, class Effect>
    static constexpr void must_answer() {
        static_assert(std::same_as<typename Effect::result, T>,
                      "a fact is asked for with an effect that answers it: want(fact<T>, make) takes a `make` whose effect "
                      "has `using result = T`");
    }
    ticket ticket_of(std::uint32_t visit, attempt number, ordinal worker) const {
        return {current(), job.self, visit, number, worker};
    }
    template <class Effect>
    void emit(const ticket& by, instant deadline, Effect what) {
        out_.asked.push_back(request<Effect>{by, deadline, std::move(what)});
    }
    template <class T>
    error overdue_error(error_kind kind, const fact<T>& wanted) const;
    /// It is tried again, unless a budget is spent: the state is left then.
    void tell_failed(const error& why, attempt number, duration pause) {
        tell(retried{why, number, budget_of(why.kind), job.exhausted ? std::nullopt : std::optional(pause)});
    }

    effects& out_;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Policies>
template <class T>
error context<Policies>::overdue_error(error_kind kind, const fact<T>& wanted) const {
    return {.kind = kind, .text = "no answer in time, attempt " + std::to_string(wanted.tries().value)};
}

template <class Policies>
template <class T, std::invocable Make>
void context<Policies>::want(fact<T>& wanted, Make make) {
    using effect_type = std::invoke_result_t<Make&>;
    must_answer<T, effect_type>();

    if (wanted.overdue(now())) again(wanted, overdue_error(effect_type::fails_as, wanted));
    if (wanted.due(now()) and not job.exhausted) {
        wanted.ask(from_now(limit_of<effect_type>(policy.wait)));
        emit(ticket_of(job.visit, wanted.attempt(), {}), wanted.deadline(), make());
    }
    arm(wanted.deadline());
}

template <class Policies>
template <class T, std::invocable Make>
void context<Policies>::want(worker& of, fact<T>& wanted, Make make) {
    using effect_type = std::invoke_result_t<Make&>;
    must_answer<T, effect_type>();

    if (wanted.overdue(now())) {
        // Dials are counted by worker: one that cannot be reached is dropped, and the attempt goes on (S12). The end of
        // a spare is nothing that the job needs (S11).
        if constexpr (std::same_as<effect_type, dial>)
            pause(wanted, policy.dial(wanted.attempt(), wanted.paused(), bits()));
        else if constexpr (std::same_as<effect_type, stop_execution>)
            pause(wanted, retry_pause(wanted));
        else
            again(of, wanted, overdue_error(effect_type::fails_as, wanted));
    }
    if (wanted.due(now()) and not job.exhausted) {
        wanted.ask(from_now(limit_of<effect_type>(policy.wait)));
        emit(ticket_of(job.workers.visit(), wanted.attempt(), job.workers.number_of(of)), wanted.deadline(), make());
    }
    job.workers.due_at(wanted.deadline());
}

template <class Policies>
template <class T, std::invocable Make>
void context<Policies>::want_of_job(fact<T>& wanted, std::uint32_t visit, duration limit, Make make) {
    if (wanted.overdue(now())) pause(wanted, retry_pause(wanted));
    if (wanted.due(now())) {
        wanted.ask(from_now(limit));
        emit(ticket_of(visit, wanted.attempt(), {}), wanted.deadline(), make());
    }
    arm(wanted.deadline());
}

template <class Policies>
template <class T>
bool context<Policies>::accepts(const fact<T>& wanted, const ticket& to, std::uint32_t visit) {
    if (wanted.in_flight() and to == ticket_of(visit, wanted.attempt(), {})) return true;
    ++job.count.stale;
    return false;
}

template <class Policies>
template <class T>
worker* context<Policies>::accepts(fact<T> worker::*wanted, const ticket& to) {
    worker* const of = job.workers.find(to.worker);
    if (of and (of->*wanted).in_flight() and
        to == ticket_of(job.workers.visit(), (of->*wanted).attempt(), to.worker)) {
        job.workers.attend(*of);
        return of;
    }
    ++job.count.stale;
    return nullptr;
}

template <class Policies>
template <class T>
void context<Policies>::again(fact<T>& wanted, const error& why) {
    const duration length = retry_pause(wanted);
    spend(why);
    // Of the kind: that is what its budget is compared with, and what it was asked in vain for slots is not in it.
    const attempt number{job.spent[static_cast<std::size_t>(why.kind)]};
    tell_failed(why, budget_of(why.kind) > 0 ? number : wanted.tries(), length);
    pause(wanted, length);
}

template <class Policies>
template <class T>
void context<Policies>::again(worker&, fact<T>& wanted, const error& why) {
    const duration length = retry_pause(wanted);
    const std::uint32_t budget = policy.budget[why.kind];
    if (budget != unlimited and wanted.tries().value >= budget and not job.exhausted) job.exhausted = why;
    tell_failed(why, wanted.tries(), length);
    pause(wanted, length);
}

template <class Policies>
bool context<Policies>::spend(const error& why) {
    const std::uint32_t budget = policy.budget[why.kind];
    if (budget == unlimited) return true;
    std::uint32_t& spent = job.spent[static_cast<std::size_t>(why.kind)];
    if (++spent < budget) return true;
    spent = budget;
    if (not job.exhausted) job.exhausted = why;
    return false;
}

template <class Policies>
bool context<Policies>::tear_down(generation up_to, bool with_force) {
    teardown& stop = job.stop;
    if (up_to > stop.up_to or (up_to == stop.up_to and with_force and not stop.with_force and not stop.gone)) {
        stop = {.up_to = up_to,
                .with_force = with_force,
                .is_wished_by_force = stop.is_wished_by_force,
                .visit = stop.visit + 1};
        if (up_to == current()) job.is_generation_used = true;
    }
    return up_to.value == 0 or bool(stop.gone);
}

template <class Policies>
template <class Late>
void context<Policies>::look_for_overdue(instant& next_look, Late late) {
    if (next_look <= now()) {
        instant longest_silent = never;
        for (worker& one : job.workers.all()) {
            if (not one.is_present()) continue;
            if (later(one.heard, policy.wait.overdue) <= now())
                late(one);
            else
                longest_silent = std::min(longest_silent, one.heard);
        }
        next_look = later(longest_silent, policy.wait.overdue);
    }
    arm(next_look);
}

/// Why a job is not tried again (R3, J5).
template <class Policies>
error gave_up(const context<Policies>& c, restart_verdict why) {
    const error last = c.job.last_error.value_or(error{.kind = error_kind::permanent, .text = c.job.next.last_error});
    const std::string spent = why == restart_verdict::restarts_spent
                                  ? std::to_string(c.job.restarts.restarts) + " restarts"
                                  : std::string("too long without a healthy run");
    return {.kind = error_kind::permanent, .text = "gave up after " + spent + "; last: " + describe(last)};
}

}  // namespace headgate::inline v1
