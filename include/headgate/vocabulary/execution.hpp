#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what StartExecution tells every planned worker of a generation, the same to all (S13, I5).

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>
#include <headgate/vocabulary/shared.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstdint>
#include <optional>

namespace headgate::inline v1 {

/// Shared by all that hold it; never changed.
struct execution {
    job_id job{};
    headgate::generation generation{};
    shared<headgate::program> program{};
    shared<headgate::plan> plan{};
    std::uint64_t digest{};  ///< of the plan: a worker accepts one in its life
    std::optional<checkpoint_name> restore{};
    epoch start_epoch{};    ///< the last epoch that counts as taken: the next checkpoint is one above
    epoch minimum_epoch{};  ///< no state of earlier epochs is read
    duration checkpoint_interval{};

    friend bool operator==(const execution&, const execution&) = default;
};

}  // namespace headgate::inline v1
