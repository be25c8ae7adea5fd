#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the job as one copyable value. It performs no I/O, reads no clock, draws no randomness, starts no thread.

#include <headgate/machine/compiling.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/event.hpp>
#include <headgate/machine/finishing.hpp>
#include <headgate/machine/job.hpp>
#include <headgate/machine/later.hpp>
#include <headgate/machine/ownership.hpp>
#include <headgate/machine/policies.hpp>
#include <headgate/machine/recovering.hpp>
#include <headgate/machine/running.hpp>
#include <headgate/machine/scheduling.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/machine/stopping.hpp>
#include <headgate/machine/table.hpp>
#include <headgate/machine/terminal.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

/// Whether a state may act before its row is durable: because nothing of it is outside, or because it only takes away
/// and the job is owned (T4).
template <class State>
concept silent_state = requires { requires State::is_silent; };
template <class State>
concept taking_away = requires { requires State::takes_away; };

/// One job under the control of this controller. Feed it events; carry its effects out; call it with `tick` at
/// `deadline()`. Every event is answered in every state; nothing throws (S19).
template <class Policies = policies<>>
class machine {
public:
    using policies_type = Policies;
    using any_state =
        std::variant<created, compiling, scheduling, running, rescaling, restarting, recovering, checkpoint_stopping,
                     stopping, finishing, failing, stopped, failed, finished>;

    /// Takes up the job `id` where its row says it was (T2, J6). `worker_slots` is the size of the workers that the
    /// backend starts. The first event should be the wish as it stands.
    machine(job_id id, incarnation self, job_row found, std::uint32_t worker_slots, Policies policy = {});

    /// Changes the machine, and names in `out` what it wants; `out` is cleared first.
    void on(const event& e, moment at, effects& out);

    /// When to be called with `tick` at the latest; `never` only when it is over.
    instant deadline() const { return is_over() ? never : deadline_; }
    /// The job's end is stored and its workers are gone, or another controller has it (I15).
    bool is_over() const;

    state_name state() const { return static_cast<state_name>(state_.index()); }
    const any_state& phase() const { return state_; }
    const headgate::job& job() const { return job_; }
    const Policies& policy() const { return policy_; }

    friend bool operator==(const machine&, const machine&) = default;

private:
    using context_type = context<Policies>;

    /// More transitions than this in one step are an inconsistency of our own.
    static constexpr int most_turns = 16;

    // What is common to all states. Each answers whether something may follow from the event.
    bool take(const tick&, context_type&) { return true; }
    bool take(const wished& e, context_type& c);
    bool take(const fenced<registered>& m, context_type& c);
    bool take(const fenced<heartbeat>& m, context_type& c);
    bool take(const fenced<stream_lost>& m, context_type& c);
    bool take(const worker_exited& e, context_type& c);
    bool take(const slots_freed& e, context_type& c) { return dispatch(e, c); }
    bool take(const restart_turn& e, context_type& c) { return dispatch(e, c); }
    bool take(const disowned&, context_type& c) { return stands(standing::lost, c); }
    bool take(const answered<write_checkpoint>& a, context_type& c);
    bool take(const answered<claim>& a, context_type& c) { return stands(headgate::on(c, a), c); }
    bool take(const answered<store_row>& a, context_type& c) { return stands(headgate::on(c, a), c); }
    bool take(const answered<stop_workers>& a, context_type& c);
    template <class Message>
    bool take(const fenced<Message>& m, context_type& c);
    template <class Effect>
    bool take(const answered<Effect>& a, context_type& c) {
        return dispatch(a, c);
    }

    worker* speaker(const session& of);
    void lose(worker& w, bool for_good, std::string why, context_type& c);
    bool stands(standing how, context_type& c);
    template <class StateEvent>
    bool dispatch(const StateEvent& e, context_type& c);
    template <class State>
    bool follow(const step<State>& answer, context_type& c);

    void settle(context_type& c);
    bool act(context_type& c);
    void watch(context_type& c);
    void serve_teardown(context_type& c);
    bool look_at_wish(context_type& c);

    void adopt();
    void resume_as(state_name state);
    void enter(state_name to, const std::optional<error>& why, context_type& c);
    void prepare_scheduling(bool is_retry, const std::optional<error>& why, context_type& c);

    [[no_unique_address]] Policies policy_;
    headgate::job job_;
    any_state state_;
    instant deadline_{};  // at once: nothing was looked at yet
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Policies>
machine<Policies>::machine(job_id id, incarnation self, job_row found, std::uint32_t worker_slots, Policies policy)
    : policy_(std::move(policy)) {
    job_.id = std::move(id);
    job_.self = self;
    job_.worker_slots = std::max(worker_slots, std::uint32_t{1});
    job_.durable = std::move(found);
    adopt();
}

template <class Policies>
bool machine<Policies>::is_over() const {
    const bool is_torn_down = job_.stop.up_to.value == 0 or job_.stop.gone;
    return job_.is_let_go or (is_terminal(state()) and job_.persisted and is_torn_down);
}

template <class Policies>
void machine<Policies>::on(const event& e, moment at, effects& out) {
    out.clear();
    if (job_.is_let_go) return;
    context_type c(job_, policy_, at, out);
    const bool may_follow = std::visit([&](const auto& what) { return take(what, c); }, e);
    if (may_follow and not job_.is_let_go) settle(c);
    if (job_.is_let_go) out.asked.clear();
}

// Events common to all states -------------------------------------------------------------------------------------------

template <class Policies>
bool machine<Policies>::take(const wished& e, context_type& c) {
    if (not e.what or (job_.wish and e.what->version <= job_.wish->version)) return false;
    job_.wish = e.what;
    job_.live_until = e.time_left ? c.from_now(*e.time_left) : never;
    return true;
}

/// The worker that a message came from, if its stream is the one that counts (G1).
template <class Policies>
worker* machine<Policies>::speaker(const session& of) {
    worker* const w = job_.workers.find(of.worker);
    if (of.generation != job_.next.generation or not job_.is_owned() or not w or w->is_barred or
        w->stream != of.stream) {
        ++job_.count.stale;
        return nullptr;
    }
    return w;
}

template <class Policies>
bool machine<Policies>::take(const fenced<registered>& m, context_type& c) {
    const session& of = m.of();
    if (of.generation != job_.next.generation or not job_.is_owned()) return ++job_.count.stale, false;
    worker* w = job_.workers.find(of.worker);
    const worker_profile& shown = m.value().profile;
    if (not w or w->is_barred or not check(shown, w->identity, policy_.most)) return ++job_.count.rejected, false;

    if (w->is_present() and w->profile.incarnation != shown.incarnation) {
        c.say(remark::severity::alarm, "worker " + std::to_string(of.worker.value) +
                                           " registered as a second incarnation while the first was alive");
        lose(*w, false, "replaced by another incarnation", c);
        w = job_.workers.find(of.worker);
        if (of.generation != job_.next.generation or not w) return true;
    }
    w->stream = of.stream;
    c.heard(*w);
    job_.overdue_look = std::min(job_.overdue_look, c.from_now(policy_.wait.overdue));
    if (w->is_present()) return false;  // the same again: its stream was lost, or the message came twice
    const bool is_known = w->profile.incarnation == shown.incarnation;
    if (not is_known or w->profile.rpc_address != shown.rpc_address) {
        w->channel.forget();
        w->dials = 0;
    }
    w->profile = shown;
    job_.workers.enter(*w, w->channel ? worker_phase::open : worker_phase::connected);
    return dispatch(worker_joined{of.worker}, c);
}

template <class Policies>
bool machine<Policies>::take(const fenced<heartbeat>& m, context_type& c) {
    if (worker* const w = speaker(m.of())) c.heard(*w);
    return false;
}

template <class Policies>
bool machine<Policies>::take(const fenced<stream_lost>& m, context_type& c) {
    worker* const w = speaker(m.of());
    if (not w or w->phase == worker_phase::gone) return false;
    lose(*w, false, "its stream was lost", c);
    return true;
}

template <class Policies>
bool machine<Policies>::take(const worker_exited& e, context_type& c) {
    worker* const w = job_.workers.find(ordinal_of(e.worker));
    if (generation_of(e.worker) != job_.next.generation or not w or w->is_barred) return ++job_.count.stale, false;
    lose(*w, true, e.how, c);
    return true;
}

template <class Policies>
bool machine<Policies>::take(const answered<stop_workers>& a, context_type& c) {
    teardown& stop = job_.stop;
    // It outlives generations: its visit is its own.
    ticket to = a.to;
    to.generation = job_.next.generation;
    if (not c.accepts(stop.gone, to, stop.visit)) return false;
    // A stop may be repeated, so an unknown outcome is asked for again like one that was not applied.
    const auto again = [&](const error& why) {
        c.tell(retried{why, stop.gone.attempt(), 0, policy_.wait.graceful});
        c.pause(stop.gone, c.retry_pause(stop.gone));
    };
    a.result.match(
        [&](std::uint32_t left) {
            if (left == 0) return stop.gone.learn(0);
            again({.kind = error_kind::scheduler, .text = std::to_string(left) + " workers are left"});
        },
        again, again);
    return true;
}

template <class Policies>
bool machine<Policies>::take(const answered<write_checkpoint>& a, context_type& c) {
    const auto no = [](const auto&) { return false; };
    const bool is_lost = a.to.incarnation == job_.self and a.to.generation == job_.next.generation and
                         a.result.match(no, [](const error& why) { return why.kind == error_kind::ownership_lost; }, no);
    return is_lost ? stands(standing::lost, c) : dispatch(a, c);
}

template <class Policies>
template <class Message>
bool machine<Policies>::take(const fenced<Message>& m, context_type& c) {
    worker* const w = speaker(m.of());
    if (not w) return false;
    c.heard(*w);
    const bool moved = dispatch(m, c);
    // On the way to "all": nothing can follow from one report more.
    if constexpr (std::same_as<Message, task_report>) {
        if (moved) return true;
        if (std::holds_alternative<scheduling>(state_)) return job_.running and job_.tasks.all_started();
        if (std::holds_alternative<running>(state_)) return job_.tasks.sources_finished();
        return job_.running and job_.tasks.all_finished();
    }
    return true;
}

template <class Policies>
void machine<Policies>::lose(worker& w, bool for_good, std::string why, context_type& c) {
    const ordinal number = job_.workers.number_of(w);
    const bool was_there = w.phase != worker_phase::gone;
    w.is_barred = for_good;
    job_.workers.enter(w, worker_phase::gone);
    if (was_there)
        dispatch(worker_gone{number,
                             {.kind = error_kind::worker_lost,
                              .text = "worker " + std::to_string(number.value) + ": " + std::move(why)}},
                 c);
}

template <class Policies>
bool machine<Policies>::stands(standing how, context_type& c) {
    switch (how) {
        case standing::mine: return true;
        case standing::inherited: adopt(); return true;
        case standing::lost:
            job_.is_let_go = true;
            c.say(remark::severity::warning, "another controller has the job; it is let go");
            return false;
    }
    return false;
}

template <class Policies>
template <class StateEvent>
bool machine<Policies>::dispatch(const StateEvent& e, context_type& c) {
    return std::visit(
        [&]<class State>(State& s) {
            if constexpr (State::ignored::template contains<StateEvent>) {
                ++job_.count.ignored;
                return false;
            } else {
                const step<State> answer = headgate::on(s, c, e);
                constexpr bool is_report = std::same_as<StateEvent, fenced<task_report>>;
                return follow(answer, c) or not is_report;
            }
        },
        state_);
}

template <class Policies>
template <class State>
bool machine<Policies>::follow(const step<State>& answer, context_type& c) {
    if (not answer.target()) return false;
    enter(*answer.target(), answer.why(), c);
    return true;
}

// What follows ----------------------------------------------------------------------------------------------------------

template <class Policies>
void machine<Policies>::settle(context_type& c) {
    c.attend_workers();
    watch(c);
    int turns = 0;
    for (; turns < most_turns; ++turns) {
        c.forget_deadline();
        if (look_at_wish(c)) continue;
        if (act(c)) continue;
        if (not job_.persisted or same_content(job_.next, job_.durable)) break;
    }
    if (turns == most_turns) c.say(remark::severity::alarm, "internal: a step did not settle");
    if (not is_terminal(state())) {
        c.reached(job_.live_until);
        c.reached(job_.overdue_look);
    }
    serve_teardown(c);
    c.settle_deadline();
    deadline_ = c.deadline();
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
            }
            return follow(want(s, c), c);
        },
        state_);
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
    if (not job_.wish) return false;
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
    if (not std::holds_alternative<running>(state_) or not is_open or not job_.compiled) return false;
    const std::string needs = needs_restart(*job_.compiled, *job_.wish);
    if (needs.empty()) {
        job_.next.applied = job_.wish->version;
    } else if (job_.noticed_wish != job_.wish->version) {
        job_.noticed_wish = job_.wish->version;
        c.say(remark::severity::warning, "not supported yet while the job runs: change of " + needs +
                                             "; it stays open until the job starts the next time");
    }
    return false;
}

// Transitions -----------------------------------------------------------------------------------------------------------

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
    if (is_terminal(state) and state == job_.durable.state) {
        job_.next.owner = job_.durable.owner;
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
    resume_as(to);

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
    if (to == state_name::recovering) {
        if (job_.healthy_at == never) job_.healthy_at = c.from_now({});
        const job_failure failure{c.from_now({}), job_.healthy_at, c.bits()};
        const restart_answer answer = policy_.restart(job_.restarts, failure);
        std::get<recovering>(state_).answer = answer;
        job_.restarts = answer.next;
        next.restarts = answer.next.restarts;
    }
    if (to == state_name::stopping) next.applied = job_.wish->version;
    if (to == state_name::finished) next.is_complete = true;
    if (why and (to == state_name::recovering or to == state_name::failing or to == state_name::stopping))
        next.last_error = describe(*why).substr(0, policy_.most.error_text);
    c.tell(transition{from, to, next.generation, why});
}

/// Keeps generation, restore point and every healthy worker as long as no StartExecution was sent; after that it is a
/// new generation (S17).
template <class Policies>
void machine<Policies>::prepare_scheduling(bool is_retry, const std::optional<error>& why, context_type& c) {
    scheduling& s = std::get<scheduling>(state_);
    s.phases.begin(c);
    if (is_retry) {
        const auto kind = static_cast<std::size_t>(why.value_or(error{}).kind);
        const duration pause = policy_.state_retry({job_.spent[kind]}, {}, c.bits());
        c.tell(retried{why.value_or(error{}), {job_.spent[kind]}, c.budget_of(why.value_or(error{}).kind), pause});
        s.not_before = c.from_now(pause);
    }
    if (job_.is_generation_used) {
        ++job_.next.generation.value;
        job_.is_generation_used = false;
    }
    job_.running.reset();
    job_.tasks = {};
    if (not is_retry or job_.workers.members().empty() or
        generation_of(job_.workers.members().front().identity.id) != job_.next.generation) {
        job_.restore.reset();
        job_.workers.begin(job_.next.generation);
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
