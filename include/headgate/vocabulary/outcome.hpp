#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: the three outcomes of an effect (G6).

#include <headgate/vocabulary/error.hpp>

#include <tl/expected.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

/// What an operation that only reads answers.
template <class T>
using expected = tl::expected<T, error>;

inline tl::unexpected<error> failure(error_kind kind, std::string text) {
    return tl::unexpected<error>(error{.kind = kind, .text = std::move(text)});
}

/// The result of an effect that has no more to tell.
struct applied {
    friend constexpr bool operator==(const applied&, const applied&) = default;
};

/// It did not happen and will not.
struct not_applied {
    error why;
};

/// It may have happened, or may yet. Find out, or repeat an effect that may be repeated; it is not a failure.
struct unknown {
    error why;
};

/// How an effect on the outside ended. A `T` says: applied, with this result.
template <class T>
class [[nodiscard]] outcome {
public:
    constexpr outcome(T result) : ended_(std::move(result)) {}
    constexpr outcome(not_applied no) : ended_(std::move(no)) {}
    constexpr outcome(unknown maybe) : ended_(std::move(maybe)) {}

    /// The one way to read it: `on_applied(result)`, `on_not_applied(why)` or `on_unknown(why)`.
    /// The three arms answer the same type, and so does this.
    template <std::invocable<const T&> Applied, std::invocable<const error&> NotApplied,
              std::invocable<const error&> Unknown>
    constexpr decltype(auto) match(Applied&& on_applied, NotApplied&& on_not_applied, Unknown&& on_unknown) const;
    // Not deleted: the compilers would not say why.
    template <class... Arms>
        requires(sizeof...(Arms) != 3)
    __attribute__((unavailable("G6: an outcome is read with three arms: match(on_applied, on_not_applied, on_unknown)")))
    void match(Arms&&...) const;

private:
    std::variant<T, not_applied, unknown> ended_;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class... Arms>
struct overloaded : Arms... {
    using Arms::operator()...;
};

}  // namespace detail

template <class T>
template <std::invocable<const T&> Applied, std::invocable<const error&> NotApplied,
          std::invocable<const error&> Unknown>
constexpr decltype(auto) outcome<T>::match(Applied&& on_applied, NotApplied&& on_not_applied,
                                           Unknown&& on_unknown) const {
    using answer = std::invoke_result_t<Applied, const T&>;
    static_assert(std::same_as<answer, std::invoke_result_t<NotApplied, const error&>> and
                      std::same_as<answer, std::invoke_result_t<Unknown, const error&>>,
                  "the three arms must answer the same type");
    return std::visit(
        detail::overloaded{
            [&](const T& result) -> answer { return std::forward<Applied>(on_applied)(result); },
            [&](const not_applied& no) -> answer { return std::forward<NotApplied>(on_not_applied)(no.why); },
            [&](const unknown& maybe) -> answer { return std::forward<Unknown>(on_unknown)(maybe.why); },
        },
        ended_);
}

}  // namespace headgate::inline v1
