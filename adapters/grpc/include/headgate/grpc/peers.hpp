#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: connections between workers, for an engine whose data go over gRPC (G3).

#include <headgate/grpc/transport.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <string_view>

namespace headgate::inline v1::grpc {

struct served_peers {
    std::unique_ptr<::grpc::Server> server;
    std::string address;  ///< host:port, with the port that was given
};

/// Both ends of them. The transport is made sure of in the way of controller and workers: the other end is on this
/// machine, or has a certificate for a worker, and nobody else is heard or spoken to. Which worker, and of which
/// generation, it does not say: that takes `execution_share::data_token`, which calls show.
///
/// Cost       a copy shares what was read.
/// Threads    const members may be called from any thread.
class peers {
public:
    /// `by`: this end's certificate names `worker_role`. A file that is not there or is not PEM: `invalid`, named. Of
    /// the limits: message, error_text.
    static expected<peers> make(const transport& by, const limits& most = {});

    /// Serves at host:port; port 0: any that is free. A call of whoever is not a worker is ended before the service
    /// hears of it. `service` outlives the server. An address that is not one or in use, files that do not belong
    /// together: `invalid`; an address that the transport does not reach: `unsupported`.
    expected<served_peers> serve(std::string_view address, ::grpc::Service& service) const;
    expected<served_peers> serve(std::string_view address, ::grpc::CallbackGenericService& service) const;

    /// A connection of its own, made when it is first used; one attempt takes `attempt` at most. Errors of addresses
    /// as above. Files that do not belong together show in calls, as somebody there who is no worker does: unavailable.
    expected<std::shared_ptr<::grpc::Channel>> connect(std::string_view address, duration attempt) const;

private:
    struct parts;

    explicit peers(std::shared_ptr<const parts> of) : parts_(std::move(of)) {}

    std::shared_ptr<const parts> parts_;
};

}  // namespace headgate::inline v1::grpc
