#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: whether and when a job that failed is brought up again (R3).

#include <headgate/policy/backoff.hpp>
#include <headgate/policy/saturating.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>

namespace headgate::inline v1 {

/// What a restart policy remembers of a job. The machine holds it; only `restarts` is in the job's row, and a
/// controller that takes the job over begins with that.
struct restart_memory {
    std::uint32_t restarts{};          ///< since the job last ran healthily
    duration paused{};                 ///< before the last restart
    instant calm_at = instant::min();  ///< of `failure_rate`: when all earlier failures are forgotten

    friend constexpr bool operator==(const restart_memory&, const restart_memory&) = default;
};

/// A job failed.
struct job_failure {
    instant now{};
    /// When it last ran healthily, or was first tried; moved on by waits for slots without limit and by time without
    /// the database, which do not count.
    instant healthy_at{};
    std::uint64_t bits{};  ///< uniform over all 64-bit values
};

enum class restart_verdict : std::uint8_t {
    restart,         ///< after the pause
    restarts_spent,  ///< give up: too many, or too many in their time
    time_spent,      ///< give up: too long without a healthy run
};

struct restart_answer {
    restart_verdict verdict{};
    duration pause{};       ///< before the restart
    restart_memory next{};  ///< to remember from now on

    friend constexpr bool operator==(const restart_answer&, const restart_answer&) = default;
};

/// `policy(memory, failure)` decides, `policy.gives_up_at(healthy_at)` is the deadline to arm while the job does not
/// run, and `policy.after_running(memory, length)` is what to remember once the job has run for `length`, which is
/// `patience::healthy`.
/// All three are functions of their arguments alone.
template <class Policy>
concept restart_policy = std::copyable<Policy> and
    requires(const Policy& policy, const restart_memory& memory, const job_failure& failure, instant healthy_at,
             duration length) {
    { policy(memory, failure) } -> std::same_as<restart_answer>;
    { policy.gives_up_at(healthy_at) } -> std::same_as<instant>;
    { policy.after_running(memory, length) } -> std::same_as<restart_memory>;
};

/// When to give up, by SPEC 9.
struct restart_limits {
    std::uint32_t restarts = 20;  ///< a budget of n is n restarts
    duration without_healthy_run = std::chrono::minutes(30);

    friend constexpr bool operator==(const restart_limits&, const restart_limits&) = default;
};

/// Pauses as a backoff says, counting restarts: with `constant` a fixed delay; with `exponential` a growing one, which
/// is back at the first after a healthy run.
template <backoff Backoff>
struct restart_after {
    Backoff pause{};
    restart_limits within{};

    constexpr restart_answer operator()(const restart_memory& memory, const job_failure& failure) const;
    constexpr instant gives_up_at(instant healthy_at) const { return later(healthy_at, within.without_healthy_run); }
    constexpr restart_memory after_running(const restart_memory& memory, duration length) const;
    friend constexpr bool operator==(const restart_after&, const restart_after&) = default;
};

/// SPEC 9.
inline constexpr restart_after<equal_jitter<exponential>> default_restart{.pause = state_backoff, .within = {}};

/// A fixed delay, for as long as failures are rarer than `failures` in `interval`: a bucket that holds so many and
/// drains evenly, so that many at once are allowed and many for ever are not. Healthy runs do not empty it faster.
/// Precondition: 1 <= failures.
struct failure_rate {
    std::uint32_t failures = 10;
    duration interval = std::chrono::minutes(5);
    duration pause = std::chrono::seconds(1);
    restart_limits within{};

    constexpr restart_answer operator()(const restart_memory& memory, const job_failure& failure) const;
    constexpr instant gives_up_at(instant healthy_at) const { return later(healthy_at, within.without_healthy_run); }
    constexpr restart_memory after_running(const restart_memory& memory, duration length) const;
    friend constexpr bool operator==(const failure_rate&, const failure_rate&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

constexpr restart_answer give_up(restart_verdict why, const restart_memory& memory) {
    return {.verdict = why, .pause = {}, .next = memory};
}

/// Why to give up whatever the policy, if so.
constexpr std::optional<restart_verdict> spent(const restart_limits& within, const restart_memory& memory,
                                               const job_failure& failure) {
    if (failure.now >= later(failure.healthy_at, within.without_healthy_run)) return restart_verdict::time_spent;
    if (memory.restarts >= within.restarts) return restart_verdict::restarts_spent;
    return std::nullopt;
}

}  // namespace detail

template <backoff Backoff>
constexpr restart_answer restart_after<Backoff>::operator()(const restart_memory& memory,
                                                            const job_failure& failure) const {
    if (const auto why = detail::spent(within, memory, failure)) return detail::give_up(*why, memory);
    const std::uint32_t restarts = memory.restarts + 1;
    const duration length = pause({restarts}, memory.paused, failure.bits);
    return {.verdict = restart_verdict::restart,
            .pause = length,
            .next = {.restarts = restarts, .paused = length, .calm_at = memory.calm_at}};
}

template <backoff Backoff>
constexpr restart_memory restart_after<Backoff>::after_running(const restart_memory& memory, duration) const {
    return {.calm_at = memory.calm_at};
}

constexpr restart_answer failure_rate::operator()(const restart_memory& memory, const job_failure& failure) const {
    if (const auto why = detail::spent(within, memory, failure)) return detail::give_up(*why, memory);
    const duration weight = std::max(interval / std::max(failures, 1u), duration(1));
    const instant calm_at = later(std::max(memory.calm_at, failure.now), weight);
    if (calm_at > later(failure.now, interval)) return detail::give_up(restart_verdict::restarts_spent, memory);
    return {.verdict = restart_verdict::restart,
            .pause = pause,
            .next = {.restarts = memory.restarts + 1, .paused = pause, .calm_at = calm_at}};
}

constexpr restart_memory failure_rate::after_running(const restart_memory& memory, duration) const {
    return {.calm_at = memory.calm_at};
}

}  // namespace headgate::inline v1
