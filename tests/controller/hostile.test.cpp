// SPDX-License-Identifier: BSL-1.0
// Whatever is said to a controller while a job comes up: each is answered, and the job comes up all the same (G3, S11).
#include "asked_for.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;
using namespace std::chrono_literals;

/// What a worker of the right token says that is not as it should be, and how the verdict begins.
struct hostile {
    const char* what;
    std::function<void(hello&, worker_profile&)> bend;
    std::string verdict;
};

std::vector<hostile> registrations() {
    std::vector<hostile> all{
        {"another protocol", [](hello& h, worker_profile&) { h.protocol = 999; }, "refused: protocol version 999"},
        {"no job", [](hello& h, worker_profile&) { h.job = {}; }, "refused: the job id is empty or too long"},
        {"a job id above the limit", [](hello& h, worker_profile&) { h.job = {std::string(65, 'j')}; },
         "refused: the job id is empty or too long"},
        {"another job", [](hello& h, worker_profile&) { h.job = {std::string(64, 'j')}; }, "go"},
        {"an old generation", [](hello& h, worker_profile&) { h.generation = {0}, h.worker = id_of({0}, {0}); }, "go"},
        {"a generation that is not yet",
         [](hello& h, worker_profile&) { h.generation = {2}, h.worker = id_of({2}, {0}); }, "go"},
        {"an id of another generation", [](hello& h, worker_profile&) { h.worker = id_of({7}, {0}); },
         "refused: the worker id is not of this generation"},
        {"an id that was not launched", [](hello& h, worker_profile&) { h.worker = id_of({1}, {2}); },
         "refused: this worker was not launched"},
        {"the largest id there is",
         [](hello& h, worker_profile&) { h.worker = id_of({1}, {std::numeric_limits<std::uint32_t>::max()}); },
         "refused: this worker was not launched"},
        {"the id of its neighbour, by its own token", [](hello& h, worker_profile&) { h.worker = id_of({1}, {1}); },
         "refused: the proof does not hold"},
        {"a profile of another worker", [](hello&, worker_profile& p) { p.id = id_of({1}, {1}); },
         "refused: hello and proof name different workers"},
        {"a profile of another incarnation",
         [](hello&, worker_profile& p) {
             p.incarnation = {{9, 9}};
         },
         "refused: hello and proof name different workers"},
        {"no slots", [](hello&, worker_profile& p) { p.slots = 0; }, "refused: no slots are offered"},
        {"a slot too many", [](hello&, worker_profile& p) { p.slots = 5; },
         "refused: 5 slots are offered, 4 were granted"},
        {"all slots there are", [](hello&, worker_profile& p) { p.slots = std::numeric_limits<std::uint32_t>::max(); },
         "refused: 4294967295 slots are offered, 4 were granted"},
        {"a machine id above the limit", [](hello&, worker_profile& p) { p.machine = {std::string(65, 'm')}; },
         "refused: machine id or zone is above 64 bytes"},
        {"a zone above the limit", [](hello&, worker_profile& p) { p.zone = std::string(65, 'z'); },
         "refused: machine id or zone is above 64 bytes"},
        {"a foreign address", [](hello&, worker_profile& p) { p.rpc_address = "192.0.2.1:7070"; },
         "refused: it wants to be dialled at 192.0.2.1:7070"},
    };
    const std::string above = std::string(255, 'h') + ":1";
    for (const std::string& address :
         {std::string(), std::string("127.0.0.1"), std::string(":7070"), std::string("127.0.0.1:"),
          std::string("127.0.0.1:0"), std::string("127.0.0.1:65536"), std::string("127.0.0.1:99999999999999999999"),
          std::string("127.0.0.1:-1"), std::string("127.0.0.1:7070 "), std::string("127.0.0.1\n:7070"),
          std::string("127.0.0.1\0:7070", 15), std::string("127.0.0.\xc3\xbc:7070"), above}) {
        all.push_back(
            {"an rpc address", [=](hello&, worker_profile& p) { p.rpc_address = address; }, "refused: rpc address: "});
        all.push_back({"a data address", [=](hello&, worker_profile& p) { p.data_address = address; },
                       "refused: data address: "});
    }
    return all;
}

struct besieged : asked_for {
    std::uint64_t next = 1'000;

    void job_comes_up() {
        workers_come();
        BOOST_REQUIRE(until(
            [&] { return std::ranges::count_if(channel.workers, [](auto& w) { return bool(w.second.runs); }) == 2; }));
        workers_report();
        BOOST_TEST(until([&] { return state() == state_name::running and controller.find(job)->job().persisted; }));
        BOOST_TEST((row()->generation == generation{1} and row()->restarts == 0u));
    }
};

BOOST_FIXTURE_TEST_CASE(every_hostile_registration_is_answered_by_why_and_the_job_comes_up_all_the_same_G3_S11,
                        besieged) {
    const std::vector<hostile> all = registrations();
    for (const hostile& one : all) {
        hello said = introduction(0, {{1, 1}});
        worker_profile shown = profile(0, {{1, 1}});
        one.bend(said, shown);
        const stream_id stream{next++};
        const std::string verdict = registers(0, stream, said, shown);
        BOOST_TEST(verdict.starts_with(one.verdict), one.what << ": " << verdict);
        BOOST_TEST(is_closed(stream), one.what);
        BOOST_TEST((controller.find(job)->job().workers.members()[0].phase == worker_phase::launched), one.what);
    }
    BOOST_TEST(controller.strangers() == all.size());
    job_comes_up();
}

BOOST_FIXTURE_TEST_CASE(what_is_just_within_the_limits_is_accepted_SPEC_10, besieged) {
    worker_profile shown = profile(0, {{1, 1}});
    shown.machine = {std::string(64, 'm')};
    shown.zone = std::string(64, 'z');
    shown.data_address = std::string(254, 'h') + ":1";
    BOOST_TEST(registers(0, {next}, introduction(0, {{1, 1}}), shown) == "accepted");
}

// Data may have a network of their own, and whom a stream reaches is for its two ends to compare (data_plane.hpp).
BOOST_FIXTURE_TEST_CASE(a_foreign_data_address_and_one_that_another_worker_names_too_are_accepted_S11, besieged) {
    worker_profile first = profile(0, {{1, 1}}), second = profile(1, {{1, 2}});
    first.data_address = second.data_address = "192.0.2.1:7070";
    BOOST_TEST(registers(0, {next++}, introduction(0, {{1, 1}}), first) == "accepted");
    BOOST_TEST(registers(1, {next++}, introduction(1, {{1, 2}}), second) == "accepted");
}

BOOST_FIXTURE_TEST_CASE(one_id_twice_is_one_worker_and_a_second_incarnation_takes_its_place_with_an_alarm_S11,
                        besieged) {
    const auto alarms = [&] {
        long found = 0;
        struct reads {
            ticket to{};
            long* found;
            void operator()(const read_log::answer& a) const {
                *found = std::ranges::count_if(*a, [](const log_line& one) {
                    return one.text.find("registered as a") != std::string::npos or
                           one.text.find("registered as the same incarnation at another address") != std::string::npos;
                });
            }
        };
        controller.poll();
        database.read_log(request<read_log>{.what = {.job = job}}, reads{{}, &found});
        return found;
    };
    BOOST_TEST(registers(0, {20}, incarnation{{1, 1}}) == "accepted");
    BOOST_TEST(registers(0, {21}, incarnation{{1, 1}}) == "accepted");
    BOOST_TEST((is_closed({20}) and not is_closed({21}) and alarms() == 0));
    BOOST_TEST(controller.strangers() == 0u);
    BOOST_TEST(registers(0, {22}, incarnation{{2, 2}}) == "accepted");
    BOOST_TEST(alarms() == 1);
    BOOST_TEST((is_closed({21}) and not is_closed({22})));
    const auto& members = controller.find(job)->job().workers.members();
    BOOST_TEST((members.size() == 2u and members[0].stream == stream_id{22}));
    // Who has its identity file can ask it for its incarnation, but has to be somewhere else.
    worker_profile elsewhere = profile(0, {{2, 2}});
    elsewhere.data_address = "127.0.0.1:9";
    BOOST_TEST(registers(0, {23}, introduction(0, {{2, 2}}), elsewhere) == "accepted");
    BOOST_TEST(alarms() == 2);
    BOOST_TEST(verdict_on({22}) == "go");  // or it would come back and replace the other
    // Once it is gone too.
    channel.end({23});
    controller.poll();
    BOOST_TEST(registers(0, {24}, incarnation{{2, 2}}) == "accepted");
    BOOST_TEST(alarms() == 3);
}

// Accepted ones are not closed for others, so their number has to be bounded.
BOOST_FIXTURE_TEST_CASE(a_worker_has_one_stream_however_often_it_registers_I16, besieged) {
    for (std::uint64_t i = 0; i < 100; ++i) BOOST_TEST(registers(0, {100 + i}, incarnation{{1, 1}}) == "accepted");
    BOOST_TEST(channel.closed.size() == 99u);
    for (std::uint64_t i = 0; i < 100; ++i) registers(0, {200 + i}, incarnation{{2, i}});
    BOOST_TEST((channel.closed.size() == 199u and not is_closed({299})));
}

// They are of the process and of the channel, which all jobs share.
BOOST_FIXTURE_TEST_CASE(a_worker_has_one_connection_however_often_it_registers_I16, besieged) {
    const auto& members = controller.find(job)->job().workers.members();
    for (std::uint64_t i = 0; i < 3; ++i) {
        channel.workers[who(0)] = {.token = scheduler.tokens.at(who(0)), .incarnation = {{3, i}}};
        BOOST_TEST(registers(0, {100 + i}, incarnation{{3, i}}) == "accepted", "registration " << i);
        BOOST_REQUIRE(until([&] { return members[0].phase == worker_phase::open; }));
        BOOST_TEST(channel.hung_up.size() == i);
    }
}

// Which of them answers there is told by the proof of its dial, not by the address.
BOOST_FIXTURE_TEST_CASE(of_two_ids_at_one_address_who_answers_there_is_open_and_the_other_is_hung_up_on_S12_G3,
                        besieged) {
    const std::string there = profile(0, {}).rpc_address;
    BOOST_REQUIRE(there == profile(1, {}).rpc_address);
    channel.answers_at[there] = who(1);
    channel.workers[who(1)] = {.token = scheduler.tokens.at(who(1)), .incarnation = {{1, 1}}};
    for (const std::size_t i : {0u, 1u}) BOOST_TEST(registers(i, {20 + i}, incarnation{{1, i}}) == "accepted");
    BOOST_REQUIRE(until([&] { return channel.hung_up.size() == 3; }));  // its three dials (SPEC 9)
    const auto& members = controller.find(job)->job().workers.members();
    BOOST_TEST((members[0].is_barred and members[1].phase == worker_phase::open));
    BOOST_TEST(controller.find(job)->job().workers.open_slots() == 4u);
}

// The job comes up with and without the limit, since a hello costs little; that little is what the limit bounds.
BOOST_FIXTURE_TEST_CASE(
    of_a_stranger_who_floods_a_thousand_a_second_are_looked_at_while_a_job_comes_up_all_the_same_SPEC_10, besieged) {
    std::uint64_t looked_at = 0;
    std::uint64_t hung_up_on = 0;
    const auto says_hello = [&] {
        const stream_id stream{next++};
        const std::uint64_t uses = secrets.uses;
        channel.say(stream, introduction(0, {{7, 7}}), "198.51.100.7");
        controller.poll();
        const bool is_challenged = not channel.sent[stream].empty();
        ++(is_challenged ? looked_at : hung_up_on);
        if (not is_challenged) BOOST_TEST_REQUIRE((channel.closed.back() == stream and secrets.uses == uses));
        if (is_challenged and looked_at % 2 == 0) answer_to(stream, proof{}, "198.51.100.7");
    };
    const auto a_second_of_three_thousand = [&] {
        for (int i = 0; i < 1'000; ++i) {
            clock.advance_to(clock.now() + 1ms);
            for (int each = 0; each < 3; ++each) says_hello();
        }
    };
    for (std::uint32_t i = 0; i < limits{}.registrations_burst; ++i) says_hello();
    BOOST_TEST((looked_at == limits{}.registrations_burst and hung_up_on == 0u));
    a_second_of_three_thousand();
    workers_come();
    a_second_of_three_thousand();
    BOOST_REQUIRE(until(
        [&] { return std::ranges::count_if(channel.workers, [](auto& w) { return bool(w.second.runs); }) == 2; }));
    a_second_of_three_thousand();
    BOOST_TEST(looked_at == limits{}.registrations_burst + 3'000u);
    BOOST_TEST(hung_up_on == 6'000u);
    workers_report();
    BOOST_TEST(until([&] { return state() == state_name::running and controller.find(job)->job().persisted; }));
    BOOST_TEST((row()->generation == generation{1} and row()->restarts == 0u));
}

/// Reports of the first worker that claim what is not its own, or come when there is nothing to report.
BOOST_FIXTURE_TEST_CASE(hostile_reports_change_nothing_and_the_job_comes_up_when_the_true_ones_come_S14_I3, besieged) {
    workers_come();
    const stream_id first = channel.workers.begin()->second.stream;
    const auto starts = [&](std::uint32_t node, std::uint32_t from, std::uint32_t to) {
        return task_report{.started = {{{node}, from, to}}, .finished = {}, .failures = {}};
    };
    const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    const std::vector<task_report> all{
        {},
        starts(7, 0, 1),            // a node that there is not
        starts(1, 0, 8),            // its own subtasks and those of another worker
        starts(1, 8, 9),            // beyond the parallelism
        starts(2, most - 1, most),  // far beyond it
        starts(1, 5, 5),            // nothing
        starts(1, 5, 2),            // backwards
        {.started = {{{1}, 0, 2}, {{1}, 0, 2}}, .finished = {}, .failures = {}},
        {.started = {}, .finished = {{{2}, 0, most}}, .failures = {}},
        {.started = {}, .finished = {}, .failures = {{{7}, 0, "no such node"}}},
        {.started = {}, .finished = {}, .failures = {{{1}, most, "no such subtask"}}},
    };
    const auto hostile_ones = [&] {
        for (const task_report& one : all) {
            channel.say(first, one);
            channel.say(first, one);
            channel.say(first, checkpoint_report{.epoch = {99}, .subtasks = {{{1}, 0, "state"}}, .failure = {}});
            controller.poll();
        }
    };
    hostile_ones();  // before there is an execution to report of
    BOOST_TEST((state() == state_name::scheduling));
    BOOST_REQUIRE(until(
        [&] { return std::ranges::count_if(channel.workers, [](auto& w) { return bool(w.second.runs); }) == 2; }));
    hostile_ones();
    BOOST_TEST((state() == state_name::scheduling));
    BOOST_TEST(not row()->is_complete);
    const task_board& tasks = controller.find(job)->job().tasks;
    BOOST_TEST(tasks.count() - tasks.not_started() == 2u, "two were truly its own");
    workers_report();
    BOOST_TEST(until([&] { return state() == state_name::running and controller.find(job)->job().persisted; }));
    BOOST_TEST((row()->restarts == 0u and row()->generation == generation{1}));
}

}  // namespace
