#include <headgate/embedded/scheduler.hpp>

#include <headgate/hosting/desk.hpp>
#include <headgate/hosting/directory.hpp>
#include <headgate/hosting/start.hpp>

#include <algorithm>
#include <exception>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace headgate::inline v1::embedded {

namespace {

using hosting::key;

struct finished {
    key of{};
    std::string how{};
};

/// What ended and was not joined yet; workers outlive no part of it.
struct ends {
    std::mutex mutex{};
    std::vector<finished> all{};
};

}  // namespace

// All of it but construction and end runs on the desk's thread.
class scheduler::state {
public:
    explicit state(options what)
        : what_(std::move(what)),
          desk_({.now = what_.now,
                 .left = [this](const job_id& job, generation up_to) { return left(job, up_to); },
                 .turn = [this](instant) { return turn(); }}) {}
    ~state() {
        desk_.finish();
        for (auto& [of, one] : all_) one.thread.request_stop();
        all_.clear();  // joins; what they then wake has ended but is there
    }

    const options& what() const { return what_; }
    hosting::desk& desk() { return desk_; }

    start_workers::answer start(const headgate::start_workers& what);
    void stop(const request<headgate::stop_workers>& r, const held_completion<headgate::stop_workers>& done);
    list_workers::answer list(const list_workers& what) const;

private:
    struct running {
        std::uint32_t slots{};
        std::jthread thread{};
    };

    std::optional<running> launch(identity who, const std::shared_future<bool>& goes);
    std::uint32_t left(const job_id& job, generation up_to) const;
    instant turn();

    options what_;
    ends ends_{};
    std::map<job_id, generation> floors_{};  // one for each job that was stopped
    std::map<key, running> all_{};
    hosting::desk desk_;  // last: its thread uses the others
};

start_workers::answer scheduler::state::start(const headgate::start_workers& what) {
    if (const auto good = hosting::check_start(what); not good) return not_applied{good.error()};
    if (not what_.run) return not_applied{{.kind = error_kind::permanent, .text = "options name nothing to run"}};
    const auto floor = floors_.find(what.job);
    if (floor != floors_.end() and what.generation <= floor->second)
        return not_applied{hosting::was_stopped(what, floor->second)};

    std::map<key, std::size_t> added;
    std::uint64_t needed = 0, used = 0;
    for (std::size_t i = 0; i < what.workers.size(); ++i) {
        const key of{what.job, what.generation, what.workers[i].id};
        if (not all_.contains(of) and added.try_emplace(of, i).second) needed += what.workers[i].slots;
    }
    for (const auto& [of, one] : all_) used += one.slots;
    const std::uint64_t available = what_.capacity - std::min(used, what_.capacity);
    if (needed > available)
        return not_applied{{.kind = error_kind::not_enough_slots, .needed = needed, .available = available}};

    // All threads or none: they wait until all are there.
    std::promise<bool> goes;
    const std::shared_future<bool> all_go = goes.get_future().share();
    std::map<key, running> started;
    for (const auto& [of, position] : added) {
        auto one = launch(hosting::identity_of(what, position, what_.controller), all_go);
        if (one) {
            started.emplace(of, std::move(*one));
            continue;
        }
        goes.set_value(false);
        return not_applied{{.kind = error_kind::scheduler, .text = "the system has no thread for another worker"}};
    }
    goes.set_value(true);
    all_.merge(started);
    return applied{};
}

std::optional<scheduler::state::running> scheduler::state::launch(identity who, const std::shared_future<bool>& goes) {
    const std::uint32_t slots = who.worker.slots;
    try {
        return running{slots, std::jthread([this, who = std::move(who), goes](const std::stop_token& stop) {
                           if (not goes.get()) return;
                           finished end{.of = {who.job, who.generation, who.worker.id}, .how = "returned"};
                           try {
                               what_.run(who, stop);
                           } catch (const std::exception& thrown) {
                               end.how = std::string("threw: ") + thrown.what();
                           } catch (...) {
                               end.how = "threw";
                           }
                           {
                               const std::scoped_lock lock(ends_.mutex);
                               ends_.all.push_back(std::move(end));
                           }
                           desk_.wake();
                       })};
    } catch (const std::system_error&) {
        return std::nullopt;
    }
}

void scheduler::state::stop(const request<headgate::stop_workers>& r,
                            const held_completion<headgate::stop_workers>& done) {
    generation& floor = floors_[r.what.job];
    floor = std::max(floor, r.what.up_to);
    for (auto& [of, one] : all_)
        if (of.job == r.what.job and of.generation <= r.what.up_to) one.thread.request_stop();
    desk_.hold(r, done);
}

list_workers::answer scheduler::state::list(const list_workers& what) const {
    std::vector<worker_id> found;
    for (const auto& [of, one] : all_)
        if (of.job == what.job and of.generation == what.generation) found.push_back(of.worker);
    return found;
}

std::uint32_t scheduler::state::left(const job_id& job, generation up_to) const {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        all_, [&](const auto& one) { return one.first.job == job and one.first.generation <= up_to; }));
}

instant scheduler::state::turn() {
    std::vector<finished> ended;
    {
        const std::scoped_lock lock(ends_.mutex);
        ended.swap(ends_.all);
    }
    for (finished& end : ended) {
        all_.erase(end.of);  // joins; it has nothing left to do
        const auto floor = floors_.find(end.of.job);
        if (floor != floors_.end() and end.of.generation <= floor->second)
            desk_.log().freed();
        else
            desk_.log().exited({.job = end.of.job,
                                .generation = end.of.generation,
                                .worker = end.of.worker,
                                .how = std::move(end.how)});
    }
    return never;
}

scheduler::scheduler(options what) : state_(std::make_unique<state>(std::move(what))) {}
scheduler::scheduler(scheduler&&) noexcept = default;
scheduler::~scheduler() = default;

std::uint32_t scheduler::worker_slots() const { return state_->what().slots_per_worker; }

void scheduler::start(const request<headgate::start_workers>& r, held_completion<headgate::start_workers> done) {
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant) { return done(s->start(r.what)), true; });
}

void scheduler::stop(const request<headgate::stop_workers>& r, held_completion<headgate::stop_workers> done) {
    hosting::post_call(state_->desk(), done, [s = state_.get(), r, done](instant) { return s->stop(r, done), true; });
}

void scheduler::list(const request<list_workers>& r, held_completion<list_workers> done) {
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant) { return done(s->list(r.what)), true; });
}

void scheduler::hold(const request<watch_workers>& r, held_completion<watch_workers> done) {
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant) { return s->desk().hold(r, done), true; });
}

}  // namespace headgate::inline v1::embedded
