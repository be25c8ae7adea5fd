// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/channel.hpp>

#include "connections.hpp"
#include "streams.hpp"

#include <headgate/protobuf/messages.hpp>

#include <grpcpp/grpcpp.h>

namespace headgate::inline v1::grpc {

instant steady_now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return instant(std::chrono::duration_cast<duration>(since));
}

struct channel::parts {
    parts(const options& with, const security& by) : incoming(with, by), outgoing(with, by) {}
    ~parts() {
        outgoing.end();
        if (server) server->Shutdown(gpr_time_0(GPR_CLOCK_MONOTONIC));  // at once, streams included
    }

    streams incoming;
    connections outgoing;
    std::string address;
    std::unique_ptr<::grpc::Server> server;
};

expected<std::unique_ptr<channel>> channel::open(options with) {
    const auto by = secure(with.transport, worker_role);
    if (not by) return tl::unexpected(by.error());
    auto at = endpoint_of(with.listen, *by);
    if (not at) return failure(at.error().kind, "listen " + at.error().text);
    auto made = std::make_unique<parts>(with, *by);
    auto server =
        serve([&](::grpc::ServerBuilder& builder) { builder.RegisterService(&made->incoming); }, *at, *by, with.limits);
    if (not server) return tl::unexpected(server.error());
    made->server = *std::move(server);
    made->address = at->text();
    return std::unique_ptr<channel>(new channel(std::move(made)));
}

channel::channel(std::unique_ptr<parts> of) : parts_(std::move(of)) {}
channel::~channel() = default;

const std::string& channel::address() const { return parts_->address; }

void channel::hear_with(std::function<void(stream_event)> hear) { parts_->incoming.listen(std::move(hear)); }
void channel::send(stream_id to, const controller_message& message) { parts_->incoming.send(to, message); }
void channel::close(stream_id which) { parts_->incoming.close(which); }
void channel::hang_up(connection_id which) { parts_->outgoing.hang_up(which); }

void channel::begin(const request<headgate::dial>& asked, std::function<void(outcome<dialled>)> done) {
    parts_->outgoing.dial(asked, std::move(done));
}

void channel::begin(const request<headgate::start_execution>& asked, std::function<void(outcome<applied>)> done) {
    parts_->outgoing.call(asked.what.connection, "/headgate.wire.v1.Worker/StartExecution",
                          parts_->outgoing.execution_bytes(asked.what.what, asked.what.data_token), asked.deadline,
                          headgate::start_execution::fails_as, std::move(done));
}

void channel::begin(const request<headgate::begin_checkpoint>& asked, std::function<void(outcome<applied>)> done) {
    // The generation that takes a checkpoint is the worker's own.
    const checkpoint what{.generation = asked.what.name.generation, .name = asked.what.name};
    parts_->outgoing.call(asked.what.connection, "/headgate.wire.v1.Worker/BeginCheckpoint",
                          buffer_of(protobuf::encode(what)), asked.deadline, headgate::begin_checkpoint::fails_as,
                          std::move(done));
}

void channel::begin(const request<headgate::stop_execution>& asked, std::function<void(outcome<applied>)> done) {
    parts_->outgoing.call(asked.what.connection, "/headgate.wire.v1.Worker/StopExecution",
                          buffer_of(protobuf::encode(stop{asked.what.generation})), asked.deadline,
                          headgate::stop_execution::fails_as, std::move(done));
}

}  // namespace headgate::inline v1::grpc
