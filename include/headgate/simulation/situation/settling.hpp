#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what happens at once in a situation, without a choice.

#include <headgate/simulation/situation.hpp>

namespace headgate::inline v1::simulation {

template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::is_first(std::size_t position) const {
    const traffic& queue = in_.around().queue;
    const auto order = order_of(queue.at(position));
    if (not order or queue.time_of(position) == in_no_order) return true;
    bool is_first = true;
    queue.for_each([&](std::size_t i, instant at, const on_its_way& other) {
        if (at != in_no_order and queue.number_of(i) < queue.number_of(position) and order_of(other) == order)
            is_first = false;
    });
    return is_first;
}

/// It would find nobody.
template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::is_dead(const on_its_way& what) const {
    const outside& o = in_.around();
    const auto is_gone = [&](const host& one) {
        return not o.places[one.slot].runs or o.places[one.slot].boot != one.boot;
    };
    if (const auto* const up = std::get_if<to_controller>(&what)) return is_gone(up->to);
    if (const auto* const down = std::get_if<to_worker>(&what))
        return not in_.worker_at(down->to) or not o.backend.all()[down->to].listens_to(down->stream);
    if (const auto* const said = std::get_if<from_engine>(&what))
        return not in_.worker_at(said->at) or not o.backend.all()[said->at].has_engine;
    if (const auto* const turn = std::get_if<process_turn>(&what)) return not o.backend.all()[turn->at].lives();
    if (const auto* const over = std::get_if<wait_over>(&what)) {
        if (is_gone(over->of)) return true;
        const outside::place& at = o.places[over->of.slot];
        switch (over->what) {
            case wait_over::kind::watch_of_jobs: return not at.watches_jobs or not(at.watches_jobs->by == over->by);
            case wait_over::kind::watch_of_workers:
                return not at.watches_workers or not(at.watches_workers->by == over->by);
            case wait_over::kind::stop_of_workers:
                return std::ranges::none_of(at.stops, [&](const auto& one) { return one.second.by == over->by; });
        }
    }
    return false;
}

/// No wish and no row that the controller has not taken in.
template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::tells_nothing(const to_controller& to, const job_news& news) const {
    const auto* const at = in_.controller_at(to.to.slot);
    return std::ranges::all_of(news.jobs, [&](const job_record& one) {
        const auto* const has = at ? at->find(one.id) : nullptr;
        const auto is_known = [&](const headgate::job& job) {
            return job.wish and job.wish->version >= (*one.wish)->version and
                   (one.row.owner == job.self or one.row.owner == incarnation{} or
                    one.row.revision <= job.durable.revision);
        };
        return has and is_known(has->job());
    });
}

template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::is_at_once(const on_its_way& what) const {
    if (const auto* const asked = std::get_if<to_outside>(&what))
        return std::visit(
            []<class Effect>(const request<Effect>&) {
                return is_watch<Effect> or std::same_as<Effect, advance_lease> or std::same_as<Effect, tell>;
            },
            asked->what);
    if (const auto* const up = std::get_if<to_controller>(&what)) {
        if (std::holds_alternative<answered<advance_lease>>(up->what) or
            std::holds_alternative<answered<tell>>(up->what))
            return true;
        if (const auto* const seen = std::get_if<answered<watch_workers>>(&up->what))
            return seen->result and seen->result->exits.empty();
        if (const auto* const news = std::get_if<answered<watch_jobs>>(&up->what))
            return news->result and tells_nothing(*up, *news->result);
        const auto* const heard = std::get_if<stream_event>(&up->what);
        const auto* const said = heard ? std::get_if<worker_message>(&heard->what) : nullptr;
        return said and std::holds_alternative<heartbeat>(*said);
    }
    if (const auto* const down = std::get_if<to_worker>(&what)) {
        const auto* const said = std::get_if<controller_message>(&down->what);
        return said and std::holds_alternative<heartbeat_answer>(*said);
    }
    const auto* const over = std::get_if<wait_over>(&what);
    return over and over->what != wait_over::kind::stop_of_workers;
}

/// To ask again for news, or to tell a history: no machine has a part in it.
template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::is_due_at_once(std::uint32_t slot) const {
    const outside& o = in_.around();
    if (in_.deadline_of(slot) > o.now) return false;
    return std::ranges::all_of(o.rows.jobs(), [&](const auto& each) {
        const auto* const has = in_.controller_at(slot)->find(each.first);
        return not has or has->deadline() > o.now;
    });
}

/// What is to happen at once happens, and what finds nobody is taken away.
template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::arrive_at_once() {
    traffic& queue = in_.around().queue;
    for (bool has_any = true; has_any and not in_.broken();) {
        // In the order in which it was sent, wherever it is in the queue: worlds of one hash do the same.
        std::size_t next = queue.size();
        has_any = false;
        for (std::size_t i = 0; i < queue.size();) {
            if (is_dead(queue.at(i))) {
                queue.take_at(i);
                i = 0;
                next = queue.size();
                continue;
            }
            if (queue.time_of(i) <= in_.around().now and is_at_once(queue.at(i)) and is_first(i) and
                (next == queue.size() or queue.number_of(i) < queue.number_of(next)))
                next = i;
            ++i;
        }
        has_any = next != queue.size();
        if (has_any) in_.happen(queue.take_at(next));
        for (std::uint32_t slot = 0; not has_any and slot < most_controllers; ++slot) {
            has_any = is_due_at_once(slot);
            if (has_any) in_.pass(slot);
        }
    }
}

/// Time goes on until just before a deadline that something comes of.
template <class Policies, backend_rules Backend>
void situation<Policies, Backend>::settle() {
    arrive_at_once();
    int deadlines = 0;
    while (not in_.broken() and is_quiet() and not rests() and passes_idly())
        in_.around().rules.expect(++deadlines < 1'000, invariant::converges, in_.around().now,
                                  [] { return std::string("time passes and nothing comes of it"); });
}

/// A deadline, of a lease or of heartbeats, that nothing comes of but a later one. False if there is none.
template <class Policies, backend_rules Backend>
bool situation<Policies, Backend>::passes_idly() {
    std::vector<move> all;
    list_time(all);
    const world_hash before = hash_of(in_, false);
    for (const move& one : all) {
        situation later(*this);
        later.fire(one);
        later.arrive_at_once();
        if (later.in_.broken() or not(hash_of(later.in_, false) == before)) continue;
        fire(one);
        arrive_at_once();
        return true;
    }
    return false;
}

}  // namespace headgate::inline v1::simulation
