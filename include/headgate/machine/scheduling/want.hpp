#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Scheduling. Brings up the workers of one generation, places every subtask and launches (SPEC 3).
//
//   fact               asked for after                          if it cannot be had
//   persisted          --                                       the machine's, for all states           S2, S7, S8
//   torn down          persisted                                reported after 10 s, goes on            S3
//   asked              persisted, backed off                    no slots: asked again, then fatal       S6
//   loaded, prepared   persisted, backed off                    state backend's budget, then fatal      S9
//   channel (worker)   registered                               3 dials, then dropped and replaced      S12
//   placed             open slots cover the need                fatal                                   S13
//   launched (worker)  placed, prepared, channel; torn down,    launch budget; too large to tell: fatal  S13
//                      or 10 s waited for it                                                            S3
//   running            every subtask reported                   deadline                                S14

#include <headgate/machine/context.hpp>
#include <headgate/machine/scheduling/facts.hpp>
#include <headgate/machine/workers.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headgate::inline v1 {

template <class Context>
step<scheduling> want(scheduling& s, Context& c) {
    if (s.until == never) begin_attempt(s, c);
    const bool is_clean = c.tear_down({c.current().value - 1}, false);
    const bool is_backed_off = c.reached(s.not_before);
    note_beginning(s, c, is_clean, is_backed_off);
    if (not is_backed_off) return stay;
    if (const auto why = cannot_be_tried(c)) return to<failing>(*why);

    fill_crew(s, c);
    // What it waits for after a request without an answer are not slots.
    if (s.asked.in_flight() and c.reached(s.asked.deadline())) s.lacking.reset();
    c.want(s.asked, [&] { return workers_of_attempt(c); });
    const bool is_restorable = want_restorable(s, c);

    if (not s.is_placed and c.job.workers.open_slots() >= slots_needed(*c.job.program))
        if (const auto why = place(s, c)) return to<failing>(*why);
    if (s.is_placed and is_restorable and not s.is_launching and (is_clean or c.reached(s.clean_until)))
        begin_launching(s, c, is_clean);
    c.serve_attended([&](worker& w) { serve(w, s, c); });

    note_phases(s, c, is_restorable);
    if (s.is_placed and c.job.tasks.all_started()) return to<running>;
    if (c.job.exhausted) return after_exhaustion(c, *c.job.exhausted);
    if (not waits_without_limit(s, c) and c.reached(c.gives_up_at()))
        return to<failing>(gave_up(c, restart_verdict::time_spent));
    // Who has all workers has started up in time; the state backend has its budget (S9, S11).
    const bool only_loads = s.is_placed and not is_restorable;
    if (not only_loads and c.reached(s.until)) return timed_out(s, c);
    return stay;
}

// Implementation ------------------------------------------------------------------------------------------------------

template <class Context>
void begin_attempt(scheduling& s, Context& c) {
    s.until = later(std::max(s.not_before, c.from_now({})), c.policy.wait.worker_start_up);
    s.clean_until = c.from_now(c.policy.wait.old_workers);
}

inline std::string checkpoint_of(const checkpoint_row& from) {
    return "checkpoint of epoch " + std::to_string(from.name.epoch.value) + ", generation " +
           std::to_string(from.name.generation.value);
}

/// What no retry can mend, seen before anything is started.
template <class Context>
std::optional<error> cannot_be_tried(Context& c) {
    const headgate::job& j = c.job;
    if (j.restore and j.restore->state == checkpoint_state::committing)
        return error{.kind = error_kind::unsupported,
                     .text = checkpoint_of(*j.restore) +
                             " is committing; commits cannot be replayed yet, the row is left as it is"};
    if (j.restore and j.restore->name.epoch.value > most_restored_epoch)
        return error{.kind = error_kind::invalid,
                     .text = checkpoint_of(*j.restore) + " leaves too few epochs for those to come; remove its row"};
    const std::size_t workers = crew_size(c);
    if (workers > c.policy.most.workers)
        return error{.kind = error_kind::invalid,
                     .text = "parallelism " + std::to_string(slots_needed(*j.program)) + " needs " +
                             std::to_string(workers) + " workers of " + std::to_string(j.worker_slots) +
                             " slots, the limit is " + std::to_string(c.policy.most.workers)};
    return std::nullopt;
}

/// Workers that are needed.
template <class Context>
std::size_t crew_size(const Context& c) {
    return (std::size_t{slots_needed(*c.job.program)} + c.job.worker_slots - 1) / c.job.worker_slots;
}

/// The launched set: ceil(need / slots a worker) workers; what is gone is replaced (S6, S12). None is launched once
/// the plan is made: a loss ends the attempt then. Those that are gone are kept until the generation is over, so they
/// are bounded too.
template <class Context>
void fill_crew(scheduling& s, Context& c) {
    constexpr std::size_t crews_of_a_generation = 4;
    if (s.is_placed) return;
    const std::size_t count = crew_size(c), most = crews_of_a_generation * c.policy.most.workers;
    if (c.job.workers.wanted_count() >= count or c.job.workers.members().size() >= most) return;
    c.job.workers.fill(count, c.job.worker_slots);
    s.asked.forget();
}

template <class Context>
start_workers workers_of_attempt(Context& c) {
    return {.job = c.job.id,
            .generation = c.current(),
            .workers = c.job.workers.wanted(),
            .wish = c.job.compiled,
            .program_digest = c.job.program_digest,
            .tokens = {}};
}

/// For slots: the job has all the time there is (S6, R3).
template <class Context>
bool waits_without_limit(const scheduling& s, const Context& c) {
    return s.lacking_since != never and c.job.wish->waits_for_slots;
}

/// Metadata loaded and prepared, or nothing to restore (S9).
template <class Context>
bool want_restorable(scheduling& s, Context& c) {
    if (not c.job.restore) return true;
    const checkpoint_name name = c.job.restore->name;
    c.want(s.loaded, [&] { return load_checkpoint{.job = c.job.id, .name = name}; });
    if (s.loaded) c.want(s.prepared, [&] { return prepare_checkpoint{.job = c.job.id, .name = name}; });
    return bool(s.prepared);
}

/// A plan may rely on what was offered and on nothing else, whoever made it: its workers connect to each other at the
/// addresses in it, and the next plan is made by its machines (A1, A8, S19). Both ascend by worker.
/// Precondition: `check` accepts it.
inline std::optional<std::string> not_offered(const plan& made, std::span<const offer> offers) {
    for (std::size_t i = 0; i < made.workers.size(); ++i) {
        const placed_worker& worker = made.workers[i];
        const auto who = [&] { return " worker " + std::to_string(worker.id.value); };
        const auto at = std::ranges::lower_bound(offers, worker.id, {}, &offer::id);
        const bool is_offered = at != offers.end() and at->id == worker.id;
        const std::uint32_t offered = is_offered ? at->slots : 0;
        if (not is_offered or worker.slots > offered)
            return "it counts on " + std::to_string(worker.slots) + " slots of" + who() + ", which offered " +
                   std::to_string(offered);
        if (made.machines[i] != at->machine.value) return "it has" + who() + " on another machine";
        if (made.data_addresses[i] != at->data_address) return "it has" + who() + " at another data address";
    }
    return std::nullopt;
}

template <class Context>
std::optional<error> place(scheduling& s, Context& c) {
    headgate::job& j = c.job;
    std::vector<offer> offers;
    for (const worker& w : j.workers.members())
        if (w.is_open())
            offers.push_back({.id = w.identity.id,
                              .machine = w.profile.machine,
                              .zone = w.profile.zone,
                              .slots = w.profile.slots,
                              .data_address = w.profile.data_address});
    const std::vector<trouble> troubles = j.troubled.list(c.from_now({}));
    auto made = c.policy.assignment(*j.program, offers, {.previous = j.durable.plan.get(), .troubles = troubles});
    if (not made) return made.error();
    const auto ok = check(*made, *j.program, c.policy.most);
    const auto wrong = ok ? not_offered(*made, offers) : std::optional(ok.error().text);
    if (wrong) return error{.kind = error_kind::internal, .text = "the assignment policy made a bad plan: " + *wrong};

    const auto placed = std::make_shared<const plan>(*std::move(made));
    const std::uint32_t ignored = j.compiled->ignore_state_before_epoch.value_or(epoch{}).value;
    execution what{.job = j.id,
                   .generation = c.current(),
                   .program = j.program,
                   .plan = placed,
                   .digest = digest(*placed),
                   .start_epoch = {ignored > 0 ? ignored - 1 : 0},
                   .minimum_epoch = {ignored},
                   .checkpoint_interval = j.compiled->checkpoint_interval};
    if (j.restore) {
        what.restore = j.restore->name;
        what.start_epoch = j.restore->name.epoch;
    }
    j.running = std::make_shared<const execution>(std::move(what));
    for (std::uint32_t position = 0; position < placed->workers.size(); ++position) {
        worker* const w = j.workers.find(ordinal_of(placed->workers[position].id));
        w->position = position;
    }
    j.tasks = task_board(*j.program);
    s.is_placed = true;
    return std::nullopt;
}

template <class Context>
void begin_launching(scheduling& s, Context& c, bool is_clean) {
    s.is_launching = true;
    s.until = c.from_now(c.policy.wait.task_start_up);
    c.job.workers.attend_all();
    if (not is_clean)
        c.say(remark::severity::warning, "workers of earlier generations are still there; fencing keeps them out, "
                                         "their stop is repeated");
}

template <class Context>
void serve(worker& w, scheduling& s, Context& c) {
    if (not w.is_present()) return;
    if (cannot_be_dialled(w, c)) {
        drop(w, c, "cannot be dialled at " + w.profile.rpc_address + "; it is replaced");
        fill_crew(s, c);
        c.want(s.asked, [&] { return workers_of_attempt(c); });
        return;
    }
    want_channel(w, c);
    if (not s.is_launching or not w.is_placed() or not w.channel) return;
    c.want(w, w.launched, [&] {
        c.job.is_generation_used = true;
        if (w.phase == worker_phase::open) c.job.workers.enter(w, worker_phase::initializing);
        return start_execution{
            .connection = w.channel.value().connection, .what = c.job.running, .data_token = {}};
    });
}

/// What the state backend does wrong is said of the checkpoint that is to be restored (S9).
template <class Context>
error naming_checkpoint(const Context& c, error why) {
    if (why.kind == error_kind::state_backend and c.job.restore)
        why.text = checkpoint_of(*c.job.restore) + ": " + why.text;
    return why;
}

template <class Context>
step<scheduling> after_exhaustion(const Context& c, const error& why) {
    // What cannot be read does not become readable by starting workers again (S9).
    if (why.kind == error_kind::state_backend and c.job.restore) return to<failing>(naming_checkpoint(c, why));
    return to<recovering>(why);
}

/// Anew: with everything that is healthy as long as no StartExecution was sent, else as a new generation (S17).
template <class Context>
step<scheduling> fail_attempt(Context& c, const error& why) {
    if (not c.spend(why) or c.job.exhausted) return after_exhaustion(c, *c.job.exhausted);  // it or another, just now
    return to<scheduling>(naming_checkpoint(c, why));
}

template <class Context>
step<scheduling> timed_out(scheduling& s, Context& c) {
    if (s.lacking) {
        error why = *s.lacking;
        why.text = "needed " + std::to_string(why.needed) + ", available " + std::to_string(why.available) +
                   ", waited " + std::to_string(c.since(s.lacking_since).count() / 1000) + " s";
        return to<failing>(why);
    }
    if (not s.is_launching)
        return fail_attempt(c, error{.kind = error_kind::worker_start_up,
                                     .text = std::to_string(c.job.workers.open_slots()) + " of " +
                                             std::to_string(slots_needed(*c.job.program)) +
                                             " slots are open; workers that never registered: " +
                                             std::to_string(c.job.workers.count(worker_phase::launched))});
    return fail_attempt(c, error{.kind = error_kind::task_start_up,
                                 .text = std::to_string(c.job.tasks.not_started()) + " of " +
                                         std::to_string(c.job.tasks.count()) + " subtasks did not start in time"});
}

/// The claim is over by now: a state acts only when its row is durable.
template <class Context>
void note_beginning(scheduling& s, Context& c, bool is_clean, bool is_backed_off) {
    timeline& t = s.phases;
    t.note(c, phase::claiming, true, true);
    t.note(c, phase::stopping_old, true, is_clean);
    if (t.has_begun(phase::backing_off)) t.note(c, phase::backing_off, true, is_backed_off);
}

template <class Context>
void note_phases(scheduling& s, Context& c, bool is_restorable) {
    const headgate::job& j = c.job;
    timeline& t = s.phases;
    t.note(c, phase::starting, true, bool(s.asked));
    if (j.restore) t.note(c, phase::loading, true, is_restorable);
    const bool any_joined = t.has_begun(phase::dialling) or s.is_placed or
                            j.workers.count(worker_phase::launched) < j.workers.members().size();
    t.note(c, phase::registering, true, s.is_placed);
    t.note(c, phase::dialling, any_joined, s.is_placed);
    const auto is_launched = [](const worker& w) { return not w.is_placed() or bool(w.launched); };
    if (not t.has_ended(phase::launching))
        t.note(c, phase::launching, s.is_launching,
               s.is_launching and std::ranges::all_of(j.workers.members(), is_launched));
    t.note(c, phase::starting_tasks, s.is_launching, s.is_placed and j.tasks.all_started());
}

}  // namespace headgate::inline v1
