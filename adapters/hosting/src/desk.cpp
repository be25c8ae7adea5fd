#include <headgate/hosting/desk.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <utility>

namespace headgate::inline v1::hosting {

instant steady_now() {
    return instant(std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

desk::desk(hooks with)
    : with_(std::move(with)),
      has_own_clock_(static_cast<bool>(with_.now)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (not with_.now) with_.now = steady_now;
    epoll_event event{.events = EPOLLIN, .data = {.fd = event_}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event);
    thread_ = std::thread([this] { run(); });
}

desk::~desk() {
    finish();
    ::close(event_);
    ::close(epoll_);
}

bool desk::post(work one) {
    {
        const std::scoped_lock lock(mutex_);
        if (ends_ or posted_.size() >= most_calls) return false;
        posted_.push_back(std::move(one));
    }
    wake();
    return true;
}

void desk::wake() {
    // The counter cannot overflow: the thread reads it in each turn. If it could, the thread would be awake anyway.
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
}

void desk::finish() {
    {
        const std::scoped_lock lock(mutex_);
        ends_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
}

bool desk::notice(int descriptor, std::function<void()> ready) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return false;
    noticed_.insert_or_assign(descriptor, std::move(ready));
    return true;
}

void desk::forget(int descriptor) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    noticed_.erase(descriptor);
}

void desk::hold(const request<watch_workers>& r, held_completion<watch_workers> done) {
    const std::optional older = std::exchange(watch_, held<watch_workers>{r, std::move(done)});
    if (older) older->done(log_.nothing(older->asked.what.since));
}

void desk::hold(const request<stop_workers>& r, held_completion<stop_workers> done) {
    stops_.push_back({r, std::move(done)});
}

void desk::run() {
    for (;;) {
        const bool ends = [this] {
            const std::scoped_lock lock(mutex_);
            return ends_;
        }();
        const instant now = ends ? never : with_.now();
        take_posted();
        do_work(now);
        const instant turn = ends ? never : with_.turn(now);
        const instant settled = settle(now);
        if (ends) return;
        wait(std::min(turn, settled));
    }
}

void desk::take_posted() {
    std::vector<work> all;
    {
        const std::scoped_lock lock(mutex_);
        all.swap(posted_);
    }
    std::ranges::move(all, std::back_inserter(waiting_));
}

void desk::do_work(instant now) {
    std::size_t done = 0;
    while (done < waiting_.size() and waiting_[done](now)) ++done;
    assert(now != never or done == waiting_.size());
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
}

instant desk::settle(instant now) {
    instant next = never;
    // A completion may post, but cannot hold: that takes this thread.
    std::erase_if(stops_, [&](const held<stop_workers>& stop) {
        const std::uint32_t left = with_.left(stop.asked.what.job, stop.asked.what.up_to);
        // At the deadline itself it would be late.
        const instant last = stop.asked.deadline - answer_early;
        if (left > 0 and now < last) {
            next = std::min(next, last);
            return false;
        }
        stop.done(left);
        return true;
    });
    if (watch_) {
        std::optional news = log_.after(watch_->asked.what.since);
        if (not news and now >= watch_->asked.deadline) news = log_.nothing(watch_->asked.what.since);
        if (news) {
            const held<watch_workers> watch = *std::exchange(watch_, std::nullopt);
            watch.done(*std::move(news));
        } else {
            next = std::min(next, watch_->asked.deadline);
        }
    }
    return next;
}

void desk::wait(instant until) {
    int timeout = -1;
    if (until != never) {
        duration longest = until - std::min(until, with_.now());
        longest = std::min<duration>(longest, has_own_clock_ ? look_again : duration(std::chrono::hours(1)));
        timeout = static_cast<int>(longest.count());
    }
    if (not waiting_.empty()) timeout = static_cast<int>(try_again.count());
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
        const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
        if (descriptor == event_) {
            std::uint64_t wakes = 0;
            [[maybe_unused]] const auto read = ::read(event_, &wakes, sizeof wakes);
            continue;
        }
        const auto found = noticed_.find(descriptor);
        if (found == noticed_.end()) continue;
        const std::function<void()> ready = found->second;  // it may forget itself
        ready();
    }
}

}  // namespace headgate::inline v1::hosting
