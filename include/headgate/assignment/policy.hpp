#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what decides which worker runs which subtasks.

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <concepts>
#include <span>

namespace headgate::inline v1 {

/// `assign(of, offers, previous)` makes a plan of the program `of` for workers among `offers`, which stand in any
/// order. `previous` is the plan of the last generation that reached Running, or null; a policy may ignore it.
///
/// Laws (`conformance/laws/assignment.hpp` tries them on any policy):
///
///     valid         `check` accepts the plan, its workers are among the offers, with their slots, and those that offer
///                   none have no subtasks (A1)
///     enough        there is a plan whenever the offered slots cover the largest parallelism, and
///                   `not_enough_slots` with needed and available when they do not (A1)
///     same          the same program, offers in any order and previous plan give the same plan (A2)
///     total         every input has an answer: what is no program, or two offers with one id, is `invalid` (A1)
template <class Policy>
concept assignment_policy = std::copyable<Policy> and
    requires(const Policy& assign, const program& of, std::span<const offer> offers, const plan* previous) {
    { assign(of, offers, previous) } -> std::same_as<expected<plan>>;
};

}  // namespace headgate::inline v1
