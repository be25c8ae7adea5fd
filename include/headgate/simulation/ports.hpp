#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the models that controllers and workers of a world are bound to; what each is asked goes to `outside`.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/clock.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/concepts/database.hpp>
#include <headgate/concepts/engine.hpp>
#include <headgate/concepts/observer.hpp>
#include <headgate/concepts/scheduler.hpp>
#include <headgate/concepts/secrets.hpp>
#include <headgate/concepts/state_backend.hpp>
#include <headgate/simulation/outside.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace headgate::inline v1::simulation {

/// Completions of a controller are plain: job and ticket say where the answer goes. Others are asked of no world.
template <class Effect>
job_handle job_of(const into_mailbox<Effect>& done) {
    return done.job;
}
template <class Effect>
job_handle job_of(const any_completion<Effect>&) {
    return {};
}

/// What all ports of one controller know.
struct port {
    outside* to = nullptr;
    host from{};

    template <class Effect>
    void ask(const request<Effect>& r, const auto& done) const {
        to->ask(from, job_of(done), r);
    }
};

struct scheduler_port : port {
    std::uint32_t slots = 1;

    std::uint32_t worker_slots() const { return slots; }
    void start_workers(const request<headgate::start_workers>& r, completion_for<headgate::start_workers> auto done) {
        ask(r, done);
    }
    void stop_workers(const request<headgate::stop_workers>& r, completion_for<headgate::stop_workers> auto done) {
        ask(r, done);
    }
    // Asked by no controller.
    void workers(const request<list_workers>& r, completion_for<list_workers> auto done) {
        std::vector<worker_id> found;
        for (const process& one : to->backend.all())
            if (one.lives() and one.job == r.what.job and one.generation == r.what.generation)
                found.push_back(one.identity.id);
        done(std::move(found));
    }
    void watch(const request<watch_workers>& r, completion_for<watch_workers> auto done) { ask(r, done); }
};

struct database_port : port {
    void claim(const request<headgate::claim>& r, completion_for<headgate::claim> auto done) { ask(r, done); }
    void store(const request<store_row>& r, completion_for<store_row> auto done) { ask(r, done); }
    void write_checkpoint(const request<headgate::write_checkpoint>& r,
                          completion_for<headgate::write_checkpoint> auto done) {
        ask(r, done);
    }
    void tell(const request<headgate::tell>& r, completion_for<headgate::tell> auto done) { ask(r, done); }
    void advance_lease(const request<headgate::advance_lease>& r, completion_for<headgate::advance_lease> auto done) {
        ask(r, done);
    }
    void watch(const request<watch_jobs>& r, completion_for<watch_jobs> auto done) { ask(r, done); }
    // Asked by users alone.
    void put_wish(const request<headgate::put_wish>& r, completion_for<headgate::put_wish> auto done) {
        done(to->rows.apply(r.what));
    }
    void read_log(const request<headgate::read_log>& r, completion_for<headgate::read_log> auto done) {
        done(to->rows.apply(r.what));
    }
};

struct channel_port : port {
    void listen(stream_receiver auto) {}
    void send(stream_id stream, const controller_message& message) { to->send(from, stream, message); }
    void close(stream_id stream) {
        if (to->hears(from)) to->end(stream, "closed", outside::ender::controller);
    }
    void dial(const request<headgate::dial>& r, completion_for<headgate::dial> auto done) { ask(r, done); }
    void hang_up(connection_id which) { to->hang_up(from, which); }
    void start_execution(const request<headgate::start_execution>& r,
                         completion_for<headgate::start_execution> auto done) {
        ask(r, done);
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>& r,
                          completion_for<headgate::begin_checkpoint> auto done) {
        ask(r, done);
    }
    void stop_execution(const request<headgate::stop_execution>& r,
                        completion_for<headgate::stop_execution> auto done) {
        ask(r, done);
    }
};

struct states_port : port {
    void load(const request<load_checkpoint>& r, completion_for<load_checkpoint> auto done) { ask(r, done); }
    void prepare(const request<prepare_checkpoint>& r, completion_for<prepare_checkpoint> auto done) { ask(r, done); }
    void store(const request<store_checkpoint>& r, completion_for<store_checkpoint> auto done) { ask(r, done); }
    void remove(const request<remove_checkpoint>& r, completion_for<remove_checkpoint> auto done) { ask(r, done); }
};

struct clock_port {
    const outside* of = nullptr;

    instant now() const { return of->now; }
};

/// Keeps what is told for the trace.
struct observer_port : port {
    void exhausted(const transition& moved) const {
        const error_kind kind = moved.why->kind;
        const state_name next = moved.to;
        if (next == state_name::failing and moved.why->text.starts_with("gave up after "))
            return to->reached.hit(moved.why->text.starts_with("gave up after too long") ? probe::time_exhausted
                                                                                         : probe::restarts_exhausted);
        if (moved.from == state_name::running and next == state_name::recovering and kind == error_kind::checkpoint)
            return to->reached.hit(probe::checkpoints_exhausted);
        if (moved.from != state_name::scheduling) return;
        if (next == state_name::failing and kind == error_kind::state_backend)
            return to->reached.hit(probe::state_backend_exhausted);
        if (next != state_name::recovering) return;
        if (kind == error_kind::scheduler) to->reached.hit(probe::scheduler_exhausted);
        if (kind == error_kind::start_execution) to->reached.hit(probe::start_execution_exhausted);
        if (kind == error_kind::worker_initialization) to->reached.hit(probe::initialization_exhausted);
        if (kind == error_kind::worker_start_up) to->reached.hit(probe::worker_start_up_exhausted);
        if (kind == error_kind::task_start_up) to->reached.hit(probe::task_start_up_exhausted);
    }

    /// Counted from what is told, whatever the machine counts itself (I14). Of these kinds one budget is for the whole
    /// attempt; the others' are by worker.
    void failed(const job_id& job, const retried& what) const {
        const bool is_of_attempt = what.why.kind == error_kind::scheduler or what.why.kind == error_kind::state_backend;
        glimpse& seen = to->glimpses[from.slot][job];
        if (not seen.is_attempt or what.budget == 0) return;
        // What a dialled worker refuses for good is tried again too: its dials are counted by worker.
        using enum error_kind;
        const bool may_be_a_dial = what.why.kind == dial or what.why.kind == permanent;
        const duration least = (may_be_a_dial ? dial_backoff : state_backoff).base.first / 2;
        const duration most = (what.why.kind == dial ? dial_backoff : state_backoff).base.most;
        to->rules.expect(
            not what.pause or (*what.pause >= least and *what.pause <= most), invariant::within_budgets, to->now, [&] {
                return job.value + " pauses for " + std::to_string(what.pause->count()) + " ms: " + describe(what.why);
            });
        std::uint32_t& count = seen.failed[static_cast<std::size_t>(what.why.kind)];
        const std::uint32_t times = is_of_attempt ? ++count : what.attempt.value;
        count = std::max(count, times);
        to->rules.expect(times <= what.budget, invariant::within_budgets, to->now,
                         [&] { return job.value + ", the " + std::to_string(times) + "th: " + describe(what.why); });
    }

    void on(const job_id& job, instant at, const note& what) {
        to->seen.count(what.index());
        if (const auto* again = std::get_if<retried>(&what)) {
            failed(job, *again);
            if (again->why.kind == error_kind::dial and not again->pause) to->reached.hit(probe::dials_exhausted);
        }
        if (const auto* moved = std::get_if<transition>(&what)) {
            to->seen.count(static_cast<std::uint64_t>(moved->to) << 32 | moved->generation.value);
            const bool is_same_attempt = moved->from == state_name::scheduling and moved->to == state_name::scheduling;
            glimpse& seen = to->glimpses[from.slot][job];
            if (seen.is_attempt and not is_same_attempt and moved->why)
                seen.gave_up = {moved->why->kind, seen.failed[static_cast<std::size_t>(moved->why->kind)]};
            if (not is_same_attempt) seen.failed = {};
            seen.is_attempt = moved->to == state_name::scheduling;
            if (moved->why) exhausted(*moved);
        }
        if (const auto* said = std::get_if<remark>(&what)) {
            if (said->how == remark::severity::alarm) ++to->alarms;
            if (said->text.ends_with(": not complete in time")) to->health.gave_up_checkpoint(from.slot, job);
        }
        to->seen.say(at, "controller " + std::to_string(from.slot + 1),
                     [&] { return job.value + ": " + one_line(text_of(what), 400); });
    }
};

struct link_port {
    outside* to = nullptr;
    process_number of{};

    void listen(link_receiver auto) {}
    std::string rpc_address() const { return address_of(of); }
    void open() { to->open(of); }
    void send(const worker_message& message) { to->say(of, message); }
    void close() {
        if (to) to->close(of);
    }
    void answer(call_id which, const call_answer& with) { to->answer(which, with); }
};

/// Subtasks that start, store a name as their state, and fail or finish as the world has it.
struct engine_port {
    outside* to = nullptr;
    process_number of{};
    execution_share share{};

    void start(execution_share what, engine_receiver auto) {
        share = std::move(what);
        run();
    }
    void begin_checkpoint(checkpoint_name name);
    void stop(bool force);
    std::vector<node_counters> counters() const { return {}; }

private:
    void run();
    template <class Each>
    void for_each_subtask(Each each) const;
};

static_assert(headgate::scheduler<scheduler_port> and database<database_port> and channel<channel_port> and
              state_backend<states_port> and clock<clock_port> and observer<observer_port> and
              controller_link<link_port> and engine<engine_port>);

// Implementation ------------------------------------------------------------------------------------------------------

template <class Each>
void engine_port::for_each_subtask(Each each) const {
    const plan& placed = *share.what->plan;
    for (std::uint32_t n = 0; n < placed.nodes.size(); ++n)
        shares(placed, n, share.position, [&](subtask_range range) {
            for (std::uint32_t i = range.first; i < range.last; ++i) each(placed.nodes[n].id, i);
        });
}

inline void engine_port::run() {
    process& at = to->backend.all()[of];
    to->rules.started(at, *share.what, to->now);
    at.runs_digest = share.what->digest;
    at.has_engine = true;
    const bool fails = to->strikes(fault::initialization_fails);
    to->put_after(to->soon(), from_engine{of, engine_initialized{fails ? "cannot" : ""}});
    at.unstarted = fails ? 1 : 0;
    if (fails) return;
    for_each_subtask([&](node_id node, std::uint32_t i) {
        ++at.unstarted;
        const duration start = to->soon(fault::tasks_start_slowly);
        if (to->strikes(fault::tasks_never_start)) return;
        to->put_after(start, from_engine{of, subtask_started{node, i}});
        if (to->sources_end_after != duration::max()) {
            const auto is_into = [&](const edge& one) { return one.to == node; };
            const bool is_source = std::ranges::none_of(share.what->program->edges, is_into);
            const duration end = start + to->sources_end_after + (is_source ? duration{} : to->drains_for);
            to->put_after(end + to->soon(), from_engine{of, subtask_finished{node, i}});
        }
        const bool for_good = to->strikes(fault::task_fails_for_good);
        if (not for_good and not to->strikes(fault::task_fails)) return;
        to->put_after(start + duration(to->chosen.choose(60'000)),
                      from_engine{of, task_failure{node, i, "count", error_domain::user, not for_good, "failed"}});
    });
}

inline void engine_port::begin_checkpoint(checkpoint_name name) {
    process& at = to->backend.all()[of];
    to->rules.begun(at, name, to->now);
    at.begun = name.epoch;
    const std::string handle = handle_of(name, at.identity.id);
    for_each_subtask([&](node_id node, std::uint32_t i) {
        if (to->strikes(fault::checkpoint_lost))
            to->put_after(to->soon(), from_engine{of, checkpoint_failed{name.epoch, "no room"}});
        else
            to->put_after(to->soon(fault::tasks_start_slowly),
                          from_engine{of, subtask_checkpointed{name.epoch, {node, i, handle}}});
    });
}

inline void engine_port::stop(bool force) {
    if (not to) return;
    process& at = to->backend.all()[of];
    if (not at.has_engine) return;
    if (force)
        at.has_engine = false;
    else
        to->put_after(to->soon(), from_engine{of, engine_stopped{}});
}

}  // namespace headgate::inline v1::simulation
