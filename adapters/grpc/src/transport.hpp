#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: addresses, credentials, arguments and bytes, the same for both ends. Not installed.

#include <headgate/grpc/transport.hpp>
#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::grpc {

inline constexpr const char* work_method = "/headgate.wire.v1.Controller/Work";
inline constexpr const char* token_key = "headgate-token-bin";
inline constexpr const char* no_token = "there is no call token of 32 bytes";

/// What one end shows, and what the other end has to.
struct security {
    std::shared_ptr<::grpc::ServerCredentials> server;
    std::shared_ptr<::grpc::ChannelCredentials> client;
    std::string other_role;  ///< which the other end's certificate has to name; empty: it is on this machine
    std::string files;       ///< for people

    bool is_local() const { return other_role.empty(); }
};

/// A file that is not there or is not PEM: an error that names it.
expected<security> secure(const transport& by, const char* other_role);

/// A numeric address.
struct endpoint {
    std::string host;
    std::uint16_t port = 0;
    bool is_ipv6 = false;

    /// "127.0.0.1:7070", "[::1]:7070".
    std::string text() const;
    /// With its scheme, so that no text of a worker can name a resolver of gRPC's or a socket in the file system.
    std::string target() const { return (is_ipv6 ? "ipv6:" : "ipv4:") + text(); }
};

/// Anything but host:port with a numeric host, or localhost, is refused, naming it: `invalid`; what `by` does not
/// reach: `unsupported`.
expected<endpoint> endpoint_of(std::string_view address, const security& by);

/// A server at `at`, whose port is filled in, of the services that `registers` names. Fails if it cannot be bound.
expected<std::unique_ptr<::grpc::Server>> serve(const std::function<void(::grpc::ServerBuilder&)>& registers,
                                                endpoint& at, const security& by, const limits& most);

/// A connection of its own: no part of it, and no backoff, is shared with another to the same address.
std::shared_ptr<::grpc::Channel> connect(const endpoint& to, const security& by, const limits& most, duration timeout);

/// Whether the transport itself has made sure who is there: the other end, in its role. Call credentials alone say
/// nothing.
bool is_trusted(const ::grpc::AuthContext& peer, const security& by);

/// "127.0.0.1" of "ipv4:127.0.0.1:4242".
std::string host_of(std::string_view peer);

/// Whoever the transport does not trust, and who does not show `token` where there is one, is refused by the server of
/// these credentials before a message of theirs is read. Before `serve`.
void keep_door(const security& by, const std::optional<digest256>& token);

/// Adds the token to each call.
std::shared_ptr<::grpc::CallCredentials> credentials_of(const digest256& token);
std::optional<digest256> token_of(const ::grpc::ServerContextBase& context);

::grpc::ByteBuffer buffer_of(const std::string& bytes);

/// Calls `with(std::string_view)`; the view ends with the call.
template <class With>
auto read_bytes(const ::grpc::ByteBuffer& from, With with) {
    ::grpc::Slice all;
    // Fails only for a buffer that has none, which reads as empty.
    if (from.Valid() and not from.DumpToSingleSlice(&all).ok()) all = ::grpc::Slice();
    return with(std::string_view(reinterpret_cast<const char*>(all.begin()), all.size()));
}

/// "unavailable: connection refused". One line, whatever the peer says.
std::string describe(const ::grpc::Status& status, const limits& most);

}  // namespace headgate::inline v1::grpc
