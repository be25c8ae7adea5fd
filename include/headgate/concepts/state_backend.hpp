#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever keeps the metadata of checkpoints.

#include <headgate/concepts/completion.hpp>

#include <concepts>

namespace headgate::inline v1 {

/// Keeps what checkpoints hold, named by (job, epoch, generation) (S9, I10, I11). Workers store their own objects under
/// the same names; `remove` takes those too.
///
///     expression          answer                                           meaning
///     ------------------  -----------------------------------------------  ------------------------------------------
///     b.load(r, done)     expected<shared_ptr<const checkpoint_metadata>>  null: there is no such checkpoint
///     b.prepare(r, done)  outcome<applied>                                 makes it ready to be restored from
///     b.store(r, done)    outcome<applied>                                 durable, whole or not at all
///     b.remove(r, done)   outcome<applied>                                 every object of that name
///
/// Laws (`conformance/laws/state_backend.hpp`):
///
///     missing     a checkpoint that was never stored loads as null; preparing it is not applied
///     loads       what was stored loads unchanged
///     repeats     storing the same twice, preparing twice, removing twice is applied
///     removes     what was removed is missing
///     apart       another job, epoch or generation is another checkpoint
///     damaged     metadata that cannot be read is an error that names the checkpoint, never a wrong value
///     answers     each completion is called exactly once
///
/// Errors     `state_backend`, with epoch, generation and object named; `permanent` where another try cannot help.
/// Threads    one caller at a time; completions may be called from any thread, also within the call.
/// Archetype  `archetype::state_backend`. Models: in memory, filesystem, `no_checkpoints`.
template <class StateBackend>
concept state_backend =
    requires(StateBackend& b, const request<load_checkpoint>& load, any_completion<load_checkpoint> loaded,
             const request<prepare_checkpoint>& prepare, any_completion<prepare_checkpoint> prepared,
             const request<store_checkpoint>& store, any_completion<store_checkpoint> stored,
             const request<remove_checkpoint>& remove, any_completion<remove_checkpoint> removed) {
        { b.load(load, loaded) } -> std::same_as<void>;
        { b.prepare(prepare, prepared) } -> std::same_as<void>;
        { b.store(store, stored) } -> std::same_as<void>;
        { b.remove(remove, removed) } -> std::same_as<void>;
    };

}  // namespace headgate::inline v1
