// SPDX-License-Identifier: BSL-1.0
#include <headgate/policy/network.hpp>

#include <arpa/inet.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>

namespace {

using namespace headgate;

struct expected_network {
    std::string host;
    std::uint64_t prefix;
    std::string name;
};

BOOST_AUTO_TEST_CASE(an_ipv6_host_counts_by_its_64_and_any_other_by_itself_G3) {
    const std::array all{
        expected_network{"2001:db8::1", 0x2001'0db8'0000'0000, ""},
        expected_network{"2001:db8:1:2:3:4:5:6", 0x2001'0db8'0001'0002, ""},
        expected_network{"2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", 0x2001'0db8'0001'0002, ""},
        expected_network{"2001:db8:1:2::", 0x2001'0db8'0001'0002, ""},
        expected_network{"2001::1:2:3:4:5:6", 0x2001'0000'0001'0002, ""},
        expected_network{"::2:3:4:5:6:7:8", 0x0000'0002'0003'0004, ""},
        expected_network{"1:2:3:4:5:6:7::", 0x0001'0002'0003'0004, ""},
        expected_network{"fe80::1%eth0", 0xfe80'0000'0000'0000, ""},
        expected_network{"fe80::1%25eth0", 0xfe80'0000'0000'0000, ""},
        expected_network{"fe80::1%", 0xfe80'0000'0000'0000, ""},
        expected_network{"64:ff9b:1:2::192.0.2.1", 0x0064'ff9b'0001'0002, ""},
        expected_network{"1:2:3:4:5:6:192.0.2.1", 0x0001'0002'0003'0004, ""},
        expected_network{"192.0.2.1", 0, "192.0.2.1"},
        expected_network{"::ffff:192.0.2.1", 0, "192.0.2.1"},
        expected_network{"::ffff:c000:201", 0, "::ffff:c000:201"},
        expected_network{"::192.0.2.1", 0, "::192.0.2.1"},
        expected_network{"::", 0, "::"},
        expected_network{"worker-7.example", 0, "worker-7.example"},
        expected_network{"::1", 0, "localhost"},
        expected_network{"127.0.0.1", 0, "localhost"},
        expected_network{"127.255.0.7", 0, "localhost"},
        expected_network{"::ffff:127.0.0.7", 0, "localhost"},
        expected_network{"localhost", 0, "localhost"},
    };
    for (const expected_network& one : all)
        BOOST_TEST((network_of(one.host) == network{one.prefix, one.name}), one.host);
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_a_name) {
    for (const std::string host : {"",
                                   ":",
                                   "::::",
                                   ":::",
                                   "1",
                                   "1:",
                                   ":1",
                                   "1:2:3:4:5:6:7",
                                   "1:2:3:4:5:6:7:",
                                   "1:2:3:4:5:6:7:8:9",
                                   "1:2:3:4:5:6:7:8::",
                                   "1::2::3",
                                   "1::2::",
                                   "1:::2",
                                   "12345::",
                                   "00001::",
                                   "2001:db8::g",
                                   "2001:db8::-1",
                                   "2001:db8::0x1",
                                   "2001:db8:: 1",
                                   " 2001:db8::1",
                                   "[2001:db8::1]",
                                   "1:2:3:4:5:6:7:192.0.2.1",
                                   "192.0.2.1::",
                                   "2001:db8::\n"})
        BOOST_TEST((network_of(host) == network{.host = host}), host);
    const std::string nul("2001:db8::\0", 11), colons(1'000'000, ':'), groups = [] {
        std::string long_one;
        for (int i = 0; i < 100'000; ++i) long_one += "1:";
        return long_one;
    }();
    for (const std::string& host : {nul, colons, groups}) BOOST_TEST((network_of(host) == network{.host = host}));
}

// By the system's own two functions.
BOOST_AUTO_TEST_CASE(any_text_that_the_system_writes_for_an_address_has_its_64) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20'000; ++i) {
        std::array<std::uint8_t, 16> bytes{};
        // Zeros are where texts are shortened.
        for (std::uint8_t& byte : bytes) byte = random() % 4 ? 0 : static_cast<std::uint8_t>(random());
        std::uint64_t prefix = 0;
        for (std::size_t k = 0; k < 8; ++k) prefix = prefix << 8 | bytes[k];
        std::array<char, INET6_ADDRSTRLEN> text{};
        BOOST_REQUIRE(inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()));
        BOOST_TEST(network_of(text.data()).prefix == prefix, text.data());
    }
}

// Whatever is taken for an address is one to the system too.
BOOST_AUTO_TEST_CASE(no_other_text_has_a_64) {
    std::mt19937_64 random(8);
    constexpr std::string_view letters = "::::01fF";
    int taken = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text(random() % 20, ':');
        std::ranges::generate(text, [&] { return letters[random() % letters.size()]; });
        std::array<std::uint8_t, 16> bytes{};
        std::uint64_t prefix = 0;
        if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1)
            for (std::size_t k = 0; k < 8; ++k) prefix = prefix << 8 | bytes[k];
        BOOST_TEST(network_of(text).prefix == prefix, text);
        taken += prefix != 0;
    }
    BOOST_TEST(taken > 100);
}

}  // namespace
