#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what happens when something arrives at controllers and workers, or a user or the world has its turn.

#include <headgate/simulation/world/demands.hpp>

namespace headgate::inline v1::simulation {

// At controllers and workers -----------------------------------------------------------------------------------------

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const to_controller& what) {
    const outside::place& at = around_.places[what.to.slot];
    if (not at.runs or at.boot != what.to.boot) return;
    if (const auto* const heard = std::get_if<stream_event>(&what.what)) {
        if (heard->stream.value - 1 >= around_.streams.size()) return;
        const outside::stream& on = around_.streams[heard->stream.value - 1];
        const process& from = around_.backend.all()[on.of];
        if (std::holds_alternative<stream_ended>(heard->what)) {
            around_.rules.lost(from, heard->stream);
        } else if (const auto* const said = std::get_if<task_report>(&std::get<worker_message>(heard->what))) {
            if (on.is_proven) around_.rules.reported(from, heard->stream, *said);
        }
    }
    deliver(what);
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const to_worker& what) {
    if (not workers_[what.to]) return;
    process& to = around_.backend.all()[what.to];
    if (not to.listens_to(what.stream)) return;
    if (to.unheard != 0 and std::holds_alternative<link_ended>(what.what)) to.unheard = 0;
    if (what.is_of_a_stranger) return hear_a_stranger(what);
    if (const auto* const said = std::get_if<controller_message>(&what.what)) to.hears(*said, around_.now);
    auto& drive = own(workers_[what.to]).drive;
    const bool was_accepted = drive.machine().is_accepted();
    drive.post(what.what);
    poll_worker(what.to);
    // What an earlier stream may have swallowed is told in the turn in which it is accepted (S14).
    if (was_accepted or not workers_[what.to] or not workers_[what.to]->drive.machine().is_accepted()) return;
    const process& now = around_.backend.all()[what.to];
    if (now.stream == 0 or not now.has_engine or now.runs_digest == 0 or now.unstarted > 0) return;
    around_.rules.expect(around_.streams[now.stream - 1].tells_tasks, invariant::converges, around_.now, [&] {
        return "worker " + std::to_string(what.to + 1) + " is accepted and does not say again what has started";
    });
}

/// Whatever a stranger says, the worker neither believes that it was accepted nor ends for it (G3).
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::hear_a_stranger(const to_worker& what) {
    if (around_.backend.all()[what.to].stream != what.stream.value) return;  // it has closed that stream
    auto& drive = own(workers_[what.to]).drive;
    const bool was_accepted = drive.machine().is_accepted();
    const bool is_due = drive.next_deadline() <= around_.now;
    drive.post(what.what);
    poll_worker(what.to);
    around_.rules.expect(
        is_due or (workers_[what.to] and workers_[what.to]->drive.machine().is_accepted() == was_accepted),
        invariant::authority, around_.now,
        [&] { return "worker " + std::to_string(what.to + 1) + " believes a stranger"; });
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const from_engine& what) {
    if (what.at >= around_.backend.all().size()) return;
    process& at = around_.backend.all()[what.at];
    if (not workers_[what.at] or not at.has_engine) return;
    if (std::holds_alternative<engine_stopped>(what.what)) at.has_engine = false;
    if (std::holds_alternative<subtask_started>(what.what)) --at.unstarted;
    if (const auto* const no = std::get_if<checkpoint_failed>(&what.what)) at.failed = std::max(at.failed, no->epoch);
    own(workers_[what.at]).drive.post(what.what);
    poll_worker(what.at);
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const process_turn& what) {
    if (what.at >= around_.backend.all().size())
        return around_.seen.say(around_.now, "world",
                                [&] { return "there is no worker " + std::to_string(what.at + 1); });
    process& one = around_.backend.all()[what.at];
    if (not one.lives()) return;
    const auto say = [&](const char* text) {
        around_.seen.say(around_.now, "worker " + std::to_string(what.at + 1), [&] { return std::string(text); });
    };
    switch (what.what) {
        case process_turn::kind::begins:
            if (one.is != process::phase::starting) return;
            if (not one.is_genuine) say("has not the secret");
            one.is = process::phase::running;
            workers_[what.at] =
                std::make_shared<worker_host>(around_, what.at, detail::mixed(~seed_ + what.at * 64));
            poll_worker(what.at);
            break;
        case process_turn::kind::exits: end_process(what.at, "exit status 1", true); break;
        case process_turn::kind::dies: end_process(what.at, "killed by signal 9", true); break;
        case process_turn::kind::hangs:
            if (one.is != process::phase::running) return;
            one.is = process::phase::hanging;
            break;
        case process_turn::kind::goes_on:
            if (one.is != process::phase::hanging) return;
            one.is = process::phase::running;
            if (one.is_told_to_stop) own(workers_[what.at]).drive.post_stop();
            poll_worker(what.at);
            break;
        case process_turn::kind::stops:
            if (one.is != process::phase::running) return;
            own(workers_[what.at]).drive.post_stop();
            poll_worker(what.at);
            break;
        case process_turn::kind::loses_its_stream:
            around_.end({one.stream}, "broken", outside::ender::network);
            break;
    }
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const controller_turn& what) {
    outside::place& at = around_.places[what.at.slot];
    if (what.at.boot == host::any_boot and not at.runs)
        return around_.seen.say(around_.now, "world",
                                [&] { return "controller " + std::to_string(what.at.slot + 1) + " does not run"; });
    if (what.at.boot != host::any_boot and at.boot != what.at.boot) return;
    switch (what.what) {
        case controller_turn::kind::crashes:
            if (at.runs) crash_controller(what.at.slot);
            break;
        case controller_turn::kind::starts:
            if (not at.runs) start_controller(what.at.slot);
            break;
        case controller_turn::kind::pauses:
            if (not at.runs or at.is_paused or around_.wrong.is_healed()) return;
            around_.seen.say(around_.now, "world",
                             [&] { return "controller " + std::to_string(what.at.slot + 1) + " is paused"; });
            at.is_paused = true;
            around_.put_after(what.length > duration{} ? what.length : duration(around_.chosen.choose(90'000)),
                              controller_turn{around_.host_of(what.at.slot), controller_turn::kind::goes_on});
            break;
        case controller_turn::kind::goes_on:
            if (not at.is_paused or at.is_stranded) return;
            around_.seen.say(around_.now, "world",
                             [&] { return "controller " + std::to_string(what.at.slot + 1) + " goes on"; });
            at.is_paused = false;
            around_.awake_since[what.at.slot] = around_.now;
            poll_controller(what.at.slot);
            if (at.runs and around_.strikes(fault::controller_pauses))
                around_.put_after(duration(around_.chosen.choose(60'000)),
                                  controller_turn{around_.host_of(what.at.slot), controller_turn::kind::pauses});
            break;
    }
}

// Users and the world ------------------------------------------------------------------------------------------------

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const user_turn& what) {
    const word& says = words_[what.says];
    around_.rows.now = around_.now + around_.wall_offset;
    const auto at = around_.rows.jobs().find(says.job);
    const std::uint64_t version = at == around_.rows.jobs().end() ? 0 : at->second.wish->version;
    const auto answer = around_.rows.apply(put_wish{says.job, version, says.wish});
    const auto none = [](const error&) { return false; };
    if (answer.match([](std::uint64_t) { return true; }, none, none)) around_.rules.wished(says.job, says.wish);
    around_.seen.say(around_.now, "user", [&] { return described(says.job, says.wish); });
    tell_watchers();
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const world_turn& what) {
    switch (what.what) {
        case world_turn::kind::database_goes:
            if (around_.wrong.is_healed()) return;
            around_.wrong.count(fault::database_away);
            around_.database_away.begin(around_.now, duration(around_.chosen.choose(90'000)));
            break;
        case world_turn::kind::slots_go:
            if (around_.wrong.is_healed()) return;
            around_.wrong.count(fault::slots_taken);
            around_.backend.room = around_.backend.used();
            around_.put_after(duration(around_.chosen.choose(90'000)), world_turn{world_turn::kind::slots_come});
            break;
        case world_turn::kind::slots_come:
            around_.backend.room = around_.backend.most_room;
            // Not every backend knows.
            if (around_.chosen.choose(2) == 1) break;
            around_.news.freed();
            tell_watchers();
            break;
        case world_turn::kind::wall_clock_jumps:
            around_.wrong.count(fault::wall_clock_jumps);
            around_.wall_offset += std::chrono::hours(1) * (static_cast<int>(around_.chosen.choose(48)) - 24);
            break;
        case world_turn::kind::cuts_off: {
            if (around_.wrong.is_healed()) return;
            around_.wrong.count(fault::controller_is_cut_off);
            outside::place& at = around_.places[around_.chosen.choose(most_controllers)];
            at.cut_off.begin(around_.now, duration(around_.chosen.choose(120'000)));
            break;
        }
        case world_turn::kind::says_gone: {
            if (around_.wrong.is_healed()) return;
            const outside::place& at = around_.places[around_.chosen.choose(most_controllers)];
            if (not at.runs) return;
            around_.wrong.count(fault::owner_said_gone);
            around_.rows.set_gone(at.self);
            around_.said_gone.insert(at.self);
            break;
        }
        case world_turn::kind::heals: heal(); break;
    }
}

}  // namespace headgate::inline v1::simulation
