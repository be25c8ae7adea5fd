#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: checkpoints: their names, their rows, and what they hold.

#include <headgate/vocabulary/strong.hpp>

#include <compare>
#include <cstdint>
#include <string>
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

}  // namespace headgate::inline v1
