#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: everything outside of controllers and workers: time, the network, what is stored, and what goes wrong.

#include <headgate/concepts/worker_log.hpp>
#include <headgate/simulation/decisions.hpp>
#include <headgate/simulation/effects.hpp>
#include <headgate/simulation/fault.hpp>
#include <headgate/simulation/invariants.hpp>
#include <headgate/simulation/invariants/health.hpp>
#include <headgate/simulation/probe.hpp>
#include <headgate/simulation/processes.hpp>
#include <headgate/simulation/trace.hpp>
#include <headgate/simulation/traffic.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// Controllers that may be there at a time.
/// No clocks are compared, and answers are late by up to 16 s: of a lease of 30 s, so much is left for sure.
inline constexpr duration silence = std::chrono::seconds(10);

/// Time in which nobody, or one controller, reaches the database.
struct outage {
    instant since{}, until{};

    void begin(instant now, duration length) {
        if (until <= now) since = now;
        until = now + length;
    }
    void end(instant now) { until = std::min(until, now); }
    /// The last end that every controller notices. It watches leases anew when it had no answer for 6 s (T5), and an
    /// answer from before may arrive in an outage as late as that: a shorter one counts as time that the database was
    /// there for. The past, if there was none.
    instant noticed_end(instant now) const {
        const instant last = std::min(until, now);
        return last - since > 2 * std::chrono::seconds(6) ? last : instant{};
    }
};

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
    headgate::simulation::health health{};
    std::uint64_t alarms{};  ///< told by anybody
    probes reached{};
    std::array<std::map<job_id, glimpse>, most_controllers> glimpses{};  ///< by a controller's place
    /// Writes of rows by revision: those that never arrived, and those that were applied and nobody was told so.
    std::set<std::pair<incarnation, std::uint64_t>> lost_requests{}, lost_answers{};

    // What is stored.
    database_rows rows{};
    duration wall_offset{};
    outage database_away{};
    instant healed_at = never;
    std::map<std::pair<job_id, checkpoint_name>, std::shared_ptr<const checkpoint_metadata>> objects{};
    processes backend{};
    worker_log news{};

    /// A controller's place, whether or not one runs there.
    struct place {
        std::uint32_t boot = 0;  ///< 0: none was ever there
        incarnation self{};
        bool runs = false;
        bool is_paused = false;
        outage cut_off{};          ///< from the database
        bool is_stranded = false;  ///< not of the core that is well again
        bool is_doomed = false;  ///< it crashes as soon as it returns; what it asks until then is not heard
        std::optional<request<watch_jobs>> watches_jobs{};
        std::optional<request<watch_workers>> watches_workers{};
        std::vector<std::pair<job_handle, request<stop_workers>>> stops{};  ///< that wait for workers to end
    };
    std::array<place, most_controllers> places{};
    std::array<ticket, most_controllers> asked_for_news{};  ///< by the last watch of jobs of whoever runs there
    std::map<std::tuple<std::uint32_t, std::uint32_t, job_handle>, job_id>
        names{};  ///< by slot and boot of a controller

    /// Of a controller, at the database.
    struct sign_of_life {
        instant last{};
        instant after_silence = never;  ///< when it came back from its last long silence
    };
    std::map<incarnation, sign_of_life> signs_of_life{};
    std::set<incarnation> said_gone{};  ///< and may live
    std::set<std::tuple<job_id, incarnation, std::uint64_t>> judged{};  ///< claims, by whom and of which revision
    void advanced(incarnation who);
    /// Whether another may take what it owns (G5): it is not there, or was in `silence`, not long ago. Time in which
    /// the database was away, or in which `by` was cut off from it, is no silence (T5).
    bool is_given_up(incarnation who, incarnation by) const;

    struct stream {
        process_number of{};
        host to{};
        bool is_open = true;
        bool is_proven = false;
        bool is_to_a_stranger = false;
        bool tells_tasks = false;  ///< what has started; asked in the turn that accepts its worker alone
        epoch tells_failure_of{};  ///< the newest checkpoint of which it was said that its worker could not store it
        epoch knew_failure_of{};   ///< likewise, known to the worker at its last heartbeat
        incarnation says{};        ///< in its hello
        instant up{}, down{};  ///< when the last message of each direction arrives
    };
    std::vector<stream> streams{};  ///< number k is at k - 1
    std::vector<stream_id> renewed{};  ///< where a controller gave leases in its last turn
    proof overheard{};              ///< the last that a worker sent; strangers repeat it
    struct connection {
        process_number to{};
        host from{};
        digest256 token{};
        bool is_open = false;
        bool is_to_a_stranger = false;
    };
    std::vector<connection> connections{};
    /// Of the process at its other end.
    job_id job_at(connection_id which) const {
        return which.value - 1 < connections.size() ? backend.all()[connections[which.value - 1].to].job : job_id{};
    }
    struct call {
        std::optional<to_outside> asked{};  ///< none: answered
        connection_id on{};
        std::optional<invariant> breaks{};  ///< what an answer that is no refusal shows
    };
    std::vector<call> calls{};

    /// The job's sources end by themselves so long after they were started; `never`: they do not.
    duration sources_end_after = duration::max();
    duration drains_for{};  ///< the subtasks behind them end so much later

    /// The user watches, and speaks up when an effect is asked for the so manieth time: uniform over the phases of an
    /// attempt, which uniform times are not.
    struct cue {
        std::uint8_t effect = no_effect;
        std::uint32_t times{};
        std::uint32_t first{}, count{};  ///< of what is said, one after the other
    };
    cue watched{};

    /// Each strikes the first effect of its kind that comes, in this order.
    std::vector<planned_fault> planned{};
    std::vector<std::uint8_t> answered_twice{};  ///< effects, each once
    /// Each holds up the next of its effect, or the next answer to one, in this order.
    struct delay {
        std::uint8_t effect = no_effect;
        bool is_of_answer{};
        duration length{};
    };
    std::vector<delay> delays{};
    /// A time in which no row of a job is taken, as if it had been edited by hand.
    struct row_refusal {
        instant since{}, until{};
        bool has_struck = false;
    };
    std::vector<row_refusal> refusals{};
    /// Of whose last write: since when it has let the job go for that, or `never`.
    std::map<std::pair<incarnation, job_id>, instant> refused_rows{};
    std::array<instant, most_controllers> awake_since{};  ///< when its last pause ended

    /// Delays of what goes well: up to so many milliseconds. 1: none, for whoever tries every order.
    std::uint32_t usual_delay = 16;
    /// What every delay has at least.
    duration hop{};

    // From controllers -----------------------------------------------------------------------------------------------

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
    /// Beside this call another comes to the worker, which it must refuse.
    void misdirect(called what, connection_id on);

    // From workers ---------------------------------------------------------------------------------------------------

    void open(process_number from);
    void say(process_number from, const worker_message& message);
    void answer(call_id to, const call_answer& with);

    enum class ender : std::uint8_t { controller, worker, network };
    /// Both ends hear it, after what was sent.
    void end(stream_id which, const std::string& why, ender by);
    /// A worker closes what it believes to be open.
    void close(process_number from);
    void put_after(duration length, on_its_way what) { queue.put(now + length, std::move(what)); }
    bool strikes(fault which);
    /// The outcome that is planned for this effect now, if it is the next one.
    std::optional<std::uint8_t> planned_for(std::uint8_t effect);
    /// What is planned to hold it up now; zero: nothing.
    duration held_up(std::uint8_t effect, bool is_of_answer);
    duration soon(fault slow);
    duration soon() { return hop + duration(chosen.choose(usual_delay)); }

private:
    void look_at_claim(const request<claim>& r);
    void look_for_cue(std::uint8_t effect);
    template <class Effect>
    void ask_as_planned(host from, job_handle job, const request<Effect>& r, std::uint8_t outcome);
    void answer_as_a_stranger(process_number to, const worker_message& message);
    void say_as_planned(process_number from, stream_id on, const worker_message& message, std::uint8_t outcome);

    std::vector<ticket> muted{};  ///< requests whose answers nobody gets

    template <class Effect>
    void answer_call(const to_outside& asked, const request<Effect>& r, connection_id on, const call_answer& with);
};

// Implementation ------------------------------------------------------------------------------------------------------

inline bool outside::strikes(fault which) {
    if (not wrong.strikes(which, chosen)) return false;
    seen.say(now, "world", [&] { return "fault: " + std::string(name_of(which)); });
    return true;
}

inline std::optional<std::uint8_t> outside::planned_for(std::uint8_t effect) {
    if (planned.empty() or planned.front().effect != effect or effect == no_effect) return std::nullopt;
    const std::uint8_t outcome = planned.front().outcome;
    planned.erase(planned.begin());
    seen.say(now, "world", [&] {
        return "planned fault: effect " + std::to_string(effect) + ", outcome " + std::to_string(outcome);
    });
    return outcome;
}

inline duration outside::held_up(std::uint8_t effect, bool is_of_answer) {
    const auto at = std::ranges::find_if(
        delays, [&](const delay& one) { return one.effect == effect and one.is_of_answer == is_of_answer; });
    if (at == delays.end()) return {};
    const duration length = at->length;
    delays.erase(at);
    return length;
}

inline duration outside::soon(fault slow) {
    const duration usual = soon();
    if (not strikes(slow)) return usual;
    // Around the limits: of calls, so that answers come before, at and after them, of heartbeats, or of the start-up
    // of tasks. What a controller says to a database, and hears from it, is never later than `silence` allows for.
    if (slow == fault::tasks_start_slowly and chosen.choose(4) == 3)
        return usual + std::chrono::seconds(100) + duration(chosen.choose(40'000));
    if (slow != fault::database_slow and chosen.choose(8) == 7) return usual + duration(chosen.choose(65'536));
    return usual + duration(chosen.choose(16'384));
}

inline void outside::advanced(incarnation who) {
    sign_of_life& of = signs_of_life.try_emplace(who, now).first->second;
    if (now - std::max(of.last, database_away.noticed_end(now)) >= silence) of.after_silence = now;
    of.last = now;
}

inline bool outside::is_given_up(incarnation who, incarnation by) const {
    const auto place_of = [&](incarnation one) {
        return std::ranges::find_if(places, [&](const place& at) { return at.runs and at.self == one; });
    };
    if (place_of(who) == places.end() or said_gone.contains(who)) return true;
    const auto at = signs_of_life.find(who);
    if (at == signs_of_life.end()) return true;
    instant silent_since = std::max(at->second.last, database_away.noticed_end(now));
    if (const auto observer = place_of(by); observer != places.end())
        silent_since = std::max(silent_since, observer->cut_off.noticed_end(now));
    if (now - silent_since >= silence) return true;
    return at->second.after_silence != never and now - at->second.after_silence < std::chrono::minutes(1);
}

inline void outside::look_at_claim(const request<claim>& r) {
    const auto at = rows.jobs().find(r.what.job);
    const bool knows_the_row = at != rows.jobs().end() and at->second.row.revision == r.what.expected;
    if (not knows_the_row or at->second.row.owner == r.by.incarnation) return;
    // Whoever was silent long enough is given up: a claim that gets no answer is repeated, until the row changes.
    if (not judged.emplace(r.what.job, r.by.incarnation, r.what.expected).second) return;
    rules.expect(is_given_up(at->second.row.owner, r.by.incarnation), invariant::taken_from_the_silent, now,
                 [&] { return r.what.job.value + ", by " + detail::text_of(r.by); });
}

inline void outside::look_for_cue(std::uint8_t effect) {
    if (effect == no_effect or effect != watched.effect or --watched.times > 0) return;
    watched.effect = no_effect;
    duration after{};
    for (std::uint32_t i = 0; i < watched.count and not wrong.is_healed(); ++i)
        put_after(after += duration(chosen.choose(i == 0 ? 64 : 2'000)), user_turn{.says = watched.first + i});
}

}  // namespace headgate::inline v1::simulation

#include <headgate/simulation/outside/requests.hpp>
#include <headgate/simulation/outside/strangers.hpp>
#include <headgate/simulation/outside/words.hpp>
