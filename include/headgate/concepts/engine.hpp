#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what a worker asks of the program that runs the subtasks: the one that a user writes.

#include <headgate/vocabulary/engine.hpp>

#include <concepts>
#include <vector>

namespace headgate::inline v1 {

/// Hears an engine: called from any thread.
template <class Receiver>
concept engine_receiver = std::copyable<Receiver> and requires(const Receiver& report, engine_event said) {
    report(said);
};

/// The poorest receiver.
struct any_engine_receiver {
    void operator()(engine_event) const {}
};

namespace engine_has {

template <class Engine>
concept start = requires(Engine& e, execution_share share) {
    { e.start(share, any_engine_receiver{}) } -> std::same_as<void>;
};
template <class Engine>
concept begin_checkpoint = requires(Engine& e, checkpoint_name name) {
    { e.begin_checkpoint(name) } -> std::same_as<void>;
};
template <class Engine>
concept stop = requires(Engine& e, bool force) {
    { e.stop(force) } -> std::same_as<void>;
};
template <class Engine>
concept counters = requires(Engine& e) {
    { e.counters() } -> std::same_as<std::vector<node_counters>>;
};

}  // namespace engine_has

/// Runs one worker's share of an execution.
///
///     expression                meaning
///     ------------------------  -----------------------------------------------------------------------------------
///     e.start(share, report)    starts the subtasks of `execution_share` and keeps `report`, an `engine_receiver`;
///                               called once at most. `report(engine_initialized{})` follows, or with why not
///     e.begin_checkpoint(name)  barriers into the sources that run here; each subtask that stored its state reports
///                               `subtask_checkpointed`. Called once at most for an epoch, epochs ascending
///     e.stop(force)             stops everything. Without force: soon, `engine_stopped` follows. With force, which may
///                               come after the other: no effect on the outside once it returned (G7)
///     e.counters()              std::vector<node_counters>, read for each heartbeat
///
/// `start` may take its receiver as `std::function<void(engine_event)>`, so that an engine needs to be no template:
///
///     struct my_engine {
///         void start(execution_share share, std::function<void(engine_event)> report);
///         void begin_checkpoint(checkpoint_name name);
///         void stop(bool force);
///         std::vector<node_counters> counters();
///     };
///
/// Laws:
///
///     answers     a start is answered by `engine_initialized`, once
///     its_own     subtasks that it reports are of its share; others are ignored
///     once        a subtask is reported started once, finished or failed once, and checkpointed once an epoch;
///                 repeats change nothing
///     in_order    a subtask's events come in their order: started before all others
///     whole       a finished subtask answers every later checkpoint with its last state: all subtasks are in each
///     still       after a forced stop returned nothing is written, sent or committed any more
///
/// A barrier may reach this worker over data connections before `begin_checkpoint` does: `subtask_checkpointed` may
/// come first, and the call must do no harm then.
///
/// Waiting    no member blocks for long, and none waits for a thread that may be in `report`, but a forced `stop` may
///            do both. `report` waits while the driver is 65,536 events behind, never on the thread that polls it.
/// Threads    one member at a time, on the driver's thread. `report` is called from any thread, also within a member;
///            after the driver's end it does nothing.
/// Errors     a subtask's are `task_failure`; of all, `engine_stopped` with the reason. Texts are cut to 16 KiB.
/// Archetype  `archetype::engine`.
template <class Engine>
concept engine = engine_has::start<Engine> and engine_has::begin_checkpoint<Engine> and engine_has::stop<Engine> and
    engine_has::counters<Engine>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::engine_check<mine>;`.
/// A worker does so with its own.
template <class Engine>
struct engine_check {
    static_assert(engine_has::start<Engine>,
                  "engine: it has no `void start(execution_share, report)`, where `report` is any engine_receiver, as "
                  "std::function<void(engine_event)>");
    static_assert(
        engine_has::begin_checkpoint<Engine>,
        "engine: it has no `void begin_checkpoint(checkpoint_name)`: barriers into the sources that run here");
    static_assert(engine_has::stop<Engine>, "engine: it has no `void stop(bool force)`");
    static_assert(engine_has::counters<Engine>,
                  "engine: it has no `std::vector<node_counters> counters()`, read for each heartbeat; {} will do");
};

}  // namespace headgate::inline v1
