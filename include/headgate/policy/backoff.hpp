#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: how long to wait before the next attempt (R1).

#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cassert>
#include <concepts>
#include <cstdint>

namespace headgate::inline v1 {

/// `pause(failed, previous, bits)` says how long to wait after attempt `failed`; whether to try again at all is a
/// retry policy's to say. It is a function of its arguments alone, at least 0, and never overflows.
/// `previous` is what it answered the last time, 0 at first; `bits` are uniform over all 64-bit values.
template <class Backoff>
concept backoff = std::copyable<Backoff> and
    requires(const Backoff& pause, attempt failed, duration previous, std::uint64_t bits) {
    { pause(failed, previous, bits) } -> std::same_as<duration>;
};

/// `pause.longest(failed)` is the most that it answers after attempt `failed`, for the worst case (R5).
template <class Backoff>
concept bounded_backoff = backoff<Backoff> and requires(const Backoff& pause, attempt failed) {
    { pause.longest(failed) } -> std::same_as<duration>;
};

/// Always `delay`. Precondition: 0 <= delay.
struct constant {
    duration delay{};

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const;
    constexpr duration longest(attempt failed) const { return (*this)(failed, {}, 0); }
    friend constexpr bool operator==(const constant&, const constant&) = default;
};

/// first, first + step, first + 2 step, ... and never more than `most`. Precondition: none is negative.
struct linear {
    duration first{};
    duration step{};
    duration most{};

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const;
    constexpr duration longest(attempt failed) const { return (*this)(failed, {}, 0); }
    friend constexpr bool operator==(const linear&, const linear&) = default;
};

/// first, 2 first, 4 first, ... and never more than `most`. Precondition: 0 <= first, 0 <= most.
struct exponential {
    duration first{};
    duration most{};

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const;
    constexpr duration longest(attempt failed) const { return (*this)(failed, {}, 0); }
    friend constexpr bool operator==(const exponential&, const exponential&) = default;
};

/// From `first` to three times the previous pause, both included, and never more than `most`.
/// Precondition: 0 <= first, 0 <= most. Source: "decorrelated jitter" in M. Brooker, Exponential Backoff and Jitter,
/// AWS Architecture Blog, 2015; here the cap comes before the jitter, so that long pauses do not all end at `most`.
struct decorrelated {
    duration first{};
    duration most{};

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const;
    constexpr duration longest(attempt failed) const;
    friend constexpr bool operator==(const decorrelated&, const decorrelated&) = default;
};

/// From 0 to what `base` says, both included. The cap is in `base`, so the jitter comes after it and stays below.
/// Source: "full jitter", as above.
template <backoff Base>
struct full_jitter {
    Base base{};

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const;
    constexpr duration longest(attempt failed) const requires bounded_backoff<Base> { return base.longest(failed); }
    friend constexpr bool operator==(const full_jitter&, const full_jitter&) = default;
};

/// From half of what `base` says to all of it, both included. Source: "equal jitter", as above.
template <backoff Base>
struct equal_jitter {
    Base base{};

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const;
    constexpr duration longest(attempt failed) const requires bounded_backoff<Base> { return base.longest(failed); }
    friend constexpr bool operator==(const equal_jitter&, const equal_jitter&) = default;
};

/// SPEC 9: dialling a worker.
inline constexpr equal_jitter<exponential> dial_backoff{
    {.first = std::chrono::milliseconds(100), .most = std::chrono::seconds(2)}};

/// SPEC 9: all that a state asks of the outside, and the restart of a job.
inline constexpr equal_jitter<exponential> state_backoff{
    {.first = std::chrono::milliseconds(500), .most = std::chrono::minutes(1)}};

// Implementation ------------------------------------------------------------------------------------------------------

constexpr duration constant::operator()(attempt, duration, std::uint64_t) const {
    assert(delay.count() >= 0);
    return delay;
}

constexpr duration linear::operator()(attempt failed, duration, std::uint64_t) const {
    assert(first.count() >= 0 and step.count() >= 0 and most.count() >= 0);
    const duration::rep steps = std::max(failed.value, 1u) - 1;
    // What is left up to the cap is compared, since the product can overflow.
    if (first >= most or (steps > 0 and step.count() > (most - first).count() / steps)) return most;
    return first + step * steps;
}

constexpr duration exponential::operator()(attempt failed, duration, std::uint64_t) const {
    assert(first.count() >= 0 and most.count() >= 0);
    const std::uint32_t doublings = std::max(failed.value, 1u) - 1;
    // Halving the cap cannot overflow, doubling the first delay can. However often, nothing doubled stays nothing.
    if (first.count() == 0) return first;
    if (doublings >= 63 or first.count() > most.count() >> doublings) return most;
    return duration(first.count() << doublings);
}

namespace detail {

// The mapping from bits to delays is ours: the distributions of std differ between libraries, so one seed would give
// two runs. The bias is below delay / 2^64.
constexpr duration up_to(duration longest, std::uint64_t bits) {
    const auto choices = static_cast<std::uint64_t>(longest.count()) + 1;
    return duration(static_cast<duration::rep>(bits % choices));
}

}  // namespace detail

constexpr duration decorrelated::operator()(attempt, duration previous, std::uint64_t bits) const {
    assert(first.count() >= 0 and most.count() >= 0);
    if (first >= most) return most;
    const duration base = std::max(previous, first);
    const duration top = base > most / 3 ? most : base * 3;
    return first + detail::up_to(top - first, bits);
}

constexpr duration decorrelated::longest(attempt failed) const {
    if (first >= most) return most;
    if (first.count() == 0) return first;
    duration top = first;
    for (std::uint32_t i = 0; i < failed.value and top < most; ++i) top = top > most / 3 ? most : top * 3;
    return top;
}

template <backoff Base>
constexpr duration full_jitter<Base>::operator()(attempt failed, duration previous, std::uint64_t bits) const {
    return detail::up_to(base(failed, previous, bits), bits);
}

template <backoff Base>
constexpr duration equal_jitter<Base>::operator()(attempt failed, duration previous, std::uint64_t bits) const {
    const duration whole = base(failed, previous, bits);
    return whole - detail::up_to(whole / 2, bits);
}

}  // namespace headgate::inline v1
