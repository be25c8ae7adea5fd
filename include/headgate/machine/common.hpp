#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the events that mean the same in every state: the wish, the row, the stop, and workers that come, speak or
// go.

#include <headgate/machine/value.hpp>

#include <algorithm>
#include <concepts>
#include <string>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

template <class Policies>
bool machine<Policies>::take(const wished& e, context_type& c) {
    if (not e.what or (job_.wish and e.what->version <= job_.wish->version)) return false;
    job_.wish = e.what;
    job_.live_until = e.time_left ? c.from_now(*e.time_left) : never;
    return true;
}

namespace detail {

/// Whose an event is that changed nothing, for people.
struct source_of {
    static std::string worker_of(generation of, ordinal number) {
        return "worker " + std::to_string(number.value) + " of generation " + std::to_string(of.value);
    }
    template <class Message>
    std::string operator()(const fenced<Message>& m) const {
        return worker_of(m.of().generation, m.of().worker);
    }
    template <class Effect>
    std::string operator()(const answered<Effect>& a) const {
        return "an answer to generation " + std::to_string(a.to.generation.value) + ", attempt " +
               std::to_string(a.to.attempt.value);
    }
    std::string operator()(const worker_exited& e) const {
        return worker_of(generation_of(e.worker), ordinal_of(e.worker));
    }
    std::string operator()(const auto&) const { return "the controller"; }
};

}  // namespace detail

/// Never a line for each message: the first of a kind in a generation, then how many more there were, with the next
/// transition or phase (G1).
template <class Policies>
void machine<Policies>::tell_refused(const event& e, context_type& c) {
    const bool is_told_anyway = c.has_told_progress();
    const auto tell = [&](told_count& told, std::uint64_t count, remark::severity how, const char* what) {
        const std::uint64_t more = told.due(count, job_.next.generation, is_told_anyway);
        if (more > 0)
            c.say(how, std::to_string(more) + what + "; the last from " + std::visit(detail::source_of{}, e));
    };
    tell(job_.told_stale, job_.count.stale, remark::severity::info,
         " late, that nobody waits for any more, changed nothing");
    tell(job_.told_rejected, job_.count.rejected, remark::severity::warning,
         " rejected, that claim what is not their worker's, changed nothing");
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

    // A worker keeps where it is for its life; who says otherwise has its token and its incarnation, and is another.
    const bool is_known = w->profile.incarnation == shown.incarnation;
    const bool has_moved = is_known and not is_same_worker(w->profile, shown);
    const char* const alarm = has_moved ? " registered as the same incarnation at another address"
                              : w->is_present() and not is_known
                                  ? " registered as a second incarnation while the first was alive"
                                  : nullptr;
    if (alarm) c.say(remark::severity::alarm, "worker " + std::to_string(of.worker.value) + alarm);
    if (alarm and w->is_present()) {
        lose(*w, false, "replaced by another", c);
        w = job_.workers.find(of.worker);
        if (of.generation != job_.next.generation or not w) return true;
    }
    w->stream = of.stream;
    c.heard(*w);
    job_.overdue_look = std::min(job_.overdue_look, c.from_now(policy_.wait.overdue));
    if (w->is_present()) return false;  // the same again: its stream was lost, or the message came twice
    if (not is_known or has_moved) {
        w->channel.forget();
        w->dials = 0;
    }
    w->profile = shown;
    job_.workers.enter(*w, w->channel ? worker_phase::open : worker_phase::connected);
    dispatch(worker_joined{of.worker}, c);
    return true;  // and who it took the place of may have changed the state
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
bool machine<Policies>::take(const disowned& e, context_type& c) {
    if (e.row.empty()) return stands(standing::lost, c);
    c.say(remark::severity::alarm, "the job's row " + e.row + "; " + let_go_with_its_workers);
    return stands(standing::replaced, c);
}

template <class Policies>
bool machine<Policies>::take(const answered<write_checkpoint>& a, context_type& c) {
    const auto no = [](const auto&) { return false; };
    // What comes after the job's own release says nothing of others, nor what comes before that was answered: whether
    // another has the job, its own answer says.
    const bool is_lost = job_.is_owned() and job_.next.owner == job_.self and a.to.incarnation == job_.self and
                         a.to.generation == job_.next.generation and
                         a.result.match(
                             no, [](const error& why) { return why.kind == error_kind::ownership_lost; }, no);
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
    const bool is_told_to_end = job_.stop.up_to >= job_.next.generation or w.dismissed or w.dismissed.in_flight();
    if (was_there and not is_told_to_end) job_.troubled.add(w.profile.machine, c.from_now({}));
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
            c.say(remark::severity::warning, "the job is let go: another controller has it");
            return false;
        case standing::refused:
            job_.is_let_go = job_.is_refused = true;
            c.say(remark::severity::warning,
                  "the job is let go: the database refuses its row; it is taken up again after a pause");
            return false;
        case standing::replaced:
            job_.is_let_go = job_.is_orphaned = true;
            // No generation of another controller: this one's was in the row.
            if (job_.is_owned()) c.tear_down(newest_own(c), job_.stop.is_wished_by_force);
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

}  // namespace headgate::inline v1
