#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest scheduler.

#include <headgate/concepts/scheduler.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

#include <cstdint>

namespace headgate::inline v1::archetype {

// Effects are qualified: in a class with a member of that name, the bare name would change its meaning.
struct scheduler : bare {
    std::uint32_t worker_slots() { return 1; }
    void start_workers(const request<headgate::start_workers>&, completion_for<headgate::start_workers> auto) {}
    void stop_workers(const request<headgate::stop_workers>&, completion_for<headgate::stop_workers> auto) {}
    void workers(const request<list_workers>&, completion_for<list_workers> auto) {}
    void watch(const request<watch_workers>&, completion_for<watch_workers> auto) {}
};

static_assert(headgate::scheduler<scheduler>);

}  // namespace headgate::inline v1::archetype
