#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a worker's own program is given to run, and what it says of it.

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/execution.hpp>
#include <headgate/vocabulary/message.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

namespace headgate::inline v1 {

/// One worker's part of an execution. Program and plan are there, fit each other (`check`) and name this worker.
struct execution_share {
    std::shared_ptr<const execution> what{};
    std::uint32_t position{};  ///< of this worker in the plan: `shares(*what->plan, node, position, each)`
    digest256 data_token{};    ///< shown and asked for on connections between workers of this generation
};

/// The answer to a start, once.
struct engine_initialized {
    std::string failure{};  ///< empty: subtasks are being started
    bool may_retry = true;  ///< of the failure; false: starting it again cannot help, the job fails
};

struct subtask_started {
    node_id node{};
    std::uint32_t subtask{};
};

/// It came to its end by itself. It counts as started too.
struct subtask_finished {
    node_id node{};
    std::uint32_t subtask{};
};

/// The subtask's state of `epoch` is stored.
struct subtask_checkpointed {
    headgate::epoch epoch{};
    subtask_state state{};
};

/// The checkpoint cannot be completed here; the subtasks go on.
struct checkpoint_failed {
    headgate::epoch epoch{};
    std::string why{};
};

/// Nothing runs any more: the end of a stop, or, unasked, the end of all.
struct engine_stopped {
    std::string why{};  ///< empty if it was asked to
};

using engine_event = std::variant<engine_initialized, subtask_started, subtask_finished, task_failure,
                                  subtask_checkpointed, checkpoint_failed, engine_stopped>;

}  // namespace headgate::inline v1
