// SPDX-License-Identifier: BSL-1.0
#include "streams.hpp"

#include <headgate/protobuf/messages.hpp>

#include <utility>

namespace headgate::inline v1::grpc {

namespace {

using reactor = ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>;

::grpc::Status status_of(::grpc::StatusCode code, std::string why) { return {code, std::move(why)}; }

/// Bytes of a message, decoded before its worker is accepted. A proof is the longest that it may say: two ids, two
/// addresses and less than 128 bytes of numbers; what is left is for fields of later versions.
constexpr std::size_t most_of_a_stranger(const limits& most) { return 2 * most.id + 2 * most.address + 1'024; }

class refusal : public reactor {
public:
    explicit refusal(::grpc::Status why) {
        const std::lock_guard held(lock_);
        Finish(std::move(why));
    }
    void OnDone() override {
        { const std::lock_guard seen(lock_); }
        delete this;
    }

private:
    std::mutex lock_;
};

}  // namespace

/// One worker's stream. Held by `streams` until gRPC has done with it.
// gRPC orders a reaction after what was done before the stream or call was handed to it, but by means that
// ThreadSanitizer does not see; so what is handed over is written, and first looked at, under a lock of its own.
class stream : public reactor {
public:
    stream(streams& of, std::uint64_t id, ::grpc::CallbackServerContext& context,
           std::shared_ptr<const std::function<void(stream_event)>> hear)
        : of_(of), context_(context), id_(id), peer_host_(host_of(context.peer())), hear_(std::move(hear)) {}

    void begin() {
        const std::lock_guard held(lock_);
        StartSendInitialMetadata();  // by which the worker knows that it is open
        StartRead(&read_);
    }

    void send(::grpc::ByteBuffer bytes) {
        const std::lock_guard held(lock_);
        if (is_finished_ or is_closing_) return;
        // Its peer does not read, so would not read a status behind the messages either.
        if (waiting_.size() >= of_.options_.stream_queue) return context_.TryCancel();
        waiting_.push_back(std::move(bytes));
        write_next();
    }

    /// Its worker may say more than a stranger from now on.
    void accept() {
        const std::lock_guard held(lock_);
        is_accepted_ = true;
    }

    /// After what was sent, which a peer that does not read keeps waiting for ever.
    void close() {
        const std::lock_guard held(lock_);
        is_closing_ = true;
        write_next();
    }

    /// Whether the peer reads or not.
    void cut() {
        const std::lock_guard held(lock_);
        if (is_done_) return;  // and nobody may touch the context any more
        finish(::grpc::Status::CANCELLED);
        context_.TryCancel();
    }

    void end(::grpc::Status why) {
        const std::lock_guard held(lock_);
        finish(std::move(why));
    }

    void OnReadDone(bool ok) override {
        if (not ok) return close();  // the worker has closed its side, or the stream broke
        auto message = next_message();
        if (not message) return end(status_of(::grpc::StatusCode::INVALID_ARGUMENT, message.error().text));
        ++heard_;
        (*hear_)({.stream = {id_}, .peer_host = peer_host_, .what = *std::move(message)});
        const std::lock_guard held(lock_);
        if (not is_finished_) StartRead(&read_);
    }

    void OnWriteDone(bool ok) override {
        const std::lock_guard held(lock_);
        is_writing_ = false;
        if (not ok) return;  // OnCancel says the rest
        write_next();
    }

    void OnCancel() override { end(::grpc::Status::CANCELLED); }

    void OnDone() override {
        {
            const std::lock_guard held(lock_);
            is_done_ = true;
        }
        if (heard_ > 0) (*hear_)({.stream = {id_}, .peer_host = peer_host_, .what = stream_ended{}});
        of_.ended(id_);  // ends this
    }

private:
    /// What was read. Until it is accepted a worker says hello, proves itself and waits for the verdict; so a stranger
    /// leaves no more than that waiting.
    expected<worker_message> next_message() {
        bool is_stranger = true;
        {
            const std::lock_guard held(lock_);
            is_stranger = not is_accepted_;
        }
        const auto refuse = [](std::string why) { return failure(error_kind::invalid, std::move(why)); };
        const std::size_t most = most_of_a_stranger(of_.options_.limits);
        if (is_stranger and read_.Length() > most)
            return refuse("a message of " + std::to_string(read_.Length()) + " bytes, the limit is " +
                          std::to_string(most) + " until the worker is accepted");
        auto message = read_bytes(
            read_, [&](std::string_view bytes) { return protobuf::decode_worker_message(bytes, of_.options_.limits); });
        if (not message) return message;
        if (heard_ == 0 and not std::holds_alternative<hello>(*message)) return refuse("a stream begins with a hello");
        if (is_stranger and heard_ == 1 and not std::holds_alternative<proof>(*message))
            return refuse("after the hello comes a proof");
        if (is_stranger and heard_ > 1) return refuse("after the proof a worker waits until it is accepted");
        return message;
    }

    // With the lock.
    void write_next() {
        if (is_finished_ or is_writing_) return;
        if (not waiting_.empty()) {
            writing_ = std::move(waiting_.front());
            waiting_.pop_front();
            is_writing_ = true;
            StartWrite(&writing_);
        } else if (is_closing_) {
            finish(::grpc::Status::OK);
        }
    }

    // Nothing may be started after it. With the lock.
    void finish(::grpc::Status why) {
        if (is_finished_) return;
        is_finished_ = true;
        waiting_.clear();
        Finish(std::move(why));
    }

    streams& of_;
    ::grpc::CallbackServerContext& context_;
    const std::uint64_t id_;
    const std::string peer_host_;
    const std::shared_ptr<const std::function<void(stream_event)>> hear_;

    ::grpc::ByteBuffer read_;  // reading is one after the other
    std::uint64_t heard_ = 0;  // messages

    std::mutex lock_;
    std::deque<::grpc::ByteBuffer> waiting_;
    ::grpc::ByteBuffer writing_;
    bool is_writing_ = false;
    bool is_accepted_ = false;
    bool is_closing_ = false;
    bool is_finished_ = false;
    bool is_done_ = false;
};

streams::~streams() {
    std::unique_lock held(lock_);
    is_empty_.wait(held, [this] { return all_.empty(); });
}

void streams::listen(std::function<void(stream_event)> hear) {
    const std::lock_guard held(lock_);
    hear_ = std::make_shared<const std::function<void(stream_event)>>(std::move(hear));
}

reactor* streams::Work(::grpc::CallbackServerContext* context) {
    const auto refuse = [](::grpc::StatusCode code, const char* why) { return new refusal(status_of(code, why)); };
    if (not is_trusted(*context->auth_context(), security_))
        return refuse(::grpc::StatusCode::UNAUTHENTICATED, "this connection is not known to be a worker's");
    std::shared_ptr<stream> made, gone;
    {
        const std::lock_guard held(lock_);
        if (not hear_) return refuse(::grpc::StatusCode::UNAVAILABLE, "the controller does not listen yet");
        if (all_.size() - gone_.size() >= options_.streams) {
            // Whoever says nothing, or a hello and no more, must not keep workers out.
            if (strangers_.empty() or gone_.size() >= options_.streams)
                return refuse(::grpc::StatusCode::RESOURCE_EXHAUSTED, "the controller has as many streams as it takes");
            const std::uint64_t oldest = *strangers_.begin();
            gone = all_.at(oldest);
            gone_.insert(oldest);
            strangers_.erase(oldest);
        }
        made = std::make_shared<stream>(*this, ++last_id_, *context, hear_);
        all_.emplace(last_id_, made);
        strangers_.insert(last_id_);
    }
    if (gone) gone->cut();
    made->begin();
    return made.get();
}

std::shared_ptr<stream> streams::find(stream_id which) {
    const std::lock_guard held(lock_);
    const auto found = all_.find(which.value);
    return found == all_.end() ? nullptr : found->second;
}

void streams::ended(std::uint64_t id) {
    // The stream, and its copy of the receiver, end before anybody is told.
    std::unique_lock held(lock_);
    std::shared_ptr<stream> last = std::exchange(all_.at(id), nullptr);
    strangers_.erase(id);
    gone_.erase(id);
    held.unlock();
    last.reset();
    held.lock();
    all_.erase(id);
    if (all_.empty()) is_empty_.notify_all();
}

void streams::send(stream_id to, const controller_message& message) {
    const auto found = find(to);
    if (not found) return;
    const auto* const said = std::get_if<verdict>(&message);
    if (said and std::holds_alternative<accepted>(*said)) {
        {
            const std::lock_guard held(lock_);
            strangers_.erase(to.value);
        }
        found->accept();
    }
    const std::string bytes = protobuf::encode(message);
    if (bytes.size() > options_.limits.message)
        return found->end(
            status_of(::grpc::StatusCode::OUT_OF_RANGE, "the controller has more to say than a message holds"));
    found->send(buffer_of(bytes));
}

void streams::close(stream_id which) {
    std::shared_ptr<stream> found;
    {
        const std::lock_guard held(lock_);
        const auto at = all_.find(which.value);
        if (at == all_.end() or not at->second) return;
        found = at->second;
        if (not gone_.contains(which.value)) strangers_.insert(which.value);
    }
    found->close();
}

}  // namespace headgate::inline v1::grpc
