#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what must hold of a job's machine, seen after each step of its controller.

#include <headgate/simulation/invariants.hpp>

namespace headgate::inline v1::simulation {

template <class Policies>
void checks::looked(std::uint32_t slot, const machine<Policies>& now, instant at) {
    const headgate::job& job = now.job();
    seen_by_controller& before = seen_[slot][job.id];
    const state_name state = now.state();
    expect(now.is_over() or now.deadline() != never, invariant::no_unwatched_wait, at,
           [&] { return "in state " + std::string(text_of(state)); });
    if (job.wish) {
        // A job that was let go may have been taken up anew since, with what was last seen of it.
        const bool is_same = job.is_owned() and before.owned == job.next.generation;
        expect(not is_same or job.wish->version >= before.wish, invariant::wish_is_latched, at,
               [] { return std::string("an earlier wish came back"); });
        before.wish = job.wish->version;
        using enum state_name;
        const bool ends =
            state == stopping or state == stopped or state == failing or state == failed or state == finished;
        // What its row reflects was said later.
        const bool is_outdated = job.wish->version < job.next.applied;
        expect(job.wish->stop == stop_mode::run or is_outdated or job.is_let_go or ends, invariant::stops, at,
               [&] { return "the job is still " + std::string(text_of(state)); });
        const bool is_let_go = before.owned != generation{} and not job.is_owned();
        const bool takes_away = state == stopping or state == failing;
        const bool is_said = job.wish->stop == stop_mode::force and not is_outdated;
        // It may have rested since, and stop for another reason.
        const bool is_another = before.visit != job.visit and job.wish->stop == stop_mode::run;
        before.is_forced = takes_away and ((before.is_forced and not is_let_go and not is_another) or is_said);
        expect(not before.is_forced or not job.is_owned() or job.stop.with_force or job.stop.gone,
               invariant::wish_is_latched, at, [] { return std::string("a stop by force is carried out without it"); });
        expect(state != stopped or job.wish->stop != stop_mode::run or job.live_until <= at or
                   job.next.applied < job.wish->version or not job.persisted or not job.is_owned(),
               invariant::wish_is_latched, at, [] { return std::string("stopped, and nobody wished it"); });
    }
    for (std::size_t kind = 0; kind < error_kinds; ++kind) {
        const std::uint32_t budget = now.policy().budget[static_cast<error_kind>(kind)];
        expect(budget == unlimited or job.spent[kind] <= budget, invariant::within_budgets, at,
               [&] { return std::string(text_of(static_cast<error_kind>(kind))); });
    }
    if (state == state_name::running and before.state != state_name::running and job.running) {
        const attempt_seen& one = attempt_of(job.id, job.next.generation);
        const plan& placed = *job.running->plan;
        std::size_t subtasks = 0;
        for (const auto& node : placed.nodes) subtasks += node.parallelism;
        for (std::uint32_t n = 0; n < placed.nodes.size(); ++n)
            for (std::uint32_t i = 0; i < placed.nodes[n].parallelism; ++i) {
                const auto said = one.reported.find({placed.nodes[n].id, i});
                const ordinal owner = ordinal_of(placed.workers[worker_of(placed, n, i)].id);
                expect(said != one.reported.end() and said->second == owner, invariant::running_means_started, at, [&] {
                    return "node " + std::to_string(placed.nodes[n].id.value) + ", subtask " + std::to_string(i) +
                           " was not reported by its worker";
                });
            }
        for (const placed_worker& worker : placed.workers)
            expect(one.finished.size() == subtasks or not one.lost.contains(ordinal_of(worker.id)),
                   invariant::running_means_started, at,
                   [&] { return "worker " + std::to_string(ordinal_of(worker.id).value) + " was lost"; });
    }
    if (state == state_name::running and job.is_owned()) {
        const attempt_seen& one = attempt_of(job.id, job.next.generation);
        // Who has gone since all finished is missed by nobody (J2), and not heard either.
        std::size_t subtasks = 0;
        if (one.what)
            for (const placed_node& node : one.what->plan->nodes) subtasks += node.parallelism;
        expect(not one.failed or one.finished.size() == subtasks, invariant::running_means_started, at, [&] {
            return "node " + std::to_string(one.failed->first.value) + ", subtask " +
                   std::to_string(one.failed->second) + " failed, and the job runs on";
        });
    }
    expect(not before.has_finished or state != state_name::recovering or not job.is_owned() or
               before.owned != job.next.generation or attempt_of(job.id, before.owned).failed,
           invariant::running_means_started, at, [] { return std::string("all has finished, and is run again"); });
    // Begun anew: a generation that has launched nothing, and lost nobody, is kept (S17).
    const auto* const attempt = std::get_if<scheduling>(&now.phase());
    const bool is_anew = attempt and before.state == state_name::scheduling and before.visit != job.visit;
    const bool is_new = is_anew and before.owned != generation{} and before.owned != job.next.generation;
    expect(not is_new or before.is_used or attempt_of(job.id, before.owned).what, invariant::no_livelock, at, [&] {
        return "generation " + std::to_string(before.owned.value) + " is left, and nothing of it had been launched";
    });
    const auto is_given_up = [](const worker& one) { return one.phase == worker_phase::gone; };
    before.is_used =
        job.is_owned() and (not attempt or attempt->is_launching or job.stop.up_to >= job.next.generation or
                            std::ranges::any_of(job.workers.members(), is_given_up));
    restarted(before, now, at);
    const bool runs = state == state_name::running or state == state_name::finishing;
    before.has_finished = runs and job.is_owned() and job.tasks.all_finished();
    before.self = job.self;
    before.visit = job.visit;
    before.state = state;
    before.owned = job.is_owned() ? job.next.generation : generation{};
}

/// Each restart is counted, and none comes before its pause.
template <class Policies>
void checks::restarted(seen_by_controller& before, const machine<Policies>& now, instant at) {
    const restart_memory& memory = now.job().restarts;
    const auto* const recovers = std::get_if<recovering>(&now.phase());
    const bool is_new = recovers and before.state != state_name::recovering;
    if (is_new) {
        const bool ran_well = before.runs_since != never and before.runs_since + now.policy().wait.healthy <= at;
        const bool is_counted = memory.restarts == before.restarts + 1 or (ran_well and memory.restarts == 1);
        // What another counted is gone on from.
        const headgate::job& job = now.job();
        const bool is_adopted = not job.is_owned() and memory.restarts == job.durable.restarts;
        expect(is_counted or is_adopted or before.self == incarnation{}, invariant::within_budgets, at,
               [&] { return std::to_string(memory.restarts) + " restarts after " + std::to_string(before.restarts); });
        expect(memory.restarts <= now.policy().restart.within.restarts, invariant::within_budgets, at,
               [&] { return std::to_string(memory.restarts) + " restarts"; });
    }
    const bool gives_up = now.state() == state_name::failing and before.state != state_name::failing;
    const auto& why = now.job().last_error;
    const bool is_of_restarts =
        why and why->text.starts_with("gave up after ") and not why->text.starts_with("gave up after too long");
    expect(not gives_up or not is_of_restarts or memory.restarts >= now.policy().restart.within.restarts,
           invariant::no_cause_to_fail, at,
           [&] { return "it is given up after " + std::to_string(memory.restarts) + " restarts"; });
    // Whoever took the job over decides on a pause anew.
    const bool begins_pause = recovers and recovers->pause and (is_new or not before.has_pause);
    if (begins_pause) before.pauses_until = at + *recovers->pause;
    const bool is_pauseless = now.policy().restart({}, {at, at, 0}).pause == duration::zero();
    expect(not begins_pause or is_pauseless or *recovers->pause > duration::zero(), invariant::within_budgets, at,
           [] { return std::string("a restart has no pause"); });
    const bool goes_on = now.state() == state_name::compiling or now.state() == state_name::scheduling;
    // Or finds that it had been over before.
    const bool may_do_without = is_pauseless or now.job().durable.state != state_name::recovering;
    expect(before.state != state_name::recovering or not goes_on or
               (before.has_pause ? before.pauses_until <= at : may_do_without),
           invariant::within_budgets, at, [] { return std::string("a restart comes before its pause is over"); });
    before.has_pause = recovers and recovers->pause;
    before.restarts = memory.restarts;
    if (now.state() != state_name::running and now.state() != state_name::finishing)
        before.runs_since = never;
    else if (before.runs_since == never)
        before.runs_since = at;
}

}  // namespace headgate::inline v1::simulation
