// SPDX-License-Identifier: BSL-1.0
// What is a healthy run, and what time counts for nothing (R3, R5, T5).
#include "stage.hpp"

#include <headgate/machine/worst_case.hpp>

namespace {

using namespace stages;

/// Runs for so long, with heartbeats of both workers.
void live(stage& s, duration length, duration each = 5s) {
    for (const instant end = s.now + length; s.now < end;) {
        for (const std::uint32_t worker : {0u, 1u}) s.says(worker, heartbeat{});
        s.run(each);
    }
}

/// Its sources have ended.
void finishing_after(stage& s, duration length) {
    live(s, length);
    s.finishes(0);
    s.settle();
    BOOST_REQUIRE((s.stands.state == state_name::finishing));
}

BOOST_AUTO_TEST_CASE(a_job_that_loses_a_worker_after_half_an_hour_of_finishing_is_restarted_R3) {
    stage s;
    s.run_up();
    finishing_after(s, 30s);
    live(s, 31min);
    BOOST_REQUIRE((s.state() == state_name::finishing));
    s.says(1, stream_lost{});
    s.run(10s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(running_and_finishing_are_one_healthy_run_SPEC9) {
    stage s;
    s.run_up().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(5s);
    BOOST_REQUIRE((s.state() == state_name::running and s.stands.restarts == 1u));
    finishing_after(s, 70s);
    live(s, 40s);
    BOOST_TEST(s.stands.restarts == 1u);
    live(s, 20s);
    BOOST_TEST(s.stands.restarts == 0u);
}

BOOST_AUTO_TEST_CASE(a_job_that_fails_while_an_outage_keeps_it_from_being_stored_is_restarted_T5_R3) {
    stage s;
    s.without<store_row, write_checkpoint>().start();
    live(s, 31min);
    BOOST_REQUIRE((s.state() == state_name::running and s.stands.state == state_name::scheduling));
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_TEST((s.state() == state_name::recovering));
    s.run(1min);
    s.open.erase(s.open.begin(), s.open.end() - 1);
    s.with<store_row, write_checkpoint>().run(1min);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(time_without_the_database_does_not_count_for_a_checkpoint_T5) {
    stage s;
    s.run_up().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.subtasks_store = false;
    s.run(5s);
    BOOST_REQUIRE((s.state() == state_name::running and s.stands.restarts == 1u));
    live(s, 20s);
    BOOST_REQUIRE((s.in<running>().taken.stage == checkpoint_stage::collecting));
    s.without<store_row, write_checkpoint>();
    live(s, 5min);  // it is healthy meanwhile, and that cannot be stored
    s.stores(0, {1});
    s.stores(1, {1});
    live(s, 6min);
    s.open.erase(s.open.begin(), s.open.end() - 1);
    s.with<store_row, write_checkpoint>();
    live(s, 30s);
    BOOST_TEST(not s.said("not complete in time"));
    BOOST_TEST(s.said("checkpoint of epoch 1 is ready"));
}

/// How long a job is tried whose tasks never start, and which in every tenth generation waits for slots once.
duration tried_for(bool lacks_slots) {
    stage s;
    wish what = wants();
    what.waits_for_slots = true;
    s.tasks_start = false;
    s.without<start_workers>();
    const instant began = s.now;
    generation lacked{};
    s.start(what);
    while (not s.value.is_over() and s.now < began + 8h) {
        for (const std::uint32_t worker : {0u, 1u}) s.says(worker, heartbeat{});
        if (s.count<start_workers>() == 0) {
            s.run(1s);
        } else if (lacks_slots and s.current().value % 10 == 0 and lacked != s.current()) {
            lacked = s.current();
            s.answer<start_workers>(
                not_applied{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 0}});
        } else {
            s.carry_out(s.take_out<start_workers>());
            s.settle();
        }
    }
    BOOST_TEST((s.stands.state == state_name::failed));
    return s.now - began;
}

BOOST_AUTO_TEST_CASE(a_wait_for_slots_without_limit_is_left_out_and_does_not_begin_anew_what_counts_R3_R5) {
    const duration without = tried_for(false), with = tried_for(true);
    BOOST_TEST((without < worst_case_until_failed(policies<>{})));
    BOOST_TEST((with < without + 10s));
}

const not_applied no_room{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 0}};

/// Asked for workers, and waits for their slots without limit if there are none.
wish wants_slots() {
    wish what = wants();
    what.waits_for_slots = true;
    return what;
}

BOOST_AUTO_TEST_CASE(a_wait_for_slots_without_limit_that_begins_late_is_not_given_up_in_its_midst_R3_S6) {
    policies<> hasty;
    hasty.restart.within.without_healthy_run = 9s;
    stage s({}, hasty);
    s.without<start_workers>().start(wants_slots());
    s.run(8'800ms);
    const instant began = s.now;
    while (s.now < began + 1h and not s.value.is_over()) {
        if (s.count<start_workers>() > 0)
            s.answer<start_workers>(no_room);
        else
            s.advance_to_deadline();
        s.settle();
    }
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{1}));
    s.with<start_workers>().run(2s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(calls_without_an_answer_do_not_add_up_to_the_end_of_a_wait_for_slots_R3_S6) {
    stage s;
    s.without<start_workers>().start(wants_slots());
    const instant began = s.now;
    for (int polls = 0; s.now < began + 6h and not s.value.is_over();) {
        if (s.count<start_workers>() == 0)
            s.advance_to_deadline();
        else if (++polls % 600 == 0)
            s.answer<start_workers>(no_answer());
        else
            s.answer<start_workers>(no_room);
        s.settle();
    }
    BOOST_TEST(s.entered(state_name::failing) == 0u);
}

BOOST_AUTO_TEST_CASE(a_job_whose_restarts_are_spent_is_never_stored_as_one_that_recovers_I14) {
    job_row found = left_in(state_name::running);
    found.restarts = 20;
    stage s(found);
    s.run_up();
    BOOST_TEST(s.stands.restarts == 20u);
    s.without<store_row>().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_TEST((s.log.end()[-2] == text_of(state_name::recovering)));
    BOOST_TEST((s.state() == state_name::failing));
    BOOST_TEST((s.pending<store_row>().what.next.state == state_name::failing));
    BOOST_TEST(s.pending<store_row>().what.next.last_error.find("gave up after 20 restarts") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(whoever_takes_over_a_job_that_recovers_begins_its_pause_anew_J5) {
    job_row found = left_in(state_name::recovering);
    found.restarts = 7;
    stage s(found);
    s.start();
    const instant taken = s.now;
    BOOST_TEST((s.state() == state_name::recovering));
    while (s.state() == state_name::recovering) s.run(100ms);
    BOOST_TEST((s.now - taken >= 15s and s.now - taken <= 31s));  // of the seventh: 30 s, half of it random
    BOOST_TEST(s.stands.restarts == 7u);
}

BOOST_AUTO_TEST_CASE(whoever_takes_over_a_job_that_was_restarted_more_often_than_is_allowed_gives_it_up_I14) {
    job_row found = left_in(state_name::recovering);
    found.restarts = 21;
    stage s(found);
    s.start();
    BOOST_TEST((s.stands.state == state_name::failed and s.entered(state_name::compiling) == 0u));
    BOOST_TEST(s.stands.last_error.find("gave up after 21 restarts") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(whoever_takes_over_a_job_that_ran_starts_it_at_once_SPEC2) {
    job_row found = left_in(state_name::running);
    found.restarts = 7;
    stage s(found);
    const instant began = s.now;
    s.run_up();
    BOOST_TEST((s.now == began));
}

}  // namespace
