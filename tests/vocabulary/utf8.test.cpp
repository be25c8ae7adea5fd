// SPDX-License-Identifier: BSL-1.0
#include <headgate/vocabulary/utf8.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace headgate;

static_assert(is_utf8("") and is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
static_assert(not is_utf8("a\xc3") and not is_utf8("\xed\xa0\x80") and not is_utf8("\xc0\x80"));
static_assert(first_character("\xf4\x8f\xbf\xbf").value == 0x10'ffff and
              first_character("\xf4\x90\x80\x80").bytes == 0);

BOOST_AUTO_TEST_CASE(each_byte_that_is_of_no_character_is_replaced_and_all_else_stays) {
    BOOST_TEST(as_utf8("a\xc3\xa4") == "a\xc3\xa4");
    BOOST_TEST(as_utf8("a\xff\xc3"
                       "b") ==
               "a\xef\xbf\xbd\xef\xbf\xbd"
               "b");
    const std::string with_nul("a\0b", 3);
    BOOST_TEST(as_utf8(with_nul) == with_nul);
}

BOOST_AUTO_TEST_CASE(what_two_bytes_begin_with_is_found_as_a_second_reader_finds_it) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const char bytes[] = {static_cast<char>(first), static_cast<char>(second)};
            const std::size_t expected = first < 0x80                                                          ? 1
                                         : first >= 0xc2 and first < 0xe0 and second >= 0x80 and second < 0xc0 ? 2
                                                                                                               : 0;
            BOOST_REQUIRE(first_character({bytes, 2}).bytes == expected);
        }
    }
}

}  // namespace
