// SPDX-License-Identifier: BSL-1.0
// Answers that nobody waits for any more, and workers that the job does not need (S16, S17, J2).
#include "stage.hpp"

namespace {

using namespace stages;

const not_applied no_room{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 0}};

/// Worker 0's barrier was asked for twice in vain and the third is under way; worker 1 has its own.
stage third_barrier() {
    stage s;
    s.subtasks_store = false;
    s.without<begin_checkpoint>().run_up();
    const auto live = [&](duration length) {
        for (const instant end = s.now + length; s.now < end;) {
            for (const std::uint32_t worker : {0u, 1u}) s.says(worker, heartbeat{});
            s.run(500ms);
        }
    };
    while (s.count<begin_checkpoint>() < 2) live(500ms);
    std::vector<request<begin_checkpoint>> both{s.take_out<begin_checkpoint>(), s.take_out<begin_checkpoint>()};
    for (const auto& one : both)
        if (one.by.worker == ordinal{0})
            s.step(answered<begin_checkpoint>{one.by, no_answer()});
        else
            s.step(answered<begin_checkpoint>{one.by, applied{}});
    live(2s);
    s.answer<begin_checkpoint>(no_answer());
    live(3s);
    BOOST_REQUIRE(s.count<begin_checkpoint>() == 1u);
    return s;
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_a_barrier_changes_nothing_once_every_subtask_has_stored_S16) {
    stage s = third_barrier();
    s.without<store_checkpoint>().stores(0, {1});
    s.stores(1, {1});
    BOOST_REQUIRE((s.in<running>().taken.stage == checkpoint_stage::storing));
    s.answer<begin_checkpoint>(no_answer());
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_a_barrier_changes_nothing_once_the_checkpoint_is_ready_S16) {
    stage s = third_barrier();
    s.stores(0, {1});
    s.stores(1, {1});
    s.settle();
    BOOST_REQUIRE((s.checkpoints.back().state == checkpoint_state::ready));
    s.answer<begin_checkpoint>(no_answer());
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_worker_that_goes_once_all_tasks_have_finished_is_no_loss_though_running_is_not_stored_yet_J2) {
    stage s;
    s.without<store_row>().start();
    BOOST_REQUIRE((s.state() == state_name::running));
    s.finishes(0);
    s.finishes(1);
    s.says(1, stream_lost{});
    s.with<store_row>().settle();
    BOOST_TEST((s.state() == state_name::finished));
    BOOST_TEST(s.entered(state_name::recovering) == 0u);
}

BOOST_AUTO_TEST_CASE(slots_that_a_replacement_lacks_do_not_end_an_attempt_that_is_placed_without_it_S17_L8) {
    stage s;
    s.workers_come = false;
    s.without<start_workers, start_execution, dial>().start();
    s.carry_out(s.take_out<start_workers>());
    s.comes(0);
    s.carry_out(s.take_out<dial>());
    s.comes(1);
    s.says(1, stream_lost{});
    s.carry_out(s.take_out<dial>());
    s.run(2s);
    s.carry_out(s.take_out<start_workers>());  // 2 for 1, whose stream is lost
    s.comes(2);
    s.says(0, stream_lost{});
    s.run(3s);
    BOOST_REQUIRE(s.count<start_workers>() == 1u);  // 3 for 0
    s.comes(1);
    s.carry_out(s.take_out<dial>());
    s.settle();
    BOOST_REQUIRE(s.in<scheduling>().is_launching);
    s.comes(0);  // a spare now
    s.answer<start_workers>(no_room);
    s.run(5s);
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{1}));
    BOOST_TEST(s.count<start_workers>() == 0u);
    s.with<start_execution, dial>().settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(slots_that_nobody_is_waited_for_are_of_no_matter_S6) {
    stage s;
    s.workers_come = false;
    s.without<start_workers, dial>().start();
    s.carry_out(s.take_out<start_workers>());
    s.comes(0);
    s.comes(1);
    s.says(1, stream_lost{});
    s.run(2s);
    BOOST_REQUIRE(s.count<start_workers>() == 1u);  // 2 for 1
    s.comes(2);
    s.comes(1);
    s.answer<start_workers>(no_room);  // a lie: all are here
    s.run(5s);
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{1}));
    s.with<start_workers, dial>().settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(a_late_claim_by_an_earlier_wish_does_not_say_what_is_restored_S7_I7) {
    stage s(left_in(state_name::running));
    s.without<claim>().start();
    const auto first = s.take_out<claim>();
    wish what = wants(2);
    what.restart_nonce = 1;
    what.ignore_state_before_epoch = epoch{50};
    s.is_wished(what);
    s.advance(11s);  // overdue, asked again
    while (s.count<claim>() == 0) s.advance_to_deadline();
    const auto second = s.take_out<claim>();
    s.stands.revision = 6;  // the last write of the owner before came late
    s.step(answered<claim>{second.by, claimed{s.stands, std::nullopt}});
    const auto third = s.take_out<claim>();
    BOOST_REQUIRE((first.what.next.generation == third.what.next.generation));
    BOOST_REQUIRE(third.what.threshold.value == 50u);
    s.stands = third.what.next;
    s.step(answered<claim>{first.by, claimed{s.stands, ready_checkpoint(40, 2)}});
    s.step(answered<claim>{third.by, claimed{s.stands, std::nullopt}});
    s.settle();
    BOOST_TEST((s.state() == state_name::running));
    BOOST_TEST(not s.job().restore);
}

BOOST_AUTO_TEST_CASE(what_follows_from_a_second_incarnation_is_asked_for_in_that_step_J5_L4) {
    stage s;
    s.run_up();
    worker_profile other = s.profile(0);
    other.incarnation = {{99, 99}};
    s.step(session{s.current(), {0}, {4711}}.fence(registered{other}));
    BOOST_REQUIRE((s.state() == state_name::recovering));
    BOOST_TEST(s.asked<store_row>());
    BOOST_TEST(s.asked<stop_workers>());
}

BOOST_AUTO_TEST_CASE(force_that_is_wished_while_the_job_fails_or_rests_comes_in_that_step_I13_L3) {
    stage failing;
    failing.without<stop_workers>().run_up();
    failing.says(0, task_report{.started = {},
                                .finished = {},
                                .failures = {{.node = {1},
                                              .subtask = failing.tasks_of(0).front().first,
                                              .operator_name = "source",
                                              .domain = error_domain::user,
                                              .may_retry = false,
                                              .text = "bad"}}});
    failing.settle();
    BOOST_REQUIRE((failing.state() == state_name::failing));
    failing.is_wished(wants(2, stop_mode::force));
    BOOST_TEST_REQUIRE(failing.asked<stop_workers>());
    BOOST_TEST(failing.asked<stop_workers>()->what.force);

    stage finished;
    finished.without<stop_workers>().run_up();
    finished.finishes(0);
    finished.finishes(1);
    finished.settle();
    BOOST_REQUIRE((finished.state() == state_name::finished));
    finished.is_wished(wants(2, stop_mode::force));
    BOOST_TEST_REQUIRE(finished.asked<stop_workers>());
    BOOST_TEST(finished.asked<stop_workers>()->what.force);
}

BOOST_AUTO_TEST_CASE(
    a_backend_that_calls_it_permanent_that_nobody_knows_whether_workers_were_started_is_asked_again_G6) {
    stage s;
    s.without<start_workers>().start();
    s.answer<start_workers>(no_answer(error_kind::permanent));
    BOOST_TEST((s.state() == state_name::scheduling));
    s.with<start_workers>().run(10s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_a_backend_refuses_for_good_has_failed_and_the_job_runs_on_J1_I14) {
    stage s;
    s.without<store_checkpoint>().run_up();
    while (s.count<store_checkpoint>() == 0) {
        for (const std::uint32_t worker : {0u, 1u}) s.says(worker, heartbeat{});
        s.run(500ms);
    }
    s.answer<store_checkpoint>(refused_by(error_kind::permanent, "disk quota"));
    s.run(1s);
    BOOST_TEST((s.state() == state_name::running));
    BOOST_TEST((s.checkpoints.back().state == checkpoint_state::failed));
    BOOST_TEST(s.said("checkpoint: epoch 1: permanent: disk quota"));
}

BOOST_AUTO_TEST_CASE(an_interval_of_checkpoints_that_is_none_is_taken_for_the_shortest_S19) {
    stage s;
    s.without<claim>().start();
    wish what = wants(2);
    what.checkpoint_interval = -1ms;
    s.is_wished(what);
    s.without<write_checkpoint>().with<claim>().run(1s);
    BOOST_TEST((s.state() == state_name::running));
    BOOST_TEST(s.count<write_checkpoint>() == 1u);
}

}  // namespace
