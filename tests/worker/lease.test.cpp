// SPDX-License-Identifier: BSL-1.0
#include "worker_fixture.hpp"

#include <chrono>

namespace {

using namespace worker_tests;

BOOST_FIXTURE_TEST_SUITE(lease_of_a_worker, worker_fixture)

BOOST_AUTO_TEST_CASE(a_heartbeat_goes_as_often_as_the_controller_said) {
    registers();
    wait(20s);
    const auto sent = every<say_heartbeat>();
    BOOST_REQUIRE(sent.size() == 4u);
    for (std::uint64_t i = 0; i < 4; ++i) BOOST_TEST((sent[i].sequence == i + 1 and not sent[i].with_counters));
}

BOOST_AUTO_TEST_CASE(heartbeats_carry_counters_once_the_engine_was_started_S15) {
    starts();
    wait(5s);
    BOOST_REQUIRE(count<say_heartbeat>() == 1u);
    BOOST_TEST(every<say_heartbeat>().front().with_counters);
}

BOOST_AUTO_TEST_CASE(without_an_answer_all_effects_on_the_outside_stop_and_it_ends_G7) {
    starts();
    const instant begun = now;
    wait(29'999ms);
    BOOST_TEST((not machine.is_over() and count<say_heartbeat>() == 5u));
    wait(1ms);
    BOOST_TEST((ended(worker_end_kind::lease_over) and now == begun + 30s));
    BOOST_REQUIRE(count<stop_engine>() == 1u);
    BOOST_TEST(every<stop_engine>().front().force);
    BOOST_TEST(count<close_link>() == 1u);
}

BOOST_AUTO_TEST_CASE(an_answer_renews_it_from_when_the_heartbeat_was_sent_G7) {
    registers();
    wait(5s);
    const instant sent = now;
    happens(heartbeat_answer{1}, 4s);
    wait(sent + 30s - now - 1ms);
    BOOST_TEST(not machine.is_over());
    wait(1ms);
    BOOST_TEST(ended(worker_end_kind::lease_over));
}

BOOST_AUTO_TEST_CASE(an_answer_to_a_heartbeat_that_was_never_sent_renews_nothing) {
    registers();
    const instant begun = now;
    wait(5s);
    for (const std::uint64_t sequence : {0ull, 2ull, 99ull, ~0ull}) happens(heartbeat_answer{sequence});
    BOOST_TEST(machine.counts().strange == 4u);
    wait(25s);
    BOOST_TEST((ended(worker_end_kind::lease_over) and now == begun + 30s));
}

BOOST_AUTO_TEST_CASE(the_same_answer_twice_renews_once) {
    registers();
    wait(5s);
    happens(heartbeat_answer{1});
    happens(heartbeat_answer{1});
    BOOST_TEST(machine.counts().strange == 1u);
}

BOOST_AUTO_TEST_CASE(goes_on_running_out_while_the_stream_is_lost_L6) {
    starts();
    const instant begun = now;
    happens(link_is_down{"reset"}, 1s);
    for (int i = 0; i < 10'000 and not machine.is_over(); ++i) {
        happens(tick{}, machine.deadline() - now);
        if (count<open_link>() == 1u) happens(link_is_down{"no route"});
    }
    BOOST_TEST((ended(worker_end_kind::lease_over) and now == begun + 30s));
    BOOST_TEST(machine.end().text == "stream lost: no route");
}

BOOST_AUTO_TEST_CASE(registering_again_renews_it_from_when_the_proof_was_sent) {
    registers();
    happens(link_is_down{"reset"}, 10s);
    now = machine.deadline();
    proves();
    const instant proof = now;
    happens(verdict(accepted{5s, 30s}), 8s);
    BOOST_TEST(machine.is_accepted());
    wait(proof + 30s - now - 1ms);
    BOOST_TEST(not machine.is_over());
    wait(1ms);
    BOOST_TEST(ended(worker_end_kind::lease_over));
}

BOOST_AUTO_TEST_CASE(a_call_that_is_handled_after_it_starts_nothing_G7) {
    registers();
    now += 1h;  // the process was suspended
    call(execution_offered{execution_for(self)});
    BOOST_TEST((count<start_engine>() == 0u and ended(worker_end_kind::lease_over)));
    BOOST_TEST(answer() == "this worker has ended");
}

BOOST_AUTO_TEST_CASE(an_acceptance_that_is_handled_after_it_starts_nothing_of_what_was_called_before_G7) {
    proves();
    call(execution_offered{execution_for(self)});
    happens(verdict(accepted{5s, 30s}), 1h);  // the process was suspended
    BOOST_TEST((count<start_engine>() == 0u and ended(worker_end_kind::lease_over)));
    BOOST_TEST(answer() == "this worker has ended");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_handled_late_renews_nothing_that_is_over) {
    registers();
    wait(5s);
    happens(heartbeat_answer{1}, 1h);
    BOOST_TEST(ended(worker_end_kind::lease_over));
}

BOOST_AUTO_TEST_CASE(is_brought_within_reason_whatever_the_controller_says) {
    for (const duration heartbeat : {duration::min(), duration(-1), duration(0), duration(1), duration::max()})
        for (const duration length : {duration::min(), duration(0), duration(1), duration(1h), duration::max()}) {
            machine = worker_machine(settings, now);
            proves();
            happens(verdict(accepted{heartbeat, length}));
            const instant begun = now;
            int beats = 0;
            for (int ticks = 0; ticks < 1'000 and not machine.is_over(); ++ticks) {
                const instant before = machine.deadline();
                BOOST_REQUIRE((before > now and before != never));
                now = before;
                happens(tick{});
                BOOST_REQUIRE((machine.deadline() > before));
                beats += count<say_heartbeat>() > 0;
            }
            BOOST_TEST(ended(worker_end_kind::lease_over));
            BOOST_TEST((beats >= 2 and beats <= most_heartbeats_in_a_lease + 40));
            BOOST_TEST((now - begun >= shortest_lease and now - begun <= longest_lease));
        }
}

BOOST_AUTO_TEST_CASE(every_tick_moves_the_deadline_on_until_the_end) {
    starts();
    happens(engine_event(subtask_started{{1}, 0}));
    happens(engine_event(subtask_started{{1}, 1}));
    call(stop{mine});
    int ticks = 0;
    for (; ticks < 1'000 and not machine.is_over(); ++ticks) {
        const instant before = machine.deadline();
        BOOST_REQUIRE((before != never));
        now = before;
        happens(tick{});
        BOOST_REQUIRE((machine.deadline() > before));
    }
    BOOST_TEST((ticks > 5 and machine.is_over()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
