#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: where a worker may be dialled (G3).

#include <concepts>
#include <string_view>

namespace headgate::inline v1 {

/// Whether a worker that registered from `peer_host` may be dialled at `rpc_address` (host:port). Pure.
template <class Policy>
concept address_policy = std::copyable<Policy> and
                         requires(const Policy& may, std::string_view rpc_address, std::string_view peer_host) {
                             { may(rpc_address, peer_host) } -> std::same_as<bool>;
                         };

/// Its own host alone, by text: whoever stole an identity cannot send the controller elsewhere. All names of loopback are
/// one host. Not for workers behind address translation, or with a network of their own for control.
struct peers_own_host {
    constexpr bool operator()(std::string_view rpc_address, std::string_view peer_host) const;
    friend constexpr bool operator==(const peers_own_host&, const peers_own_host&) = default;
};

/// Whatever a worker with a valid token says.
struct any_address {
    constexpr bool operator()(std::string_view, std::string_view) const { return true; }
    friend constexpr bool operator==(const any_address&, const any_address&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// "127.0.0.1" of "127.0.0.1:7070", "::1" of "[::1]:7070".
constexpr std::string_view host_of_address(std::string_view address) {
    std::string_view host = address.substr(0, address.rfind(':'));
    if (host.size() >= 2 and host.front() == '[' and host.back() == ']') host = host.substr(1, host.size() - 2);
    return host;
}

constexpr bool is_loopback(std::string_view host) {
    // Of "127.example.org" a resolver would say anything.
    return host == "localhost" or host == "::1" or
           (host.starts_with("127.") and host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace detail

constexpr bool peers_own_host::operator()(std::string_view rpc_address, std::string_view peer_host) const {
    const std::string_view host = detail::host_of_address(rpc_address);
    return host == peer_host or (detail::is_loopback(host) and detail::is_loopback(peer_host));
}

static_assert(address_policy<peers_own_host> and address_policy<any_address>);

}  // namespace headgate::inline v1
