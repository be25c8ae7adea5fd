#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: the flag --tls.

#include <headgate/grpc/transport.hpp>

#include <string>

namespace headgate::example {

inline constexpr const char* tls_help =
    "directory of authority.pem, ROLE.pem and ROLE.key, where ROLE is controller or worker (scripts/authority makes "
    "one to try it out): mutual TLS between controller and workers, and between workers; default: plain text on "
    "loopback addresses alone";

/// Without a directory: this machine.
inline grpc::transport transport_of(const std::string& directory, const std::string& role) {
    if (directory.empty()) return grpc::this_machine{};
    const std::string prefix = directory + "/";
    return grpc::mutual_tls{prefix + "authority.pem", prefix + role + ".pem", prefix + role + ".key"};
}

}  // namespace headgate::example
