#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: many jobs on one thread; finds them, takes what has no living owner, routes messages (G5, J6).

#include <headgate/controller/driver.hpp>
#include <headgate/controller/history.hpp>
#include <headgate/controller/leases.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/controller/metrics.hpp>
#include <headgate/controller/standing_call.hpp>
#include <headgate/controller/streams.hpp>
#include <headgate/fact/waiting.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// A controller has no thread of its own: a loop calls `poll()` at `next_deadline()` or when it is woken.
///
///     headgate::controller controller{scheduler, database, channel, clock, states, secrets};
///     headgate::asio::drive(loop, controller);
///
/// The models are lvalues that outlive it. All but `on_wake` is called from one thread.
template <scheduler Scheduler, database Database, channel Channel, clock Clock, state_backend StateBackend,
          secrets Secrets, class Policies = policies<>, observer Observer = silent>
class controller {
public:
    using bindings_type = bindings<Scheduler, Database, Channel, Clock, StateBackend, Secrets, Observer>;
    using driver_type = driver<bindings_type, Policies>;

    controller(Scheduler& scheduler, Database& database, Channel& channel, Clock& clock, StateBackend& states,
               Secrets& secrets, Policies policy = {})
        requires std::same_as<Observer, silent>
        : controller(scheduler, database, channel, clock, states, secrets, std::move(policy), nobody()) {}
    controller(Scheduler& scheduler, Database& database, Channel& channel, Clock& clock, StateBackend& states,
               Secrets& secrets, Policies policy, Observer& observer)
        : to_{scheduler, database, channel, clock, states, secrets, observer}, policy_(std::move(policy)) {
        if constexpr (requires { requires StateBackend::keeps_nothing; }) policy_.takes_checkpoints = false;
        to_.secrets.random(std::as_writable_bytes(std::span(self_.value)));
        random_ = waiting(moment{{}, draw()});
        to_.channel.listen(into_streams{box_});
    }
    controller(const controller&) = delete;
    controller& operator=(const controller&) = delete;
    ~controller() { box_->close(); }

    /// Handles everything that has come and everything that is due. Never blocks.
    void poll() {
        ask_outside();
        has_more_ = true;
        for (int round = 0; round < most_rounds and has_more_; ++round) {
            batch_.clear();
            has_more_ = box_->take(batch_, most_in_a_round) or not batch_.empty();
            for (mail& one : batch_) std::visit([&](auto& what) { receive(what); }, one);
        }
        const instant now = to_.clock.now();
        for (std::size_t i = deadlines_.size(); i > 0 and not deadlines_.empty() and deadlines_.begin()->first <= now;
             --i)
            give(drivers_.at(deadlines_.begin()->second), tick{});
        tell_histories();
        retire();
    }
    /// When to poll at the latest.
    instant next_deadline() const {
        if (has_more_) return instant::min();
        const instant jobs = deadlines_.empty() ? never : deadlines_.begin()->first;
        return std::min({jobs, leasing_.deadline(), watching_jobs_.deadline(), watching_workers_.deadline()});
    }
    /// `wake()` is called, from any thread, when something has come: "poll soon".
    template <std::invocable Wake>
    void on_wake(Wake wake) {
        box_->on_wake(std::move(wake));
    }

    const incarnation& id() const { return self_; }
    std::size_t jobs() const { return drivers_.size(); }
    /// The machine of a job that this controller has, or null.
    const machine<Policies>* find(const job_id& job) const {
        const auto at = by_name_.find(job);
        return at == by_name_.end() ? nullptr : &drivers_.at(at->second).drive.value();
    }
    /// Of the present generation, as the heartbeats last told (S15).
    job_metrics metrics(const job_id& job) const {
        const auto at = by_name_.find(job);
        return at == by_name_.end() ? job_metrics{} : drivers_.at(at->second).counted.sum();
    }
    /// Messages of workers that this controller does not know or no longer wants (G1).
    std::uint64_t strangers() const { return strangers_; }

private:
    /// Mail of models that complete within their calls is handled in the same poll, but not without end.
    static constexpr int most_rounds = 100;
    static constexpr std::size_t most_in_a_round = 4'096;

    /// What the channel hears with.
    struct into_streams {
        std::shared_ptr<controller_mailbox> box;

        void operator()(stream_event heard) const { box->post(std::move(heard)); }
    };

    struct entry {
        driver_type drive;
        instant armed = never;
        history told{};
        metrics_of_job counted{};
    };

    static silent& nobody() {
        static silent instance;  // has no state
        return instance;
    }

    std::uint64_t draw() {
        std::uint64_t bits = 0;
        to_.secrets.random(std::as_writable_bytes(std::span(&bits, 1)));
        return bits;
    }

    // Jobs --------------------------------------------------------------------------------------------------------------

    entry* find_entry(job_handle handle) {
        const auto at = drivers_.find(handle);
        return at == drivers_.end() ? nullptr : &at->second;
    }
    entry* find_entry(const job_id& job) {
        const auto at = by_name_.find(job);
        return at == by_name_.end() ? nullptr : find_entry(at->second);
    }

    void give(entry& to, const event& e) {
        to.drive.on(e, random_.bits(), to_);
        const machine<Policies>& value = to.drive.value();
        bool is_recovering = false;
        for (const note& told : to.drive.take_notes()) {
            to.told.add(value.job().next.generation, told);
            const auto* const moved = std::get_if<transition>(&told);
            if (moved) is_recovering = moved->to == state_name::recovering;
        }
        if (value.deadline() != to.armed) {
            deadlines_.erase({to.armed, to.drive.handle()});
            to.armed = value.deadline();
            if (to.armed != never) deadlines_.insert({to.armed, to.drive.handle()});
        }
        if (value.is_over()) over_.push_back(to.drive.handle());
        if (is_recovering) {
            const turn next = policy_.governor(restarting_, to_.clock.now());
            restarting_ = next.next;
            give(to, restart_turn{next.go});
        }
    }

    /// Forgets jobs that are over or were let go, once their history is told.
    void retire() {
        std::erase_if(over_, [&](job_handle handle) {
            entry* const one = find_entry(handle);
            if (not one or not one->drive.value().is_over()) return true;  // it was wished for again
            if (not one->told.is_empty() and not one->drive.value().job().is_let_go) return false;
            forget_what_is_old(one->drive.value().job());
            deadlines_.erase({one->armed, handle});
            by_name_.erase(one->drive.value().job().id);
            drivers_.erase(handle);
            return true;
        });
    }

    /// A job was let go: what was seen of it before another took it says nothing, and the news of that will come.
    void forget_what_is_old(const job& of) {
        const auto at = seen_.find(of.id);
        if (of.is_let_go and at != seen_.end() and at->second.row.revision <= of.durable.revision) seen_.erase(at);
    }

    /// A job that nobody has, or whose owner is gone, and that has something to do (G5, J6).
    bool may_take(const job_record& record) {
        const job_row& row = record.row;
        if (not record.wish) return false;
        const wish& wished = **record.wish;
        const bool is_wanted = wished.stop == stop_mode::run;
        if (row.state == state_name::finished) return false;
        if (row.state == state_name::stopped and not(is_wanted and wished.version > row.applied)) return false;
        if (row.state == state_name::failed and not(is_wanted and wished.restart_nonce != row.restart_nonce))
            return false;
        if (is_terminal(row.state)) return leases_.has_looked();
        return row.owner != self_ and leases_.has_looked() and
               leases_.is_over(row.owner, to_.clock.now(), policy_.wait.lease, policy_.wait.owner_gone);
    }

    void look_at(const job_record& record) {
        if (entry* const mine = find_entry(record.id)) {
            const job& known = mine->drive.value().job();
            if (record.row.owner != self_ and known.is_owned() and record.row.revision > known.durable.revision)
                give(*mine, disowned{});
            else if (record.wish)
                give(*mine, wished{*record.wish, record.time_left});
            else
                damaged(*mine, record);
            seen_.insert_or_assign(record.id, record);
        } else if (may_take(record)) {
            take(record);
        } else {
            seen_.insert_or_assign(record.id, record);
        }
    }

    void damaged(entry& mine, const job_record& record) {
        mine.told.add(record.row.generation,
                      remark{remark::severity::alarm, "the job's row is damaged: " + describe(record.wish.error())});
    }

    void take(const job_record& record) {
        const job_handle handle{next_handle_.value++};
        seen_.insert_or_assign(record.id, record);
        by_name_.insert_or_assign(record.id, handle);
        entry& made =
            drivers_
                .try_emplace(handle, driver_type(handle,
                                                 machine<Policies>(record.id, self_, record.row,
                                                                   to_.scheduler.worker_slots(), policy_),
                                                 box_))
                .first->second;
        give(made, wished{*record.wish, record.time_left});
    }

    /// Those that were looked at and left: their owner may be gone by now.
    void look_again() {
        std::vector<job_record> free;
        for (const auto& [id, record] : seen_)
            if (not by_name_.contains(id) and may_take(record)) free.push_back(record);
        for (const job_record& record : free) take(record);
    }

    // What is asked for all jobs together -------------------------------------------------------------------------------

    void ask_outside() {
        const instant now = to_.clock.now();
        if (leasing_.is_due(now)) {
            const instant until = now + policy_.wait.call;
            const request<advance_lease> r{leasing_.ask(until), until, {self_, ++counter_}};
            to_.database.advance_lease(r, into_mailbox<advance_lease>{r.by, {}, box_});
        }
        if (watching_jobs_.is_due(now)) {
            const instant until = now + policy_.wait.call;
            const request<watch_jobs> r{watching_jobs_.ask(until + policy_.wait.graceful), until, {seen_jobs_}};
            to_.database.watch(r, into_mailbox<watch_jobs>{r.by, {}, box_});
        }
        if (watching_workers_.is_due(now)) {
            const instant until = now + policy_.wait.call;
            const request<watch_workers> r{watching_workers_.ask(until + policy_.wait.graceful), until,
                                           {seen_workers_}};
            to_.scheduler.watch(r, into_mailbox<watch_workers>{r.by, {}, box_});
        }
    }

    void tell_histories() {
        for (auto& [handle, one] : drivers_) {
            if (not one.told.is_due(to_.clock.now())) continue;
            const machine<Policies>& value = one.drive.value();
            request<tell> r{.by = {.visit = static_cast<std::uint32_t>(handle.value)},
                            .deadline = to_.clock.now() + policy_.wait.call,
                            .what = {.job = value.job().id,
                                     .lines = one.told.take(),
                                     .waits_for = one_line(waits_for(value), 1 << 10),
                                     .workers = static_cast<std::uint32_t>(value.job().workers.wanted_count())}};
            to_.database.tell(r, into_mailbox<tell>{r.by, handle, box_});
        }
    }

    void receive(answered<advance_lease>& a) {
        const instant now = to_.clock.now();
        if (not leasing_.answer(a.to, now + policy_.wait.lease_step)) return;
        const auto otherwise = [](const error&) {};
        a.result.match(
            [&](const std::vector<controller_seen>& all) {
                leases_.saw(all, now, 3 * policy_.wait.lease_step);
                look_again();
            },
            otherwise, otherwise);
    }

    void receive(answered<watch_jobs>& a) {
        const instant now = to_.clock.now();
        if (not watching_jobs_.answer(a.to, a.result ? now : now + policy_.wait.graceful)) return;
        if (not a.result) return;
        seen_jobs_ = a.result->next;
        for (const job_record& record : a.result->jobs) look_at(record);
    }

    void receive(answered<watch_workers>& a) {
        const instant now = to_.clock.now();
        if (not watching_workers_.answer(a.to, a.result ? now : now + policy_.wait.graceful)) return;
        if (not a.result) return;
        seen_workers_ = a.result->next;
        for (const worker_news::exited& one : a.result->exits)
            if (entry* const mine = find_entry(one.job)) give(*mine, worker_exited{one.worker, one_line(one.how, 1 << 10)});
        if (a.result->slots_freed)
            for (auto& [handle, one] : drivers_) give(one, slots_freed{});
    }

    void receive(answered<tell>& a) {
        entry* const one = find_entry(job_handle{a.to.visit});
        if (not one) return;
        const auto otherwise = [&](const error&) {
            one->told.not_stored(to_.clock.now() + policy_.wait.graceful);
        };
        a.result.match([&](applied) { one->told.stored(); }, otherwise, otherwise);
    }

    void receive(job_mail& one) {
        if (entry* const to = find_entry(one.job)) give(*to, one.event);
    }

    // Streams -----------------------------------------------------------------------------------------------------------

    void receive(stream_event& heard) {
        streams::standing* const before = streams_.find(heard.stream);
        if (std::holds_alternative<stream_ended>(heard.what)) {
            const auto* const was = before ? std::get_if<proven>(before) : nullptr;
            if (was)
                if (entry* const of = find_entry(was->job)) give(*of, was->as.fence(stream_lost{}));
            return streams_.remove(heard.stream);
        }
        const worker_message& said = std::get<worker_message>(heard.what);
        if (not before) {
            const auto* const first = std::get_if<hello>(&said);
            return first ? hear(heard.stream, *first) : refuse(heard.stream, "the first message must be a hello");
        }
        if (const auto* const claim = std::get_if<claiming>(before)) {
            const auto* const second = std::get_if<proof>(&said);
            return second ? hear(heard.stream, *claim, *second) : refuse(heard.stream, "a proof was expected");
        }
        const proven by = std::get<proven>(*before);
        std::visit([&](const auto& message) { hear(heard.stream, by, message); }, said);
    }

    void hear(stream_id stream, const hello& said) {
        if (const std::string fault = fault_of(said, policy_.most); not fault.empty()) return refuse(stream, fault);
        const entry* const of = find_entry(said.job);
        if (not of) return dismiss(stream);
        if (said.generation != of->drive.value().job().next.generation) return dismiss(stream);
        const auto token = of->drive.token_of(said.worker, to_);
        if (not token) return refuse(stream, "this worker was not launched");
        nonce drawn{};
        to_.secrets.random(drawn);
        streams_.put(stream, claiming{of->drive.handle(), said, drawn});
        to_.channel.send(stream, challenge{drawn, challenge_mac(to_.secrets, *token, said, drawn)});
    }

    void hear(stream_id stream, const claiming before, const proof& shown) {
        entry* const of = find_entry(before.job);
        if (not of or before.said.generation != of->drive.value().job().next.generation) return dismiss(stream);
        const auto token = of->drive.token_of(before.said.worker, to_);
        if (not token) return dismiss(stream);
        const ordinal number = ordinal_of(before.said.worker);
        const worker_identity granted = of->drive.value().job().workers.members()[number.value].identity;
        const auto as = prove(to_.secrets, before, shown, *token, granted, stream, policy_.most);
        if (not as) return refuse(stream, as.error().text);
        streams_.put(stream, proven{before.job, *as});
        give(*of, as->fence(registered{shown.profile}));
        // The machine may not want it any more: it exited, was dropped, or another took its place.
        const auto& members = of->drive.value().job().workers.members();
        if (number.value >= members.size() or members[number.value].stream != stream) return dismiss(stream);
        to_.channel.send(stream, verdict{accepted{policy_.wait.heartbeat, policy_.wait.lease}});
    }

    template <class Message>
    void hear(stream_id stream, const proven& by, const Message& said) {
        if constexpr (std::same_as<Message, hello> or std::same_as<Message, proof>) {
            refuse(stream, "the worker is registered already");
        } else {
            if (entry* const of = still(stream, by)) give(*of, by.as.fence(said));
        }
    }

    void hear(stream_id stream, const proven& by, const heartbeat& said) {
        entry* const of = still(stream, by);
        if (not of) return;
        give(*of, by.as.fence(said));
        of->counted.heard(by.as.generation, by.as.worker, said.counters);
        to_.channel.send(stream, heartbeat_answer{said.sequence});
    }

    /// The job of a session, while it is the one that counts for its worker. Whoever is of another generation, was
    /// replaced or was given up is told to go, and its lease is not renewed (G4, G7).
    entry* still(stream_id stream, const proven& by) {
        entry* const of = find_entry(by.job);
        const auto is_wanted = [&](const headgate::job& job) {
            const auto& members = job.workers.members();
            return not job.is_let_go and by.as.generation == job.next.generation and
                   by.as.worker.value < members.size() and members[by.as.worker.value].stream == stream and
                   not members[by.as.worker.value].is_barred;
        };
        if (of and is_wanted(of->drive.value().job())) return of;
        dismiss(stream);
        return nullptr;
    }

    void refuse(stream_id stream, std::string why) {
        ++strangers_;
        to_.channel.send(stream, verdict{refused{one_line(std::move(why), policy_.most.error_text)}});
        to_.channel.close(stream);
        streams_.remove(stream);
    }

    void dismiss(stream_id stream) {
        ++strangers_;
        to_.channel.send(stream, verdict{go{}});
        to_.channel.close(stream);
        streams_.remove(stream);
    }

    bindings_type to_;
    Policies policy_;
    incarnation self_{};
    std::shared_ptr<controller_mailbox> box_ = std::make_shared<controller_mailbox>();
    waiting random_{moment{}};

    std::map<job_handle, entry> drivers_;
    std::map<job_id, job_handle> by_name_;
    std::map<job_id, job_record> seen_;  // every job as it was last seen
    std::vector<job_handle> over_;
    std::vector<mail> batch_;
    bool has_more_ = false;
    std::set<std::pair<instant, job_handle>> deadlines_;
    job_handle next_handle_{1};

    streams streams_;
    leases leases_;
    governor_state restarting_{};
    std::uint64_t counter_ = 0;
    cursor seen_jobs_{}, seen_workers_{};
    standing_call watching_jobs_{}, watching_workers_{}, leasing_{};
    std::uint64_t strangers_ = 0;
};

template <class Scheduler, class Database, class Channel, class Clock, class StateBackend, class Secrets>
controller(Scheduler&, Database&, Channel&, Clock&, StateBackend&, Secrets&)
    -> controller<Scheduler, Database, Channel, Clock, StateBackend, Secrets>;
template <class Scheduler, class Database, class Channel, class Clock, class StateBackend, class Secrets,
          class Policies>
controller(Scheduler&, Database&, Channel&, Clock&, StateBackend&, Secrets&, Policies)
    -> controller<Scheduler, Database, Channel, Clock, StateBackend, Secrets, Policies>;
template <class Scheduler, class Database, class Channel, class Clock, class StateBackend, class Secrets,
          class Policies, class Observer>
controller(Scheduler&, Database&, Channel&, Clock&, StateBackend&, Secrets&, Policies, Observer&)
    -> controller<Scheduler, Database, Channel, Clock, StateBackend, Secrets, Policies, Observer>;

}  // namespace headgate::inline v1
