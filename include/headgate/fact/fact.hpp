#pragma once
// SPDX-License-Identifier: BSL-1.0
// fact: something that a state must ask for before it knows it.

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace headgate::inline v1 {

///     unasked --ask--> in flight --learn--> known
///                       ^     |
///                      ask  pause
///                       |     v
///                     backing off
///
/// `forget` leads back to unasked from everywhere. States call `learn`, `forget` and what reads; the rest takes
/// instants, which only `context` has: there is no way to ask and not to have a deadline (L4).
template <class T = applied>
class fact {
public:
    constexpr explicit operator bool() const { return phase_ == phase::known; }
    /// Precondition: known.
    constexpr const T& value() const;
    /// 0 if it was never asked for.
    constexpr headgate::attempt attempt() const { return attempt_; }
    /// How often it was asked for since it was last known or forgotten.
    constexpr headgate::attempt tries() const { return tries_; }
    constexpr bool in_flight() const { return phase_ == phase::in_flight; }

    constexpr void learn(T value);
    constexpr void forget();

    constexpr bool due(instant now) const;
    constexpr bool overdue(instant now) const;
    /// When it is overdue or due; `never` if neither can come.
    constexpr instant deadline() const { return until_; }
    /// The last pause, 0 at first.
    constexpr duration paused() const { return paused_; }
    /// Precondition: due.
    constexpr void ask(instant until);
    /// Precondition: in flight.
    constexpr void pause(duration length, instant now);

    friend bool operator==(const fact&, const fact&) = default;

private:
    enum class phase : std::uint8_t { unasked, in_flight, backing_off, known };

    friend fields;
    static constexpr std::size_t field_count = 6;

    instant until_ = never;
    duration paused_{};
    headgate::attempt attempt_{};
    headgate::attempt tries_{};
    phase phase_{};
    [[no_unique_address]] T value_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class T>
constexpr const T& fact<T>::value() const {
    assert(phase_ == phase::known);
    return value_;
}

template <class T>
constexpr bool fact<T>::due(instant now) const {
    return phase_ == phase::unasked or (phase_ == phase::backing_off and until_ <= now);
}

template <class T>
constexpr bool fact<T>::overdue(instant now) const {
    return phase_ == phase::in_flight and until_ <= now;
}

template <class T>
constexpr void fact<T>::ask(instant until) {
    assert(phase_ == phase::unasked or phase_ == phase::backing_off);
    phase_ = phase::in_flight;
    until_ = until;
    ++attempt_.value;
    ++tries_.value;
}

template <class T>
constexpr void fact<T>::pause(duration length, instant now) {
    assert(phase_ == phase::in_flight);
    phase_ = phase::backing_off;
    until_ = now + length;
    paused_ = length;
}

template <class T>
constexpr void fact<T>::learn(T value) {
    phase_ = phase::known;
    until_ = never;
    paused_ = {};
    tries_ = {};
    value_ = std::move(value);
}

// The attempt is kept, so that the answer to an earlier asking stays stale.
template <class T>
constexpr void fact<T>::forget() {
    const auto tried = attempt_;
    *this = fact{};
    attempt_ = tried;
}

}  // namespace headgate::inline v1
