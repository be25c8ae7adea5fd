// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/controller_link.hpp>

#include "events.hpp"
#include "worker_service.hpp"
#include "worker_stream.hpp"

#include <grpcpp/grpcpp.h>

namespace headgate::inline v1::grpc {

struct controller_link::parts {
    parts(const options& with, const endpoint& controller, const security& by)
        : outgoing(with, controller, by, heard), incoming(with, by, heard) {}
    ~parts() {
        outgoing.end();
        if (server) server->Shutdown(gpr_time_0(GPR_CLOCK_MONOTONIC));
    }

    // Ends last, when nobody brings anything any more.
    struct quiet_events : events {
        ~quiet_events() { wait_until_quiet(); }
    } heard;
    worker_stream outgoing;
    worker_service incoming;
    std::string address;
    std::unique_ptr<::grpc::Server> server;
};

expected<std::unique_ptr<controller_link>> controller_link::make(options with) {
    const auto by = secure(with.transport, controller_role);
    if (not by) return tl::unexpected(by.error());
    if (with.call_token) keep_door(*by, with.call_token);
    const auto controller = endpoint_of(with.controller, *by);
    if (not controller) return failure(controller.error().kind, "controller " + controller.error().text);
    auto at = endpoint_of(with.listen, *by);
    if (not at) return failure(at.error().kind, "listen " + at.error().text);
    auto made = std::make_unique<parts>(with, *controller, *by);
    auto server =
        serve([&](::grpc::ServerBuilder& builder) { builder.RegisterService(&made->incoming); }, *at, *by, with.limits);
    if (not server) return tl::unexpected(server.error());
    made->server = *std::move(server);
    made->address = at->text();
    return std::unique_ptr<controller_link>(new controller_link(std::move(made)));
}

controller_link::controller_link(std::unique_ptr<parts> of) : parts_(std::move(of)) {}
controller_link::~controller_link() = default;

const std::string& controller_link::rpc_address() const { return parts_->address; }

void controller_link::hear_with(std::function<void(link_event)> hear) { parts_->heard.listen(std::move(hear)); }
void controller_link::open() { parts_->outgoing.open(); }
void controller_link::send(const worker_message& message) { parts_->outgoing.send(message); }
void controller_link::close() { parts_->outgoing.close(); }
void controller_link::answer(call_id to, const call_answer& with) { parts_->incoming.answer(to, with); }

}  // namespace headgate::inline v1::grpc
