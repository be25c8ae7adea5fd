// SPDX-License-Identifier: BSL-1.0
#include "worker_stream.hpp"

#include <headgate/protobuf/messages.hpp>

#include <grpcpp/generic/generic_stub.h>

#include <deque>
#include <string>
#include <utility>

namespace headgate::inline v1::grpc {

/// One stream, from `open` until gRPC has done with it.
class attempt_to_work : public ::grpc::ClientBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>,
                        public std::enable_shared_from_this<attempt_to_work> {
public:
    explicit attempt_to_work(worker_stream& of)
        : of_(of), channel_(connect(of.controller_, of.security_, of.options_.limits, of.options_.connect_timeout)) {}

    void begin() {
        const std::lock_guard held(lock_);  // as in streams.cpp
        self_ = shared_from_this();
        ::grpc::TemplatedGenericStub<::grpc::ByteBuffer, ::grpc::ByteBuffer>(channel_).PrepareBidiStreamingCall(
            &context_, work_method, ::grpc::StubOptions(), this);
        AddHold();  // for what is sent from outside of gRPC's threads
        StartRead(&read_);
        StartCall();
    }

    void send(::grpc::ByteBuffer bytes) {
        const std::lock_guard held(lock_);
        if (is_over_ or is_closing_) return;
        if (waiting_.size() >= of_.options_.stream_queue) return cancel("the controller does not read what it is told");
        waiting_.push_back(std::move(bytes));
        write_next();
    }

    void close() {
        const std::lock_guard held(lock_);
        if (is_over_ or std::exchange(is_closing_, true)) return;
        write_next();
    }

    void end(std::string why) {
        const std::lock_guard held(lock_);
        cancel(std::move(why));
    }

    void OnReadInitialMetadataDone(bool ok) override {
        if (ok) tell_open();
    }

    void OnReadDone(bool ok) override {
        if (not ok) return release();
        tell_open();  // the two may come at once
        auto message = read_bytes(read_, [&](std::string_view bytes) {
            return protobuf::decode_controller_message(bytes, of_.options_.limits);
        });
        if (not message) {
            end(message.error().text);
            return release();
        }
        of_.events_.bring(*std::move(message), [self = self_] { self->read_next(); });
    }

    void OnWriteDone(bool ok) override {
        const std::lock_guard held(lock_);
        is_writing_ = false;
        if (ok) write_next();  // if not, the read that waits says the rest
    }

    void OnDone(const ::grpc::Status& status) override {
        std::unique_lock seen(lock_);
        std::string why = std::move(why_);
        std::shared_ptr<attempt_to_work> last = std::move(self_);
        seen.unlock();
        if (why.empty()) why = status.ok() ? "closed" : describe(status, of_.options_.limits);
        worker_stream& of = of_;
        {
            const std::lock_guard held(of.lock_);
            if (of.current_.get() == this) of.current_.reset();  // from now on `open` opens a new one
        }
        last.reset();  // ends this and its channel, before `worker_stream::end` may return
        of.events_.bring(link_ended{std::move(why)}, [&of] {
            const std::lock_guard held(of.lock_);
            if (--of.running_ == 0) of.is_idle_.notify_all();
        });
    }

private:
    void tell_open() {
        {
            const std::lock_guard held(lock_);
            if (std::exchange(is_told_, true)) return;
        }
        of_.events_.bring(link_opened{});
    }

    void read_next() {
        const std::lock_guard held(lock_);
        if (not is_over_) StartRead(&read_);
    }

    // With the lock.
    void write_next() {
        if (is_over_ or is_writing_) return;
        if (not waiting_.empty()) {
            writing_ = std::move(waiting_.front());
            waiting_.pop_front();
            is_writing_ = true;
            StartWrite(&writing_);
        } else if (is_closing_ and not std::exchange(has_closed_, true)) {
            StartWritesDone();
        }
    }

    // With the lock.
    void cancel(std::string why) {
        if (is_over_) return;
        if (why_.empty()) why_ = std::move(why);
        context_.TryCancel();
    }

    /// Nothing may be started after it.
    void release() {
        {
            const std::lock_guard held(lock_);
            if (std::exchange(is_over_, true)) return;
            waiting_.clear();
        }
        RemoveHold();
    }

    worker_stream& of_;
    const std::shared_ptr<::grpc::Channel> channel_;
    ::grpc::ClientContext context_;
    std::shared_ptr<attempt_to_work> self_;  // gRPC's own
    ::grpc::ByteBuffer read_;

    std::mutex lock_;
    std::deque<::grpc::ByteBuffer> waiting_;
    ::grpc::ByteBuffer writing_;
    std::string why_;  // we ended it
    bool is_told_ = false;
    bool is_writing_ = false;
    bool is_closing_ = false;
    bool has_closed_ = false;
    bool is_over_ = false;
};

void worker_stream::end() {
    std::unique_lock held(lock_);
    is_ending_ = true;
    auto last = current_;
    held.unlock();
    if (last) last->end("this worker ends");
    last.reset();
    held.lock();
    is_idle_.wait(held, [this] { return running_ == 0; });
}

std::shared_ptr<attempt_to_work> worker_stream::current() {
    const std::lock_guard held(lock_);
    return current_;
}

void worker_stream::open() {
    // With the lock, so that nobody sends on a stream that has not begun. gRPC calls nothing from within these calls.
    const std::lock_guard held(lock_);
    if (current_ or is_ending_) return;
    current_ = std::make_shared<attempt_to_work>(*this);
    ++running_;
    current_->begin();
}

void worker_stream::send(const worker_message& message) {
    const auto to = current();
    if (not to) return;
    const std::string bytes = protobuf::encode(message);
    if (bytes.size() > options_.limits.message)
        return to->end("a message of " + std::to_string(bytes.size()) + " bytes, the limit is " +
                       std::to_string(options_.limits.message));
    to->send(buffer_of(bytes));
}

void worker_stream::close() {
    if (const auto which = current()) which->close();
}

}  // namespace headgate::inline v1::grpc
