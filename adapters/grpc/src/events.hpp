#pragma once
// SPDX-License-Identifier: BSL-1.0
// grpc: hands a link's events to its receiver, one at a time. Not installed.

#include <headgate/concepts/controller_link.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace headgate::inline v1::grpc {

/// Whoever brings an event while none is being heard lets the receiver hear all that come meanwhile, in order. No lock
/// is held then, so a receiver may bring events itself.
///
/// What waits is bounded by who brings it: a stream reads on only `after` its message was heard, calls are counted, and
/// a stream opens and ends once.
class events {
public:
    /// Before the first event.
    void listen(std::function<void(link_event)> hear) {
        const std::lock_guard held(lock_);
        hear_ = std::move(hear);
    }
    bool are_heard() {
        const std::lock_guard held(lock_);
        return static_cast<bool>(hear_);
    }

    void bring(link_event what, std::function<void()> after = {}) {
        std::unique_lock held(lock_);
        waiting_.emplace_back(std::move(what), std::move(after));
        if (is_hearing_) return;
        is_hearing_ = true;
        while (not waiting_.empty()) {
            auto [next, and_then] = std::move(waiting_.front());
            waiting_.pop_front();
            held.unlock();
            if (hear_) hear_(std::move(next));
            if (and_then) and_then();
            and_then = {};
            held.lock();
        }
        is_hearing_ = false;
        is_quiet_.notify_all();
    }

    /// Nobody brings anything any more. Waits for the receiver to return.
    void wait_until_quiet() {
        std::unique_lock held(lock_);
        is_quiet_.wait(held, [this] { return not is_hearing_; });
    }

private:
    std::mutex lock_;
    std::condition_variable is_quiet_;
    std::function<void(link_event)> hear_;
    std::deque<std::pair<link_event, std::function<void()>>> waiting_;
    bool is_hearing_ = false;
};

}  // namespace headgate::inline v1::grpc
