#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: where the inputs of one subtask wait and barriers are aligned.

#include <headgate/vocabulary/strong.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

namespace dataflow {

enum class item_kind : std::uint8_t { batch, barrier, end };

/// What travels through a channel.
struct item {
    item_kind kind{};
    std::string bytes{};      ///< of a batch: records, one after the other
    headgate::epoch epoch{};  ///< of a barrier
};

/// Items that may wait in one channel, barriers and its end included. Who sends has as many credits, and gets one back
/// for each item that is taken.
inline constexpr std::uint32_t channel_window = 4;

/// How long somebody waited, read from another thread.
class wait_meter {
public:
    void begin(std::int64_t now) { since_.store(now, std::memory_order_relaxed); }
    void end(std::int64_t now) {
        total_.store(total_.load(std::memory_order_relaxed) + now - since_.load(std::memory_order_relaxed),
                     std::memory_order_relaxed);
        since_.store(0, std::memory_order_relaxed);
    }
    /// Nanoseconds until `now`.
    std::int64_t read(std::int64_t now) const {
        const std::int64_t since = since_.load(std::memory_order_relaxed);
        return total_.load(std::memory_order_relaxed) + (since != 0 and now > since ? now - since : 0);
    }

private:
    std::atomic<std::int64_t> total_{0}, since_{0};
};

/// Nanoseconds of the monotonic clock.
std::int64_t nanoseconds_now();

/// The channels that lead to one subtask, each with a queue of `channel_window` items.
///
/// Barriers are aligned: a channel that delivered the barrier of an epoch is held back until every channel delivered it
/// or ended; then `take` answers the barrier, once. The barrier of a later epoch overtakes one that was never
/// completed; those of earlier epochs are dropped.
///
/// Threads   one for `take`, any for the others, one for each channel at a time.
class gate {
public:
    explicit gate(std::size_t channels);

    /// `give(channel)` returns a credit to who sends on it; called within `take`, nothing locked. Set before all else.
    void on_taken(std::size_t channel, std::function<void()> give);

    /// Waits for room. False once the gate is closed.
    bool put(std::size_t channel, item what, wait_meter& waited);
    /// Never waits. False, and nothing is kept, if the channel has ended or has no room: its sender broke the rules.
    bool offer(std::size_t channel, item what);

    struct taken {
        enum class kind : std::uint8_t { batch, barrier, end, closed } what{};
        std::string bytes{};
        headgate::epoch epoch{};
    };
    /// Waits for a batch, a complete barrier, or the end of all channels.
    taken take();

    /// Everybody is let go.
    void close();
    std::size_t queued_bytes() const;

private:
    struct lane {
        std::deque<item> queue{};
        std::condition_variable has_room{};
        std::function<void()> give{};
        bool is_held = false;  ///< delivered the barrier that is being aligned
        bool has_end = false;  ///< its end is in the queue, or was taken
        bool is_over = false;  ///< its end was taken
    };

    bool find(std::size_t& which);
    void let_go();
    bool aligned();

    mutable std::mutex guard_;
    std::condition_variable has_item_;
    std::deque<lane> lanes_;  ///< lanes do not move
    std::size_t next_ = 0;    ///< whose turn it is
    std::size_t open_;        ///< neither held nor over
    std::size_t over_ = 0;
    std::size_t bytes_ = 0;
    headgate::epoch aligning_{};  ///< 0: none
    headgate::epoch aligned_{};   ///< the newest that was complete
    bool is_closed_ = false;
};

}  // namespace dataflow
