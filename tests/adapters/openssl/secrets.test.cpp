#include <headgate/openssl/secrets.hpp>

#include <headgate/concepts/credentials.hpp>
#include <headgate/conformance/laws/secrets.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace headgate;

BOOST_AUTO_TEST_CASE(openssl_keeps_every_law_the_codes_of_RFC_4231_included) {
    std::set<std::string> kept;
    laws::check_secrets([] { return openssl::secrets{}; },
                        [&](std::string_view law, bool holds, const std::string& detail) {
                            BOOST_TEST(holds, law << ": " << detail);
                            kept.emplace(law);
                        });
    BOOST_TEST((kept == std::set<std::string>{"fresh", "keyed", "known"}));
}

BOOST_AUTO_TEST_CASE(an_empty_key_and_an_empty_text_have_a_code) {
    // HMAC-SHA256 of nothing with the empty key.
    BOOST_TEST(laws::detail::hexadecimal(openssl::secrets{}.mac({}, {})) ==
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

BOOST_AUTO_TEST_CASE(a_draw_may_be_larger_than_what_openssl_counts_at_a_time) {
    std::vector<std::byte> bytes((std::size_t{3} << 20) + 5);
    openssl::secrets{}.random(bytes);
    // The chance that the last 5, or any other run of 16, are all zero is nil.
    BOOST_TEST(std::ranges::search_n(bytes, 16, std::byte{}).empty());
    BOOST_TEST(
        not std::ranges::all_of(bytes.end() - 5, bytes.end(), [](std::byte each) { return each == std::byte{}; }));
}

BOOST_AUTO_TEST_CASE(any_threads_may_draw_and_sign_at_a_time) {
    const openssl::secrets shared;
    const digest256 key{}, expected_code = shared.mac(key, key);
    std::array<digest256, 4> drawn{};
    std::array<bool, 4> is_right{};
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < drawn.size(); ++i)
        threads.emplace_back([&, i] {
            shared.random(drawn[i]);
            is_right[i] = true;
            for (int time = 0; time < 100; ++time) is_right[i] = is_right[i] and shared.mac(key, key) == expected_code;
        });
    threads.clear();
    BOOST_TEST((std::set(drawn.begin(), drawn.end()).size() == drawn.size()));
    BOOST_TEST(std::ranges::count(is_right, true) == 4);
}

BOOST_AUTO_TEST_CASE(credentials_are_made_with_it_G3) {
    openssl::secrets with;
    const digest256 token = worker_token(with, {}, {"job"}, {1}, {{2}, 3});
    BOOST_TEST(equal_in_constant_time(token, worker_token(with, {}, {"job"}, {1}, {{2}, 3})));
    BOOST_TEST(not equal_in_constant_time(token, worker_token(with, {}, {"job"}, {1}, {{2}, 4})));
}

}  // namespace
