// SPDX-License-Identifier: BSL-1.0
#include "data_streams.hpp"

#include <chrono>

namespace dataflow {

void running_streams::begin() {
    const std::lock_guard lock(guard_);
    ++count_;
}

void running_streams::end() {
    const std::lock_guard lock(guard_);
    if (--count_ == 0) is_idle_.notify_all();
}

void running_streams::wait() {
    std::unique_lock lock(guard_);
    is_idle_.wait(lock, [&] { return count_ == 0; });
}

bool running_streams::wait_for(std::chrono::milliseconds limit) {
    std::unique_lock lock(guard_);
    return is_idle_.wait_for(lock, limit, [&] { return count_ == 0; });
}

// Sending -------------------------------------------------------------------------------------------------------------

void sender_stream::begin(const headgate::digest256& token, const shown& what) {
    running_.begin();
    self_ = shared_from_this();
    context_.AddMetadata(token_key, std::string(reinterpret_cast<const char*>(token.data()), token.size()));
    context_.AddMetadata(session_key, encode(what));
    grpc::GenericStub(through_).PrepareBidiStreamingCall(&context_, data_method, grpc::StubOptions(), this);
    AddHold();  // for what is sent from outside of gRPC's threads
    StartRead(&read_);
    StartCall();
}

bool sender_stream::wait_until_open(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(guard_);
    changed_.wait_until(lock, until, [&] { return is_open_ or is_done_ or is_halted_; });
    if (is_open_ and not is_halted_) return true;
    lock.unlock();
    cancel();
    return false;
}

grpc::Status sender_stream::wait_until_over() {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [&] { return is_done_ or is_halted_; });
    return is_done_ ? status_ : grpc::Status(grpc::StatusCode::CANCELLED, "this worker is stopping");
}

bool sender_stream::send(std::uint32_t channel, item what, wait_meter& waited) {
    std::unique_lock lock(guard_);
    const auto may_go_on = [&] { return credits_[channel] > 0 or is_over_ or is_halted_; };
    if (not may_go_on()) {
        waited.begin(nanoseconds_now());
        changed_.wait(lock, may_go_on);
        waited.end(nanoseconds_now());
    }
    if (is_over_ or is_halted_) return false;
    --credits_[channel];
    const std::size_t size = what.bytes.size();
    queued_ += size;
    waiting_.push_back({buffer_of(channel, std::move(what)), size});
    write_next();
    return true;
}

void sender_stream::halt() {
    const std::lock_guard lock(guard_);
    is_halted_ = true;
    changed_.notify_all();
}

void sender_stream::say_good_bye() {
    const std::lock_guard lock(guard_);
    if (std::exchange(says_good_bye_, true) or is_over_) return;
    std::string head(1, good_bye_kind);
    put(head, 0);
    forget_waiting();
    waiting_.push_back({buffer_of(head), 0});
    write_next();
}

// With the lock.
void sender_stream::write_next() {
    if (is_over_ or is_writing_) return;
    if (not waiting_.empty()) {
        writing_ = std::move(waiting_.front().bytes);
        writes_ = waiting_.front().counted;
        waiting_.pop_front();
        is_writing_ = true;
        StartWrite(&writing_);
    } else if (says_good_bye_ and not std::exchange(has_closed_, true)) {
        StartWritesDone();
    }
}

bool sender_stream::hear(const grpc::ByteBuffer& message) {
    const std::string bytes = bytes_of(message);
    if (bytes.size() % 8 != 0) return false;
    const std::lock_guard lock(guard_);
    is_open_ = true;
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        const std::uint32_t channel = get(bytes.data() + at), count = get(bytes.data() + at + 4);
        if (channel == good_bye_channel) {
            heard_good_bye_ = true;
        } else if (channel < credits_.size() and count <= channel_window - credits_[channel]) {
            credits_[channel] += count;
        } else {
            return false;
        }
    }
    changed_.notify_all();
    return true;
}

void sender_stream::OnReadDone(bool ok) {
    if (not ok) return release();
    if (hear(read_)) return StartRead(&read_);
    context_.TryCancel();
    release();
}

void sender_stream::OnWriteDone(bool ok) {
    const std::lock_guard lock(guard_);
    queued_ -= std::exchange(writes_, 0);
    writing_.Clear();
    is_writing_ = false;
    if (ok) write_next();  // if not, the read that waits says the rest
}

// With the lock.
void sender_stream::forget_waiting() {
    for (const frame& each : waiting_) queued_ -= each.counted;
    waiting_.clear();
}

/// Nothing may be started after it.
void sender_stream::release() {
    {
        const std::lock_guard lock(guard_);
        if (std::exchange(is_over_, true)) return;
        forget_waiting();
        changed_.notify_all();
    }
    RemoveHold();
}

void sender_stream::OnDone(const grpc::Status& status) {
    bool is_lost = false;
    {
        const std::lock_guard lock(guard_);
        is_done_ = true;
        status_ = status;
        is_lost = is_open_ and not heard_good_bye_ and not is_halted_;
        changed_.notify_all();
    }
    if (is_lost) lost_(status.ok() ? "it closed the stream" : status.error_message());
    running_streams& running = running_;
    self_.reset();  // may end this
    running.end();
}

// Receiving -----------------------------------------------------------------------------------------------------------

void receiver_stream::begin() {
    const std::lock_guard lock(guard_);
    self_ = shared_from_this();
    is_writing_ = true;
    writing_ = buffer_of(std::string());
    StartWrite(&writing_);
    StartRead(&read_);
}

void receiver_stream::give_credit(std::uint32_t channel) {
    const std::lock_guard lock(guard_);
    put(credits_, channel);
    put(credits_, 1);
    write_next();
}

void receiver_stream::halt() {
    const std::lock_guard lock(guard_);
    is_halted_ = true;
}

void receiver_stream::say_good_bye() {
    const std::lock_guard lock(guard_);
    if (std::exchange(says_good_bye_, true)) return;
    put(credits_, good_bye_channel);
    put(credits_, 0);
    write_next();
}

// With the lock.
void receiver_stream::write_next() {
    if (is_finished_ or is_writing_) return;
    if (not credits_.empty()) {
        writing_ = buffer_of(std::exchange(credits_, {}));
        is_writing_ = true;
        StartWrite(&writing_);
    } else if (says_good_bye_ and not std::exchange(is_finished_, true)) {
        Finish(grpc::Status::OK);
    }
}

bool receiver_stream::hear(const grpc::ByteBuffer& message) {
    std::uint32_t channel = 0;
    auto what = item_of(bytes_of(message), channel);
    if (not what) return false;
    {
        const std::lock_guard lock(guard_);
        if (static_cast<char>(what->kind) == good_bye_kind) return heard_good_bye_ = true;
        if (is_halted_) return true;
    }
    return channel < session_->channels_in[worker_] and session_->arrived(worker_, channel, *std::move(what));
}

void receiver_stream::OnReadDone(bool ok) {
    if (ok and hear(read_)) return StartRead(&read_);
    bool is_lost = false;
    {
        const std::lock_guard lock(guard_);
        is_lost = not heard_good_bye_ and not is_halted_;
    }
    finish(ok ? grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "that is no message, or there is no room for it")
              : grpc::Status::OK);
    if (is_lost) session_->lost(worker_, ok ? "it broke the rules of the data plane" : "its stream ended");
}

void receiver_stream::finish(grpc::Status status) {
    const std::lock_guard lock(guard_);
    if (std::exchange(is_finished_, true)) return;
    Finish(std::move(status));
}

void receiver_stream::OnWriteDone(bool ok) {
    const std::lock_guard lock(guard_);
    is_writing_ = false;
    if (ok) write_next();
}

void receiver_stream::OnDone() {
    std::unique_lock lock(guard_);  // orders this after `begin`, in a way that ThreadSanitizer sees
    running_streams& running = running_;
    auto last = std::move(self_);
    lock.unlock();
    last.reset();  // may end this
    running.end();
}

}  // namespace dataflow
