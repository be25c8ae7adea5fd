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

namespace channel_has {

template <class Channel>
concept listen = requires(Channel& c) {
    { c.listen(any_receiver{}) } -> std::same_as<void>;
};
template <class Channel>
concept send = requires(Channel& c, stream_id to, controller_message message) {
    { c.send(to, message) } -> std::same_as<void>;
};
template <class Channel>
concept close = requires(Channel& c, stream_id which) {
    { c.close(which) } -> std::same_as<void>;
};
template <class Channel>
concept dial = requires(Channel& c, const request<headgate::dial>& r, any_completion<headgate::dial> done) {
    { c.dial(r, done) } -> std::same_as<void>;
};
template <class Channel>
concept hang_up = requires(Channel& c, connection_id which) {
    { c.hang_up(which) } -> std::same_as<void>;
};
template <class Channel>
concept start_execution =
    requires(Channel& c, const request<headgate::start_execution>& r, any_completion<headgate::start_execution> done) {
        { c.start_execution(r, done) } -> std::same_as<void>;
    };
template <class Channel>
concept begin_checkpoint =
    requires(Channel& c, const request<headgate::begin_checkpoint>& r,
             any_completion<headgate::begin_checkpoint> done) {
        { c.begin_checkpoint(r, done) } -> std::same_as<void>;
    };
template <class Channel>
concept stop_execution =
    requires(Channel& c, const request<headgate::stop_execution>& r, any_completion<headgate::stop_execution> done) {
        { c.stop_execution(r, done) } -> std::same_as<void>;
    };

}  // namespace channel_has

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
///     carries     what is sent arrives unchanged and, on one stream, in order; a stream may end that says more than
///                 a hello and a proof before `accepted` was sent on it
///     ends        a stream that either side ends is heard as ended, once, and after what came before
///     dials       a dial answers who is there; nobody there, in time: not applied or unknown, never applied
///     calls       a call reaches the worker of its connection with the dial's call token, and brings its answer
///     refusals    a worker's "refused" is not applied, with the worker's reason
///     hung_up     a call on a connection that was hung up or never was answers not applied or unknown
///     answers     each completion is called exactly once
///
/// Errors     `dial`, `start_execution`, `checkpoint`, `scheduler` as the effects name them; `permanent` for a refusal;
///            `invalid` for a message that no worker can be sent, as one above the limit: of an execution, the job
///            fails. A deadline that passes is unknown. Messages above the limit are refused on the sending side.
/// Waiting    no call blocks. May lose, delay and repeat; the laws ask for what holds when nothing is lost.
/// Threads    one caller at a time; the receiver and completions may be called from any thread, also within the call.
/// Archetype  `archetype::channel`. Models: in memory, gRPC; each passes the laws.
template <class Channel>
concept channel =
    channel_has::listen<Channel> and channel_has::send<Channel> and channel_has::close<Channel> and
    channel_has::dial<Channel> and channel_has::hang_up<Channel> and channel_has::start_execution<Channel> and
    channel_has::begin_checkpoint<Channel> and channel_has::stop_execution<Channel>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::channel_check<mine>;`.
/// A controller does so with each of its models.
template <class Channel>
struct channel_check {
    static_assert(channel_has::listen<Channel>,
                  "channel: it has no `void listen(receiver)`, where `receiver` is any stream_receiver");
    static_assert(channel_has::send<Channel>,
                  "channel: it has no `void send(stream_id, controller_message)`");
    static_assert(channel_has::close<Channel>,
                  "channel: it has no `void close(stream_id)`");
    static_assert(channel_has::dial<Channel>,
                  "channel: it has no `void dial(const request<dial>&, done)`, where `done` is any "
                  "completion_for<dial>, called once with outcome<dialled>");
    static_assert(channel_has::hang_up<Channel>,
                  "channel: it has no `void hang_up(connection_id)`");
    static_assert(channel_has::start_execution<Channel>,
                  "channel: it has no `void start_execution(const request<start_execution>&, done)`, where `done` "
                  "is any completion_for<start_execution>, called once with outcome<applied>");
    static_assert(channel_has::begin_checkpoint<Channel>,
                  "channel: it has no `void begin_checkpoint(const request<begin_checkpoint>&, done)`, where `done` "
                  "is any completion_for<begin_checkpoint>, called once with outcome<applied>");
    static_assert(channel_has::stop_execution<Channel>,
                  "channel: it has no `void stop_execution(const request<stop_execution>&, done)`, where `done` is "
                  "any completion_for<stop_execution>, called once with outcome<applied>");
};

}  // namespace headgate::inline v1
