#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a controller, or a user, asks of the database outside of any one job's machine.

#include <headgate/vocabulary/effect.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace headgate::inline v1 {

/// Wall time by the database's clock, for people to read; decides nothing.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// A job as it stands. One that was damaged by hand, into what cannot be read or breaks a rule (`check`), has an error
/// in the place of its wish and is left alone.
struct job_record {
    job_id id{};
    job_row row{};
    expected<std::shared_ptr<const headgate::wish>> wish{};
    std::optional<duration> time_left{};  ///< of the time to live, by the database's clock; may be negative
    std::optional<checkpoint_name> last_ready{};

    // For people:
    std::string waits_for{};  ///< as the controller last told (`tell`)
    std::uint32_t workers{};  ///< that are there; likewise
    wall_time submitted{};
    std::optional<wall_time> started{};  ///< when it first reached Running
    wall_time since{};                   ///< when its state last changed
};

/// Where a watcher has read to. 0: nothing yet.
using cursor = strong<struct cursor_tag>;

struct job_news {
    cursor next{};                   ///< for the next watch
    std::vector<job_record> jobs{};  ///< by id, each once, as it stands
};

/// All jobs whose wish, row or text changed after `since`. Answers at once if there are any, else when there are, or at
/// the request's deadline with none.
struct watch_jobs {
    using result = job_news;
    using answer = expected<result>;
    static constexpr auto fails_as = error_kind::database;

    cursor since{};
};

/// A controller as the database saw it last (G5).
struct controller_seen {
    headgate::incarnation incarnation{};
    std::uint64_t counter{};
    bool is_gone = false;  ///< only a database that can tell says so

    friend constexpr bool operator==(const controller_seen&, const controller_seen&) = default;
};

/// Sets this controller's counter and reads those of all, one write for all its jobs. May be repeated.
struct advance_lease {
    using result = std::vector<controller_seen>;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::database;

    headgate::incarnation self{};
    std::uint64_t counter{};
};

/// A user's word. Submits the job if `expected` is 0 and there is none. Never moves the row's revision.
/// Answers the version that now stands: `expected + 1` if it was taken or repeated, another if somebody was faster. If
/// another wish of version `expected + 1` stands, it is not applied (`invalid`): read it and try again. One that breaks
/// a rule (`check`) may be refused likewise.
struct put_wish {
    using result = std::uint64_t;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::database;

    job_id job{};
    std::uint64_t expected{};  ///< version of the wish that `next` was made from; 0: none
    headgate::wish next{};     ///< its version is `expected + 1`
};

/// One line of a job's history, for people.
struct log_line {
    std::uint64_t number{};  ///< given by the database; ascending within a job
    wall_time at{};          ///< given by the database
    headgate::generation generation{};
    std::string text{};
};

/// Appends lines and replaces what the job waits for, if `owner` has the job, or nobody has it and `generation` is its
/// last (G2). For people only: of one owner the newest word wins.
struct tell {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::database;

    job_id job{};
    headgate::generation generation{};
    incarnation owner{};
    std::vector<log_line> lines{};
    std::string waits_for{};
    std::uint32_t workers{};
};

struct read_log {
    using result = std::vector<log_line>;
    using answer = expected<result>;
    static constexpr auto fails_as = error_kind::database;

    job_id job{};
    std::uint64_t after{};  ///< number of the last line that is known
    std::uint32_t most = 1'000;
};

/// What a scheduler saw since it was last asked.
struct worker_news {
    struct exited {
        job_id job{};
        headgate::generation generation{};
        worker_id worker{};
        std::string how{};

        friend bool operator==(const exited&, const exited&) = default;
    };

    cursor next{};
    std::vector<exited> exits{};
    bool slots_freed = false;

    friend bool operator==(const worker_news&, const worker_news&) = default;
};

/// Answers when a worker exited or could not be started, when there is room again, or at the deadline with none.
struct watch_workers {
    using result = worker_news;
    using answer = expected<result>;
    static constexpr auto fails_as = error_kind::scheduler;

    cursor since{};
};

}  // namespace headgate::inline v1
