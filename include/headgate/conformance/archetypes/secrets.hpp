#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest secrets.

#include <headgate/concepts/secrets.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

#include <cstddef>
#include <span>

namespace headgate::inline v1::archetype {

struct secrets : bare {
    void random(std::span<std::byte>) {}
    digest256 mac(std::span<const std::byte>, std::span<const std::byte>) { return {}; }
};

static_assert(headgate::secrets<secrets>);

}  // namespace headgate::inline v1::archetype
