#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the crash matrix: every outcome of every effect of one attempt, alone, in pairs and in triples.

#include <headgate/simulation/lifecycle.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <algorithm>
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

/// The inverse. Errors are `invalid`: which half names nothing, and what there is.
expected<planned_fault> fault_named(std::string_view text);

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

namespace detail {

/// Its position. Errors are `invalid` and list all names.
inline expected<std::uint8_t> position_of(std::string_view name, std::span<const std::string_view> names,
                                          std::string_view what) {
    const auto at = std::ranges::find(names, name);
    if (at != names.end()) return static_cast<std::uint8_t>(at - names.begin());
    std::string text = "no such " + std::string(what) + ": \"" + std::string(name) + "\"; there are ";
    for (const std::string_view& one : names) text.append(&one == &names.front() ? "" : "; ").append(one);
    return failure(error_kind::invalid, std::move(text));
}

constexpr std::span<const std::string_view> outcomes_of(planned_fault one) {
    return one.is_message() ? message_outcome_names : outcome_names;
}

}  // namespace detail

inline std::string text_of(const planned_fault& one) {
    return std::string(effect_names[one.effect]) + ": " + std::string(detail::outcomes_of(one)[one.outcome]);
}

inline expected<planned_fault> fault_named(std::string_view text) {
    const std::size_t colon = std::min(text.find(": "), text.size());
    const std::string_view name = text.substr(0, colon);
    const auto effect = detail::position_of(name, effect_names, "effect");
    if (not effect) return tl::unexpected(effect.error());
    const auto outcome = detail::position_of(text.substr(std::min(colon + 2, text.size())),
                                             detail::outcomes_of({*effect}), "outcome of " + std::string(name));
    if (not outcome) return tl::unexpected(outcome.error());
    return planned_fault{*effect, *outcome};
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
    // A backend that will never start these workers; whatever else is refused for good is refused to one attempt.
    const planned_fault never_starts{effect_number::starting_effect, 5};
    const bool may_fail = std::ranges::count(through, never_starts) > std::ranges::count(o.planned, never_starts);
    o.planned.clear();
    in.heal();
    is_well = is_well and until([&] { return runs() or has_failed(); }, recovers_within);
    const auto why = [&] { return o.rows.jobs().find(job)->second.row.last_error; };
    const bool has_cause = has_failed() and may_fail and why().starts_with("permanent: never");
    o.rules.expect(is_well and (not has_failed() or has_cause), invariant::converges, o.now, [&] {
        const auto* const has = in.machine_of(job);
        return (has_failed() ? "it failed: " + why() : std::string("it does not run")) +
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
