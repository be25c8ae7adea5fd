#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: heartbeats, and how long a worker may go on without an answer to one (G7).

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/worker/context.hpp>
#include <headgate/worker/settings.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace headgate::inline v1 {

/// Counts from when what was answered was sent, so it is over before the controller's own count is.
class worker_lease {
public:
    /// Whether the worker was ever accepted: from then on the lease runs, with a stream or without.
    bool runs() const { return runs_; }
    /// Precondition: runs.
    bool is_over(worker_context& c) const { return c.reached(until_); }

    /// `proven`: when the proof was sent.
    void begin(const accepted& terms, instant proven, worker_context& c);
    /// Answers on a stream that is lost do not come.
    void stream_lost() { unanswered_.clear(); }
    /// Sends what is due. Only while accepted.
    void beat(worker_context& c, bool with_counters);
    /// Whether `sequence` waited for an answer.
    bool answered(std::uint64_t sequence);

    friend bool operator==(const worker_lease&, const worker_lease&) = default;

private:
    struct sent {
        std::uint64_t sequence{};
        instant renews{};  ///< the lease up to here

        friend bool operator==(const sent&, const sent&) = default;
    };

    friend fields;
    static constexpr std::size_t field_count = 7;

    bool runs_ = false;
    duration length_{};
    duration heartbeat_{};
    instant until_{};
    instant next_{};
    std::uint64_t sequence_{};
    std::vector<sent> unanswered_{};  ///< ascending; no more than go into a lease
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void worker_lease::begin(const accepted& terms, instant proven, worker_context& c) {
    runs_ = true;
    length_ = std::clamp(terms.lease, shortest_lease, longest_lease);
    heartbeat_ = std::clamp(terms.heartbeat, length_ / most_heartbeats_in_a_lease, length_ / 3);
    until_ = std::max(until_, proven + length_);
    next_ = c.after(heartbeat_);
    unanswered_.clear();
}

inline void worker_lease::beat(worker_context& c, bool with_counters) {
    if (c.reached(next_)) {
        next_ = c.after(heartbeat_);
        // One heartbeat more than fit into a lease: the oldest could not renew anything any more.
        if (unanswered_.size() > static_cast<std::size_t>(most_heartbeats_in_a_lease))
            unanswered_.erase(unanswered_.begin());
        unanswered_.push_back({++sequence_, c.after(length_)});
        c.ask(say_heartbeat{sequence_, with_counters});
    }
    c.reached(next_);
}

// An answer to one answers those before it: the stream keeps order.
inline bool worker_lease::answered(std::uint64_t sequence) {
    const auto at = std::ranges::find(unanswered_, sequence, &sent::sequence);
    if (at == unanswered_.end()) return false;
    until_ = std::max(until_, at->renews);
    unanswered_.erase(unanswered_.begin(), at + 1);
    return true;
}

}  // namespace headgate::inline v1
