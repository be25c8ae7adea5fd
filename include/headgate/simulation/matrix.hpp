#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the crash matrix: every outcome of every effect of one attempt, alone, in pairs and in triples.

#include <headgate/simulation/lifecycle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace headgate::inline v1::simulation {

/// In the order in which an attempt goes through them.
inline constexpr std::array<std::string_view, effects_of_an_attempt> effect_names{
    "claim",  "stop old workers", "start workers", "load metadata",  "prepare restore", "registration",
    "dial",   "StartExecution",   "started report", "store Running", "barrier",         "write metadata",
    "store ready"};
inline constexpr std::array<std::string_view, outcomes_of_an_effect> outcome_names{
    "done, then crash", "crash before", "applied, unknown", "not applied, unknown", "transient error",
    "permanent error"};
inline constexpr std::array<std::string_view, outcomes_of_an_effect> message_outcome_names{
    "delivered, then crash", "lost", "late", "twice", "out of order", "from a stale worker"};

/// "dial: crash before".
std::string text_of(const planned_fault& one);

/// All there are: 13 effects of 6 outcomes each.
inline constexpr std::size_t single_faults = effects_of_an_attempt * outcomes_of_an_effect;
constexpr planned_fault fault_number(std::size_t number) {
    return {static_cast<std::uint8_t>(number / outcomes_of_an_effect),
            static_cast<std::uint8_t>(number % outcomes_of_an_effect)};
}

/// The one of this text, if there is one.
std::optional<planned_fault> fault_named(std::string_view text);

struct matrix_result {
    std::optional<violation> broken{};
    std::uint32_t struck{};  ///< of the planned faults, those whose effect came
    std::uint64_t events{};
    state_name end{};
    std::vector<trace::line> lines{};
};

/// One attempt, after a checkpoint and the loss of a worker, through these faults: each strikes its effect once, in
/// this order. Then the job must run again, or have failed as the backend will never start workers.
template <class Policies = policies<>>
matrix_result run_attempt(std::span<const planned_fault> through, bool keeps_lines = false, Policies policy = {});

// Implementation ------------------------------------------------------------------------------------------------------

inline std::string text_of(const planned_fault& one) {
    const bool is_message = one.effect == effect_number::registration or one.effect == effect_number::started_report;
    return std::string(effect_names[one.effect]) + ": " +
           std::string((is_message ? message_outcome_names : outcome_names)[one.outcome]);
}

inline std::optional<planned_fault> fault_named(std::string_view text) {
    for (std::size_t number = 0; number < single_faults; ++number)
        if (text_of(fault_number(number)) == text) return fault_number(number);
    return std::nullopt;
}

template <class Policies>
matrix_result run_attempt(std::span<const planned_fault> through, bool keeps_lines, Policies policy) {
    const auto made =
        std::make_unique<world<Policies>>(decisions(std::vector<std::uint32_t>{}), fault_set{}, std::move(policy));
    world<Policies>& in = *made;
    outside& o = in.around();
    if (keeps_lines) o.seen.keep_lines();
    const job_id job{"job-1"};
    in.will_say({o.now, job,
                 {.name = "job-1",
                  .program = std::make_shared<const program>(program{
                      .nodes = {{{1}, 2, {{{"read"}, ""}}}, {{2}, 2, {{{"count"}, ""}}}},
                      .edges = {{{1}, {2}, edge_kind::shuffle}}})}});
    in.start_controller(0);

    const auto runs = [&] {
        const auto* const has = in.machine_of(job);
        return has and has->state() == state_name::running and has->job().persisted;
    };
    const auto has_ready = [&](generation of) {
        const auto entry = o.rows.jobs().find(job);
        if (entry == o.rows.jobs().end()) return false;
        for (const auto& [name, state] : entry->second.checkpoints)
            if (state == checkpoint_state::ready and name.generation >= of) return true;
        return false;
    };
    const auto until = [&](auto is_reached, duration most) {
        const instant end = o.now + most;
        while (not in.broken() and not is_reached() and o.now < end and in.step()) {
        }
        return is_reached();
    };
    bool is_well = until([&] { return runs() and has_ready({1}); }, std::chrono::minutes(2));
    o.planned.assign(through.begin(), through.end());
    o.queue.put(o.now, process_turn{0, process_turn::kind::dies});
    const auto is_there = [&] { return runs() and has_ready({2}) and o.planned.empty(); };
    const auto has_failed = [&] {
        const auto entry = o.rows.jobs().find(job);
        return entry != o.rows.jobs().end() and entry->second.row.state == state_name::failed;
    };
    // Faults of effects that do not come any more never strike.
    until([&] { return is_there() or has_failed(); }, std::chrono::minutes(5));
    matrix_result result{.struck = static_cast<std::uint32_t>(through.size() - o.planned.size())};
    o.planned.clear();
    in.heal();
    is_well = is_well and until([&] { return runs() or has_failed(); }, recovers_within);
    bool may_fail = false;
    // A backend that will never start these workers; whatever else is refused for good is refused to one attempt.
    for (const planned_fault& one : through)
        may_fail = may_fail or (one.effect == effect_number::starting_effect and one.outcome == 5);
    o.rules.expect(is_well and (not has_failed() or may_fail), invariant::converges, o.now, [&] {
        const auto* const has = in.machine_of(job);
        return std::string(has_failed() ? "it failed" : "it does not run") +
               (has ? ", it is " + std::string(text_of(has->state())) : "");
    });
    // And stays there.
    const instant end = o.now + std::chrono::minutes(1);
    while (not in.broken() and not has_failed() and o.now < end and in.step()) {
    }
    o.rules.expect(has_failed() or runs(), invariant::converges, o.now, [] { return std::string("it does not stay"); });
    result.broken = in.broken();
    result.events = in.events();
    result.end = has_failed() ? state_name::failed : state_name::running;
    result.lines = o.seen.lines();
    return result;
}

}  // namespace headgate::inline v1::simulation
