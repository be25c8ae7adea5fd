#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever starts and stops workers.

#include <headgate/concepts/blocking_scheduler.hpp>
#include <headgate/concepts/completion.hpp>
#include <headgate/vocabulary/record.hpp>

#include <concepts>
#include <cstdint>

namespace headgate::inline v1 {

namespace scheduler_has {

template <class Scheduler>
concept worker_slots = requires(Scheduler& s) {
    { s.worker_slots() } -> std::same_as<std::uint32_t>;
};
template <class Scheduler>
concept start_workers =
    requires(Scheduler& s, const request<headgate::start_workers>& r, any_completion<headgate::start_workers> done) {
        { s.start_workers(r, done) } -> std::same_as<void>;
    };
template <class Scheduler>
concept stop_workers =
    requires(Scheduler& s, const request<headgate::stop_workers>& r, any_completion<headgate::stop_workers> done) {
        { s.stop_workers(r, done) } -> std::same_as<void>;
    };
template <class Scheduler>
concept workers =
    requires(Scheduler& s, const request<headgate::list_workers>& r, any_completion<headgate::list_workers> done) {
        { s.workers(r, done) } -> std::same_as<void>;
    };
template <class Scheduler>
concept watch =
    requires(Scheduler& s, const request<headgate::watch_workers>& r, any_completion<headgate::watch_workers> done) {
        { s.watch(r, done) } -> std::same_as<void>;
    };

}  // namespace scheduler_has

/// Starts and stops the workers of jobs (SPEC 8).
///
/// In the table `s` is an lvalue of `Scheduler`, `r` a const lvalue of `request<start_workers>`,
/// `request<stop_workers>`, `request<list_workers>` or `request<watch_workers>`, which carries ticket and deadline, and
/// `done` any completion for that effect. The operations have type `void`.
///
///     expression                answer                                meaning
///     ------------------------  ------------------------------------  -----------------------------------------------
///     s.worker_slots()          std::uint32_t, at once                the slots of each worker that it starts (S6)
///     s.start_workers(r, done)  outcome<applied>                      the backend has taken on to run `workers`
///     s.stop_workers(r, done)   outcome<std::uint32_t>                end all of `job` with a generation <= `up_to`;
///                                                                     how many are left, 0 says gone
///     s.workers(r, done)        expected<vector<worker_id>>           those of (`job`, `generation`) that live or are
///                                                                     on the way, each as often as it is there
///     s.watch(r, done)          expected<worker_news>                 exits, failed starts, room; one long poll at a
///                                                                     time, a newer one ends an older
///
/// Laws (`conformance/laws/scheduler.hpp` tries them on any model):
///
///     fresh       a generation that was never started has no workers
///     starts      once start has answered applied, `workers` lists the identities asked for
///     repeats     starting the same identities twice starts them once, so a start of unknown outcome may be repeated
///     adds        starting further identities of a generation leaves the ones it has
///     scoped      stop(up to g) touches no other job and no generation above g
///     gone        once stop(up to g) has answered gone, no worker of a generation <= g lives or will appear, even if
///                 its start was still on the way: a backend that cannot refuse joins the start first
///     floor       after stop(up to g) a start of a generation <= g starts nothing; its refusal may say in `needed` that
///                 g + 1 is the lowest that may, and then says no other
///     idempotent  what is gone stays gone: another stop answers gone
///     refuses     more slots than there are: `not_enough_slots` with needed and available, and nothing is started
///     watches     a worker that exits by itself is in the news, by job, generation and id; one that was stopped need
///                 not be
///     answers     each completion is called exactly once
///
/// Errors     `not_enough_slots` says needed and available, both in slots of this call; `permanent`: another try cannot
///            help (bad image, forbidden, quota); all else is `scheduler`. Not applied means that no worker was started
///            or stopped.
/// Waiting    no call blocks. A start does not wait for workers to come up: they register. A stop answers when they
///            are gone, or at its deadline with how many are left. An answer after the deadline is late, not wrong.
/// Threads    one caller at a time; completions may be called from any thread, also within the call.
/// Secrets    `tokens[i]` belongs to `workers[i]` alone; it is handed over so that no other user can read it (G3), and
///            is in no log, listing or argument.
/// Cost       at most one request to the backend for each call, whatever the number of workers.
/// Archetype  `archetype::scheduler`. Models: in memory, embedded, process, manual; each passes the laws.
template <class Scheduler>
concept scheduler =
    scheduler_has::worker_slots<Scheduler> and scheduler_has::start_workers<Scheduler> and
    scheduler_has::stop_workers<Scheduler> and scheduler_has::workers<Scheduler> and scheduler_has::watch<Scheduler>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::scheduler_check<mine>;`.
/// A controller does so with each of its models.
template <class Scheduler>
struct scheduler_check {
    static constexpr bool is_blocking = blocking_scheduler<Scheduler> and not scheduler<Scheduler>;
    static_assert(
        not is_blocking,
        "scheduler: this model's operations return their answers; wrap it: headgate::blocking scheduler{model}");
    static_assert(scheduler_has::worker_slots<Scheduler>,
                  "scheduler: it has no `std::uint32_t worker_slots()`: the slots of each worker that it starts");
    static_assert(is_blocking or scheduler_has::start_workers<Scheduler>,
                  "scheduler: it has no `void start_workers(const request<start_workers>&, done)`, where `done` is "
                  "any completion_for<start_workers>, called once with outcome<applied>");
    static_assert(is_blocking or scheduler_has::stop_workers<Scheduler>,
                  "scheduler: it has no `void stop_workers(const request<stop_workers>&, done)`, where `done` is "
                  "any completion_for<stop_workers>, called once with outcome<std::uint32_t>, how many are left");
    static_assert(is_blocking or scheduler_has::workers<Scheduler>,
                  "scheduler: it has no `void workers(const request<list_workers>&, done)`, where `done` is any "
                  "completion_for<list_workers>, called once with expected<std::vector<worker_id>>");
    static_assert(is_blocking or scheduler_has::watch<Scheduler>,
                  "scheduler: it has no `void watch(const request<watch_workers>&, done)`, where `done` is any "
                  "completion_for<watch_workers>, called once with expected<worker_news>");
};

}  // namespace headgate::inline v1
