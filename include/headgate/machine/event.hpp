#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the events that states answer. What is common to all states, the machine answers before them: ticks, wishes,
// heartbeats, and the answers to claim, store_row and stop_workers.

#include <headgate/machine/step.hpp>
#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/event.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <variant>

namespace headgate::inline v1 {

/// A worker of this generation registered; it has its place in the crew already.
struct worker_joined {
    ordinal worker{};
};

/// A worker of this generation exited, was dropped, replaced, overdue, or its stream was lost. It is marked already.
struct worker_gone {
    ordinal worker{};
    error why{};
};

using state_event =
    std::variant<worker_joined, worker_gone, fenced<initialized>, fenced<task_report>, fenced<checkpoint_report>,
                 slots_freed, restart_turn, answered<write_checkpoint>, answered<start_workers>, answered<dial>,
                 answered<start_execution>, answered<begin_checkpoint>, answered<stop_execution>,
                 answered<load_checkpoint>, answered<prepare_checkpoint>, answered<store_checkpoint>,
                 answered<remove_checkpoint>>;

/// Of a state that waits for nothing but time, the wish and the teardown.
template <class... Others>
using ignores_all_and =
    ignores<Others..., worker_joined, worker_gone, fenced<initialized>, fenced<task_report>, fenced<checkpoint_report>,
            slots_freed, answered<write_checkpoint>, answered<start_workers>, answered<dial>,
            answered<start_execution>, answered<begin_checkpoint>, answered<stop_execution>,
            answered<load_checkpoint>, answered<prepare_checkpoint>, answered<store_checkpoint>,
            answered<remove_checkpoint>>;
using ignores_all = ignores_all_and<restart_turn>;
using ignores_all_but_turn = ignores_all_and<>;

}  // namespace headgate::inline v1
