// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/peers.hpp>

#include "transport.hpp"

#include <utility>

namespace headgate::inline v1::grpc {

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
    keep_door(*read, std::nullopt);
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
