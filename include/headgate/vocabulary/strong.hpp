#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: values that cannot be mixed up (SPEC 1).

#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <string>

namespace headgate::inline v1 {

struct two_kinds_never_convert_so_pass_the_kind_that_is_asked_for;

/// A value of the kind that `Tag` names. Two kinds neither compare nor convert.
// Not called `id`: a template of that name makes `a.id < b.id` in a generic lambda a parse error.
template <class Tag, std::regular Representation = std::uint64_t>
struct strong {
    Representation value{};

    friend constexpr auto operator<=>(const strong&, const strong&) = default;

    // Deleted, so that nothing takes it for a conversion; what the compilers say of it has the last argument's name.
    template <class OtherTag, class Other, class = two_kinds_never_convert_so_pass_the_kind_that_is_asked_for>
        requires(not std::same_as<strong, strong<OtherTag, Other>>)
    operator strong<OtherTag, Other>() const = delete;
};

// Not deleted: the compilers would not say why.
template <class Tag, class Representation, class OtherTag, class Other>
    requires(not std::same_as<strong<Tag, Representation>, strong<OtherTag, Other>>)
__attribute__((unavailable("values of two kinds are never equal: compare two of one kind, or their .value")))
bool operator==(const strong<Tag, Representation>&, const strong<OtherTag, Other>&);

template <class Tag, class Representation, class OtherTag, class Other>
    requires(not std::same_as<strong<Tag, Representation>, strong<OtherTag, Other>>)
__attribute__((unavailable("values of two kinds have no order: compare two of one kind, or their .value")))
std::strong_ordering operator<=>(const strong<Tag, Representation>&, const strong<OtherTag, Other>&);

/// At most 64 bytes (limits).
using job_id = strong<struct job_tag, std::string>;

using node_id = strong<struct node_tag, std::uint32_t>;
using operator_id = strong<struct operator_tag, std::string>;
using worker_id = strong<struct worker_tag>;

/// The computer or container that a worker lives on. Workers of two generations correspond by (machine, ordinal on it).
using machine_id = strong<struct machine_tag, std::string>;

/// Number of a set of workers of a job; only grows. 0: none was ever claimed.
using generation = strong<struct generation_tag, std::uint32_t>;

/// 128 random bits that a controller, or a worker process, draws when it starts.
using incarnation = strong<struct incarnation_tag, std::array<std::uint64_t, 2>>;

/// Number of a checkpoint of a job; with the generation that took it, its name. The first is 1.
using epoch = strong<struct epoch_tag, std::uint32_t>;

/// 1 for the first time that something is tried.
using attempt = strong<struct attempt_tag, std::uint32_t>;

/// One connection of a worker to the controller; drawn by the channel, never used twice in its life.
using stream_id = strong<struct stream_tag>;

/// Position of a worker among those launched for its generation, counted from 0.
using ordinal = strong<struct ordinal_tag, std::uint32_t>;

}  // namespace headgate::inline v1
