#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: checkpoints: their names, their rows, and what they hold.

#include <headgate/vocabulary/strong.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1 {

/// Unique for a job (I10). Objects of the state backend are named by it, so a later unfinished checkpoint of another
/// generation is never read for it.
struct checkpoint_name {
    headgate::epoch epoch{};
    headgate::generation generation{};  ///< that took it

    friend constexpr auto operator<=>(const checkpoint_name&, const checkpoint_name&) = default;
};

enum class checkpoint_state : std::uint8_t {
    in_progress,
    committing,  ///< everything is stored, commits are on their way
    ready,
    failed,
    compacting,  ///< its objects are being removed
    compacted,
    abandoned,   ///< was committing, and the user chose to go back behind it (S7)
};

inline constexpr std::size_t checkpoint_states = static_cast<std::size_t>(checkpoint_state::abandoned) + 1;

/// "inprogress", as SPEC and rows spell it.
constexpr std::string_view text_of(checkpoint_state state);

/// Whether a row may be set to `to`: it is made in progress, goes forward only, and the same again is no step.
constexpr bool may_step(std::optional<checkpoint_state> from, checkpoint_state to);

struct checkpoint_row {
    checkpoint_name name{};
    checkpoint_state state{};

    friend constexpr bool operator==(const checkpoint_row&, const checkpoint_row&) = default;
};

/// What one subtask has to say about its state; the bytes are the worker's own.
struct subtask_state {
    node_id node{};
    std::uint32_t subtask{};
    std::string handle{};

    friend bool operator==(const subtask_state&, const subtask_state&) = default;
};

struct node_state {
    node_id node{};
    std::uint32_t parallelism{};  ///< when it was taken
    std::vector<operator_id> operators{};
    std::vector<std::string> handles{};  ///< by subtask

    friend bool operator==(const node_state&, const node_state&) = default;
};

/// What restoring needs to know of a checkpoint.
struct checkpoint_metadata {
    checkpoint_name name{};
    std::vector<node_state> nodes{};

    friend bool operator==(const checkpoint_metadata&, const checkpoint_metadata&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(checkpoint_state state) {
    switch (state) {
        case checkpoint_state::in_progress: return "inprogress";
        case checkpoint_state::committing: return "committing";
        case checkpoint_state::ready: return "ready";
        case checkpoint_state::failed: return "failed";
        case checkpoint_state::compacting: return "compacting";
        case checkpoint_state::compacted: return "compacted";
        case checkpoint_state::abandoned: return "abandoned";
    }
    return "no such state";
}

constexpr bool may_step(std::optional<checkpoint_state> from, checkpoint_state to) {
    using enum checkpoint_state;
    if (not from) return to == in_progress;
    if (*from == to) return true;
    switch (to) {
        case in_progress: return false;
        case committing: return *from == in_progress;
        case ready:
        case failed:
        case abandoned: return *from == in_progress or *from == committing;
        case compacting: return *from == ready or *from == failed or *from == abandoned;
        case compacted: return *from == compacting;
    }
    return false;
}

}  // namespace headgate::inline v1
