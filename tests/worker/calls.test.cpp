// SPDX-License-Identifier: BSL-1.0
#include "worker_fixture.hpp"

#include <memory>

namespace {

using namespace worker_tests;

BOOST_FIXTURE_TEST_SUITE(calls_to_a_worker, worker_fixture)

checkpoint of_epoch(std::uint32_t epoch) { return {mine, {{epoch}, mine}}; }

BOOST_AUTO_TEST_CASE(execute_starts_the_engine_with_its_position_S13) {
    registers();
    const auto what = execution_for(self);
    call(execution_offered{what});
    BOOST_TEST(answer() == "");
    BOOST_REQUIRE(count<start_engine>() == 1u);
    BOOST_TEST((every<start_engine>().front().what == what and every<start_engine>().front().position == 0u));
}

BOOST_AUTO_TEST_CASE(the_same_plan_again_is_applied_without_a_second_start_I5) {
    starts();
    for (int i = 0; i < 3; ++i) {
        call(execution_offered{execution_for(self)});
        BOOST_TEST((answer() == "" and count<start_engine>() == 0u));
    }
}

BOOST_AUTO_TEST_CASE(the_same_plan_again_is_applied_while_stopping_and_while_the_stream_is_lost_I5) {
    starts();
    happens(link_is_down{"reset"});
    call(execution_offered{execution_for(self)});
    BOOST_TEST((answer() == "" and count<start_engine>() == 0u));
    call(stop{mine});
    call(execution_offered{execution_for(self)});
    BOOST_TEST((answer() == "" and count<start_engine>() == 0u));
}

BOOST_AUTO_TEST_CASE(another_plan_of_the_generation_is_refused_I5) {
    starts();
    call(execution_offered{execution_for(self, 3)});
    BOOST_TEST((answer() == "this worker has another plan of this generation" and count<start_engine>() == 0u));
}

BOOST_AUTO_TEST_CASE(calls_of_another_generation_or_job_are_refused_G4) {
    registers();
    for (const headgate::generation other : {headgate::generation{2}, {4}, {0}}) {
        call(execution_offered{execution_for(self, 2, other)});
        BOOST_TEST((answer().starts_with("generation ") and count<start_engine>() == 0u));
        call(stop{other});
        BOOST_TEST((answer() == "a stop of another generation" and not machine.is_over()));
        call(checkpoint{other, {{5}, mine}});
        BOOST_TEST(answer() == "a checkpoint of another generation");
        call(checkpoint{mine, {{5}, other}});
        BOOST_TEST(answer() == "a checkpoint of another generation");
    }
    auto foreign = std::make_shared<execution>(*execution_for(self));
    foreign->job = {"other"};
    call(execution_offered{foreign});
    BOOST_TEST(answer() == "this worker belongs to another job");
    BOOST_TEST(machine.counts().refused_calls == 13u);
}

BOOST_AUTO_TEST_CASE(a_damaged_execution_is_refused_and_a_whole_one_is_still_welcome) {
    registers();
    call(execution_offered{});
    BOOST_TEST(answer() == "an execution without a plan");
    auto broken = std::make_shared<execution>(*execution_for(self));
    broken->plan = nullptr;
    call(execution_offered{broken});
    BOOST_TEST(answer() == "an execution without a plan");
    broken = std::make_shared<execution>(*execution_for(self));
    ++broken->digest;
    call(execution_offered{broken});
    BOOST_TEST(answer() == "the digest is not the plan's");
    broken = std::make_shared<execution>(*execution_for(self));
    auto wild = std::make_shared<plan>(*broken->plan);
    wild->layouts.front().boundaries = {7, 3, 99};
    broken->plan = wild;
    broken->digest = digest(*wild);
    call(execution_offered{broken});
    BOOST_TEST((not answer().empty() and count<start_engine>() == 0u));
    call(execution_offered{execution_for({self.value + 100})});
    BOOST_TEST(answer() == "the plan does not name this worker");
    call(execution_offered{execution_for(self)});
    BOOST_TEST((answer() == "" and count<start_engine>() == 1u));
}

BOOST_AUTO_TEST_CASE(a_plan_that_counts_on_more_slots_than_it_offers_is_refused) {
    settings.profile.slots = 2;
    machine = worker_machine(settings, now);
    registers();
    call(execution_offered{execution_for(self)});
    BOOST_TEST(answer() == "the plan counts on more slots than this worker offers");
}

BOOST_AUTO_TEST_CASE(a_call_with_another_token_is_refused_and_does_nothing_G3) {
    starts();
    const worker_machine before = machine;
    call(stop{mine}, false);
    BOOST_TEST(answer() == "the token is not this worker's");
    call(of_epoch(5), false);
    BOOST_TEST((answer() == "the token is not this worker's" and count<begin_engine_checkpoint>() == 0u));
    call(execution_offered{execution_for(self, 3)}, false);
    BOOST_TEST(answer() == "the token is not this worker's");
    call(identify{}, false);
    BOOST_TEST((answer() == "the token is not this worker's" and count<answer_identify>() == 0u));
    BOOST_TEST((not machine.is_over() and machine.counts().strangers == 4u));
    BOOST_TEST((machine.deadline() == before.deadline()));
}

BOOST_AUTO_TEST_CASE(says_who_it_is_even_before_its_verdict_has_come_S12) {
    proves();
    nonce drawn{};
    drawn[0] = std::byte{9};
    call(identify{drawn});
    BOOST_REQUIRE(count<answer_identify>() == 1u);
    BOOST_TEST((every<answer_identify>().front().nonce == drawn));
}

BOOST_AUTO_TEST_CASE(execute_that_overtook_the_verdict_waits_for_it_since_without_a_lease_nothing_runs_G7) {
    proves();
    call(execution_offered{execution_for(self)});
    BOOST_TEST(out.empty());
    call(execution_offered{execution_for(self, 3)});
    BOOST_TEST(out.empty());
    happens(verdict(accepted{5s, 30s}));
    BOOST_TEST(count<start_engine>() == 1u);
    const auto answers = every<answer_call>();
    BOOST_REQUIRE(answers.size() == 2u);
    BOOST_TEST((std::holds_alternative<applied>(answers[0].what) and std::holds_alternative<refused>(answers[1].what)));
}

BOOST_AUTO_TEST_CASE(no_more_than_a_few_calls_wait_for_the_verdict_and_all_are_answered_at_the_end) {
    proves();
    for (std::size_t i = 0; i < most_early_calls; ++i) {
        call(execution_offered{execution_for(self)});
        BOOST_TEST(out.empty());
    }
    call(execution_offered{execution_for(self)});
    BOOST_TEST(answer() == "this worker is not accepted yet");
    happens(verdict(go{}));
    BOOST_TEST(count<answer_call>() == most_early_calls);
}

BOOST_AUTO_TEST_CASE(checkpoint_begins_once_an_epoch_J1) {
    starts();
    call(of_epoch(5));
    BOOST_TEST((answer() == "" and count<begin_engine_checkpoint>() == 1u));
    call(of_epoch(5));
    BOOST_TEST((answer() == "" and count<begin_engine_checkpoint>() == 0u));
    call(of_epoch(6));
    BOOST_TEST((answer() == "" and count<begin_engine_checkpoint>() == 1u));
    call(of_epoch(5));
    BOOST_TEST((answer() == "epoch 5 is over" and count<begin_engine_checkpoint>() == 0u));
}

BOOST_AUTO_TEST_CASE(checkpoint_that_was_heard_of_through_the_data_first_is_begun_all_the_same) {
    starts();
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 0, "s"}}));
    call(of_epoch(5));
    BOOST_TEST((answer() == "" and count<begin_engine_checkpoint>() == 1u));
}

BOOST_AUTO_TEST_CASE(checkpoint_before_a_start_or_of_a_restored_epoch_is_refused) {
    registers();
    call(of_epoch(5));
    BOOST_TEST(answer() == "nothing runs here yet");
    call(execution_offered{execution_for(self)});
    call(of_epoch(4));
    BOOST_TEST(answer() == "epoch 4 is before the start");
}

BOOST_AUTO_TEST_CASE(stop_lets_the_engine_end_reports_the_rest_and_ends) {
    starts();
    call(stop{mine});
    BOOST_TEST((answer() == "" and count<stop_engine>() == 1u));
    BOOST_TEST((not every<stop_engine>().front().force and not machine.is_over()));
    call(stop{mine});
    BOOST_TEST((answer() == "" and count<stop_engine>() == 0u));
    happens(engine_event(subtask_finished{{1}, 0}));
    happens(engine_event(subtask_finished{{1}, 1}));
    happens(engine_event(engine_stopped{}));
    BOOST_TEST((ended(worker_end_kind::stopped) and count<stop_engine>() == 0u and count<close_link>() == 1u));
    BOOST_REQUIRE(count<task_report>() == 1u);
    BOOST_TEST((every<task_report>().front().finished == std::vector<task_range>{{{1}, 0, 2}}));
}

BOOST_AUTO_TEST_CASE(stop_uses_force_when_its_limit_is_over) {
    settings.times.stop = 10s;
    machine = worker_machine(settings, now);
    starts();
    call(stop{mine});
    wait(10s);
    BOOST_TEST(ended(worker_end_kind::stopped));
    BOOST_REQUIRE(count<stop_engine>() == 1u);
    BOOST_TEST(every<stop_engine>().front().force);
}

BOOST_AUTO_TEST_CASE(stop_of_a_worker_that_runs_nothing_ends_it_at_once) {
    proves();
    call(stop{mine});
    BOOST_TEST((answer() == "" and ended(worker_end_kind::stopped) and count<stop_engine>() == 0u));
}

BOOST_AUTO_TEST_CASE(a_stopping_worker_starts_nothing_and_begins_no_checkpoint) {
    starts();
    call(stop{mine});
    call(of_epoch(5));
    BOOST_TEST(answer() == "this worker is stopping");
}

BOOST_AUTO_TEST_CASE(the_program_s_own_wish_to_end_stops_like_a_call) {
    starts();
    happens(end_wished{});
    BOOST_TEST(count<stop_engine>() == 1u);
    happens(engine_event(engine_stopped{}));
    BOOST_TEST(ended(worker_end_kind::stopped));
}

BOOST_AUTO_TEST_CASE(an_engine_that_ends_by_itself_ends_the_worker_with_its_reason) {
    starts();
    happens(engine_event(engine_stopped{"out of memory"}));
    BOOST_TEST((ended(worker_end_kind::engine_ended) and machine.end().text == "out of memory"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
