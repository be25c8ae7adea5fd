#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: any completion as one type, for models that answer later.

#include <headgate/concepts/completion.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace headgate::inline v1 {

/// Any completion of `Effect`; a completion itself. So the templates of a model's header are one line each, and what
/// keeps calls in flight is no template. Copies share the completion, which calls do not change. One allocation.
template <class Effect>
class held_completion {
public:
    template <class Completion>
        requires(not std::same_as<Completion, held_completion> and completion_for<Completion, Effect>)
    held_completion(Completion done);

    void operator()(typename Effect::answer answer) const { call_(done_.get(), std::move(answer)); }
    void operator()(completion_takes_the_answer_of<Effect>) const;

    ticket to{};

private:
    std::shared_ptr<const void> done_;
    void (*call_)(const void*, typename Effect::answer);
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Effect>
template <class Completion>
    requires(not std::same_as<Completion, held_completion<Effect>> and completion_for<Completion, Effect>)
held_completion<Effect>::held_completion(Completion done)
    : to(done.to),
      done_(std::make_shared<const Completion>(std::move(done))),
      call_([](const void* held, typename Effect::answer answer) {
          (*static_cast<const Completion*>(held))(std::move(answer));
      }) {}

}  // namespace headgate::inline v1
