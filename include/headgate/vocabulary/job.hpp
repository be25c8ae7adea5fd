#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a user wants of a job (the wish), and what is (the row).

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/program.hpp>
#include <headgate/vocabulary/shared.hpp>
#include <headgate/vocabulary/state.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Ordered by strength: a stronger request overtakes a weaker one (J4).
enum class stop_mode : std::uint8_t { run, checkpoint, graceful, immediate, force };

/// "checkpoint", as rows and programs spell it.
constexpr std::string_view text_of(stop_mode mode);

enum class restart_mode : std::uint8_t { safe, force };

/// Name and value, ordered as the user gave them.
using variables = std::vector<std::pair<std::string, std::string>>;

/// What the user wants. Each change makes a new value with a higher version.
struct wish {
    std::uint64_t version{};
    std::string name{};
    std::string organization{};
    shared<headgate::program> program{};  ///< not null
    std::vector<parallelism_override> parallelism{};
    std::optional<duration> time_to_live{};  ///< from the submission, by the database's clock (J2)
    std::optional<epoch> ignore_state_before_epoch{};
    duration checkpoint_interval = std::chrono::seconds(10);
    variables environment{};
    variables tags{};
    std::string backend_configuration{};  ///< opaque, for the scheduler backend
    stop_mode stop = stop_mode::run;
    restart_mode restart = restart_mode::safe;
    std::uint64_t restart_nonce{};  ///< changed: restart
    bool waits_for_slots = false;   ///< without limit (S6)

    friend bool operator==(const wish&, const wish&) = default;
};

/// The first rule that a wish breaks, naming field and value; all is `invalid`. Program and overrides are included (S4).
/// Environment: names match [A-Za-z_][A-Za-z0-9_]*, no LD_* or DYLD_*, no NUL, within the limits (S6).
expected<applied> check(const wish& what, const limits& most = {});

/// As many epochs follow: 68 years of checkpoints each second.
inline constexpr std::uint32_t most_ignored_epoch = 1u << 31;
/// Of a checkpoint that is restored: as many follow as in 34 years of one each second.
inline constexpr std::uint32_t most_restored_epoch = 3u << 30;

/// Whether a variable's name may be given to a worker (S6).
constexpr bool is_variable_name(std::string_view name);

/// The controller's own columns of a job: what is. Moved by compare-exchange on `revision` alone (G2).
struct job_row {
    std::uint64_t revision{};  ///< 0: as it was submitted
    headgate::generation generation{};
    incarnation owner{};  ///< of the controller that has the job; zero: it is new, or at rest and its workers are gone
    state_name state{};
    bool is_complete = false;       ///< final checkpoint ready, or every task ended and the last commit ready (SPEC 2)
    std::uint64_t applied{};        ///< version of the wish that is reflected (I13)
    std::uint64_t restart_nonce{};  ///< of the wish that is reflected
    std::uint32_t restarts{};
    std::uint64_t tasks{};     ///< subtasks of the last generation that reached Running
    std::string last_error{};  ///< as shown to the user
    shared<headgate::plan> plan{};  ///< of the last generation that reached Running (A8); may be null

    friend bool operator==(const job_row&, const job_row&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(stop_mode mode) {
    switch (mode) {
        case stop_mode::run: return "run";
        case stop_mode::checkpoint: return "checkpoint";
        case stop_mode::graceful: return "graceful";
        case stop_mode::immediate: return "immediate";
        case stop_mode::force: return "force";
    }
    return "no such mode";
}

constexpr bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' and c <= 'z') or (c >= 'A' and c <= 'Z') or c == '_'; };
    const auto digit = [](char c) { return c >= '0' and c <= '9'; };
    if (name.empty() or not letter(name.front())) return false;
    if (not std::ranges::all_of(name, [&](char c) { return letter(c) or digit(c); })) return false;
    return not name.starts_with("LD_") and not name.starts_with("DYLD_");
}

namespace detail {

inline expected<applied> check_environment(const variables& environment, const limits& most) {
    if (environment.size() > most.environment_variables)
        return invalid(std::to_string(environment.size()) + " environment variables, the limit is " +
                       std::to_string(most.environment_variables));
    std::size_t all = 0;
    for (const auto& [name, value] : environment) {
        const std::size_t size = name.size() + value.size();
        const auto shown = [&of = name] { return of.substr(0, 64); };
        if (not is_variable_name(name))
            return invalid("environment variable \"" + shown() +
                           "\": names match [A-Za-z_][A-Za-z0-9_]* and are not LD_* or DYLD_*");
        if (value.find('\0') != std::string::npos) return invalid("environment variable " + shown() + " holds a NUL");
        if (size > most.environment_variable)
            return invalid("environment variable " + shown() + " has " + std::to_string(size) +
                           " bytes, the limit is " + std::to_string(most.environment_variable));
        all += size;
    }
    if (all > most.environment)
        return invalid("the environment has " + std::to_string(all) + " bytes, the limit is " +
                       std::to_string(most.environment));
    return applied{};
}

}  // namespace detail

inline expected<applied> check(const wish& what, const limits& most) {
    if (not what.program) return detail::invalid("there is no program");
    if (what.checkpoint_interval <= duration::zero())
        return detail::invalid("checkpoint interval " + std::to_string(what.checkpoint_interval.count()) +
                               " ms: above 0 is needed");
    if (what.time_to_live and *what.time_to_live <= duration::zero())
        return detail::invalid("time to live " + std::to_string(what.time_to_live->count()) +
                               " ms: above 0 is needed");
    if (what.ignore_state_before_epoch and what.ignore_state_before_epoch->value == 0)
        return detail::invalid("ignore state before epoch 0: the first epoch is 1");
    if (what.ignore_state_before_epoch and what.ignore_state_before_epoch->value > most_ignored_epoch)
        return detail::invalid("ignore state before epoch " + std::to_string(what.ignore_state_before_epoch->value) +
                               ": at most " + std::to_string(most_ignored_epoch) + ", or no epochs would be left");
    if (const auto ok = detail::check_environment(what.environment, most); not ok) return ok;
    if (const auto ok = with_overrides(*what.program, what.parallelism, most); not ok)
        return tl::unexpected(ok.error());
    return applied{};
}

}  // namespace headgate::inline v1
