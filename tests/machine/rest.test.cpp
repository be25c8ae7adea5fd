// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

namespace {

using namespace stages;

/// What the row of a job says that has come to its end while its workers are still there.
job_row ended_before_its_teardown(state_name state) {
    job_row found = left_in(state);
    found.applied = 1;
    found.is_complete = state == state_name::finished;
    return found;
}

BOOST_AUTO_TEST_CASE(who_takes_over_a_job_at_its_end_repeats_the_stop_until_its_workers_are_gone_I12_J6) {
    for (const state_name end : {state_name::finished, state_name::stopped, state_name::failed}) {
        BOOST_TEST_CONTEXT(text_of(end)) {
            stage s(ended_before_its_teardown(end));
            s.without<claim, stop_workers>().start();
            BOOST_TEST((s.state() == end and s.count<stop_workers>() == 0u and not s.value.is_over()));
            s.with<claim>().settle();
            BOOST_TEST((s.stands.owner == us and s.stands.state == end));
            BOOST_TEST((s.pending<stop_workers>().what.up_to == s.current()));
            s.answer<stop_workers>(2u);
            s.advance(1min);
            BOOST_TEST((s.count<stop_workers>() > 0u and s.pending<stop_workers>().what.force));
            BOOST_TEST((s.stands.owner == us and not s.value.is_over()));
            s.with<stop_workers>().settle();
            BOOST_TEST((s.value.is_over() and s.stands.state == end and s.stands.owner == incarnation{}));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_job_at_rest_costs_nothing_I12) {
    for (const state_name end : {state_name::finished, state_name::stopped, state_name::failed}) {
        job_row found = ended_before_its_teardown(end);
        found.owner = {};
        stage s(found);
        s.start();
        BOOST_TEST((s.value.is_over() and s.open.empty() and s.stands == found), text_of(end));
    }
}

BOOST_AUTO_TEST_CASE(a_failed_job_does_not_start_again_for_a_wish_that_another_controller_has_answered_I13) {
    job_row found = left_in(state_name::failed);
    found.applied = 5;
    found.restart_nonce = 2;
    stage s(found);
    wish earlier = wants(4);
    earlier.restart_nonce = 1;
    s.start(earlier);
    BOOST_TEST((s.state() == state_name::failed and s.value.is_over()));
    wish later = wants(6);
    later.restart_nonce = 3;
    stage again(found);
    again.start(later);
    BOOST_TEST((again.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_job_is_not_compiled_from_a_wish_before_the_one_that_its_row_reflects_I13) {
    job_row found = left_in(state_name::running);
    found.applied = 5;
    stage s(found);
    s.start(wants(4));
    BOOST_TEST((s.state() == state_name::compiling and s.count<start_workers>() == 0u));
    BOOST_TEST((s.value.deadline() != never));
    s.is_wished(wants(5));
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 5u));
}

BOOST_AUTO_TEST_CASE(a_durable_job_that_waits_for_the_wish_that_its_row_reflects_is_not_inconsistent_I13_S19) {
    job_row found = left_in(state_name::recovering);
    found.applied = 5;
    stage s(found);
    s.start(wants(4));
    s.advance(1min);
    BOOST_TEST((s.state() == state_name::compiling and s.job().persisted));
    s.is_wished(wants(5));
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 5u));
}

BOOST_AUTO_TEST_CASE(a_late_answer_changes_nothing_at_rest_whatever_was_awaited_of_the_workers_I2_I12) {
    stage s;
    s.without<claim>().start();
    const auto late = s.pending<claim>();
    s.with<claim>().without<dial>().settle();
    const claimed first{.row = s.stands, .restore = {}};
    BOOST_TEST(s.count<dial>() > 0u);
    s.is_wished(wants(2, stop_mode::immediate));
    s.settle();
    BOOST_TEST((s.state() == state_name::stopped and s.value.is_over()));
    s.advance(1h);
    auto before = s.job();
    s.step(answered<claim>{late.by, first});
    BOOST_TEST(s.job().count.stale == before.count.stale + 1);
    before.count = s.job().count;
    before.told_stale = s.job().told_stale;
    BOOST_TEST((s.job() == before and s.out.asked.empty()));
}

BOOST_AUTO_TEST_CASE(a_job_that_stops_or_fails_is_released_with_its_last_write_and_one_that_finishes_after_it_I12) {
    stage stopping;
    stopping.run_up().without<store_row>();
    const auto before = stopping.stands.revision;
    stopping.is_wished(wants(2, stop_mode::immediate));
    stopping.settle();
    stopping.with<store_row>().settle();
    BOOST_TEST((stopping.stands.state == state_name::stopped and stopping.stands.owner == incarnation{}));
    BOOST_TEST(stopping.stands.revision <= before + 2);

    stage finishing;
    finishing.run_up().without<stop_workers>();
    for (const std::uint32_t w : {0u, 1u}) finishing.finishes(w);
    finishing.settle();
    BOOST_TEST((finishing.stands.state == state_name::finished and finishing.stands.owner == us));
    const auto finished = finishing.stands.revision;
    finishing.with<stop_workers>().settle();
    BOOST_TEST((finishing.stands.owner == incarnation{} and finishing.stands.revision == finished + 1));
    BOOST_TEST(finishing.value.is_over());
}

BOOST_AUTO_TEST_CASE(a_wish_to_run_again_that_meets_the_release_on_its_way_is_carried_out_I12_S16) {
    for (const bool was_applied : {false, true}) {
        stage s(ended_before_its_teardown(state_name::stopped));
        s.without<store_row>().start();
        const auto release = s.take_out<store_row>();
        if (was_applied) s.stands = release.what.next;
        s.is_wished(wants(2));
        if (was_applied) s.step(answered<store_row>{release.by, s.stands});
        s.with<store_row>().run(1min);
        BOOST_TEST((s.state() == state_name::running and not s.job().is_let_go and s.stands.owner == us));
    }
}

BOOST_AUTO_TEST_CASE(a_lost_answer_to_the_release_is_found_by_asking_again_I12_G6) {
    for (const bool was_applied : {false, true}) {
        stage s(ended_before_its_teardown(state_name::finished));
        s.without<store_row>().start();
        const auto release = s.take_out<store_row>();
        BOOST_TEST((release.what.next.owner == incarnation{} and not s.value.is_over()));
        if (was_applied) s.stands = release.what.next;
        s.advance(11s);
        s.with<store_row>().settle();
        BOOST_TEST((s.value.is_over() and not s.job().is_let_go and s.stands.owner == incarnation{}));
    }
}

BOOST_AUTO_TEST_CASE(a_job_that_another_took_before_its_release_was_stored_is_let_go_I12_G5) {
    stage s(ended_before_its_teardown(state_name::finished));
    s.without<store_row>().start();
    job_row other = s.stands;
    ++other.generation.value;
    other.revision += 2;
    other.owner = {};
    s.answer<store_row>(other);
    BOOST_TEST((s.job().is_let_go and s.out.asked.empty()));
}

BOOST_AUTO_TEST_CASE(recovering_ends_the_workers_with_the_database_away_and_comes_up_when_it_is_back_T4_S17_I5) {
    stage s;
    s.run_up().without<store_row, claim, stop_workers>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_TEST((s.state() == state_name::recovering and s.stands.state == state_name::running));
    BOOST_TEST((s.asked<stop_workers>() and s.asked<stop_workers>()->what.up_to == generation{1}));
    s.with<stop_workers>().settle();
    s.advance(1h);
    BOOST_TEST((s.state() == state_name::recovering and s.count<start_workers>() == 0u));
    while (s.count<store_row>() > 1) s.take_out<store_row>();
    s.with<store_row, claim>().run(2min);
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{2}));
    BOOST_TEST((s.stands.restarts == 1u and s.job().stop.up_to == generation{1}));
}

BOOST_AUTO_TEST_CASE(an_attempt_that_is_given_up_ends_its_workers_with_the_database_away_T4_S17) {
    stage s;
    s.tasks_start = false;
    s.start();
    s.without<claim>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{2}));
    BOOST_TEST((s.asked<stop_workers>() and s.asked<stop_workers>()->what.up_to == generation{1}));
}

BOOST_AUTO_TEST_CASE(a_job_that_is_not_owned_yet_is_claimed_before_recovering_ends_its_workers_T4_G5) {
    stage s(left_in(state_name::recovering));
    s.without<claim>().start();
    BOOST_TEST((s.state() == state_name::recovering and s.count<stop_workers>() == 0u));
}

}  // namespace
