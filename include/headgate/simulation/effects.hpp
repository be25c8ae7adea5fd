#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what a world has to know of each effect: who carries it out, and how its answer looks.

#include <headgate/simulation/fault.hpp>
#include <headgate/simulation/traffic.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace headgate::inline v1::simulation {

/// The first fault of the domain that carries `Effect` out.
template <class Effect>
constexpr fault domain_of() {
    constexpr error_kind kind = Effect::fails_as;
    if constexpr (std::same_as<Effect, stop_execution> or std::same_as<Effect, begin_checkpoint>)
        return fault::call_refused;
    else if constexpr (kind == error_kind::database)
        return fault::database_refuses;
    else if constexpr (kind == error_kind::scheduler)
        return fault::scheduler_refuses;
    else if constexpr (kind == error_kind::state_backend)
        return fault::states_refuse;
    else
        return fault::call_refused;
}

/// Asked again and again, and answered when there is news: these go wrong by being slow or lost, not refused.
template <class Effect>
inline constexpr bool is_watch = std::same_as<Effect, watch_jobs> or std::same_as<Effect, watch_workers>;

template <class Effect>
inline constexpr bool is_row_write = std::same_as<Effect, claim> or std::same_as<Effect, store_row>;

/// As mail for the job that asked, or for the controller.
template <class Effect>
mail mail_of(job_handle job, const ticket& by, typename Effect::answer answer) {
    answered<Effect> what{by, std::move(answer)};
    if constexpr (std::constructible_from<event, answered<Effect>>)
        return job_mail{job, std::move(what)};
    else
        return what;
}

template <class Effect>
typename Effect::answer no_answer_of(std::string text) {
    error why{.kind = Effect::fails_as, .text = std::move(text)};
    if constexpr (std::constructible_from<typename Effect::answer, unknown>)
        return unknown{std::move(why)};
    else
        return tl::unexpected(std::move(why));
}

template <class Effect>
typename Effect::answer refusal_of(error why) {
    if constexpr (std::constructible_from<typename Effect::answer, not_applied>)
        return not_applied{std::move(why)};
    else
        return tl::unexpected(std::move(why));
}

/// Which effect of an attempt it is; `no_effect`: none that is planned for.
template <class Effect>
std::uint8_t number_of(const Effect& what) {
    if constexpr (std::same_as<Effect, claim>) return claiming_effect;
    else if constexpr (std::same_as<Effect, stop_workers>) return stopping_effect;
    else if constexpr (std::same_as<Effect, start_workers>) return starting_effect;
    else if constexpr (std::same_as<Effect, load_checkpoint>) return loading_effect;
    else if constexpr (std::same_as<Effect, prepare_checkpoint>) return preparing_effect;
    else if constexpr (std::same_as<Effect, dial>) return dialling_effect;
    else if constexpr (std::same_as<Effect, start_execution>) return executing_effect;
    else if constexpr (std::same_as<Effect, store_row>) return what.next.state == state_name::running ? storing_effect : no_effect;
    else if constexpr (std::same_as<Effect, begin_checkpoint>) return barrier_effect;
    else if constexpr (std::same_as<Effect, store_checkpoint>) return metadata_effect;
    else if constexpr (std::same_as<Effect, write_checkpoint>) return what.row.state == checkpoint_state::ready ? ready_effect : no_effect;
    else if constexpr (std::same_as<Effect, worker_message>)
        return std::holds_alternative<proof>(what)         ? registration
               : std::holds_alternative<task_report>(what) ? started_report
                                                           : no_effect;
    else return no_effect;
}

/// "127.0.0.1:17", where the process of that number listens.
inline std::string address_of(process_number of) { return "127.0.0.1:" + std::to_string(of + 1); }
std::optional<process_number> process_at(const std::string& address);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::optional<process_number> process_at(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    process_number number = 0;
    for (const char digit : address.substr(colon + 1)) number = number * 10 + static_cast<process_number>(digit - '0');
    return number - 1;
}

}  // namespace headgate::inline v1::simulation
