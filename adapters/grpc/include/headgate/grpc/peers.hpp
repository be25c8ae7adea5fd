#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: connections between workers, for an engine whose data go over gRPC (G3).

#include <headgate/grpc/transport.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace grpc {
class AuthContext;
class Channel;
class Server;
class ServerBuilder;
}  // namespace grpc

namespace headgate::inline v1::grpc {

struct served_peers {
    std::unique_ptr<::grpc::Server> server;
    std::string address;  ///< host:port, with the port that was given
};

/// Both ends of them. The transport is made sure of in the way of controller and workers: the other end is on this
/// machine, or has a certificate for a worker. Which worker, and of which generation, it does not say: that takes
/// `execution_share::data_token`, which each end shows in a way of its own.
///
/// Cost       a copy shares what was read.
/// Threads    const members may be called from any thread.
class peers {
public:
    /// `by`: this end's certificate names `worker_role`. A file that cannot be used: `invalid`, named. Of the limits:
    /// message.
    static expected<peers> make(const transport& by, const limits& most = {});

    /// Serves what `registers` gives to the builder at host:port; port 0: any that is free. An address that is not one
    /// or in use: `invalid`; not reached by the transport: `unsupported`.
    expected<served_peers> serve(std::string_view address,
                                 const std::function<void(::grpc::ServerBuilder&)>& registers) const;

    /// A connection of its own, made when it is first used; one attempt takes `attempt` at most. Errors as above.
    expected<std::shared_ptr<::grpc::Channel>> connect(std::string_view address, duration attempt) const;

    /// Whether the transport says that a worker is there. False: close it, before a word of it is read.
    bool is_worker(const ::grpc::AuthContext& peer) const;

private:
    struct parts;

    explicit peers(std::shared_ptr<const parts> of) : parts_(std::move(of)) {}

    std::shared_ptr<const parts> parts_;
};

}  // namespace headgate::inline v1::grpc
