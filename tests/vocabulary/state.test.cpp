#include <headgate/vocabulary/state.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string_view>

namespace {

using namespace headgate;

constexpr state_set terminal{state_name::stopped, state_name::failed, state_name::finished};

static_assert(terminal.contains(state_name::finished) and not terminal.contains(state_name::running));
static_assert(not state_set{}.contains(state_name::created));
static_assert(state_count == 14);
static_assert(state_name{} == state_name::created, "a job begins as Created");

BOOST_AUTO_TEST_CASE(every_state_has_a_text_of_its_own) {
    std::set<std::string_view> texts;
    for (std::size_t state = 0; state < state_count; ++state) texts.insert(text_of(static_cast<state_name>(state)));
    BOOST_TEST(texts.size() == state_count);
    BOOST_TEST(not texts.contains("no such state"));
    BOOST_TEST(text_of(static_cast<state_name>(state_count)) == "no such state");
}

BOOST_AUTO_TEST_CASE(a_set_of_states_holds_what_was_inserted) {
    state_set states{};
    for (std::size_t state = 0; state < state_count; state += 2) states.insert(static_cast<state_name>(state));
    for (std::size_t state = 0; state < state_count; ++state)
        BOOST_TEST(states.contains(static_cast<state_name>(state)) == (state % 2 == 0));
}

}  // namespace
