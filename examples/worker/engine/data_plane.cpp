// SPDX-License-Identifier: BSL-1.0
#include "data_plane.hpp"

#include "data_streams.hpp"

#include <headgate/concepts/credentials.hpp>
#include <headgate/grpc/peers.hpp>

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace dataflow {

namespace {

using headgate::applied;
using headgate::error_kind;
using headgate::expected;
using headgate::failure;

constexpr std::chrono::milliseconds first_wait{10}, longest_wait{500}, for_good_byes{1'000}, to_connect{5'000};

std::string_view only(const std::multimap<grpc::string_ref, grpc::string_ref>& in, const char* key) {
    if (in.count(key) != 1) return {};
    const grpc::string_ref found = in.find(key)->second;
    return {found.data(), found.size()};
}

/// Tried again: nobody there yet, or not open yet.
bool may_come(const grpc::Status& why) { return why.error_code() == grpc::StatusCode::UNAVAILABLE; }

}  // namespace

struct data_plane::parts : grpc::CallbackGenericService {
    explicit parts(headgate::grpc::peers with) : peers(std::move(with)) {}

    headgate::grpc::peers peers;
    std::string address{};
    std::atomic<std::size_t> queued{0};
    running_streams running{};
    std::mutex guard{};
    std::condition_variable changed{};
    std::shared_ptr<const data_session> session{};
    std::vector<std::shared_ptr<sender_stream>> senders{};      ///< by worker
    std::vector<std::shared_ptr<receiver_stream>> receivers{};  ///< by worker
    bool is_halted = false, is_closed = false;
    std::unique_ptr<grpc::Server> server{};

    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
        const std::lock_guard lock(guard);
        const auto no = [&](grpc::StatusCode code, const char* why) {
            return new refusal(running, grpc::Status(code, why));
        };
        if (context->method() != data_method) return no(grpc::StatusCode::UNIMPLEMENTED, "no such method");
        if (is_halted) return no(grpc::StatusCode::CANCELLED, "this worker is stopping");
        if (session == nullptr) return no(grpc::StatusCode::UNAVAILABLE, "this worker has not started yet");
        headgate::digest256 token{};
        const std::string_view shown_token = only(context->client_metadata(), token_key);
        if (shown_token.size() == token.size()) std::memcpy(token.data(), shown_token.data(), token.size());
        if (shown_token.size() != token.size() or not headgate::equal_in_constant_time(token, session->token))
            return no(grpc::StatusCode::PERMISSION_DENIED, "the token is not this generation's");
        const auto said = decode_shown(only(context->client_metadata(), session_key));
        if (not said or said->generation != session->generation or said->digest != session->digest or
            said->position >= receivers.size() or said->channels != session->channels_in[said->position])
            return no(grpc::StatusCode::FAILED_PRECONDITION, "another generation or another plan");
        if (said->receiver != session->position)
            return no(grpc::StatusCode::FAILED_PRECONDITION,
                      "another worker is meant: the data address is not its own");
        if (receivers[said->position] != nullptr)
            return no(grpc::StatusCode::ALREADY_EXISTS, "this worker has a stream already");
        running.begin();
        auto made = std::make_shared<receiver_stream>(running, session, said->position);
        receivers[said->position] = made;
        made->begin();
        return made.get();
    }
};

data_plane::data_plane(std::unique_ptr<parts> of) : parts_(std::move(of)) {}

data_plane::~data_plane() { close(false); }

expected<std::unique_ptr<data_plane>> data_plane::listen(std::string_view address,
                                                         const headgate::grpc::transport& by) {
    auto peers = headgate::grpc::peers::make(by);
    if (not peers) return tl::unexpected(peers.error());
    auto made = std::make_unique<parts>(*std::move(peers));
    auto served = made->peers.serve(address, *made);
    if (not served) return failure(served.error().kind, "data " + served.error().text);
    made->server = std::move(served->server);
    made->address = std::move(served->address);
    return std::unique_ptr<data_plane>(new data_plane(std::move(made)));
}

const std::string& data_plane::address() const { return parts_->address; }

void data_plane::open(data_session session) {
    const std::lock_guard lock(parts_->guard);
    parts_->senders.resize(session.channels_in.size());
    parts_->receivers.resize(session.channels_in.size());
    parts_->session = std::make_shared<const data_session>(std::move(session));
}

expected<applied> data_plane::connect(std::uint32_t position, const std::string& address, std::uint32_t channels,
                                      headgate::duration limit) {
    const std::string name = "worker number " + std::to_string(position) + " at " + address;
    const auto until = std::chrono::steady_clock::now() + limit;
    std::chrono::milliseconds wait = first_wait;
    std::string last = "no answer in time";
    while (true) {
        auto through = parts_->peers.connect(address, to_connect);  // of its own, so that it begins at once
        if (not through) return failure(through.error().kind, name + ": " + through.error().text);
        std::unique_lock lock(parts_->guard);
        if (parts_->is_halted) return failure(error_kind::dial, name + ": this worker is stopping");
        const auto session = parts_->session;
        auto made = std::make_shared<sender_stream>(
            parts_->running, parts_->queued, *std::move(through), channels,
            [session, position](const std::string& why) { session->lost(position, why); });
        parts_->senders[position] = made;  // so that `halt` ends the waiting
        made->begin(session->token, {session->generation, session->digest, session->position, channels, position});
        lock.unlock();
        if (made->wait_until_open(until)) return applied{};
        const grpc::Status why = made->wait_until_over();
        if (std::chrono::steady_clock::now() >= until) return failure(error_kind::dial, name + ": " + last);
        last = why.error_message().substr(0, 1'024);
        lock.lock();
        if (not may_come(why) or std::chrono::steady_clock::now() + wait >= until)
            return failure(error_kind::dial, name + ": " + last);
        parts_->changed.wait_for(lock, wait, [&] { return parts_->is_halted; });
        wait = std::min(wait * 2, longest_wait);
    }
}

bool data_plane::send(std::uint32_t position, std::uint32_t channel, item what, wait_meter& waited) {
    return parts_->senders[position]->send(channel, std::move(what), waited);
}

void data_plane::give_credit(std::uint32_t position, std::uint32_t channel) {
    std::shared_ptr<receiver_stream> to;
    {
        const std::lock_guard lock(parts_->guard);
        to = parts_->receivers[position];
    }
    if (to != nullptr) to->give_credit(channel);
}

void data_plane::halt() {
    const std::lock_guard lock(parts_->guard);
    parts_->is_halted = true;
    parts_->changed.notify_all();
    for (const auto& each : parts_->senders)
        if (each != nullptr) each->halt();
    for (const auto& each : parts_->receivers)
        if (each != nullptr) each->halt();
}

void data_plane::close(bool with_good_bye) {
    halt();
    std::vector<std::shared_ptr<sender_stream>> senders;
    std::vector<std::shared_ptr<receiver_stream>> receivers;
    {
        const std::lock_guard lock(parts_->guard);
        if (std::exchange(parts_->is_closed, true)) return;
        senders = parts_->senders;
        receivers = parts_->receivers;
    }
    if (with_good_bye) {
        for (const auto& each : senders)
            if (each != nullptr) each->say_good_bye();
        for (const auto& each : receivers)
            if (each != nullptr) each->say_good_bye();
        parts_->running.wait_for(for_good_byes);
    }
    for (const auto& each : senders)
        if (each != nullptr) each->cancel();
    parts_->server->Shutdown(std::chrono::system_clock::now());
    parts_->running.wait();
}

std::size_t data_plane::queued_bytes() const { return parts_->queued; }

}  // namespace dataflow
