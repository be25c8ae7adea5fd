#pragma once
// SPDX-License-Identifier: BSL-1.0
// policy: whose attempts count together (G3, SPEC 10).

#include <headgate/policy/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace headgate::inline v1 {

/// What is given to one customer, machine or link: whoever has one IPv6 address mostly has all 2^64 of its /64.
struct network {
    std::uint64_t prefix = 0;  ///< the first 64 bits of an IPv6 address; 0: none
    std::string host{};        ///< any other host, as it is

    friend auto operator<=>(const network&, const network&) = default;
};

/// Of a host without its port: IPv6 in any text by its /64, whatever its zone; an IPv4 address, mapped into IPv6 or
/// not, and a name by itself; all of loopback is one. Never fails: what is no address is a name.
network network_of(std::string_view host);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// The first 64 bits of an IPv6 address (RFC 4291, 2.2), 0 if it is none. An IPv4 address at its end is not looked at.
inline std::uint64_t ipv6_prefix(std::string_view text) {
    std::array<std::uint16_t, 8> groups{};
    std::size_t count = 0;
    std::optional<std::size_t> gap;  // the groups before "::"
    do {
        if (text.starts_with("::") and not gap) {
            gap = count;
            text.remove_prefix(2);
            if (text.empty()) break;
        } else if (count > 0) {
            if (not text.starts_with(':')) return 0;
            text.remove_prefix(1);
        }
        if (count == groups.size()) return 0;
        const auto [rest, fault] = std::from_chars(text.data(), text.data() + text.size(), groups[count], 16);
        const auto digits = static_cast<std::size_t>(rest - text.data());
        if (fault != std::errc{} or digits > 4) return 0;
        text.remove_prefix(digits);
        ++count;
        if (text.starts_with('.')) {
            ++count;  // four numbers for two groups
            break;
        }
    } while (not text.empty());
    if (gap ? count >= groups.size() : count != groups.size()) return 0;
    if (gap) {
        const auto at = [&](std::size_t i) { return groups.begin() + static_cast<std::ptrdiff_t>(i); };
        std::rotate(at(*gap), at(count), groups.end());
    }
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < 4; ++i) prefix = prefix << 16 | groups[i];
    return prefix;
}

}  // namespace detail

inline network network_of(std::string_view host) {
    host = host.substr(0, host.find('%'));
    if (constexpr std::string_view mapped = "::ffff:"; host.starts_with(mapped) and host.find('.') != host.npos)
        host.remove_prefix(mapped.size());
    if (detail::is_loopback(host)) return {.host = "localhost"};
    const std::uint64_t prefix = detail::ipv6_prefix(host);
    // What is in ::/64 stands for something else.
    return prefix != 0 ? network{.prefix = prefix} : network{.host = std::string(host)};
}

}  // namespace headgate::inline v1
