#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: where what completes or is heard on any thread waits for the thread that polls.

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// How a mailbox tells its items apart: whose each is, how many of one origin may wait unless it is told otherwise, and
/// in which line. All are alike here.
struct of_one_origin {
    static constexpr std::size_t most = 65'536;
    /// How many are taken of one line before it is another's turn.
    static constexpr std::size_t turn = most;
    /// An `Item`'s; hashed by `hash`.
    template <class Item>
    static constexpr std::uint64_t origin(const Item&) {
        return 0;
    }
    /// Whoever posts the items of an origin, and the line of a sender that was put into none.
    static constexpr std::uint64_t sender(std::uint64_t origin) { return origin; }
    static constexpr std::uint64_t line(std::uint64_t sender) { return sender; }
    /// Whether the newest of an origin says all that the older ones said: it takes the place of one that waits.
    static constexpr bool is_cumulative(std::uint64_t) { return false; }
    using hash = std::hash<std::uint64_t>;
};

/// Whoever posts while `most` items of one origin wait, waits too, and posts of other origins do not; but the thread
/// that waits does nothing else meanwhile, which a library with few threads notices. The thread that polled last never
/// waits, as it would for itself; nor does who posts items that are cumulative, of which an origin has one at most.
///
/// Items of one line are taken in the order in which they came; lines take turns, so that a long one keeps no other
/// waiting.
template <class Item, class Sorting = of_one_origin>
class mailbox {
public:
    /// Precondition: `most` > 0.
    explicit mailbox(std::size_t most = Sorting::most) : most_(most) { assert(most > 0); }

    /// From any thread. Wakes, if it is the first item. Does nothing once closed. O(1).
    void post(Item item);

    /// Moves up to `count` items, the oldest of each line first, into `to`. Whether there are more.
    bool take(std::vector<Item>& to, std::size_t count);

    using origin_type = decltype(Sorting::origin(std::declval<const Item&>()));

    /// What `sender` posts from now on waits in `line`; until it leaves. What it posted before is not moved.
    void put(const origin_type& sender, const origin_type& line);
    void leave(const origin_type& sender);

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

    struct waiting_items {
        std::size_t count = 0;
        Item* newest = nullptr;
    };
    template <class Value>
    using by_origin = std::unordered_map<origin_type, Value, typename Sorting::hash>;  // looked up only

    bool is_full(const origin_type& origin) const {
        const auto at = waiting_.find(origin);
        return at != waiting_.end() and at->second.count >= most_;
    }

    std::size_t most_;  // of one origin
    mutable std::mutex guard_;
    std::condition_variable has_room_;
    by_origin<waiting_items> waiting_;
    by_origin<std::list<Item>> lines_;  // those that have items; a list moves none
    std::deque<origin_type> turns_;     // the same lines, whose turn is next first
    by_origin<origin_type> put_;        // the line of a sender that was put into one
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
    const origin_type sender = Sorting::sender(origin);
    const auto at = put_.find(sender);
    const origin_type line = at == put_.end() ? Sorting::line(sender) : at->second;
    std::list<Item>& items = lines_[line];
    items.push_back(std::move(item));
    alike = {alike.count + 1, &items.back()};
    if (items.size() > 1) return;
    turns_.push_back(line);
    if (turns_.size() > 1) return;
    const waker wake = waker_;
    lock.unlock();
    wake();
}

template <class Item, class Sorting>
bool mailbox<Item, Sorting>::take(std::vector<Item>& to, std::size_t count) {
    const std::lock_guard lock(guard_);
    poller_ = std::this_thread::get_id();
    bool has_made_room = false;
    while (count > 0 and not turns_.empty()) {
        const auto line = lines_.find(turns_.front());
        std::list<Item>& items = line->second;
        const std::size_t turn = std::min({count, Sorting::turn, items.size()});
        for (std::size_t i = 0; i < turn; ++i) {
            const auto at = waiting_.find(Sorting::origin(items.front()));
            has_made_room = has_made_room or at->second.count >= most_;
            if (--at->second.count == 0) waiting_.erase(at);
            to.push_back(std::move(items.front()));
            items.pop_front();
        }
        count -= turn;
        if (items.empty())
            lines_.erase(line);
        else
            turns_.push_back(line->first);
        turns_.pop_front();
    }
    if (has_made_room) has_room_.notify_all();
    return not turns_.empty();
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::put(const origin_type& sender, const origin_type& line) {
    const std::lock_guard lock(guard_);
    put_.insert_or_assign(sender, line);
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::leave(const origin_type& sender) {
    const std::lock_guard lock(guard_);
    put_.erase(sender);
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::let_go() {
    const std::lock_guard lock(guard_);
    let_go_ = true;
    has_room_.notify_all();
}

template <class Item, class Sorting>
void mailbox<Item, Sorting>::close() {
    by_origin<std::list<Item>> dropped;
    const std::lock_guard lock(guard_);
    is_closed_ = true;
    dropped.swap(lines_);
    turns_.clear();
    waiting_.clear();
    waker_ = {};
    has_room_.notify_all();
}

template <class Item, class Sorting>
template <class Wake>
void mailbox<Item, Sorting>::on_wake(Wake wake) {
    std::unique_lock lock(guard_);
    waker_ = {std::make_shared<Wake>(std::move(wake)), [](void* target) { (*static_cast<Wake*>(target))(); }};
    if (turns_.empty()) return;
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
