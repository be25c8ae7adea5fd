#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: a process that offers slots, as it is asked for and as it shows itself.

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

}  // namespace headgate::inline v1
