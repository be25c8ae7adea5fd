// SPDX-License-Identifier: BSL-1.0
#include "data_plane.hpp"

#include "data_streams.hpp"

#include <headgate/concepts/credentials.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <system_error>

namespace dataflow {

namespace {

using headgate::applied;
using headgate::error_kind;
using headgate::expected;
using headgate::failure;

constexpr int most_message = 4 << 20;
constexpr int keepalive_ms = 20'000;
constexpr std::chrono::milliseconds first_wait{10}, longest_wait{500}, for_good_byes{1'000};

struct endpoint {
    std::string host{};
    std::uint16_t port{};
};

expected<endpoint> local_endpoint(std::string_view address) {
    const std::string shown_as = "data address \"" + std::string(address.substr(0, 256)) + "\"";
    const std::size_t colon = address.rfind(':');
    endpoint found;
    const std::string_view port = colon == address.npos ? std::string_view() : address.substr(colon + 1);
    const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), found.port);
    if (colon == address.npos or wrong != std::errc() or end != port.data() + port.size())
        return failure(error_kind::invalid, shown_as + " is not host:port, as in 127.0.0.1:7071");
    found.host = address.substr(0, colon) == "localhost" ? "127.0.0.1" : std::string(address.substr(0, colon));
    in_addr four{};
    if (inet_pton(AF_INET, found.host.c_str(), &four) != 1 or ntohl(four.s_addr) >> 24 != 127)
        return failure(error_kind::unsupported, shown_as + " is not on IPv4 loopback (127.0.0.1, localhost)");
    return found;
}

bool is_local(const grpc::AuthContext& peer) {
    const auto types = peer.FindPropertyValues("transport_security_type");
    return std::ranges::any_of(types, [](const grpc::string_ref& type) { return type == "local"; });
}

std::string_view only(const std::multimap<grpc::string_ref, grpc::string_ref>& in, const char* key) {
    if (in.count(key) != 1) return {};
    const grpc::string_ref found = in.find(key)->second;
    return {found.data(), found.size()};
}

/// Tried again: nobody there yet, or not open yet.
bool may_come(const grpc::Status& why) { return why.error_code() == grpc::StatusCode::UNAVAILABLE; }

std::shared_ptr<grpc::Channel> channel_to(const endpoint& to) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // no other's backoff
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms / 3);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetMaxReceiveMessageSize(most_message);
    return grpc::CreateCustomChannel("ipv4:" + to.host + ":" + std::to_string(to.port),
                                     grpc::experimental::LocalCredentials(LOCAL_TCP), arguments);
}

}  // namespace

struct data_plane::parts : grpc::CallbackGenericService {
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
        if (not is_local(*context->auth_context()))
            return no(grpc::StatusCode::UNAUTHENTICATED, "an untrusted transport");
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

expected<std::unique_ptr<data_plane>> data_plane::listen(std::string_view address) {
    const auto at = local_endpoint(address);
    if (not at) return tl::unexpected(at.error());
    auto made = std::make_unique<parts>();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(at->host + ":" + std::to_string(at->port),
                             grpc::experimental::LocalServerCredentials(LOCAL_TCP), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms / 3);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, keepalive_ms / 2);
    builder.SetMaxReceiveMessageSize(most_message);
    builder.RegisterCallbackGenericService(made.get());
    made->server = builder.BuildAndStart();
    if (made->server == nullptr or port <= 0)
        return failure(error_kind::invalid, "cannot listen on " + std::string(address) + ": is it in use?");
    made->address = at->host + ":" + std::to_string(port);
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
    const auto at = local_endpoint(address);
    if (not at) return tl::unexpected(at.error());
    const auto until = std::chrono::steady_clock::now() + limit;
    std::chrono::milliseconds wait = first_wait;
    while (true) {
        std::unique_lock lock(parts_->guard);
        if (parts_->is_halted) return failure(error_kind::dial, name + ": this worker is stopping");
        const auto session = parts_->session;
        auto made = std::make_shared<sender_stream>(
            parts_->running, parts_->queued, channel_to(*at), channels,
            [session, position](const std::string& why) { session->lost(position, why); });
        parts_->senders[position] = made;  // so that `halt` ends the waiting
        made->begin(session->token, {session->generation, session->digest, session->position, channels});
        lock.unlock();
        if (made->wait_until_open(until)) return applied{};
        const grpc::Status why = made->wait_until_over();
        if (std::chrono::steady_clock::now() >= until) return failure(error_kind::dial, name + ": no answer in time");
        lock.lock();
        if (not may_come(why) or std::chrono::steady_clock::now() + wait >= until)
            return failure(error_kind::dial, name + ": " + why.error_message().substr(0, 1'024));
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
