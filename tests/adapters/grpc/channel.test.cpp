// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/channel.hpp>

#include "pair.hpp"

#include <headgate/protobuf/messages.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::grpc_test;
using namespace std::chrono_literals;

bool says(const std::string& text, std::string_view words) {
    BOOST_TEST_INFO(text);
    return text.find(words) != std::string::npos;
}

std::string refusal(std::string_view listen) {
    const auto made = grpc::channel::open({.listen = std::string(listen)});
    BOOST_REQUIRE(not made);
    return describe(made.error());
}

dial dial_to(const std::string& address) {
    return {.job = {"words"},
            .worker = {1},
            .incarnation = {},
            .address = address,
            .nonce = {},
            .call_token = {std::byte{7}}};
}

/// A channel, a worker with an open connection to it, and what they heard.
struct pair {
    bell rings;
    heard<stream_event> streams{rings};
    heard<link_event> events{rings};
    std::unique_ptr<grpc::channel> channel;
    std::unique_ptr<grpc::controller_link> link;

    explicit pair(grpc::channel_options with = {}, grpc::controller_link_options link_with = {})
        : channel(open_channel(std::move(with))), link(open_link(*channel, std::move(link_with))) {
        channel->listen(streams);
        link->listen(events);
    }

    called next_call(std::size_t number) {
        BOOST_REQUIRE(rings.wait([&] { return events.of<called>().size() > number; }));
        return events.of<called>()[number];
    }
    connection_id connect() {
        const std::size_t number = events.of<called>().size();
        const ending<dial> done(rings);
        channel->dial(request<dial>{.what = dial_to(link->rpc_address())}, done);
        link->answer(next_call(number).id, identified{{1}, {}, {}});
        BOOST_REQUIRE(rings.wait([&] { return done.calls() == 1; }));
        return done.into->answers.front().match([](const dialled& shown) { return shown.connection; },
                                                [](const error&) { return connection_id{}; },
                                                [](const error&) { return connection_id{}; });
    }
    stream_id opened() {
        const std::size_t before = streams.size();
        link->open();
        link->send(hello{});
        BOOST_REQUIRE(rings.wait([&] { return streams.size() > before; }));
        const stream_id made = streams.all().back().stream;
        channel->send(made, verdict(accepted{1s, 1s}));
        return made;
    }
};

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_said_so) {
    const auto first = open_channel();
    BOOST_TEST(says(refusal(first->address()), "cannot listen on " + first->address() + ": Address already in use"));
}

BOOST_AUTO_TEST_CASE(plain_text_is_for_loopback_alone_G3) {
    for (const std::string_view address : {"0.0.0.0:7070", "192.0.2.1:7070", "[::]:7070", "example.com:7070",
                                           "unix:/tmp/socket:1", "127.0.0.1.example.com:7070", ":7070"})
        BOOST_TEST(says(refusal(address), "is not on loopback"));
    for (const std::string_view address :
         {"127.0.0.1", "127.0.0.1:", "127.0.0.1:70707", "127.0.0.1:-1", "127.0.0.1:7 "})
        BOOST_TEST(says(refusal(address), std::string("address \"") + std::string(address) + "\""));
    BOOST_TEST(not grpc::controller_link::make({.controller = "192.0.2.1:7070"}));
    BOOST_TEST(not grpc::controller_link::make({.listen = "0.0.0.0:0"}));
}

BOOST_AUTO_TEST_CASE(localhost_and_ipv6_are_loopback) {
    for (const char* address : {"localhost:0", "[::1]:0"}) {
        auto made = grpc::channel::open({.listen = address});
        if (not made and says(made.error().text, "Cannot assign requested address")) continue;  // without IPv6
        BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().text));
        BOOST_TEST(not(*made)->address().ends_with(":0"));
        bell rings;
        heard<stream_event> streams(rings);
        (*made)->listen(streams);
        const auto link = open_link(**made);
        link->open();
        link->send(hello{});
        BOOST_REQUIRE(rings.wait([&] { return streams.size() == 1; }));
        BOOST_TEST(streams.all().front().peer_host == (address[0] == '[' ? "::1" : "127.0.0.1"));
    }
}

BOOST_AUTO_TEST_CASE(a_dial_to_what_is_no_local_address_is_not_applied) {
    pair p;
    for (const char* address : {"", "x", "192.0.2.1:80", "127.0.0.1:0", "unix:/tmp/x", "dns:///127.0.0.1:1"}) {
        const ending<dial> done(p.rings);
        p.channel->dial(request<dial>{.what = dial_to(address)}, done);
        BOOST_TEST(done.calls() == 1u);
        BOOST_TEST(says(done.text(), "not applied: "));
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_answer_a_dial_leaves_it_unknown_at_the_connect_timeout_S12) {
    pair p({.connect_timeout = 50ms});
    const ending<dial> done(p.rings);
    p.channel->dial(request<dial>{.what = dial_to(p.link->rpc_address())}, done);
    BOOST_REQUIRE(p.rings.wait([&] { return done.calls() == 1; }));
    BOOST_TEST(done.text() == "unknown: dial: no answer in time");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_not_answered_by_its_deadline_is_unknown_G6) {
    instant now{1h};
    pair p({.now = [&] { return now; }});
    const connection_id on = p.connect();
    const ending<stop_execution> done(p.rings);
    p.channel->stop_execution(request<stop_execution>{.deadline = now + 50ms, .what = {on, {1}}}, done);
    const called late = p.next_call(1);
    BOOST_REQUIRE(p.rings.wait([&] { return done.calls() == 1; }));
    BOOST_TEST(done.text() == "unknown: scheduler: no answer in time");
    p.link->answer(late.id, applied{});  // dropped

    const ending<stop_execution> past(p.rings);
    p.channel->stop_execution(request<stop_execution>{.deadline = now, .what = {on, {1}}}, past);
    BOOST_TEST(past.text() == "not applied: scheduler: the deadline is over");
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_leaves_its_calls_unknown_and_its_stream_ended_G6) {
    pair p;
    const connection_id on = p.connect();
    static_cast<void>(p.opened());
    const ending<stop_execution> done(p.rings);
    p.channel->stop_execution(request<stop_execution>{.what = {on, {1}}}, done);
    static_cast<void>(p.next_call(1));
    p.link.reset();
    BOOST_REQUIRE(p.rings.wait([&] { return done.calls() == 1 and p.streams.size() == 2; }));
    BOOST_TEST(says(done.text(), "unknown: scheduler: "));
    BOOST_TEST(std::holds_alternative<stream_ended>(p.streams.all().back().what));

    const ending<stop_execution> after(p.rings);
    p.channel->stop_execution(request<stop_execution>{.what = {on, {1}}}, after);
    BOOST_REQUIRE(p.rings.wait([&] { return after.calls() == 1; }));
    BOOST_TEST(says(after.text(), "unknown: scheduler: "));
}

BOOST_AUTO_TEST_CASE(a_channel_that_ends_calls_every_completion_once_and_workers_hear_the_end) {
    pair p;
    const connection_id on = p.connect();
    static_cast<void>(p.opened());
    std::vector<ending<stop_execution>> calls;
    for (int i = 0; i < 100; ++i) {
        calls.emplace_back(p.rings);
        p.channel->stop_execution(request<stop_execution>{.what = {on, {1}}}, calls.back());
    }
    const ending<dial> dialling(p.rings);
    p.channel->dial(request<dial>{.what = dial_to(p.link->rpc_address())}, dialling);
    p.channel.reset();
    for (const auto& each : calls) {
        BOOST_TEST(each.calls() == 1u);
        BOOST_TEST(says(each.text(), "unknown: scheduler: "));
    }
    BOOST_TEST(dialling.calls() == 1u);
    BOOST_TEST(p.rings.wait([&] { return p.events.of<link_ended>().size() == 1; }));
    BOOST_TEST(std::holds_alternative<stream_ended>(p.streams.all().back().what));
}

BOOST_AUTO_TEST_CASE(a_controller_that_is_not_there_is_heard_as_an_ended_link) {
    pair p;
    p.channel.reset();
    for (std::size_t i = 1; i <= 3; ++i) {
        p.link->open();
        BOOST_REQUIRE(p.rings.wait([&] { return p.events.of<link_ended>().size() == i; }));
        BOOST_TEST(says(p.events.of<link_ended>().back().why, "unavailable"));
    }
    BOOST_TEST(p.events.of<link_opened>().empty());
}

BOOST_AUTO_TEST_CASE(a_receiver_may_open_and_answer_within_its_call) {
    pair p;
    std::atomic<int> ends{0};
    const auto second = open_link(*p.channel);
    second->listen([&](const link_event& event) {
        if (std::holds_alternative<link_ended>(event) and ++ends < 3) second->open();
        if (std::holds_alternative<link_opened>(event)) second->close();
        if (const auto* call = std::get_if<called>(&event)) second->answer(call->id, identified{{2}, {}, {}});
        p.rings.ring();
    });
    second->open();
    BOOST_TEST(p.rings.wait([&] { return ends == 3; }));
    const ending<dial> done(p.rings);
    p.channel->dial(request<dial>{.what = dial_to(second->rpc_address())}, done);
    BOOST_REQUIRE(p.rings.wait([&] { return done.calls() == 1; }));
    BOOST_TEST(done.text() == "applied");
}

BOOST_AUTO_TEST_CASE(a_message_above_the_limit_is_refused_by_its_sender_SPEC_10) {
    limits tight;
    tight.message = 4'096;
    pair p({.limits = tight}, {.limits = tight});
    const connection_id on = p.connect();
    execution large;
    program what{.nodes = {{.id = {1}, .operators = {{{"source"}, std::string(5'000, 'x')}}}}, .edges = {}};
    large.program = std::make_shared<const program>(what);
    large.plan = std::make_shared<const plan>();
    const ending<start_execution> done(p.rings);
    p.channel->start_execution(request<start_execution>{.what = {on, std::make_shared<const execution>(large), {}}},
                               done);
    BOOST_TEST(says(done.text(), "not applied: invalid: a request of 5"));

    static_cast<void>(p.opened());
    p.link->send(initialized{.failure = std::string(5'000, 'x')});
    BOOST_REQUIRE(p.rings.wait([&] { return not p.events.of<link_ended>().empty(); }));
    BOOST_TEST(says(p.events.of<link_ended>().front().why, "the limit is 4096"));
    BOOST_REQUIRE(p.rings.wait([&] { return p.streams.size() == 2; }));
    BOOST_TEST(std::holds_alternative<stream_ended>(p.streams.all().back().what));
}

BOOST_AUTO_TEST_CASE(a_message_above_the_receiver_s_limit_ends_the_stream_SPEC_10) {
    limits tight;
    tight.message = 4'096;
    pair p({.limits = tight});
    static_cast<void>(p.opened());
    p.link->send(initialized{.failure = std::string(5'000, 'x')});
    BOOST_REQUIRE(p.rings.wait([&] { return p.events.of<link_ended>().size() == 1 and p.streams.size() == 2; }));
    BOOST_TEST(std::holds_alternative<stream_ended>(p.streams.all().back().what));
}

constexpr std::size_t four_mib = std::size_t{4} << 20;

/// What is beside a text of some MiB in `bytes_of`, which has the text's length.
std::size_t around(const std::function<std::string(std::size_t)>& bytes_of) {
    return bytes_of(four_mib - 1'000).size() - (four_mib - 1'000);
}
limits wide() {
    limits made;
    made.message = 2 * four_mib;
    return made;
}

BOOST_AUTO_TEST_CASE(a_worker_s_message_of_4_MiB_is_heard_and_one_byte_more_ends_its_stream_SPEC_10) {
    const auto message = [](std::size_t n) {
        return worker_message(
            checkpoint_report{.epoch = {1}, .subtasks = {{{1}, 1, std::string(n, 'x')}}, .failure = {}});
    };
    const std::size_t most = four_mib - around([&](std::size_t n) { return protobuf::encode(message(n)); });
    BOOST_TEST(protobuf::encode(message(most)).size() == four_mib);
    for (const limits& of_link : {limits{}, wide()}) {  // its sender refuses it, or its receiver
        pair p({}, {.limits = of_link});
        static_cast<void>(p.opened());
        p.link->send(message(most));
        BOOST_REQUIRE(p.rings.wait([&] { return p.streams.size() == 2; }));
        BOOST_TEST((std::get<worker_message>(p.streams.all().back().what) == message(most)));
        p.link->send(message(most + 1));
        BOOST_REQUIRE(p.rings.wait([&] { return p.streams.size() == 3 and p.events.of<link_ended>().size() == 1; }));
        BOOST_TEST(std::holds_alternative<stream_ended>(p.streams.all().back().what));
        BOOST_TEST(says(p.events.of<link_ended>().front().why, "4194304"));
    }
}

BOOST_AUTO_TEST_CASE(a_controller_s_message_of_4_MiB_is_heard_and_one_byte_more_ends_the_stream_SPEC_10) {
    const auto message = [](std::size_t n) { return controller_message(verdict(refused{std::string(n, 'x')})); };
    const std::size_t most = four_mib - around([&](std::size_t n) { return protobuf::encode(message(n)); });
    for (const limits& of_channel : {limits{}, wide()}) {
        pair p({.limits = of_channel});
        const stream_id stream = p.opened();
        p.channel->send(stream, message(most));
        BOOST_REQUIRE(p.rings.wait([&] { return p.events.of<controller_message>().size() == 2; }));
        const auto heard = std::get<verdict>(p.events.of<controller_message>().back());
        BOOST_TEST(std::get<refused>(heard).why.size() == limits{}.error_text);
        p.channel->send(stream, message(most + 1));
        BOOST_REQUIRE(p.rings.wait([&] { return p.events.of<link_ended>().size() == 1; }));
        BOOST_TEST(p.events.of<controller_message>().size() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(an_execution_of_4_MiB_is_heard_and_one_byte_more_is_not_SPEC_10) {
    const auto of = [](std::size_t n) {
        plan placed{.workers = {{.id = {1}, .slots = 1}}};
        BOOST_REQUIRE((placed.machines.push_back("m") and placed.data_addresses.push_back("a:1")));
        placed.layouts = {{.boundaries = {0, 1}}};
        placed.nodes = {{.id = {1}, .parallelism = 1}};
        const program what{.nodes = {{.id = {1}, .operators = {{{"source"}, std::string(n, 'x')}}}}, .edges = {}};
        return execution{.job = {"words"},
                         .program = std::make_shared<const program>(what),
                         .plan = std::make_shared<const plan>(placed)};
    };
    const std::size_t most =
        four_mib - around([&](std::size_t n) { return protobuf::encode(of(n)) + protobuf::encode_data_token({}); });
    for (const limits& of_channel : {limits{}, wide()}) {
        pair p({.limits = of_channel});
        const connection_id on = p.connect();
        const auto start = [&](std::size_t n, const ending<start_execution>& done) {
            p.channel->start_execution(
                request<start_execution>{.what = {on, std::make_shared<const execution>(of(n)), {}}}, done);
        };
        const ending<start_execution> fits(p.rings), above(p.rings);
        start(most, fits);
        const called call = p.next_call(1);
        BOOST_TEST(std::get<execute>(call.what).what->program->nodes[0].operators[0].what.size() == most);
        p.link->answer(call.id, applied{});
        BOOST_REQUIRE(p.rings.wait([&] { return fits.calls() == 1; }));
        BOOST_TEST(fits.text() == "applied");
        start(most + 1, above);
        BOOST_REQUIRE(p.rings.wait([&] { return above.calls() == 1; }));
        BOOST_TEST(says(above.text(), of_channel == wide() ? "unknown: " : "not applied: invalid: "));  // G6
        BOOST_TEST(says(above.text(), "4194304"));
        BOOST_TEST(p.events.of<called>().size() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_does_not_read_loses_its_stream) {
    pair p({.stream_queue = 8});
    bell rings;
    std::mutex gate;
    std::unique_lock shut(gate);  // a worker that hangs while it hears
    const auto hung = open_link(*p.channel);
    hung->listen([&](const link_event& event) {
        if (std::holds_alternative<controller_message>(event)) const std::lock_guard wait(gate);
    });
    hung->open();
    hung->send(hello{});
    BOOST_REQUIRE(p.rings.wait([&] { return p.streams.size() == 1; }));
    const stream_id stream = p.streams.all().front().stream;
    for (int i = 0; i < 10'000 and p.streams.size() == 1; ++i)
        p.channel->send(stream, verdict(refused{std::string(10'000, 'x')}));
    BOOST_TEST(p.rings.wait([&] { return p.streams.size() == 2; }));
    BOOST_TEST(std::holds_alternative<stream_ended>(p.streams.all().back().what));
    shut.unlock();
}

BOOST_AUTO_TEST_CASE(a_long_refusal_arrives_cut_at_the_limit_G3) {
    pair p;
    const connection_id on = p.connect();
    const ending<stop_execution> done(p.rings);
    p.channel->stop_execution(request<stop_execution>{.what = {on, {1}}}, done);
    std::string why = "line one\nline two \xff\x01 ";
    while (why.size() < 20'000) why += "\xc3\xa9";
    p.link->answer(p.next_call(1).id, refused{why});
    BOOST_REQUIRE(p.rings.wait([&] { return done.calls() == 1; }));
    BOOST_TEST(says(done.text(), "not applied: permanent: line one\\nline two \\xff\\x01 "));
    BOOST_TEST(done.text().size() > 16'000u);
    BOOST_TEST(done.text().size() < 17'000u);
}

BOOST_AUTO_TEST_CASE(counts_above_the_limits_are_answered_not_applied_SPEC_10) {
    pair p({.connections = 1, .calls = 2});
    const connection_id on = p.connect();
    const ending<dial> one_more(p.rings);
    p.channel->dial(request<dial>{.what = dial_to(p.link->rpc_address())}, one_more);
    BOOST_TEST(says(one_more.text(), "not applied: dial: there are 1 connections"));
    std::vector<ending<stop_execution>> calls;
    for (int i = 0; i < 3; ++i) {
        calls.emplace_back(p.rings);
        p.channel->stop_execution(request<stop_execution>{.what = {on, {1}}}, calls.back());
    }
    BOOST_TEST(says(calls[2].text(), "not applied: scheduler: too many calls"));
    p.channel->hang_up(on);
    BOOST_TEST(p.rings.wait([&] { return calls[0].calls() == 1 and calls[1].calls() == 1; }));
    BOOST_TEST((p.connect() != on));
}

BOOST_AUTO_TEST_CASE(a_redial_does_not_wait_for_the_backoff_of_an_earlier_connection_S12) {
    pair p;
    const std::string address = p.link->rpc_address();
    const connection_id before = p.connect();
    p.link.reset();
    // The earlier connection tries to connect again, fails, and backs off.
    const ending<stop_execution> lost(p.rings);
    p.channel->stop_execution(request<stop_execution>{.what = {before, {1}}}, lost);
    BOOST_REQUIRE(p.rings.wait([&] { return lost.calls() == 1; }));
    const ending<dial> too_early(p.rings);
    p.channel->dial(request<dial>{.what = dial_to(address)}, too_early);
    BOOST_REQUIRE(p.rings.wait([&] { return too_early.calls() == 1; }));
    BOOST_TEST(says(too_early.text(), "not applied: dial: unavailable"));

    p.link = open_link(*p.channel, {.listen = address});
    p.link->listen(p.events);
    BOOST_TEST((p.connect() != connection_id{}));
}

BOOST_AUTO_TEST_CASE(many_threads_may_use_both_ends_while_they_end) {
    for (int round = 0; round < 10; ++round) {
        pair p;
        const connection_id on = p.connect();
        const stream_id stream = p.opened();
        std::vector<std::thread> threads;
        std::vector<ending<stop_execution>> calls;
        for (int i = 0; i < 200; ++i) calls.emplace_back(p.rings);
        threads.emplace_back([&] {
            for (const auto& each : calls) p.channel->stop_execution(request<stop_execution>{.what = {on, {1}}}, each);
        });
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) p.channel->send(stream, heartbeat_answer{});
            p.channel->close(stream);
        });
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                p.link->send(heartbeat{});
                if (i % 50 == 0) p.link->open();
            }
            p.link->close();
        });
        threads.emplace_back([&] {
            for (std::uint64_t i = 0; i < 200; ++i) p.link->answer({i}, applied{});
            p.channel->hang_up(on);
        });
        for (auto& each : threads) each.join();
        (round % 2 == 0 ? static_cast<void>(p.channel.reset()) : static_cast<void>(p.link.reset()));
        BOOST_TEST(p.rings.wait([&] { return std::ranges::all_of(calls, [](auto& c) { return c.calls() == 1; }); }));
    }
}

}  // namespace
