#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what a scheduler saw, kept until whoever watches has heard it.

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/record.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace headgate::inline v1 {

/// A value for models of `scheduler` whose `watch` has news. One reader at a time: what its cursor has passed is
/// forgotten. Amortised O(1) for each exit.
class worker_log {
public:
    /// Exits kept for a reader that does not come; one more drops the oldest, which is then noticed by deadline only.
    static constexpr std::size_t most_exits = 65'536;

    /// A worker ended by itself, or could not be started. Its slots are free again.
    void exited(worker_news::exited what);
    /// There is room again.
    void freed() { freed_at_ = ++last_; }

    /// What came after `since`, if anything did. A cursor of an earlier log counts as none.
    std::optional<worker_news> after(cursor since);
    /// For a watch that ends without news.
    worker_news nothing(cursor since) const { return {.next = since.value > last_ ? cursor{} : since}; }

    friend bool operator==(const worker_log&, const worker_log&) = default;

private:
    friend fields;
    static constexpr std::size_t field_count = 3;

    std::uint64_t last_ = 0;
    std::uint64_t freed_at_ = 0;
    std::deque<std::pair<std::uint64_t, worker_news::exited>> exits_;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void worker_log::exited(worker_news::exited what) {
    freed();
    if (exits_.size() == most_exits) exits_.pop_front();
    exits_.emplace_back(last_, std::move(what));
}

inline std::optional<worker_news> worker_log::after(cursor since) {
    if (since.value > last_) since = {};
    while (not exits_.empty() and exits_.front().first <= since.value) exits_.pop_front();
    if (since.value == last_) return std::nullopt;
    worker_news news{.next = {last_}, .slots_freed = freed_at_ > since.value};
    for (const auto& [number, exit] : exits_) news.exits.push_back(exit);
    return news;
}

}  // namespace headgate::inline v1
