#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: the jobs that a controller has: each with its driver, its history, and when it is to be looked at.

#include <headgate/controller/driver.hpp>
#include <headgate/controller/history.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/controller/metrics.hpp>
#include <headgate/fact/waiting.hpp>
#include <headgate/policy/saturating.hpp>
#include <headgate/vocabulary/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

template <class Bindings, class Policies>
class job_table {
public:
    struct entry {
        driver<Bindings, Policies> drive;
        instant armed = never;
        history told{};
        instant looks_at = never;  ///< again at what it waits for
        metrics_of_job counted{};
        std::uint64_t turned_away = 0;  ///< streams that claim a worker of this job and are not, or no longer, one (G1)
        told_count told_turned_away{};

        const machine<Policies>& value() const { return drive.value(); }
        const headgate::job& job() const { return value().job(); }
        /// Whether what it waits for may change with no word of it in its history.
        bool may_wait() const {
            return not value().is_over() and not is_terminal(value().state()) and
                   (value().state() != state_name::running or not told.waits_for().empty());
        }
    };

    /// `seed`: uniform over all 64-bit values.
    job_table(Policies chosen, std::uint64_t seed) : policy_(std::move(chosen)), random_(moment{{}, seed}) {}

    const Policies& policy() const { return policy_; }
    std::size_t size() const { return entries_.size(); }
    bool contains(const job_id& job) const { return by_name_.contains(job); }

    /// Null if it is not there (any more).
    entry* find(job_handle handle);
    entry* find(const job_id& job);
    const entry* find(const job_id& job) const;
    const std::map<job_id, job_handle>& by_name() const { return by_name_; }

    entry& add(const job_record& record, incarnation self, const Bindings& to);

    /// Gives the event to the job's machine; carries out, and keeps, what comes of it.
    void give(entry& one, const event& e, const Bindings& to);
    /// A restart's turn among those of all jobs (R3).
    instant take_turn(instant now);
    /// Counts a stream that was sent away, and tells of it: the first in a generation, the rest with what is told
    /// anyway.
    void turn_away(entry& one, const std::string& why, const Bindings& to);
    /// Calls `each(job_handle)` for each job that waits for slots.
    template <class Each>
    void for_each_that_lacks_slots(Each each) const {
        for (const auto& [handle, one] : entries_) {
            const auto* const scheduled = std::get_if<scheduling>(&one.value().phase());
            if (scheduled and scheduled->lacking) each(handle);
        }
    }
    /// Gives every tick, and tells every history, that is due.
    void serve_due(const Bindings& to);
    /// When the first is.
    instant deadline() const { return deadlines_.empty() ? never : deadlines_.begin()->first; }

    /// Whose row may be gone, as there is none to tell it of; null: it is not.
    const entry* receive(const answered<tell>& a, instant now);

    /// Forgets jobs that are over or were let go, once their history is told; calls `forgotten(job)` before.
    template <class Forgotten>
    void retire(Forgotten forgotten);

private:
    void tell_turned_away(entry& one, const std::string& why, bool is_told_anyway, const Bindings& to);
    void arm(entry& one);
    /// Looks at what the job waits for, and again as long as that may change; never if `telling` is the longest there
    /// is.
    void look(entry& one, instant now);
    void tell_history(entry& one, const Bindings& to);

    friend fields;
    static constexpr std::size_t field_count = 8;

    Policies policy_;
    waiting random_;
    std::map<job_handle, entry> entries_;
    std::map<job_id, job_handle> by_name_;
    std::vector<job_handle> over_;
    std::set<std::pair<instant, job_handle>> deadlines_;
    job_handle next_handle_{1};
    governor_state restarting_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Bindings, class Policies>
auto job_table<Bindings, Policies>::find(job_handle handle) -> entry* {
    const auto at = entries_.find(handle);
    return at == entries_.end() ? nullptr : &at->second;
}

template <class Bindings, class Policies>
auto job_table<Bindings, Policies>::find(const job_id& job) -> entry* {
    const auto at = by_name_.find(job);
    return at == by_name_.end() ? nullptr : find(at->second);
}

template <class Bindings, class Policies>
auto job_table<Bindings, Policies>::find(const job_id& job) const -> const entry* {
    const auto at = by_name_.find(job);
    return at == by_name_.end() ? nullptr : &entries_.at(at->second);
}

template <class Bindings, class Policies>
auto job_table<Bindings, Policies>::add(const job_record& record, incarnation self, const Bindings& to) -> entry& {
    const job_handle handle{next_handle_.value++};
    by_name_.insert_or_assign(record.id, handle);
    machine<Policies> value(record.id, self, record.row, to.scheduler.worker_slots(), policy_);
    entry& made = entries_.try_emplace(handle, driver<Bindings, Policies>(handle, std::move(value))).first->second;
    made.told = history(record.waits_for, record.workers);
    return made;
}

template <class Bindings, class Policies>
void job_table<Bindings, Policies>::give(entry& one, const event& e, const Bindings& to) {
    const job_handle handle = one.drive.handle();
    one.drive.on(e, random_.bits(), to);
    const machine<Policies>& value = one.value();
    bool is_recovering = false, has_moved = false;
    for (const note& told : one.drive.take_notes()) {
        one.told.add(value.job().next.generation, told);
        const auto* const moved = std::get_if<transition>(&told);
        has_moved = has_moved or moved;
        if (moved) is_recovering = moved->to == state_name::recovering;
    }
    if (one.looks_at == never and one.may_wait()) one.looks_at = later(to.clock.now(), policy_.wait.telling);
    if (value.is_over()) {
        over_.push_back(handle);
        look(one, to.clock.now());
    }
    arm(one);
    if (has_moved) tell_turned_away(one, "since this was said last", true, to);
    if (is_recovering) give(one, restart_turn{take_turn(to.clock.now())}, to);
}

template <class Bindings, class Policies>
instant job_table<Bindings, Policies>::take_turn(instant now) {
    const turn next = policy_.governor(restarting_, now);
    restarting_ = next.next;
    return next.go;
}

/// The next tick of its machine, look at it, or telling of its history.
template <class Bindings, class Policies>
void job_table<Bindings, Policies>::arm(entry& one) {
    const instant next = std::min({one.value().deadline(), one.told.deadline(), one.looks_at});
    if (next == one.armed) return;
    deadlines_.erase({one.armed, one.drive.handle()});
    one.armed = next;
    if (one.armed != never) deadlines_.insert({one.armed, one.drive.handle()});
}

template <class Bindings, class Policies>
void job_table<Bindings, Policies>::turn_away(entry& one, const std::string& why, const Bindings& to) {
    ++one.turned_away;
    tell_turned_away(one, why, false, to);
    arm(one);
}

template <class Bindings, class Policies>
void job_table<Bindings, Policies>::tell_turned_away(entry& one, const std::string& why, bool is_told_anyway,
                                                     const Bindings& to) {
    const generation of = one.job().next.generation;
    const std::uint64_t more = one.told_turned_away.due(one.turned_away, of, is_told_anyway);
    if (more == 0) return;
    const remark what{remark::severity::warning, std::to_string(more) + " turned away: " + why};
    one.told.add(of, what);
    to.observer.on(one.job().id, to.clock.now(), what);
}

template <class Bindings, class Policies>
void job_table<Bindings, Policies>::serve_due(const Bindings& to) {
    const instant now = to.clock.now();
    for (std::size_t i = deadlines_.size(); i > 0 and deadline() <= now; --i) {
        entry& one = entries_.at(deadlines_.begin()->second);
        if (one.value().deadline() <= now) give(one, tick{}, to);
        if (one.looks_at <= now or one.told.deadline() <= now) look(one, now);
        if (one.told.deadline() <= now) tell_history(one, to);
        arm(one);
    }
}

template <class Bindings, class Policies>
void job_table<Bindings, Policies>::look(entry& one, instant now) {
    if (policy_.wait.telling == duration::max()) return;
    one.told.wait_for(one_line(waits_for(one.value(), now), 1 << 10), workers_of(one.job()));
    one.looks_at = one.may_wait() ? later(now, policy_.wait.telling) : never;
}

template <class Bindings, class Policies>
void job_table<Bindings, Policies>::tell_history(entry& one, const Bindings& to) {
    const instant until = to.clock.now() + policy_.wait.call;
    ticket by = one.told.ask(until);
    by.visit = static_cast<std::uint32_t>(one.drive.handle().value);
    const request<tell> r{.by = by,
                          .deadline = until,
                          .what = {.job = one.job().id,
                                   .generation = one.job().durable.generation,
                                   .owner = one.job().self,
                                   .lines = one.told.lines(),
                                   .waits_for = one.told.waits_for(),
                                   .workers = static_cast<std::uint32_t>(one.told.workers())}};
    to.database.tell(r, into_mailbox<tell>{r.by, one.drive.handle(), to.box});
}

template <class Bindings, class Policies>
auto job_table<Bindings, Policies>::receive(const answered<tell>& a, instant now) -> const entry* {
    entry* const one = find(job_handle{a.to.visit});
    if (not one) return nullptr;
    bool may_be_gone = false;
    const auto otherwise = [&](const error& why) {
        may_be_gone = why.kind == error_kind::invalid;
        one->told.not_stored(a.to, now + policy_.wait.graceful);
        // It rests, and another has run it since, or its row is gone: these words are nobody's any more.
        const bool is_final = why.kind == error_kind::ownership_lost or why.kind == error_kind::invalid;
        if (is_final and one->value().is_over()) one->told = {};
    };
    a.result.match([&](applied) { one->told.stored(a.to, now); }, otherwise, otherwise);
    arm(*one);
    return may_be_gone ? one : nullptr;
}

template <class Bindings, class Policies>
template <class Forgotten>
void job_table<Bindings, Policies>::retire(Forgotten forgotten) {
    std::erase_if(over_, [&](job_handle handle) {
        entry* const one = find(handle);
        if (not one or not one->value().is_over()) return true;  // it was wished for again
        const bool is_anothers = one->job().is_let_go and not one->job().is_refused and not one->job().is_orphaned;
        if (not one->told.is_empty() and not is_anothers) return false;
        forgotten(one->job());
        deadlines_.erase({one->armed, handle});
        by_name_.erase(one->job().id);
        entries_.erase(handle);
        return true;
    });
}

}  // namespace headgate::inline v1
