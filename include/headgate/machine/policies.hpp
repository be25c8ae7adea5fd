#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: everything a user may choose, named where it is chosen; every default is SPEC 9's.

#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/policy/backoff.hpp>
#include <headgate/policy/governor.hpp>
#include <headgate/policy/restart.hpp>
#include <headgate/policy/retry.hpp>
#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>

namespace headgate::inline v1 {

/// How long is waited for what.
struct patience {
    duration call = std::chrono::seconds(10);            ///< for the answer to an effect
    duration connect = std::chrono::seconds(5);          ///< for a dial
    duration worker_start_up = std::chrono::minutes(10);
    duration task_start_up = std::chrono::minutes(2);
    duration old_workers = std::chrono::seconds(10);     ///< StartExecution waits no longer for the stop of earlier generations (S3)
    duration graceful = std::chrono::seconds(2);         ///< between asking workers to end and making them
    duration stop = std::chrono::seconds(60);            ///< Recovering goes on without the workers' end then; fencing keeps it safe
    duration heartbeat = std::chrono::seconds(5);        ///< between two of a worker
    duration overdue = std::chrono::seconds(30);         ///< a worker that was not heard for so long is lost
    duration lease = std::chrono::seconds(30);           ///< a worker that was not answered for so long ends itself (G7)
    duration lease_step = std::chrono::seconds(2);       ///< between two advances of a controller's own lease, and looks at the others' (G5)
    duration owner_gone = std::chrono::seconds(5);       ///< in place of `lease`, where the database can tell that an owner is gone
    duration slot_poll = std::chrono::seconds(1);        ///< between two askings for slots, with jitter (S6)
    duration healthy = std::chrono::minutes(2);        ///< having run so long, the restart policy is asked to forget (R3)
    duration checkpoint = std::chrono::minutes(10);    ///< a checkpoint that takes longer has failed

    friend constexpr bool operator==(const patience&, const patience&) = default;
};

/// Swapped at compile time: `policies{.assignment = balanced{}, .dial = exponential{100ms, 2s}}`. Immutable.
template <assignment_policy Assignment = slot_filling, backoff Dial = equal_jitter<exponential>,
          backoff StateRetry = equal_jitter<exponential>, restart_policy Restart = restart_after<equal_jitter<exponential>>>
struct policies {
    [[no_unique_address]] Assignment assignment{};
    Dial dial = dial_backoff;
    StateRetry state_retry = state_backoff;
    Restart restart = default_restart;
    headgate::governor governor{};  ///< of restarts, across all jobs of a controller
    attempts_by_kind budget = default_budgets();  ///< attempts of each kind of error in one state
    patience wait{};
    bool takes_checkpoints = true;  ///< a controller over a state backend that keeps nothing takes none
    std::uint32_t checkpoints_kept = 10;
    std::uint32_t clean_every = 4;  ///< checkpoints
    limits most{};

    friend constexpr bool operator==(const policies&, const policies&) = default;
};

/// How long the answer to an effect may take.
template <class Effect>
constexpr duration limit_of(const patience& wait) {
    if constexpr (std::same_as<Effect, dial>) return wait.connect;
    else return wait.call;
}

}  // namespace headgate::inline v1
