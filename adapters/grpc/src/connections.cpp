// SPDX-License-Identifier: BSL-1.0
#include "connections.hpp"

#include <headgate/protobuf/messages.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <utility>

namespace headgate::inline v1::grpc {

namespace {

using stub = ::grpc::TemplatedGenericStub<::grpc::ByteBuffer, ::grpc::ByteBuffer>;

constexpr const char* identify_method = "/headgate.wire.v1.Worker/Identify";

error about(error_kind kind, std::string text) { return {.kind = kind, .text = std::move(text)}; }

/// What a call that did not end well may have done (G6). Only the worker's own words say that it did nothing; what
/// gRPC says on its way may come after the worker acted.
outcome<applied> told_by(const ::grpc::Status& status, error_kind kind, const limits& most) {
    switch (status.error_code()) {
        case ::grpc::StatusCode::OK: return applied{};
        case ::grpc::StatusCode::FAILED_PRECONDITION:
            return not_applied{about(error_kind::permanent, one_line(status.error_message(), most.error_text))};
        case ::grpc::StatusCode::INVALID_ARGUMENT:
        case ::grpc::StatusCode::UNAUTHENTICATED:
        case ::grpc::StatusCode::PERMISSION_DENIED:
        case ::grpc::StatusCode::UNIMPLEMENTED:
            return not_applied{about(error_kind::permanent, describe(status, most))};
        case ::grpc::StatusCode::DEADLINE_EXCEEDED: return unknown{about(kind, "no answer in time")};
        case ::grpc::StatusCode::CANCELLED:
        case ::grpc::StatusCode::UNKNOWN:
        case ::grpc::StatusCode::NOT_FOUND:
        case ::grpc::StatusCode::ALREADY_EXISTS:
        case ::grpc::StatusCode::RESOURCE_EXHAUSTED:
        case ::grpc::StatusCode::ABORTED:
        case ::grpc::StatusCode::OUT_OF_RANGE:
        case ::grpc::StatusCode::INTERNAL:
        case ::grpc::StatusCode::UNAVAILABLE:
        case ::grpc::StatusCode::DATA_LOSS:
        case ::grpc::StatusCode::DO_NOT_USE: break;
    }
    return unknown{about(kind, describe(status, most))};
}

}  // namespace

void connections::end() {
    std::unique_lock held(lock_);
    is_ending_ = true;
    for (auto& [id, each] : all_)
        for (call_in_flight& call : each->calls) call.context.TryCancel();
    is_idle_.wait(held, [this] { return running_ == 0; });
    all_.clear();
}

duration connections::left(instant deadline) const {
    const instant now = options_.now();
    if (deadline <= now) return duration::zero();
    // The difference of instants far apart would overflow.
    if (deadline == never or now < instant{} or deadline - now > options_.longest_call) return options_.longest_call;
    return deadline - now;
}

std::shared_ptr<connections::connection> connections::find(std::uint64_t id) {
    const std::lock_guard held(lock_);
    const auto found = all_.find(id);
    return found == all_.end() or not found->second->is_open ? nullptr : found->second;
}

const char* connections::start(const std::shared_ptr<connection>& on, const char* method, ::grpc::ByteBuffer request,
                               duration limit, ended done) {
    position made;
    {
        const std::lock_guard held(lock_);
        if (is_ending_ or on->is_hung_up) return "the connection was hung up";
        if (running_ >= options_.calls) return "too many calls wait for their answers";
        ++running_;
        made = on->calls.emplace(on->calls.end());
        made->on = on;
        made->request = std::move(request);
        made->done = std::move(done);
        made->context.set_credentials(on->credentials);
        // A span, so that a wall clock that jumps moves no deadline.
        made->context.set_deadline(gpr_time_from_millis(limit.count(), GPR_TIMESPAN));
    }
    stub(on->channel)
        .UnaryCall(&made->context, method, ::grpc::StubOptions(), &made->request, &made->response,
                   [this, made](const ::grpc::Status& status) { finish(made, status); });
    return nullptr;
}

void connections::finish(position which, const ::grpc::Status& status) {
    std::list<call_in_flight> mine;
    {
        const std::lock_guard held(lock_);
        mine.splice(mine.end(), which->on->calls, which);
    }
    which->done(status, which->response);
    mine.clear();  // before `end` may return: what the completion holds, and perhaps the last of the connection
    const std::lock_guard held(lock_);
    if (--running_ == 0) is_idle_.notify_all();
}

void connections::dial(const request<headgate::dial>& asked, std::function<void(outcome<dialled>)> done) {
    const auto refuse = [&](error_kind kind, std::string text) { done(not_applied{about(kind, std::move(text))}); };
    const auto address = endpoint_of(asked.what.address, security_);
    if (not address) return done(not_applied{address.error()});
    if (address->port == 0) return refuse(error_kind::invalid, "address \"" + asked.what.address + "\" has no port");
    const duration limit = std::min(left(asked.deadline), options_.connect_timeout);
    if (limit == duration::zero()) return refuse(error_kind::dial, "the deadline is over");

    const auto made = std::make_shared<connection>();
    std::uint64_t id = 0;
    {
        const std::lock_guard held(lock_);
        if (not is_ending_ and all_.size() < options_.connections) {
            id = ++last_id_;
            all_.emplace(id, made);
        }
    }
    if (id == 0) return refuse(error_kind::dial, "there are " + std::to_string(options_.connections) + " connections");
    made->credentials = credentials_of(asked.what.call_token);
    made->channel = connect(*address, security_, options_.limits, limit);
    const char* const why_not =
        start(made, identify_method, buffer_of(protobuf::encode(identify{asked.what.nonce})), limit,
              [this, id, done](const ::grpc::Status& status, const ::grpc::ByteBuffer& response) {
                  open(id, status, response, done);
              });
    if (why_not == nullptr) return;
    drop(id);
    refuse(error_kind::dial, why_not);
}

void connections::open(std::uint64_t id, const ::grpc::Status& status, const ::grpc::ByteBuffer& response,
                       const std::function<void(outcome<dialled>)>& done) {
    if (not status.ok()) {
        drop(id);
        if (status.error_code() == ::grpc::StatusCode::DEADLINE_EXCEEDED)
            return done(unknown{about(error_kind::dial, "no answer in time")});
        if (status.error_code() == ::grpc::StatusCode::FAILED_PRECONDITION)
            return done(not_applied{
                about(error_kind::permanent, one_line(status.error_message(), options_.limits.error_text))});
        // It asks who is there and changes nothing.
        return done(not_applied{about(error_kind::dial, describe(status, options_.limits))});
    }
    const auto said = read_bytes(
        response, [&](std::string_view bytes) { return protobuf::decode_identified(bytes, options_.limits); });
    if (not said) {
        drop(id);
        return done(not_applied{about(error_kind::dial, said.error().text)});
    }
    {
        const std::lock_guard held(lock_);
        const auto found = all_.find(id);
        if (found != all_.end()) found->second->is_open = true;
    }
    done(dialled{.connection = {id}, .worker = said->worker, .incarnation = said->incarnation, .mac = said->mac});
}

void connections::drop(std::uint64_t id) {
    const std::lock_guard held(lock_);
    all_.erase(id);
}

void connections::hang_up(connection_id which) {
    const std::lock_guard held(lock_);
    const auto found = all_.find(which.value);
    if (found == all_.end() or not found->second->is_open) return;
    found->second->is_hung_up = true;
    // The calls keep the connection until they have ended.
    for (call_in_flight& call : found->second->calls) call.context.TryCancel();
    all_.erase(found);
}

void connections::call(connection_id on, const char* method, ::grpc::ByteBuffer request, instant deadline,
                       error_kind fails_as, std::function<void(outcome<applied>)> done) {
    const auto found = find(on.value);
    if (not found)
        return done(not_applied{about(fails_as, "there is no connection " + std::to_string(on.value) + " any more")});
    if (request.Length() > options_.limits.message)
        return done(not_applied{about(error_kind::invalid, "a request of " + std::to_string(request.Length()) +
                                                               " bytes, the limit is " +
                                                               std::to_string(options_.limits.message))});
    const duration limit = left(deadline);
    if (limit == duration::zero()) return done(not_applied{about(fails_as, "the deadline is over")});
    const char* const why_not = start(found, method, std::move(request), limit,
                                      [this, fails_as, done](const ::grpc::Status& status, const ::grpc::ByteBuffer&) {
                                          done(told_by(status, fails_as, options_.limits));
                                      });
    if (why_not != nullptr) done(not_applied{about(fails_as, why_not)});
}

::grpc::ByteBuffer connections::execution_bytes(const std::shared_ptr<const execution>& what,
                                                const digest256& data_token) {
    ::grpc::Slice large;
    bool is_known = false;
    {
        const std::lock_guard held(lock_);
        is_known = what and encoded_.lock() == what;
        if (is_known) large = encoded_bytes_;
    }
    if (not is_known) {
        large = ::grpc::Slice(protobuf::encode(*what));
        const std::lock_guard held(lock_);
        encoded_ = what;
        encoded_bytes_ = large;
    }
    const ::grpc::Slice parts[] = {large, ::grpc::Slice(protobuf::encode_data_token(data_token))};
    return {parts, 2};
}

}  // namespace headgate::inline v1::grpc
