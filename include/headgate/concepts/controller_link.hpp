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
concept link_receiver = std::copy_constructible<Receiver> and requires(const Receiver& hear, link_event heard) {
    hear(heard);
};

struct any_link_receiver {
    void operator()(link_event) const {}
};

namespace controller_link_has {

template <class Link>
concept listen = requires(Link& l) {
    { l.listen(any_link_receiver{}) } -> std::same_as<void>;
};
template <class Link>
concept rpc_address = requires(Link& l) {
    { l.rpc_address() } -> std::convertible_to<std::string>;
};
template <class Link>
concept open = requires(Link& l) {
    { l.open() } -> std::same_as<void>;
};
template <class Link>
concept send = requires(Link& l, worker_message message) {
    { l.send(message) } -> std::same_as<void>;
};
template <class Link>
concept close = requires(Link& l) {
    { l.close() } -> std::same_as<void>;
};
template <class Link>
concept answer = requires(Link& l, call_id call, call_answer answer) {
    { l.answer(call, answer) } -> std::same_as<void>;
};

}  // namespace controller_link_has

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
concept controller_link =
    controller_link_has::listen<ControllerLink> and controller_link_has::rpc_address<ControllerLink> and
    controller_link_has::open<ControllerLink> and controller_link_has::send<ControllerLink> and
    controller_link_has::close<ControllerLink> and controller_link_has::answer<ControllerLink>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::controller_link_check<mine>;`.
/// A worker does so with its own.
template <class Link>
struct controller_link_check {
    static_assert(controller_link_has::listen<Link>,
                  "controller_link: it has no `void listen(receiver)`, where `receiver` is any link_receiver");
    static_assert(controller_link_has::rpc_address<Link>,
                  "controller_link: it has no `std::string rpc_address()`, where this worker's service is reached");
    static_assert(controller_link_has::open<Link>, "controller_link: it has no `void open()`, which opens the stream");
    static_assert(controller_link_has::send<Link>, "controller_link: it has no `void send(const worker_message&)`");
    static_assert(controller_link_has::close<Link>, "controller_link: it has no `void close()`, which ends the stream");
    static_assert(controller_link_has::answer<Link>,
                  "controller_link: it has no `void answer(call_id, const call_answer&)`");
};

}  // namespace headgate::inline v1
