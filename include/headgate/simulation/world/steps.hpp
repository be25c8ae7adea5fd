#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: how a world goes on: who is next, and what becomes of processes.

#include <headgate/simulation/world/arrivals.hpp>
#include <headgate/simulation/world/deliveries.hpp>
#include <headgate/simulation/world/looks.hpp>

namespace headgate::inline v1::simulation {

inline worker_host::worker_host(outside& of, process_number at, std::uint64_t seed)
    : link{&of, at},
      clock{&of},
      hidden(seed),
      engine{&of, at, {}},
      drive(link, clock, hidden, engine,
            {.identity = {.job = of.backend.all()[at].job,
                          .generation = of.backend.all()[at].generation,
                          .worker = of.backend.all()[at].identity,
                          .controller = "127.0.0.1:1",
                          .token = of.backend.all()[at].token},
             .machine = {"machine-" + std::to_string(ordinal_of(of.backend.all()[at].identity.id).value)},
             .zone = "zone-" + std::to_string(ordinal_of(of.backend.all()[at].identity.id).value % 2),
             .data_address = "127.0.0.1:1"}) {}

template <class Policies, backend_rules Backend>
world<Policies, Backend>::world(decisions by, const fault_set& allowed, Policies policy, Backend backend)
    : around_(std::move(by), allowed),
      policy_(std::move(policy)),
      backend_(std::move(backend)),
      seed_(around_.chosen.choose(~std::uint32_t{0})) {}

template <class Policies, backend_rules Backend>
const machine<Policies>* world<Policies, Backend>::machine_of(const job_id& job) const {
    const machine<Policies>* any = nullptr;
    for (std::size_t slot = 0; slot < most_controllers; ++slot) {
        if (not controllers_[slot] or around_.places[slot].is_stranded) continue;
        const machine<Policies>* const found = controllers_[slot]->drive.find(job);
        if (found and (not any or found->job().is_owned())) any = found;
    }
    return any;
}

template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::runs(const job_id& job) const {
    const auto entry = around_.rows.jobs().find(job);
    return entry != around_.rows.jobs().end() and runs(entry->second.row, machine_of(job));
}

template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::runs(const job_row& row, const machine<Policies>* has) const {
    if (row.state != state_name::running or not has or has->state() != state_name::running or
        not has->job().persisted or not has->job().running)
        return false;
    // A report that was misdirected may have said of a subtask that it started.
    return is_executed(*has->job().running, false);
}

/// The workers of a plan are there and run it, and have heard, if so asked, that each of their subtasks started.
template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::is_executed(const execution& what, bool all_started) const {
    return std::ranges::all_of(what.plan->workers, [&](const placed_worker& worker) {
        return std::ranges::any_of(around_.backend.all(), [&](const process& one) {
            // Names last: this is asked in every step.
            return one.identity.id == worker.id and one.is == process::phase::running and one.has_engine and
                   one.runs_digest == what.digest and (not all_started or one.unstarted == 0) and one.job == what.job;
        });
    });
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::will_say(word what) {
    around_.queue.put(what.at, user_turn{.says = static_cast<std::uint32_t>(words_.size())});
    words_.push_back(std::move(what));
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::will_say(std::vector<word> what, std::uint8_t effect, std::uint32_t times) {
    around_.watched = {effect, times, static_cast<std::uint32_t>(words_.size()),
                       static_cast<std::uint32_t>(what.size())};
    std::ranges::move(what, std::back_inserter(words_));
}

// Who is next --------------------------------------------------------------------------------------------------------

template <class Policies, backend_rules Backend>
instant world<Policies, Backend>::deadline_of(std::uint32_t which) const {
    if (which < most_controllers)
        return controllers_[which] and not around_.places[which].is_paused ? controllers_[which]->drive.next_deadline()
                                                                           : never;
    const std::size_t at = which - most_controllers;
    return workers_[at] and around_.backend.all()[at].is == process::phase::running
               ? workers_[at]->drive.next_deadline()
               : never;
}

template <class Policies, backend_rules Backend>
auto world<Policies, Backend>::first_due() const -> due {
    due first;
    for (std::uint32_t i = 0; i < pollable(); ++i) {
        if (i >= most_controllers and not workers_[i - most_controllers]) continue;  // most are, after a while
        if (const instant at = deadline_of(i); at < first.at) first = {at, i};
    }
    return first;
}

template <class Policies, backend_rules Backend>
instant world<Policies, Backend>::next() const {
    return std::max(around_.now, std::min(around_.queue.next(), first_due().at));
}

template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::step() {
    const due first = first_due();
    const instant arrives = around_.queue.next();
    if (arrives == never and first.at == never) return false;
    // What comes at the very instant of a deadline may come before or after it.
    const bool is_tie = arrives == first.at;
    if (is_tie) around_.reached.hit(probe::deadline_tie);
    if (arrives < first.at or (is_tie and around_.chosen.choose(2) == 0)) {
        around_.now = std::max(around_.now, arrives);
        happen(around_.queue.take());
    } else {
        around_.now = std::max(around_.now, first.at);
        poll(first);
    }
    return true;
}

template <class Policies, backend_rules Backend>
bool world<Policies, Backend>::pass() {
    const due first = first_due();
    if (first.at == never) return false;
    around_.now = std::max(around_.now, first.at);
    poll(first);
    return true;
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::pass(std::uint32_t which) {
    const instant at = deadline_of(which);
    around_.now = std::max(around_.now, at);
    poll({at, which});
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::happen(const on_its_way& what) {
    ++events_;
    idle_polls_ = 0;
    around_.seen.count(static_cast<std::uint64_t>(around_.now.time_since_epoch().count()) << 8 | what.index());
    if (around_.seen.keeps_lines()) {
        const auto [who, text] = described(what);
        around_.seen.say(around_.now, who, [&] { return text; });
    }
    std::visit([&](const auto& one) { arrive(one); }, what);
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::poll(const due& one) {
    ++events_;
    around_.seen.count(static_cast<std::uint64_t>(around_.now.time_since_epoch().count()) << 8 | 0x80 | one.which);
    // A deadline that does not move on when it was served is served for ever.
    around_.rules.expect(++idle_polls_ < 1'000, invariant::no_unwatched_wait, around_.now,
                         [] { return std::string("a deadline does not move on"); });
    if (one.which < most_controllers)
        poll_controller(one.which);
    else
        poll_worker(one.which - static_cast<std::uint32_t>(most_controllers));
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::poll_controller(std::uint32_t slot) {
    if (not controllers_[slot] or around_.places[slot].is_paused) return;
    around_.renewed.clear();
    own(controllers_[slot]).drive.poll();
    if (around_.places[slot].is_doomed)
        crash_controller(slot);
    else
        look(slot);
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::poll_worker(process_number at) {
    if (not workers_[at] or around_.backend.all()[at].is != process::phase::running) return;
    const bool had_engine = around_.backend.all()[at].has_engine;
    own(workers_[at]).drive.poll();
    if (around_.backend.all()[at].has_engine and not had_engine)
        around_.rules.runs_alone(around_.backend.all()[at], around_.backend, around_.now);
    if (workers_[at]->drive.machine().is_accepted()) around_.backend.all()[at].has_lease = true;
    if (not workers_[at]->drive.is_over()) return;
    around_.rules.expect(not around_.backend.all()[at].has_engine, invariant::within_lease, around_.now,
                         [&] { return "worker " + std::to_string(at + 1) + " ends, and what it runs does not"; });
    end_process(at, std::string(text_of(workers_[at]->drive.end().kind)), true);
}

// Controllers' and workers' processes --------------------------------------------------------------------------------

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::start_controller(std::uint32_t slot) {
    outside::place& at = around_.places[slot];
    at = {.boot = at.boot + 1, .self = {}, .runs = true};
    controllers_[slot] =
        std::make_shared<controller_host<Policies>>(around_, around_.host_of(slot), backend_.worker_slots(),
                                                    detail::mixed(seed_ + slot * 4'096 + at.boot), policy_);
    at.self = controllers_[slot]->drive.id();
    around_.seen.say(around_.now, "world", [&] { return "controller " + std::to_string(slot + 1) + " starts"; });
    if (around_.strikes(fault::controller_pauses))
        around_.put_after(duration(around_.chosen.choose(120'000)),
                          controller_turn{around_.host_of(slot), controller_turn::kind::pauses});
    poll_controller(slot);
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::crash_controller(std::uint32_t slot) {
    outside::place& at = around_.places[slot];
    around_.seen.say(around_.now, "world", [&] { return "controller " + std::to_string(slot + 1) + " crashes"; });
    const host dead = around_.host_of(slot);
    at.is_doomed = true;
    controllers_[slot].reset();
    at = {.boot = at.boot, .self = at.self};
    for (std::size_t i = 0; i < around_.streams.size(); ++i)
        if (around_.streams[i].to == dead) around_.end({i + 1}, "connection reset", outside::ender::controller);
    around_.rules.crashed(slot);
    around_.health.crashed(slot);
    // A database that can tell does so for some.
    if (around_.chosen.choose(2) == 1) around_.rows.set_gone(at.self);
    // Some stay away until all is well again.
    if (around_.chosen.choose(8) == 7 and not around_.wrong.is_healed()) return;
    const std::uint32_t most = around_.chosen.choose(4) == 3 ? 180'000 : 30'000;
    around_.put_after(duration(around_.chosen.choose(most)), controller_turn{dead, controller_turn::kind::starts});
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::begin(process one) {
    outside& o = around_;
    const auto number = static_cast<process_number>(o.backend.all().size());
    const auto after = [&](std::uint32_t most, process_turn::kind what) {
        o.put_after(duration(o.chosen.choose(most)), process_turn{number, what});
    };
    o.backend.all().push_back(one);
    workers_.push_back(nullptr);
    if (o.strikes(fault::worker_never_connects)) return;
    if (o.strikes(fault::worker_exits_at_once)) return after(1'000, process_turn::kind::exits);
    const bool is_slow = o.strikes(fault::worker_starts_slowly);
    after(is_slow ? static_cast<std::uint32_t>(2 * policy_.wait.worker_start_up.count()) : o.usual_delay * 32,
          process_turn::kind::begins);
    if (o.strikes(fault::worker_dies)) after(60'000, process_turn::kind::dies);
    if (o.strikes(fault::worker_hangs)) {
        after(60'000, process_turn::kind::hangs);
        if (o.chosen.choose(2) == 0) after(120'000, process_turn::kind::goes_on);
    }
    const bool is_stranger = o.strikes(fault::stranger_knocks);
    if (one.is_genuine and (is_stranger or o.strikes(fault::worker_comes_twice))) {
        one.is_genuine = not is_stranger;
        if (is_stranger) one.token[7] ^= std::byte{1};
        one.is_extra = true;
        const auto extra = static_cast<process_number>(o.backend.all().size());
        o.backend.all().push_back(one);
        workers_.push_back(nullptr);
        o.put_after(duration(o.chosen.choose(30'000)), process_turn{extra, process_turn::kind::begins});
    }
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::end_process(process_number at, const std::string& how, bool is_news) {
    process& one = around_.backend.all()[at];
    if (not one.lives()) return;
    const bool is_overdue = not one.is_told_to_stop and around_.rules.is_stop_asked(one.job, one.generation);
    if (is_overdue and how == text_of(worker_end_kind::lease_over)) around_.reached.hit(probe::lease_over);
    one.is = process::phase::ended;
    one.has_engine = false;
    around_.seen.say(around_.now, "worker " + std::to_string(at + 1), [&] { return "ends: " + how; });
    if (one.stream != 0) around_.end({one.stream}, "the process ended", outside::ender::worker);
    workers_[at].reset();
    for (outside::call& call : around_.calls)
        if (call.asked and around_.connections[call.on.value - 1].to == at) {
            const to_outside asked = *std::exchange(call.asked, std::nullopt);
            std::visit(
                [&]<class Effect>(const request<Effect>& r) {
                    around_.reply<Effect>(asked.from, asked.job, r, no_answer_of<Effect>("connection reset"));
                },
                asked.what);
        }
    if (one.is_extra) return;
    if (is_news and not one.is_told_to_stop)
        around_.news.exited({.job = one.job, .generation = one.generation, .worker = one.identity.id, .how = how});
    else
        around_.news.freed();
    tell_watchers();
    serve_stops();
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::strand() {
    outside::place& other = around_.places[1];
    if (not other.runs or around_.chosen.choose(2) == 0) return;
    around_.seen.say(around_.now, "world", [] { return std::string("controller 2 is left to itself"); });
    switch (around_.chosen.choose(3)) {
        case 0:
            crash_controller(1);
            ++other.boot;  // nobody starts it
            return;
        case 1: other.is_paused = true; break;
        case 2: other.cut_off.begin(around_.now, never - around_.now); break;
    }
    other.is_stranded = true;
}

template <class Policies, backend_rules Backend>
void world<Policies, Backend>::heal() {
    around_.wrong.heal();
    around_.healed_at = around_.now;
    around_.database_away.end(around_.now);
    strand();
    for (outside::place& at : around_.places)
        if (not at.is_stranded) at.cut_off.end(around_.now);
    around_.backend.room = around_.backend.most_room;
    if (around_.chosen.choose(2) == 0) around_.news.freed();  // not every backend knows
    for (std::uint32_t slot = 0; slot < most_controllers; ++slot)
        if (around_.places[slot].is_paused and not around_.places[slot].is_stranded)
            arrive(controller_turn{around_.host_of(slot), controller_turn::kind::goes_on});
    if (not controllers_[0]) start_controller(0);
    tell_watchers();
}

}  // namespace headgate::inline v1::simulation
