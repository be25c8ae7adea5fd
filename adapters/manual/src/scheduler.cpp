#include <headgate/manual/scheduler.hpp>

#include <headgate/hosting/desk.hpp>
#include <headgate/hosting/directory.hpp>
#include <headgate/hosting/start.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>

namespace headgate::inline v1::manual {

namespace {

using hosting::directory;
using hosting::held_directory;
using hosting::key;
using hosting::record;

options completed(options what) {
    if (not what.print) what.print = [](std::string_view line) { std::cout << line << std::endl; };
    if (not what.warn) what.warn = [](std::string_view line) { std::clog << "headgate: " << line << '\n'; };
    return what;
}

/// One word of a shell's command. What is not printable is escaped, so that no value can play with the terminal.
std::string shell_word(std::string_view text) {
    const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' and c <= '~'; });
    std::string word = is_plain ? "'" : "$'";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain and c == '\'') {
            word += "'\\''";
        } else if (is_plain or (c >= ' ' and c <= '~' and c != '\'' and c != '\\')) {
            word += c;
        } else {
            word += '\\';
            for (const int shift : {6, 3, 0}) word += static_cast<char>('0' + ((byte >> shift) & 7));
        }
    }
    return word + "'";
}

}  // namespace

// All of it but the constructor runs on the desk's thread.
class scheduler::state {
public:
    explicit state(options what)
        : what_(completed(std::move(what))),
          directory_(what_.directory),
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
    void note_stream(const key& of, bool is_open, instant now);

private:
    enum class stream : std::uint8_t { unheard_of, open, ended };
    struct worker {
        hosting::record record{};
        instant revoked = never;
        stream heard = stream::unheard_of;
        instant ended = never;  ///< the stream, if it has
    };
    using lock = expected<std::optional<held_directory>>;

    lock try_lock(instant now, instant deadline);
    /// Knows of every worker in the directory, and of no other.
    expected<applied> refresh(const held_directory& held, instant now);
    expected<applied> hand_over_all(const held_directory& held, const headgate::start_workers& what,
                                    const std::vector<std::size_t>& positions);
    std::string command_of(const headgate::start_workers& what, std::size_t position) const;
    /// When the worker has ended for certain; `never`: as things stand it goes on.
    instant end_of(const worker& one) const;
    std::uint32_t left(const job_id& job, generation up_to) const;
    instant turn(instant now);

    options what_;
    directory directory_;
    std::map<key, worker> all_{};
    hosting::desk desk_;  // last: its thread uses the others
};

scheduler::state::lock scheduler::state::try_lock(instant now, instant deadline) {
    lock held = directory_.try_lock();
    if (held and not *held and now >= deadline)
        return failure(error_kind::scheduler,
                       "another controller holds " + (directory_.path() / "lock").string() + " for too long");
    return held;
}

expected<applied> scheduler::state::refresh(const held_directory& held, instant now) {
    const auto records = held.records();
    if (not records) return tl::unexpected(records.error());
    for (const record& one : *records) {
        worker& known = all_[one.of];
        known.record = one;
        if (one.is_revoked and known.revoked == never) known.revoked = now;
    }
    const auto is_gone = [&](const auto& one) {
        return not std::ranges::binary_search(*records, one.first, {}, &record::of);
    };
    if (std::erase_if(all_, is_gone) > 0) desk_.log().freed();
    return applied{};
}

instant scheduler::state::end_of(const worker& one) const {
    switch (one.heard) {
        case stream::unheard_of: return one.revoked == never ? never : one.revoked + what_.lease;
        case stream::open: return never;
        case stream::ended:
            return one.revoked == never ? one.ended + what_.lease : std::max(one.revoked, one.ended) + what_.lease;
    }
    return never;
}

instant scheduler::state::turn(instant now) {
    instant next = never;
    std::vector<key> due;
    for (const auto& [of, one] : all_) {
        const instant end = end_of(one);
        if (end <= now)
            due.push_back(of);
        else
            next = std::min(next, end);
    }
    if (due.empty()) return next;
    const auto held = directory_.try_lock();
    if (not held or not *held) return std::min(next, now + hosting::desk::look_again);
    for (const key& of : due) {
        (*held)->remove(of);
        const auto found = all_.find(of);
        if (found->second.revoked != never)
            desk_.log().freed();
        else
            desk_.log().exited({.job = of.job,
                                .generation = of.generation,
                                .worker = of.worker,
                                .how = "its stream ended and its lease passed"});
        all_.erase(found);
    }
    return next;
}

std::uint32_t scheduler::state::left(const job_id& job, generation up_to) const {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        all_, [&](const auto& one) { return one.first.job == job and one.first.generation <= up_to; }));
}

void scheduler::state::note_stream(const key& of, bool is_open, instant now) {
    const auto found = all_.find(of);
    if (found == all_.end()) return;
    if (not is_open and found->second.heard != stream::ended) found->second.ended = now;
    found->second.heard = is_open ? stream::open : stream::ended;
}

bool scheduler::state::start(const request<headgate::start_workers>& r,
                             const held_completion<headgate::start_workers>& done, instant now) {
    const headgate::start_workers& what = r.what;
    const auto refuse = [&](error why) { return done(not_applied{std::move(why)}), true; };
    if (const auto good = hosting::check_start(what); not good) return refuse(good.error());
    if (const auto good = hosting::check_variables(what); not good) return refuse(good.error());
    if (what_.command.empty())
        return refuse({.kind = error_kind::permanent, .text = "options name no command to print"});
    const auto held = try_lock(now, r.deadline);
    if (not held) return refuse(held.error());
    if (not *held) return false;
    const auto floor = (*held)->floor(what.job);
    if (not floor) return refuse(floor.error());
    if (what.generation <= *floor) return refuse(hosting::was_stopped(what, *floor, (*held)->floor_file(what.job)));
    if (const auto fresh = refresh(**held, now); not fresh) return refuse(fresh.error());

    std::map<key, std::size_t> added;
    std::uint64_t needed = 0, used = 0;
    for (std::size_t i = 0; i < what.workers.size(); ++i) {
        const key of{what.job, what.generation, what.workers[i].id};
        if (not all_.contains(of) and added.try_emplace(of, i).second) needed += what.workers[i].slots;
    }
    for (const auto& [of, one] : all_) used += one.record.slots;
    const std::uint64_t available = what_.capacity - std::min(used, what_.capacity);
    if (needed > available)
        return refuse({.kind = error_kind::not_enough_slots, .needed = needed, .available = available});
    for (const std::string& name : hosting::overridden(what))
        what_.warn(
            one_line("job " + what.job.value + ": its environment variable " + name + " is replaced by headgate's"));
    std::vector<std::size_t> positions;
    for (const auto& [of, position] : added) positions.push_back(position);
    if (const auto all = hand_over_all(**held, what, positions); not all) return refuse(all.error());
    for (const std::size_t position : positions) what_.print(command_of(what, position));
    done(applied{});
    return true;
}

expected<applied> scheduler::state::hand_over_all(const held_directory& held, const headgate::start_workers& what,
                                                  const std::vector<std::size_t>& positions) {
    std::vector<record> made;
    for (const std::size_t position : positions) {
        const worker_identity& who = what.workers[position];
        made.push_back({.of = {what.job, what.generation, who.id}, .slots = who.slots});
        auto done = held.write(made.back());
        if (done) {
            const auto path = held.hand_over(hosting::identity_of(what, position, what_.controller));
            if (not path) done = tl::unexpected(path.error());
        }
        if (done) continue;
        for (const record& one : made) held.remove(one.of);
        return done;
    }
    for (const record& one : made) all_.insert_or_assign(one.of, worker{.record = one});
    return applied{};
}

std::string scheduler::state::command_of(const headgate::start_workers& what, std::size_t position) const {
    const key of{what.job, what.generation, what.workers[position].id};
    std::string line = "env";
    for (const auto& [name, value] : hosting::environment_of(what, position, {}, directory_.identity_path(of).string()))
        if (not value.empty()) line += " " + name + "=" + shell_word(value);
    for (const std::string& word : what_.command) line += " " + shell_word(word);
    return line;
}

bool scheduler::state::stop(const request<headgate::stop_workers>& r,
                            const held_completion<headgate::stop_workers>& done, instant now) {
    const auto refuse = [&](error why) { return done(not_applied{std::move(why)}), true; };
    const auto held = try_lock(now, r.deadline);
    if (not held) return refuse(held.error());
    if (not *held) return false;
    if (const auto raised = (*held)->raise_floor(r.what.job, r.what.up_to); not raised) return refuse(raised.error());
    if (const auto fresh = refresh(**held, now); not fresh) return done(unknown{fresh.error()}), true;
    for (auto& [of, one] : all_) {
        if (of.job != r.what.job or of.generation > r.what.up_to or one.revoked != never) continue;
        (*held)->revoke(of);
        one.revoked = now;
        one.record.is_revoked = true;
        if (const auto noted = (*held)->write(one.record); not noted) return done(unknown{noted.error()}), true;
    }
    desk_.hold(r, done);
    return true;
}

bool scheduler::state::list(const request<list_workers>& r, const held_completion<list_workers>& done, instant now) {
    const auto refuse = [&](error why) { return done(tl::unexpected(std::move(why))), true; };
    const auto held = try_lock(now, r.deadline);
    if (not held) return refuse(held.error());
    if (not *held) return false;
    if (const auto fresh = refresh(**held, now); not fresh) return refuse(fresh.error());
    std::vector<worker_id> found;
    for (const auto& [of, one] : all_)
        if (of.job == r.what.job and of.generation == r.what.generation) found.push_back(of.worker);
    done(std::move(found));
    return true;
}

scheduler::scheduler(options what) : state_(std::make_unique<state>(std::move(what))) {}
scheduler::scheduler(scheduler&&) noexcept = default;
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
    hosting::post_call(state_->desk(), done,
                       [s = state_.get(), r, done](instant) { return s->desk().hold(r, done), true; });
}

void scheduler::note_stream_opened(const job_id& job, generation of, worker_id worker) {
    // One that is lost in a full desk is noted again with the next change; until then the lease decides.
    (void)state_->desk().post(
        [s = state_.get(), at = key{job, of, worker}](instant now) { return s->note_stream(at, true, now), true; });
}

void scheduler::note_stream_ended(const job_id& job, generation of, worker_id worker) {
    (void)state_->desk().post(
        [s = state_.get(), at = key{job, of, worker}](instant now) { return s->note_stream(at, false, now), true; });
}

}  // namespace headgate::inline v1::manual
