// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

namespace {

using namespace stages;

BOOST_AUTO_TEST_CASE(a_claim_takes_the_next_generation_and_the_revision_that_was_seen_S2) {
    stage s(left_in(state_name::running));
    s.is_wished(wants());
    const auto* const asked = s.asked<claim>();
    BOOST_REQUIRE(asked);
    BOOST_TEST((asked->what.expected == 5u and asked->what.next.revision == 6u));
    BOOST_TEST((asked->what.next.generation == generation{4} and asked->what.next.owner == us));
    BOOST_TEST((asked->what.next.state == state_name::scheduling));
}

BOOST_AUTO_TEST_CASE(nothing_is_started_before_the_claim_stands_T4) {
    stage s;
    s.without<claim>().start();
    BOOST_TEST((s.state() == state_name::scheduling and s.open.size() == 1u));
    s.with<claim>().settle();
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_bring_up_writes_the_row_twice_T4) {
    stage s;
    s.run_up();
    BOOST_TEST(s.stands.revision == 2u);
}

BOOST_AUTO_TEST_CASE(running_is_stored_before_the_first_barrier_goes_out_T4) {
    stage s;
    s.without<store_row>().start();
    s.advance(20s);
    BOOST_TEST((s.state() == state_name::running));
    BOOST_TEST(s.count<write_checkpoint>() == 0u);
    BOOST_TEST(s.count<begin_checkpoint>() == 0u);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_to_a_claim_that_was_applied_is_found_by_asking_again_G2_G6) {
    stage s;
    s.without<claim>().start();
    const auto lost = s.take_out<claim>();
    s.stands = lost.what.next;
    s.advance(11s);
    const auto second = s.pending<claim>();
    BOOST_TEST((second.by.attempt == attempt{2} and second.what.next == lost.what.next));
    s.with<claim>().settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(a_lost_answer_to_a_claim_that_was_not_applied_is_found_by_asking_again_G2_G6) {
    for (const outcome<claimed>& answer :
         {outcome<claimed>(no_answer(error_kind::database)), outcome<claimed>(refused_by(error_kind::database))}) {
        stage s;
        s.without<claim>().start();
        s.answer<claim>(answer);
        BOOST_TEST(s.count<claim>() == 0u);
        s.advance(1s);
        BOOST_TEST(s.count<claim>() == 1u);
        s.with<claim>().settle();
        BOOST_TEST((s.state() == state_name::running));
    }
}

BOOST_AUTO_TEST_CASE(a_row_that_is_anothers_lets_the_job_go_and_nothing_is_touched_G5_I15) {
    stage s(left_in(state_name::running));
    s.without<claim>().start();
    job_row other = s.stands;
    other.owner = {{9, 9}};
    ++other.revision;
    s.answer<claim>(claimed{other, {}});
    BOOST_TEST((s.job().is_let_go and s.value.is_over() and s.out.asked.empty()));
    s.step(tick{});
    BOOST_TEST(s.out.asked.empty());
}

BOOST_AUTO_TEST_CASE(the_last_write_of_the_old_owner_may_land_late_and_is_gone_on_from_S2) {
    stage s(left_in(state_name::running));
    s.without<claim>().start();
    job_row late = s.stands;
    ++late.revision;
    late.restarts = 2;
    late.state = state_name::recovering;
    s.stands = late;
    s.answer<claim>(claimed{late, {}});
    BOOST_TEST((not s.job().is_let_go and s.state() == state_name::recovering));
    const auto again = s.pending<claim>();
    BOOST_TEST((again.what.expected == late.revision and again.what.next.restarts == 2u));
    BOOST_TEST((again.what.next.generation == generation{4}));
    s.with<claim>().run(2min);
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{5}));
}

BOOST_AUTO_TEST_CASE(the_old_owners_unchanged_row_says_not_yet_and_the_claim_is_repeated_G2) {
    stage s(left_in(state_name::running));
    s.without<claim>().start();
    s.answer<claim>(claimed{s.stands, {}});
    BOOST_TEST((not s.job().is_let_go and s.count<claim>() == 0u));
    s.with<claim>().run(2s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(an_owned_row_that_becomes_anothers_lets_the_job_go_G5) {
    stage s;
    s.run_up().without<store_row>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    job_row other = s.stands;
    other.owner = them;
    ++other.revision;
    s.answer<store_row>(other);
    BOOST_TEST((s.job().is_let_go and s.out.asked.empty()));
}

BOOST_AUTO_TEST_CASE(a_job_seen_to_be_anothers_is_let_go_at_once_G5_I15) {
    stage s;
    s.run_up();
    s.step(disowned{});
    BOOST_TEST((s.value.is_over() and s.out.asked.empty()));
    s.says(0, heartbeat{});
    s.is_wished(wants(2, stop_mode::force));
    BOOST_TEST(s.out.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_row_that_is_fenced_off_lets_the_job_go_G2) {
    stage s;
    s.without<write_checkpoint>().run_up();
    s.advance(10s);
    s.answer<write_checkpoint>(refused_by(error_kind::ownership_lost));
    BOOST_TEST(s.job().is_let_go);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_row_that_is_fenced_off_by_the_jobs_own_release_lets_nothing_go_G2_I12) {
    stage s;
    s.without<write_checkpoint>().run_up();
    s.advance(10s);
    s.without<store_row>().is_wished(wants(2, stop_mode::immediate));
    s.settle();
    while (s.stands.owner == us) {
        s.stands = s.pending<store_row>().what.next;
        if (s.stands.owner == us) s.answer<store_row>(s.stands);
    }
    s.answer<write_checkpoint>(refused_by(error_kind::ownership_lost));
    BOOST_TEST((not s.job().is_let_go and not s.said("let go")));
    s.answer<store_row>(s.stands);
    BOOST_TEST((s.value.is_over() and s.job().persisted and not s.job().is_let_go));
}

BOOST_AUTO_TEST_CASE(a_row_that_the_database_refuses_lets_the_job_go_as_refused_and_not_as_anothers_S19) {
    stage s;
    s.run_up().without<store_row>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.answer<store_row>(refused_by(error_kind::invalid, "the value cannot be kept"));
    BOOST_TEST((s.value.is_over() and s.job().is_let_go and s.job().is_refused and s.out.asked.empty()));
    BOOST_TEST((s.said("invalid: the value cannot be kept") and s.said("the database refuses its row")));
    BOOST_TEST(not s.said("another controller has it"));
}

BOOST_AUTO_TEST_CASE(an_older_row_than_one_seen_changes_nothing_G2) {
    stage s;
    s.run_up();
    const job_row first = s.stands;
    s.without<store_row>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    const auto writing = s.pending<store_row>();
    s.with<store_row>().settle();
    const auto before = s.job().count.stale;
    job_row old = first;
    old.owner = them;
    s.step(answered<store_row>{writing.by, old});
    BOOST_TEST((not s.job().is_let_go and s.job().count.stale == before + 1));
}

BOOST_AUTO_TEST_CASE(
    a_row_that_went_back_is_no_late_answer_and_lets_the_job_go_with_an_alarm_once_its_workers_ended_G2) {
    stage s;
    s.run_up().without<store_row, stop_workers>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    job_row back = s.stands;
    BOOST_REQUIRE(back.revision == 2u);
    back.revision = 1;
    s.answer<store_row>(back);
    BOOST_TEST((s.job().is_let_go and not s.value.is_over() and s.raised_alarm()));
    BOOST_TEST(s.said("the job's row went back from revision 2 to 1"));
    BOOST_REQUIRE(s.count<stop_workers>() > 0u);
    BOOST_TEST((s.pending<stop_workers>().what.up_to == generation{1}));
    s.with<stop_workers>().settle();
    BOOST_TEST((s.value.is_over() and s.count<store_row>() == 0u and s.count<claim>() == 0u));
}

BOOST_AUTO_TEST_CASE(a_claim_that_is_answered_by_an_earlier_row_than_was_seen_lets_the_job_go_and_stops_nothing_G2_I1) {
    stage s(left_in(state_name::running));
    s.without<claim>().start();
    job_row back = s.stands;
    --back.revision;
    s.answer<claim>(claimed{back, {}});
    BOOST_TEST((s.value.is_over() and s.raised_alarm() and s.said("went back from revision 5 to 4")));
    BOOST_TEST(s.count<stop_workers>() == 0u);
}

BOOST_AUTO_TEST_CASE(a_late_answer_that_shows_an_earlier_row_is_still_only_late_G2_I2) {
    stage s;
    s.run_up();
    const job_row first = s.stands;
    s.without<store_row>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    const auto early = s.take_out<store_row>();
    s.advance(11s);
    BOOST_REQUIRE((s.pending<store_row>().by.attempt.value > early.by.attempt.value));
    job_row back = first;
    --back.revision;
    const auto before = s.job().count.stale;
    s.step(answered<store_row>{early.by, back});
    BOOST_TEST((not s.job().is_let_go and s.job().count.stale == before + 1 and not s.raised_alarm()));
}

BOOST_AUTO_TEST_CASE(
    a_job_whose_row_is_gone_says_so_once_stops_its_own_workers_until_they_are_gone_and_asks_no_more_I15) {
    stage s;
    s.run_up().without<stop_workers>();
    s.step(disowned{"is gone"});
    BOOST_TEST((s.job().is_let_go and not s.value.is_over() and s.raised_alarm()));
    BOOST_TEST(s.said("the job's row is gone; the job is let go, and its workers are stopped"));
    BOOST_REQUIRE(s.count<stop_workers>() == 1u);
    BOOST_TEST((s.pending<stop_workers>().what.up_to == generation{1} and s.out.asked.size() == 1u));
    const std::size_t said = s.told.size();
    s.says(0, heartbeat{});
    s.is_wished(wants(2, stop_mode::force));
    s.step(disowned{"is gone"});
    BOOST_TEST((s.out.asked.empty() and s.told.size() == said and s.value.deadline() <= s.now + 2s));
    s.answer<stop_workers>(std::uint32_t{1});
    s.advance(1min);
    BOOST_TEST((s.count<stop_workers>() > 0u and s.pending<stop_workers>().what.force), "repeated, by force");
    s.with<stop_workers>().settle();
    BOOST_TEST((s.value.is_over() and s.open.empty() and s.value.deadline() == never));
}

BOOST_AUTO_TEST_CASE(a_late_second_answer_to_a_claim_does_not_change_the_restore_point_I7) {
    stage s;
    s.restore = ready_checkpoint();
    s.without<claim, load_checkpoint>().start();
    const auto first = s.take_out<claim>();
    s.advance(11s);
    s.with<claim>().settle();
    BOOST_TEST((s.job().restore == ready_checkpoint()));
    s.step(answered<claim>{first.by, claimed{s.stands, std::nullopt}});
    BOOST_TEST((s.job().restore == ready_checkpoint()));
    s.with<load_checkpoint>().settle();
    BOOST_TEST((s.state() == state_name::running and s.job().running->restore == ready_checkpoint().name));
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_an_earlier_store_does_not_stand_for_the_claim_I7) {
    stage s;
    s.without<store_row>().start();
    const auto early = s.take_out<store_row>();
    s.advance(11s);
    s.with<store_row>().settle();
    s.restore = ready_checkpoint();
    s.without<claim>();
    s.step(worker_exited{id_of({1}, {0}), "killed"});
    s.run(2s);
    const auto claiming = s.pending<claim>();
    BOOST_TEST((claiming.what.next.generation == generation{2}));
    s.step(answered<store_row>{early.by, claiming.what.next});
    BOOST_TEST((not s.job().persisted and s.job().durable.generation == generation{1}));
    s.with<claim>().settle();
    BOOST_TEST((s.state() == state_name::running and s.job().running->restore == ready_checkpoint().name));
}

BOOST_AUTO_TEST_CASE(a_late_answer_to_an_earlier_claim_does_not_stand_for_the_present_one_I7) {
    stage s;
    s.restore = ready_checkpoint();
    s.without<claim>().start();
    const auto early = s.take_out<claim>();
    s.advance(11s);
    s.with<claim>().settle();
    s.without<claim>();
    s.step(worker_exited{id_of({1}, {0}), "killed"});
    s.run(2s);
    s.step(answered<claim>{early.by, claimed{s.pending<claim>().what.next, std::nullopt}});
    BOOST_TEST(not s.job().persisted);
    s.with<claim>().settle();
    BOOST_TEST((s.state() == state_name::running and s.job().running->restore == ready_checkpoint().name));
}

BOOST_AUTO_TEST_CASE(an_outage_of_the_database_burns_no_budget_and_no_time_T5_R3) {
    for (const bool are_lost : {false, true}) {
        stage s;
        s.without<claim>().start();
        for (int minutes = 0; minutes < 60; ++minutes) {
            if (not are_lost and s.count<claim>() > 0) s.answer<claim>(refused_by(error_kind::database));
            s.advance(1min);
        }
        BOOST_TEST((s.state() == state_name::scheduling and not s.job().exhausted));
        s.open.erase(s.open.begin(), s.open.empty() ? s.open.begin() : s.open.end() - 1);
        s.with<claim>().run(2min);
        BOOST_TEST((s.state() == state_name::running), "answers are lost: " << are_lost);
        BOOST_TEST(s.stands.restarts == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_running_job_goes_on_while_the_database_is_away_T5) {
    stage s;
    s.run_up().without<write_checkpoint, store_row>();
    for (int i = 0; i < 720; ++i) {
        s.advance(5s);
        for (std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        if (s.count<write_checkpoint>() > 0) s.answer<write_checkpoint>(refused_by(error_kind::database));
    }
    BOOST_TEST((s.state() == state_name::running));
    s.open.clear();
    s.with<write_checkpoint, store_row>();
    s.step(tick{});
    for (int i = 0; i < 60; ++i) {
        s.run(5s);
        for (std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
    }
    BOOST_TEST((s.state() == state_name::running and s.entered(state_name::recovering) == 0u));
    BOOST_TEST((s.checkpoints.size() > 4u and s.checkpoints.back().state == checkpoint_state::ready));
}

BOOST_AUTO_TEST_CASE(the_backoff_of_a_write_begins_anew_with_each_write_T5) {
    stage s;
    s.run_up();
    for (int i = 0; i < 20; ++i) {
        for (std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.run(5s);
    }
    s.without<store_row>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.answer<store_row>(refused_by(error_kind::database));
    BOOST_TEST((s.value.deadline() - s.now <= 500ms));
}

BOOST_AUTO_TEST_CASE(a_stop_is_carried_out_with_the_database_away_and_stored_when_it_is_back_T4_L3) {
    stage s;
    s.run_up().without<store_row>();
    s.is_wished(wants(2, stop_mode::immediate));
    BOOST_TEST(s.asked<stop_workers>());
    s.settle();
    BOOST_TEST((s.state() == state_name::stopped and not s.value.is_over()));
    s.advance(1h);
    BOOST_TEST((s.stands.state == state_name::running and not s.value.is_over()));
    s.open.erase(s.open.begin(), s.open.end() - 1);
    s.with<store_row>().run(2min);
    BOOST_TEST((s.stands.state == state_name::stopped and s.value.is_over()));
}

BOOST_AUTO_TEST_CASE(a_stop_before_a_new_generations_claim_is_answered_releases_the_job_and_does_not_lose_it_T4_I15) {
    stage s;
    s.run_up().without<claim>().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(5s);
    BOOST_REQUIRE((s.state() == state_name::scheduling and s.current() == generation{2} and s.count<claim>() > 0));
    s.is_wished(wants(2, stop_mode::immediate));
    s.run(1min);
    BOOST_REQUIRE((s.state() == state_name::stopped and s.stands.generation == generation{1}));
    s.open.erase(s.open.begin(), s.open.end() - 1);
    s.with<claim>().run(1min);
    BOOST_TEST((s.stands.state == state_name::stopped and s.stands.owner == incarnation{} and s.value.is_over()));
    BOOST_TEST((not s.job().is_let_go and not s.said("let go")));
}

BOOST_AUTO_TEST_CASE(an_outage_in_which_a_healthy_job_fails_counts_once_R3_T5) {
    stage s;
    s.run_up().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(5s);
    BOOST_REQUIRE((s.state() == state_name::running and s.stands.restarts == 1u));
    s.without<store_row, claim, write_checkpoint>();
    for (int i = 0; i < 100; ++i) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.run(5s);
    }
    BOOST_REQUIRE((s.state() == state_name::running and s.job().unwritten_since != never));
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_REQUIRE((s.state() == state_name::recovering and s.stands.state == state_name::running));
    s.run(1min);
    s.open.erase(s.open.begin(), s.open.end() - 1);
    s.with<store_row>().run(1min);
    BOOST_TEST((s.stands.state == state_name::recovering and s.job().healthy_at <= s.now));
}

BOOST_AUTO_TEST_CASE(a_job_that_is_not_owned_yet_is_claimed_before_its_workers_are_stopped_T4_G5) {
    stage s(left_in(state_name::running));
    s.without<claim>().start(wants(2, stop_mode::force));
    BOOST_TEST((s.state() == state_name::stopping and s.count<stop_workers>() == 0u));
    s.with<claim>().settle();
    BOOST_TEST((s.state() == state_name::stopped and s.stands.generation == generation{4}));
}

// SPEC 2, the last column: what a controller does with each row that it finds.
BOOST_AUTO_TEST_CASE(each_state_in_the_row_goes_on_as_the_table_says_T2_J6) {
    for (std::size_t i = 0; i < state_count; ++i) {
        for (const bool is_complete : {false, true}) {
            const table_row& row = table[i];
            BOOST_TEST_CONTEXT(text_of(row.state) << (is_complete ? ", complete" : "")) {
                job_row found = left_in(row.state);
                found.is_complete = is_complete;
                found.restarts = 3;
                found.applied = 1;
                stage s(found);
                const state_name as = is_complete ? row.found.if_complete : row.found.otherwise;
                BOOST_TEST((s.state() == as));
                BOOST_TEST(s.job().restarts.restarts == 3u);
                s.start();
                s.run(10min);
                switch (as) {
                    case state_name::created:
                    case state_name::compiling:
                    case state_name::recovering: BOOST_TEST((s.entered(state_name::running) > 0u)); break;
                    case state_name::stopping:
                    case state_name::stopped:
                        BOOST_TEST((s.value.is_over() and s.stands.state == state_name::stopped));
                        break;
                    case state_name::failing:
                    case state_name::failed:
                        BOOST_TEST((s.value.is_over() and s.stands.state == state_name::failed));
                        break;
                    case state_name::finished:
                        BOOST_TEST((s.value.is_over() and s.stands.state == state_name::finished));
                        break;
                    case state_name::scheduling:
                    case state_name::running:
                    case state_name::rescaling:
                    case state_name::restarting:
                    case state_name::checkpoint_stopping:
                    case state_name::finishing: BOOST_ERROR("nobody goes on as that"); break;
                }
                if (as == state_name::compiling) BOOST_TEST((s.log.front() == "Scheduling"));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_row_of_our_own_is_claimed_anew_and_restored_whatever_its_state_S2_I7) {
    for (const state_name state : {state_name::stopped, state_name::running, state_name::compiling}) {
        job_row found = left_in(state);
        found.owner = us;
        stage s(found);
        s.restore = ready_checkpoint();
        s.run_up(wants(2));
        // At its end its workers are told to end first, which uses the generation.
        const std::uint32_t used = state == state_name::stopped ? 4 : 3;
        BOOST_TEST((s.stands.generation == generation{used + 1} and s.job().stop.up_to == generation{used}));
        BOOST_TEST((s.job().running->restore == ready_checkpoint().name), text_of(state));
    }
}

BOOST_AUTO_TEST_CASE(a_job_that_was_running_keeps_its_restart_count_when_it_is_taken_over_J6) {
    job_row found = left_in(state_name::running);
    found.restarts = 3;
    stage s(found);
    s.run_up();
    BOOST_TEST(s.stands.restarts == 3u);
    for (int i = 0; i < 30; ++i) {
        for (std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.run(5s);
    }
    BOOST_TEST(s.stands.restarts == 0u, "it ran healthily (SPEC 9)");
}

}  // namespace
