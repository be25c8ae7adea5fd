#pragma once
// SPDX-License-Identifier: BSL-1.0
// asio: the time of std::chrono::steady_clock and timers on an io_context, a model of `clock` and `timer`.

#include <headgate/concepts/clock.hpp>

#include <utility>  // Boost 1.81's asio.hpp forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <concepts>
#include <memory>

namespace headgate::inline v1::asio {

/// When `when` is on the steady clock, rounded up, so that it is never early. Instants that the steady clock cannot
/// tell (`never`, above all) are its last or its first.
constexpr std::chrono::steady_clock::time_point steady(instant when);

/// `now` in whole milliseconds, rounded down.
inline instant steady_now() {
    return instant(std::chrono::floor<duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

/// A reference to `loop`, which outlives it. Copies are equal.
class clock {
public:
    explicit clock(boost::asio::io_context& loop) : loop_(&loop) {}

    /// From any thread. Counts while the machine is awake; where it suspends, as the steady clock does.
    instant now() const { return steady_now(); }

    /// `done` is called by a thread that runs the loop, never within this call; not at all if the loop ends before.
    /// The loop has work until then. From any thread. One allocation, or two.
    void at(instant when, std::invocable auto done);

private:
    boost::asio::io_context* loop_;
};

static_assert(timer<clock>);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::chrono::steady_clock::time_point steady(instant when) {
    using steady_time = std::chrono::steady_clock::time_point;
    // The steady clock counts finer than ours and so ends sooner.
    constexpr auto last = std::chrono::floor<duration>(steady_time::max().time_since_epoch());
    constexpr auto first = std::chrono::ceil<duration>(steady_time::min().time_since_epoch());
    if (when.time_since_epoch() > last) return steady_time::max();
    if (when.time_since_epoch() < first) return steady_time::min();
    return steady_time(when.time_since_epoch());
}

void clock::at(instant when, std::invocable auto done) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(*loop_, steady(when));
    timer->async_wait([timer, done = std::move(done)](const boost::system::error_code& why) mutable {
        if (not why) std::move(done)();
    });
}

}  // namespace headgate::inline v1::asio
