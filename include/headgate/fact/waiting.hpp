#pragma once
// SPDX-License-Identifier: BSL-1.0
// fact: the one look at the time and at chance that a step of a machine has (J7, L4, R4).

#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cstdint>

namespace headgate::inline v1 {

/// Lives for one step. Whatever has not come yet arms the deadline, so a wait without one cannot be written.
class waiting {
public:
    constexpr explicit waiting(moment at) : at_(at), random_(at.bits) {}

    /// Whether `until` has come; if not, the machine is called again then.
    constexpr bool reached(instant until) {
        if (until <= at_.now) return true;
        arm(until);
        return false;
    }

    /// For a limit that is kept, and later given to `reached`. Never wraps.
    constexpr instant from_now(duration length) const {
        return length < never - at_.now ? at_.now + length : never;
    }

    /// For people only: how long ago `start` was.
    constexpr duration since(instant start) const { return at_.now - start; }

    /// 64 bits that were used for nothing else. One draw a full expression: compilers order arguments differently.
    constexpr std::uint64_t bits();

    constexpr instant deadline() const { return deadline_; }

protected:
    constexpr void arm(instant until) { deadline_ = std::min(deadline_, until); }
    constexpr void disarm() { deadline_ = never; }
    constexpr instant now() const { return at_.now; }

private:
    moment at_;
    std::uint64_t random_;
    instant deadline_ = never;
};

// Implementation ------------------------------------------------------------------------------------------------------

// splitmix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t waiting::bits() {
    std::uint64_t z = random_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

}  // namespace headgate::inline v1
