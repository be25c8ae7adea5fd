#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever keeps the metadata of checkpoints.

#include <headgate/concepts/completion.hpp>

#include <concepts>

namespace headgate::inline v1 {

namespace state_backend_has {

template <class StateBackend>
concept load =
    requires(StateBackend& b, const request<headgate::load_checkpoint>& r,
             any_completion<headgate::load_checkpoint> done) {
        { b.load(r, done) } -> std::same_as<void>;
    };
template <class StateBackend>
concept prepare =
    requires(StateBackend& b, const request<headgate::prepare_checkpoint>& r,
             any_completion<headgate::prepare_checkpoint> done) {
        { b.prepare(r, done) } -> std::same_as<void>;
    };
template <class StateBackend>
concept store =
    requires(StateBackend& b, const request<headgate::store_checkpoint>& r,
             any_completion<headgate::store_checkpoint> done) {
        { b.store(r, done) } -> std::same_as<void>;
    };
template <class StateBackend>
concept remove =
    requires(StateBackend& b, const request<headgate::remove_checkpoint>& r,
             any_completion<headgate::remove_checkpoint> done) {
        { b.remove(r, done) } -> std::same_as<void>;
    };

}  // namespace state_backend_has

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
    state_backend_has::load<StateBackend> and state_backend_has::prepare<StateBackend> and
    state_backend_has::store<StateBackend> and state_backend_has::remove<StateBackend>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::state_backend_check<mine>;`.
/// A controller does so with each of its models.
template <class StateBackend>
struct state_backend_check {
    static_assert(state_backend_has::load<StateBackend>,
                  "state_backend: it has no `void load(const request<load_checkpoint>&, done)`, where `done` is any "
                  "completion_for<load_checkpoint>, called once with expected<std::shared_ptr<const "
                  "checkpoint_metadata>>");
    static_assert(state_backend_has::prepare<StateBackend>,
                  "state_backend: it has no `void prepare(const request<prepare_checkpoint>&, done)`, where `done` "
                  "is any completion_for<prepare_checkpoint>, called once with outcome<applied>");
    static_assert(state_backend_has::store<StateBackend>,
                  "state_backend: it has no `void store(const request<store_checkpoint>&, done)`, where `done` is "
                  "any completion_for<store_checkpoint>, called once with outcome<applied>");
    static_assert(state_backend_has::remove<StateBackend>,
                  "state_backend: it has no `void remove(const request<remove_checkpoint>&, done)`, where `done` is "
                  "any completion_for<remove_checkpoint>, called once with outcome<applied>");
};

}  // namespace headgate::inline v1
