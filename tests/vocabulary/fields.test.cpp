// SPDX-License-Identifier: BSL-1.0
#include <headgate/vocabulary/fields.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace {

using headgate::fields;

constexpr auto how_many = [](const auto&... each) { return sizeof...(each); };

struct none {};
struct some {
    int number;
    std::optional<int> maybe{};
    std::array<int, 3> list{};
    std::string text{};
    std::vector<some> more{};
};
class closed {
public:
    explicit closed(int number) : number_(number) {}

private:
    friend fields;
    static constexpr std::size_t field_count = 2;

    int number_;
    bool is_odd_ = number_ % 2 == 1;
};

BOOST_AUTO_TEST_CASE(every_member_of_an_aggregate_is_seen_in_order) {
    BOOST_TEST(fields::apply(none{}, how_many) == 0u);
    BOOST_TEST(fields::apply(some{.number = 1}, how_many) == 5u);
    fields::apply(some{.number = 7, .text = "seven"},
                  [](int number, const auto& maybe, const auto& list, const auto& text, const auto&) {
                      BOOST_TEST(number == 7);
                      BOOST_TEST(not maybe);
                      BOOST_TEST(list.size() == 3u);
                      BOOST_TEST(text == "seven");
                  });
}

BOOST_AUTO_TEST_CASE(members_of_a_class_that_lets_them_be_seen_are_seen) {
    fields::apply(closed(3), [](int number, bool is_odd) {
        BOOST_TEST(number == 3);
        BOOST_TEST(is_odd);
    });
}

}  // namespace
