#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: a world whose next event is chosen, not drawn: everything that could happen next, and taking one of it.
//
// What can happen next:
//   anything that is on its way arrives; what is sent in an order (a stream, an engine's words) in that order;
//   while there is something left to spend: an answer is lost, a report comes twice or claims what is another worker's,
//   the user speaks, a worker dies, a controller crashes; what a dead controller had asked may be lost;
//   when nothing is on its way, time passes until the next deadline; of those that have one instant, any is first.
//   With `late` to spend time passes before what is on its way has arrived.
// At once, in one order: leases, heartbeats, histories, and news that tell a controller nothing; and while nothing is on
// its way, deadlines that only move a lease or a heartbeat on: time stops just before one that something comes of.
// A world whose job is where its user wants it rests: no time passes there until something else happens.
//
// What is lost by this: deadlines that pass while an answer is on its way, more often than `late` allows; leases,
// heartbeats and histories that come late; faults between two deadlines of which nothing comes; and what time alone
// brings about in a job that runs or has ended. Seeded runs have all of these.

#include <headgate/simulation/world_hash.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// What may still go wrong, and how often.
struct allowance {
    std::uint8_t lost{}, late{}, repeated{}, misdirected{}, deaths{}, crashes{};
    bool restarts = true;  ///< a controller that crashed comes back, before time passes

    friend bool operator==(const allowance&, const allowance&) = default;
};

struct move {
    enum class kind : std::uint8_t {
        arrives,
        is_lost,
        is_repeated,
        is_misdirected,
        dies,
        crashes,
        time_arrives,
        time_polls
    };

    kind what{};
    std::uint32_t at{};  ///< position in the queue, process, place, or number of who is polled
};

template <class Policies = policies<>, backend_rules Backend = cluster>
class situation {
public:
    using world_type = world<Policies, Backend>;

    /// The world may hold words of its user (`will_say`), each spoken at any time, in their order.
    situation(const world_type& start, allowance left) : in_(start), left_(left) { settle(); }
    situation(const situation&) = default;

    const world_type& in() const { return in_; }
    world_type& in() { return in_; }
    const allowance& left() const { return left_; }
    std::uint64_t hash() const { return hash_with(hash_of(in_)); }
    std::uint64_t hash_with(const world_hash& of) const { return detail::mixed(of.value() ^ detail::mixed(packed())); }
    /// Whether `next`, by an answer that arrived, is this but for the answer: nobody waited for it, and nobody ever
    /// will.
    bool is_stale(const move& by, const world_hash& now, const world_hash& next) const;

    /// Everything that can happen next, always in the same order.
    void list(std::vector<move>& into) const;
    void take(const move& one);
    /// Where every job is wished to be, and nothing else is under way.
    bool rests() const;

private:
    std::uint64_t packed() const {
        return std::uint64_t{left_.lost} | std::uint64_t{left_.late} << 8 | std::uint64_t{left_.repeated} << 16 |
               std::uint64_t{left_.misdirected} << 24 | std::uint64_t{left_.deaths} << 32 |
               std::uint64_t{left_.crashes} << 40;
    }
    void settle();
    void arrive_at_once();
    bool passes_idly();
    bool is_quiet() const;
    void fire(const move& one);
    bool is_dead(const on_its_way& what) const;
    bool is_at_once(const on_its_way& what) const;
    bool is_due_at_once(std::uint32_t slot) const;
    bool tells_nothing(const to_controller& to, const job_news& news) const;
    bool is_first(std::size_t position) const;
    void say(std::string_view what);
    void list_time(std::vector<move>& into) const;

    world_type in_;
    allowance left_;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline const task_report* report_in(const on_its_way& what) {
    const auto* const up = std::get_if<to_controller>(&what);
    const auto* const heard = up ? std::get_if<stream_event>(&up->what) : nullptr;
    const auto* const said = heard ? std::get_if<worker_message>(&heard->what) : nullptr;
    return said ? std::get_if<task_report>(said) : nullptr;
}

/// An answer to something that a job asked.
inline bool is_answer(const on_its_way& what) {
    const auto* const up = std::get_if<to_controller>(&what);
    return up and std::holds_alternative<job_mail>(up->what);
}

}  // namespace detail

template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::is_stale(const move& by, const world_hash& now, const world_hash& next) const {
    const outside& o = in_.around();
    if (by.what != move::kind::arrives or now.standing != next.standing or not detail::is_answer(o.queue.at(by.at)))
        return false;
    return now.traffic == next.traffic + 1 + hash_of(hasher(o, names(o)), o, by.at);
}

template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::say(std::string_view what) {
    outside& o = in_.around();
    o.seen.say(o.now, "world", [&] { return std::string(what); });
}

template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::is_quiet() const {
    const outside& o = in_.around();
    bool is_quiet = true;
    o.queue.for_each([&](std::size_t, instant at, const on_its_way& what) {
        if (at <= o.now and not std::holds_alternative<user_turn>(what) and
            (left_.restarts or not std::holds_alternative<controller_turn>(what)))
            is_quiet = false;
    });
    return is_quiet;
}

template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::fire(const move& one) {
    outside& o = in_.around();
    if (one.what == move::kind::time_polls) return in_.pass(one.at);
    o.now = std::max(o.now, o.queue.time_of(one.at));
    in_.happen(o.queue.take_at(one.at));
}

template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::rests() const {
    const outside& o = in_.around();
    for (const auto& [id, entry] : o.rows.jobs()) {
        const auto* const has = in_.machine_of(id);
        const bool runs = in_.runs(id);
        const bool has_ended = is_terminal(entry.row.state) and not has;
        if (entry.wish->stop == stop_mode::run ? not runs : not has_ended) return false;
        for (const process& one : o.backend.all())
            if (one.job == id and one.lives() and (has_ended or one.generation != entry.row.generation)) return false;
    }
    return true;
}

template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::list(std::vector<move>& into) const {
    const outside& o = in_.around();
    into.clear();
    bool has_spoken = false;
    o.queue.for_each([&](std::size_t i, instant at, const on_its_way& what) {
        if (at > o.now or not is_first(i)) return;
        const auto position = static_cast<std::uint32_t>(i);
        if (const auto* const word = std::get_if<user_turn>(&what)) {
            if (std::exchange(has_spoken, true)) return;
            static_cast<void>(word);
            return into.push_back({move::kind::arrives, position});
        }
        if (const auto* const turn = std::get_if<controller_turn>(&what)) {
            static_cast<void>(turn);
            if (not left_.restarts) return;
        }
        into.push_back({move::kind::arrives, position});
        if (left_.lost > 0 and detail::is_answer(what)) into.push_back({move::kind::is_lost, position});
        if (const auto* const asked = std::get_if<to_outside>(&what)) {
            const outside::place& from = o.places[asked->from.slot];
            if (not from.runs or from.boot != asked->from.boot) into.push_back({move::kind::is_lost, position});
        }
        if (detail::report_in(what)) {
            if (left_.repeated > 0) into.push_back({move::kind::is_repeated, position});
            if (left_.misdirected > 0) into.push_back({move::kind::is_misdirected, position});
        }
    });
    if (left_.deaths > 0)
        for (std::uint32_t i = 0; i < o.backend.all().size(); ++i)
            if (o.backend.all()[i].is == process::phase::running) into.push_back({move::kind::dies, i});
    if (left_.crashes > 0)
        for (std::uint32_t slot = 0; slot < most_controllers; ++slot)
            if (in_.controller_at(slot)) into.push_back({move::kind::crashes, slot});
    if (is_quiet() ? not rests() : left_.late > 0) list_time(into);
}

template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::list_time(std::vector<move>& into) const {
    const outside& o = in_.around();
    instant first = never;
    const auto is_time = [&](instant at) { return at > o.now and at != never; };
    o.queue.for_each([&](std::size_t, instant at, const on_its_way&) {
        if (is_time(at)) first = std::min(first, at);
    });
    for (std::uint32_t i = 0; i < in_.pollable(); ++i) first = std::min(first, std::max(in_.deadline_of(i), o.now));
    if (first == never) return;
    o.queue.for_each([&](std::size_t i, instant at, const on_its_way&) {
        if (is_time(at) and at == first) into.push_back({move::kind::time_arrives, static_cast<std::uint32_t>(i)});
    });
    for (std::uint32_t i = 0; i < in_.pollable(); ++i)
        if (std::max(in_.deadline_of(i), o.now) == first) into.push_back({move::kind::time_polls, i});
}

template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::take(const move& one) {
    outside& o = in_.around();
    const bool is_late = one.what == move::kind::time_arrives or one.what == move::kind::time_polls;
    if (is_late and not is_quiet()) --left_.late;
    switch (one.what) {
        case move::kind::arrives: in_.happen(o.queue.take_at(one.at)); break;
        case move::kind::is_lost:
            if (detail::is_answer(o.queue.at(one.at))) --left_.lost;
            if (o.seen.keeps_lines()) {
                const auto [who, text] = described(o.queue.at(one.at));
                say("lost: " + who + ": " + text);
            }
            o.queue.take_at(one.at);
            break;
        case move::kind::is_repeated: {
            --left_.repeated;
            say("what comes now will come again");
            on_its_way what = o.queue.take_at(one.at);
            o.queue.put(in_no_order, what);
            in_.happen(what);
            break;
        }
        case move::kind::is_misdirected: {
            --left_.misdirected;
            say("what comes now is followed by a report of what is another worker's");
            on_its_way what = o.queue.take_at(one.at);
            on_its_way foreign = what;
            auto& heard = std::get<stream_event>(std::get<to_controller>(foreign).what);
            auto& said = std::get<task_report>(std::get<worker_message>(heard.what));
            said.started = {{node_id{1}, 0, 2}, {node_id{2}, 0, 2}, {node_id{3}, 0, 1}};
            said.finished = said.started;
            o.queue.put(in_no_order, std::move(foreign));
            in_.happen(what);
            break;
        }
        case move::kind::dies: in_.happen(process_turn{one.at, process_turn::kind::dies}); break;
        case move::kind::crashes: in_.crash_controller(one.at); break;
        case move::kind::time_arrives:
        case move::kind::time_polls: fire(one); break;
    }
    if (one.what == move::kind::dies) --left_.deaths;
    if (one.what == move::kind::crashes) --left_.crashes;
    if (not in_.broken()) settle();
}

}  // namespace headgate::inline v1::simulation

#include <headgate/simulation/situation/settling.hpp>
