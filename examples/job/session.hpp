#pragma once
// headgate-job: one database, asked and waited for; problems end the command with a line that says what to do.

#include "../common/ask.hpp"
#include "../common/open_database.hpp"

#include <headgate/vocabulary/record.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace headgate::example {

enum exit_code : int { done = 0, failed_or_not = 1, usage = 2, no_database = 3, no_job = 4, conflict = 5, later = 6 };

/// Thrown by a session; the command ends with it.
struct command_ended {
    int code;
};

[[noreturn]] inline void end(exit_code code, const std::string& why) {
    std::fprintf(stderr, "headgate-job: %s\n", why.c_str());
    throw command_ended{code};
}

class session {
public:
    /// A watch tells of no new lines and checkpoints, which controllers do not ask for: they are looked for as often.
    static constexpr std::chrono::milliseconds look_again{200};
    static constexpr std::chrono::seconds longest_answer{30};  ///< of the database

    explicit session(const std::string& address, if_missing then = if_missing::refuse)
        : database_(opened(address, then)) {}

    /// All jobs that changed since the last time; at first all. Waits up to `patience` for the first.
    std::vector<job_record> news(std::chrono::milliseconds patience = std::chrono::milliseconds(0)) {
        // The first time there is only nothing if there are no jobs.
        if (since_ == cursor{}) patience = std::max(patience, std::chrono::milliseconds(1'000));
        const request<watch_jobs> asked{.deadline = now() + patience, .what = {since_}};
        const auto promise = std::make_shared<std::promise<watch_jobs::answer>>();
        auto answer = promise->get_future();
        database_.watch(asked, into_promise<watch_jobs>{{}, promise});
        if (answer.wait_for(patience + longest_answer) != std::future_status::ready)
            end(no_database, "the database did not answer within 30 s");
        auto news = answer.get();
        if (not news) end(no_database, headgate::describe(news.error()));
        since_ = news->next;
        for (const job_record& one : news->jobs) seen_.insert_or_assign(one.id.value, one);
        return std::move(news->jobs);
    }

    /// All jobs with their checkpoints as they are now, which are no news of a watch; by id.
    std::vector<job_record> all_anew() {
        since_ = {};
        return news();
    }

    std::optional<job_record> find(const std::string& job) {
        news();
        const auto at = seen_.find(job);
        return at == seen_.end() ? std::nullopt : std::optional(at->second);
    }
    job_record get(const std::string& job) {
        if (auto found = find(job)) return *std::move(found);
        end(no_job, "there is no job \"" + job + "\"");
    }

    /// Likewise.
    job_record get_anew(const std::string& job) {
        since_ = {};
        return get(job);
    }

    /// All lines after this one.
    std::vector<log_line> log(const std::string& job, std::uint64_t after) {
        std::vector<log_line> all;
        for (;;) {
            const auto more =
                waited<headgate::read_log>({.job = {job}, .after = all.empty() ? after : all.back().number},
                                           [&](const auto& r, auto done) { database_.read_log(r, done); });
            if (not more) end(no_database, headgate::describe(more.error()));
            if (more->empty()) return all;
            all.insert(all.end(), more->begin(), more->end());
        }
    }

    /// Stores the wish, whose version says what it was made from.
    void put(const std::string& job, const wish& next) {
        const std::uint64_t expected = next.version - 1;
        const std::uint64_t stands = put_until_known(job, next).match(
            [](std::uint64_t version) { return version; },
            [&](const error& why) -> std::uint64_t {
                const auto there = find(job);
                const bool was_somebody_faster = there and there->wish and (*there->wish)->version > expected;
                if (was_somebody_faster) return expected;
                end(why.kind == error_kind::invalid ? usage : no_database, headgate::describe(why));
            },
            [&](const error& why) -> std::uint64_t {
                end(no_database,
                    "whether job \"" + job +
                        "\" has this wish is not known; look at it before you try again: " + headgate::describe(why));
            });
        if (stands == expected + 1) return;
        if (expected == 0) end(conflict, "there is a job \"" + job + "\" already; choose another --id");
        end(conflict, "somebody else changed job \"" + job + "\" at the same time; look at it and try again");
    }

    static instant now() {
        return instant(std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch()));
    }

private:
    static any_database opened(const std::string& address, if_missing then) {
        auto database = open_database(address, then);
        if (not database)
            end(database.error().kind == error_kind::invalid ? usage : no_database,
                headgate::describe(database.error()));
        return *std::move(database);
    }

    /// While nobody knows whether the wish is stored, the same again: a repeat answers the version that it made (law
    /// `versions`).
    outcome<std::uint64_t> put_until_known(const std::string& job, const wish& next) {
        const instant until = now() + longest_answer;
        for (std::optional<error> lost;;) {
            auto stored = waited<put_wish>({.job = {job}, .expected = next.version - 1, .next = next},
                                           [&](const auto& r, auto done) { database_.put_wish(r, done); });
            const bool is_known =
                stored.match([](std::uint64_t) { return true; },
                             // After a lost answer only that another wish stands in its place.
                             [&](const error& no) { return not lost or no.kind == error_kind::invalid; },
                             [&](const error& maybe) { return lost = maybe, false; });
            if (is_known) return stored;
            if (now() > until) return unknown{*lost};
            std::this_thread::sleep_for(look_again);
        }
    }

    template <class Effect>
    typename Effect::answer waited(Effect what, auto call) {
        auto answer = ask<Effect>(std::move(what), call, longest_answer);
        if (not answer) end(no_database, "the database did not answer within 30 s");
        return *std::move(answer);
    }

    any_database database_;
    cursor since_{};
    std::map<std::string, job_record> seen_{};
};

}  // namespace headgate::example
