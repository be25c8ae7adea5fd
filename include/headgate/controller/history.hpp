#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: what a job's history says, and what it waits for, in words for people.

#include <headgate/controller/standing_call.hpp>
#include <headgate/machine/machine.hpp>
#include <headgate/vocabulary/note_text.hpp>
#include <headgate/vocabulary/record.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// How many of its workers are there: they have registered, and are not known to be gone.
std::size_t workers_of(const job& one);

/// What the job waits for; empty when it waits for nothing but its data. What is left of a time is rounded up (10 s, 1
/// min, 10 min), so that the words stay true for a while.
template <class Policies>
std::string waits_for(const machine<Policies>& of, instant now);

/// Lines, and what the job waits for, on their way to the database. Bounded: when it is away for long, the oldest lines
/// are left out, and it is said.
class history {
public:
    history() = default;
    /// These words stand in the database.
    history(std::string waits_for, std::size_t workers) : now_{std::move(waits_for), workers}, stored_(now_) {}

    void add(generation of, const note& what);
    /// Replaces what it waits for, which is told with the lines, or alone if it is not what was stored last.
    void wait_for(std::string what, std::size_t workers) { now_ = {std::move(what), workers}; }
    const std::string& waits_for() const { return now_.text; }
    std::size_t workers() const { return now_.workers; }
    bool is_empty() const { return lines_.empty() and now_ == stored_; }
    /// When it is to be told, or told again because nobody answered; `never` while there is nothing.
    instant deadline() const { return is_empty() ? never : telling_.deadline(); }
    /// All lines there are are being told; they are kept until that is answered. Not answered until `until`: told
    /// again, so a line whose answer was lost is there twice.
    ticket ask(instant until);
    const std::vector<log_line>& lines() const { return lines_; }
    void stored(const ticket& to, instant now);
    /// To be told again at `not_before`.
    void not_stored(const ticket& to, instant not_before);

private:
    static constexpr std::size_t most_lines = 500;

    struct state {
        std::string text{};
        std::size_t workers{};

        friend bool operator==(const state&, const state&) = default;
    };

    std::vector<log_line> lines_;
    std::size_t in_flight_ = 0;  ///< of the first lines, in the telling that is waited for
    state now_{}, in_flight_state_{}, stored_{};
    standing_call telling_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace history_detail {

/// "10 s", "2 min": what is left until `end`, rounded up.
inline std::string left(instant end, instant now) {
    using namespace std::chrono_literals;
    const duration all = std::max(end - now, duration(1));
    const auto up_to = [all](duration step) { return (all + step - duration(1)) / step; };
    if (all <= 1min) return std::to_string(10 * up_to(10s)) + " s";
    if (all <= 10min) return std::to_string(up_to(1min)) + " min";
    return std::to_string(10 * up_to(10min)) + " min";
}

inline std::string at_most(instant end, instant now) {
    return end == never ? std::string() : ", at most " + left(end, now) + " more";
}

/// "attempt 2 of 3"; a budget of 0 or `unlimited` is none. 0: not every attempt without a budget is counted.
inline std::string attempt_text(std::uint32_t number, std::uint32_t budget) {
    if (number == 0) return "an attempt";
    return "attempt " + std::to_string(number) +
           (budget > 0 and budget != unlimited ? " of " + std::to_string(budget) : std::string());
}

/// Of a retry after failures of this kind: ", attempt 2 of 3".
template <class Policies>
std::string again(const machine<Policies>& of, error_kind kind) {
    const std::uint32_t spent = of.job().spent[static_cast<std::size_t>(kind)];
    return spent > 0 ? ", " + attempt_text(spent + 1, of.policy().budget[kind]) : std::string();
}

inline std::string count(std::uint64_t done, std::uint64_t all, const char* what) {
    return std::to_string(done) + " of " + std::to_string(all) + " " + what;
}

/// A wish that stays open until the job starts the next time; empty: there is none.
inline std::string unsupported(const job& j) {
    if (j.noticed_wish <= j.next.applied or not j.compiled or not j.wish) return {};
    const std::string needs = needs_restart(*j.compiled, *j.wish);
    return needs.empty() ? std::string() : "not supported yet: change of " + needs;
}

/// How it stands with something that is asked for.
template <class T>
std::string asking(const fact<T>& of, std::uint32_t budget, instant now) {
    const std::uint32_t tries = of.tries().value;
    if (tries > 0 and not of.in_flight() and not of)
        return ", " + attempt_text(tries, budget) + " failed, again within " + left(of.deadline(), now);
    return tries > 1 ? ", " + attempt_text(tries, budget) : std::string();
}

template <class Policies>
std::string waits_for(const scheduling& s, const machine<Policies>& of, instant now) {
    const job& j = of.job();
    const auto& budget = of.policy().budget;
    if (s.not_before > now and not j.last_error) return "its turn to start again" + at_most(s.not_before, now);
    if (s.not_before > now) {
        const error why = j.last_error.value_or(error{});
        return attempt_text(j.spent[static_cast<std::size_t>(why.kind)], budget[why.kind]) + " failed, again within " +
               left(s.not_before, now) + ": " + describe(why);
    }
    if (s.lacking)
        return "slots: needed " + std::to_string(s.lacking->needed) + ", available " +
               std::to_string(s.lacking->available) +
               (j.wish->waits_for_slots ? std::string(", without limit") : at_most(s.until, now));
    if (not s.asked) return "the scheduler" + asking(s.asked, budget[error_kind::scheduler], now);
    if (not s.is_placed)
        return "workers: " + count(j.workers.open_slots(), slots_needed(*j.program), "slots open") +
               again(of, error_kind::worker_start_up) + at_most(s.until, now);
    if (j.restore and not s.loaded) return "the checkpoint" + asking(s.loaded, budget[error_kind::state_backend], now);
    if (j.restore and not s.prepared)
        return "the checkpoint" + asking(s.prepared, budget[error_kind::state_backend], now);
    if (not s.is_launching) return "workers of earlier generations to end" + at_most(s.clean_until, now);
    return "tasks: " + count(j.tasks.count() - j.tasks.not_started(), j.tasks.count(), "started") +
           again(of, error_kind::task_start_up) + at_most(s.until, now);
}

template <class Policies>
std::string waits_for(const recovering& s, const machine<Policies>& of, instant now) {
    const job& j = of.job();
    std::string text = "restart " + std::to_string(j.next.restarts);
    if constexpr (requires { of.policy().restart.within.restarts; })
        text += " of " + std::to_string(of.policy().restart.within.restarts);
    const instant backed_off = std::max(s.not_before, s.turn);
    if (s.until != never and backed_off <= now)
        text += ": workers to end" + at_most(s.until, now);
    else
        text += ": backing off" + at_most(backed_off, now);
    return text + "; last: " + j.next.last_error;
}

}  // namespace history_detail

template <class Policies>
std::string waits_for(const machine<Policies>& of, instant now) {
    const job& j = of.job();
    if (j.is_refused) return "a pause, as the database refuses its row: " + describe(j.last_error.value_or(error{}));
    // The other states wait for a write only if it has failed once.
    const bool is_first_try = j.persisted.in_flight() and j.persisted.tries().value == 1;
    if (not j.persisted and not is_terminal(of.state()) and
        (std::holds_alternative<scheduling>(of.phase()) or not is_first_try))
        return "the database" + history_detail::asking(j.persisted, 0, now);
    const std::string unsupported = history_detail::unsupported(j);
    if (const auto* const s = std::get_if<scheduling>(&of.phase()))
        return history_detail::waits_for(*s, of, now) + (unsupported.empty() ? "" : "; " + unsupported);
    if (const auto* const s = std::get_if<recovering>(&of.phase())) return history_detail::waits_for(*s, of, now);
    if (std::holds_alternative<stopping>(of.phase()) or std::holds_alternative<failing>(of.phase()))
        return "workers to end" + history_detail::asking(j.stop.gone, 0, now);
    if (std::holds_alternative<running>(of.phase())) return unsupported;
    if (is_terminal(of.state()) and of.state() != state_name::finished) return j.next.last_error;
    return {};
}

inline std::size_t workers_of(const job& one) {
    if (one.stop.gone and one.stop.up_to >= one.next.generation) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(one.workers.members(), [](const worker& each) { return each.is_present(); }));
}

inline void history::add(generation of, const note& what) {
    if (lines_.size() == most_lines) {
        // Of those that were not sent yet, if there are any.
        const std::size_t oldest = in_flight_ < most_lines ? in_flight_ : 0;
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(oldest));
        if (oldest < in_flight_) --in_flight_;
        if (oldest < lines_.size()) lines_[oldest].text = "(earlier lines were left out)";
    }
    lines_.push_back({.number = 0, .at = {}, .generation = of, .text = one_line(text_of(what), 16 << 10)});
}

inline ticket history::ask(instant until) {
    in_flight_ = lines_.size();
    in_flight_state_ = now_;
    return telling_.ask(until);
}

inline void history::stored(const ticket& to, instant now) {
    if (not telling_.answer(to, now)) return;
    lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(in_flight_));
    in_flight_ = 0;
    stored_ = in_flight_state_;
}

inline void history::not_stored(const ticket& to, instant not_before) {
    if (telling_.answer(to, not_before)) in_flight_ = 0;
}

}  // namespace headgate::inline v1
