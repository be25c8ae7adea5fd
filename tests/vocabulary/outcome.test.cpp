#include <headgate/vocabulary/outcome.hpp>

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace {

using namespace headgate;

constexpr std::string_view read(const outcome<int>& ended) {
    return ended.match([](int) { return std::string_view("applied"); },
                       [](const error&) { return std::string_view("not applied"); },
                       [](const error&) { return std::string_view("unknown"); });
}

static_assert(read(7) == "applied");

// There is no way round the three arms.
template <class Outcome>
concept looks_inside = requires(Outcome ended) { *ended; } or requires(Outcome ended) { ended.value(); } or
                       requires(Outcome ended) { ended.has_value(); } or std::convertible_to<Outcome, bool>;
static_assert(not looks_inside<outcome<int>>);
static_assert(looks_inside<expected<int>>);
static_assert(not std::default_initializable<outcome<int>>);
static_assert(not std::convertible_to<error, outcome<int>>, "an error alone does not say whether it happened");

BOOST_AUTO_TEST_CASE(match_hands_out_the_result_without_a_copy) {
    const outcome<std::string> ended(std::string("a result"));
    const auto no = [](const error&) -> const std::string* { return nullptr; };
    const auto address = [](const std::string& result) { return &result; };
    BOOST_TEST((ended.match(address, no, no) == ended.match(address, no, no)));
}

BOOST_AUTO_TEST_CASE(each_arm_hears_its_own_error_G6) {
    const auto told = [](const outcome<applied>& ended) {
        return ended.match([](applied) { return std::string("applied"); },
                           [](const error& why) { return "not applied: " + why.text; },
                           [](const error& why) { return "unknown: " + why.text; });
    };
    BOOST_TEST(told(applied{}) == "applied");
    BOOST_TEST(told(not_applied{{error_kind::dial, "refused"}}) == "not applied: refused");
    BOOST_TEST(told(unknown{{error_kind::dial, "no answer"}}) == "unknown: no answer");
}

BOOST_AUTO_TEST_CASE(a_failure_is_the_error_of_any_expected) {
    const expected<int> failed = failure(error_kind::invalid, "no such node");
    BOOST_TEST((failed.error() == error{.kind = error_kind::invalid, .text = "no such node"}));
}

}  // namespace
