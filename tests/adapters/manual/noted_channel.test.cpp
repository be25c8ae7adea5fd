#include <headgate/manual/noted_channel.hpp>

#include <headgate/conformance/archetypes/channel.hpp>

#include <boost/test/unit_test.hpp>

#include "../process/support.hpp"

#include <functional>
#include <memory>

namespace {

using namespace headgate_tests;

static_assert(channel<manual::noted_channel<archetype::channel>>);

const job_id job{"job"};
constexpr generation first{1};
constexpr worker_id worker = id_of(first, {0});
constexpr duration lease{30'000};

/// The test speaks as the workers do.
struct spoken {
    void listen(stream_receiver auto hear) { said = hear; }
    void send(stream_id, const controller_message&) {}
    void close(stream_id) {}
    void dial(const request<headgate::dial>&, completion_for<headgate::dial> auto) {}
    void hang_up(connection_id) {}
    void start_execution(const request<headgate::start_execution>&, completion_for<headgate::start_execution> auto) {}
    void begin_checkpoint(const request<headgate::begin_checkpoint>&, completion_for<headgate::begin_checkpoint> auto) {
    }
    void stop_execution(const request<headgate::stop_execution>&, completion_for<headgate::stop_execution> auto) {}

    std::function<void(stream_event)> said{};
};

struct scene {
    scene() {
        channel.listen([](const stream_event&) {});
        BOOST_TEST_REQUIRE(ask.start(job, first, 1) == "started");
    }

    void say_hello(std::uint64_t stream) {
        of.said({.stream = {stream}, .what = worker_message(hello{.job = job, .generation = first, .worker = worker})});
    }
    void accept(std::uint64_t stream) { channel.send({stream}, verdict(accepted{})); }
    void end(std::uint64_t stream) { of.said({.stream = {stream}, .what = stream_ended{}}); }
    /// The notes have arrived then.
    std::size_t count() { return ask.count(job, first); }

    folder at{};
    std::shared_ptr<hand> clock = std::make_shared<hand>();
    manual::scheduler model{{.command = {"worker"},
                             .controller = "127.0.0.1:7070",
                             .directory = at.path(),
                             .lease = lease,
                             .now = [c = clock] { return c->read(); },
                             .print = [](std::string_view) {}}};
    caller<manual::scheduler> ask{model};
    spoken of{};
    manual::noted_channel<spoken> channel{of, &model};
};

BOOST_AUTO_TEST_CASE(an_accepted_worker_is_there_until_the_lease_has_passed_since_its_streams_end_G7) {
    scene s;
    s.say_hello(1);
    s.accept(1);
    const auto stop = s.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(s.count() == 1u);
    s.clock->advance(2 * lease);
    BOOST_TEST(s.count() == 1u);
    s.end(1);
    BOOST_TEST(s.count() == 1u);
    BOOST_TEST(not stop->came());
    s.clock->advance(lease);
    BOOST_TEST(s.ask.left_of(s.ask.answer(stop)) == 0);
}

BOOST_AUTO_TEST_CASE(what_a_stranger_says_of_itself_keeps_no_worker_there_G3) {
    scene s;
    s.say_hello(1);
    const auto stop = s.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(s.count() == 1u);
    s.clock->advance(lease);
    BOOST_TEST(s.ask.left_of(s.ask.answer(stop)) == 0);
}

BOOST_AUTO_TEST_CASE(a_worker_that_came_back_on_another_stream_is_there_when_the_first_ends_S11) {
    scene s;
    for (const std::uint64_t stream : {1u, 2u}) {
        s.say_hello(stream);
        s.accept(stream);
    }
    s.end(1);
    const auto stop = s.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(s.count() == 1u);
    s.clock->advance(2 * lease);
    BOOST_TEST(s.count() == 1u);
    BOOST_TEST(not stop->came());
    s.end(2);
    BOOST_TEST(s.count() == 1u);
    s.clock->advance(lease);
    BOOST_TEST(s.ask.left_of(s.ask.answer(stop)) == 0);
}

}  // namespace
