#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest assignment policy.

#include <headgate/assignment/policy.hpp>

#include <span>

namespace headgate::inline v1::archetype {

/// A value that can be copied and asked, and nothing else. It has no plan for anybody.
struct assignment {
    explicit assignment(int) {}
    void operator&() const = delete;
    template <class T>
    void operator,(T&&) const = delete;

    expected<plan> operator()(const program&, std::span<const offer>, const past&) const {
        return failure(error_kind::unsupported, "an archetype has no plans");
    }
};

static_assert(assignment_policy<assignment> and not bounded_assignment_policy<assignment>);

}  // namespace headgate::inline v1::archetype
