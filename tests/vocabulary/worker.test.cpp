#include <headgate/vocabulary/worker.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace {

using namespace headgate;

worker_profile good() {
    return {.id = {1}, .slots = 4, .machine = {"m"}, .rpc_address = "127.0.0.1:7071", .data_address = "[::1]:1"};
}

/// Why the profile is refused once `spoil` changed it; "" if it is not.
std::string refusal(const std::function<void(worker_profile&)>& spoil, std::uint32_t granted = 4) {
    worker_profile shown = good();
    spoil(shown);
    const auto ok = check(shown, {.id = {1}, .slots = granted});
    if (ok) return "";
    BOOST_TEST((ok.error().kind == error_kind::invalid));
    return ok.error().text;
}

/// host:port of so many bytes.
std::string address(std::size_t bytes) { return std::string(bytes - 3, 'h') + ":80"; }

BOOST_AUTO_TEST_CASE(a_worker_is_taken_up_to_each_limit_and_refused_by_name_above_it_S11_SPEC_10) {
    const struct {
        std::size_t most;
        std::function<void(worker_profile&, std::size_t)> with;
        std::string why;
    } all[] = {
        {256, [](auto& p, auto n) { p.rpc_address = address(n); }, "rpc address: 257 bytes, the limit is 256"},
        {256, [](auto& p, auto n) { p.data_address = address(n); }, "data address: 257 bytes, the limit is 256"},
        {64, [](auto& p, auto n) { p.machine.value.assign(n, 'm'); }, "machine id or zone is above 64 bytes"},
        {64, [](auto& p, auto n) { p.zone.assign(n, 'z'); }, "machine id or zone is above 64 bytes"},
        {65'536, [](auto& p, auto n) { p.slots = static_cast<std::uint32_t>(n); },
         "65537 slots are offered, the limit is 65536"},
        {65'535, [](auto& p, auto n) { p.rpc_address = "h:" + std::to_string(n); },
         "rpc address: the port is not a number from 1 to 65535"},
    };
    for (const auto& each : all) {
        BOOST_TEST(refusal([&](worker_profile& p) { each.with(p, each.most); }, 100'000) == "");
        BOOST_TEST(refusal([&](worker_profile& p) { each.with(p, each.most + 1); }, 100'000) == each.why);
    }
}

BOOST_AUTO_TEST_CASE(a_worker_offers_what_it_was_granted_or_less_S11) {
    for (const std::uint32_t slots : {1u, 4u}) BOOST_TEST(refusal([&](worker_profile& p) { p.slots = slots; }) == "");
    BOOST_TEST(refusal([](worker_profile& p) { p.slots = 0; }) == "no slots are offered");
    BOOST_TEST(refusal([](worker_profile& p) { p.slots = 5; }) == "5 slots are offered, 4 were granted");
    BOOST_TEST(refusal([](worker_profile& p) { p.id = {2}; }) == "the worker id is another's");
}

}  // namespace
