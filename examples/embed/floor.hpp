#pragma once
// SPDX-License-Identifier: BSL-1.0
// The graph and the workers that this controller had before, and where headgate would put what.

#include <headgate/assignment/slot_filling.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
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

/// Assigns the stages as they are, to workers as headgate knows them: each stage to the first lanes there are. The
/// nodes of the program stand for the stages, one each, in their order.
struct by_stage {
    std::vector<stage> stages{};

    headgate::expected<headgate::plan> operator()(const headgate::program& of, std::span<const headgate::offer> offers,
                                                  const headgate::past& = {}) const {
        const auto line =
            headgate::line_up(stages, &stage::copies, offers, &headgate::offer::id, &headgate::offer::slots);
        if (not line) return tl::unexpected(line.error());
        headgate::filled_slots filled = headgate::fill_slots(*line);
        auto made = headgate::plan_on(offers, filled.order);
        if (not made) return made;
        made->layouts.push_back({.spaced = headgate::spacing::dense, .boundaries = std::move(filled.boundaries)});
        for (std::size_t i = 0; i < stages.size() and i < of.nodes.size(); ++i)
            made->nodes.push_back({.id = of.nodes[i].id, .parallelism = stages[i].copies, .layout = 0, .offset = 0});
        return made;
    }
};

}  // namespace mine
