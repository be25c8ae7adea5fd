// SPDX-License-Identifier: BSL-1.0
#include "worker_service.hpp"

#include <headgate/protobuf/messages.hpp>

#include <string>
#include <utility>

namespace headgate::inline v1::grpc {

namespace {

::grpc::Status status_of(::grpc::StatusCode code, std::string why) { return {code, std::move(why)}; }

class refused_call : public ::grpc::ServerUnaryReactor {
public:
    explicit refused_call(::grpc::Status why) {
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

/// Whoever takes it out of the service's list finishes it, so that it is finished once.
// gRPC orders a reaction after what was done before the stream or call was handed to it, but by means that
// ThreadSanitizer does not see; so what is handed over is written, and first looked at, under a lock of its own.
class waiting_call : public ::grpc::ServerUnaryReactor {
public:
    waiting_call(worker_service& of, std::uint64_t id, bool is_identify, ::grpc::ByteBuffer& response)
        : of_(of), id_(id), is_identify_(is_identify), response_(response) {}

    void hold(std::shared_ptr<waiting_call> self) {
        const std::lock_guard held(lock_);
        self_ = std::move(self);
    }

    void finish(const call_answer& with) {
        const std::lock_guard held(lock_);
        Finish(std::visit(headgate::detail::overloaded{
                              [&](const identified& me) {
                                  response_ = buffer_of(protobuf::encode(me));
                                  return is_identify_ ? ::grpc::Status::OK : wrong();
                              },
                              [&](const applied&) {
                                  response_ = buffer_of({});  // a message without fields, not none
                                  return is_identify_ ? wrong() : ::grpc::Status::OK;
                              },
                              [&](const refused& no) {
                                  return status_of(::grpc::StatusCode::FAILED_PRECONDITION,
                                                   no.why.substr(0, of_.options_.limits.error_text));
                              },
                          },
                          with));
    }

    void OnCancel() override {
        const std::lock_guard held(lock_);
        if (of_.withdraw(id_)) Finish(::grpc::Status::CANCELLED);
    }
    void OnDone() override {
        std::unique_lock held(lock_);
        worker_service& of = of_;
        std::shared_ptr<waiting_call> last = std::move(self_);
        held.unlock();
        last.reset();  // may end this
        of.ended();
    }

private:
    static ::grpc::Status wrong() {
        return status_of(::grpc::StatusCode::INTERNAL, "the worker answered another question");
    }

    worker_service& of_;
    const std::uint64_t id_;
    const bool is_identify_;
    ::grpc::ByteBuffer& response_;
    std::mutex lock_;
    std::shared_ptr<waiting_call> self_;  // gRPC's own
};

worker_service::~worker_service() {
    std::unique_lock held(lock_);
    is_idle_.wait(held, [this] { return running_ == 0 and unheard_ == 0; });
}

std::shared_ptr<waiting_call> worker_service::withdraw(std::uint64_t id) {
    const std::lock_guard held(lock_);
    auto found = waiting_.extract(id);
    return found ? std::move(found.mapped()) : nullptr;
}

void worker_service::ended() {
    const std::lock_guard held(lock_);
    --running_;
    is_idle_.notify_all();
}

void worker_service::answer(call_id to, const call_answer& with) {
    if (const auto found = withdraw(to.value)) found->finish(with);
}

template <class Decode>
::grpc::ServerUnaryReactor* worker_service::take(const context& of, const bytes& request, bytes& response,
                                                 Decode decode) {
    const auto refuse = [](::grpc::StatusCode code, std::string why) {
        return new refused_call(status_of(code, std::move(why)));
    };
    if (not is_trusted(*of.auth_context(), security_))
        return refuse(::grpc::StatusCode::UNAUTHENTICATED, "this connection is not known to be a controller's");
    const auto token = token_of(of);
    if (not token) return refuse(::grpc::StatusCode::UNAUTHENTICATED, no_token);
    if (not events_.are_heard()) return refuse(::grpc::StatusCode::UNAVAILABLE, "the worker does not listen yet");
    auto what = read_bytes(request, [&](std::string_view text) { return decode(text, options_.limits); });
    if (not what) return refuse(::grpc::StatusCode::INVALID_ARGUMENT, what.error().text);

    called heard{.id = {}, .token = *token, .what = *std::move(what)};
    std::shared_ptr<waiting_call> made;
    {
        const std::lock_guard held(lock_);
        if (waiting_.size() < options_.calls and unheard_ < options_.calls) {
            heard.id = {++last_id_};
            const bool is_identify = std::holds_alternative<identify>(heard.what);
            made = std::make_shared<waiting_call>(*this, last_id_, is_identify, response);
            made->hold(made);
            waiting_.emplace(last_id_, made);
            ++running_;
            ++unheard_;
        }
    }
    if (not made) return refuse(::grpc::StatusCode::UNAVAILABLE, "too many calls wait for their answers");
    ::grpc::ServerUnaryReactor* const reactor = made.get();
    made.reset();  // gRPC and the list hold it; it is gRPC's until this returns
    events_.bring(std::move(heard), [this] {
        const std::lock_guard held(lock_);
        --unheard_;
        is_idle_.notify_all();
    });
    return reactor;
}

::grpc::ServerUnaryReactor* worker_service::Identify(context* of, const bytes* request, bytes* response) {
    return take(*of, *request, *response, protobuf::decode_identify);
}

::grpc::ServerUnaryReactor* worker_service::StartExecution(context* of, const bytes* request, bytes* response) {
    return take(*of, *request, *response, protobuf::decode_execute);
}

::grpc::ServerUnaryReactor* worker_service::BeginCheckpoint(context* of, const bytes* request, bytes* response) {
    return take(*of, *request, *response, protobuf::decode_checkpoint);
}

::grpc::ServerUnaryReactor* worker_service::StopExecution(context* of, const bytes* request, bytes* response) {
    return take(*of, *request, *response, protobuf::decode_stop);
}

}  // namespace headgate::inline v1::grpc
