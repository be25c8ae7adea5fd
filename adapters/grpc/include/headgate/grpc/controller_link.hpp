#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: a model of `controller_link`: the worker's end of proto/headgate/v1/worker.proto.

#include <headgate/concepts/controller_link.hpp>
#include <headgate/grpc/transport.hpp>
#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace headgate::inline v1::grpc {

struct controller_link_options {
    std::string controller = "127.0.0.1:7070";  ///< host:port
    std::string listen = "127.0.0.1:0";         ///< host:port of this worker's service; port 0: any that is free
    grpc::transport transport{};                ///< this end's certificate names `worker_role`
    std::optional<digest256> call_token{};      ///< `call_token(secrets, token)`: calls with another are not even read
    headgate::limits limits{};  ///< of these: message, id, address, error_text and the counts in messages
    duration connect_timeout = std::chrono::seconds(5);
    std::size_t stream_queue = 256;  ///< messages that wait to be sent; one more ends the stream
    std::size_t calls = 1'024;       ///< that wait for their answer; one more is told to come again
};

/// The stream to a controller, and the service that the controller calls, over gRPC. A call without a token of 32 bytes
/// is refused here, and one with another than `call_token`, if that is given, before its message is read; without it,
/// whether it is the right one is for the receiver to say, who sees the call decoded.
///
/// Events     `link_opened` comes when the controller has taken the stream. What the controller says is read when the
///            receiver has returned from what came before. `open` while a stream is open does nothing.
/// Threads    every member may be called from any thread, the receiver is called from gRPC's threads and from `open`.
///            It may not destroy the link.
/// Ending     the destructor ends the stream and all calls, and waits for the receiver to return.
class controller_link {
public:
    using options = controller_link_options;

    /// Serves at once; calls that come before `listen` are told to come again. An address that is not one, not
    /// reached by the transport or in use, a file that cannot be used: an error that names it. The controller is not
    /// looked for yet.
    static expected<std::unique_ptr<controller_link>> make(options with = {});

    ~controller_link();
    controller_link(const controller_link&) = delete;
    controller_link& operator=(const controller_link&) = delete;

    template <link_receiver Receiver>
    void listen(Receiver hear) {
        hear_with([hear = std::move(hear)](link_event heard) { hear(std::move(heard)); });
    }
    const std::string& rpc_address() const;
    void open();
    void send(const worker_message& message);
    void close();
    void answer(call_id to, const call_answer& with);

private:
    struct parts;

    explicit controller_link(std::unique_ptr<parts> of);

    void hear_with(std::function<void(link_event)> hear);

    std::unique_ptr<parts> parts_;
};

static_assert(headgate::controller_link<controller_link>);

}  // namespace headgate::inline v1::grpc
