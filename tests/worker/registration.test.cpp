// SPDX-License-Identifier: BSL-1.0
#include "worker_fixture.hpp"

#include <utility>

namespace {

using namespace worker_tests;

BOOST_FIXTURE_TEST_SUITE(registration_of_a_worker, worker_fixture)

BOOST_AUTO_TEST_CASE(goes_hello_challenge_proof_verdict_G3) {
    BOOST_TEST((machine.deadline() == now));
    registers();
    BOOST_TEST((machine.deadline() == now + 5s));
    BOOST_TEST((machine.counts() == worker_counts{}));
}

BOOST_AUTO_TEST_CASE(ends_with_the_reason_when_refused) {
    proves();
    happens(verdict(refused{"17 slots, 16 were granted"}));
    BOOST_TEST((ended(worker_end_kind::refused) and machine.end().text == "17 slots, 16 were granted"));
    BOOST_TEST(count<close_link>() == 1u);
}

BOOST_AUTO_TEST_CASE(ends_when_its_generation_is_over_G4) {
    proves();
    happens(verdict(go{}));
    BOOST_TEST(ended(worker_end_kind::dismissed));
}

BOOST_AUTO_TEST_CASE(ends_when_it_is_told_to_go_later_and_its_engine_is_stopped_by_force) {
    starts();
    happens(verdict(go{}));
    BOOST_TEST(ended(worker_end_kind::dismissed));
    BOOST_REQUIRE(count<stop_engine>() == 1u);
    BOOST_TEST(every<stop_engine>().front().force);
}

BOOST_AUTO_TEST_CASE(tells_nothing_to_a_controller_that_cannot_prove_itself_G3) {
    connects();
    happens(challenged{false});
    BOOST_TEST((count<say_proof>() == 0u and count<close_link>() == 1u));
    BOOST_TEST(machine.counts().impostors == 1u);
    happens(challenged{true});
    BOOST_TEST(count<say_proof>() == 0u);
    happens(verdict(accepted{5s, 30s}));
    BOOST_TEST(not machine.is_accepted());
    happens(link_is_down{"closed"});
    wait(1s);
    BOOST_TEST(count<open_link>() == 1u);
}

BOOST_AUTO_TEST_CASE(ignores_a_challenge_before_its_hello) {
    happens(challenged{true});
    BOOST_TEST(count<say_proof>() == 0u);
    happens(tick{});
    happens(challenged{true});
    BOOST_TEST((count<say_proof>() == 0u and machine.counts().strange == 2u));
    happens(link_is_up{});
    BOOST_TEST(count<say_hello>() == 1u);
}

BOOST_AUTO_TEST_CASE(takes_an_acceptance_before_its_proof_for_an_impostor_s) {
    connects();
    happens(verdict(accepted{5s, 30s}));
    BOOST_TEST((not machine.is_accepted() and count<close_link>() == 1u and machine.counts().impostors == 1u));
}

BOOST_AUTO_TEST_CASE(ignores_a_second_acceptance) {
    registers();
    happens(verdict(accepted{1ms, 1ms}));
    BOOST_TEST((machine.is_accepted() and machine.counts().strange == 1u and machine.deadline() == now + 5s));
}

BOOST_AUTO_TEST_CASE(believes_go_without_proof_only_when_nobody_proved_anything_for_a_while) {
    const instant first = now;
    while (not machine.is_over() and now < first + 5min) {
        connects();
        happens(verdict(go{}));
        if (machine.is_over()) break;
        BOOST_TEST(count<close_link>() == 1u);
        happens(link_is_down{"closed"});
        now = machine.deadline();
        if (now >= first + 30s) happens(tick{});
    }
    BOOST_TEST(ended(worker_end_kind::dismissed));
    BOOST_TEST((now >= first + 30s and now < first + 40s));
}

BOOST_AUTO_TEST_CASE(forgets_a_go_without_proof_once_a_controller_proves_itself) {
    connects();
    happens(verdict(go{}));
    happens(link_is_down{"closed"});
    now = machine.deadline();
    registers();
    for (int i = 1; i <= 12; ++i) {
        wait(5s);
        for (const say_heartbeat& each : every<say_heartbeat>()) happens(heartbeat_answer{each.sequence});
    }
    BOOST_TEST(machine.is_accepted());
}

BOOST_AUTO_TEST_CASE(opens_again_after_growing_pauses_between_100_ms_and_5_s) {
    duration before{};
    for (int i = 0; i < 12; ++i) {
        happens(tick{});
        BOOST_REQUIRE(count<open_link>() == 1u);
        happens(link_is_down{"no route"});
        const duration pause = machine.deadline() - now;
        BOOST_TEST((pause >= before / 2 and pause >= 50ms and pause <= 5s));
        before = pause;
        now = machine.deadline();
    }
    BOOST_TEST((before >= 2500ms));
}

BOOST_AUTO_TEST_CASE(gives_up_a_step_that_is_not_answered_in_time) {
    for (int answered = 0; answered < 3; ++answered) {
        happens(tick{});
        if (answered > 0) happens(link_is_up{});
        if (answered > 1) happens(challenged{true});
        happens(tick{}, 10s);
        BOOST_TEST(count<close_link>() == 1u);
        if (answered > 1)
            happens(link_is_down{"closed"});
        else
            happens(tick{}, 10s);  // the end was not heard
        now = machine.deadline();
    }
    happens(tick{});
    BOOST_TEST(count<open_link>() == 1u);
}

BOOST_AUTO_TEST_CASE(closes_a_stream_that_opens_after_it_was_given_up) {
    happens(tick{});
    happens(link_is_down{"no route"});
    happens(link_is_up{});
    BOOST_TEST((count<close_link>() == 1u and count<say_hello>() == 0u));
}

BOOST_AUTO_TEST_CASE(gives_up_after_start_up_time_with_the_last_trouble) {
    happens(tick{});
    happens(link_is_down{"no route to 10.0.0.9"});
    for (int i = 0; i < 100'000 and not machine.is_over(); ++i) {
        happens(tick{}, machine.deadline() - now);
        if (count<open_link>() == 1u) happens(link_is_down{"no route to 10.0.0.9"});
    }
    BOOST_TEST((ended(worker_end_kind::gave_up) and now == instant{1h} + 10min));
    BOOST_TEST(machine.end().text == "stream lost: no route to 10.0.0.9");
}

BOOST_AUTO_TEST_CASE(says_what_kept_it_out_when_it_is_stopped_before_it_was_accepted) {
    connects();
    happens(challenged{false});
    happens(link_is_down{"closed"});
    happens(end_wished{});
    for (int i = 0; i < 100 and not machine.is_over(); ++i) happens(engine_event(engine_stopped{}));
    BOOST_TEST((ended(worker_end_kind::stopped)));
    BOOST_TEST(machine.end().text == "the controller could not prove itself, or this worker has the token of another");
}

BOOST_AUTO_TEST_CASE(registers_again_as_the_same_incarnation_when_the_stream_is_lost) {
    registers();
    happens(link_is_down{"reset"});
    BOOST_TEST((not machine.is_accepted() and machine.deadline() > now and machine.deadline() <= now + 100ms));
    registers_again();
    BOOST_TEST((machine.settings().profile.incarnation == incarnation{{1, 2}}));
    BOOST_TEST(machine.counts().lost_streams == 1u);
}

BOOST_AUTO_TEST_CASE(the_pauses_begin_anew_once_a_heartbeat_was_answered_and_not_before) {
    registers();
    for (int i = 0; i < 6; ++i) {
        happens(link_is_down{"reset"});
        registers_again();
    }
    happens(link_is_down{"reset"});
    BOOST_TEST((machine.deadline() - now >= 2500ms));
    registers_again();
    wait(5s);
    happens(heartbeat_answer{every<say_heartbeat>().at(0).sequence});
    happens(link_is_down{"reset"});
    BOOST_TEST((machine.deadline() - now <= 100ms));
}

BOOST_AUTO_TEST_CASE(cuts_what_it_keeps_of_a_long_reason) {
    proves();
    happens(verdict(refused{std::string(10'000'000, 'x')}));
    BOOST_TEST(machine.end().text.size() == limits{}.error_text);
}

BOOST_AUTO_TEST_CASE(after_the_end_refuses_calls_and_does_nothing_else) {
    proves();
    happens(verdict(go{}));
    const worker_machine before = machine;
    for (const worker_event& event : {worker_event(tick{}), worker_event(link_is_up{}), worker_event(challenged{true}),
                                      worker_event(verdict(accepted{5s, 30s})), worker_event(end_wished{})}) {
        happens(event, 1h);
        BOOST_TEST((out.empty() and machine == before));
    }
    call(stop{mine});
    BOOST_TEST(answer() == "this worker has ended");
}

BOOST_AUTO_TEST_CASE(can_be_copied_and_goes_the_same_way_from_there) {
    proves();
    worker_machine copy = machine;
    BOOST_TEST((copy == machine));
    happens(verdict(accepted{5s, 30s}));
    BOOST_TEST((copy != machine));
    copy.on(verdict(accepted{5s, 30s}), {now, 7}, out);
    BOOST_TEST((copy == machine));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
