#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: any small callable, kept by value, so that a copy of a world holds its own.

#include <concepts>
#include <cstddef>
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

/// A copyable callable `void(Arguments...)` of at most 96 bytes. Never allocates, never empty.
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

}  // namespace headgate::inline v1::simulation
