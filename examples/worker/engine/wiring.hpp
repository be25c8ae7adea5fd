#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: which channels between subtasks begin and end on a worker.

#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dataflow {

/// From subtask `from` of an edge's first node to subtask `to` of its second.
struct channel {
    std::uint32_t edge{};  ///< position in the program's edges
    std::uint32_t from{};
    std::uint32_t to{};

    friend constexpr auto operator<=>(const channel&, const channel&) = default;
};

struct channel_end {
    channel what{};
    std::uint32_t worker{};  ///< at the other end, as position in the plan
    /// Among the channels from the one worker to the other, ascending: both ends count alike.
    std::uint32_t number{};

    friend constexpr bool operator==(const channel_end&, const channel_end&) = default;
};

struct wiring {
    std::vector<channel_end> in{};   ///< ascending by channel
    std::vector<channel_end> out{};  ///< ascending by channel

    friend bool operator==(const wiring&, const wiring&) = default;
};

inline constexpr std::size_t most_channels = 65'536;  // that begin or end on one worker

/// The subtasks [first, last) that subtask `from` talks to.
headgate::subtask_range targets(headgate::edge_kind kind, std::uint32_t from, std::uint32_t from_parallelism,
                                std::uint32_t to_parallelism);
/// The other way round.
headgate::subtask_range origins(headgate::edge_kind kind, std::uint32_t to, std::uint32_t from_parallelism,
                                std::uint32_t to_parallelism);

/// Of the worker at `position`. More than `most_channels`: `invalid`. Precondition: the plan fits the program.
headgate::expected<wiring> wiring_of(const headgate::program& program, const headgate::plan& plan,
                                     std::uint32_t position);

}  // namespace dataflow
