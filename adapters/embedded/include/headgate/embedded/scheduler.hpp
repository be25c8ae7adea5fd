#pragma once
// SPDX-License-Identifier: BSL-1.0
// embedded: workers as threads of the controller's process.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/scheduler.hpp>
#include <headgate/vocabulary/identity.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

namespace headgate::inline v1::embedded {

struct options {
    /// One worker, on a thread of its own: returns when it has ended, soon after a stop was asked for. The identity
    /// holds a secret. An exception that leaves it is an exit with its text.
    std::function<void(const identity& who, std::stop_token stop)> run{};
    std::string controller{};  ///< host:port that workers register at
    std::uint32_t slots_per_worker = 16;
    std::uint64_t capacity = limits{}.workers;  ///< slots of this scheduler
    std::function<instant()> now{};             ///< the clock of the deadlines; empty: std::chrono::steady_clock
};

/// Starts threads (SPEC 8): for tests, small jobs, programs that are their own worker. Workers and floors last as long
/// as this object. A thread cannot be killed: a stop by force asks like any other, and answers how many are left at its
/// deadline. A worker that has ended may be started anew.
///
/// A worker is told its identity alone. Threads share the environment of their process, so that of the wish is left out
/// without a word, and so are its tags and its backend configuration (S6).
///
/// Errors     `permanent` if there is nothing to run; `scheduler` if the system has no more threads.
/// Threads    one of its own, which calls all completions, and one for each worker.
class scheduler {
public:
    explicit scheduler(options what);
    scheduler(scheduler&&) noexcept;
    /// Asks every worker to stop and waits until all have ended.
    ~scheduler();

    std::uint32_t worker_slots() const;
    void start_workers(const request<headgate::start_workers>& r, completion_for<headgate::start_workers> auto done) {
        start(r, std::move(done));
    }
    void stop_workers(const request<headgate::stop_workers>& r, completion_for<headgate::stop_workers> auto done) {
        stop(r, std::move(done));
    }
    void workers(const request<list_workers>& r, completion_for<list_workers> auto done) { list(r, std::move(done)); }
    void watch(const request<watch_workers>& r, completion_for<watch_workers> auto done) { hold(r, std::move(done)); }

private:
    class state;

    void start(const request<headgate::start_workers>& r, held_completion<headgate::start_workers> done);
    void stop(const request<headgate::stop_workers>& r, held_completion<headgate::stop_workers> done);
    void list(const request<list_workers>& r, held_completion<list_workers> done);
    void hold(const request<watch_workers>& r, held_completion<watch_workers> done);

    std::unique_ptr<state> state_;
};

static_assert(headgate::scheduler<scheduler>);

}  // namespace headgate::inline v1::embedded
