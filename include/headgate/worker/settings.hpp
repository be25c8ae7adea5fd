#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: who a worker is, how long it waits for what, and how it can end.

#include <headgate/policy/backoff.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::inline v1 {

/// All above 0. Heartbeats and the lease are the controller's to say.
struct worker_times {
    duration start_up = std::chrono::minutes(10);     ///< until it was accepted for the first time
    duration answer = std::chrono::seconds(10);       ///< for each step of a registration
    duration report = std::chrono::milliseconds(20);  ///< at most one report of each kind in so long
    duration stop = std::chrono::seconds(60);         ///< what the engine gets for ending by itself
    duration doubt = std::chrono::seconds(30);  ///< how long who did not prove itself must say "go" to be believed
    equal_jitter<exponential> reopen{{std::chrono::milliseconds(100), std::chrono::seconds(5)}};

    friend bool operator==(const worker_times&, const worker_times&) = default;
};

struct worker_settings {
    job_id job{};
    headgate::generation generation{};
    worker_profile profile{};  ///< what it shows of itself
    worker_times times{};
    limits most{};
};

/// A controller's heartbeats and lease are brought between these, whatever it says.
inline constexpr duration shortest_lease = std::chrono::milliseconds(100);
inline constexpr duration longest_lease = std::chrono::hours(24);
inline constexpr int most_heartbeats_in_a_lease = 64;

/// Calls that came before the worker was accepted; more are refused.
inline constexpr std::size_t most_early_calls = 8;

enum class worker_end_kind : std::uint8_t {
    stopped,       ///< as it was asked to
    dismissed,     ///< its generation is over (G4)
    refused,       ///< it was not accepted; trying again cannot help
    lease_over,    ///< heartbeats were not answered (G7)
    gave_up,       ///< never accepted
    engine_ended,  ///< by itself
};

/// "lease over", for people.
constexpr std::string_view text_of(worker_end_kind kind);

struct worker_end {
    worker_end_kind kind{};
    std::string text{};  ///< what a person should know more; may be from outside, and is cut to the limit

    friend bool operator==(const worker_end&, const worker_end&) = default;
};

/// What was seen and changed nothing.
struct worker_counts {
    std::uint32_t impostors{};  ///< controllers that could not prove themselves, or said a verdict before they had
    std::uint32_t strangers{};  ///< calls with another token than this worker's
    std::uint32_t refused_calls{};
    std::uint32_t strange{};  ///< messages out of place, or from an engine on what is not its own
    std::uint32_t lost_streams{};

    friend bool operator==(const worker_counts&, const worker_counts&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(worker_end_kind kind) {
    switch (kind) {
        case worker_end_kind::stopped: return "stopped";
        case worker_end_kind::dismissed: return "dismissed";
        case worker_end_kind::refused: return "refused";
        case worker_end_kind::lease_over: return "lease over";
        case worker_end_kind::gave_up: return "gave up";
        case worker_end_kind::engine_ended: return "engine ended";
    }
    return "no such end";
}

namespace worker_detail {

/// At most `most` bytes, and no character of UTF-8 in halves.
inline void cut(std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    while (most > 0 and (static_cast<unsigned char>(text[most]) & 0xc0u) == 0x80u) --most;
    text.resize(most);
}

}  // namespace worker_detail

}  // namespace headgate::inline v1
