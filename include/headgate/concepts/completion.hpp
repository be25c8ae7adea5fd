#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: how an operation that may take time answers.

#include <headgate/vocabulary/effect.hpp>

#include <concepts>

namespace headgate::inline v1 {

/// A completion of `Effect`: the model calls it exactly once with the answer, now or later, from any thread.
///
/// It is a small value that holds the ticket of its request, so that a world can be copied with calls in flight.
/// There is no cancellation: a request has a deadline, and an answer that comes after it is stale by its ticket.
template <class Completion, class Effect>
concept completion_for = std::copyable<Completion> and sizeof(Completion) <= 96 and
    requires(const Completion& done, typename Effect::answer answer) {
        { done.to } -> std::convertible_to<ticket>;
        done(answer);
    };

/// What a completion takes beside answers, so that the compilers say what is wrong with anything else:
/// `void operator()(completion_takes_the_answer_of<Effect>) const;`, not defined.
// Its name is what they say. Deleted, so that nothing takes it for a call.
template <class Effect>
struct completion_takes_the_answer_of {
    template <class Other>
        requires(not std::convertible_to<Other, typename Effect::answer>)
    completion_takes_the_answer_of(Other&&) = delete;
};

/// The poorest completion. Concepts ask that a model takes this one; a model should take any.
template <class Effect>
struct any_completion {
    ticket to;

    void operator()(typename Effect::answer) const {}
};

}  // namespace headgate::inline v1
