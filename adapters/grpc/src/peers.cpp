// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/peers.hpp>

#include "transport.hpp"

namespace headgate::inline v1::grpc {

struct peers::parts {
    security by;
    limits most;
};

expected<peers> peers::make(const transport& by, const limits& most) {
    auto read = secure(by, worker_role);
    if (not read) return tl::unexpected(read.error());
    return peers(std::make_shared<const parts>(parts{*std::move(read), most}));
}

expected<served_peers> peers::serve(std::string_view address,
                                    const std::function<void(::grpc::ServerBuilder&)>& registers) const {
    auto at = endpoint_of(address, parts_->by);
    if (not at) return tl::unexpected(at.error());
    auto server = grpc::serve(registers, *at, parts_->by, parts_->most);
    if (not server) return tl::unexpected(server.error());
    return served_peers{*std::move(server), at->text()};
}

expected<std::shared_ptr<::grpc::Channel>> peers::connect(std::string_view address, duration attempt) const {
    const auto at = endpoint_of(address, parts_->by);
    if (not at) return tl::unexpected(at.error());
    return grpc::connect(*at, parts_->by, parts_->most, attempt);
}

bool peers::is_worker(const ::grpc::AuthContext& peer) const { return is_trusted(peer, parts_->by); }

}  // namespace headgate::inline v1::grpc
