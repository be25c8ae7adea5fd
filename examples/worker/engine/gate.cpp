// SPDX-License-Identifier: BSL-1.0
#include "gate.hpp"

#include <chrono>
#include <utility>

namespace dataflow {

std::int64_t nanoseconds_now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

gate::gate(std::size_t channels) : open_(channels) {
    for (std::size_t i = 0; i < channels; ++i) lanes_.emplace_back();
}

void gate::on_taken(std::size_t channel, std::function<void()> give) { lanes_[channel].give = std::move(give); }

bool gate::put(std::size_t channel, item what, wait_meter& waited) {
    std::unique_lock lock(guard_);
    lane& to = lanes_[channel];
    if (to.queue.size() >= channel_window and not is_closed_) {
        waited.begin(nanoseconds_now());
        to.has_room.wait(lock, [&] { return to.queue.size() < channel_window or is_closed_; });
        waited.end(nanoseconds_now());
    }
    if (is_closed_) return false;
    bytes_ += what.bytes.size();
    to.has_end = what.kind == item_kind::end;
    to.queue.push_back(std::move(what));
    has_item_.notify_one();
    return true;
}

bool gate::offer(std::size_t channel, item what) {
    const std::lock_guard lock(guard_);
    if (is_closed_) return true;
    lane& to = lanes_[channel];
    if (to.has_end or to.queue.size() >= channel_window) return false;
    bytes_ += what.bytes.size();
    to.has_end = what.kind == item_kind::end;
    to.queue.push_back(std::move(what));
    has_item_.notify_one();
    return true;
}

bool gate::find(std::size_t& which) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        which = next_ + i < lanes_.size() ? next_ + i : next_ + i - lanes_.size();
        if (lanes_[which].is_held or lanes_[which].queue.empty()) continue;
        next_ = which + 1 < lanes_.size() ? which + 1 : 0;
        return true;
    }
    return false;
}

void gate::let_go() {
    for (lane& each : lanes_) {
        if (std::exchange(each.is_held, false)) ++open_;
    }
    aligning_ = {};
}

bool gate::aligned() {
    if (aligning_ == headgate::epoch{} or open_ > 0) return false;
    aligned_ = aligning_;
    let_go();
    return true;
}

gate::taken gate::take() {
    using kind = taken::kind;
    std::unique_lock lock(guard_);
    while (true) {
        if (is_closed_) return {kind::closed, {}, {}};
        if (over_ == lanes_.size()) return {kind::end, {}, {}};
        std::size_t which = 0;
        if (not find(which)) {
            has_item_.wait(lock);
            continue;
        }
        lane& from = lanes_[which];
        item what = std::move(from.queue.front());
        from.queue.pop_front();
        bytes_ -= what.bytes.size();
        if (what.kind == item_kind::end) {
            from.is_over = true;
            --open_;
            ++over_;
        } else if (what.kind == item_kind::barrier and what.epoch > aligned_ and what.epoch >= aligning_) {
            if (what.epoch > aligning_) let_go();
            aligning_ = what.epoch;
            from.is_held = true;
            --open_;
        }
        const headgate::epoch complete = aligning_;
        const bool is_complete = aligned();
        from.has_room.notify_one();
        if (from.give) {
            lock.unlock();
            from.give();
            lock.lock();
        }
        if (is_complete) return {kind::barrier, {}, complete};
        if (what.kind == item_kind::batch) return {kind::batch, std::move(what.bytes), {}};
    }
}

void gate::close() {
    const std::lock_guard lock(guard_);
    is_closed_ = true;
    for (lane& each : lanes_) each.has_room.notify_all();
    has_item_.notify_all();
}

std::size_t gate::queued_bytes() const {
    const std::lock_guard lock(guard_);
    return bytes_;
}

}  // namespace dataflow
