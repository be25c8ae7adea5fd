// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/messages.hpp>

#include "random_values.hpp"

#include <google/protobuf/stubs/logging.h>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::protobuf;
using random_values::source;
using random_values::why;

digest256 a_digest(source& from) {
    digest256 made;
    for (std::byte& each : made) each = static_cast<std::byte>(from.below(256));
    return made;
}

incarnation an_incarnation(source& from) { return {{from.wide(), from.wide()}}; }

std::optional<std::string> perhaps(source& from) {
    if (from.flip()) return std::nullopt;
    return from.bytes();
}

std::vector<task_range> some_ranges(source& from) {
    std::vector<task_range> made;
    std::uint32_t node = 0, at = 0;
    for (std::uint32_t i = from.below(6); i > 0; --i) {
        if (from.flip()) {
            ++node;
            at = 0;
        }
        const std::uint32_t first = at + from.below(1'000);
        at = first + 1 + from.below(1'000);
        made.push_back({{node}, first, at});
    }
    return made;
}

task_report a_report(source& from) {
    task_report made{.started = some_ranges(from), .finished = some_ranges(from), .failures = {}};
    for (std::uint32_t i = from.below(3); i > 0; --i)
        made.failures.push_back({.node = {from.narrow()},
                                 .subtask = from.narrow(),
                                 .operator_name = from.bytes(),
                                 .domain = static_cast<error_domain>(from.below(3)),
                                 .may_retry = from.flip(),
                                 .text = from.bytes()});
    return made;
}

heartbeat a_heartbeat(source& from) {
    heartbeat made{.sequence = from.wide(), .counters = {}};
    for (std::uint32_t i = from.below(4); i > 0; --i)
        made.counters.push_back({{from.narrow()}, from.wide(), from.wide(), from.wide(), from.wide(), from.narrow()});
    return made;
}

checkpoint_report a_checkpoint_report(source& from) {
    checkpoint_report made{.epoch = {from.narrow()}, .subtasks = {}, .failure = perhaps(from)};
    for (std::uint32_t i = from.below(4); i > 0; --i)
        made.subtasks.push_back({{from.narrow()}, from.narrow(), from.bytes()});
    return made;
}

worker_message a_worker_message(source& from) {
    switch (from.below(6)) {
        case 0:
            return hello{.protocol = from.narrow(),
                         .job = {from.bytes()},
                         .generation = {from.narrow()},
                         .worker = {from.wide()},
                         .incarnation = an_incarnation(from),
                         .nonce = a_digest(from)};
        case 1:
            return proof{.profile = {.id = {from.wide()},
                                     .incarnation = an_incarnation(from),
                                     .slots = from.narrow(),
                                     .machine = {from.bytes()},
                                     .zone = from.bytes(),
                                     .rpc_address = from.bytes(),
                                     .data_address = from.bytes()},
                         .mac = a_digest(from)};
        case 2: return initialized{.failure = perhaps(from), .may_retry = from.flip()};
        case 3: return a_heartbeat(from);
        case 4: return a_report(from);
        default: return a_checkpoint_report(from);
    }
}

controller_message a_controller_message(source& from) {
    const auto above_zero = [&] { return duration(static_cast<std::int64_t>(1 + from.below(100'000))); };
    switch (from.below(5)) {
        case 0: return challenge{.nonce = a_digest(from), .mac = a_digest(from)};
        case 1: return verdict(accepted{.heartbeat = above_zero(), .lease = above_zero()});
        case 2: return verdict(refused{from.bytes()});
        case 3: return verdict(go{});
        default: return heartbeat_answer{.sequence = from.wide()};
    }
}

/// Two nodes on two workers: a program and a plan for it.
execution an_execution(source& from) {
    const std::uint32_t parallelism = 1 + from.below(9);
    program what;
    plan placed;
    for (std::uint32_t i = 0; i < 2; ++i) {
        what.nodes.push_back(
            {.id = {i}, .parallelism = parallelism, .operators = {{{"o" + std::to_string(i)}, from.bytes()}}});
        placed.workers.push_back({.id = {i}, .slots = parallelism});
        static_cast<void>(placed.machines.push_back(from.bytes()));
        static_cast<void>(placed.data_addresses.push_back(from.bytes()));
        placed.nodes.push_back({.id = {i}, .parallelism = parallelism, .layout = 0, .offset = 0});
    }
    what.edges.push_back({{0}, {1}, edge_kind::forward});
    placed.layouts.push_back({.spaced = spacing::dense, .boundaries = {0, parallelism, 2 * parallelism}, .owners = {}});
    execution made{.job = {from.bytes()},
                   .generation = {from.narrow()},
                   .program = std::make_shared<const program>(what),
                   .plan = std::make_shared<const plan>(placed),
                   .digest = digest(placed),
                   .restore = {},
                   .start_epoch = {from.narrow()},
                   .minimum_epoch = {from.narrow()},
                   .checkpoint_interval = duration(from.below(100'000))};
    if (from.flip()) made.restore = checkpoint_name{{from.narrow()}, {from.narrow()}};
    return made;
}

template <class Decode>
std::string refusal(Decode decode, std::string_view bytes, const limits& most = {}) {
    const auto found = decode(bytes, most);
    BOOST_REQUIRE(not found);
    BOOST_TEST((found.error().kind == error_kind::invalid));
    return found.error().text;
}

bool says(const std::string& text, std::string_view words) {
    BOOST_TEST_INFO(text);
    return text.find(words) != std::string::npos;
}

BOOST_AUTO_TEST_CASE(every_message_comes_back_as_it_was) {
    source from(1);
    for (int i = 0; i < 3'000; ++i) {
        const worker_message said = a_worker_message(from);
        const auto heard = decode_worker_message(encode(said));
        BOOST_REQUIRE_MESSAGE(heard, why(heard));
        BOOST_REQUIRE((*heard == said));
        const controller_message answer = a_controller_message(from);
        const auto answer_heard = decode_controller_message(encode(answer));
        BOOST_REQUIRE_MESSAGE(answer_heard, why(answer_heard));
        BOOST_REQUIRE((*answer_heard == answer));
    }
}

BOOST_AUTO_TEST_CASE(every_call_comes_back_as_it_was) {
    source from(2);
    for (int i = 0; i < 500; ++i) {
        const identify who{a_digest(from)};
        const auto who_heard = decode_identify(encode(who));
        BOOST_REQUIRE((who_heard and who_heard->nonce == who.nonce));

        const identified me{{from.wide()}, an_incarnation(from), a_digest(from)};
        const auto me_heard = decode_identified(encode(me));
        BOOST_REQUIRE((me_heard and me_heard->worker == me.worker and me_heard->incarnation == me.incarnation and
                       me_heard->mac == me.mac));

        const checkpoint barrier{{from.narrow()}, {{from.narrow()}, {from.narrow()}}};
        const auto barrier_heard = decode_checkpoint(encode(barrier));
        BOOST_REQUIRE((barrier_heard and barrier_heard->generation == barrier.generation and
                       barrier_heard->name == barrier.name));

        const stop end{{from.narrow()}};
        const auto end_heard = decode_stop(encode(end));
        BOOST_REQUIRE((end_heard and end_heard->generation == end.generation));

        const execution what = an_execution(from);
        const digest256 token = a_digest(from);
        const auto heard = decode_execute(encode(what) + encode_data_token(token));
        BOOST_REQUIRE_MESSAGE(heard, why(heard));
        BOOST_REQUIRE((*heard->what == what and *heard->what->program == *what.program and
                       *heard->what->plan == *what.plan and heard->what->minimum_epoch == what.minimum_epoch and
                       heard->what->checkpoint_interval == what.checkpoint_interval and heard->data_token == token));
    }
}

BOOST_AUTO_TEST_CASE(hostile_messages_are_read_or_refused) {
    const google::protobuf::LogSilencer quiet;
    source from(3);
    const auto all = [](std::string_view bytes) {
        static_cast<void>(decode_worker_message(bytes));
        static_cast<void>(decode_controller_message(bytes));
        static_cast<void>(decode_identify(bytes));
        static_cast<void>(decode_execute(bytes));
        static_cast<void>(decode_checkpoint(bytes));
        static_cast<void>(decode_stop(bytes));
        static_cast<void>(decode_identified(bytes));
    };
    for (int i = 0; i < 150; ++i) {
        std::string bytes = encode(a_worker_message(from)) + encode(an_execution(from)) + encode_data_token({});
        if (from.flip()) bytes = encode(an_execution(from)) + encode_data_token({});
        for (std::size_t length = 0; length < bytes.size(); length += 1 + from.below(4))
            all(std::string_view(bytes).substr(0, length));
        for (int change = 0; change < 20; ++change) {
            bytes[from.below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(from.below(256));
            all(bytes);
        }
        all(from.bytes(300));
    }
}

BOOST_AUTO_TEST_CASE(messages_above_the_limits_are_refused_SPEC_10) {
    hello long_job;
    long_job.job.value.assign(65, 'j');
    BOOST_TEST(
        says(refusal(decode_worker_message, encode(worker_message(long_job))), "the job's id 65, the limit is 64"));
    proof far;
    far.profile.rpc_address.assign(257, 'a');
    BOOST_TEST(says(refusal(decode_worker_message, encode(worker_message(far))), "RPC address 257, the limit is 256"));
    limits tight;
    tight.nodes = 1;
    const heartbeat beat{.sequence = 1, .counters = {{.node = {1}}, {.node = {2}}}};
    BOOST_TEST(says(refusal(decode_worker_message, encode(worker_message(beat)), tight), "heartbeat: nodes 2"));
    BOOST_TEST(says(refusal(decode_worker_message, std::string((4u << 20) + 1, '\0')), "the limit is 4194304"));
}

BOOST_AUTO_TEST_CASE(error_texts_are_cut_not_refused_SPEC_10) {
    const std::string text(20'000, 'x');
    const auto heard = decode_worker_message(encode(worker_message(initialized{.failure = text})));
    BOOST_REQUIRE(heard);
    BOOST_TEST(std::get<initialized>(*heard).failure->size() == 16u << 10);
    const auto report = decode_worker_message(encode(
        worker_message(task_report{.started = {}, .finished = {}, .failures = {{.operator_name = {}, .text = text}}})));
    BOOST_REQUIRE(report);
    BOOST_TEST(std::get<task_report>(*report).failures.at(0).text.size() == 16u << 10);
}

BOOST_AUTO_TEST_CASE(what_breaks_a_message_s_own_rules_is_refused) {
    BOOST_TEST(says(refusal(decode_worker_message, ""), "nothing in it"));
    BOOST_TEST(says(refusal(decode_controller_message, ""), "nothing in it"));
    BOOST_TEST(says(refusal(decode_identify, ""), "nonce of 0 bytes, 32 are needed"));
    const auto ranges = [](std::vector<task_range> started) {
        return encode(worker_message(task_report{.started = std::move(started), .finished = {}, .failures = {}}));
    };
    BOOST_TEST(says(refusal(decode_worker_message, ranges({{{1}, 2, 2}})), "[2, 2) of node 1"));
    BOOST_TEST(says(refusal(decode_worker_message, ranges({{{1}, 0, 5}, {{1}, 4, 6}})), "[4, 6) of node 1"));
    BOOST_TEST(says(refusal(decode_worker_message, ranges({{{2}, 0, 5}, {{1}, 5, 6}})), "[5, 6) of node 1"));
    BOOST_TEST(decode_worker_message(ranges({{{1}, 0, 5}, {{1}, 5, 6}, {{2}, 0, 1}})).has_value());
    BOOST_TEST(
        says(refusal(decode_controller_message, encode(controller_message(verdict(accepted{})))), "heartbeat 0 ms"));
}

BOOST_AUTO_TEST_CASE(an_execution_whose_plan_breaks_a_rule_is_refused_A1) {
    source from(4);
    execution what = an_execution(from);
    plan wrong = *what.plan;
    wrong.workers[0].slots = 0;
    what.plan = std::make_shared<const plan>(wrong);
    BOOST_TEST(says(refusal(decode_execute, encode(what) + encode_data_token({})), "hands out more slots of worker 0"));
    program cyclic = *what.program;
    cyclic.edges.push_back({{1}, {0}, edge_kind::forward});
    what.program = std::make_shared<const program>(cyclic);
    BOOST_TEST(says(refusal(decode_execute, encode(what) + encode_data_token({})), "is on a cycle"));
}

}  // namespace
