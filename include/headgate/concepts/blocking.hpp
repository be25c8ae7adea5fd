#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: a scheduler from a type whose operations return what they did.

#include <headgate/concepts/blocking_scheduler.hpp>
#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/scheduler.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Runs a job within the call.
struct inline_executor {
    void operator()(const auto& job) const { job(); }
};

/// A `scheduler` over a blocking one, so that the first model a user writes is five lines:
///
///     struct my_cluster {
///         std::uint32_t worker_slots() const { return 16; }
///         outcome<applied> start_workers(const start_workers& what) { return submit(what); }
///         outcome<std::uint32_t> stop_workers(const stop_workers& what) { return cancel(what.job, what.up_to); }
///         expected<std::vector<worker_id>> workers(const list_workers& what) { return query(what); }
///     };
///     headgate::blocking scheduler{my_cluster{}, [&](auto job) { boost::asio::post(my_pool, std::move(job)); }};
///
/// The model sees no deadline: one that waits bounds the wait itself. `examples/own_scheduler` is a whole one.
///
/// `executor(job)` runs a copyable nullary job, once, now or later, on any thread; the default does within the call,
/// and so blocks the controller for as long. The model's operations never run at the same time.
///
/// A start that comes to run after a stop of its generation was asked for is refused here, so the laws `gone` and
/// `floor` hold whatever the executor's order, as long as this lives; one number is kept for each job that was stopped.
/// A model without `watch` never has news. One with it is asked after each other call and at `look()`.
/// Jobs still to run keep model and completions alive.
template <class Model, class Executor = inline_executor>
class blocking {
    static_assert(sizeof(blocking_check<Model>) > 0);

public:
    explicit blocking(Model model = {}, Executor executor = {})
        : state_(std::make_shared<state>(std::move(model))), executor_(std::move(executor)) {}
    blocking(const blocking&) = delete;
    blocking& operator=(const blocking&) = delete;
    /// Ends the watch.
    ~blocking() { end_watch(std::nullopt); }

    std::uint32_t worker_slots() const { return state_->model.worker_slots(); }
    void start_workers(const request<headgate::start_workers>& r, completion_for<headgate::start_workers> auto done);
    void stop_workers(const request<headgate::stop_workers>& r, completion_for<headgate::stop_workers> auto done);
    void workers(const request<list_workers>& r, completion_for<list_workers> auto done);
    void watch(const request<watch_workers>& r, completion_for<watch_workers> auto done);

    /// There may be news: asks the model, or lets whoever has it ask. From any thread, one that an operation of the
    /// model waits for too.
    void look();
    /// `look()` as a nullary function for whoever may outlive this; called later it does nothing.
    auto looker() const;

private:
    struct held_watch {
        cursor since{};
        held_completion<watch_workers> done;
    };
    static constexpr bool has_news = requires(Model & m) {
        { m.watch(cursor{}) } -> std::same_as<std::optional<worker_news>>;
    };
    static_assert(
        has_news or not requires { &Model::watch; },
        "blocking: the model's `watch` must be `std::optional<worker_news> watch(cursor)`; a model without news "
        "has none");
    struct state {
        explicit state(Model made) : model(std::move(made)) {}

        std::atomic<bool> may_have_news{false};
        std::mutex one_at_a_time{};
        Model model;
        std::mutex short_while{};  // for what follows; never held while the model works
        std::map<job_id, generation> floors{};
        std::optional<held_watch> watch{};
    };

    /// `call(model)` answers `done`; then the model is asked for news.
    void run(auto call, auto done);
    static void tell(state& of);
    void end_watch(std::optional<held_watch> next);

    std::shared_ptr<state> state_;
    Executor executor_;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Model, class Executor>
void blocking<Model, Executor>::run(auto call, auto done) {
    executor_([state = state_, call = std::move(call), done = std::move(done)] {
        done([&] {
            const std::scoped_lock alone(state->one_at_a_time);
            return call(*state);
        }());
        tell(*state);
    });
}

template <class Model, class Executor>
void blocking<Model, Executor>::start_workers(const request<headgate::start_workers>& r,
                                              completion_for<headgate::start_workers> auto done) {
    run(
        [what = r.what](state& s) -> outcome<applied> {
            const bool is_stopped = [&] {
                const std::scoped_lock lock(s.short_while);
                const auto found = s.floors.find(what.job);
                return found != s.floors.end() and what.generation <= found->second;
            }();
            if (is_stopped)
                return not_applied{{.kind = error_kind::scheduler,
                                    .text = "generation " + std::to_string(what.generation.value) + " of job " +
                                            what.job.value + " was stopped"}};
            return s.model.start_workers(what);
        },
        std::move(done));
}

template <class Model, class Executor>
void blocking<Model, Executor>::stop_workers(const request<headgate::stop_workers>& r,
                                             completion_for<headgate::stop_workers> auto done) {
    {
        // Before the stop runs: a start that holds the model by then is joined, any other is refused.
        const std::scoped_lock lock(state_->short_while);
        generation& floor = state_->floors[r.what.job];
        if (floor < r.what.up_to) floor = r.what.up_to;
    }
    run([what = r.what](state& s) -> outcome<std::uint32_t> { return s.model.stop_workers(what); }, std::move(done));
}

template <class Model, class Executor>
void blocking<Model, Executor>::workers(const request<list_workers>& r, completion_for<list_workers> auto done) {
    run([what = r.what](state& s) -> list_workers::answer { return s.model.workers(what); }, std::move(done));
}

template <class Model, class Executor>
void blocking<Model, Executor>::watch(const request<watch_workers>& r, completion_for<watch_workers> auto done) {
    end_watch(held_watch{r.what.since, std::move(done)});
    look();
}

template <class Model, class Executor>
void blocking<Model, Executor>::look() {
    executor_([state = state_] { tell(*state); });
}

template <class Model, class Executor>
auto blocking<Model, Executor>::looker() const {
    return [weak = std::weak_ptr(state_), executor = executor_]() mutable {
        if (auto of = weak.lock()) executor([of = std::move(of)] { tell(*of); });
    };
}

/// Waits for nobody: whoever has the model asks it for news after that.
template <class Model, class Executor>
void blocking<Model, Executor>::tell(state& of) {
    if constexpr (has_news) {
        of.may_have_news = true;
        while (of.may_have_news) {
            std::unique_lock alone(of.one_at_a_time, std::try_to_lock);
            if (not alone) return;
            of.may_have_news = false;
            const std::optional<cursor> since = [&] {
                const std::scoped_lock lock(of.short_while);
                return of.watch ? std::optional(of.watch->since) : std::nullopt;
            }();
            std::optional<worker_news> news = since ? of.model.watch(*since) : std::nullopt;
            alone.unlock();
            if (not news) continue;
            std::unique_lock lock(of.short_while);
            if (not of.watch or of.watch->since != *since) continue;  // a newer watch asks by itself
            const std::optional<held_watch> heard = std::exchange(of.watch, std::nullopt);
            lock.unlock();
            heard->done(*std::move(news));
        }
    }
}

template <class Model, class Executor>
void blocking<Model, Executor>::end_watch(std::optional<held_watch> next) {
    const std::optional<held_watch> older = [&] {
        const std::scoped_lock lock(state_->short_while);
        return std::exchange(state_->watch, std::move(next));
    }();
    if (older) older->done(worker_news{.next = older->since});
}

}  // namespace headgate::inline v1
