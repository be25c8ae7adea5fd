#include <headgate/vocabulary/checkpoint.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string_view>

namespace {

using namespace headgate;
using enum checkpoint_state;

static_assert(may_step(std::nullopt, in_progress) and not may_step(std::nullopt, ready));
static_assert(may_step(ready, compacting) and may_step(failed, compacting) and may_step(abandoned, compacting),
              "the objects of whatever will never be restored can be removed");
static_assert(not may_step(in_progress, compacting) and not may_step(committing, compacting));
static_assert(may_step(compacting, compacted) and not may_step(failed, compacted) and not may_step(abandoned, compacted),
              "compacted says that its objects are gone");
static_assert(not may_step(ready, failed) and not may_step(compacted, failed), "I8");

BOOST_AUTO_TEST_CASE(every_state_of_a_checkpoint_has_a_text_of_its_own_and_may_be_set_again) {
    std::set<std::string_view> texts;
    for (std::size_t at = 0; at < checkpoint_states; ++at) {
        const auto state = static_cast<checkpoint_state>(at);
        texts.insert(text_of(state));
        BOOST_TEST(may_step(state, state));
    }
    BOOST_TEST(texts.size() == checkpoint_states);
}

}  // namespace
