#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what can happen to a job.

#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/fenced.hpp>
#include <headgate/vocabulary/message.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

/// The machine's deadline has come.
struct tick {};

/// A wish as it stands in the database. Older versions than one seen change nothing.
struct wished {
    std::shared_ptr<const wish> what{};
    std::optional<duration> time_left{};  ///< until the time to live is over; may be negative
};

/// The proof of `profile` held, and the stream is now its session.
struct registered {
    worker_profile profile{};
};

struct stream_lost {};

/// The backend saw a worker exit, or could not start it.
struct worker_exited {
    worker_id worker{};
    std::string how{};  ///< "exit status 1", "killed by signal 9", "no such file: ./worker"
};

/// The backend has room again, or may have.
struct slots_freed {};

/// From the governor across jobs: a restart goes no earlier than this (R3).
struct restart_turn {
    instant go{};
};

/// The row was seen to be another controller's; or, with `row` saying what became of it, to be gone or another one.
struct disowned {
    std::string row{};  ///< "is gone"; empty: another controller has it
};

namespace detail {

template <class... Answers>
using event_of = std::variant<tick, wished, fenced<registered>, fenced<initialized>, fenced<heartbeat>,
                              fenced<task_report>, fenced<checkpoint_report>, fenced<stream_lost>, worker_exited,
                              slots_freed, restart_turn, disowned, Answers...>;

}  // namespace detail

using event = every_effect<answered, detail::event_of>;

}  // namespace headgate::inline v1
