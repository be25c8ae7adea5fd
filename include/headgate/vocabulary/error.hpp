#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what can go wrong, by kind. A kind is what budgets are counted by (SPEC 9).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::inline v1 {

enum class error_kind : std::uint8_t {
    scheduler,              ///< the backend failed or did not answer in time; may be tried again
    not_enough_slots,       ///< the only kind with `needed` and `available` slots
    database,               ///< away, or did not answer in time; burns no budget (T5)
    state_backend,          ///< metadata missing, unreadable or late
    dial,                   ///< a worker could not be reached, or proved to be another
    start_execution,        ///< the call failed or was not answered in time
    worker_initialization,  ///< a worker said that it cannot start, or was lost before all had started
    worker_start_up,        ///< workers did not come in time
    task_start_up,          ///< subtasks did not start in time
    worker_lost,            ///< exited, stream lost or heartbeats overdue while running
    task,                   ///< a subtask failed
    checkpoint,             ///< a checkpoint could not be taken
    invalid,                ///< program, wish or row break a rule; only the user can mend it
    permanent,              ///< trying again cannot help
    unsupported,            ///< asked for, and not there yet
    ownership_lost,         ///< another controller has the job
    internal,               ///< an inconsistency of our own (S19)
};

inline constexpr std::size_t error_kinds = static_cast<std::size_t>(error_kind::internal) + 1;

/// "not enough slots", for people.
constexpr std::string_view text_of(error_kind kind);

struct error {
    error_kind kind{};
    std::string text{};         ///< one line for people: what, where, and what to do; at most 16 KiB (limits)
    std::uint64_t needed{};     ///< slots; where a start is refused as stopped: the lowest generation that may start
    std::uint64_t available{};  ///< slots

    friend bool operator==(const error&, const error&) = default;
};

/// "not enough slots: needed 8, available 4": the kind, then the text or the numbers.
std::string describe(const error& what);

/// The same failure as one of another kind; its text says of which it was.
error as(error_kind kind, const error& what);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(error_kind kind) {
    switch (kind) {
        case error_kind::scheduler: return "scheduler";
        case error_kind::not_enough_slots: return "not enough slots";
        case error_kind::database: return "database";
        case error_kind::state_backend: return "state backend";
        case error_kind::dial: return "dial";
        case error_kind::start_execution: return "start execution";
        case error_kind::worker_initialization: return "worker initialization";
        case error_kind::worker_start_up: return "worker start-up";
        case error_kind::task_start_up: return "task start-up";
        case error_kind::worker_lost: return "worker lost";
        case error_kind::task: return "task";
        case error_kind::checkpoint: return "checkpoint";
        case error_kind::invalid: return "invalid";
        case error_kind::permanent: return "permanent";
        case error_kind::unsupported: return "not supported yet";
        case error_kind::ownership_lost: return "ownership lost";
        case error_kind::internal: return "internal";
    }
    return "no such kind";
}

inline std::string describe(const error& what) {
    std::string line(text_of(what.kind));
    if (not what.text.empty()) return line.append(": ").append(what.text);
    if (what.kind == error_kind::not_enough_slots)
        line.append(": needed ").append(std::to_string(what.needed)).append(", available ").append(
            std::to_string(what.available));
    return line;
}

inline error as(error_kind kind, const error& what) {
    return {.kind = kind, .text = what.kind == kind ? what.text : describe(what)};
}

}  // namespace headgate::inline v1
