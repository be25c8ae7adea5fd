#include <headgate/vocabulary/note.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string_view>

namespace {

using namespace headgate;

static_assert(phase_count == 9);

BOOST_AUTO_TEST_CASE(every_phase_of_an_attempt_has_a_text_of_its_own_S18) {
    std::set<std::string_view> texts;
    for (std::size_t each = 0; each < phase_count; ++each) texts.insert(text_of(static_cast<phase>(each)));
    BOOST_TEST(texts.size() == phase_count);
    BOOST_TEST(not texts.contains("no such phase"));
    BOOST_TEST(text_of(static_cast<phase>(phase_count)) == "no such phase");
}

}  // namespace
