#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever carries words between the controller and workers.

#include <headgate/concepts/completion.hpp>
#include <headgate/vocabulary/message.hpp>

#include <concepts>
#include <string>
#include <variant>

namespace headgate::inline v1 {

struct stream_ended {};

/// Something came on a worker's stream. The first message of a stream is its hello; after `stream_ended` nothing comes.
struct stream_event {
    stream_id stream{};
    std::string peer_host{};  ///< without the port
    std::variant<worker_message, stream_ended> what{};
};

/// Hears the streams of workers: called from any thread, but for one stream in order.
template <class Receiver>
concept stream_receiver = std::copy_constructible<Receiver> and requires(const Receiver& hear, stream_event heard) { hear(heard); };

/// The poorest receiver.
struct any_receiver {
    void operator()(stream_event) const {}
};

/// Streams that workers open, and connections that the controller dials (G3, S11 to S14).
///
/// In the table `c` is an lvalue of `Channel`, `r` a const lvalue of the request of the effect in the answer's row,
/// `done` any completion for that effect. Each expression has type `void`.
///
///     expression                    answer             meaning
///     ----------------------------  -----------------  ------------------------------------------------------------
///     c.listen(receiver)            --                 from now on `receiver` hears every stream; called once
///     c.send(stream, message)       --                 a `controller_message`; lost if the stream has ended
///     c.close(stream)               --                 after what was sent; `stream_ended` follows
///     c.dial(r, done)               outcome<dialled>   connects and asks who is there (`identify` with the nonce)
///     c.hang_up(connection)         --                 ends its calls; they answer unknown
///     c.start_execution(r, done)    outcome<applied>   a worker that has this digest answers applied; see S13
///     c.begin_checkpoint(r, done)   outcome<applied>   barriers into the worker's sources
///     c.stop_execution(r, done)     outcome<applied>   the worker ends by itself, soon
///
/// Laws (`conformance/laws/channel.hpp` tries them on a model and its workers' side):
///
///     carries     what is sent arrives unchanged and, on one stream, in order
///     ends        a stream that either side ends is heard as ended, once, and after what came before
///     dials       a dial answers who is there; nobody there, in time: not applied or unknown, never applied
///     calls       a call reaches the worker of its connection with the dial's call token, and brings its answer
///     refusals    a worker's "refused" is not applied, with the worker's reason
///     hung_up     a call on a connection that was hung up or never was answers not applied or unknown
///     answers     each completion is called exactly once
///
/// Errors     `dial`, `start_execution`, `checkpoint`, `scheduler` as the effects name them; `permanent` for a refusal.
///            A deadline that passes is unknown. Messages above the limit are refused on the sending side.
/// Waiting    no call blocks. May lose, delay and repeat; the laws ask for what holds when nothing is lost.
/// Threads    one caller at a time; the receiver and completions may be called from any thread, also within the call.
/// Archetype  `archetype::channel`. Models: in memory, gRPC; each passes the laws.
template <class Channel>
concept channel = requires(Channel& c, stream_id stream, controller_message message, connection_id connection,
                           const request<dial>& dial_request, any_completion<dial> dialled_done,
                           const request<start_execution>& start, any_completion<start_execution> started,
                           const request<begin_checkpoint>& begin, any_completion<begin_checkpoint> begun,
                           const request<stop_execution>& stop, any_completion<stop_execution> stopped) {
    { c.listen(any_receiver{}) } -> std::same_as<void>;
    { c.send(stream, message) } -> std::same_as<void>;
    { c.close(stream) } -> std::same_as<void>;
    { c.dial(dial_request, dialled_done) } -> std::same_as<void>;
    { c.hang_up(connection) } -> std::same_as<void>;
    { c.start_execution(start, started) } -> std::same_as<void>;
    { c.begin_checkpoint(begin, begun) } -> std::same_as<void>;
    { c.stop_execution(stop, stopped) } -> std::same_as<void>;
};

}  // namespace headgate::inline v1
