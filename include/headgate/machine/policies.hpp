#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: everything a user may choose, named where it is chosen; every default is SPEC 9's.

#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/policy/address.hpp>
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
    duration call = std::chrono::seconds(10);    ///< for the answer to an effect
    duration connect = std::chrono::seconds(5);  ///< for a dial
    duration worker_start_up = std::chrono::minutes(10);
    duration task_start_up = std::chrono::minutes(2);
    /// StartExecution waits no longer for the stop of earlier generations (S3).
    duration old_workers = std::chrono::seconds(10);
    duration graceful = std::chrono::seconds(2);  ///< between asking workers to end and making them
    /// Recovering goes on without the workers' end then; fencing keeps it safe.
    duration stop = std::chrono::seconds(60);
    duration heartbeat = std::chrono::seconds(5);  ///< between two of a worker
    duration overdue = std::chrono::seconds(30);   ///< a worker that was not heard for so long is lost
    duration lease = std::chrono::seconds(30);     ///< a worker that was not answered for so long ends itself (G7)
    /// Between two advances of a controller's own lease, and looks at the others' (G5).
    duration lease_step = std::chrono::seconds(2);
    /// In place of `lease`, where the database can tell that an owner is gone.
    duration owner_gone = std::chrono::seconds(5);
    /// In which each job's row is asked for once: nobody tells that one was removed.
    duration roll_call = std::chrono::seconds(90);
    duration slot_poll = std::chrono::seconds(1);  ///< between two askings for slots, with jitter (S6)
    /// Between two looks at what a job that does not run waits for; told where it has changed.
    duration telling = std::chrono::seconds(1);
    duration healthy = std::chrono::minutes(2);      ///< having run so long, the restart policy is asked to forget (R3)
    duration checkpoint = std::chrono::minutes(10);  ///< a checkpoint that takes longer has failed

    friend constexpr bool operator==(const patience&, const patience&) = default;
};

/// Swapped at compile time: `policies{.assignment = balanced{}, .dial = exponential{100ms, 2s}}`. Immutable.
// The parameters are not constrained, so that a policy in the wrong place is told what stands there.
template <class Assignment = slot_filling, class Dial = equal_jitter<exponential>,
          class StateRetry = equal_jitter<exponential>, class Restart = restart_after<equal_jitter<exponential>>,
          class Address = peers_own_host>
struct policies {
    static_assert(
        assignment_policy<Assignment>,
        "policies: .assignment is an assignment_policy: copyable, and `expected<plan> operator()(const program&, "
        "std::span<const offer>, const past&) const`; a backoff goes to .dial or .state_retry");
    static_assert(
        backoff<Dial>,
        "policies: .dial is a backoff: copyable, and `duration operator()(attempt, duration previous, std::uint64_t "
        "bits) const`; an assignment policy goes to .assignment");
    static_assert(backoff<StateRetry>,
                  "policies: .state_retry is a backoff: copyable, and `duration operator()(attempt, duration previous, "
                  "std::uint64_t bits) const`; a restart policy goes to .restart, how often is .budget");
    static_assert(restart_policy<Restart>,
                  "policies: .restart is a restart_policy: it is called with (memory, failure) and has gives_up_at and "
                  "after_running; a backoff goes into one: restart_after{.pause = ...}");
    static_assert(
        address_policy<Address>,
        "policies: .address is an address_policy: copyable, and `bool operator()(std::string_view rpc_address, "
        "std::string_view peer_host) const`, as peers_own_host and any_address");

    [[no_unique_address]] Assignment assignment{};
    Dial dial = dial_backoff;
    StateRetry state_retry = state_backoff;
    Restart restart = default_restart;
    [[no_unique_address]] Address address{};  ///< where a worker that has proven itself may be dialled
    headgate::governor governor{};  ///< of restarts, across all jobs of a controller
    attempts_by_kind budget = default_budgets();  ///< attempts of each kind of error in one state
    patience wait{};
    bool takes_checkpoints = true;  ///< a controller over a state backend that keeps nothing takes none
    std::uint32_t checkpoints_kept = 10;
    std::uint32_t clean_every = 4;  ///< checkpoints
    limits most{};

    friend constexpr bool operator==(const policies&, const policies&) = default;
};

template <class T>
inline constexpr bool is_policies = false;
template <class... Chosen>
inline constexpr bool is_policies<policies<Chosen...>> = true;

/// How long the answer to an effect may take.
template <class Effect>
constexpr duration limit_of(const patience& wait) {
    if constexpr (std::same_as<Effect, dial>) return wait.connect;
    else return wait.call;
}

}  // namespace headgate::inline v1
