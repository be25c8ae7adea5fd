#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what must always hold in a world, each by its sentence. L5, that no job keeps another waiting, is not
// here: only after a pause does a controller of a world have more than one event to handle. `tests/controller` has it.

#include <headgate/vocabulary/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::inline v1::simulation {

enum class invariant : std::uint8_t {
    one_claimant,
    generations_grow,
    taken_from_the_silent,
    stale_writes_change_nothing,
    stale_answers_change_nothing,
    one_effective_executor,
    plan_is_valid,
    one_plan_a_generation,
    running_means_started,
    restores_the_newest,
    marking_is_narrow,
    names_are_unique,
    removal_is_safe,
    accounted_for,
    wish_is_latched,
    within_budgets,
    no_silent_end,
    bounded,
    authority,
    deterministic,
    attempt_ends,
    converges,
    stops,
    no_unwatched_wait,
    zombies_drain,
    within_lease,
    wakes_up,
    no_livelock,
    no_cause_to_fail,
};

inline constexpr std::size_t invariants = static_cast<std::size_t>(invariant::no_cause_to_fail) + 1;

/// "I1 one incarnation alone acts with a generation".
constexpr std::string_view sentence_of(invariant which);

struct violation {
    invariant which{};
    instant at{};
    std::string what{};  ///< names and numbers
};

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view sentence_of(invariant which) {
    switch (which) {
        case invariant::one_claimant: return "I1 one incarnation alone acts with a generation";
        case invariant::generations_grow: return "I1 the generation of a row never decreases";
        case invariant::taken_from_the_silent: return "I1 no job is taken from a controller that advances its lease (G5)";
        case invariant::stale_writes_change_nothing: return "I2 a write of an earlier generation is not applied";
        case invariant::stale_answers_change_nothing: return "I2 an answer that nobody waits for changes nothing";
        case invariant::one_effective_executor: return "I3 only what the newest generation says takes effect";
        case invariant::plan_is_valid: return "I4 a plan gives each subtask to one worker within its slots";
        case invariant::one_plan_a_generation: return "I5 a generation has one plan, and a worker one in its life";
        case invariant::running_means_started: return "I6 running means that every subtask was reported started";
        case invariant::restores_the_newest: return "I7 the newest good checkpoint is restored";
        case invariant::marking_is_narrow: return "I8 a claim marks unfinished later checkpoints and nothing else";
        case invariant::names_are_unique: return "I10 a checkpoint's row is durable before its first barrier";
        case invariant::removal_is_safe: return "I11 no checkpoint is removed that may be restored";
        case invariant::accounted_for: return "I12 slots are kept to, and after the end no worker lives";
        case invariant::wish_is_latched: return "I13 what the user said last is never forgotten";
        case invariant::within_budgets: return "I14 no kind of error is tried more often than its budget";
        case invariant::no_silent_end: return "I15 a job is left only when its end is stored or another has it";
        case invariant::bounded: return "I16 everything is bounded";
        case invariant::authority:
            return "I17 nobody is believed who has not proved to be a launched worker or its controller";
        case invariant::deterministic: return "I18 the same decisions give the same run";
        case invariant::attempt_ends: return "L1 an attempt ends";
        case invariant::converges: return "L2 when all is well again a job that is wished for runs";
        case invariant::stops: return "L3 a wish to stop is acted on in the same turn";
        case invariant::no_unwatched_wait: return "L4 nothing waits without a deadline";
        case invariant::zombies_drain: return "L6 workers of earlier generations end";
        case invariant::within_lease: return "L6 a worker obeys and reports no more once its lease is over (G7)";
        case invariant::wakes_up: return "L7 workers start soon after there are slots";
        case invariant::no_livelock: return "L8 generations are used up by faults and users alone";
        case invariant::no_cause_to_fail: return "L2 a job fails only where its world gave it cause";
    }
    return "no such invariant";
}

}  // namespace headgate::inline v1::simulation
