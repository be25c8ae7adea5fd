#include <headgate/vocabulary/fenced.hpp>

#include <headgate/vocabulary/event.hpp>

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <string>
#include <variant>

namespace {

using namespace headgate;

constexpr session whose{.generation = {3}, .worker = {1}, .stream = {9}};

static_assert(whose.fence(7).value() == 7);
static_assert(whose.fence(7).of() == whose);

// Only a session makes one (G1). A bare message is refused with the reason, which compile_fail/ shows.
static_assert(not std::default_initializable<fenced<heartbeat>>);
static_assert(not std::constructible_from<fenced<heartbeat>, session, heartbeat>);
static_assert(not std::convertible_to<fenced<heartbeat>, heartbeat>);

// What a worker says is an event only with its session.
template <class Message>
constexpr bool is_event = []<class... Kinds>(std::type_identity<std::variant<Kinds...>>) {
    return (std::same_as<Message, Kinds> or ...);
}(std::type_identity<event>{});
static_assert(not is_event<heartbeat> and is_event<fenced<heartbeat>>);
static_assert(not is_event<task_report> and is_event<fenced<task_report>>);
static_assert(not is_event<checkpoint_report> and is_event<fenced<checkpoint_report>>);
static_assert(not is_event<initialized> and is_event<fenced<initialized>>);
static_assert(not is_event<registered> and is_event<fenced<registered>>);
static_assert(not is_event<stream_lost> and is_event<fenced<stream_lost>>);
static_assert(not is_event<hello> and not is_event<proof>, "a machine never sees who is not proven");

BOOST_AUTO_TEST_CASE(a_message_keeps_the_session_that_it_came_by_G1) {
    const event came = whose.fence(task_report{.started = {{.node = {4}, .first = 0, .last = 2}}});
    const auto& report = std::get<fenced<task_report>>(came);
    BOOST_TEST((report.of() == whose));
    BOOST_TEST((report.value().started.front().node == node_id{4}));
}

}  // namespace
