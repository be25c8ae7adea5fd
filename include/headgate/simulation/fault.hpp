#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what can go wrong in a world, as data.

#include <headgate/simulation/decisions.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace headgate::inline v1::simulation {

enum class fault : std::uint8_t {
    database_refuses,         ///< not applied
    database_loses_request,   ///< not applied, and nobody says so
    database_loses_answer,    ///< applied, and nobody says so: the connection was lost after the commit
    database_slow,            ///< long enough to be overdue, or overtaken by the successor of whoever asked
    database_repeats,         ///< an answer comes twice
    scheduler_refuses,
    scheduler_loses_request,
    scheduler_loses_answer,
    scheduler_slow,
    scheduler_repeats,
    states_refuse,
    states_lose_request,
    states_lose_answer,
    states_slow,
    states_repeat,
    call_refused,             ///< a dial or a call to a worker
    call_loses_request,
    call_loses_answer,
    call_slow,
    call_repeats,
    database_away,            ///< for a while nothing is answered
    scheduler_gives_up,       ///< permanent: the job fails at once
    slots_taken,              ///< by somebody else, for a while
    worker_never_connects,
    worker_exits_at_once,
    worker_dies,              ///< while it runs
    worker_hangs,             ///< stopped, and continued later or never
    worker_comes_twice,       ///< another process of the same identity
    stranger_knocks,          ///< a process without the secret
    initialization_fails,
    task_fails,
    task_fails_for_good,      ///< permanent
    tasks_start_slowly,
    tasks_never_start,
    execution_lost,           ///< StartExecution, and nobody says so
    execution_refused,        ///< StartExecution alone, so that its budget is spent before the time is over
    checkpoint_lost,          ///< a subtask cannot store its state
    stream_breaks,
    stream_slow,
    message_repeated,         ///< and late, so that it is overtaken; a report at once
    report_misdirected,       ///< of subtasks that are another worker's
    crash_before,             ///< of the controller, when it is about to ask for something
    crash_after,              ///< when it has asked
    controller_pauses,        ///< for longer than its lease
    wall_clock_jumps,
    controller_is_cut_off,    ///< from the database, alone, for a while
    owner_said_gone,          ///< the database is told that a controller is gone which lives
    scheduler_starts_some,    ///< of the workers, and says that it could not
    configuration_changes,    ///< the user wants something that needs a restart
    stream_half_open,         ///< whoever did not end it hears of it late
    dial_reaches_a_stranger,  ///< who claims to be the worker, and has not the secret
    stream_reaches_a_stranger,  ///< who claims to be the controller, and has not the secret
    call_misdirected,         ///< of another generation, plan or epoch than the worker's, or of a stranger
    worker_starts_slowly,     ///< around the time that it has for it
};

inline constexpr std::size_t faults = static_cast<std::size_t>(fault::worker_starts_slowly) + 1;
inline constexpr std::size_t faults_of_a_domain = 5;

/// "database loses answer", with dashes, as flags and lists spell it.
constexpr std::string_view name_of(fault which);
std::optional<fault> fault_of(std::string_view name);

/// Changes whenever a fault comes, goes, or is another as often.
constexpr std::uint32_t fingerprint_of_faults();

/// Faults whose domain is the one that begins with `first`.
constexpr fault in_domain(fault first, fault of_database) {
    return static_cast<fault>(static_cast<std::uint8_t>(first) + static_cast<std::uint8_t>(of_database));
}

using fault_set = std::bitset<faults>;

/// These and no other.
fault_set only(std::initializer_list<fault> which);

// Faults that are planned one by one, for the crash matrix -----------------------------------------------------------

enum effect_number : std::uint8_t {
    claiming_effect,
    stopping_effect,
    starting_effect,
    loading_effect,
    preparing_effect,
    registration,
    dialling_effect,
    executing_effect,
    started_report,
    storing_effect,
    barrier_effect,
    metadata_effect,
    ready_effect,
    no_effect,
};
inline constexpr std::size_t effects_of_an_attempt = no_effect;
inline constexpr std::size_t outcomes_of_an_effect = 6;

/// What happens to the first of its effect that comes.
struct planned_fault {
    std::uint8_t effect{};
    std::uint8_t outcome{};  ///< position in `outcome_names`, or for messages in `message_outcome_names`

    constexpr bool is_message() const { return effect == registration or effect == started_report; }

    friend constexpr bool operator==(const planned_fault&, const planned_fault&) = default;
};

/// Faults are chosen on two levels, so that runs differ in kind and not only in degree: each is possible in a quarter
/// of the runs, and happens there a quarter of the times that it could; violent ones more rarely. In one run of five
/// one fault is relentless: it happens nearly always, so that budgets are spent.
class fault_plan {
public:
    /// None.
    fault_plan() = default;
    fault_plan(const fault_set& allowed, decisions& by);

    bool is_relentless() const { return relentless_.has_value(); }
    bool is_possible(fault which) const { return not is_healed_ and possible_[index(which)]; }
    bool strikes(fault which, decisions& by);
    /// Counts one that did not come by `strikes`.
    void count(fault which) { ++injected_[index(which)]; }
    /// From now on nothing goes wrong any more.
    void heal() { is_healed_ = true; }
    bool is_healed() const { return is_healed_; }

    std::uint32_t injected(fault which) const { return injected_[index(which)]; }
    std::uint32_t injected() const;

private:
    static constexpr std::size_t index(fault which) { return static_cast<std::size_t>(which); }

    fault_set possible_{};
    std::optional<fault> relentless_{};
    std::array<std::uint32_t, faults> injected_{};
    bool is_healed_ = false;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace fault_detail {

struct description {
    std::string_view name;
    std::uint32_t of_1024;  ///< of the times that it could
};

inline constexpr std::array<description, faults> all{{
    {"database-refuses", 256},      {"database-loses-request", 256}, {"database-loses-answer", 256},
    {"database-slow", 256},         {"database-repeats", 256},       {"scheduler-refuses", 256},
    {"scheduler-loses-request", 256}, {"scheduler-loses-answer", 256}, {"scheduler-slow", 256},
    {"scheduler-repeats", 256},     {"states-refuse", 256},          {"states-lose-request", 256},
    {"states-lose-answer", 256},    {"states-slow", 256},            {"states-repeat", 256},
    {"call-refused", 256},          {"call-loses-request", 256},     {"call-loses-answer", 256},
    {"call-slow", 256},             {"call-repeats", 256},           {"database-away", 256},
    {"scheduler-gives-up", 16},     {"slots-taken", 256},            {"worker-never-connects", 256},
    {"worker-exits-at-once", 128},  {"worker-dies", 256},            {"worker-hangs", 256},
    {"worker-comes-twice", 256},    {"stranger-knocks", 256},        {"initialization-fails", 128},
    {"task-fails", 64},             {"task-fails-for-good", 8},      {"tasks-start-slowly", 256},
    {"tasks-never-start", 32},      {"execution-lost", 256},         {"execution-refused", 256},
    {"checkpoint-lost", 128},       {"stream-breaks", 32},           {"stream-slow", 256},
    {"message-repeated", 256},      {"report-misdirected", 256},     {"crash-before", 16},
    {"crash-after", 16},            {"controller-pauses", 128},      {"wall-clock-jumps", 256},
    {"controller-is-cut-off", 256}, {"owner-said-gone", 256},        {"scheduler-starts-some", 256},
    {"configuration-changes", 512}, {"stream-half-open", 512},       {"dial-reaches-a-stranger", 128},
    {"stream-reaches-a-stranger", 128}, {"call-misdirected", 256}, {"worker-starts-slowly", 256},
}};

}  // namespace fault_detail

constexpr std::uint32_t fingerprint_of_faults() {
    std::uint32_t sum = 2'166'136'261u;  // FNV-1a
    for (const fault_detail::description& one : fault_detail::all) {
        for (const char letter : one.name) sum = (sum ^ static_cast<unsigned char>(letter)) * 16'777'619u;
        sum = (sum ^ one.of_1024) * 16'777'619u;
    }
    return sum;
}

constexpr std::string_view name_of(fault which) { return fault_detail::all[static_cast<std::size_t>(which)].name; }

inline std::optional<fault> fault_of(std::string_view name) {
    const auto at = std::ranges::find(fault_detail::all, name, &fault_detail::description::name);
    if (at == fault_detail::all.end()) return std::nullopt;
    return static_cast<fault>(at - fault_detail::all.begin());
}

inline fault_set only(std::initializer_list<fault> which) {
    fault_set chosen;
    for (const fault one : which) chosen.set(static_cast<std::size_t>(one));
    return chosen;
}

inline fault_plan::fault_plan(const fault_set& allowed, decisions& by) {
    for (std::size_t i = 0; i < faults; ++i) possible_[i] = allowed[i] and by.choose(4) == 3;
    const bool has_one = by.choose(5) == 4;
    // Three times as often that which alone spends the budget of StartExecution: nothing else is reached as seldom.
    const std::uint32_t drawn = by.choose(static_cast<std::uint32_t>(faults) + 2);
    const fault one = drawn < faults ? static_cast<fault>(drawn) : fault::execution_refused;
    if (not has_one or not allowed[index(one)]) return;
    relentless_ = one;
    possible_[index(one)] = true;
}

inline bool fault_plan::strikes(fault which, decisions& by) {
    const std::uint32_t of_1024 = which == relentless_ ? 1'000 : fault_detail::all[index(which)].of_1024;
    if (not is_possible(which) or not by.happens(of_1024)) return false;
    count(which);
    return true;
}

inline std::uint32_t fault_plan::injected() const {
    std::uint32_t sum = 0;
    for (const std::uint32_t one : injected_) sum += one;
    return sum;
}

}  // namespace headgate::inline v1::simulation
