#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what a world looks at after each turn of a controller, for its checks and its probes.

#include <headgate/policy/worst_case.hpp>
#include <headgate/simulation/world.hpp>

namespace headgate::inline v1::simulation {

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::look(std::uint32_t slot) {
    for (const auto& [job, entry] : around_.rows.jobs()) {
        const machine<Policies>* const has = controllers_[slot]->drive.find(job);
        if (look_at_refused(slot, job, entry.row, has != nullptr)) continue;
        if (not has) {
            around_.rules.left(slot, job, around_.rows, around_.backend, around_.now);
            around_.health.left(slot, job);
            continue;
        }
        around_.rules.looked(slot, *has, around_.now);
        if (const auto wrong = around_.health.looked(slot, *has, around_.now))
            around_.rules.expect(false, invariant::within_budgets, around_.now,
                                 [&] { return job.value + ": " + *wrong; });
        glimpse& before = around_.glimpses[slot][job];
        time_attempt(*has, before);
        glance(*has, before);
        look_at_channels(*has);
        if (has->is_over()) around_.rules.over(has->job(), around_.backend, around_.now);
    }
    around_.rules.expect(around_.queue.size() < traffic::most / 2, invariant::bounded, around_.now,
                         [] { return std::string("too much is on its way"); });
    around_.rules.expect(around_.backend.all().size() < processes::most, invariant::bounded, around_.now,
                         [] { return std::string("too many workers were started"); });
}

/// Whose row is refused lets the job go, and takes it up again when another would have (I14, I15): within that time it
/// is nobody's silent end. Answers whether that is so.
template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::look_at_refused(std::uint32_t slot, const job_id& job, const job_row& row,
                                               bool is_here) {
    const incarnation self = around_.places[slot].self;
    const auto at = around_.refused_rows.find({self, job});
    if (at == around_.refused_rows.end() or (is_here and at->second == never)) return false;
    const patience& wait = policy_.wait;
    if (at->second == never) at->second = around_.now;
    const instant let_go = at->second;
    if (is_here) {
        around_.refused_rows.erase(at);
        around_.rules.expect(around_.now - let_go >= wait.lease / 2, invariant::within_budgets, around_.now, [&] {
            return job.value + " was let go as its row was refused, and is taken up again after " +
                   std::to_string((around_.now - let_go).count()) + " ms";
        });
        return false;
    }
    if (row.owner != self) return false;
    const instant latest = later(std::max(let_go, around_.awake_since[slot]), wait.lease + wait.lease_step + wait.call);
    around_.rules.expect(around_.now <= latest, invariant::no_silent_end, around_.now,
                         [&] { return job.value + " was let go as its row was refused, and is not taken up again"; });
    around_.rules.refused(slot, job);
    around_.health.left(slot, job);
    return true;
}

/// A job that lacks slots may end those of its workers that it does not want any more (S6).
template <class Policies, backend_rules Backend>
std::uint64_t world<Policies, Backend>::slots_of_given_up(const headgate::job& of) const {
    std::uint64_t sum = 0;
    const auto& members = of.workers.members();
    for (const process& one : around_.backend.all())
        if (one.lives() and not one.is_extra and one.job == of.id and one.generation == of.next.generation) {
            const ordinal number = ordinal_of(one.identity.id);
            sum += number.value < members.size() and members[number.value].is_barred ? one.identity.slots : 0;
        }
    return sum;
}

/// Nothing is given up before its budget is spent, or its time is over. The last failure of a start-up is not told of.
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::look_at_giving_up(const machine<Policies>& of, glimpse& before) {
    const auto gave_up = std::exchange(before.gave_up, std::nullopt);
    if (not gave_up) return;
    const auto [kind, told] = *gave_up;
    const std::uint32_t budget = policy_.budget[kind];
    const bool is_told_each = kind == error_kind::scheduler or kind == error_kind::state_backend;
    around_.rules.expect(budget == unlimited or told + (is_told_each ? 0u : 1u) >= budget, invariant::no_cause_to_fail,
                         around_.now, [&] {
                             return of.job().id.value + " is given up for " + std::string(text_of(kind)) + " after " +
                                    std::to_string(told) + " of " + std::to_string(budget);
                         });
    const bool is_early = kind == error_kind::not_enough_slots and of.state() == state_name::failing and
                          around_.now < later(before.scheduled_since, policy_.wait.worker_start_up);
    around_.rules.expect(not is_early, invariant::no_cause_to_fail, around_.now, [&] {
        return of.job().id.value + " waited for slots for " +
               std::to_string((around_.now - before.scheduled_since).count()) + " ms alone";
    });
}

/// No attempt lasts longer than its phases together (L1), and where there are slots it starts its workers (L7).
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::time_attempt(const machine<Policies>& of, glimpse& before) {
    const headgate::job& job = of.job();
    const patience& wait = policy_.wait;
    const auto* const attempt = std::get_if<scheduling>(&of.phase());
    look_at_giving_up(of, before);
    const bool is_timed = attempt and job.persisted;
    if (not is_timed or before.visit != job.visit)
        before.attempt_since = before.slots_since = before.started_since = never;
    if (not attempt or before.visit != job.visit) before.scheduled_since = never;
    if (attempt and before.scheduled_since == never) before.scheduled_since = around_.now;
    if (attempt and attempt->is_launching and not std::exchange(before.is_launching, true))
        around_.rules.launches(job, around_.backend, around_.now < before.scheduled_since + wait.old_workers,
                               around_.now);
    before.is_launching = attempt and attempt->is_launching;
    before.visit = job.visit;
    if (not is_timed) return;
    const instant now = around_.now;
    // A job may wait for slots without limit, and shows it; what lasts then is what comes after.
    const bool waits = job.wish->waits_for_slots and attempt->lacking;
    if (before.attempt_since == never or waits) before.attempt_since = now;
    // A checkpoint is loaded while workers start up, and after that if it must.
    const auto longest = [&] {
        const duration loads = worst_case(state_backoff, policy_.budget[error_kind::state_backend], wait.call);
        return std::max(wait.worker_start_up, loads) + wait.task_start_up + state_backoff.base.most + wait.call;
    };
    const bool is_early =
        policy_.budget[error_kind::state_backend] == unlimited or now <= before.attempt_since + wait.worker_start_up;
    around_.rules.expect(is_early or now <= before.attempt_since + longest(), invariant::attempt_ends, now, [] {
        return std::string(
            "it lasts longer than start-up of workers or loading, start-up of tasks, backoff and one call together");
    });
    const bool has_started = around_.wrong.is_healed() and attempt->is_launching and is_executed(*job.running, true);
    if (not has_started) before.started_since = never;
    if (has_started and before.started_since == never) before.started_since = now;
    // What was on its way has come by then, and what was lost with a stream has been told anew.
    around_.rules.expect(not has_started or now <= before.started_since + std::chrono::seconds(75),
                         invariant::converges, now,
                         [] { return std::string("every subtask has started, and the job does not run"); });
    const bool could_start = around_.wrong.is_healed() and attempt->lacking and
                             around_.backend.free() + slots_of_given_up(job) >= attempt->lacking->needed;
    if (not could_start) before.slots_since = never;
    if (could_start and before.slots_since == never) before.slots_since = now;
    const bool is_asked = attempt->asked.in_flight();
    if (not could_start or is_asked) before.idle_since = never;
    if (could_start and not is_asked and before.idle_since == never) before.idle_since = now;
    const bool is_soon = not could_start or (now <= before.slots_since + wait.slot_poll + wait.call and
                                             (is_asked or now <= before.idle_since + wait.slot_poll));
    around_.rules.expect(is_soon, invariant::wakes_up, now,
                         [] { return std::string("slots are there, and nothing was started"); });
}

/// Somebody is gone, and one of those that were launched since is there.
inline bool has_replacement(const headgate::job& of) {
    const auto& members = of.workers.members();
    const std::size_t crew = crew_of(of);
    return members.size() > std::max(crew, of.workers.wanted_count()) and
           std::any_of(members.begin() + static_cast<std::ptrdiff_t>(crew), members.end(),
                       [](const worker& one) { return one.is_present(); });
}

/// What the probes are after.
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::glance(const machine<Policies>& of, glimpse& before) {
    probes& reached = around_.reached;
    const headgate::job& job = of.job();
    const auto* const attempt = std::get_if<scheduling>(&of.phase());
    const stop_mode stop = job.wish ? job.wish->stop : stop_mode::run;
    if (job.count.stale > before.stale) reached.hit(probe::stale_rejected);
    if (stop != stop_mode::run and before.stop == stop_mode::run) {
        if (before.state == state_name::scheduling)
            for (std::size_t i = 0; i < phase_count; ++i)
                if (before.is_under_way[i])
                    reached.hit(static_cast<probe>(static_cast<std::size_t>(probe::stop_while_claiming) + i));
        if (before.state == state_name::scheduling and before.backs_off) reached.hit(probe::stop_while_backing_off);
        if (before.state == state_name::recovering) reached.hit(probe::stop_while_recovering);
    }
    const bool is_replaced = attempt and not job.is_generation_used and has_replacement(job);
    if (is_replaced and before.replaced_in != job.next.generation) {
        reached.hit(probe::worker_replaced);
        before.replaced_in = job.next.generation;
    }
    if (attempt and attempt->lacking) before.lacked_slots = {job.next.generation, job.visit};
    if (of.state() == state_name::running and before.lacked_slots == std::pair{job.next.generation, job.visit - 1}) {
        reached.hit(probe::slots_came);
        before.lacked_slots = {};
    }
    const bool is_stopping = of.state() == state_name::stopping or of.state() == state_name::stopped;
    const outage& away = around_.database_away;
    before.gone_since = job.stop.gone ? std::min(before.gone_since, around_.now) : never;
    const bool is_stopped_alone = is_stopping and job.stop.gone and before.gone_since >= away.since and
                                  not job.persisted and around_.now < away.until;
    if (is_stopped_alone and not before.was_stopped_alone) reached.hit(probe::stopped_without_database);
    before.was_stopped_alone = is_stopped_alone;
    before.stale = job.count.stale;
    before.state = of.state();
    before.stop = stop;
    before.backs_off = attempt and attempt->not_before > around_.now;
    for (std::size_t i = 0; i < phase_count; ++i)
        before.is_under_way[i] = attempt and not before.backs_off and
                                 attempt->phases.has_begun(static_cast<phase>(i)) and
                                 not attempt->phases.has_ended(static_cast<phase>(i));
}

/// A lease is given on the stream that counts, to a worker that is wanted, and to no other (G4, G7, S11).
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::look_at_leases(std::uint32_t slot) {
    for (const stream_id on : around_.renewed) {
        const process& of = around_.backend.all()[around_.streams[on.value - 1].of];
        const auto* const has = controllers_[slot]->drive.find(of.job);
        if (not has or not around_.streams[on.value - 1].is_open) continue;
        const auto& members = has->job().workers.members();
        const ordinal number = ordinal_of(of.identity.id);
        around_.rules.expect(
            of.generation == has->job().next.generation and number.value < members.size() and
                members[number.value].stream == on and not members[number.value].is_barred,
            invariant::one_effective_executor, around_.now,
            [&] { return "worker " + std::to_string(of.identity.id.value) + " gets a lease and does not count"; });
    }
}

/// Whoever registered last is called, and no process of that identity before it (S12).
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::look_at_channels(const machine<Policies>& of) {
    for (const worker& one : of.job().workers.members()) {
        if (not one.is_present() or not one.channel or one.stream.value == 0) continue;
        const outside::connection& on = around_.connections[one.channel.value().connection.value - 1];
        around_.rules.expect(on.to == around_.streams[one.stream.value - 1].of, invariant::one_effective_executor,
                             around_.now, [&] {
                                 return "worker " + std::to_string(one.identity.id.value) +
                                        " is called over the connection to an earlier process";
                             });
    }
}

/// The plan that it has just made is what the policy makes of the same once more (I4, A2).
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::look_at_plan(const machine<Policies>& of) {
    const headgate::job& job = of.job();
    std::vector<offer> offers;
    for (const worker& one : job.workers.members())
        if (one.is_open())
            offers.push_back({.id = one.identity.id,
                              .machine = one.profile.machine,
                              .zone = one.profile.zone,
                              .slots = one.profile.slots,
                              .data_address = one.profile.data_address});
    const std::vector<trouble> troubles = job.troubled.list(around_.now);
    const auto again =
        of.policy().assignment(*job.program, offers, {.previous = job.durable.plan.get(), .troubles = troubles});
    around_.rules.expect(again and *again == *job.running->plan, invariant::plan_is_valid, around_.now,
                         [] { return std::string("of the same workers, program and past the policy makes another"); });
}

}  // namespace headgate::inline v1::simulation
