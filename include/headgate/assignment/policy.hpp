#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what decides which worker runs which subtasks.

#include <headgate/assignment/offer.hpp>
#include <headgate/assignment/past.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <concepts>
#include <cstdint>
#include <span>

namespace headgate::inline v1 {

/// A pure function of values; a policy of your own is a type with this call operator.
///
///     expression                      type               meaning
///     assign(of, offers, before)      expected<plan>     a plan of the program `of` for workers among `offers`, which
///                                                        stand in any order; a policy may ignore `before`
///     assign.largest_load(p, s)       std::uint64_t      optional: the largest load that the policy promises for
///                                                        parallelisms `p` on workers of `s` slots, without
///                                                        a past or with its own plan of these before
///
/// Laws (`laws::check_assignment` in conformance/laws/assignment.hpp tries them on any policy):
///
///     valid     `check` accepts the plan: each subtask is on one worker, none is over its slots; its workers are among
///               the offers, with their slots, and those that offer none have no subtasks (A1)
///     enough    there is a plan whenever the offered slots cover the largest parallelism, and `not_enough_slots` with
///               needed and available when they do not (A1)
///     same      the same program, offers in any order and past give the same plan (A2)
///     total     every input has an answer: what is no program, two offers with one id, slots near 2^32, or a previous
///               plan of another program (A1)
///     bound     the largest load is never above what the policy promises, neither without a past nor with its own plan
///               of the same workers before; holds where nothing is promised
///
/// Errors: `not_enough_slots`; `invalid` for an empty program, a parallelism of 0, an id that two offers have.
/// The limits of SPEC 10 are not a policy's: it answers for 100,001 nodes or 10,001 workers too, and `check` and `judge`
/// refuse that plan, number and limit named. A previous plan of another program is no error either: nodes correspond by
/// id alone, and what does not correspond says nothing; `headgate-plan`, which can tell, refuses it.
/// Threads: a policy is a value and is called on one thread. Waiting: none. Cost: the policy's own. Ours never cost by
/// subtask: `slot_filling`, and `balanced` on equal slots, are O(nodes + workers), and a sort where one is needed; the
/// others count by parallelism or edge and worker besides, as their headers say.
template <class Policy>
concept assignment_policy = std::copyable<Policy> and
    requires(const Policy& assign, const program& of, std::span<const offer> offers, const past& before) {
    { assign(of, offers, before) } -> std::same_as<expected<plan>>;
};

/// A policy that promises a bound.
template <class Policy>
concept bounded_assignment_policy = assignment_policy<Policy> and
    requires(const Policy& assign, std::span<const std::uint32_t> numbers) {
    { assign.largest_load(numbers, numbers) } -> std::same_as<std::uint64_t>;
};

}  // namespace headgate::inline v1
