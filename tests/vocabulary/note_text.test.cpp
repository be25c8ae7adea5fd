#include <headgate/vocabulary/note_text.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(what_people_can_read_stays_as_it_is) {
    for (const std::string_view text : {"", "plain ~ text \\n", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x99", "a\xc2\xa0z"})
        BOOST_TEST(one_line(text) == text);
}

BOOST_AUTO_TEST_CASE(what_a_terminal_would_act_on_is_escaped_G3) {
    BOOST_TEST(one_line("a\nb\r\tc") == "a\\nb\\r\\tc");
    BOOST_TEST(one_line(std::string_view("\0\x1b[31m\x7f", 7)) == "\\x00\\x1b[31m\\x7f");
    BOOST_TEST(one_line("\xc2\x9b"
                        "31m") == "\\x9b31m");  // a control sequence in one character
    BOOST_TEST(one_line("\xe2\x80\xae"
                        "x\xe2\x81\xa6\xe2\x80\xa8") == "\\u202ex\\u2066\\u2028");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf_8_is_escaped_byte_by_byte) {
    BOOST_TEST(one_line("\xff\xfe") == "\\xff\\xfe");
    BOOST_TEST(one_line("\xc3") == "\\xc3");                             // ends too soon
    BOOST_TEST(one_line("\xc3(") == "\\xc3(");                           // goes on wrongly
    BOOST_TEST(one_line("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
    BOOST_TEST(one_line("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // overlong
    BOOST_TEST(one_line("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
    BOOST_TEST(one_line("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond the last
    BOOST_TEST(one_line("\x80") == "\\x80");
    // The bytes behind the end of a view are none of it.
    BOOST_TEST(one_line(std::string_view("\xc3\xa4", 1)) == "\\xc3");
}

BOOST_AUTO_TEST_CASE(a_long_text_is_cut_between_characters_and_says_so) {
    BOOST_TEST(one_line("abcdef", 6) == "abcdef");
    BOOST_TEST(one_line("abcdefg", 6) == "abc...");
    BOOST_TEST(one_line("a\xe2\x82\xac"
                        "bcdefg",
                        6) == "a...");
    BOOST_TEST(one_line("ab\n\n\n", 6) == "ab...");  // no half of an escape either
    BOOST_TEST(one_line("abcdef", 3) == "...");
    BOOST_TEST(one_line("abcdef", 2) == "");
    BOOST_TEST(one_line("abcdef", 0) == "");
    BOOST_TEST(one_line("", 0) == "");
    BOOST_TEST(one_line(std::string(20'000, 'x')).size() == std::size_t{16} << 10);
}

BOOST_AUTO_TEST_CASE(any_two_bytes_make_a_line_of_utf_8_within_the_limit) {
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second)
            for (const std::size_t most : {0u, 1u, 4u, 5u, 9u}) {
                const char bytes[] = {static_cast<char>(first), static_cast<char>(second)};
                const std::string line = one_line(std::string_view(bytes, 2), most);
                BOOST_REQUIRE(line.size() <= most);
                for (std::string_view rest = line; not rest.empty();) {
                    const auto next = first_character(rest);
                    BOOST_REQUIRE((next.bytes > 0 and not note_detail::is_control(next.value)));
                    rest.remove_prefix(next.bytes);
                }
                BOOST_REQUIRE(one_line(line, most) == line);
            }
}

BOOST_AUTO_TEST_CASE(a_transition_names_both_states_and_why) {
    BOOST_TEST(text_of(transition{state_name::created, state_name::compiling, {3}, {}}) == "Created -> Compiling");
    BOOST_TEST(text_of(transition{state_name::scheduling,
                                  state_name::recovering,
                                  {3},
                                  error{.kind = error_kind::dial, .text = "127.0.0.1:1: refused"}}) ==
               "Scheduling -> Recovering: dial: 127.0.0.1:1: refused");
}

BOOST_AUTO_TEST_CASE(a_phase_names_its_duration_and_when_it_was_S18) {
    BOOST_TEST(text_of(phase_ended{phase::dialling, {3}, 100ms, 1'112ms}) ==
               "dialling took 1.012 s, from 0.100 s to 1.112 s");
    BOOST_TEST(text_of(phase_ended{phase::dialling, {3}, 0ms, duration::max()}) ==
               "dialling took 9223372036854775.807 s, from 0.000 s to 9223372036854775.807 s");
}

BOOST_AUTO_TEST_CASE(a_retry_names_attempt_budget_pause_and_why) {
    const error why{.kind = error_kind::scheduler, .text = "no answer"};
    BOOST_TEST(text_of(retried{why, {2}, 3, 150ms}) == "attempt 2 of 3 failed, again in 0.150 s: scheduler: no answer");
    BOOST_TEST(text_of(retried{why, {2}, 0, -5ms}) == "attempt 2 failed, again in -0.005 s: scheduler: no answer");
    BOOST_TEST(text_of(retried{why, {3}, 3, {}}) == "attempt 3 of 3 failed, not tried again: scheduler: no answer");
}

BOOST_AUTO_TEST_CASE(a_remark_is_its_text_and_an_alarm_says_that_it_is_one) {
    BOOST_TEST(text_of(remark{remark::severity::warning, "x"}) == "x");
    BOOST_TEST(text_of(remark{remark::severity::alarm, "x"}) == "ALARM: x");
}

}  // namespace
