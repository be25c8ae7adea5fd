#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest engine.

#include <headgate/concepts/engine.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

#include <vector>

namespace headgate::inline v1::archetype {

/// It runs nothing and never reports.
struct engine : bare {
    void start(execution_share, engine_receiver auto) {}
    void begin_checkpoint(checkpoint_name) {}
    void stop(bool) {}
    std::vector<node_counters> counters() { return {}; }
};

static_assert(headgate::engine<engine>);

}  // namespace headgate::inline v1::archetype
