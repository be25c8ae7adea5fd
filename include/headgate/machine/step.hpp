#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: what a state answers, checked against the table; and that it answers every event.

#include <headgate/machine/table.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <concepts>
#include <optional>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

struct staying {};
inline constexpr staying stay;

template <class To>
struct going {
    std::optional<error> why;

    going operator()(error reason) const { return {std::move(reason)}; }
};

/// `return to<running>;`, or `return to<recovering>(why);`
template <class To>
inline constexpr going<To> to{};

/// What a handler of `From` answers: `stay`, or an edge that leaves `From`. Any other does not compile.
template <class From>
class [[nodiscard]] step {
public:
    constexpr step(staying) {}

    template <class To>
        requires legal<From, To>
    constexpr step(going<To> edge) : target_(name_of<To>), why_(std::move(edge.why)) {}

    // Not deleted: the compilers would not say why.
    template <class To>
        requires(not legal<From, To>)
    __attribute__((unavailable("T1: the table has no such edge; a state's edges stand in its row of machine/table.hpp")))
    step(going<To>);

    /// Nothing for `stay`.
    constexpr std::optional<state_name> target() const { return target_; }
    constexpr const std::optional<error>& why() const { return why_; }

    friend bool operator==(const step&, const step&) = default;

private:
    std::optional<state_name> target_;
    std::optional<error> why_;
};

/// The events that change no fact of a state: `using ignored = ignores<tick, ...>;` in it.
template <class... Events>
struct ignores {
    template <class Event>
    static constexpr bool contains = (std::same_as<Event, Events> or ...);
};

// Conversions count: events are unrelated structs, or the handler of one would pass for that of another.
template <class State, class Context, class Event>
concept handles = requires(State& state, Context& context, const Event& event) {
    { on(state, context, event) } -> std::same_as<step<State>>;
};

/// Each event of the variant `Events` is either handled or ignored, so that a misspelt handler is an error and not
/// silence. State it below the handlers: what is declared later does not count.
template <class State, class Context, class Events>
inline constexpr bool answers_every = false;

/// The same, and what is not so is an error that names the event.
template <class State, class Context, class Events>
inline constexpr bool must_answer_every = false;

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class State, class Context, class Event>
inline constexpr bool is_handled = handles<State, Context, Event>;
template <class State, class Event>
inline constexpr bool is_ignored = State::ignored::template contains<Event>;

/// The compilers name the event with it.
template <class State, class Context, class Event>
struct must_answer {
    static_assert(is_handled<State, Context, Event> or is_ignored<State, Event>,
                  "T2: a state answers every event: write `step<State> on(State&, Context&, const Event&)` above this "
                  "check, or name the event in `using ignored = ignores<...>`");
    static_assert(not is_handled<State, Context, Event> or not is_ignored<State, Event>,
                  "T2: this event is handled and ignored: drop one of the two");
};

}  // namespace detail

template <class State, class Context, class... Events>
inline constexpr bool answers_every<State, Context, std::variant<Events...>> =
    ((detail::is_handled<State, Context, Events> != detail::is_ignored<State, Events>) and ...);

template <class State, class Context, class... Events>
inline constexpr bool must_answer_every<State, Context, std::variant<Events...>> =
    ((sizeof(detail::must_answer<State, Context, Events>) > 0) and ...);

}  // namespace headgate::inline v1
