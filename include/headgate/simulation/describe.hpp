#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what is on its way in a world, in words, and a run as a sequence chart.

#include <headgate/simulation/trace.hpp>
#include <headgate/simulation/traffic.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// Who hears it, and what.
std::pair<std::string, std::string> described(const on_its_way& what);

/// What a user wants of a job.
std::string described(const job_id& job, const wish& what);

/// Lines for people: time, a column for each of those who act, and what was done. `last`: no more lines than that, from
/// the end.
std::vector<std::string> sequence_chart(const std::vector<trace::line>& lines, std::size_t last = 60);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class Effect>
constexpr std::string_view effect_name() {
    using std::same_as;
    if constexpr (same_as<Effect, claim>) return "claim";
    else if constexpr (same_as<Effect, store_row>) return "store";
    else if constexpr (same_as<Effect, headgate::write_checkpoint>) return "checkpoint's row";
    else if constexpr (same_as<Effect, advance_lease>) return "lease";
    else if constexpr (same_as<Effect, watch_jobs>) return "watch of jobs";
    else if constexpr (same_as<Effect, watch_workers>) return "watch of workers";
    else if constexpr (same_as<Effect, tell>) return "history";
    else if constexpr (same_as<Effect, headgate::start_workers>) return "start workers";
    else if constexpr (same_as<Effect, headgate::stop_workers>) return "stop workers";
    else if constexpr (same_as<Effect, dial>) return "dial";
    else if constexpr (same_as<Effect, start_execution>) return "StartExecution";
    else if constexpr (same_as<Effect, begin_checkpoint>) return "barriers";
    else if constexpr (same_as<Effect, stop_execution>) return "stop execution";
    else if constexpr (same_as<Effect, load_checkpoint>) return "load the checkpoint";
    else if constexpr (same_as<Effect, prepare_checkpoint>) return "prepare the checkpoint";
    else if constexpr (same_as<Effect, store_checkpoint>) return "store the checkpoint";
    else return "remove a checkpoint";
}

inline std::string of_ticket(const ticket& by) {
    return " (generation " + std::to_string(by.generation.value) + ", attempt " + std::to_string(by.attempt.value) +
           (by.worker.value > 0 ? ", worker " + std::to_string(by.worker.value) : std::string()) + ")";
}

template <class Result>
std::string how(const outcome<Result>& one) {
    return one.match([](const Result&) { return std::string("applied"); },
                     [](const error& why) { return "not applied: " + describe(why); },
                     [](const error& why) { return "unknown: " + describe(why); });
}
inline std::string how(const outcome<std::uint32_t>& of_stop) {
    const std::string text = how<std::uint32_t>(of_stop);
    const auto none = [](const error&) { return std::string(); };
    return text + of_stop.match([](std::uint32_t left) { return ", " + std::to_string(left) + " left"; }, none, none);
}
inline std::string text_of(const std::optional<checkpoint_name>& name) {
    return name ? "epoch " + std::to_string(name->epoch.value) + " of generation " +
                      std::to_string(name->generation.value)
                : "nothing";
}
template <class Result>
std::string how(const expected<Result>& one) {
    if (not one) return describe(one.error());
    if constexpr (std::same_as<Result, shared<checkpoint_metadata>>) return "read, " + text_of((*one)->name);
    return "read";
}
template <class Effect>
std::string answer_text(const answered<Effect>& a) {
    return std::string(effect_name<Effect>()) + of_ticket(a.to) + ": " + how(a.result);
}
inline std::string answer_text(const auto&) { return "an event"; }

inline std::string mail_text(const mail& what) {
    return std::visit(headgate::detail::overloaded{
                          [](const job_mail& one) {
                              return std::visit([](const auto& e) { return answer_text(e); }, one.event);
                          },
                          [](const stream_event& one) {
                              const auto* const said = std::get_if<worker_message>(&one.what);
                              return "stream " + std::to_string(one.stream.value) + ": " +
                                     std::string(said ? text_of(*said) : std::string_view("ended"));
                          },
                          [](const auto& one) { return answer_text(one); },
                      },
                      what);
}

}  // namespace detail

inline std::pair<std::string, std::string> described(const on_its_way& what) {
    using std::string;
    using std::to_string;
    const auto controller = [](host at) { return "controller " + to_string(at.slot + 1); };
    const auto worker = [](process_number at) { return "worker " + to_string(at + 1); };
    return std::visit(
        headgate::detail::overloaded{
            [&](const to_outside& one) {
                return std::visit(
                    [&]<class Effect>(const request<Effect>& r) {
                        return std::pair{string("outside"), string(detail::effect_name<Effect>()) +
                                                                detail::of_ticket(r.by) + " of " +
                                                                controller(one.from)};
                    },
                    one.what);
            },
            [&](const to_controller& one) {
                return std::pair{controller(one.to), detail::mail_text(one.what)};
            },
            [&](const to_worker& one) {
                constexpr std::string_view names[] = {"stream open", "stream ended", "the controller's word", "a call"};
                return std::pair{worker(one.to), string(names[one.what.index()])};
            },
            [&](const from_engine& one) {
                constexpr std::string_view names[] = {"initialized",         "subtask started",   "subtask finished",
                                                      "subtask failed",      "subtask's state stored",
                                                      "checkpoint failed",   "engine stopped"};
                return std::pair{worker(one.at), string(names[one.what.index()])};
            },
            [&](const process_turn& one) {
                constexpr std::string_view names[] = {"begins",  "exits",           "is killed",       "hangs",
                                                      "goes on", "is asked to end", "loses its stream"};
                static_assert(std::size(names) == static_cast<std::size_t>(process_turn::kind::loses_its_stream) + 1);
                return std::pair{worker(one.at), string(names[static_cast<std::size_t>(one.what)])};
            },
            [&](const controller_turn& one) {
                constexpr std::string_view names[] = {"crashes", "starts", "is paused", "goes on"};
                return std::pair{controller(one.at), string(names[static_cast<std::size_t>(one.what)])};
            },
            [&](const wait_over& one) {
                return std::pair{string("outside"), "a wait of " + controller(one.of) + " is over"};
            },
            [&](const user_turn&) {
                return std::pair{string("user"), string("says something")};
            },
            [&](const world_turn& one) {
                constexpr std::string_view names[] = {"the database goes away", "slots are taken", "slots come back",
                                                      "the wall clock jumps", "a controller loses the database",
                                                      "a controller is said to be gone", "all is healed"};
                static_assert(std::size(names) == static_cast<std::size_t>(world_turn::kind::heals) + 1);
                return std::pair{string("world"), string(names[static_cast<std::size_t>(one.what)])};
            },
        },
        what);
}

inline std::string described(const job_id& job, const wish& what) {
    std::string text =
        job.value + ": " + std::string(text_of(what.stop)) + ", restart nonce " + std::to_string(what.restart_nonce);
    if (what.ignore_state_before_epoch)
        text += ", ignore state before epoch " + std::to_string(what.ignore_state_before_epoch->value);
    return text;
}

inline std::vector<std::string> sequence_chart(const std::vector<trace::line>& lines, std::size_t last) {
    const std::size_t first = lines.size() > last ? lines.size() - last : 0;
    std::vector<std::string> who;
    for (std::size_t i = first; i < lines.size(); ++i)
        if (std::ranges::find(who, lines[i].who) == who.end()) who.push_back(lines[i].who);
    // "worker 2" before "worker 10".
    std::ranges::sort(who, {}, [](const std::string& one) {
        const std::size_t number = one.find_first_of("0123456789");
        return std::tuple(one.substr(0, number), number == one.npos ? 0 : one.size(), one);
    });
    std::vector<std::string> chart;
    for (std::size_t i = 0; i < who.size(); ++i) {
        std::string head(12, ' ');
        for (std::size_t k = 0; k < i; ++k) head += "| ";
        chart.push_back(head + who[i]);
    }
    if (first > 0)
        chart.push_back("            (" + std::to_string(first) + (first == 1 ? " line before)" : " lines before)"));
    const instant begun = lines.empty() ? instant{} : lines.front().at;
    for (std::size_t i = first; i < lines.size(); ++i) {
        std::string seconds = std::to_string((lines[i].at - begun).count());
        while (seconds.size() < 4) seconds.insert(0, "0");
        seconds.insert(seconds.size() - 3, ".");
        std::string line(seconds.size() < 10 ? 10 - seconds.size() : 0, ' ');
        line += seconds + "  ";
        for (const std::string& one : who) line += one == lines[i].who ? "* " : "| ";
        chart.push_back(line + lines[i].text);
    }
    return chart;
}

}  // namespace headgate::inline v1::simulation
