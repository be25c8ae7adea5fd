#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest clock, and the poorest timer.

#include <headgate/concepts/clock.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

#include <concepts>

namespace headgate::inline v1::archetype {

struct clock : bare {
    instant now() const { return {}; }
};

struct timer : clock {
    void at(instant, std::invocable auto) {}
};

static_assert(headgate::clock<clock> and not headgate::timer<clock>);
static_assert(headgate::timer<timer>);

}  // namespace headgate::inline v1::archetype
