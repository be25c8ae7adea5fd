#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: where what completes or is heard on any thread waits for the thread that polls.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Whoever posts while `most` items wait, waits too; but for the thread that polled last, which would wait for itself.
template <class Item>
class mailbox {
public:
    static constexpr std::size_t most = 65'536;

    /// From any thread. Wakes, if it is the first item. Does nothing once closed.
    void post(Item item);

    /// Moves up to `count` items, oldest first, into `to`. Whether there are more.
    bool take(std::vector<Item>& to, std::size_t count);

    /// From now on nobody waits: what comes while it is full is dropped.
    void let_go();

    /// Like that, and what is in it, and all that comes, is dropped.
    void close();

    /// `wake()` is called from any thread, also within `post` and this call, while nothing is locked.
    template <class Wake>
    void on_wake(Wake wake);
    void wake() const;

private:
    struct waker {
        std::shared_ptr<void> target{};
        void (*call)(void*) = nullptr;

        void operator()() const {
            if (call != nullptr) call(target.get());
        }
    };

    mutable std::mutex guard_;
    std::condition_variable has_room_;
    std::deque<Item> items_;
    waker waker_;
    std::thread::id poller_;
    bool let_go_ = false;
    bool is_closed_ = false;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Item>
void mailbox<Item>::post(Item item) {
    std::unique_lock lock(guard_);
    const bool polls = poller_ == std::this_thread::get_id();
    has_room_.wait(lock, [&] { return items_.size() < most or polls or let_go_ or is_closed_; });
    if (is_closed_ or (let_go_ and items_.size() >= most)) return;
    items_.push_back(std::move(item));
    if (items_.size() > 1) return;
    const waker wake = waker_;
    lock.unlock();
    wake();
}

template <class Item>
bool mailbox<Item>::take(std::vector<Item>& to, std::size_t count) {
    const std::lock_guard lock(guard_);
    poller_ = std::this_thread::get_id();
    const bool was_full = items_.size() >= most;
    for (; count > 0 and not items_.empty(); --count) {
        to.push_back(std::move(items_.front()));
        items_.pop_front();
    }
    if (was_full) has_room_.notify_all();
    return not items_.empty();
}

template <class Item>
void mailbox<Item>::let_go() {
    const std::lock_guard lock(guard_);
    let_go_ = true;
    has_room_.notify_all();
}

template <class Item>
void mailbox<Item>::close() {
    std::deque<Item> dropped;
    const std::lock_guard lock(guard_);
    is_closed_ = true;
    dropped.swap(items_);
    waker_ = {};
    has_room_.notify_all();
}

template <class Item>
template <class Wake>
void mailbox<Item>::on_wake(Wake wake) {
    std::unique_lock lock(guard_);
    waker_ = {std::make_shared<Wake>(std::move(wake)), [](void* target) { (*static_cast<Wake*>(target))(); }};
    if (items_.empty()) return;
    const waker now = waker_;
    lock.unlock();
    now();
}

template <class Item>
void mailbox<Item>::wake() const {
    std::unique_lock lock(guard_);
    const waker now = waker_;
    lock.unlock();
    now();
}

}  // namespace headgate::inline v1
