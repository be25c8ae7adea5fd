#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: streams and calls between controllers and workers.

#include <headgate/simulation/outside.hpp>

namespace headgate::inline v1::simulation {

inline void outside::send(host from, stream_id to, const controller_message& message) {
    if (not hears(from) or to.value == 0 or to.value > streams.size()) return;
    stream& on = streams[to.value - 1];
    if (on.to != from) return;
    // Heartbeats are answered for as long as anything runs; a crash there is one at some time.
    const bool may_crash = not std::holds_alternative<heartbeat_answer>(message);
    if (may_crash and strikes(fault::crash_before)) {
        places[from.slot].is_doomed = true;
        return;
    }
    if (may_crash and strikes(fault::crash_after)) places[from.slot].is_doomed = true;
    const auto* const said = std::get_if<verdict>(&message);
    if (said and std::holds_alternative<accepted>(*said)) {
        on.is_proven = true;
        rules.accepted_by(backend.all()[on.of], to, now);
    }
    if ((said and std::holds_alternative<accepted>(*said)) or std::holds_alternative<heartbeat_answer>(message))
        renewed.push_back(to);
    if (not on.is_open) return;
    if (std::holds_alternative<challenge>(message) and not backend.all()[on.of].is_genuine) {
        // A stranger does not care who the controller is, and repeats what others proved, maybe as its own.
        proof shown = overheard;
        if (chosen.choose(2) == 1) {
            const worker_identity& as = backend.all()[on.of].identity;
            shown.profile.id = as.id;
            shown.profile.incarnation = on.says;
            shown.profile.slots = as.slots;
        }
        on.up = std::max(on.up, now + soon());
        queue.put(
            on.up,
            to_controller{on.to, stream_event{.stream = to, .peer_host = "127.0.0.1", .what = worker_message(shown)}});
    }
    on.down = std::max(on.down, now + soon(fault::stream_slow));
    queue.put(on.down, to_worker{on.of, message, to});
}

inline void outside::end(stream_id which, const std::string& why, ender by) {
    if (which.value == 0 or which.value > streams.size()) return;
    stream& ended = streams[which.value - 1];
    if (not std::exchange(ended.is_open, false)) return;
    process& of = backend.all()[ended.of];
    if (of.stream == which.value) of.unheard = std::exchange(of.stream, 0);
    const auto late_for = [&](ender one) {
        return by != one and strikes(fault::stream_half_open) ? duration(chosen.choose(90'000)) : duration{};
    };
    // One draw an expression: compilers order operands differently.
    const duration late_up = late_for(ender::controller), late_down = late_for(ender::worker);
    queue.put(std::max(ended.up, now + soon()) + late_up,
              to_controller{ended.to, stream_event{.stream = which, .peer_host = "127.0.0.1", .what = stream_ended{}}});
    queue.put(std::max(ended.down, now + soon()) + late_down, to_worker{ended.of, link_ended{why}, which});
}

inline void outside::close(process_number from) {
    process& closing = backend.all()[from];
    if (closing.stream != 0) return end({closing.stream}, "closed", ender::worker);
    if (closing.unheard != 0) put_after(soon(), to_worker{from, link_ended{"closed"}, {closing.unheard}});
}

inline void outside::hang_up(host from, connection_id which) {
    if (not hears(from) or which.value == 0 or which.value > connections.size()) return;
    connection& ended = connections[which.value - 1];
    if (ended.from != from) return;
    ended.is_open = false;
    for (call& one : calls)
        if (one.asked and one.on == which) {
            const to_outside asked = *std::exchange(one.asked, std::nullopt);
            std::visit(
                [&]<class Effect>(const request<Effect>& r) {
                    put_after(soon(), to_controller{asked.from, mail_of<Effect>(asked.job, r.by,
                                                                                no_answer_of<Effect>("hung up"))});
                },
                asked.what);
        }
}

inline void outside::open(process_number from) {
    process& opening = backend.all()[from];
    if (opening.stream != 0 or opening.unheard != 0) return;
    const place& at = places[opening.dials];
    if (strikes(fault::stream_reaches_a_stranger))
        streams.push_back({.of = from, .is_to_a_stranger = true});
    else if (at.runs)
        streams.push_back({.of = from, .to = host_of(opening.dials)});
    else
        return put_after(soon(), to_worker{from, link_ended{"connection refused"}});
    opening.stream = static_cast<std::uint32_t>(streams.size());
    streams.back().down = now + soon(fault::stream_slow);
    queue.put(streams.back().down, to_worker{from, link_opened{}, {streams.size()}});
}

inline void outside::say(process_number from, const worker_message& message) {
    const process& saying = backend.all()[from];
    rules.spoke(saying, now);
    if (saying.stream == 0) return;
    stream& on = streams[saying.stream - 1];
    if (on.is_to_a_stranger) return answer_as_a_stranger(from, message);
    if (std::holds_alternative<task_report>(message)) on.tells_tasks = true;
    if (const auto* const part = std::get_if<checkpoint_report>(&message); part and part->failure)
        on.tells_failure_of = part->epoch;
    // What must be said is said by the next heartbeat; these must not be far apart (S14).
    if (std::holds_alternative<heartbeat>(message)) {
        rules.expect(on.knew_failure_of != saying.begun or on.tells_failure_of == saying.begun, invariant::converges,
                     now, [&] {
                         return "worker " + std::to_string(from + 1) + " does not say that it could not store epoch " +
                                std::to_string(saying.begun.value);
                     });
        on.knew_failure_of = saying.failed;
    }
    const stream_id id{saying.stream};
    const auto arrives = [&](worker_message what) {
        return to_controller{on.to, stream_event{.stream = id, .peer_host = "127.0.0.1", .what = std::move(what)}};
    };
    if (const auto* const shown = std::get_if<proof>(&message)) overheard = *shown;
    if (const auto* const first = std::get_if<hello>(&message)) on.says = first->incarnation;
    if (strikes(fault::stream_breaks)) return end(id, "broken", ender::network);
    if (const auto plan = planned_for(number_of(message))) return say_as_planned(from, id, message, *plan);
    const instant earlier = std::max(on.up, now);
    on.up = std::max(on.up, now + soon(fault::stream_slow));
    // Of subtasks that exist and of some that do not. The true one comes after it: of reports the last counts.
    const auto* const report = std::get_if<task_report>(&message);
    if (on.is_proven and report and strikes(fault::report_misdirected)) {
        task_report foreign = *report;
        foreign.started = {{node_id{1 + chosen.choose(3)}, 0, 1 + chosen.choose(8)}};
        // Who may run all sources by itself would be believed.
        if (saying.identity.slots < 3) foreign.finished = foreign.started;
        queue.put(earlier, arrives(foreign));
    }
    const auto* const stored = std::get_if<checkpoint_report>(&message);
    if (on.is_proven and stored and not stored->subtasks.empty() and strikes(fault::report_misdirected)) {
        checkpoint_report foreign = *stored;
        for (subtask_state& one : foreign.subtasks) {
            one.node = {1 + chosen.choose(3)};
            one.subtask = chosen.choose(4);
        }
        queue.put(earlier, arrives(foreign));
    }
    queue.put(on.up, arrives(message));
    // A report does not come after a later one, for which it would stand: streams keep the order.
    if (on.is_proven and strikes(fault::message_repeated))
        queue.put(report or stored ? on.up : now + duration(chosen.choose(8'192)), arrives(message));
}

inline void outside::say_as_planned(process_number from, stream_id id, const worker_message& message,
                                    std::uint8_t outcome) {
    stream& on = streams[id.value - 1];
    const auto arrives = [&](duration after) {
        put_after(after, to_controller{on.to, stream_event{.stream = id, .peer_host = "127.0.0.1", .what = message}});
    };
    const host at = on.to;
    switch (outcome) {
        case 0:
            arrives({});
            put_after({}, controller_turn{at, controller_turn::kind::crashes});
            break;
        case 1: return end(id, "broken", ender::network);  // a stream loses nothing but its end
        case 2:
            on.up = std::max(on.up, now + std::chrono::seconds(15));
            arrives(on.up - now);
            break;
        case 3:
            arrives({});
            arrives(std::chrono::seconds(1));
            break;
        case 4: arrives(std::chrono::seconds(4)); break;
        case 5: {
            arrives({});
            put_after({}, process_turn{from, process_turn::kind::hangs});
            // When it says it anew, on a stream of its own, its generation is over.
            const duration later = std::chrono::seconds(70);
            const process& who = backend.all()[from];
            streams.push_back({.of = from, .to = at});
            const hello first{.job = who.job, .generation = who.generation, .worker = who.identity.id};
            for (const worker_message& said : {worker_message(first), message})
                put_after(later,
                          to_controller{
                              at, stream_event{.stream = {streams.size()}, .peer_host = "127.0.0.1", .what = said}});
            put_after(later, process_turn{from, process_turn::kind::goes_on});
            break;
        }
        default: break;
    }
}

template <class Effect>
void outside::answer_call(const to_outside& asked, const request<Effect>& r, connection_id on,
                          const call_answer& with) {
    const auto* const no = std::get_if<refused>(&with);
    if constexpr (std::same_as<Effect, dial>) {
        connection& made = connections[on.value - 1];
        const auto* const me = std::get_if<identified>(&with);
        if (me) made.is_open = true;
        reply<Effect>(asked.from, asked.job, r,
                      me ? outcome<dialled>(dialled{on, me->worker, me->incarnation, me->mac})
                         : outcome<dialled>(not_applied{{error_kind::permanent, no ? no->why : "not asked"}}));
    } else if constexpr (domain_of<Effect>() == fault::call_refused) {
        reply<Effect>(asked.from, asked.job, r,
                      no ? outcome<applied>(not_applied{{error_kind::permanent, no->why}}) : outcome<applied>(applied{}));
    }
}

inline void outside::answer(call_id to, const call_answer& with) {
    if (to.value == 0 or to.value > calls.size()) return;
    call& one = calls[to.value - 1];
    if (one.breaks)
        rules.expect(std::holds_alternative<refused>(with), *one.breaks, now,
                     [] { return std::string("a worker does what it is told by a call that is not for it"); });
    if (not one.asked) return;
    const to_outside asked = *std::exchange(one.asked, std::nullopt);
    const connection_id on = one.on;
    if (not std::holds_alternative<refused>(with)) rules.spoke(backend.all()[connections[on.value - 1].to], now);
    std::visit([&]<class Effect>(const request<Effect>& r) { answer_call(asked, r, on, with); }, asked.what);
}

}  // namespace headgate::inline v1::simulation
