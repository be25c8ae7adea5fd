#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: how much is too much (SPEC 10). All are checked before anything is kept or acted on.

#include <cstddef>
#include <cstdint>

namespace headgate::inline v1 {

/// Defaults are SPEC 10's. Sizes in bytes.
struct limits {
    std::size_t message = std::size_t{4} << 20;
    std::size_t id = 64;
    std::size_t address = 256;
    std::size_t error_text = std::size_t{16} << 10;  ///< longer ones are cut

    std::size_t environment_variables = 256;
    std::size_t environment_variable = std::size_t{32} << 10;
    std::size_t environment = std::size_t{128} << 10;  ///< all of one job's together

    std::uint32_t nodes = 100'000;
    std::uint32_t parallelism = std::uint32_t{1} << 20;
    std::uint64_t materialised_subtasks = 10'000'000;
    std::uint32_t workers = 10'000;  ///< of one job
    std::uint32_t slots = 65'536;    ///< of one worker

    std::size_t handle = std::size_t{64} << 10;    ///< of a subtask's state
    std::size_t handles = std::size_t{512} << 20;  ///< of one checkpoint's subtasks together
    // Of one message of a worker.
    std::size_t failures = 32;     ///< of tasks; more are not told: the first one already ends the attempt
    std::size_t ranges = 100'000;  ///< of subtasks that started, and as many that finished; more wait until they have
                                   ///< grown together
    std::size_t states = 65'536;   ///< of subtasks, of a checkpoint; more come in the next message

    std::uint32_t turns = 16;  ///< transitions and writes that one event may lead to; more is an inconsistency (S19)

    std::size_t mailbox = 1'024;  ///< messages of one job, or of one stream; above 0; senders wait, nothing is dropped
    std::uint32_t registrations_per_second = 1'000;  ///< by peer host, of IPv6 by /64
    std::uint32_t registrations_burst = 20'000;      ///< likewise

    friend constexpr bool operator==(const limits&, const limits&) = default;
};

}  // namespace headgate::inline v1
