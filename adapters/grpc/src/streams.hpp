#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: the service that workers open their streams to. Not installed.

#include "transport.hpp"

#include <headgate/grpc/channel.hpp>

#include <headgate/v1/worker.grpc.pb.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace headgate::inline v1::grpc {

class stream;

// Bytes, not messages: what comes in is read by our own decoder, after the peer was checked.
class streams final : public wire::v1::Controller::WithRawCallbackMethod_Work<wire::v1::Controller::Service> {
public:
    streams(const channel_options& with, const security& by) : options_(with), security_(by) {}
    /// After the server was shut down. Waits for every stream to end.
    ~streams() override;

    void listen(std::function<void(stream_event)> hear);
    void send(stream_id to, const controller_message& message);
    void close(stream_id which);

    ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>* Work(
        ::grpc::CallbackServerContext* context) override;

private:
    friend class stream;

    std::shared_ptr<stream> find(stream_id which);
    void ended(std::uint64_t id);

    const channel_options options_;
    const security security_;
    std::mutex lock_;
    std::condition_variable is_empty_;
    std::shared_ptr<const std::function<void(stream_event)>> hear_;
    std::map<std::uint64_t, std::shared_ptr<stream>> all_;
    std::set<std::uint64_t> strangers_;  // not accepted yet, or closed: they make room, the oldest first
    std::set<std::uint64_t> gone_;       // they made room, and gRPC is about to have done with them
    std::uint64_t last_id_ = 0;
};

}  // namespace headgate::inline v1::grpc
