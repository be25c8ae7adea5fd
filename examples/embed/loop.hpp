#pragma once
// SPDX-License-Identifier: BSL-1.0
// The event loop that this controller had before: epoll, and what watches its descriptors.

#include <headgate/vocabulary/time.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace mine {

struct steady_clock {
    headgate::instant now() const {
        return headgate::instant(
            std::chrono::floor<headgate::duration>(std::chrono::steady_clock::now().time_since_epoch()));
    }
};

class loop {
public:
    loop() {
        on_readable(bell_, [this] {
            std::uint64_t rung = 0;
            [[maybe_unused]] const auto bytes = read(bell_, &rung, sizeof rung);
        });
    }
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;
    ~loop() {
        close(bell_);
        close(epoll_);
    }

    /// From any thread: `wait` returns.
    void wake() {
        const std::uint64_t once = 1;
        [[maybe_unused]] const auto bytes = write(bell_, &once, sizeof once);
    }
    void on_readable(int descriptor, std::function<void()> handle) {
        epoll_event wanted{.events = EPOLLIN, .data = {.fd = descriptor}};
        epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &wanted);
        handlers_[descriptor] = std::move(handle);
    }
    /// Until `when`, or until something is readable, which is handled.
    void wait(headgate::instant when) {
        constexpr std::int64_t longest = 60'000;
        const auto now = steady_clock{}.now();
        const auto left = when <= now ? 0 : std::min<std::int64_t>(longest, (when - now).count());
        epoll_event ready[16];
        const int count = epoll_wait(epoll_, ready, 16, static_cast<int>(left));
        for (int i = 0; i < count; ++i) handlers_.at(ready[i].data.fd)();
    }

private:
    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    int bell_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    std::map<int, std::function<void()>> handlers_;
};

/// Anything of headgate's that is polled: a controller, or a worker.
template <class Polled>
void drive(loop& on, Polled& polled, auto is_over) {
    polled.on_wake([&on] { on.wake(); });
    for (polled.poll(); not is_over(); polled.poll()) on.wait(polled.next_deadline());
}

}  // namespace mine
