#pragma once
// SPDX-License-Identifier: BSL-1.0
// The graph and the workers that this controller had before, and where headgate would put what.

#include <headgate/assignment/slot_filling.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mine {

struct stage {
    std::string name;
    std::uint16_t copies;
};
struct machine {
    std::string serial;
    std::uint8_t lanes;
};

/// How many copies of the widest stage each machine would run, by position; an error says what is missing.
inline headgate::expected<std::vector<std::uint32_t>> preview(const std::vector<stage>& stages,
                                                              const std::vector<machine>& machines) {
    const auto line = headgate::line_up(stages, &stage::copies, machines, &machine::serial, &machine::lanes);
    if (not line) return tl::unexpected(line.error());
    const headgate::filled_slots filled = headgate::fill_slots(*line);
    std::vector<std::uint32_t> copies(machines.size());
    for (std::size_t i = 0; i < filled.order.size(); ++i)
        copies[filled.order[i]] = filled.boundaries[i + 1] - filled.boundaries[i];
    return copies;
}

}  // namespace mine
