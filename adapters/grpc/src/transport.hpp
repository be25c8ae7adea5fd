#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: addresses, credentials, arguments and bytes, the same for both ends. Not installed.

#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/time.hpp>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::grpc {

inline constexpr const char* work_method = "/headgate.wire.v1.Controller/Work";
inline constexpr const char* token_key = "headgate-token-bin";

/// A numeric address on this machine.
struct endpoint {
    std::string host;
    std::uint16_t port = 0;
    bool is_ipv6 = false;

    /// "127.0.0.1:7070", "[::1]:7070".
    std::string text() const;
    /// With its scheme, so that no text of a worker can name a resolver of gRPC's or a socket in the file system.
    std::string target() const { return (is_ipv6 ? "ipv6:" : "ipv4:") + text(); }
};

/// Anything but host:port with a loopback host is refused, naming it: `invalid` or `unsupported`.
expected<endpoint> local_endpoint(std::string_view address);

/// A server of `service` at `at`, whose port is filled in. Fails if it cannot be bound.
expected<std::unique_ptr<::grpc::Server>> serve(::grpc::Service& service, endpoint& at, const limits& most);

/// A connection of its own: no part of it, and no backoff, is shared with another to the same address.
std::shared_ptr<::grpc::Channel> connect(const endpoint& to, const limits& most, duration timeout);

/// Whether the transport itself has made sure who is there. Call credentials alone say nothing.
bool is_trusted(const ::grpc::AuthContext& peer);

/// "127.0.0.1" of "ipv4:127.0.0.1:4242".
std::string host_of(std::string_view peer);

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

/// One line, at most as long as the limit: what a peer says is not trusted to be either.
std::string one_line(std::string_view text, const limits& most);

/// "unavailable: connection refused".
std::string describe(const ::grpc::Status& status, const limits& most);

}  // namespace headgate::inline v1::grpc
