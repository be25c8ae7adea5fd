#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what a controller must make of what arrives at it, and of what nobody waits for.

#include <headgate/simulation/world.hpp>

namespace headgate::inline v1::simulation {

/// Asked by a state, for workers or for a checkpoint, that the job has left since, in the same generation.
template <class Policies>
bool is_of_an_earlier_visit(const job_mail& what, const machine<Policies>& in) {
    const headgate::job& of = in.job();
    const auto* const runs = std::get_if<running>(&in.phase());
    const bool wants_barriers = runs and runs->taken.stage == checkpoint_stage::collecting;
    return std::visit(
        [&]<class Event>(const Event& e) {
            using std::same_as;
            if constexpr (same_as<Event, answered<begin_checkpoint>>)
                return e.to.generation == of.next.generation and not wants_barriers;
            else if constexpr (same_as<Event, answered<start_workers>> or same_as<Event, answered<load_checkpoint>> or
                               same_as<Event, answered<prepare_checkpoint>>)
                return e.to.generation == of.next.generation and e.to.visit != of.visit;
            else if constexpr (same_as<Event, answered<dial>> or same_as<Event, answered<start_execution>>)
                return e.to.generation == of.next.generation and e.to.visit != of.workers.visit();
            else
                return false;
        },
        what.event);
}

template <class Policies>
bool is_placed(const machine<Policies>& of) {
    const auto* const attempt = std::get_if<scheduling>(&of.phase());
    return attempt and attempt->is_placed;
}

/// How many workers a lack of slots must leave alone: those that have come, once placed those that have not, too.
template <class Policies>
std::size_t workers_to_keep(const machine<Policies>& of) {
    const crew& workers = of.job().workers;
    if (is_placed(of)) return workers.wanted_count();
    return static_cast<std::size_t>(std::ranges::count_if(workers.members(), &worker::is_present));
}

/// An answer to another incarnation, generation or state, what a worker of an earlier generation says, and that it has
/// ended, change nothing but counts (I2). The stop of workers is asked for whatever the generation.
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::deliver(const to_controller& what) {
    auto& drive = own(controllers_[what.to.slot]).drive;
    const bool is_alone = drive.next_deadline() > around_.now and not around_.places[what.to.slot].is_paused;
    const auto* const one = std::get_if<job_mail>(&what.what);
    const auto generation_asked = [](const auto& e) -> std::optional<generation> {
        if constexpr (requires { e.to.generation; }) {
            if constexpr (not std::same_as<std::remove_cvref_t<decltype(e)>, answered<stop_workers>>)
                return e.to.generation;
        }
        return std::nullopt;
    };
    auto asked = one ? std::visit(generation_asked, one->event) : std::nullopt;
    if (const auto* const heard = std::get_if<stream_event>(&what.what))
        asked = around_.backend.all()[around_.streams[heard->stream.value - 1].of].generation;
    const auto* const news = std::get_if<answered<watch_workers>>(&what.what);
    if (news and news->result)
        for (const worker_news::exited& exit : news->result->exits)
            asked = std::max(asked, std::optional(exit.generation));
    struct seen_before {
        job_id id;
        headgate::job job;
        typename machine<Policies>::any_state phase;
    };
    std::vector<seen_before> before;
    const auto* const claims = one ? std::get_if<answered<claim>>(&one->event) : nullptr;
    if (asked and is_alone)
        for (const auto& [job, entry] : around_.rows.jobs())
            if (const auto* const has = drive.find(job);
                has and (has->job().next.generation > *asked or (one and is_of_an_earlier_visit(*one, *has)) or
                         (claims and claims->to.visit != has->job().writes))) {
                const auto* const attempt = std::get_if<scheduling>(&has->phase());
                if (news and attempt and attempt->lacking) continue;  // there may be slots now
                before.push_back({job, has->job(), has->phase()});
            }
    struct demanded {
        job_id id;
        demand what{};
        std::uint32_t visit{};
        std::size_t workers{};
    };
    std::vector<demanded> demands;
    std::vector<const job_id*> unplaced;
    unplaced.reserve(is_alone ? around_.rows.jobs().size() : 0);
    if (is_alone)
        for (const auto& [job, entry] : around_.rows.jobs())
            if (const auto* const has = drive.find(job)) {
                if (const demand must = demand_of(what, *has); must != demand::none)
                    demands.push_back({job, must, has->job().visit, workers_to_keep(*has)});
                if (not is_placed(*has)) unplaced.push_back(&job);
            }
    const std::uint64_t alarms = around_.alarms;
    drive.post(what.what);
    poll_controller(what.to.slot);
    if (not controllers_[what.to.slot]) return;
    if (is_alone) look_at_leases(what.to.slot);
    for (const job_id* const job : unplaced)
        if (const auto* const has = drive.find(*job); has and is_placed(*has)) look_at_plan(*has);
    for (const auto& [job, wanted, visit, workers] : demands) {
        const auto* const has = drive.find(job);
        if (not has) continue;
        if (wanted == demand::is_told) {
            const auto& members = has->job().workers.members();
            const stream_id on = std::get<stream_event>(what.what).stream;
            const bool counts = std::ranges::find(members, on, &worker::stream) != members.end();
            around_.rules.expect(not counts or around_.alarms > alarms, invariant::authority, around_.now, [&] {
                return job.value + ": a second incarnation takes the place of a living worker, and nobody is told";
            });
            continue;
        }
        if (wanted == demand::lets_go) {
            const bool has_let_go = has->job().is_let_go or not has->job().is_owned();
            around_.rules.expect(has_let_go, invariant::one_claimant, around_.now,
                                 [&] { return job.value + " is another's, which is read and not heeded"; });
            continue;
        }
        using enum state_name;
        const state_name state = has->state();
        const bool ends = state == failing or state == failed or state == stopping or state == stopped;
        const bool stays = has->job().visit == visit and workers_to_keep(*has) >= workers;
        around_.rules.expect(wanted != demand::attempt_stays or stays, invariant::no_livelock, around_.now,
                             [&] { return job.value + " has the workers that it needs, and loses some for slots"; });
        if (wanted == demand::attempt_stays) continue;
        around_.rules.expect(wanted != demand::job_fails or ends, invariant::within_budgets, around_.now, [&] {
            return job.value + " is " + std::string(text_of(state)) + " after an error that is permanent";
        });
        around_.rules.expect(has->job().visit != visit, invariant::running_means_started, around_.now, [&] {
            return job.value + " heard that a part of its plan failed, and is still " + std::string(text_of(state));
        });
    }
    for (auto& [job, was, phase] : before) {
        const auto* const has = drive.find(job);
        if (not has) continue;
        // A late row of our own may be a newer one: it is what stands, and is gone on from, perhaps to a generation
        // that has nothing to restore yet.
        const bool begins_anew = has->job().next.generation > was.next.generation and not has->job().restore;
        around_.rules.expect(begins_anew or was.restore == has->job().restore, invariant::restores_the_newest,
                             around_.now,
                             [&] { return job.value + ": an answer that nobody waits for says what it restores"; });
        if (claims or was.durable != has->job().durable) continue;
        was.count = has->job().count;
        was.told_stale = has->job().told_stale;
        was.told_rejected = has->job().told_rejected;
        around_.rules.expect(was == has->job() and phase == has->phase(), invariant::stale_answers_change_nothing,
                             around_.now, [&] {
                                 return "what is of generation " + std::to_string(asked->value) +
                                        ", or of an earlier state, changed job " + job.value;
                             });
    }
}

/// What a job must do in the same turn as it hears that: leave an attempt or a run of which a part has failed (I6), end
/// where no retry can help (I14), stay where nothing is lost (L8), be left to another that has it (I1), tell of a
/// worker that is there twice (I17).
template <class Policies, backend_rules Backend>
auto world<Policies, Backend>::demand_of(const to_controller& what, const machine<Policies>& of) const -> demand {
    const headgate::job& job = of.job();
    const auto* const attempt = std::get_if<scheduling>(&of.phase());
    if (const auto* const one = std::get_if<job_mail>(&what.what)) {
        const auto* const answer = std::get_if<answered<start_workers>>(&one->event);
        const auto name = around_.names.find({what.to.slot, what.to.boot, one->job});
        const bool is_of_it = name != around_.names.end() and name->second == job.id;
        const bool is_awaited =
            answer and is_of_it and attempt and attempt->asked.in_flight() and
            answer->to == ticket{job.next.generation, job.self, job.visit, attempt->asked.attempt(), {}};
        if (not is_awaited) return demand::none;
        const auto none = [](const auto&) { return demand::none; };
        const auto demanded = [&](const error& why) {
            if (why.kind == error_kind::permanent or why.kind == error_kind::invalid) return demand::job_fails;
            if (why.kind != error_kind::not_enough_slots) return demand::none;
            const bool has_surplus = job.workers.wanted_count() > crew_of(job);
            return attempt->is_placed or has_surplus ? demand::attempt_stays : demand::none;
        };
        return answer->result.match(none, demanded, none);
    }
    if (const auto* const news = std::get_if<answered<watch_jobs>>(&what.what)) {
        const incarnation self = around_.places[what.to.slot].self;
        const auto is_anothers = [&](const job_record& one) {
            return one.id == job.id and one.row.owner != incarnation{} and one.row.owner != self and
                   one.row.revision > job.durable.revision;
        };
        const bool is_awaited = news->result and news->to == around_.asked_for_news[what.to.slot];
        return is_awaited and job.is_owned() and std::ranges::any_of(news->result->jobs, is_anothers) ? demand::lets_go
                                                                                                      : demand::none;
    }
    // An exit is heard as the end of a stream too; whether the controller waits for that news is not seen from here.
    const auto* const heard = std::get_if<stream_event>(&what.what);
    if (not heard) return demand::none;
    const process& from = around_.backend.all()[around_.streams[heard->stream.value - 1].of];
    const auto& members = job.workers.members();
    const std::uint32_t number = ordinal_of(from.identity.id).value;
    if (from.job != job.id or from.generation != job.next.generation or number >= members.size()) return demand::none;
    const worker& by = members[number];
    const auto* const said = std::get_if<worker_message>(&heard->what);
    if (const auto* const shown = said ? std::get_if<proof>(said) : nullptr) {
        const bool is_second = by.is_present() and by.stream != heard->stream and not by.is_barred and
                               by.profile.incarnation != shown->profile.incarnation;
        return is_second ? demand::is_told : demand::none;
    }
    if (not job.running or not(attempt or std::holds_alternative<running>(of.phase()))) return demand::none;
    if (by.stream != heard->stream or by.is_barred or not by.is_placed()) return demand::none;
    if (not said) {
        const bool is_needed = by.phase != worker_phase::gone and (attempt or not job.tasks.all_finished());
        return is_needed ? demand::attempt_ends : demand::none;
    }
    if (const auto* const ready = std::get_if<initialized>(said)) {
        if (not attempt or by.phase != worker_phase::initializing or not ready->failure) return demand::none;
        return ready->may_retry ? demand::attempt_ends : demand::job_fails;
    }
    const plan& placed = *job.running->plan;
    if (const auto* const report = std::get_if<task_report>(said))
        for (const task_failure& failure : report->failures)
            for (std::uint32_t n = 0; n < placed.nodes.size(); ++n)
                if (placed.nodes[n].id == failure.node and failure.subtask < placed.nodes[n].parallelism and
                    worker_of(placed, n, failure.subtask) == by.position)
                    return failure.may_retry ? demand::attempt_ends : demand::job_fails;
    return demand::none;
}

}  // namespace headgate::inline v1::simulation
