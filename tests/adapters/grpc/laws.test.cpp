// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/channel.hpp>
#include <headgate/grpc/controller_link.hpp>

#include "pair.hpp"

#include <headgate/conformance/laws/channel.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace headgate;

/// A channel and two workers over loopback.
class rig {
public:
    explicit rig(grpc_test::bell& rings) : bell_(&rings) {
        channel_ = grpc_test::open_channel();
        for (auto& each : links_) each = grpc_test::open_link(*channel_);
        // Nobody has this address any more.
        auto gone = grpc_test::open_link(*channel_);
        nobody_ = gone->rpc_address();
    }

    grpc::channel& channel() { return *channel_; }
    grpc::controller_link& link(std::size_t n) { return *links_[n]; }
    std::string nobody() const { return nobody_; }
    void wake() { bell_->ring(); }

private:
    grpc_test::bell* bell_;
    std::string nobody_;
    std::unique_ptr<grpc::channel> channel_;
    std::unique_ptr<grpc::controller_link> links_[2];
};

BOOST_AUTO_TEST_CASE(the_channel_over_grpc_keeps_every_law) {
    grpc_test::bell bell;
    int laws = 0;
    headgate::laws::check_channel([&] { return rig(bell); }, [&](rig&, auto came) { bell.wait(came); },
                                  [&](std::string_view law, bool holds, const std::string& detail) {
                                      ++laws;
                                      BOOST_TEST(holds, law << ": " << detail);
                                  });
    BOOST_TEST(laws == 7);
}

}  // namespace
