#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: sums of times that stop at the end instead of wrapping.

#include <headgate/vocabulary/time.hpp>

#include <cassert>
#include <cstdint>

namespace headgate::inline v1 {

/// Precondition of all: no negative duration.
constexpr duration saturating_sum(duration left, duration right);

/// `length` times `count`.
constexpr duration saturating_product(duration length, std::uint64_t count);

/// `never` if that is where it leads. An instant before the epoch is fine.
constexpr instant later(instant from, duration by);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr duration saturating_sum(duration left, duration right) {
    assert(left.count() >= 0 and right.count() >= 0);
    return left > duration::max() - right ? duration::max() : left + right;
}

constexpr duration saturating_product(duration length, std::uint64_t count) {
    assert(length.count() >= 0);
    constexpr auto most = static_cast<std::uint64_t>(duration::max().count());
    if (count == 0 or length == duration::zero()) return duration::zero();
    const auto one = static_cast<std::uint64_t>(length.count());
    return one > most / count ? duration::max() : duration(static_cast<duration::rep>(one * count));
}

constexpr instant later(instant from, duration by) {
    assert(by.count() >= 0);
    return from > never - by ? never : from + by;
}

}  // namespace headgate::inline v1
