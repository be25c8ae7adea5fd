#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: whether to try again (R2).

#include <headgate/policy/saturating.hpp>
#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace headgate::inline v1 {

inline constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

/// What a retry policy may know when an attempt has failed.
struct failed_attempt {
    headgate::attempt attempt{};       ///< which; 1 for the first
    error_kind kind{};                 ///< of its failure
    instant began{};                   ///< when the first attempt did
    instant now{};                     ///< now
    duration pause{};                  ///< that would come before the next attempt
    std::uint32_t budget = unlimited;  ///< what is left of the budget that it shares with others, see `shared_budget`
};

/// `again(failed)` says whether another attempt may be made. It is a function of its argument alone.
/// Two policies make one with `and` (both must agree) or `or` (one is enough).
template <class Policy>
concept retry_policy = std::copyable<Policy> and requires(const Policy& again, const failed_attempt& failed) {
    { again(failed) } -> std::same_as<bool>;
};

/// `most` attempts in all, the first included. `unlimited` has no end.
struct attempt_limit {
    std::uint32_t most{};

    constexpr bool operator()(const failed_attempt& f) const { return most == unlimited or f.attempt.value < most; }
    friend constexpr bool operator==(const attempt_limit&, const attempt_limit&) = default;
};

/// The next attempt begins at most `most` after the first began.
struct time_limit {
    duration most{};

    constexpr bool operator()(const failed_attempt& f) const { return later(f.now, f.pause) <= later(f.began, most); }
    friend constexpr bool operator==(const time_limit&, const time_limit&) = default;
};

/// The next attempt begins before `deadline`; `never` is no deadline.
struct deadline_limit {
    instant deadline = never;

    constexpr bool operator()(const failed_attempt& f) const {
        return deadline == never or later(f.now, f.pause) < deadline;
    }
    friend constexpr bool operator==(const deadline_limit&, const deadline_limit&) = default;
};

/// A set of kinds of error.
class error_kind_set {
public:
    constexpr error_kind_set(std::initializer_list<error_kind> kinds) {
        for (const error_kind kind : kinds) is_member_[static_cast<std::size_t>(kind)] = true;
    }
    constexpr bool contains(error_kind kind) const { return is_member_[static_cast<std::size_t>(kind)]; }
    friend constexpr bool operator==(const error_kind_set&, const error_kind_set&) = default;

private:
    std::array<bool, error_kinds> is_member_{};
};

/// Failures of these kinds only.
struct only_kinds {
    error_kind_set kinds;

    constexpr bool operator()(const failed_attempt& f) const { return kinds.contains(f.kind); }
    friend constexpr bool operator==(const only_kinds&, const only_kinds&) = default;
};

/// Failures that another attempt can help: all kinds but `permanent`, `invalid`, `unsupported`, `ownership_lost` and
/// `internal`.
struct if_transient {
    constexpr bool operator()(const failed_attempt& f) const;
    friend constexpr bool operator==(const if_transient&, const if_transient&) = default;
};

/// Each kind of error has a budget of its own: so many attempts may fail of it, the last of which is not repeated.
/// `failed_attempt::attempt` counts those of its kind.
struct attempts_by_kind {
    std::array<std::uint32_t, error_kinds> most{};

    constexpr std::uint32_t& operator[](error_kind kind) { return most[static_cast<std::size_t>(kind)]; }
    constexpr std::uint32_t operator[](error_kind kind) const { return most[static_cast<std::size_t>(kind)]; }
    constexpr bool operator()(const failed_attempt& f) const { return attempt_limit{(*this)[f.kind]}(f); }
    friend constexpr bool operator==(const attempts_by_kind&, const attempts_by_kind&) = default;
};

/// SPEC 9. Waiting for slots is limited by time and databases that are away by nothing (T5), so these are unlimited.
constexpr attempts_by_kind default_budgets();

/// Many operations share a budget, so that what is broken for all of them is not tried by all of them. Full at first;
/// each retry takes `cost`, each success brings `refund`. The number itself is kept by whoever runs the operations.
/// Precondition: 0 < cost <= full. Source: "retry throttling" in gRPC's proposal A6.
struct shared_budget {
    std::uint32_t full = 1'000;
    std::uint32_t cost = 100;
    std::uint32_t refund = 10;

    constexpr bool operator()(const failed_attempt& f) const { return f.budget >= cost; }
    constexpr std::uint32_t after_retry(std::uint32_t budget) const { return budget < cost ? 0 : budget - cost; }
    constexpr std::uint32_t after_success(std::uint32_t budget) const {
        return budget >= full or refund >= full - budget ? full : budget + refund;
    }
    friend constexpr bool operator==(const shared_budget&, const shared_budget&) = default;
};

template <retry_policy Left, retry_policy Right>
struct both {
    Left left;
    Right right;

    constexpr bool operator()(const failed_attempt& f) const { return left(f) and right(f); }
    friend constexpr bool operator==(const both&, const both&) = default;
};

template <retry_policy Left, retry_policy Right>
struct either {
    Left left;
    Right right;

    constexpr bool operator()(const failed_attempt& f) const { return left(f) or right(f); }
    friend constexpr bool operator==(const either&, const either&) = default;
};

// Policies are values that are asked later, so neither needs to be left unasked when these are called.
template <retry_policy Left, retry_policy Right>
constexpr both<Left, Right> operator&&(Left left, Right right) {
    return {left, right};
}

template <retry_policy Left, retry_policy Right>
constexpr either<Left, Right> operator||(Left left, Right right) {
    return {left, right};
}

// Implementation ------------------------------------------------------------------------------------------------------

constexpr bool if_transient::operator()(const failed_attempt& f) const {
    switch (f.kind) {
        case error_kind::scheduler:
        case error_kind::not_enough_slots:
        case error_kind::database:
        case error_kind::state_backend:
        case error_kind::dial:
        case error_kind::start_execution:
        case error_kind::worker_initialization:
        case error_kind::worker_start_up:
        case error_kind::task_start_up:
        case error_kind::worker_lost:
        case error_kind::task:
        case error_kind::checkpoint: return true;
        case error_kind::invalid:
        case error_kind::permanent:
        case error_kind::unsupported:
        case error_kind::ownership_lost:
        case error_kind::internal: return false;
    }
    return false;
}

constexpr attempts_by_kind default_budgets() {
    attempts_by_kind made;
    made[error_kind::scheduler] = 20;
    made[error_kind::not_enough_slots] = unlimited;
    made[error_kind::database] = unlimited;
    made[error_kind::state_backend] = 10;
    made[error_kind::dial] = 3;
    made[error_kind::start_execution] = 10;
    made[error_kind::worker_initialization] = 5;
    made[error_kind::worker_start_up] = 3;
    made[error_kind::task_start_up] = 3;
    made[error_kind::worker_lost] = 1;
    made[error_kind::task] = 1;
    made[error_kind::checkpoint] = 3;
    return made;  // the others: the first is final
}

}  // namespace headgate::inline v1
