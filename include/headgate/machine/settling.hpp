#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: what follows from the facts of the job and of its state once an event was taken in.

#include <headgate/machine/ownership.hpp>
#include <headgate/machine/value.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

template <class Policies>
void machine<Policies>::settle(context_type& c) {
    // At rest nothing is due for a worker: its last answers may come at any time and change nothing (I2).
    if (not is_terminal(state())) c.attend_workers();
    watch(c);
    if (not settles_within(policy_.most.turns, c)) end_inconsistent(c);
    if (not is_terminal(state())) {
        c.reached(job_.live_until);
        c.reached(job_.overdue_look);
        c.settle_deadline();
    }
    serve_teardown(c);
    deadline_ = c.deadline();
}

/// Nothing is left to do but to stop its workers, which nobody else will.
template <class Policies>
void machine<Policies>::end_orphaned(context_type& c) {
    c.forget_deadline();
    serve_teardown(c);
    deadline_ = c.deadline();
}

template <class Policies>
bool machine<Policies>::settles_within(std::uint32_t turns, context_type& c) {
    for (; turns > 0; --turns) {
        c.forget_deadline();
        if (look_at_wish(c)) continue;
        if (act(c)) continue;
        // A silent state that is not left writes nothing either.
        const bool writes = std::visit([]<class State>(const State&) { return not silent_state<State>; }, state_);
        if (not writes or not job_.persisted or same_content(job_.next, job_.durable)) return true;
    }
    return false;
}

/// It fails that job alone (S19). Created has no way to Failing and stops, with the report as its last error; the states
/// behind Stopping and Failing end anyway, or rest.
template <class Policies>
void machine<Policies>::end_inconsistent(context_type& c) {
    const error why{.kind = error_kind::internal,
                    .text = "in " + std::string(text_of(state())) + ": one event led to more than " +
                            std::to_string(policy_.most.turns) + " transitions"};
    c.say(remark::severity::alarm, describe(why));
    for (const state_name end : {state_name::failing, state_name::stopping}) {
        if (not is_legal(state(), end)) continue;
        enter(end, why, c);
        break;
    }
    // From Failing or Stopping there are two transitions at most, but for a wish to begin again.
    if (not settles_within(state_count, c)) c.reached(c.from_now(policy_.wait.call));
}

/// One turn of the present state. Answers whether it was left.
template <class Policies>
bool machine<Policies>::act(context_type& c) {
    return std::visit(
        [&]<class State>(State& s) {
            if constexpr (not silent_state<State>) {
                if (not is_terminal(state()) or not job_.persisted or not same_content(job_.next, job_.durable))
                    want_persisted(c);
                const bool may_act = job_.persisted or (taking_away<State> and job_.is_owned());
                if (not may_act) return false;
                if (job_.persisted) leave_out_outage(s, c);
            }
            return follow(want(s, c), c);
        },
        state_);
}

/// The row is durable again: the time until then counts for nothing (T5, R3).
template <class Policies>
template <class State>
void machine<Policies>::leave_out_outage(State& s, context_type& c) {
    job_.healthy_at = without_outage(c, job_.healthy_at);
    if constexpr (std::same_as<State, running>) s.taken.since = without_outage(c, s.taken.since);
    job_.unwritten_since = never;
}

template <class Policies>
void machine<Policies>::watch(context_type& c) {
    if (is_terminal(state()) or not job_.is_owned()) return;
    std::vector<ordinal> late;
    c.look_for_overdue(job_.overdue_look, [&](worker& w) { late.push_back(job_.workers.number_of(w)); });
    const std::uint32_t crew = job_.workers.visit();
    for (const ordinal number : late)
        if (crew == job_.workers.visit()) lose(*job_.workers.find(number), true, "heartbeats overdue", c);
}

template <class Policies>
void machine<Policies>::serve_teardown(context_type& c) {
    teardown& stop = job_.stop;
    if (not job_.is_owned() or stop.up_to.value == 0) return;
    const bool by_force = stop.with_force or stop.gone.attempt().value > 0;
    c.want_of_job(stop.gone, stop.visit, by_force ? policy_.wait.call : policy_.wait.graceful,
                  [&] { return stop_workers{.job = job_.id, .up_to = stop.up_to, .force = by_force}; });
}

/// First of all: is the job to stop, or its time over (S1, S16, J2)? Answers whether the state was left for that.
template <class Policies>
bool machine<Policies>::look_at_wish(context_type& c) {
    // What the row reflects was said later than what is known here: that is on its way.
    if (not job_.wish or job_.wish->version < job_.next.applied) return false;
    // Kept from when it is said, which may be before the row is this controller's (I13).
    if (job_.wish->stop == stop_mode::force) job_.stop.is_wished_by_force = true;
    const bool is_over = job_.live_until != never and c.reached(job_.live_until);
    const bool may_stop = is_legal(state(), state_name::stopping);
    if (may_stop and (job_.wants_to_stop() or is_over)) {
        if (job_.wish->stop == stop_mode::checkpoint or job_.wish->stop == stop_mode::graceful)
            c.say(remark::severity::warning,
                  "a stop with checkpoint or drain is not supported yet; carried out as immediate");
        enter(state_name::stopping,
              is_over and not job_.wants_to_stop()
                  ? std::optional(error{.kind = error_kind::permanent, .text = "the time to live is over"})
                  : std::nullopt,
              c);
        return true;
    }
    const bool is_open = job_.wish->version > job_.next.applied and not job_.wants_to_stop();
    const bool is_running = std::holds_alternative<running>(state_);
    if (not is_open or not job_.compiled or not(is_running or std::holds_alternative<scheduling>(state_))) return false;
    const std::string needs = needs_restart(*job_.compiled, *job_.wish);
    if (needs.empty()) {
        if (is_running) job_.next.applied = job_.wish->version;
    } else if (job_.noticed_wish != job_.wish->version) {
        job_.noticed_wish = job_.wish->version;
        c.say(remark::severity::warning, "not supported yet while the job runs: change of " + needs +
                                             "; it stays open until the job starts the next time");
    }
    return false;
}

}  // namespace headgate::inline v1
