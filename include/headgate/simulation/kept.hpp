#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: any callable and any completion, kept by value, so that a copy of a world holds its calls in flight.

#include <headgate/concepts/completion.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace headgate::inline v1::simulation {

namespace detail {

template <class Call, class Kept, class... Arguments>
concept keepable =
    not std::same_as<Call, Kept> and std::copy_constructible<Call> and std::invocable<const Call&, Arguments...> and
    sizeof(Call) <= Kept::most_bytes and alignof(Call) <= alignof(std::max_align_t);

}  // namespace detail

/// A copyable callable `void(Arguments...)` of at most 96 bytes, the size of the largest completion. Never allocates,
/// never empty.
template <class... Arguments>
class kept {
public:
    static constexpr std::size_t most_bytes = 96;

    template <class Call>
        requires(detail::keepable<Call, kept, Arguments...>)
    kept(Call call) : does_(&operations_of<Call>) { ::new (static_cast<void*>(bytes_)) Call(std::move(call)); }
    kept(const kept& other);
    kept& operator=(const kept& other);
    ~kept();

    void operator()(Arguments... arguments) const { does_->call(bytes_, std::forward<Arguments>(arguments)...); }

private:
    struct operations {
        void (*call)(const std::byte*, Arguments...);
        void (*copy)(const std::byte* from, std::byte* to);
        void (*destroy)(std::byte*);
    };
    template <class Call>
    static const operations operations_of;

    alignas(std::max_align_t) std::byte bytes_[most_bytes];
    const operations* does_;
};

/// Any completion of `Effect`.
template <class Effect>
class kept_completion {
public:
    template <class Completion>
        requires(not std::same_as<Completion, kept_completion> and completion_for<Completion, Effect>)
    kept_completion(Completion done) : to(done.to), done_(std::move(done)) {}

    void operator()(typename Effect::answer answer) const { done_(std::move(answer)); }

    ticket to;

private:
    kept<typename Effect::answer> done_;
};

/// A call that was not carried out yet.
template <class Effect>
struct kept_call {
    request<Effect> asked;
    kept_completion<Effect> done;
};

/// The answer that says that nothing was done.
template <class Answer>
Answer refusal(error why);

/// When a model in memory answers.
enum class answers : std::uint8_t {
    at_once,   ///< within the call
    when_run,  ///< when its `run_one()` is called, oldest first
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class... Arguments>
template <class Call>
inline constexpr typename kept<Arguments...>::operations kept<Arguments...>::operations_of{
    .call =
        [](const std::byte* at, Arguments... arguments) {
            (*std::launder(reinterpret_cast<const Call*>(at)))(std::forward<Arguments>(arguments)...);
        },
    .copy =
        [](const std::byte* from, std::byte* to) {
            ::new (static_cast<void*>(to)) Call(*std::launder(reinterpret_cast<const Call*>(from)));
        },
    .destroy = [](std::byte* at) { std::destroy_at(std::launder(reinterpret_cast<Call*>(at))); },
};

template <class... Arguments>
kept<Arguments...>::kept(const kept& other) : does_(other.does_) {
    does_->copy(other.bytes_, bytes_);
}

template <class... Arguments>
kept<Arguments...>& kept<Arguments...>::operator=(const kept& other) {
    if (this == &other) return *this;
    does_->destroy(bytes_);
    does_ = other.does_;
    does_->copy(other.bytes_, bytes_);
    return *this;
}

template <class... Arguments>
kept<Arguments...>::~kept() {
    does_->destroy(bytes_);
}

template <class Answer>
Answer refusal(error why) {
    if constexpr (std::constructible_from<Answer, not_applied>)
        return not_applied{std::move(why)};
    else
        return tl::unexpected<error>(std::move(why));
}

}  // namespace headgate::inline v1::simulation
