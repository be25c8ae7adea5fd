#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what happens when something arrives at the outside.

#include <headgate/simulation/world.hpp>

namespace headgate::inline v1::simulation {

namespace detail {

inline std::string text_of(const job_row& row) {
    return "revision " + std::to_string(row.revision) + ", generation " + std::to_string(row.generation.value) + ", " +
           std::string(headgate::text_of(row.state));
}

template <class Effect>
std::string written(const request<Effect>& r, const job_row& before, const job_row& after) {
    const std::string by = "(generation " + std::to_string(r.by.generation.value) + ", attempt " +
                           std::to_string(r.by.attempt.value) + ")";
    if constexpr (std::same_as<Effect, headgate::write_checkpoint>)
        return "checkpoint of epoch " + std::to_string(r.what.row.name.epoch.value) + " " +
               std::string(headgate::text_of(r.what.row.state)) + " " + by;
    else
        return std::string(std::same_as<Effect, headgate::claim> ? "claim " : "store ") + by +
               (before.revision == after.revision ? " finds " : " makes ") + text_of(after);
}

}  // namespace detail

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const to_outside& what) {
    std::visit(
        [&]<class Effect>(const request<Effect>& r) {
            if (not is_refused(what, r)) carry_out(what, r);
        },
        what.what);
}

template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::is_row_refused(incarnation by, const job_id& job) {
    const auto now = std::ranges::find_if(around_.refusals, [&](const outside::row_refusal& one) {
        return around_.now >= one.since and around_.now < one.until;
    });
    const auto last = around_.refused_rows.find({by, job});
    if (now == around_.refusals.end()) {
        // It was tried otherwise, and is taken.
        if (last != around_.refused_rows.end() and last->second == never) around_.refused_rows.erase(last);
        return false;
    }
    now->has_struck = true;
    around_.refused_rows.try_emplace({by, job}, never);
    return true;
}

template <class Policies, backend_rules Backend>
template <class Effect>
bool world<Policies, Backend>::is_refused(const to_outside& from, const request<Effect>& r) {
    constexpr fault domain = domain_of<Effect>();
    const bool is_away =
        around_.now < std::max(around_.database_away.until, around_.places[from.from.slot].cut_off.until);
    if (domain == fault::database_refuses and is_away) {
        if (around_.chosen.choose(2) == 1)
            around_.reply<Effect>(from.from, from.job, r,
                                  refusal_of<Effect>({.kind = error_kind::database, .text = "away"}));
        return true;
    }
    if (is_watch<Effect>) return false;
    if constexpr (is_row_write<Effect>)
        if (is_row_refused(r.by.incarnation, r.what.job)) {
            around_.reply<Effect>(from.from, from.job, r,
                                  refusal_of<Effect>({error_kind::invalid, "its row is not what it was"}));
            return true;
        }
    if (std::same_as<Effect, start_workers> and around_.strikes(fault::scheduler_gives_up)) {
        around_.reply<Effect>(from.from, from.job, r, refusal_of<Effect>({error_kind::permanent, "forbidden"}));
        return true;
    }
    if (not around_.strikes(domain)) return false;
    around_.reply<Effect>(from.from, from.job, r, refusal_of<Effect>({.kind = Effect::fails_as, .text = "refused"}));
    return true;
}

template <class Policies, backend_rules Backend>
template <class Effect>
void world<Policies, Backend>::carry_out(const to_outside& from, const request<Effect>& r) {
    outside& o = around_;
    const auto reply = [&](typename Effect::answer answer) {
        o.reply<Effect>(from.from, from.job, r, std::move(answer));
    };
    o.rows.now = o.now + o.wall_offset;
    outside::place& asking = o.places[from.from.slot];
    const bool is_there = asking.runs and asking.boot == from.from.boot;

    if constexpr (std::same_as<Effect, claim> or std::same_as<Effect, store_row> or
                  std::same_as<Effect, write_checkpoint>) {
        write(from, r);
    } else if constexpr (std::same_as<Effect, advance_lease> or std::same_as<Effect, tell>) {
        if constexpr (std::same_as<Effect, advance_lease>) {
            o.advanced(r.what.self);
            o.seen.say(o.now, "database", [&] {
                return "lease of controller " + std::to_string(from.from.slot + 1) + ": " +
                       std::to_string(r.what.counter);
            });
        }
        reply(o.rows.apply(r.what));
        tell_watchers();
    } else if constexpr (std::same_as<Effect, watch_jobs>) {
        if (not is_there) return;
        if (asking.watches_jobs)
            o.reply<Effect>(from.from, {}, *asking.watches_jobs, job_news{.next = asking.watches_jobs->what.since});
        asking.watches_jobs = r;
        o.queue.put(std::max(o.now, r.deadline), wait_over{from.from, wait_over::kind::watch_of_jobs, r.by});
        tell_watchers();
    } else if constexpr (std::same_as<Effect, watch_workers>) {
        if (not is_there) return;
        if (asking.watches_workers)
            o.reply<Effect>(from.from, {}, *asking.watches_workers, o.news.nothing(asking.watches_workers->what.since));
        asking.watches_workers = r;
        o.queue.put(std::max(o.now, r.deadline), wait_over{from.from, wait_over::kind::watch_of_workers, r.by});
        tell_watchers();
    } else if constexpr (std::same_as<Effect, start_workers>) {
        outcome<applied> answer = backend_.start_workers(r.what, o.backend);
        carry_stops({.job = r.what.job, .up_to = {r.what.generation.value - 1}});
        std::vector<process> started = o.backend.take_started();
        if (not started.empty() and o.strikes(fault::scheduler_starts_some)) {
            started.resize(o.chosen.choose(static_cast<std::uint32_t>(started.size())));
            answer = unknown{{.kind = error_kind::scheduler, .text = "only some could be started"}};
        }
        for (process& one : started) {
            one.dials = from.from.slot;
            begin(std::move(one));
        }
        // Room may be taken from workers that live, and is then less than they use.
        o.rules.expect(started.empty() or o.backend.used() <= o.backend.room, invariant::accounted_for, o.now, [&] {
            return "more slots than there are: " + std::to_string(o.backend.used()) + " used of " +
                   std::to_string(o.backend.room);
        });
        reply(std::move(answer));
    } else if constexpr (std::same_as<Effect, stop_workers>) {
        o.rules.stopped(r, o.now);
        if (not is_there) {
            // Whoever asked is gone, and what it asked is done.
            const auto ignored = backend_.stop_workers(r.what, o.backend);
            static_cast<void>(ignored);
            return carry_stops(r.what);
        }
        asking.stops.emplace_back(from.job, r);
        o.queue.put(std::max(o.now, r.deadline), wait_over{from.from, wait_over::kind::stop_of_workers, r.by});
        serve_stops();
    } else if constexpr (std::same_as<Effect, load_checkpoint>) {
        const auto at = o.objects.find({r.what.job, r.what.name});
        reply(at == o.objects.end() ? nullptr : at->second);
    } else if constexpr (std::same_as<Effect, prepare_checkpoint>) {
        if (o.objects.contains({r.what.job, r.what.name})) {
            o.rules.prepared(r.what.job, r.by.generation, r.what.name);
            return reply(applied{});
        }
        reply(not_applied{{.kind = error_kind::state_backend, .text = "it is not there"}});
    } else if constexpr (std::same_as<Effect, store_checkpoint>) {
        o.objects[{r.what.job, r.what.what->name}] = r.what.what;
        reply(applied{});
    } else if constexpr (std::same_as<Effect, remove_checkpoint>) {
        o.objects.erase({r.what.job, r.what.name});
        reply(applied{});
    } else {
        call_worker(from, r);
    }
}

template <class Policies, backend_rules Backend>
template <class Effect>
void world<Policies, Backend>::write(const to_outside& from, const request<Effect>& r) {
    outside& o = around_;
    const auto entry = o.rows.jobs().find(r.what.job);
    if (entry == o.rows.jobs().end())
        return o.reply<Effect>(from.from, from.job, r, refusal_of<Effect>({error_kind::invalid, "no such job"}));
    const database_rows::entry before{.row = entry->second.row, .checkpoints = entry->second.checkpoints};
    if constexpr (is_row_write<Effect>) {
        const std::pair key{r.by.incarnation, r.what.expected};
        const bool was_applied = o.lost_answers.erase(key) > 0, was_lost = o.lost_requests.erase(key) > 0;
        if (was_applied and before.row.revision == r.what.expected + 1) o.reached.hit(probe::found_applied);
        if (was_lost and before.row.revision == r.what.expected) o.reached.hit(probe::found_not_applied);
    }
    if constexpr (std::same_as<Effect, claim>) {
        const bool is_late = before.row.revision != r.what.expected;
        if (is_late and before.row.generation == r.what.next.generation and before.row.owner != r.what.next.owner)
            o.reached.hit(probe::raced_for_a_generation);
        std::optional<epoch> newest;
        for (const auto& [name, state] : before.checkpoints)
            if (state == checkpoint_state::ready or state == checkpoint_state::committing) newest = name.epoch;
        if (not is_late and newest and *newest < r.what.threshold) o.reached.hit(probe::restore_skipped);
    }
    auto answer = o.rows.apply(r.what);
    o.seen.say(o.now, "database", [&] { return detail::written(r, before.row, entry->second.row); });
    if constexpr (std::same_as<Effect, claim>)
        o.rules.wrote(r, before, entry->second, answer, o.now);
    else
        o.rules.wrote(r, before, entry->second, o.now);
    o.reply<Effect>(from.from, from.job, r, std::move(answer));
    tell_watchers();
}

template <class Policies, backend_rules Backend>
template <class Effect>
void world<Policies, Backend>::call_worker(const to_outside& from, const request<Effect>& r) {
    outside& o = around_;
    const auto fail = [&](std::string why) {
        o.reply<Effect>(from.from, from.job, r, refusal_of<Effect>({.kind = Effect::fails_as, .text = std::move(why)}));
    };
    called what{};
    connection_id on{};
    if constexpr (std::same_as<Effect, dial>) {
        const auto to = process_at(r.what.address);
        if (not to or *to >= o.backend.all().size() or not o.backend.all()[*to].lives()) return fail("nobody is there");
        o.connections.push_back({.to = *to, .from = from.from, .token = r.what.call_token});
        on = {o.connections.size()};
        if (o.strikes(fault::dial_reaches_a_stranger)) {
            o.connections.back().is_open = o.connections.back().is_to_a_stranger = true;
            return o.reply<Effect>(from.from, from.job, r, dialled{on, r.what.worker, r.what.incarnation, {}});
        }
        what.what = identify{r.what.nonce};
    } else {
        on = r.what.connection;
        if (on.value == 0 or on.value > o.connections.size() or not o.connections[on.value - 1].is_open or
            not o.backend.all()[o.connections[on.value - 1].to].lives())
            return fail("there is no such connection any more");
        o.rules.expect(not o.connections[on.value - 1].is_to_a_stranger, invariant::authority, o.now,
                       [] { return std::string("a stranger that answered a dial is told what workers are told"); });
        if constexpr (std::same_as<Effect, start_execution>) what.what = execute{r.what.what, r.what.data_token};
        if constexpr (std::same_as<Effect, begin_checkpoint>)
            what.what = checkpoint{r.what.name.generation, r.what.name};
        if constexpr (std::same_as<Effect, stop_execution>) what.what = stop{r.what.generation};
    }
    o.calls.push_back({.asked = from, .on = on});
    what.id = {o.calls.size()};
    what.token = o.connections[on.value - 1].token;
    o.misdirect(what, on);
    arrive(to_worker{o.connections[on.value - 1].to, std::move(what)});
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::tell_watchers() {
    for (std::uint32_t slot = 0; slot < most_controllers; ++slot) {
        outside::place& at = around_.places[slot];
        if (at.watches_jobs) {
            expected<job_news> news = around_.rows.apply(at.watches_jobs->what);
            if (not news->jobs.empty()) {
                const auto asked = *std::exchange(at.watches_jobs, std::nullopt);
                around_.reply<watch_jobs>(around_.host_of(slot), {}, asked, std::move(news));
            }
        }
        if (at.watches_workers) {
            if (auto told = around_.news.after(at.watches_workers->what.since)) {
                const auto asked = *std::exchange(at.watches_workers, std::nullopt);
                around_.reply<watch_workers>(around_.host_of(slot), {}, asked, *std::move(told));
            }
        }
    }
}

/// What the backend's rules said is to be stopped: of what was asked for, and nothing else.
template <class Policies, backend_rules Backend>
void world<Policies, Backend>::carry_stops(const stop_workers& asked) {
    for (const auto& [number, force] : around_.backend.take_stopped()) {
        process& one = around_.backend.all()[number];
        around_.rules.expect(
            one.job == asked.job and one.generation <= asked.up_to, invariant::accounted_for, around_.now, [&] {
                return "worker " + std::to_string(number + 1) + " of " + one.job.value + ", generation " +
                       std::to_string(one.generation.value) + ", is told to stop, and those of " + asked.job.value +
                       " up to generation " + std::to_string(asked.up_to.value) + " were to";
            });
        if (force or (one.is == process::phase::starting)) {
            one.is_told_to_stop = true;
            around_.put_after(around_.soon(), process_turn{number, process_turn::kind::dies});
        } else if (not std::exchange(one.is_told_to_stop, true) and one.is == process::phase::running) {
            around_.put_after(around_.soon(), process_turn{number, process_turn::kind::stops});
        }
    }
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::serve_stops() {
    for (std::uint32_t slot = 0; slot < most_controllers; ++slot) {
        auto& held = around_.places[slot].stops;
        for (std::size_t i = 0; i < held.size();) {
            const auto [job, asked] = held[i];
            const outcome<std::uint32_t> left = backend_.stop_workers(asked.what, around_.backend);
            carry_stops(asked.what);
            const auto otherwise = [](const error&) { return std::uint32_t{0}; };
            if (left.match([](std::uint32_t n) { return n; }, otherwise, otherwise) > 0) {
                ++i;
                continue;
            }
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
            around_.reply<stop_workers>(around_.host_of(slot), job, asked, left);
        }
    }
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::arrive(const wait_over& what) {
    if (not around_.hears(what.of)) return;
    outside::place& at = around_.places[what.of.slot];
    switch (what.what) {
        case wait_over::kind::watch_of_jobs:
            if (at.watches_jobs and at.watches_jobs->by == what.by) {
                const auto asked = *std::exchange(at.watches_jobs, std::nullopt);
                around_.reply<watch_jobs>(what.of, {}, asked, job_news{.next = asked.what.since});
            }
            break;
        case wait_over::kind::watch_of_workers:
            if (at.watches_workers and at.watches_workers->by == what.by) {
                const auto asked = *std::exchange(at.watches_workers, std::nullopt);
                around_.reply<watch_workers>(what.of, {}, asked, around_.news.nothing(asked.what.since));
            }
            break;
        case wait_over::kind::stop_of_workers:
            for (std::size_t i = 0; i < at.stops.size(); ++i) {
                if (not(at.stops[i].second.by == what.by)) continue;
                const auto [job, asked] = at.stops[i];
                at.stops.erase(at.stops.begin() + static_cast<std::ptrdiff_t>(i));
                const outcome<std::uint32_t> left = backend_.stop_workers(asked.what, around_.backend);
                carry_stops(asked.what);
                around_.reply<stop_workers>(what.of, job, asked, left);
                break;
            }
            break;
    }
}

}  // namespace headgate::inline v1::simulation
