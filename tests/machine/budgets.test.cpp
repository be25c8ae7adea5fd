// SPDX-License-Identifier: BSL-1.0
// A budget of n is n attempts, then Recovering, or Failing where no restart could help (I14, S17).
#include "stage.hpp"

#include <headgate/machine/worst_case.hpp>

namespace {

using namespace stages;

/// How often `fails` can be done in one state of Scheduling.
template <class Fails>
int attempts_until_recovering(stage& s, Fails fails) {
    int attempts = 0;
    while (s.entered(state_name::recovering) == 0 and s.entered(state_name::failing) == 0 and attempts < 100) {
        ++attempts;
        fails();
    }
    return attempts;
}

BOOST_AUTO_TEST_CASE(the_scheduler_is_tried_20_times_I14) {
    policies<> quick;  // or the start-up time of workers is over before
    quick.state_retry = equal_jitter{exponential{.first = 100ms, .most = 1s}};
    for (const int how : {0, 1, 2}) {
        stage s({}, quick);
        s.without<start_workers>().start();
        const int attempts = attempts_until_recovering(s, [&] {
            if (how == 0) s.answer<start_workers>(refused_by(error_kind::scheduler));
            if (how == 1) s.answer<start_workers>(no_answer());
            if (how == 2) s.take_out<start_workers>();
            while (s.state() == state_name::scheduling and s.count<start_workers>() == 0) s.advance_to_deadline();
        });
        BOOST_TEST((s.entered(state_name::recovering) == 1u));
        BOOST_TEST((attempts == 20 and s.entered(state_name::scheduling) == 1u));
        BOOST_TEST(s.stands.restarts == 0u);
        s.settle();
        BOOST_TEST(s.stands.restarts == 1u);
    }
}

BOOST_AUTO_TEST_CASE(start_execution_is_tried_10_times_I14) {
    policies<> quick;  // or the start-up time of tasks is over before
    quick.state_retry = equal_jitter{exponential{.first = 100ms, .most = 1s}};
    stage s({}, quick);
    s.tasks_start = false;
    s.without<start_execution>().start();
    int attempts = 0;
    for (; s.state() == state_name::scheduling and attempts < 20; ++attempts) {
        const auto of = s.take_out<start_execution>();
        const bool is_other = of.by.worker == ordinal{1};
        attempts -= is_other;
        s.step(
            answered<start_execution>{of.by, is_other ? outcome<applied>(applied{}) : outcome<applied>(no_answer())});
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        if (s.state() == state_name::scheduling and s.count<start_execution>() == 0) s.run(2s);
    }
    BOOST_TEST(attempts == 10);
    BOOST_TEST((s.entered(state_name::recovering) == 1u));
}

BOOST_AUTO_TEST_CASE(start_execution_is_counted_by_worker_so_ten_that_fail_once_each_spend_nothing_S14_I14) {
    stage s;
    wish wide = wants();
    wide.parallelism = {{{2}, 20}};
    s.without<start_execution>().start(wide);
    BOOST_REQUIRE(s.count<start_execution>() == 10u);
    for (int failed = 0; failed < 10; ++failed) s.answer<start_execution>(no_answer());
    BOOST_TEST((s.state() == state_name::scheduling and not s.job().exhausted));
    s.with<start_execution>().run(5s);
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(workers_may_fail_to_initialize_5_times_I14) {
    stage s;
    s.tasks_start = false;
    s.start();
    const int attempts = attempts_until_recovering(s, [&] {
        s.says(0, initialized{});  // meaningless by now
        s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
        s.run(20s);
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
    });
    BOOST_TEST(attempts == 5);
    BOOST_TEST((s.stands.last_error == "worker initialization: worker 0: exit status 1"));
}

BOOST_AUTO_TEST_CASE(workers_may_come_too_late_3_times_I14) {
    policies<> patient;  // or the job is given up before the third time is over (R3)
    patient.restart.within.without_healthy_run = 1h;
    stage s({}, patient);
    s.workers_come = false;
    s.start();
    s.run(600s);
    BOOST_TEST((s.entered(state_name::scheduling) == 2u and s.entered(state_name::recovering) == 0u));
    s.run(601s);
    BOOST_TEST((s.entered(state_name::scheduling) == 3u and s.entered(state_name::recovering) == 0u));
    s.run(601s);
    BOOST_TEST((s.entered(state_name::scheduling) == 4u and s.entered(state_name::recovering) == 1u));
}

BOOST_AUTO_TEST_CASE(tasks_may_start_too_late_3_times_I14) {
    stage s;
    s.tasks_start = false;
    s.start();
    for (int i = 0; s.entered(state_name::recovering) == 0 and i < 200; ++i) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.run(5s);
    }
    const auto end = std::ranges::find(s.log, "Recovering");
    BOOST_TEST(std::count(s.log.begin(), end, "Scheduling") == 3);
    BOOST_TEST((s.stands.last_error == "task start-up: 6 of 6 subtasks did not start in time"));
}

BOOST_AUTO_TEST_CASE(budgets_are_full_again_after_recovering_I14) {
    stage s;
    s.tasks_start = false;
    s.start();
    for (int round = 1; round <= 3; ++round) {
        for (int i = 0; s.entered(state_name::recovering) < static_cast<std::size_t>(round) and i < 100; ++i) {
            s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
            s.run(20s);
            for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        }
        BOOST_TEST(s.entered(state_name::scheduling) == 5u * static_cast<std::size_t>(round) + 1);
        s.run(10s);
        s.open.clear();
        s.is_wished(wants(static_cast<std::uint64_t>(round) + 1));
    }
}

BOOST_AUTO_TEST_CASE(a_spent_budget_of_the_database_does_not_exist_T5_I14) {
    stage s;
    s.without<claim>().start();
    for (int i = 0; i < 200; ++i) {
        s.answer<claim>(refused_by(error_kind::database));
        while (s.count<claim>() == 0) s.advance_to_deadline();
    }
    BOOST_TEST((s.state() == state_name::scheduling));
}

/// What was told of failed attempts of this kind, in order.
template <class Stage>
std::vector<retried> failures(const Stage& s, error_kind kind) {
    std::vector<retried> all;
    for (const note& one : s.told)
        if (const auto* const r = std::get_if<retried>(&one); r and r->why.kind == kind) all.push_back(*r);
    return all;
}

/// Numbered from 1, each tried again but the last, which is the last of the budget.
void expect_counted(const std::vector<retried>& told, std::uint32_t budget) {
    BOOST_REQUIRE(told.size() == budget);
    for (std::uint32_t i = 0; i < budget; ++i) {
        BOOST_TEST((told[i].attempt == attempt{i + 1} and told[i].budget == budget));
        BOOST_TEST(told[i].pause.has_value() == (i + 1 < budget));
    }
}

BOOST_AUTO_TEST_CASE(a_budget_that_is_spent_in_the_turn_in_which_the_attempt_fails_otherwise_is_not_given_back_I14_S9) {
    policies<> quick;
    quick.state_retry = equal_jitter{exponential{.first = 100ms, .most = 1s}};
    stage s({}, quick);
    s.restore = ready_checkpoint();
    s.without<load_checkpoint>().start();
    while (failures(s, error_kind::state_backend).size() < 9 or s.count<load_checkpoint>() == 0) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        if (s.count<load_checkpoint>() > 0)
            s.answer<load_checkpoint>(nullptr);
        else
            s.advance_to_deadline();
    }
    s.now += 40s;  // its controller was suspended: heartbeats are overdue by now, too
    s.answer<load_checkpoint>(nullptr);
    BOOST_TEST((s.state() == state_name::failing));
    BOOST_TEST(failures(s, error_kind::state_backend).size() == 10u);
}

BOOST_AUTO_TEST_CASE(the_failure_that_spends_a_budget_is_told_as_the_last_and_not_as_tried_again_S17_S18) {
    policies<> quick;  // or the start-up times are over before
    quick.state_retry = equal_jitter{exponential{.first = 100ms, .most = 1s}};
    {
        stage s({}, quick);
        s.without<start_workers>().start();
        for (int failed = 0; failed < 5; ++failed) {  // these are no attempts of the budget
            s.answer<start_workers>(not_applied{{.kind = error_kind::not_enough_slots, .needed = 4, .available = 1}});
            while (s.count<start_workers>() == 0) s.advance_to_deadline();
        }
        while (s.entered(state_name::recovering) == 0) {
            s.answer<start_workers>(refused_by(error_kind::scheduler));
            while (s.state() == state_name::scheduling and s.count<start_workers>() == 0) s.advance_to_deadline();
        }
        expect_counted(failures(s, error_kind::scheduler), 20);
    }
    {
        stage s({}, quick);
        s.restore = ready_checkpoint();
        s.without<load_checkpoint, prepare_checkpoint>().start();
        while (s.state() != state_name::failing) {
            for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
            if (failures(s, error_kind::state_backend).size() == 4) s.with<load_checkpoint>().settle();
            if (s.count<load_checkpoint>() > 0)
                s.answer<load_checkpoint>(nullptr);
            else if (s.count<prepare_checkpoint>() > 0)
                s.answer<prepare_checkpoint>(no_answer());
            else
                s.advance_to_deadline();
        }
        expect_counted(failures(s, error_kind::state_backend), 10);
    }
    {
        stage s({}, quick);
        s.without<dial>().start();
        s.with<dial>();
        while (s.member(0).phase != worker_phase::gone) {
            if (s.count<dial>() == 0) s.advance_to_deadline();
            if (s.pending<dial>().by.worker == ordinal{0})
                s.answer<dial>(refused_by(error_kind::dial));
            else
                s.carry_out(s.take_out<dial>());
        }
        expect_counted(failures(s, error_kind::dial), 3);
        BOOST_TEST(s.said("it is replaced"));
    }
    {
        stage s({}, quick);
        s.without<start_execution>().start();
        while (s.entered(state_name::recovering) == 0) {
            for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
            if (s.count<start_execution>() == 0)
                s.advance(5s);
            else if (s.pending<start_execution>().by.worker == ordinal{0})
                s.answer<start_execution>(no_answer());
            else
                s.carry_out(s.take_out<start_execution>());
        }
        expect_counted(failures(s, error_kind::start_execution), 10);
    }
}

BOOST_AUTO_TEST_CASE(workers_that_cannot_be_dialled_nor_replaced_for_want_of_slots_fail_the_attempt_S6_S12_S17) {
    stage s;
    s.without<dial, start_workers>().start();
    for (int i = 0; i < 1'000 and s.entered(state_name::recovering) == 0; ++i) {
        if (s.count<dial>() > 0)
            s.answer<dial>(refused_by(error_kind::dial));
        else if (s.count<start_workers>() == 0)
            s.advance_to_deadline();
        else if (s.job().workers.wanted_count() < s.job().workers.members().size())
            s.answer<start_workers>(not_applied{{.kind = error_kind::not_enough_slots, .needed = 4, .available = 0}});
        else
            s.carry_out(s.take_out<start_workers>());
        s.settle();
    }
    const auto told = failures(s, error_kind::worker_initialization);
    BOOST_REQUIRE(told.size() == 4u);  // the fifth is the end of this pass
    for (std::uint32_t i = 0; i < 4; ++i) {
        const duration longest = 500ms * (1 << i);
        BOOST_TEST((told[i].attempt == attempt{i + 1} and told[i].budget == 5));
        BOOST_TEST((told[i].pause >= longest / 2 and told[i].pause <= longest));
    }
    BOOST_TEST((s.entered(state_name::recovering) == 1 and s.current() == generation{5}));
    BOOST_TEST(s.stands.last_error.find("cannot be replaced: not enough slots: needed 4, available 0") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_worker_that_exits_and_whose_slot_is_freed_late_is_spent_once_S6_S12_S17) {
    stage s;
    s.without<start_workers>().start();
    std::uint32_t exits = 0;
    for (int i = 0; i < 1'000 and s.entered(state_name::recovering) == 0; ++i) {
        if (s.count<start_workers>() == 0) {
            s.advance_to_deadline();
        } else if (s.job().workers.wanted_count() < s.job().workers.members().size()) {
            s.answer<start_workers>(not_applied{{.kind = error_kind::not_enough_slots, .needed = 4, .available = 0}});
            s.settle();
        } else {
            ++exits;
            BOOST_TEST((s.current() == generation{exits}));
            s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
            s.settle();
        }
    }
    BOOST_TEST((exits == 5u and s.entered(state_name::recovering) == 1));
}

// Restarts ------------------------------------------------------------------------------------------------------------

/// A job whose workers exit as soon as it runs.
template <class Stage>
void fails_again_and_again(Stage& s, duration length) {
    for (const instant end = s.now + length; s.now < end and not s.value.is_over();) {
        if (s.state() == state_name::running) s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
        s.run(1s);
    }
}

BOOST_AUTO_TEST_CASE(a_job_is_given_up_after_20_restarts_R3_J5) {
    stage_of<policies<slot_filling, equal_jitter<exponential>, equal_jitter<exponential>, restart_after<constant>>> s(
        {}, {.restart = {.pause = {1s}, .within = {}}});
    s.run_up();
    fails_again_and_again(s, 20min);
    BOOST_TEST((s.stands.state == state_name::failed and s.stands.restarts == 20u));
    BOOST_TEST(s.entered(state_name::running) == 21u);
    BOOST_TEST(s.stands.last_error.find("gave up after 20 restarts; last: worker lost: worker 0: exit status 1") !=
                   std::string::npos,
               s.stands.last_error);
}

BOOST_AUTO_TEST_CASE(a_job_is_given_up_after_30_minutes_without_a_healthy_run_R3_J5) {
    stage_of<policies<>> s({}, {.restart = {.pause = state_backoff, .within = {.restarts = 1'000}}});
    const instant first = s.now;
    s.run_up();
    fails_again_and_again(s, 2h);
    BOOST_TEST((s.stands.state == state_name::failed));
    BOOST_TEST((s.now - first >= 28min and s.now - first <= 31min));
}

BOOST_AUTO_TEST_CASE(the_time_to_give_up_ends_a_pass_of_scheduling_too_also_after_a_take_over_J5_R3) {
    for (const bool is_taken_over : {false, true}) {
        stage s(is_taken_over ? left_in(state_name::running) : job_row{});
        s.workers_come = false;
        const instant first = s.now;
        s.start();
        s.run(29min + 59s);
        BOOST_TEST((s.state() == state_name::scheduling));
        s.run(2s);
        BOOST_TEST((s.stands.state == state_name::failed and s.now - first == 30min + 1s));
        BOOST_TEST(s.stands.last_error.find("too long without a healthy run") != std::string::npos);
    }
}

// R5: of the policies alone, known to the compiler.
constexpr policies<> hasty = [] {
    policies<> made;
    made.restart.within.without_healthy_run = 5min;
    return made;
}();
static_assert(worst_case_until_failed(hasty) == worst_case_until_failed(policies<>{}) - 25min);

BOOST_AUTO_TEST_CASE(a_job_that_never_runs_healthily_has_failed_within_the_worst_case_of_its_policies_R5) {
    for (const bool do_tasks_start : {false, true}) {
        stage s({}, hasty);
        s.tasks_start = do_tasks_start;
        const instant begun = s.now;
        s.start();
        while (s.stands.state != state_name::failed) {
            BOOST_REQUIRE(s.now - begun <= worst_case_until_failed(hasty));
            if (s.state() == state_name::running) s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
            s.run(1s);
        }
        BOOST_TEST((s.now - begun >= 5min and s.value.is_over()));
    }
}

BOOST_AUTO_TEST_CASE(a_healthy_run_makes_the_restart_count_zero_R3) {
    stage s;
    s.run_up();
    fails_again_and_again(s, 30s);
    BOOST_TEST(s.stands.restarts > 2u);
    s.run(1min);
    for (int i = 0; i < 26; ++i) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        s.run(5s);
    }
    BOOST_TEST((s.state() == state_name::running and s.stands.restarts == 0u));
    // The time to give up begins with the next failure.
    s.workers_come = false;
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(29min);
    BOOST_TEST((s.stands.state != state_name::failed));
    s.run(2min);
    BOOST_TEST((s.stands.state == state_name::failed));
}

BOOST_AUTO_TEST_CASE(times_without_an_end_do_not_wrap_I16) {
    policies<> made;
    made.wait.worker_start_up = made.wait.overdue = duration::max();
    stage_of<policies<>> s({}, made);
    s.workers_come = false;
    s.start();
    s.comes(0);
    s.settle().advance(20min);
    BOOST_REQUIRE((s.state() == state_name::scheduling and s.in<scheduling>().until == never));
    BOOST_TEST((s.member(0).is_open() and s.job().spent == decltype(s.job().spent){}));
}

BOOST_AUTO_TEST_CASE(how_long_a_run_is_healthy_is_chosen_in_one_place_R3) {
    static_assert(patience{}.healthy == 2min);
    for (const duration healthy : {duration(30s), duration(10min)}) {
        policies<> made;
        made.wait.healthy = healthy;
        stage_of<policies<>> s({}, made);
        s.run_up();
        s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
        s.run(10s);
        BOOST_REQUIRE((s.state() == state_name::running and s.stands.restarts == 1u));
        for (const instant end = s.now + healthy; s.now < end; s.run(5s)) {
            BOOST_TEST((s.stands.restarts == 1u or end - s.now <= 10s));
            for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        }
        BOOST_TEST((s.state() == state_name::running and s.stands.restarts == 0u));
    }
}

BOOST_AUTO_TEST_CASE(the_governors_turn_is_waited_for_even_if_it_comes_before_the_row_is_stored_R3) {
    stage s;
    s.run_up();
    s.without<store_row>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.step(restart_turn{s.now + 5min});
    s.with<store_row>().run(5min - 1s);
    BOOST_TEST((s.state() == state_name::recovering));
    s.run(2s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_job_that_was_taken_over_starts_its_workers_at_the_governors_turn_R3) {
    stage s(left_in(state_name::running));
    s.is_wished(wants());
    s.step(restart_turn{s.now + 40s});
    const instant begun = s.now;
    s.settle();
    BOOST_TEST((s.stands.generation == generation{4} and s.count<start_workers>() == 0u and s.job().stop.gone),
               "it is claimed and its old workers are stopped meanwhile");
    s.run(40s - 1ms);
    BOOST_TEST((s.state() == state_name::scheduling and s.job().workers.members().empty()));
    s.run(1ms);
    BOOST_TEST((s.state() == state_name::running and s.now - begun == 40s));
}

BOOST_AUTO_TEST_CASE(the_governors_turn_holds_up_nothing_that_has_begun_R3) {
    stage s(left_in(state_name::running));
    s.workers_come = false;
    s.start();
    s.step(restart_turn{s.now + 40s});
    for (const std::uint32_t w : {0u, 1u}) s.comes(w);
    s.settle();
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(recovering_ends_the_workers_with_rising_force_and_goes_on_after_a_minute_J5) {
    stage s;
    s.run_up();
    s.without<stop_workers>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.settle();
    BOOST_TEST((not s.pending<stop_workers>().what.force and s.pending<stop_workers>().what.up_to == generation{1}));
    s.answer<stop_workers>(1u);
    s.advance(1s);
    BOOST_TEST(s.pending<stop_workers>().what.force);
    s.advance(58s);
    BOOST_TEST((s.state() == state_name::recovering));
    s.run(1s);
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{2}));
}

BOOST_AUTO_TEST_CASE(the_answer_to_the_stop_counts_although_the_generation_has_changed_meanwhile_S3) {
    stage s;
    s.run_up();
    s.without<stop_workers>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.settle();
    s.advance(59s);
    while (s.count<stop_workers>() > 1) s.take_out<stop_workers>();
    s.run(2s);
    BOOST_TEST((s.current() == generation{2} and s.count<start_execution>() == 0u));
    while (s.count<stop_workers>() > 1) s.take_out<stop_workers>();
    s.answer<stop_workers>(0u);
    BOOST_TEST(s.count<start_execution>() == 2u);
}

}  // namespace
