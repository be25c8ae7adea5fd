#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: how controller and workers make sure of each other before a word of either is read (G3, G7).

#include <string>
#include <variant>

namespace headgate::inline v1::grpc {

/// Both ends are on this machine, which the kernel says: loopback addresses alone (127.0.0.0/8, ::1, localhost). Plain
/// text.
struct this_machine {
    friend bool operator==(const this_machine&, const this_machine&) = default;
};

/// Mutual TLS. Each end shows a certificate, and a worker's is not good for a controller: a certificate has to name its
/// role (subject alternative name, DNS) as below. Any numeric address but the unspecified one.
/// Files in PEM, read once, when the end is made: for new ones start the process anew.
struct mutual_tls {
    std::string authority;    ///< the certificates of who signs controllers' and workers' certificates
    std::string certificate;  ///< of this end, and those that link it to the authority
    std::string key;          ///< of `certificate`; not encrypted; refused where others may read it (chmod 600)

    friend bool operator==(const mutual_tls&, const mutual_tls&) = default;
};

inline constexpr const char* controller_role = "controller.headgate";
inline constexpr const char* worker_role = "worker.headgate";

/// There is no third: a connection that makes sure of nobody cannot be asked for.
using transport = std::variant<this_machine, mutual_tls>;

}  // namespace headgate::inline v1::grpc
