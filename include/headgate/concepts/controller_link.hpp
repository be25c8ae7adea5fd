#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what a worker asks of whoever carries words between it and its controller.

#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/message.hpp>

#include <concepts>
#include <string>
#include <variant>

namespace headgate::inline v1 {

struct link_opened {};
/// The stream to the controller ended or could not be opened; `open` may be called again.
struct link_ended {
    std::string why{};
};

using link_event = std::variant<link_opened, link_ended, controller_message, called>;

/// Hears the link: called from any thread, one event at a time.
template <class Receiver>
concept link_receiver = std::copy_constructible<Receiver> and requires(const Receiver& hear, link_event heard) { hear(heard); };

struct any_link_receiver {
    void operator()(link_event) const {}
};

/// The worker's end of the protocol; the other end of `channel`.
///
///     expression               meaning
///     -----------------------  --------------------------------------------------------------------------------------
///     l.listen(receiver)       from now on `receiver` hears the link and every call; called once, before `open`
///     l.rpc_address()          std::string: where this worker's service is reached, host:port
///     l.open()                 opens the stream; `link_opened` or `link_ended` follows. Nothing, if there is one whose
///                              end was not heard: of two streams nothing is heard at once
///     l.send(message)          a `worker_message` on the stream; lost if it has ended
///     l.close()                ends the stream; `link_ended` follows
///     l.answer(call, answer)   answers a call, once; late answers are dropped
///
/// Laws: those of `channel`, seen from here. Archetype `archetype::controller_link`. Models: in memory, gRPC.
template <class ControllerLink>
concept controller_link = requires(ControllerLink& l, worker_message message, call_id call, call_answer answer) {
    { l.listen(any_link_receiver{}) } -> std::same_as<void>;
    { l.rpc_address() } -> std::convertible_to<std::string>;
    { l.open() } -> std::same_as<void>;
    { l.send(message) } -> std::same_as<void>;
    { l.close() } -> std::same_as<void>;
    { l.answer(call, answer) } -> std::same_as<void>;
};

}  // namespace headgate::inline v1
