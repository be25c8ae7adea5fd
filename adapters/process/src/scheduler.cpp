#include <headgate/process/scheduler.hpp>

#include <headgate/hosting/desk.hpp>
#include <headgate/hosting/directory.hpp>
#include <headgate/hosting/start.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include "system.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <set>

namespace headgate::inline v1::process {

namespace {

using hosting::directory;
using hosting::held_directory;
using hosting::key;
using hosting::record;

/// Workers without a descriptor are looked at as often as this.
constexpr duration look_again = std::chrono::milliseconds(200);

variables inherited() {
    variables all;
    for (const char* name : {"PATH", "HOME", "LANG", "TZ"})
        if (const char* value = std::getenv(name)) all.emplace_back(name, value);
    return all;
}

options completed(options what) {
    variables own = std::exchange(what.environment, inherited());
    what.environment.insert(what.environment.end(), own.begin(), own.end());
    if (not what.warn) what.warn = [](std::string_view line) { std::clog << "headgate: " << line << '\n'; };
    return what;
}

error locked(const directory& by) {
    return {.kind = error_kind::scheduler,
            .text = "another controller holds " + (by.path() / "lock").string() + " for too long"};
}

}  // namespace

// All of it but the constructor runs on the desk's thread.
class scheduler::state {
public:
    explicit state(options what)
        : what_(completed(std::move(what))),
          directory_(what_.directory),
          boot_(boot_id()),
          desk_({.now = what_.now,
                 .left = [this](const job_id& job, generation up_to) { return left(job, up_to); },
                 .turn = [this](instant now) { return turn(now); }}) {}

    const options& what() const { return what_; }
    hosting::desk& desk() { return desk_; }

    bool start(const request<headgate::start_workers>& r, const held_completion<headgate::start_workers>& done,
               instant now);
    bool stop(const request<headgate::stop_workers>& r, const held_completion<headgate::stop_workers>& done,
              instant now);
    bool list(const request<list_workers>& r, const held_completion<list_workers>& done, instant now);

private:
    struct watched {
        hosting::record record{};
        descriptor process{};
    };
    using lock = expected<std::optional<held_directory>>;

    /// The lock, or an error; neither: try again, the deadline is not past.
    lock try_lock(instant now, instant deadline);
    /// Drops the records of those that are gone.
    void clear(const held_directory& held);
    /// Knows of every worker in the directory.
    expected<applied> refresh(const held_directory& held);
    /// Fills in the process of a start that was cut off. False if there is none.
    bool find_process(const held_directory& held, record& of);
    expected<applied> launch_all(const held_directory& held, const headgate::start_workers& what,
                                 const std::vector<std::size_t>& positions);
    expected<record> launch_one(const held_directory& held, const headgate::start_workers& what, std::size_t position);
    void adopt(const record& of);
    void ended(const key& of);
    std::uint32_t left(const job_id& job, generation up_to) const;
    instant turn(instant now);
    bool is_alive(const record& of) const;

    options what_;
    directory directory_;
    std::string boot_;
    std::map<key, watched> all_{};
    std::map<job_id, generation> floors_{};  // as this one has seen them: what was stopped exits without news
    std::vector<record> ended_{};            // their records are still there
    instant looked_{};
    hosting::desk desk_;  // last: its thread uses the others
};

scheduler::state::lock scheduler::state::try_lock(instant now, instant deadline) {
    lock held = directory_.try_lock();
    if (held and not *held and now >= deadline) return tl::unexpected(locked(directory_));
    return held;
}

bool scheduler::state::is_alive(const record& of) const {
    return of.pid > 0 and of.boot == boot_ and start_time(static_cast<pid_t>(of.pid)) == of.started;
}

bool scheduler::state::find_process(const held_directory& held, record& of) {
    // Whoever started it held the lock until the process was in the record, and so has died in between.
    held.revoke(of.of);
    const pid_t pid =
        find_by_environment(std::string(identity_variable) + "=" + directory_.identity_path(of.of).string());
    const std::optional started = pid > 0 ? start_time(pid) : std::nullopt;
    if (not started) return false;
    of.pid = pid;
    of.started = *started;
    of.boot = boot_;
    return held.write(of).has_value();
}

void scheduler::state::clear(const held_directory& held) {
    for (const record& gone : ended_) {
        const std::optional there = held.read(gone.of);  // its key may have a new worker by now
        if (there and there->pid == gone.pid and there->started == gone.started) held.remove(gone.of);
    }
    ended_.clear();
}

expected<applied> scheduler::state::refresh(const held_directory& held) {
    clear(held);
    auto records = held.records();
    if (not records) return tl::unexpected(records.error());
    for (record& one : *records) {
        const auto known = all_.find(one.of);
        const bool is_known =
            known != all_.end() and known->second.record.pid == one.pid and known->second.record.started == one.started;
        if (is_known) continue;
        if (known != all_.end()) ended(one.of);  // and was started anew by another controller
        if (one.pid == 0 and not find_process(held, one)) {
            held.remove(one.of);
            continue;
        }
        if (is_alive(one)) {
            adopt(one);
        } else {
            all_.insert_or_assign(one.of, watched{one, descriptor()});
            ended(one.of);
        }
    }
    clear(held);
    return applied{};
}

void scheduler::state::adopt(const record& of) {
    watched one{of, open_process(static_cast<pid_t>(of.pid))};
    // Looked at again: what was opened could be another process with this pid, but from here on it cannot change.
    if (one.process.is_open() and start_time_even_dead(static_cast<pid_t>(of.pid)) != of.started)
        one.process = descriptor();
    const int number = one.process.get();
    if (one.process.is_open() and not desk_.notice(number, [this, key = of.of] { ended(key); }))
        one.process = descriptor();
    all_.insert_or_assign(of.of, std::move(one));
}

void scheduler::state::ended(const key& of) {
    const auto found = all_.find(of);
    if (found == all_.end()) return;
    const record gone = found->second.record;
    if (found->second.process.is_open()) desk_.forget(found->second.process.get());
    all_.erase(found);
    ended_.push_back(gone);
    const std::string how = how_it_ended(static_cast<pid_t>(gone.pid), gone.started);
    const auto floor = floors_.find(of.job);
    if (floor != floors_.end() and of.generation <= floor->second)
        desk_.log().freed();
    else
        desk_.log().exited({.job = of.job, .generation = of.generation, .worker = of.worker, .how = how});
}

std::uint32_t scheduler::state::left(const job_id& job, generation up_to) const {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        all_, [&](const auto& one) { return one.first.job == job and one.first.generation <= up_to; }));
}

instant scheduler::state::turn(instant now) {
    instant next = never;
    if (std::ranges::any_of(all_, [](const auto& one) { return not one.second.process.is_open(); })) {
        if (now - looked_ >= look_again) {
            looked_ = now;
            std::vector<key> gone;
            for (const auto& [of, one] : all_)
                if (not one.process.is_open() and not is_alive(one.record)) gone.push_back(of);
            for (const key& of : gone) ended(of);
        }
        next = looked_ + look_again;
    }
    if (ended_.empty()) return next;
    const auto held = directory_.try_lock();
    if (not held or not *held) return std::min(next, now + look_again);
    clear(**held);
    return next;
}

bool scheduler::state::start(const request<headgate::start_workers>& r,
                             const held_completion<headgate::start_workers>& done, instant now) {
    const headgate::start_workers& what = r.what;
    const auto refuse = [&](error why) { return done(not_applied{std::move(why)}), true; };
    if (const auto good = hosting::check_start(what); not good) return refuse(good.error());
    if (const auto good = hosting::check_variables(what); not good) return refuse(good.error());
    if (what_.command.empty() or what_.command.front().empty())
        return refuse({.kind = error_kind::permanent, .text = "options name no command"});
    const auto held = try_lock(now, r.deadline);
    if (not held) return refuse(held.error());
    if (not *held) return false;

    const auto floor = (*held)->floor(what.job);
    if (not floor) return refuse(floor.error());
    if (what.generation <= *floor) return refuse(hosting::was_stopped(what, *floor, (*held)->floor_file(what.job)));
    if (const auto fresh = refresh(**held); not fresh) return refuse(fresh.error());

    std::vector<std::size_t> positions;
    std::set<worker_id> seen;
    std::uint64_t needed = 0, used = 0;
    for (std::size_t i = 0; i < what.workers.size(); ++i) {
        const worker_id id = what.workers[i].id;
        if (all_.contains({what.job, what.generation, id}) or not seen.insert(id).second) continue;
        positions.push_back(i);
        needed += what.workers[i].slots;
    }
    for (const auto& [of, one] : all_) used += one.record.slots;
    const std::uint64_t available = what_.capacity - std::min(used, what_.capacity);
    if (needed > available)
        return refuse({.kind = error_kind::not_enough_slots, .needed = needed, .available = available});
    for (const std::string& name : hosting::overridden(what))
        what_.warn(
            one_line("job " + what.job.value + ": its environment variable " + name + " is replaced by headgate's"));
    if (const auto all = launch_all(**held, what, positions); not all) return refuse(all.error());
    done(applied{});
    return true;
}

expected<applied> scheduler::state::launch_all(const held_directory& held, const headgate::start_workers& what,
                                               const std::vector<std::size_t>& positions) {
    std::vector<record> started;
    for (const std::size_t position : positions) {
        const auto one = launch_one(held, what, position);
        if (one) {
            started.push_back(*one);
            continue;
        }
        for (const record& other : started) {
            kill_and_reap(static_cast<pid_t>(other.pid));
            held.remove(other.of);
        }
        return tl::unexpected(one.error());
    }
    for (const record& one : started) adopt(one);
    return applied{};
}

expected<record> scheduler::state::launch_one(const held_directory& held, const headgate::start_workers& what,
                                              std::size_t position) {
    record one{.of = {what.job, what.generation, what.workers[position].id},
               .slots = what.workers[position].slots,
               .boot = boot_};
    const auto give_up = [&](const error& why) {
        held.remove(one.of);
        return tl::unexpected(why);
    };
    // First without a process, so that it is looked for if this controller dies before it could write which it is.
    if (const auto noted = held.write(one); not noted) return give_up(noted.error());
    const auto path = held.hand_over(hosting::identity_of(what, position, what_.controller));
    if (not path) return give_up(path.error());

    std::filesystem::path log;
    if (not what_.logs.empty()) {
        std::error_code problem;  // shown when the log cannot be opened
        std::filesystem::create_directories(what_.logs, problem);
        log = what_.logs / (hosting::file_name(what.job.value) + "." + std::to_string(what.generation.value) + "." +
                            std::to_string(one.of.worker.value) + ".log");
    }
    const auto pid = spawn({.command = what_.command,
                            .environment = hosting::environment_of(what, position, what_.environment, path->string()),
                            .log = log});
    if (not pid) return give_up(pid.error());
    one.pid = *pid;
    one.started = start_time_even_dead(*pid).value_or(0);
    if (const auto noted = held.write(one); not noted) {
        kill_and_reap(*pid);
        return give_up(noted.error());
    }
    return one;
}

bool scheduler::state::stop(const request<headgate::stop_workers>& r,
                            const held_completion<headgate::stop_workers>& done, instant now) {
    const auto refuse = [&](error why) { return done(not_applied{std::move(why)}), true; };
    const auto held = try_lock(now, r.deadline);
    if (not held) return refuse(held.error());
    if (not *held) return false;
    if (const auto raised = (*held)->raise_floor(r.what.job, r.what.up_to); not raised) return refuse(raised.error());
    generation& floor = floors_[r.what.job];
    floor = std::max(floor, r.what.up_to);
    // From here on nothing new appears, but what there is may not be known: not "not applied".
    if (const auto fresh = refresh(**held); not fresh) return done(unknown{fresh.error()}), true;
    for (const auto& [of, one] : all_) {
        if (of.job != r.what.job or of.generation > r.what.up_to) continue;
        (*held)->revoke(of);
        // One that could not be sent is left, and seen as such.
        send(one.process, static_cast<pid_t>(one.record.pid), one.record.started, r.what.force ? SIGKILL : SIGTERM);
    }
    desk_.hold(r, done);
    return true;
}

bool scheduler::state::list(const request<list_workers>& r, const held_completion<list_workers>& done, instant now) {
    const auto refuse = [&](error why) { return done(tl::unexpected(std::move(why))), true; };
    const auto held = try_lock(now, r.deadline);
    if (not held) return refuse(held.error());
    if (not *held) return false;
    if (const auto fresh = refresh(**held); not fresh) return refuse(fresh.error());
    std::vector<worker_id> found;
    for (const auto& [of, one] : all_)
        if (of.job == r.what.job and of.generation == r.what.generation) found.push_back(of.worker);
    done(std::move(found));
    return true;
}

scheduler::scheduler(options what) : state_(std::make_unique<state>(std::move(what))) {}
scheduler::scheduler(scheduler&&) noexcept = default;
scheduler& scheduler::operator=(scheduler&&) noexcept = default;
scheduler::~scheduler() = default;

std::uint32_t scheduler::worker_slots() const { return state_->what().slots_per_worker; }

void scheduler::start(const request<headgate::start_workers>& r, held_completion<headgate::start_workers> done) {
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant now) { return s->start(r, done, now); });
}

void scheduler::stop(const request<headgate::stop_workers>& r, held_completion<headgate::stop_workers> done) {
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant now) { return s->stop(r, done, now); });
}

void scheduler::list(const request<list_workers>& r, held_completion<list_workers> done) {
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant now) { return s->list(r, done, now); });
}

void scheduler::hold(const request<watch_workers>& r, held_completion<watch_workers> done) {
    hosting::post_call(state_->desk(), done, [s = state_.get(), r, done](instant) {
        s->desk().hold(r, done);
        return true;
    });
}

}  // namespace headgate::inline v1::process
