#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: what a job's history says, and what it waits for, in words for people.

#include <headgate/controller/standing_call.hpp>
#include <headgate/machine/machine.hpp>
#include <headgate/vocabulary/note_text.hpp>
#include <headgate/vocabulary/record.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// What the job waits for; empty when it waits for nothing but its data.
template <class Policies>
std::string waits_for(const machine<Policies>& of);

/// Lines on their way to the database. Bounded: when it is away for long, the oldest are left out, and it is said.
class history {
public:
    void add(generation of, const note& what);
    bool is_empty() const { return lines_.empty(); }
    /// When it is to be told, or told again because nobody answered; `never` while there is nothing.
    instant deadline() const { return lines_.empty() ? never : telling_.deadline(); }
    /// All lines there are are being told; they are kept until that is answered. Not answered until `until`: told again,
    /// so a line whose answer was lost is there twice.
    ticket ask(instant until);
    const std::vector<log_line>& lines() const { return lines_; }
    void stored(const ticket& to, instant now);
    /// To be told again at `not_before`.
    void not_stored(const ticket& to, instant not_before);

private:
    static constexpr std::size_t most_lines = 500;

    std::vector<log_line> lines_;
    std::size_t in_flight_ = 0;  ///< of the first lines, in the telling that is waited for
    standing_call telling_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Policies>
std::string waits_for(const machine<Policies>& of) {
    const job& j = of.job();
    const auto count = [](std::uint64_t done, std::uint64_t all, const char* what) {
        return std::to_string(done) + " of " + std::to_string(all) + " " + what;
    };
    const auto attempts = [](attempt n, std::uint32_t budget) {
        return n.value > 1 ? ", attempt " + std::to_string(n.value) +
                                 (budget > 0 and budget != unlimited ? " of " + std::to_string(budget) : std::string())
                           : std::string();
    };
    if (not j.persisted and not is_terminal(of.state()))
        return "the database" + attempts(j.persisted.tries(), 0);
    if (const auto* s = std::get_if<scheduling>(&of.phase())) {
        if (s->lacking)
            return "slots: needed " + std::to_string(s->lacking->needed) + ", available " +
                   std::to_string(s->lacking->available) + attempts(s->asked.tries(), 0);
        if (not s->asked) return "the scheduler" + attempts(s->asked.tries(), of.policy().budget[error_kind::scheduler]);
        if (not s->is_placed)
            return "workers: " + count(j.workers.open_slots(), slots_needed(*j.program), "slots open");
        if (j.restore and not s->prepared)
            return "the checkpoint" + attempts(s->loaded.tries(), of.policy().budget[error_kind::state_backend]);
        if (not s->is_launching) return "workers of earlier generations to end";
        return "tasks: " + count(j.tasks.count() - j.tasks.not_started(), j.tasks.count(), "started");
    }
    if (std::holds_alternative<recovering>(of.phase()))
        return "restart " + std::to_string(j.next.restarts) + ", backing off; last: " + j.next.last_error;
    if (std::holds_alternative<stopping>(of.phase()) or std::holds_alternative<failing>(of.phase()))
        return "workers to end" + attempts(j.stop.gone.tries(), 0);
    if (std::holds_alternative<running>(of.phase()) and j.noticed_wish > j.next.applied and j.compiled and j.wish)
        return "not supported yet: change of " + needs_restart(*j.compiled, *j.wish);
    if (is_terminal(of.state()) and of.state() != state_name::finished) return j.next.last_error;
    return {};
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
    return telling_.ask(until);
}

inline void history::stored(const ticket& to, instant now) {
    if (not telling_.answer(to, now)) return;
    lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(in_flight_));
    in_flight_ = 0;
}

inline void history::not_stored(const ticket& to, instant not_before) {
    if (telling_.answer(to, not_before)) in_flight_ = 0;
}

}  // namespace headgate::inline v1
