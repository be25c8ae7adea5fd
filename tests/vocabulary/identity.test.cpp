#include <headgate/vocabulary/identity.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

namespace {

using namespace headgate;

identity an_identity() {
    identity one{.job = {"a job"},
                 .generation = {7},
                 .worker = {.id = id_of({7}, {2}), .slots = 16},
                 .controller = "127.0.0.1:7070"};
    for (std::size_t i = 0; i < one.token.size(); ++i) one.token[i] = static_cast<std::byte>(i * 11);
    return one;
}

std::string refusal(const std::string& text) {
    const auto read = parse_identity(text);
    return read ? "none" : read.error().text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

BOOST_AUTO_TEST_CASE(an_identity_is_printed_as_lines_of_name_and_value_G3) {
    identity one = an_identity();
    one.token = {};
    one.token[31] = std::byte{0xa5};
    BOOST_TEST(print(one) ==
               "version=1\njob=a%20job\ngeneration=7\nworker=30064771074\nslots=16\n"
               "controller=127.0.0.1:7070\ntoken=" +
                   std::string(62, '0') + "a5\n");
}

BOOST_AUTO_TEST_CASE(what_is_printed_reads_back_whatever_the_job_is_called) {
    identity one = an_identity();
    for (const std::string& name : {std::string(), std::string("../x=y%"), std::string("two\nlines\0", 10),
                                    std::string("\xff\x7f\t"), std::string(64, '\n')}) {
        one.job = {name};
        BOOST_TEST((parse_identity(print(one)) == one));
    }
}

BOOST_AUTO_TEST_CASE(each_cut_of_a_text_is_refused_but_the_one_that_lacks_the_last_line_break) {
    const std::string text = print(an_identity());
    for (std::size_t size = 0; size + 1 < text.size(); ++size)
        BOOST_TEST(not parse_identity(text.substr(0, size)).has_value());
    BOOST_TEST(parse_identity(text.substr(0, text.size() - 1)).has_value());
}

BOOST_AUTO_TEST_CASE(errors_name_the_line_and_never_show_a_token) {
    const std::string text = print(an_identity());
    BOOST_TEST(refusal("") == "worker identity: no line version");
    BOOST_TEST(refusal(text + "slots=1\n") == "worker identity: two lines slots");
    BOOST_TEST(refusal(replaced(text, "slots=16", "slots=x")).find("value of slots") != std::string::npos);
    BOOST_TEST(refusal(replaced(text, "slots=16", "slots=65537")).find("value of slots") != std::string::npos);
    BOOST_TEST(refusal(replaced(text, "generation=7", "generation=-7")).find("generation") != std::string::npos);
    BOOST_TEST(refusal(replaced(text, "a%20job", "a%2")).find("value of job") != std::string::npos);
    BOOST_TEST(refusal(replaced(text, "token=00", "token=0g")) ==
               "worker identity: the value of token is none or above the limits");
    BOOST_TEST(refusal(replaced(text, "token=00", "00")) == "worker identity: a line that is none of it");
}

BOOST_AUTO_TEST_CASE(a_newer_version_is_refused_with_what_to_do) {
    BOOST_TEST(refusal(replaced(print(an_identity()), "version=1", "version=2")).find("same headgate") !=
               std::string::npos);
}

}  // namespace
