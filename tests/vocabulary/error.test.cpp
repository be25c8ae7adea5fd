#include <headgate/vocabulary/error.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string_view>

namespace {

using namespace headgate;

static_assert(text_of(error_kind::not_enough_slots) == "not enough slots");
static_assert(error_kinds == 17);

BOOST_AUTO_TEST_CASE(every_kind_of_error_has_a_text_of_its_own) {
    std::set<std::string_view> texts;
    for (std::size_t kind = 0; kind < error_kinds; ++kind) texts.insert(text_of(static_cast<error_kind>(kind)));
    BOOST_TEST(texts.size() == error_kinds);
    BOOST_TEST(not texts.contains("no such kind"));
    BOOST_TEST(text_of(static_cast<error_kind>(error_kinds)) == "no such kind");
}

BOOST_AUTO_TEST_CASE(an_error_is_described_by_its_kind_and_its_text) {
    BOOST_TEST(describe({.kind = error_kind::dial, .text = "127.0.0.1:7071: refused"}) ==
               "dial: 127.0.0.1:7071: refused");
    BOOST_TEST(describe({.kind = error_kind::internal}) == "internal");
}

BOOST_AUTO_TEST_CASE(too_few_slots_are_described_by_what_is_needed_and_what_there_is_S6) {
    error few{.kind = error_kind::not_enough_slots, .needed = 8, .available = 4};
    BOOST_TEST(describe(few) == "not enough slots: needed 8, available 4");
    few.text = "needed 8, available 4, after 10 min";
    BOOST_TEST(describe(few) == "not enough slots: needed 8, available 4, after 10 min");
}

}  // namespace
