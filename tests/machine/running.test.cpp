// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include <set>

namespace {

using namespace stages;

template <class Stage>
void runs_on(Stage& s, duration length) {
    for (const instant end = s.now + length; s.now < end and s.state() == state_name::running;) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.run(std::min<duration>(5s, end - s.now));
    }
}

template <class Effect>
void runs_until_asked(stage& s) {
    for (int waited = 0; s.count<Effect>() == 0u; ++waited) {
        BOOST_REQUIRE((waited < 120 and s.state() == state_name::running));
        runs_on(s, 1s);
    }
}

BOOST_AUTO_TEST_CASE(the_row_of_a_checkpoint_is_durable_before_the_first_barrier_J1_I10) {
    stage s;
    s.without<write_checkpoint>().run_up();
    s.advance(10s);
    const auto begun = s.pending<write_checkpoint>().what;
    BOOST_TEST((begun.row == checkpoint_row{{{1}, {1}}, checkpoint_state::in_progress}));
    BOOST_TEST((begun.generation == generation{1} and begun.owner == us and begun.keep == 0u));
    BOOST_TEST(s.count<begin_checkpoint>() == 0u);
    s.answer<write_checkpoint>(checkpoint_written{});
    BOOST_TEST(s.count<begin_checkpoint>() == 2u);
}

BOOST_AUTO_TEST_CASE(metadata_is_written_when_every_subtask_has_stored_and_then_the_row_is_ready_J1) {
    stage s;
    s.subtasks_store = false;
    s.without<store_checkpoint>().run_up();
    runs_on(s, 11s);
    s.stores(0, {1});
    BOOST_TEST(s.count<store_checkpoint>() == 0u);
    s.stores(0, {1});
    s.stores(1, {2});
    BOOST_TEST(s.count<store_checkpoint>() == 0u, "a repeat and another epoch do not count");
    s.stores(1, {1});
    const auto written = s.pending<store_checkpoint>().what.what;
    BOOST_TEST((written->name == checkpoint_name{{1}, {1}} and written->nodes.size() == 2u));
    BOOST_TEST(
        (written->nodes[1].parallelism == 4u and written->nodes[1].handles == std::vector<std::string>(4, "handle")));
    BOOST_TEST((written->nodes[1].operators == std::vector<operator_id>{{"sink"}}));
    BOOST_TEST((s.checkpoints.back().state == checkpoint_state::in_progress));
    s.with<store_checkpoint>().settle();
    BOOST_TEST((s.checkpoints.back() == checkpoint_row{{{1}, {1}}, checkpoint_state::ready}));
}

BOOST_AUTO_TEST_CASE(only_its_own_worker_stores_a_subtask_J1_I3) {
    stage s;
    s.subtasks_store = false;
    s.without<store_checkpoint>().run_up();
    runs_on(s, 11s);
    const auto before = s.job().count.rejected;
    s.says(0,
           checkpoint_report{.epoch = {1}, .subtasks = {{{2}, 3, "x"}, {{9}, 0, "x"}, {{2}, ~0u, "x"}}, .failure = {}});
    BOOST_TEST(s.job().count.rejected == before + 3);
    BOOST_TEST((s.in<running>().taken.reported.missing() == 6u));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_could_not_be_written_after_the_jobs_release_says_nothing_of_others_G2) {
    stage s;
    s.without<write_checkpoint>().run_up();
    s.advance(10s);
    const ticket late = s.take_out<write_checkpoint>().by;
    s.is_wished(wants(2, stop_mode::immediate));
    s.settle();
    BOOST_REQUIRE((s.stands.state == state_name::stopped and s.value.is_over()));
    s.step(answered<write_checkpoint>{late, not_applied{{error_kind::ownership_lost, "nobody's"}}});
    BOOST_TEST((not s.job().is_let_go and not s.said("another controller has it")));
}

BOOST_AUTO_TEST_CASE(the_first_checkpoint_comes_at_a_random_point_of_the_interval_and_the_others_after_it_J1) {
    std::set<duration> firsts;
    for (int job = 0; job < 10; ++job) {
        stage s;
        s.drawn = static_cast<std::uint64_t>(job) + 2;
        wish w = wants();
        w.checkpoint_interval = 40s;
        s.run_up(w);
        const instant begun = s.now;
        while (s.checkpoints.empty() and s.now - begun < 40s) runs_on(s, 1s);
        firsts.insert(s.now - begun);
        runs_on(s, 41s - (s.now - begun));
        BOOST_TEST(s.checkpoints.size() == 2u);
        runs_on(s, 41s);
        BOOST_TEST(s.checkpoints.size() == 4u);
    }
    BOOST_TEST(firsts.size() > 5u, "not all jobs at once");
}

BOOST_AUTO_TEST_CASE(every_fourth_checkpoint_lists_old_ones_whose_objects_go_before_their_rows_J1_I11) {
    stage s;
    s.obsolete = {{{1}, {1}}, {{2}, {1}}};
    s.without<remove_checkpoint>().run_up();
    runs_on(s, 32s);
    BOOST_TEST(s.count<remove_checkpoint>() == 0u);
    runs_on(s, 10s);
    BOOST_TEST((s.pending<remove_checkpoint>().what.name == checkpoint_name{{1}, {1}}));
    BOOST_TEST((s.checkpoints.back().state == checkpoint_state::ready));
    s.with<remove_checkpoint>().settle();
    BOOST_TEST((s.checkpoints[s.checkpoints.size() - 2] == checkpoint_row{{{1}, {1}}, checkpoint_state::compacted}));
    BOOST_TEST((s.checkpoints.back() == checkpoint_row{{{2}, {1}}, checkpoint_state::compacted}));
    runs_on(s, 21s);
    BOOST_TEST((s.checkpoints.back().state == checkpoint_state::ready));
}

// Nothing that the job needs: it is removed another time, or by a person.
BOOST_AUTO_TEST_CASE(obsolete_checkpoints_that_cannot_be_removed_are_left_for_the_next_cleaning_and_cost_nothing_J1) {
    const auto removals = [](stage& s, error_kind kind, int cleanings) {
        std::size_t asked = 0;
        for (int i = 0; i < cleanings; ++i) {
            runs_on(s, 42s);
            for (; s.count<remove_checkpoint>() > 0; ++asked) {
                s.answer<remove_checkpoint>(refused_by(kind, "Permission denied"));
                s.settle();
            }
        }
        return asked;
    };
    stage s;
    s.obsolete = {{{1}, {1}}, {{2}, {1}}};
    s.without<remove_checkpoint>().run_up();
    BOOST_TEST(removals(s, error_kind::permanent, 20) == 40u, "those behind it are tried too");
    BOOST_TEST(
        s.said("the checkpoint of epoch 1, generation 1 is obsolete and was not removed: permanent: Permission"));
    BOOST_TEST(not s.said("the checkpoint of epoch 2"), "once a cleaning");
    BOOST_TEST(removals(s, error_kind::state_backend, 20) == 40u);
    for (int i = 0; i < 20; ++i) {
        runs_until_asked<remove_checkpoint>(s);
        s.take_out<remove_checkpoint>();  // without an answer, the others wait for the next cleaning
        BOOST_REQUIRE(s.count<remove_checkpoint>() == 0u);
    }
    BOOST_TEST((s.state() == state_name::running and s.entered(state_name::recovering) == 0u));
    BOOST_TEST((s.checkpoints.back().state == checkpoint_state::ready));
}

BOOST_AUTO_TEST_CASE(failures_of_the_state_backend_are_forgotten_once_a_checkpoint_is_ready_J1) {
    stage s;
    s.without<store_checkpoint>().run_up();
    for (int i = 0; i < 30; ++i) {
        runs_until_asked<store_checkpoint>(s);
        s.answer<store_checkpoint>(refused_by(error_kind::state_backend, "a hiccup"));
        runs_until_asked<store_checkpoint>(s);
        s.answer<store_checkpoint>(applied{});
        s.settle();
        BOOST_REQUIRE((s.checkpoints.back().state == checkpoint_state::ready));
    }
    BOOST_TEST((s.state() == state_name::running and s.entered(state_name::recovering) == 0u));
}

BOOST_AUTO_TEST_CASE(another_interval_is_in_force_as_soon_as_it_is_wished_J1_I13) {
    stage s;
    wish w = wants();
    w.checkpoint_interval = 24h;
    s.run_up(w);
    const std::size_t before = s.checkpoints.size();
    w.version = 2;
    w.checkpoint_interval = 10s;
    s.is_wished(w);
    s.settle();
    BOOST_TEST(s.stands.applied == 2u);
    runs_on(s, 11s);
    BOOST_TEST(s.checkpoints.size() == before + 2);
    runs_on(s, 10s);
    BOOST_TEST(s.checkpoints.size() == before + 4);
    w.version = 3;
    w.checkpoint_interval = 1h;
    s.is_wished(w);
    runs_on(s, 1min);
    BOOST_TEST(s.checkpoints.size() == before + 4);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_fails_three_times_leads_to_recovering_and_its_rows_become_failed_J1_J2) {
    stage s;
    s.subtasks_store = false;
    s.run_up();
    for (int failed = 1; failed <= 3; ++failed) {
        runs_on(s, 11s);
        BOOST_TEST((s.state() == state_name::running));
        s.says(0, checkpoint_report{
                      .epoch = {static_cast<std::uint32_t>(failed)}, .subtasks = {}, .failure = "disk full"});
        s.settle();
        if (failed < 3) BOOST_TEST((s.checkpoints.back().state == checkpoint_state::failed));
    }
    BOOST_TEST((s.state() == state_name::recovering));
    BOOST_TEST((s.stands.last_error == "checkpoint: epoch 3: worker 0: disk full"));
}

BOOST_AUTO_TEST_CASE(handles_above_what_a_subtask_or_a_checkpoint_may_have_fail_it_by_name_SPEC_10_I16) {
    stage s({}, {.most = {.handle = 8, .handles = 20}});
    s.subtasks_store = false;
    s.run_up();
    const auto stores = [&](std::uint32_t subtask, std::string handle) {
        s.says(0, checkpoint_report{.epoch = s.in<running>().taken.name.epoch,
                                    .subtasks = {{{2}, subtask, std::move(handle)}},
                                    .failure = {}});
    };
    runs_on(s, 11s);
    stores(0, "8 bytes.");
    stores(0, "8 again.");
    BOOST_TEST((s.in<running>().taken.stage == checkpoint_stage::collecting));
    stores(1, "9 bytes..");
    BOOST_TEST((s.in<running>().taken.stage == checkpoint_stage::failing));
    BOOST_TEST(s.said("node 2, subtask 1: its handle has 9 bytes, above the limit of 8"));
    runs_on(s, 11s);
    for (const std::uint32_t subtask : {0u, 1u}) stores(subtask, "8 bytes.");
    s.says(0, checkpoint_report{
                  .epoch = s.in<running>().taken.name.epoch, .subtasks = {{{1}, 0, "5...."}}, .failure = {}});
    BOOST_TEST(s.said("node 1, subtask 0: with its handle all have 21 bytes, above the limit of 20"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_is_ready_makes_earlier_failures_forgotten_J1) {
    stage s;
    s.subtasks_store = false;
    s.run_up();
    for (int round = 0; round < 6; ++round) {
        s.subtasks_store = round % 2 == 1;
        runs_on(s, 11s);
        if (round % 2 == 0)
            s.says(0, checkpoint_report{
                          .epoch = s.in<running>().taken.name.epoch, .subtasks = {}, .failure = "disk full"});
        s.settle();
    }
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_takes_longer_than_ten_minutes_has_failed_J1) {
    stage s;
    s.subtasks_store = false;
    s.run_up();
    runs_on(s, 10min);
    BOOST_TEST(s.checkpoints.size() == 1u);
    runs_on(s, 11s);
    BOOST_TEST(
        (s.checkpoints.size() >= 2u and s.checkpoints[1] == checkpoint_row{{{1}, {1}}, checkpoint_state::failed}));
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_ready_row_whose_answer_is_late_is_never_written_as_failed_I8_I9) {
    stage s;
    s.subtasks_store = false;
    s.run_up();
    runs_on(s, 11s);
    s.without<write_checkpoint>();
    s.stores(0, {1});
    s.stores(1, {1});
    s.settle();
    for (int i = 0; i < 200; ++i) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.advance(5s);
    }
    for (const effect& one : s.open)
        if (const auto* const r = std::get_if<request<write_checkpoint>>(&one))
            BOOST_TEST((r->what.row.state == checkpoint_state::ready));
}

BOOST_AUTO_TEST_CASE(how_long_checkpoints_take_is_known_and_begins_anew_with_each_generation_S15) {
    stage s;
    s.without<store_checkpoint>().run_up();
    runs_on(s, 11s);
    const instant begun = s.in<running>().taken.began;
    runs_on(s, 3s);
    s.with<store_checkpoint>().settle();
    const duration took = s.now - begun;
    BOOST_TEST((took >= 3s and s.job().checkpointed == checkpoint_times{1, {1}, took, took, took}));
    runs_on(s, 11s);
    BOOST_TEST((s.job().checkpointed == checkpoint_times{2, {2}, 0s, took, took}));
    s.without<store_checkpoint>().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(20s);
    BOOST_TEST((s.current() == generation{2} and s.job().checkpointed == checkpoint_times{}));
}

BOOST_AUTO_TEST_CASE(epochs_go_on_from_the_restored_one_J1_I10) {
    stage s;
    s.restore = ready_checkpoint(9, 2);
    s.run_up();
    runs_on(s, 11s);
    BOOST_TEST((s.checkpoints.back().name == checkpoint_name{{10}, {1}}));
}

BOOST_AUTO_TEST_CASE(a_lost_stream_overdue_heartbeats_an_exit_or_a_failed_task_recover_a_running_job_J2) {
    for (const int how : {0, 1, 2, 3}) {
        stage s;
        s.run_up();
        if (how == 0) s.says(0, stream_lost{});
        if (how == 1) s.step(worker_exited{id_of(s.current(), {1}), "killed by signal 9"});
        if (how == 2) s.advance(30s);
        if (how == 3)
            s.says(0,
                   task_report{.started = s.tasks_of(0),
                               .finished = {},
                               .failures = {{.node = {1}, .subtask = 0, .operator_name = "source", .text = "boom"}}});
        BOOST_TEST((s.state() == state_name::recovering));
        if (how == 3) BOOST_TEST(s.job().next.last_error == "task: node 1, subtask 0, operator source (user): boom");
        s.run(5s);
        BOOST_TEST(
            (s.state() == state_name::running and s.stands.generation == generation{2} and s.stands.restarts == 1u));
    }
}

BOOST_AUTO_TEST_CASE(a_task_error_that_must_not_be_retried_is_fatal_S14_J2) {
    stage s;
    s.run_up();
    s.says(1, task_report{.started = s.tasks_of(1),
                          .finished = {},
                          .failures = {{.node = {2},
                                        .subtask = 3,
                                        .operator_name = "sink",
                                        .domain = error_domain::external,
                                        .may_retry = false,
                                        .text = "bad table"}}});
    s.settle();
    BOOST_TEST((s.stands.state == state_name::failed));
    BOOST_TEST(s.stands.last_error == "permanent: node 2, subtask 3, operator sink (external, no retry): bad table");
}

// What a database may change on its way in and out would never be what is to stand.
BOOST_AUTO_TEST_CASE(an_error_in_the_row_is_one_line_of_utf8_that_no_database_cuts_or_changes_G3_J5) {
    const auto error_of = [](auto with, const std::string& text) {
        stage_of<decltype(with)> s({}, with);
        s.run_up();
        s.says(0, task_report{.started = s.tasks_of(0),
                              .finished = {},
                              .failures = {{.node = {1}, .subtask = 0, .operator_name = "source", .text = text}}});
        BOOST_TEST((s.state() == state_name::recovering and s.stands.state == state_name::running));
        return s.job().next.last_error;
    };
    const std::string begun = "task: node 1, subtask 0, operator source (user): ";
    BOOST_TEST(error_of(policies{}, std::string("a\0b\xe9\n", 5)) == begun + "a\\x00b\\xe9\\n");
    std::string long_one;
    while (long_one.size() < limits{}.error_text) long_one += "\u00e9";
    const std::string cut = error_of(policies{}, long_one);
    BOOST_TEST((cut.size() <= limits{}.error_text and cut.ends_with("\u00e9...")));
    limits more;
    more.error_text *= 2;
    BOOST_TEST(error_of(policies{.most = more}, long_one) == cut, "databases keep to their own limit");
}

BOOST_AUTO_TEST_CASE(a_failed_job_starts_again_when_the_nonce_changes_and_not_before_J5) {
    stage s;
    s.run_up();
    s.says(0,
           task_report{.started = {}, .finished = {}, .failures = {{.node = {1}, .subtask = 0, .may_retry = false}}});
    s.settle();
    s.is_wished(wants(2));
    BOOST_TEST((s.state() == state_name::failed and s.value.is_over()));
    wish w = wants(3);
    w.restart_nonce = 1;
    s.is_wished(w);
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.generation == generation{2} and s.stands.restarts == 0u));
}

/// Running without worker 0, which was replaced and is back; it was told to end, and that is not answered.
void runs_with_a_spare(stage& s) {
    s.workers_come = false;
    s.start();
    s.comes(0);
    s.says(0, stream_lost{});
    s.run(1s);
    s.comes(1);
    s.comes(2);
    s.settle();
    BOOST_REQUIRE((s.state() == state_name::running));
    s.without<stop_execution>();
    s.comes(0);
    s.settle();
}

BOOST_AUTO_TEST_CASE(workers_beyond_the_need_are_told_to_end_once_the_job_runs_S11) {
    stage s;
    s.workers_come = false;
    s.without<start_execution>().start();
    s.comes(0);
    s.says(0, stream_lost{});
    s.run(1s);
    for (const std::uint32_t w : {1u, 2u}) s.comes(w);
    s.settle();
    BOOST_REQUIRE(s.job().running);
    s.comes(0);
    s.settle();
    BOOST_REQUIRE((s.member(0).is_open() and not s.member(0).is_placed()));
    BOOST_TEST(s.count<stop_execution>() == 0u, "a spare is kept as long as somebody else may fail");
    s.without<stop_execution>().with<start_execution>().settle();
    BOOST_TEST((s.state() == state_name::running and s.count<stop_execution>() == 1u));
    stage t;
    runs_with_a_spare(t);
    BOOST_TEST((t.pending<stop_execution>().what.connection == connection_id{id_of({1}, {0}).value}));
    BOOST_TEST((t.state() == state_name::running and not t.member(0).is_placed()));
    t.says(0, stream_lost{});
    BOOST_TEST((t.state() == state_name::running), "a spare that is lost is no loss");
}

BOOST_AUTO_TEST_CASE(a_spare_that_ends_as_it_was_told_is_no_trouble_of_its_machine) {
    stage s;
    runs_with_a_spare(s);
    const std::vector<trouble> before = s.job().troubled.list(s.now);
    BOOST_REQUIRE((before.size() == 1u and before[0].ago > 0s));
    s.says(0, stream_lost{});
    BOOST_TEST((s.job().troubled.list(s.now) == before));
}

BOOST_AUTO_TEST_CASE(a_spare_that_does_not_let_itself_be_dismissed_is_told_again_and_fails_nothing_S11_G6_I14) {
    for (const bool answers : {false, true}) {
        stage s;
        runs_with_a_spare(s);
        std::size_t told = s.count<stop_execution>();
        BOOST_TEST(told == 1u);
        for (const instant end = s.now + 1h; s.now < end and s.state() == state_name::running; s.run(5s)) {
            for (const std::uint32_t w : {0u, 1u, 2u}) s.says(w, heartbeat{});
            if (answers and s.count<stop_execution>() > 0) {
                ++told;
                s.answer<stop_execution>(no_answer());
            }
        }
        BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
        BOOST_TEST((answers ? told : s.count<stop_execution>()) > 30u);
        s.says(0, stream_lost{});
        const std::size_t before = s.count<stop_execution>();
        for (const std::uint32_t w : {1u, 2u}) s.says(w, heartbeat{});
        s.run(20s);
        BOOST_TEST(s.count<stop_execution>() == before, "gone: no more is asked of it");
    }
}

BOOST_AUTO_TEST_CASE(a_spare_that_cannot_be_dialled_does_not_keep_the_machine_busy_J7) {
    stage s;
    s.workers_come = false;
    s.start();
    s.comes(0);
    s.says(0, stream_lost{});
    s.run(1s);
    s.comes(1);
    s.comes(2);
    s.settle();
    BOOST_REQUIRE((s.state() == state_name::running));
    session again = s.of(0);
    worker_profile p = s.profile(0);
    p.incarnation = {{5, 5}};
    s.without<dial>().step(again.fence(registered{p}));
    for (int dials = 0; dials < 3; ++dials) {
        s.answer<dial>(refused_by(error_kind::dial));
        for (const std::uint32_t w : {0u, 1u, 2u}) s.says(w, heartbeat{});
        s.advance(2s);
    }
    BOOST_TEST(s.count<dial>() == 0u);
    for (const std::uint32_t w : {1u, 2u}) s.says(w, heartbeat{});
    s.advance(20s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(an_answer_to_start_execution_that_never_comes_does_not_keep_a_running_job_busy_J7_S14) {
    stage s;
    s.without<start_execution>().start();
    for (const std::uint32_t w : {0u, 1u}) s.starts(w);
    BOOST_TEST((s.state() == state_name::running), "reports may come before the answer to the call");
    runs_on(s, 1min);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_job_whose_sources_end_finishes_when_every_task_has_and_its_workers_are_ended_J2_I12) {
    stage s;
    s.without<stop_workers>().run_up();
    s.says(0, task_report{.started = s.tasks_of(0), .finished = {{{1}, 0, 1}}, .failures = {}});
    BOOST_TEST((s.state() == state_name::running));
    s.finishes(0);
    s.settle();
    BOOST_TEST((s.state() == state_name::finishing and s.stands.state == state_name::finishing));
    s.finishes(1);
    s.settle();
    BOOST_TEST((s.stands.state == state_name::finished and s.stands.is_complete and not s.value.is_over()));
    BOOST_TEST(s.count<stop_workers>() == 1u);
    s.advance(1min);
    BOOST_TEST((s.count<stop_workers>() > 1u and not s.value.is_over()), "repeated until they are gone");
    s.with<stop_workers>().settle();
    BOOST_TEST(s.value.is_over());
}

BOOST_AUTO_TEST_CASE(a_worker_lost_while_finishing_recovers_unless_all_has_finished_J2) {
    stage s;
    s.run_up();
    s.finishes(0);
    BOOST_TEST((s.state() == state_name::finishing));
    s.says(1, stream_lost{});
    BOOST_TEST((s.state() == state_name::recovering));
}

BOOST_AUTO_TEST_CASE(a_task_that_finishes_before_all_have_started_is_remembered_S14) {
    stage s;
    s.tasks_start = false;
    s.start();
    s.finishes(0);
    BOOST_TEST((s.state() == state_name::scheduling));
    s.starts(1);
    BOOST_TEST((s.state() == state_name::running or s.state() == state_name::finishing));
    s.settle();
    BOOST_TEST((s.state() == state_name::finishing));
}

}  // namespace
