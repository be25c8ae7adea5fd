#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: connections to workers, and the calls on them. Not installed.

#include "transport.hpp"

#include <headgate/grpc/channel.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace headgate::inline v1::grpc {

/// Calls each completion once, in `end` at the latest.
class connections {
public:
    connections(const channel_options& with, const security& by) : options_(with), security_(by) {}
    connections(const connections&) = delete;
    connections& operator=(const connections&) = delete;

    /// Ends every call and waits for the completions that run. Whatever is asked after it is refused within its call.
    // While the server still runs. gRPC's threads end with the last channel or server that has callbacks, joined by
    // whoever ends it: were that a channel, in one of those threads, it would join itself.
    void end();

    void dial(const request<headgate::dial>& asked, std::function<void(outcome<dialled>)> done);
    void hang_up(connection_id which);
    /// `fails_as` is the kind of an error that is not a refusal.
    void call(connection_id on, const char* method, ::grpc::ByteBuffer request, instant deadline, error_kind fails_as,
              std::function<void(outcome<applied>)> done);

    /// The request's bytes, of which those of `what` are shared by all workers that are told it.
    ::grpc::ByteBuffer execution_bytes(const std::shared_ptr<const execution>& what, const digest256& data_token);

private:
    using ended = std::function<void(const ::grpc::Status&, const ::grpc::ByteBuffer&)>;

    struct connection;
    struct call_in_flight {
        std::shared_ptr<connection> on;  // which holds this: until it has ended
        ::grpc::ClientContext context;
        ::grpc::ByteBuffer request, response;
        ended done;
    };
    struct connection {
        std::shared_ptr<::grpc::Channel> channel;
        std::shared_ptr<::grpc::CallCredentials> credentials;
        std::list<call_in_flight> calls;  // nodes stay where they are, and so do the contexts that gRPC writes to
        bool is_open = false;             // identified itself
        bool is_hung_up = false;          // no call begins any more: nobody would find it to end it
    };
    using position = std::list<call_in_flight>::iterator;

    /// Starts a call. If it cannot be, says why, and `done` is not called. Called without the lock.
    const char* start(const std::shared_ptr<connection>& on, const char* method, ::grpc::ByteBuffer request,
                      duration limit, ended done);
    void finish(position which, const ::grpc::Status& status);
    void open(std::uint64_t id, const ::grpc::Status& status, const ::grpc::ByteBuffer& response,
              const std::function<void(outcome<dialled>)>& done);
    std::shared_ptr<connection> find(std::uint64_t id);
    void drop(std::uint64_t id);
    duration left(instant deadline) const;

    const channel_options options_;
    const security security_;
    std::mutex lock_;
    std::condition_variable is_idle_;
    std::map<std::uint64_t, std::shared_ptr<connection>> all_;
    std::uint64_t last_id_ = 0;
    std::size_t running_ = 0;  // calls whose completion has not returned
    bool is_ending_ = false;

    // The last execution that was sent.
    std::weak_ptr<const execution> encoded_;
    ::grpc::Slice encoded_bytes_;
};

}  // namespace headgate::inline v1::grpc
