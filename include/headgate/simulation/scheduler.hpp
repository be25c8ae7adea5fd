#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: workers in memory, a model of `scheduler`.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/scheduler.hpp>
#include <headgate/simulation/worker_pool.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace headgate::inline v1::simulation {

/// A copyable value: a copy has its own workers and answers the same calls in flight. Answers within the call or, if it
/// `queues`, when `run_one()` is called, oldest first, so that a stop joins the starts before it. A watch without news
/// is held until there is some, a newer one comes, or `expire` says that its deadline is past.
class scheduler {
public:
    /// Calls that may wait; one more is answered at once, as not applied or with an error.
    static constexpr std::size_t most_waiting = 4'096;

    explicit scheduler(worker_pool pool = worker_pool(), bool queues = false)
        : pool_(std::move(pool)), queues_(queues) {}

    std::uint32_t worker_slots() const { return pool_.worker_slots(); }
    void start_workers(const request<headgate::start_workers>& r, completion_for<headgate::start_workers> auto done) {
        take(r, std::move(done));
    }
    void stop_workers(const request<headgate::stop_workers>& r, completion_for<headgate::stop_workers> auto done) {
        take(r, std::move(done));
    }
    void workers(const request<list_workers>& r, completion_for<list_workers> auto done) { take(r, std::move(done)); }
    void watch(const request<watch_workers>& r, completion_for<watch_workers> auto done) { take(r, std::move(done)); }

    /// Answers the oldest call that waits, or the watch that there is news for; false if there is neither.
    bool run_one();
    std::size_t waiting() const { return waiting_.size(); }
    /// Answers the held watch, without news, if its deadline is `now` or before.
    void expire(instant now);
    /// The deadline of the held watch, or `never`.
    instant next() const { return watch_ ? watch_->asked.deadline : never; }

    /// As those of the pool. The held watch is answered, or is ready to be by `run_one()`.
    bool exit(const job_id& job, generation of, worker_id id, std::string how);
    bool hang(const job_id& job, generation of, worker_id id) { return pool_.hang(job, of, id); }
    const worker_pool& pool() const { return pool_; }

private:
    template <class Effect>
    struct call {
        request<Effect> asked;
        held_completion<Effect> done;
    };
    using any_call = std::variant<call<headgate::start_workers>, call<headgate::stop_workers>, call<list_workers>,
                                  call<watch_workers>>;

    template <class Effect>
    void take(const request<Effect>& r, auto done);

    void carry_out(const call<headgate::start_workers>& c) { c.done(pool_.start_workers(c.asked.what)); }
    void carry_out(const call<headgate::stop_workers>& c) { c.done(pool_.stop_workers(c.asked.what)); }
    void carry_out(const call<list_workers>& c) { c.done(pool_.workers(c.asked.what)); }
    void carry_out(const call<watch_workers>& c);
    /// Answers the held watch if there is news for it.
    bool tell();

    worker_pool pool_;
    bool queues_;
    std::deque<any_call> waiting_;
    std::optional<call<watch_workers>> watch_;
};

static_assert(headgate::scheduler<scheduler>);

// Implementation ------------------------------------------------------------------------------------------------------

template <class Effect>
void scheduler::take(const request<Effect>& r, auto done) {
    if (not queues_) {
        carry_out(call<Effect>{r, std::move(done)});
        tell();
        return;
    }
    if (waiting_.size() < most_waiting) {
        waiting_.emplace_back(call<Effect>{r, std::move(done)});
        return;
    }
    error why{.kind = error_kind::scheduler, .text = "too many calls wait"};
    if constexpr (std::constructible_from<typename Effect::answer, not_applied>)
        done(not_applied{std::move(why)});
    else
        done(tl::unexpected<error>(std::move(why)));
}

inline bool scheduler::run_one() {
    if (tell()) return true;
    if (waiting_.empty()) return false;
    const any_call next = std::move(waiting_.front());
    waiting_.pop_front();  // first: a completion may call again
    std::visit([this](const auto& one) { carry_out(one); }, next);
    return true;
}

inline void scheduler::carry_out(const call<watch_workers>& c) {
    const std::optional older = std::exchange(watch_, c);
    if (older) older->done(pool_.nothing(older->asked.what.since));
    tell();
}

inline bool scheduler::tell() {
    if (not watch_) return false;
    std::optional news = pool_.watch(watch_->asked.what.since);
    if (not news) return false;
    const call<watch_workers> held = *std::exchange(watch_, std::nullopt);
    held.done(*std::move(news));
    return true;
}

inline void scheduler::expire(instant now) {
    if (next() == never or now < next()) return;
    const call<watch_workers> held = *std::exchange(watch_, std::nullopt);
    held.done(pool_.nothing(held.asked.what.since));
}

inline bool scheduler::exit(const job_id& job, generation of, worker_id id, std::string how) {
    if (not pool_.exit(job, of, id, std::move(how))) return false;
    if (not queues_) tell();
    return true;
}

}  // namespace headgate::inline v1::simulation
