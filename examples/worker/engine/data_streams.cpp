// SPDX-License-Identifier: BSL-1.0
#include "data_streams.hpp"

#include <chrono>

namespace dataflow {

namespace {

constexpr char good_bye_kind = 3;
constexpr std::size_t header = 5;

grpc::ByteBuffer buffer_of(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    return {&slice, 1};
}

/// The batch's bytes are not copied.
grpc::ByteBuffer buffer_of(std::uint32_t channel, item what) {
    std::string head(1, static_cast<char>(what.kind));
    put(head, channel);
    if (what.kind == item_kind::barrier) put(head, what.epoch.value);
    if (what.kind != item_kind::batch) return buffer_of(head);
    auto* const held = new std::string(std::move(what.bytes));
    const grpc::Slice slices[]{grpc::Slice(head), grpc::Slice(
                                                      held->data(), held->size(),
                                                      [](void* of) { delete static_cast<std::string*>(of); }, held)};
    return {slices, 2};
}

std::string bytes_of(const grpc::ByteBuffer& from) {
    std::string bytes;
    std::vector<grpc::Slice> slices;
    if (not from.Valid() or not from.Dump(&slices).ok()) return bytes;
    bytes.reserve(from.Length());
    for (const grpc::Slice& each : slices) bytes.append(reinterpret_cast<const char*>(each.begin()), each.size());
    return bytes;
}

std::optional<item> item_of(std::string bytes, std::uint32_t& channel) {
    if (bytes.size() < header or bytes[0] < 0 or bytes[0] > good_bye_kind) return std::nullopt;
    channel = get(bytes.data() + 1);
    item what{.kind = static_cast<item_kind>(bytes[0]), .bytes = {}, .epoch = {}};
    if (what.kind == item_kind::barrier) {
        if (bytes.size() != header + 4) return std::nullopt;
        what.epoch.value = get(bytes.data() + header);
    } else if (what.kind == item_kind::batch) {
        what.bytes = std::move(bytes.erase(0, header));
    }
    return what;
}

}  // namespace

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

void put(std::string& to, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<char>(value >> shift));
}

std::uint32_t get(const char* from) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(from[i]);
    return value;
}

std::string encode(const shown& what) {
    std::string bytes;
    put(bytes, what.generation.value);
    put(bytes, static_cast<std::uint32_t>(what.digest));
    put(bytes, static_cast<std::uint32_t>(what.digest >> 32));
    put(bytes, what.position);
    put(bytes, what.channels);
    return bytes;
}

std::optional<shown> decode_shown(std::string_view bytes) {
    if (bytes.size() != 20) return std::nullopt;
    return shown{.generation = {get(bytes.data())},
                 .digest = std::uint64_t{get(bytes.data() + 8)} << 32 | get(bytes.data() + 4),
                 .position = get(bytes.data() + 12),
                 .channels = get(bytes.data() + 16)};
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
    self_ = shared_from_this();
    const std::lock_guard lock(guard_);
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
    running_streams& running = running_;
    self_.reset();  // may end this
    running.end();
}

}  // namespace dataflow
