#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: messages tied to a proven stream, so that handling an unfenced one does not compile (G1, G3).

#include <headgate/vocabulary/strong.hpp>

#include <concepts>
#include <utility>

namespace headgate::inline v1 {

/// Whose stream it is. Made by the controller once a proof holds; from then on the stream is the session: job,
/// generation and worker come from here, never from a message's fields.
struct session {
    headgate::generation generation{};
    ordinal worker{};
    stream_id stream{};

    template <class T>
    constexpr auto fence(T value) const;

    friend constexpr bool operator==(const session&, const session&) = default;
};

/// A message of a proven stream. Only a `session` makes one.
template <class T>
class fenced {
public:
    // Neither deleted nor unavailable: an `event` made of a bare message would then only be said to be none.
    template <std::same_as<T> Bare>
    fenced(const Bare& bare) : fenced({}, bare) {
        static_assert(not std::same_as<Bare, T>,
                      "G1: a message is handled fenced, by the session of its stream: session.fence(message)");
    }

    constexpr const session& of() const { return of_; }
    constexpr const T& value() const { return value_; }

private:
    friend struct session;
    constexpr fenced(session of, T value) : of_(of), value_(std::move(value)) {}

    session of_;
    T value_;
};

template <class T>
constexpr auto session::fence(T value) const {
    return fenced<T>(*this, std::move(value));
}

}  // namespace headgate::inline v1
