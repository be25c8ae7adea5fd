#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what must happen sometimes: a campaign that never came there has shown nothing of it.

#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/note.hpp>
#include <headgate/vocabulary/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace headgate::inline v1::simulation {

enum class probe : std::uint8_t {
    stale_rejected,
    found_applied,
    found_not_applied,
    raced_for_a_generation,
    worker_replaced,
    stop_while_claiming,
    stop_while_stopping_old,
    stop_while_starting,
    stop_while_loading,
    stop_while_registering,
    stop_while_dialling,
    stop_while_launching,
    stop_while_starting_tasks,
    stop_while_backing_off,
    stop_while_recovering,
    scheduler_exhausted,
    state_backend_exhausted,
    start_execution_exhausted,
    initialization_exhausted,
    worker_start_up_exhausted,
    task_start_up_exhausted,
    dials_exhausted,
    checkpoints_exhausted,
    restarts_exhausted,
    time_exhausted,
    lease_over,
    deadline_tie,
    restore_skipped,
    slots_came,
    stopped_without_database,
};

inline constexpr std::size_t probe_count = static_cast<std::size_t>(probe::stopped_without_database) + 1;

constexpr std::string_view text_of(probe what);

/// How often each was reached; in a run, and summed over runs.
class probes {
public:
    void hit(probe what) { ++count_[static_cast<std::size_t>(what)]; }
    std::uint64_t operator[](probe what) const { return count_[static_cast<std::size_t>(what)]; }
    probes& operator+=(const probes& other) {
        for (std::size_t i = 0; i < probe_count; ++i) count_[i] += other.count_[i];
        return *this;
    }

    friend bool operator==(const probes&, const probes&) = default;

private:
    std::array<std::uint64_t, probe_count> count_{};
};

/// What was seen of a job's machine the last time, for what only a change shows.
struct glimpse {
    std::uint64_t stale{};
    state_name state{};
    stop_mode stop{};
    std::array<bool, phase_count> is_under_way{};  ///< of an attempt
    bool backs_off = false;
    std::pair<generation, std::uint32_t> lacked_slots{};  ///< the attempt that did: its visit of the state
    generation replaced_in{};
    instant gone_since = never;  ///< its workers, as far as they were told to end
    bool was_stopped_alone = false;
    std::uint32_t visit{};                ///< of the state
    std::array<std::uint32_t, error_kinds> failed{};  ///< told of since it came to be scheduled
    bool is_attempt = false;                          ///< told of last
    /// The attempt was given up in this turn: for what, and how often that had been told of.
    std::optional<std::pair<error_kind, std::uint32_t>> gave_up{};
    instant scheduled_since = never;                  ///< this visit
    bool is_launching = false;
    instant attempt_since = never;        ///< it brings workers up
    instant started_since = never;        ///< all subtasks have started, and it has not heard of it
    instant slots_since = never;          ///< there are slots enough, and it waits for them
    instant idle_since = never;           ///< and does not ask
};

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(probe what) {
    switch (what) {
        case probe::stale_rejected: return "stale message rejected";
        case probe::found_applied: return "lost answer found applied";
        case probe::found_not_applied: return "lost answer found not applied";
        case probe::raced_for_a_generation: return "two incarnations raced for one generation";
        case probe::worker_replaced: return "worker replaced within its generation before launch";
        case probe::stop_while_claiming: return "stop while claiming";
        case probe::stop_while_stopping_old: return "stop while stopping old workers";
        case probe::stop_while_starting: return "stop while starting workers";
        case probe::stop_while_loading: return "stop while loading the checkpoint";
        case probe::stop_while_registering: return "stop while waiting for workers";
        case probe::stop_while_dialling: return "stop while dialling";
        case probe::stop_while_launching: return "stop while launching";
        case probe::stop_while_starting_tasks: return "stop while waiting for tasks";
        case probe::stop_while_backing_off: return "stop while backing off";
        case probe::stop_while_recovering: return "stop while recovering";
        case probe::scheduler_exhausted: return "budget of the scheduler exhausted";
        case probe::state_backend_exhausted: return "budget of the state backend exhausted";
        case probe::start_execution_exhausted: return "budget of StartExecution exhausted";
        case probe::initialization_exhausted: return "budget of initialization exhausted";
        case probe::worker_start_up_exhausted: return "budget of worker start-up exhausted";
        case probe::task_start_up_exhausted: return "budget of task start-up exhausted";
        case probe::dials_exhausted: return "budget of dials of a worker exhausted";
        case probe::checkpoints_exhausted: return "budget of checkpoints exhausted";
        case probe::restarts_exhausted: return "budget of restarts exhausted";
        case probe::time_exhausted: return "time without a healthy run exhausted";
        case probe::lease_over: return "lease over before the kill arrived";
        case probe::deadline_tie: return "deadline tie";
        case probe::restore_skipped: return "restore skipped by threshold";
        case probe::slots_came: return "not enough slots, then success";
        case probe::stopped_without_database: return "stop carried out with the database away";
    }
    return "no such probe";
}

}  // namespace headgate::inline v1::simulation
