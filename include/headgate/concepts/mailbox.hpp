#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: where what completes or is heard on any thread waits for the thread that polls.

#include <cassert>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// How a mailbox tells its items apart: whose each is, and how many of one origin may wait unless it is told otherwise.
/// All are alike here.
struct of_one_origin {
    static constexpr std::size_t most = 65'536;
    /// An `Item`'s; hashed by `hash`.
    template <class Item>
    static constexpr std::uint64_t origin(const Item&) {
        return 0;
    }
    /// Whether the newest of an origin says all that the older ones said: it takes the place of one that waits.
    static constexpr bool is_cumulative(std::uint64_t) { return false; }
    using hash = std::hash<std::uint64_t>;
};

/// Whoever posts while `most` items of one origin wait, waits too, and nobody else does; but for the thread that polled
/// last, which would wait for itself. Items that are cumulative never wait: one of an origin is there at most.
template <class Item, class Sorting = of_one_origin>
class mailbox {
public:
    /// Precondition: `most` > 0.
    explicit mailbox(std::size_t most = Sorting::most) : most_(most) { assert(most > 0); }

    /// From any thread. Wakes, if it is the first item. Does nothing once closed. O(1).
    void post(Item item);

    /// Moves up to `count` items, oldest first, into `to`. Whether there are more.
    bool take(std::vector<Item>& to, std::size_t count);

    /// From now on nobody waits: what comes while its origin's share is full is dropped.
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

    using origin_type = decltype(Sorting::origin(std::declval<const Item&>()));
    struct waiting_items {
        std::size_t count = 0;
        Item* newest = nullptr;  // adding to or taking from the ends of a deque
                                 // moves no other item
    };

    bool is_full(const origin_type& origin) const {
        const auto at = waiting_.find(origin);
        return at != waiting_.end() and at->second.count >= most_;
    }

    std::size_t most_;  // of one origin
    mutable std::mutex guard_;
    std::condition_variable has_room_;
    std::deque<Item> items_;
    std::unordered_map<origin_type, waiting_items, typename Sorting::hash> waiting_;  // looked up only
    waker waker_;
    std::thread::id poller_;
    bool let_go_ = false;
    bool is_closed_ = false;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Item, class Sorting>
void mailbox<Item, Sorting>::post(Item item) {
    const origin_type origin = Sorting::origin(item);
    std::unique_lock lock(guard_);
    const bool polls = poller_ == std::this_thread::get_id();
    has_room_.wait(lock, [&] { return not is_full(origin) or polls or let_go_ or is_closed_; });
    if (is_closed_ or (let_go_ and is_full(origin))) return;
    waiting_items& alike = waiting_[origin];
    if (alike.count > 0 and Sorting::is_cumulative(origin)) {
        *alike.newest = std::move(item);
        return;
    }
    items_.push_back(std::move(item));
    alike = {alike.count + 1, &items_.back()};
    if (items_.size() > 1) return;
    const waker wake = waker_;
    lock.unlock();
    wake();
}

template <class Item, class Sorting>
bool mailbox<Item, Sorting>::take(std::vector<Item>& to, std::size_t count) {
    const std::lock_guard lock(guard_);
    poller_ = std::this_thread::get_id();
    bool has_made_room = false;
    for (; count > 0 and not items_.empty(); --count) {
        const auto at = waiting_.find(Sorting::origin(items_.front()));
        has_made_room = has_made_room or at->second.count >= most_;
        if (--at->second.count == 0) waiting_.erase(at);
        to.push_back(std::move(items_.front()));
        items_.pop_front();
    }
    if (has_made_room) has_room_.notify_all();
    return not items_.empty();
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::let_go() {
    const std::lock_guard lock(guard_);
    let_go_ = true;
    has_room_.notify_all();
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::close() {
    std::deque<Item> dropped;
    const std::lock_guard lock(guard_);
    is_closed_ = true;
    dropped.swap(items_);
    waiting_.clear();
    waker_ = {};
    has_room_.notify_all();
}

template <class Item, class Sorting>
template <class Wake>
void mailbox<Item, Sorting>::on_wake(Wake wake) {
    std::unique_lock lock(guard_);
    waker_ = {std::make_shared<Wake>(std::move(wake)), [](void* target) { (*static_cast<Wake*>(target))(); }};
    if (items_.empty()) return;
    const waker now = waker_;
    lock.unlock();
    now();
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::wake() const {
    std::unique_lock lock(guard_);
    const waker now = waker_;
    lock.unlock();
    now();
}

}  // namespace headgate::inline v1
