#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: whose row is to be asked for. No database tells that a row was removed, and a healthy job writes nothing
// that would find it out; so each is asked for now and then, a few with each look at leases.

#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace headgate::inline v1 {

class roll_call {
public:
    struct called {
        job_id job{};
        instant at{};  ///< asked then: what was heard of it later may be newer than the answer
    };

    /// Calls `ask(job_id)` for those keys of `held` whose turn it is, if this is called once in each `step`: for each
    /// once in `round`.
    template <class Jobs, class Ask>
    void call(const Jobs& held, instant now, duration round, duration step, Ask ask);

    /// The ticket for asking now.
    ticket asks(const job_id& job, instant now);
    /// Who was asked for with it; nothing if that was too long ago.
    std::optional<called> answered(const ticket& to);

private:
    friend fields;
    static constexpr std::size_t field_count = 5;

    static constexpr std::size_t most_waiting = 4'096;  ///< for an answer; the oldest goes first

    job_id up_to_{};
    instant next_round_{};  // at once
    bool is_in_round_ = false;
    std::map<attempt, called> waiting_{};
    attempt last_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Jobs, class Ask>
void roll_call::call(const Jobs& held, instant now, duration round, duration step, Ask ask) {
    if (round == duration::max() or (not is_in_round_ and now < next_round_)) return;
    if (not std::exchange(is_in_round_, true)) {
        next_round_ = now + round;
        up_to_ = {};
    }
    const auto steps = static_cast<std::size_t>(std::max(round / std::max(step, duration(1)), duration::rep{1}));
    std::size_t left = held.size() / steps + 1;
    auto at = held.upper_bound(up_to_);
    for (; at != held.end() and left > 0; ++at, --left) {
        up_to_ = at->first;
        ask(up_to_);
    }
    is_in_round_ = at != held.end();
}

inline ticket roll_call::asks(const job_id& job, instant now) {
    if (waiting_.size() == most_waiting) waiting_.erase(waiting_.begin());
    ++last_.value;
    waiting_.insert_or_assign(last_, called{job, now});
    return {.attempt = last_};
}

inline std::optional<roll_call::called> roll_call::answered(const ticket& to) {
    auto found = waiting_.extract(to.attempt);
    if (found.empty()) return std::nullopt;
    return std::move(found.mapped());
}

}  // namespace headgate::inline v1
