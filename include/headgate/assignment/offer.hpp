#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: a worker that a policy may use.

#include <headgate/vocabulary/strong.hpp>

#include <cstdint>
#include <string>

namespace headgate::inline v1 {

struct offer {
    worker_id id{};
    machine_id machine{};
    std::string zone{};
    std::uint32_t slots{};       ///< 0: it takes nothing
    std::string data_address{};  ///< host:port, for other workers

    friend bool operator==(const offer&, const offer&) = default;
};

}  // namespace headgate::inline v1
