#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest observer.

#include <headgate/concepts/observer.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

namespace headgate::inline v1::archetype {

struct observer : bare {
    void on(const job_id&, instant, const note&) {}
};

static_assert(headgate::observer<observer>);

}  // namespace headgate::inline v1::archetype
