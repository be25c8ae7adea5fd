#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest state backend.

#include <headgate/concepts/state_backend.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

namespace headgate::inline v1::archetype {

struct state_backend : bare {
    void load(const request<load_checkpoint>&, completion_for<load_checkpoint> auto) {}
    void prepare(const request<prepare_checkpoint>&, completion_for<prepare_checkpoint> auto) {}
    void store(const request<store_checkpoint>&, completion_for<store_checkpoint> auto) {}
    void remove(const request<remove_checkpoint>&, completion_for<remove_checkpoint> auto) {}
};

static_assert(headgate::state_backend<state_backend>);

}  // namespace headgate::inline v1::archetype
