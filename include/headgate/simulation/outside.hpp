#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: everything outside of controllers and workers: time, the network, what is stored, and what goes wrong.

#include <headgate/concepts/worker_log.hpp>
#include <headgate/simulation/decisions.hpp>
#include <headgate/simulation/fault.hpp>
#include <headgate/simulation/invariants.hpp>
#include <headgate/simulation/probe.hpp>
#include <headgate/simulation/processes.hpp>
#include <headgate/simulation/trace.hpp>
#include <headgate/simulation/traffic.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// Controllers that may be there at a time.
inline constexpr std::size_t most_controllers = 2;

/// A copyable value. Ports (ports.hpp) put requests and words into it; the world (world.hpp) takes out what arrives.
class outside {
public:
    outside(decisions by, const fault_set& allowed) : chosen(std::move(by)), wrong(allowed, chosen) {}

    instant now = instant{} + std::chrono::hours(1);
    decisions chosen;
    fault_plan wrong;
    traffic queue{};
    trace seen{};
    checks rules{};
    probes reached{};
    std::map<std::pair<std::uint32_t, job_id>, glimpse> glimpses{};  ///< by a controller's place
    std::set<std::pair<incarnation, std::uint64_t>> lost_requests{}, lost_answers{};  ///< of writes of rows, by revision

    // What is stored.
    database_rows rows{};
    duration wall_offset{};
    instant database_away_until{};
    std::map<std::pair<job_id, checkpoint_name>, std::shared_ptr<const checkpoint_metadata>> objects{};
    processes backend{};
    worker_log news{};

    /// A controller's place, whether or not one runs there.
    struct place {
        std::uint32_t boot = 0;  ///< 0: none was ever there
        incarnation self{};
        bool runs = false;
        bool is_paused = false;
        bool is_doomed = false;  ///< it crashes as soon as it returns; what it asks until then is not heard
        std::optional<request<watch_jobs>> watches_jobs{};
        std::optional<request<watch_workers>> watches_workers{};
        std::vector<std::pair<job_handle, request<stop_workers>>> stops{};  ///< that wait for workers to end
    };
    std::array<place, most_controllers> places{};

    struct stream {
        process_number of{};
        host to{};
        bool is_open = true;
        bool is_proven = false;
        instant up{}, down{};  ///< when the last message of each direction arrives
    };
    std::vector<stream> streams{};  ///< number k is at k - 1
    struct connection {
        process_number to{};
        host from{};
        digest256 token{};
        bool is_open = false;
    };
    std::vector<connection> connections{};
    struct call {
        std::optional<to_outside> asked{};  ///< none: answered
        connection_id on{};
    };
    std::vector<call> calls{};

    /// The job's sources end by themselves so long after they were started; `never`: they do not.
    duration sources_end_after = duration::max();

    /// Each strikes the first effect of its kind that comes, in this order.
    std::vector<planned_fault> planned{};

    /// Delays of what goes well: up to so many milliseconds. 1: none, for whoever tries every order.
    std::uint32_t usual_delay = 16;
    /// What every delay has at least.
    duration hop{};

    // From controllers --------------------------------------------------------------------------------------------------

    bool hears(host from) const {
        return places[from.slot].runs and places[from.slot].boot == from.boot and not places[from.slot].is_doomed;
    }
    host host_of(std::uint32_t slot) const { return {slot, places[slot].boot}; }

    template <class Effect>
    void ask(host from, job_handle job, const request<Effect>& r);
    template <class Effect>
    void reply(host to, job_handle job, const request<Effect>& asked, typename Effect::answer answer);
    void send(host from, stream_id to, const controller_message& message);
    void hang_up(host from, connection_id which);

    // From workers ------------------------------------------------------------------------------------------------------

    void open(process_number from);
    void say(process_number from, const worker_message& message);
    void answer(call_id to, const call_answer& with);

    /// Both ends hear it, after what was sent.
    void end(stream_id which, const std::string& why);
    void put_after(duration length, on_its_way what) { queue.put(now + length, std::move(what)); }
    bool strikes(fault which);
    /// The outcome that is planned for this effect now, if it is the next one.
    std::optional<std::uint8_t> planned_for(std::uint8_t effect);
    duration soon(fault slow);
    duration soon() { return hop + duration(chosen.choose(usual_delay)); }

private:
    template <class Effect>
    void ask_as_planned(host from, job_handle job, const request<Effect>& r, std::uint8_t outcome);
    void say_as_planned(process_number from, stream_id on, const worker_message& message, std::uint8_t outcome);

    std::vector<ticket> muted{};  ///< requests whose answers nobody gets

    template <class Effect>
    void answer_call(const to_outside& asked, const request<Effect>& r, connection_id on, const call_answer& with);
};

/// The first fault of the domain that carries `Effect` out.
template <class Effect>
constexpr fault domain_of() {
    constexpr error_kind kind = Effect::fails_as;
    if constexpr (std::same_as<Effect, stop_execution> or std::same_as<Effect, begin_checkpoint>)
        return fault::call_refused;
    else if constexpr (kind == error_kind::database)
        return fault::database_refuses;
    else if constexpr (kind == error_kind::scheduler)
        return fault::scheduler_refuses;
    else if constexpr (kind == error_kind::state_backend)
        return fault::states_refuse;
    else
        return fault::call_refused;
}

/// Asked again and again, and answered when there is news: these go wrong by being slow or lost, not refused.
template <class Effect>
inline constexpr bool is_watch = std::same_as<Effect, watch_jobs> or std::same_as<Effect, watch_workers>;

template <class Effect>
inline constexpr bool is_row_write = std::same_as<Effect, claim> or std::same_as<Effect, store_row>;

/// As mail for the job that asked, or for the controller.
template <class Effect>
mail mail_of(job_handle job, const ticket& by, typename Effect::answer answer) {
    answered<Effect> what{by, std::move(answer)};
    if constexpr (std::constructible_from<event, answered<Effect>>)
        return job_mail{job, std::move(what)};
    else
        return what;
}

template <class Effect>
typename Effect::answer no_answer_of(std::string text) {
    error why{.kind = Effect::fails_as, .text = std::move(text)};
    if constexpr (std::constructible_from<typename Effect::answer, unknown>)
        return unknown{std::move(why)};
    else
        return tl::unexpected(std::move(why));
}

template <class Effect>
typename Effect::answer refusal_of(error why) {
    if constexpr (std::constructible_from<typename Effect::answer, not_applied>)
        return not_applied{std::move(why)};
    else
        return tl::unexpected(std::move(why));
}

/// Which effect of an attempt it is; `no_effect`: none that is planned for.
template <class Effect>
std::uint8_t number_of(const Effect& what) {
    if constexpr (std::same_as<Effect, claim>) return claiming_effect;
    else if constexpr (std::same_as<Effect, stop_workers>) return stopping_effect;
    else if constexpr (std::same_as<Effect, start_workers>) return starting_effect;
    else if constexpr (std::same_as<Effect, load_checkpoint>) return loading_effect;
    else if constexpr (std::same_as<Effect, prepare_checkpoint>) return preparing_effect;
    else if constexpr (std::same_as<Effect, dial>) return dialling_effect;
    else if constexpr (std::same_as<Effect, start_execution>) return executing_effect;
    else if constexpr (std::same_as<Effect, store_row>) return what.next.state == state_name::running ? storing_effect : no_effect;
    else if constexpr (std::same_as<Effect, begin_checkpoint>) return barrier_effect;
    else if constexpr (std::same_as<Effect, store_checkpoint>) return metadata_effect;
    else if constexpr (std::same_as<Effect, write_checkpoint>) return what.row.state == checkpoint_state::ready ? ready_effect : no_effect;
    else if constexpr (std::same_as<Effect, worker_message>)
        return std::holds_alternative<proof>(what)         ? registration
               : std::holds_alternative<task_report>(what) ? started_report
                                                           : no_effect;
    else return no_effect;
}

/// "127.0.0.1:17", where the process of that number listens.
inline std::string address_of(process_number of) { return "127.0.0.1:" + std::to_string(of + 1); }
std::optional<process_number> process_at(const std::string& address);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::optional<process_number> process_at(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    process_number number = 0;
    for (const char digit : address.substr(colon + 1)) number = number * 10 + static_cast<process_number>(digit - '0');
    return number - 1;
}

inline bool outside::strikes(fault which) {
    if (not wrong.strikes(which, chosen)) return false;
    seen.say(now, "world", [&] { return "fault: " + std::string(name_of(which)); });
    return true;
}

inline std::optional<std::uint8_t> outside::planned_for(std::uint8_t effect) {
    if (planned.empty() or planned.front().effect != effect or effect == no_effect) return std::nullopt;
    const std::uint8_t outcome = planned.front().outcome;
    planned.erase(planned.begin());
    seen.say(now, "world", [&] { return "planned fault: effect " + std::to_string(effect) + ", outcome " + std::to_string(outcome); });
    return outcome;
}

inline duration outside::soon(fault slow) {
    const duration usual = soon();
    // Around the limits of calls, so that answers come before, at and after them.
    return strikes(slow) ? usual + duration(chosen.choose(16'384)) : usual;
}

template <class Effect>
void outside::ask(host from, job_handle job, const request<Effect>& r) {
    if (not hears(from)) return;
    place& asking = places[from.slot];
    if (not is_watch<Effect> and strikes(fault::crash_before)) {
        asking.is_doomed = true;
        return;
    }
    const auto plan = planned_for(number_of(r.what));
    if (plan == 1) {
        asking.is_doomed = true;
        return;
    }
    rules.asked(r, rows, now);
    if (plan) return ask_as_planned(from, job, r, *plan);
    constexpr fault domain = domain_of<Effect>();
    const bool is_lost = std::same_as<Effect, start_execution> and strikes(fault::execution_lost);
    if (is_lost or (not is_watch<Effect> and strikes(in_domain(domain, fault::database_loses_request)))) {
        if constexpr (is_row_write<Effect>) lost_requests.insert({r.by.incarnation, r.what.expected});
        if (chosen.choose(2) == 1)
            queue.put(r.deadline, to_controller{from, mail_of<Effect>(job, r.by, no_answer_of<Effect>("lost"))});
    } else {
        put_after(soon(in_domain(domain, fault::database_slow)), to_outside{from, job, r});
    }
    if (not is_watch<Effect> and strikes(fault::crash_after)) asking.is_doomed = true;
}

template <class Effect>
void outside::ask_as_planned(host from, job_handle job, const request<Effect>& r, std::uint8_t outcome) {
    const auto answers = [&](typename Effect::answer answer) {
        put_after({}, to_controller{from, mail_of<Effect>(job, r.by, std::move(answer))});
    };
    switch (outcome) {
        case 0:
            put_after({}, to_outside{from, job, r});
            places[from.slot].is_doomed = true;
            break;
        case 2: put_after({}, to_outside{from, job, r}); muted.push_back(r.by); [[fallthrough]];
        case 3: answers(no_answer_of<Effect>("no answer")); break;
        case 4: answers(refusal_of<Effect>({.kind = Effect::fails_as, .text = "not now"})); break;
        case 5: answers(refusal_of<Effect>({.kind = error_kind::permanent, .text = "never"})); break;
        default: break;
    }
}

template <class Effect>
void outside::reply(host to, job_handle job, const request<Effect>& asked, typename Effect::answer answer) {
    constexpr fault domain = domain_of<Effect>();
    if (std::erase(muted, asked.by) > 0) return;
    mail what = mail_of<Effect>(job, asked.by, std::move(answer));
    if (strikes(in_domain(domain, fault::database_loses_answer))) {
        if constexpr (is_row_write<Effect>) lost_answers.insert({asked.by.incarnation, asked.what.expected});
        if (chosen.choose(2) == 1)
            queue.put(std::max(now, asked.deadline),
                      to_controller{to, mail_of<Effect>(job, asked.by, no_answer_of<Effect>("the answer was lost"))});
        return;
    }
    if (strikes(in_domain(domain, fault::database_repeats)))
        put_after(duration(chosen.choose(16'384)), to_controller{to, what});
    put_after(soon(in_domain(domain, fault::database_slow)), to_controller{to, std::move(what)});
}

inline void outside::send(host from, stream_id to, const controller_message& message) {
    if (not hears(from) or to.value == 0 or to.value > streams.size()) return;
    stream& on = streams[to.value - 1];
    if (on.to != from) return;
    const auto* const said = std::get_if<verdict>(&message);
    if (said and std::holds_alternative<accepted>(*said)) {
        on.is_proven = true;
        rules.accepted_by(backend.all()[on.of], to, now);
    }
    if (not on.is_open) return;
    on.down = std::max(on.down, now + soon(fault::stream_slow));
    queue.put(on.down, to_worker{on.of, message});
}

inline void outside::end(stream_id which, const std::string& why) {
    if (which.value == 0 or which.value > streams.size()) return;
    stream& ended = streams[which.value - 1];
    if (not std::exchange(ended.is_open, false)) return;
    process& of = backend.all()[ended.of];
    if (of.stream == which.value) of.stream = 0;
    queue.put(std::max(ended.up, now + soon()),
              to_controller{ended.to, stream_event{.stream = which, .peer_host = "127.0.0.1", .what = stream_ended{}}});
    queue.put(std::max(ended.down, now + soon()), to_worker{ended.of, link_ended{why}});
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
    if (opening.stream != 0) return;
    const place& at = places[opening.dials];
    if (not at.runs) return put_after(soon(), to_worker{from, link_ended{"connection refused"}});
    streams.push_back({.of = from, .to = host_of(opening.dials)});
    opening.stream = static_cast<std::uint32_t>(streams.size());
    streams.back().down = now + soon(fault::stream_slow);
    queue.put(streams.back().down, to_worker{from, link_opened{}});
}

inline void outside::say(process_number from, const worker_message& message) {
    const process& saying = backend.all()[from];
    if (saying.stream == 0) return;
    stream& on = streams[saying.stream - 1];
    const stream_id id{saying.stream};
    const auto arrives = [&](worker_message what) {
        return to_controller{on.to, stream_event{.stream = id, .peer_host = "127.0.0.1", .what = std::move(what)}};
    };
    if (strikes(fault::stream_breaks)) return end(id, "broken");
    if (const auto plan = planned_for(number_of(message))) return say_as_planned(from, id, message, *plan);
    on.up = std::max(on.up, now + soon(fault::stream_slow));
    queue.put(on.up, arrives(message));
    if (not on.is_proven) return;
    if (strikes(fault::message_repeated))
        put_after(duration(chosen.choose(8'192)), arrives(message));
    const auto* const report = std::get_if<task_report>(&message);
    if (report and strikes(fault::report_misdirected)) {
        task_report foreign = *report;
        // Of a node that exists and of one that does not.
        foreign.started = {{node_id{1 + chosen.choose(3)}, 0, 1 + chosen.choose(8)}};
        foreign.finished = foreign.started;
        queue.put(on.up, arrives(foreign));
    }
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
        case 1: return end(id, "broken");  // a stream loses nothing but its end
        case 2:
            on.up = std::max(on.up, now + std::chrono::seconds(15));
            arrives(on.up - now);
            break;
        case 3:
            arrives({});
            arrives(std::chrono::seconds(1));
            break;
        case 4: arrives(std::chrono::seconds(4)); break;
        case 5:
            arrives({});
            put_after({}, process_turn{from, process_turn::kind::hangs});
            put_after(std::chrono::seconds(70), process_turn{from, process_turn::kind::goes_on});
            break;
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
    if (not one.asked) return;
    const to_outside asked = *std::exchange(one.asked, std::nullopt);
    const connection_id on = one.on;
    std::visit([&]<class Effect>(const request<Effect>& r) { answer_call(asked, r, on, with); }, asked.what);
}

}  // namespace headgate::inline v1::simulation
