#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: a process that offers slots, as it is asked for and as it shows itself.

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <cstdint>
#include <string>

namespace headgate::inline v1 {

/// Who a worker is to be, fixed before it is started (G3, G4). It belongs to one (job, generation).
struct worker_identity {
    worker_id id{};
    std::uint32_t slots{};  ///< granted: it may offer fewer, never more

    friend constexpr auto operator<=>(const worker_identity&, const worker_identity&) = default;
};

/// The worker that is launched as number `at` of its generation. Ids of two generations of a job never meet.
constexpr worker_id id_of(generation of, ordinal at) { return {std::uint64_t{of.value} << 32 | at.value}; }

constexpr generation generation_of(worker_id id) { return {static_cast<std::uint32_t>(id.value >> 32)}; }
constexpr ordinal ordinal_of(worker_id id) { return {static_cast<std::uint32_t>(id.value)}; }

/// How a worker that proved itself describes itself.
struct worker_profile {
    worker_id id{};
    headgate::incarnation incarnation{};  ///< of the worker's process
    std::uint32_t slots{};
    machine_id machine{};
    std::string zone{};
    std::string rpc_address{};   ///< host:port, for the controller
    std::string data_address{};  ///< host:port, for other workers

    friend bool operator==(const worker_profile&, const worker_profile&) = default;
};

/// The first reason to refuse a registration (S11): no slots or more than granted, a bad address. All is `invalid`.
expected<applied> check(const worker_profile& shown, const worker_identity& granted, const limits& most = {});

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// host:port with a host, and a port from 1 to 65535.
inline expected<applied> check_address(const char* name, const std::string& address, const limits& most) {
    const auto bad = [&](const std::string& why) {
        return failure(error_kind::invalid, std::string(name) + ": " + why);
    };
    if (address.size() > most.address)
        return bad(std::to_string(address.size()) + " bytes, the limit is " + std::to_string(most.address));
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos or colon == 0) return bad("host:port is needed");
    std::uint32_t port = 0;
    const std::string digits = address.substr(colon + 1);
    for (const char c : digits) {
        if (c < '0' or c > '9' or port > 65'535) return bad("the port is not a number up to 65535");
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (port == 0 or port > 65'535) return bad("the port is not a number from 1 to 65535");
    for (const char c : address)
        if (c <= ' ' or c > '~') return bad("it holds a character that no address has");
    return applied{};
}

}  // namespace detail

inline expected<applied> check(const worker_profile& shown, const worker_identity& granted, const limits& most) {
    if (shown.id != granted.id) return failure(error_kind::invalid, "the worker id is another's");
    if (shown.slots == 0) return failure(error_kind::invalid, "no slots are offered");
    if (shown.slots > granted.slots)
        return failure(error_kind::invalid, std::to_string(shown.slots) + " slots are offered, " +
                                                std::to_string(granted.slots) + " were granted");
    if (shown.slots > most.slots)
        return failure(error_kind::invalid, std::to_string(shown.slots) + " slots are offered, the limit is " +
                                                std::to_string(most.slots));
    if (shown.machine.value.size() > most.id or shown.zone.size() > most.id)
        return failure(error_kind::invalid, "machine id or zone is above " + std::to_string(most.id) + " bytes");
    if (const auto ok = detail::check_address("rpc address", shown.rpc_address, most); not ok) return ok;
    return detail::check_address("data address", shown.data_address, most);
}

}  // namespace headgate::inline v1
