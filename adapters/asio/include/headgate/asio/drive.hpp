#pragma once
// SPDX-License-Identifier: BSL-1.0
// asio: a controller, or whatever else wants to be polled, on an io_context.

#include <headgate/asio/clock.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <concepts>
#include <memory>
#include <optional>

namespace headgate::inline v1::asio {

/// What a loop asks of what it drives. Controllers and worker drivers are such.
///
///     expression          meaning
///     ------------------  -------------------------------------------------------------------------------------------
///     d.poll()            does what there is to do, without blocking
///     d.next_deadline()   when to poll again at the latest, by `asio::clock`; `never`: only when woken
///     d.on_wake(wake)     from now on calls `wake()`, from any thread, to ask for a poll soon
///     d.is_over()         optional; once true it is polled no more
template <class Drivable>
concept drivable = requires(Drivable& d, const Drivable& c, void (*wake)()) {
    d.poll();
    { c.next_deadline() } -> std::same_as<instant>;
    d.on_wake(wake);
};

/// Polls `driven` soon, and then whenever it wakes or its deadline has come, until it is over or the loop is stopped;
/// until then the loop has work. Never within this call. Any number of threads may run the loop: no two polls are at a
/// time. `driven` lives for as long as the loop runs, and the loop for as long as `driven` may call `wake`.
template <drivable Drivable>
void drive(boost::asio::io_context& loop, Drivable& driven);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class Drivable>
class driving : public std::enable_shared_from_this<driving<Drivable>> {
public:
    driving(boost::asio::io_context& loop, Drivable& driven)
        : driven_(driven), turn_(boost::asio::make_strand(loop)), timer_(turn_), work_(turn_) {}

    void wake() {
        // One poll serves all that woke before it.
        if (is_woken_.exchange(true)) return;
        boost::asio::post(turn_, [self = this->shared_from_this()] { self->poll(); });
    }

private:
    void poll() {
        is_woken_ = false;  // first: what wakes during the poll may have come too late for it
        if (is_over()) return;
        driven_.poll();
        if (is_over()) {
            timer_.cancel();
            work_.reset();
            return;
        }
        arm(driven_.next_deadline());
    }

    bool is_over() const {
        if constexpr (requires(const Drivable& d) {
                          { d.is_over() } -> std::convertible_to<bool>;
                      })
            return driven_.is_over();
        else
            return false;
    }

    void arm(instant deadline) {
        if (armed_ == deadline) return;
        armed_ = deadline;
        timer_.expires_at(steady(deadline));  // this ends the wait before it
        if (deadline == never) return;
        timer_.async_wait([self = this->shared_from_this()](const boost::system::error_code& why) {
            if (why) return;
            self->armed_.reset();
            self->poll();
        });
    }

    Drivable& driven_;
    boost::asio::strand<boost::asio::io_context::executor_type> turn_;
    boost::asio::steady_timer timer_;
    boost::asio::executor_work_guard<boost::asio::strand<boost::asio::io_context::executor_type>> work_;
    std::optional<instant> armed_{};
    std::atomic<bool> is_woken_{};
};

}  // namespace detail

template <drivable Drivable>
void drive(boost::asio::io_context& loop, Drivable& driven) {
    const auto driving = std::make_shared<detail::driving<Drivable>>(loop, driven);
    driven.on_wake([driving] { driving->wake(); });
    driving->wake();
}

}  // namespace headgate::inline v1::asio
