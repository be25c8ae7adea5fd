#include <headgate/concepts/channel.hpp>

#include <headgate/conformance/archetypes/channel.hpp>
#include <headgate/conformance/laws/channel.hpp>
#include <headgate/simulation/channel.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace headgate;

// Refuters: each is the archetype less one thing.
struct cannot_listen : archetype::channel {
    void listen() = delete;
};
struct cannot_send : archetype::channel {
    void send() = delete;
};
struct cannot_close : archetype::channel {
    void close() = delete;
};
struct cannot_dial : archetype::channel {
    void dial() = delete;
};
struct cannot_hang_up : archetype::channel {
    void hang_up() = delete;
};
struct cannot_start : archetype::channel {
    void start_execution() = delete;
};
struct cannot_checkpoint : archetype::channel {
    void begin_checkpoint() = delete;
};
struct cannot_stop : archetype::channel {
    void stop_execution() = delete;
};
struct answers_by_value : archetype::channel {
    outcome<dialled> dial(const request<headgate::dial>&, any_completion<headgate::dial>);
};
struct changes_the_request : archetype::channel {
    void dial(request<headgate::dial>&, any_completion<headgate::dial>);
};

static_assert(not channel<cannot_listen> and not channel<cannot_send> and not channel<cannot_close>);
static_assert(not channel<cannot_dial> and not channel<cannot_hang_up> and not channel<cannot_start>);
static_assert(not channel<cannot_checkpoint> and not channel<cannot_stop>);
static_assert(not channel<answers_by_value> and not channel<changes_the_request> and not channel<int>);

struct has_no_ear : archetype::controller_link {
    void listen() = delete;
};
struct has_no_address : archetype::controller_link {
    void rpc_address() = delete;
};
struct cannot_open : archetype::controller_link {
    void open() = delete;
};
struct cannot_say : archetype::controller_link {
    void send() = delete;
};
struct cannot_end : archetype::controller_link {
    void close() = delete;
};
struct cannot_answer : archetype::controller_link {
    void answer() = delete;
};

static_assert(not controller_link<has_no_ear> and not controller_link<has_no_address>);
static_assert(not controller_link<cannot_open> and not controller_link<cannot_say>);
static_assert(not controller_link<cannot_end> and not controller_link<cannot_answer> and not controller_link<int>);

// Liars: the right signatures, and one law broken. They test the laws.
struct loses_a_word : simulation::channel {
    using channel::channel;
    void send(stream_id to, const controller_message& message) {
        if (++sent_ % 5 != 0) channel::send(to, message);
    }
    int sent_ = 0;
};
struct turns_order_around : simulation::channel {
    using channel::channel;
    void send(stream_id to, const controller_message& message) {
        if (held_.empty()) return held_.push_back(message);
        channel::send(to, message);
        channel::send(to, held_.back());
        held_.clear();
    }
    std::vector<controller_message> held_;
};
struct never_hangs_up_a_stream : simulation::channel {
    using channel::channel;
    void close(stream_id) {}
};
struct takes_anybody_for_the_worker : simulation::channel {
    using channel::channel;
    void dial(const request<headgate::dial>& r, completion_for<headgate::dial> auto done) {
        if (r.what.address == "nobody:1") return done(dialled{});
        channel::dial(r, done);
    }
};
struct shows_no_token : simulation::channel {
    using channel::channel;
    void dial(request<headgate::dial> r, completion_for<headgate::dial> auto done) {
        r.what.call_token = {};
        channel::dial(r, done);
    }
};
struct takes_no_for_yes : simulation::channel {
    using channel::channel;
    template <completion_for<headgate::stop_execution> Completion>
    struct yes : Completion {
        void operator()(const outcome<applied>& answer) const {
            Completion::operator()(answer.match([](const applied&) -> outcome<applied> { return applied{}; },
                                                [](const error& no) -> outcome<applied> {
                                                    if (no.kind == error_kind::permanent) return applied{};
                                                    return not_applied{no};
                                                },
                                                [](const error& why) -> outcome<applied> { return unknown{why}; }));
        }
    };
    void stop_execution(const request<headgate::stop_execution>& r,
                        completion_for<headgate::stop_execution> auto done) {
        channel::stop_execution(r, yes<decltype(done)>{done});
    }
};
struct never_hangs_up : simulation::channel {
    using channel::channel;
    void hang_up(connection_id) {}
};
struct answers_twice : simulation::channel {
    using channel::channel;
    template <class Completion>
    struct twice : Completion {
        void operator()(const outcome<applied>& answer) const {
            Completion::operator()(answer);
            Completion::operator()(answer);
        }
    };
    void start_execution(const request<headgate::start_execution>& r,
                         completion_for<headgate::start_execution> auto done) {
        channel::start_execution(r, twice<decltype(done)>{done});
    }
};

struct hears_of_an_end_after_what_follows : simulation::controller_link {
    using controller_link::controller_link;
    void listen(link_receiver auto hear) {
        controller_link::listen([hear, held = std::make_shared<std::optional<link_event>>()](const link_event& event) {
            if (std::holds_alternative<link_ended>(event) and not *held) return static_cast<void>(*held = event);
            hear(event);
            if (*held) hear(*std::exchange(*held, std::nullopt));
        });
    }
};

template <class Channel, class Link = simulation::controller_link>
class rig {
public:
    explicit rig(bool queues) : channel_(queues) {}
    rig(const rig&) = delete;

    Channel& channel() { return channel_; }
    Link& link(std::size_t n) { return links_[n]; }
    std::string nobody() const { return "nobody:1"; }
    void wake() {}

private:
    Channel channel_;
    Link links_[2] = {{channel_, "worker:1"}, {channel_, "worker:2"}};
};

using laws_broken = std::set<std::string>;

template <class Channel, class Link = simulation::controller_link>
laws_broken broken_laws(bool queues, auto settle) {
    laws_broken broken;
    laws::check_channel([&] { return rig<Channel, Link>(queues); }, settle,
                        [&](std::string_view law, bool holds, const std::string& detail) {
                            BOOST_TEST(holds == detail.empty());
                            BOOST_TEST_MESSAGE(law << ": " << detail);
                            if (not holds) broken.emplace(law);
                        });
    return broken;
}

constexpr auto at_once = [](auto&, auto) {};
constexpr auto run_until = [](auto& rig, auto came) {
    while (not came() and rig.channel().run_one()) {
    }
};

template <class Channel, class Link = simulation::controller_link>
laws_broken broken_by() {
    return broken_laws<Channel, Link>(true, run_until);
}

BOOST_AUTO_TEST_CASE(a_channel_in_memory_keeps_every_law_whether_it_delivers_at_once_or_later) {
    BOOST_TEST((broken_laws<simulation::channel>(false, at_once) == laws_broken{}));
    BOOST_TEST((broken_laws<simulation::channel>(true, run_until) == laws_broken{}));
}

BOOST_AUTO_TEST_CASE(each_channel_that_lies_breaks_its_law) {
    BOOST_TEST((broken_by<loses_a_word>() == laws_broken{"carries"}));
    BOOST_TEST((broken_by<turns_order_around>().contains("carries")));
    BOOST_TEST((broken_by<never_hangs_up_a_stream>() == laws_broken{"ends"}));
    BOOST_TEST((broken_by<takes_anybody_for_the_worker>().contains("dials")));
    BOOST_TEST((broken_by<shows_no_token>() == laws_broken{"calls", "dials"}));
    BOOST_TEST((broken_by<takes_no_for_yes>() == laws_broken{"calls", "refusals"}));
    BOOST_TEST((broken_by<never_hangs_up>() == laws_broken{"answers", "hung_up"}));
    BOOST_TEST((broken_by<answers_twice>() == laws_broken{"answers"}));
    BOOST_TEST((broken_by<simulation::channel, hears_of_an_end_after_what_follows>() == laws_broken{"ends"}));
}

BOOST_AUTO_TEST_CASE(a_channel_that_never_delivers_keeps_no_law) {
    BOOST_TEST((broken_laws<simulation::channel>(true, at_once).size() == 7u));
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_channel_holds_what_is_on_its_way) {
    simulation::channel first(true);
    simulation::controller_link link(first, "worker:1");
    std::vector<std::string> heard;
    first.listen([&](const stream_event& event) {
        heard.push_back(std::holds_alternative<stream_ended>(event.what) ? "ended" : "message");
    });
    link.open();
    link.send(hello{});
    simulation::channel copy = first;
    link.of(copy).close();
    while (copy.run_one()) {
    }
    BOOST_TEST(heard == (std::vector<std::string>{"message", "ended"}), boost::test_tools::per_element());
    heard.clear();
    while (first.run_one()) {
    }
    BOOST_TEST(heard == (std::vector<std::string>{"message"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stream_that_does_not_begin_with_a_hello_is_ended_and_not_heard) {
    simulation::channel channel;
    simulation::controller_link link(channel, "worker:1");
    int streams = 0, ends = 0;
    channel.listen([&](const stream_event&) { ++streams; });
    link.listen([&](const link_event& event) { ends += std::holds_alternative<link_ended>(event) ? 1 : 0; });
    link.open();
    link.send(heartbeat{});
    BOOST_TEST(streams == 0);
    BOOST_TEST(ends == 1);
}

}  // namespace
