#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: many jobs on one thread; finds them, and takes what has no living owner (G5, J6).

#include <headgate/controller/driver.hpp>
#include <headgate/controller/job_table.hpp>
#include <headgate/controller/leases.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/controller/metrics.hpp>
#include <headgate/controller/roll_call.hpp>
#include <headgate/controller/routing.hpp>
#include <headgate/controller/sightings.hpp>
#include <headgate/controller/standing_call.hpp>
#include <headgate/vocabulary/fields.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

/// A controller has no thread of its own: a loop calls `poll()` at `next_deadline()` or when it is woken.
///
///     headgate::controller controller{scheduler, database, channel, clock, states, secrets};
///     headgate::asio::drive(loop, controller);
///
/// The models are lvalues that outlive it. All but `post` and `on_wake` is called from one thread.
template <class Scheduler, class Database, class Channel, class Clock, class StateBackend, class Secrets,
          class Policies = policies<>, class Observer = silent>
class controller {
public:
    using bindings_type = bindings<Scheduler, Database, Channel, Clock, StateBackend, Secrets, Observer>;
    static_assert(
        sizeof(bindings_type) > 0 and is_policies<Policies>,
        "controller: the seventh argument is policies{...}, the eighth an observer; a policy is named in the former: "
        "policies{.assignment = mine{}}");
    using driver_type = driver<bindings_type, Policies>;

    controller(Scheduler& scheduler, Database& database, Channel& channel, Clock& clock, StateBackend& states,
               Secrets& secrets, Policies policy = {}) requires std::same_as<Observer, silent>
        : controller(scheduler, database, channel, clock, states, secrets, std::move(policy), nobody()) {}
    controller(Scheduler& scheduler, Database& database, Channel& channel, Clock& clock, StateBackend& states,
               Secrets& secrets, Policies policy, Observer& observer)
        : to_{scheduler, database, channel, clock, states, secrets, observer, box_of(policy)},
          self_(draw<incarnation>()),
          jobs_(fitting(std::move(policy)), draw<std::uint64_t>()),
          seen_(self_) {
        to_.channel.listen(into_streams{to_.box});
    }
    /// `other` as it is, bound to other models: what a world holds in copies of itself. What had come to `other` and
    /// was not polled does not come here.
    controller(const controller& other, Scheduler& scheduler, Database& database, Channel& channel, Clock& clock,
               StateBackend& states, Secrets& secrets, Observer& observer)
        : to_{scheduler, database, channel, clock, states, secrets, observer, box_of(other.jobs_.policy())},
          self_(other.self_),
          jobs_(other.jobs_),
          routing_(other.routing_),
          seen_(other.seen_),
          has_more_(other.has_more_),
          leases_(other.leases_),
          roll_(other.roll_),
          counter_(other.counter_),
          seen_jobs_(other.seen_jobs_),
          seen_workers_(other.seen_workers_),
          watching_jobs_(other.watching_jobs_),
          watching_workers_(other.watching_workers_),
          leasing_(other.leasing_) {
        routing_.line_up(to_);
        to_.channel.listen(into_streams{to_.box});
    }
    controller(const controller&) = delete;
    controller& operator=(const controller&) = delete;
    ~controller() { to_.box->close(); }

    /// Handles everything that has come and everything that is due. Never blocks.
    void poll() {
        ask_outside();
        has_more_ = true;
        for (int round = 0; round < most_rounds and has_more_; ++round) {
            batch_.clear();
            has_more_ = to_.box->take(batch_, most_in_a_round) or not batch_.empty();
            for (mail& one : batch_) std::visit([&](auto& what) { receive(what); }, one);
        }
        jobs_.serve_due(to_);
        jobs_.retire([&](const job& of) { seen_.let_go(of, to_.clock.now(), wait().lease); });
    }
    /// When to poll at the latest.
    instant next_deadline() const {
        if (has_more_) return instant::min();
        return std::min(
            {jobs_.deadline(), leasing_.deadline(), watching_jobs_.deadline(), watching_workers_.deadline()});
    }
    /// An answer, or something heard on a stream; from any thread. `poll()` handles it.
    void post(mail what) { to_.box->post(std::move(what)); }
    /// `wake()` is called, from any thread, when something has come: "poll soon".
    template <std::invocable Wake>
    void on_wake(Wake wake) {
        to_.box->on_wake(std::move(wake));
    }

    const incarnation& id() const { return self_; }
    std::size_t jobs() const { return jobs_.size(); }
    /// Jobs of this and of other controllers that are not at rest, as far as it has seen; of the others it keeps
    /// nothing.
    std::size_t open_jobs() const { return seen_.size(); }
    /// The machine of a job that this controller has, or null.
    const machine<Policies>* find(const job_id& job) const {
        const auto* const one = jobs_.find(job);
        return one ? &one->value() : nullptr;
    }
    /// Of the present generation; records and bytes as the heartbeats last told (S15).
    job_metrics metrics(const job_id& job) const {
        const auto* const one = jobs_.find(job);
        return one ? one->counted.sum(one->job()) : job_metrics{};
    }
    /// Messages of workers that this controller does not know or no longer wants (G1).
    std::uint64_t strangers() const { return routing_.strangers(); }
    /// Why its lease could not be advanced, or jobs or workers not be watched, when it was last tried: then jobs are
    /// not taken, or their news not heard. Nothing of it belongs to one job, so no observer hears of it. After a failed
    /// watch it is known only with the next that ends, in seconds, that all is well.
    std::optional<error> trouble() const {
        for (const standing_call* const one : {&leasing_, &watching_jobs_, &watching_workers_})
            if (one->trouble()) return one->trouble();
        return std::nullopt;
    }

private:
    /// Mail of models that complete within their calls is handled in the same poll, but not without end. All that
    /// waited comes before what is due: after a standstill the heartbeats are there before anybody is missed.
    static constexpr int most_rounds = 100;
    /// What comes while a round is handled waits for the rest of it, and a turn of each line that was there before
    /// (L5).
    static constexpr std::size_t most_in_a_round = 64;

    /// What the channel hears with.
    struct into_streams {
        std::shared_ptr<controller_mailbox> box;

        void operator()(stream_event heard) const { box->post(std::move(heard)); }
    };

    static silent& nobody() {
        static silent instance;  // has no state
        return instance;
    }

    template <class Bits>
    Bits draw() {
        Bits bits{};
        to_.secrets.random(std::as_writable_bytes(std::span(&bits, 1)));
        return bits;
    }

    static std::shared_ptr<controller_mailbox> box_of(const Policies& policy) {
        return std::make_shared<controller_mailbox>(policy.most.mailbox);
    }

    static Policies fitting(Policies policy) {
        if constexpr (requires { requires StateBackend::keeps_nothing; }) policy.takes_checkpoints = false;
        return policy;
    }

    const patience& wait() const { return jobs_.policy().wait; }

    // Which jobs there are -------------------------------------------------------------------------------------------

    void look_at(const job_record& record) {
        if (seen_.is_before_an_end(record)) return;
        if (auto* const mine = jobs_.find(record.id)) {
            const job& known = mine->job();
            if (const auto how = seen_.went_back(record, known)) jobs_.give(*mine, disowned{*how}, to_);
            // Or another's that has ended it since, and released it.
            const bool is_anothers = record.row.owner != self_ and (record.row.owner != incarnation{} or
                                                                    record.row.generation > known.next.generation);
            if (is_anothers and known.is_owned() and record.row.revision > known.durable.revision)
                jobs_.give(*mine, disowned{}, to_);
            else if (record.wish)
                jobs_.give(*mine, wished{*record.wish, record.time_left}, to_);
            else
                mine->told.add(
                    record.row.generation,
                    remark{remark::severity::alarm, "the job's row is damaged: " + describe(record.wish.error())});
        }
        seen_job* const seen = seen_.saw(record, to_.clock.now(), jobs_.contains(record.id), wait().lease);
        // Whether another owner is gone the next look at leases tells: the last is older than this row (G5, T5).
        const bool is_anothers = record.row.owner != incarnation{} and record.row.owner != self_;
        if (seen and not jobs_.contains(record.id) and not is_anothers and may_take(*seen)) take(*seen);
    }

    bool may_take(const seen_job& one) { return seen_.may_take(one, leases_, to_.clock.now(), wait()); }

    void take(seen_job& one) {
        const instant now = to_.clock.now();
        const std::optional<duration> left = seen_.take(one, now);
        auto& made = jobs_.add(one.record, self_, to_);
        jobs_.give(made, wished{*one.record.wish, left}, to_);
        // Who died may have had a thousand jobs: they are claimed at once, and start again in their turn (R3).
        const state_name state = made.value().state();
        const bool starts = state == state_name::scheduling or state == state_name::recovering;
        if (one.record.row.owner == incarnation{} or not starts) return;
        const instant go = jobs_.take_turn(now);
        if (go > now) jobs_.give(made, restart_turn{go}, to_);
    }

    /// After a look at leases, those that were looked at and left: their owner may be gone by now.
    void look_again() {
        seen_.for_each([&](const job_id& id, seen_job& one) {
            if (not jobs_.contains(id) and may_take(one)) take(one);
        });
    }

    // What is asked for all jobs together ----------------------------------------------------------------------------

    void ask_outside() {
        const instant now = to_.clock.now();
        if (leasing_.is_due(now)) {
            const instant until = now + wait().call;
            const request<advance_lease> r{leasing_.ask(until), until, {self_, ++counter_}};
            to_.database.advance_lease(r, into_mailbox<advance_lease>{r.by, {}, to_.box});
        }
        if (watching_jobs_.is_due(now)) {
            const instant until = now + wait().call;
            seen_.watch_begins();
            const request<watch_jobs> r{watching_jobs_.ask(until + wait().graceful), until, {seen_jobs_}};
            to_.database.watch(r, into_mailbox<watch_jobs>{r.by, {}, to_.box});
        }
        if (watching_workers_.is_due(now)) {
            const instant until = now + wait().call;
            const request<watch_workers> r{
                watching_workers_.ask(until + wait().graceful, error_kind::scheduler), until, {seen_workers_}};
            to_.scheduler.watch(r, into_mailbox<watch_workers>{r.by, {}, to_.box});
        }
    }

    void receive(answered<advance_lease>& a) {
        const instant now = to_.clock.now(), next = now + wait().lease_step;
        const auto in_vain = [&](const error& why) { leasing_.answer(a.to, next, why); };
        a.result.match(
            [&](const std::vector<controller_seen>& all) {
                if (not leasing_.answer(a.to, next)) return;
                leases_.saw(all, now, 3 * wait().lease_step);
                look_again();
                roll_.call(jobs_.by_name(), now, wait().roll_call, wait().lease_step,
                           [&](const job_id& one) { ask_for_row(one); });
            },
            in_vain, in_vain);
    }

    template <class Watch>
    bool has_news(standing_call& of, const answered<Watch>& a) {
        const instant now = to_.clock.now();
        if (a.result) return of.answer(a.to, now);
        of.answer(a.to, now + wait().graceful, a.result.error());
        return false;
    }

    void receive(answered<watch_jobs>& a) {
        if (not has_news(watching_jobs_, a)) return;
        seen_jobs_ = a.result->next;
        for (const job_record& record : a.result->jobs) look_at(record);
    }

    void receive(answered<watch_workers>& a) {
        if (not has_news(watching_workers_, a)) return;
        seen_workers_ = a.result->next;
        for (const worker_news::exited& one : a.result->exits)
            if (auto* const mine = jobs_.find(one.job))
                to_.box->post(job_mail{mine->drive.handle(), worker_exited{one.worker, one_line(one.how, 1 << 10)}});
        // As mail of each, so that of many jobs none waits for all others (L5).
        if (a.result->slots_freed)
            jobs_.for_each_that_lacks_slots([&](job_handle one) { to_.box->post(job_mail{one, slots_freed{}}); });
    }

    void receive(const answered<tell>& a) {
        if (const auto* const one = jobs_.receive(a, to_.clock.now())) ask_for_row(one->job().id);
    }

    void ask_for_row(const job_id& job) {
        const instant now = to_.clock.now();
        constexpr auto end = std::numeric_limits<std::int64_t>::max();  // no line: only whether there is a row
        const request<read_log> r{roll_.asks(job, now), now + wait().call, {.job = job, .after = end, .most = 1}};
        to_.database.read_log(r, into_mailbox<read_log>{r.by, {}, to_.box});
    }

    void receive(const answered<read_log>& a) {
        const auto asked = roll_.answered(a.to);
        if (not asked or a.result or a.result.error().kind != error_kind::invalid) return;
        seen_.forget_missing(asked->job, asked->at);
        auto* const mine = jobs_.find(asked->job);
        if (mine and mine->job().is_owned() and not mine->job().is_let_go)
            jobs_.give(*mine, disowned{"is gone: it was removed by hand"}, to_);
    }

    void receive(const job_mail& one) {
        if (auto* const to = jobs_.find(one.job)) return jobs_.give(*to, one.event, to_);
        // Nobody is left to close what was dialled for it.
        const auto otherwise = [](const error&) {};
        if (const auto* const late = std::get_if<answered<dial>>(&one.event))
            late->result.match([&](const dialled& made) { to_.channel.hang_up(made.connection); }, otherwise,
                               otherwise);
    }

    void receive(const stream_event& heard) { routing_.receive(heard, jobs_, to_); }

    friend fields;
    static constexpr std::size_t field_count = 15;

    bindings_type to_;
    incarnation self_;
    job_table<bindings_type, Policies> jobs_;
    routing<bindings_type, Policies> routing_;

    sightings seen_;
    std::vector<mail> batch_;
    bool has_more_ = false;

    leases leases_;
    roll_call roll_;
    std::uint64_t counter_ = 0;
    cursor seen_jobs_{}, seen_workers_{};
    standing_call watching_jobs_{}, watching_workers_{}, leasing_{};
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
