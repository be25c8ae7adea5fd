// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/peers.hpp>

#include "transport.hpp"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>

#include <mutex>
#include <utility>

namespace headgate::inline v1::grpc {

namespace {

// Made by one thread, used by others: gRPC orders that, and the lock shows it to ThreadSanitizer.
class doorkeeper : public ::grpc::AuthMetadataProcessor {
public:
    explicit doorkeeper(security by) {
        const std::lock_guard held(lock_);
        by_ = std::move(by);
    }
    ~doorkeeper() override {
        const std::lock_guard held(lock_);
        by_ = {};
    }
    doorkeeper(const doorkeeper&) = delete;
    doorkeeper& operator=(const doorkeeper&) = delete;

    bool IsBlocking() const override { return false; }
    ::grpc::Status Process(const InputMetadata&, ::grpc::AuthContext* peer, OutputMetadata*, OutputMetadata*) override {
        const std::lock_guard held(lock_);
        return is_trusted(*peer, by_) ? ::grpc::Status::OK
                                      : ::grpc::Status(::grpc::StatusCode::UNAUTHENTICATED, "an untrusted transport");
    }

private:
    std::mutex lock_;
    security by_;
};

}  // namespace

struct peers::parts {
    security by;
    limits most;

    expected<served_peers> serve(std::string_view address, auto registers) const {
        auto at = endpoint_of(address, by);
        if (not at) return tl::unexpected(at.error());
        auto server = grpc::serve(registers, *at, by, most);
        if (not server) return tl::unexpected(server.error());
        return served_peers{*std::move(server), at->text()};
    }
};

expected<peers> peers::make(const transport& by, const limits& most) {
    auto read = secure(by, worker_role);
    if (not read) return tl::unexpected(read.error());
    security kept{.server = {}, .client = {}, .other_role = read->other_role, .files = {}};
    read->server->SetAuthMetadataProcessor(std::make_shared<doorkeeper>(std::move(kept)));
    return peers(std::make_shared<const parts>(parts{*std::move(read), most}));
}

expected<served_peers> peers::serve(std::string_view address, ::grpc::Service& service) const {
    return parts_->serve(address, [&](::grpc::ServerBuilder& builder) { builder.RegisterService(&service); });
}

expected<served_peers> peers::serve(std::string_view address, ::grpc::CallbackGenericService& service) const {
    return parts_->serve(address,
                         [&](::grpc::ServerBuilder& builder) { builder.RegisterCallbackGenericService(&service); });
}

expected<std::shared_ptr<::grpc::Channel>> peers::connect(std::string_view address, duration attempt) const {
    const auto at = endpoint_of(address, parts_->by);
    if (not at) return tl::unexpected(at.error());
    return grpc::connect(*at, parts_->by, parts_->most, attempt);
}

}  // namespace headgate::inline v1::grpc
