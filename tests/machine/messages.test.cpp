// SPDX-License-Identifier: BSL-1.0
// What workers say and what the outside answers: only what is wanted now changes anything (G1, G6, S14, S16).
#include "stage.hpp"

namespace {

using namespace stages;

stage waiting_for_tasks() {
    stage s;
    s.tasks_start = false;
    s.start();
    BOOST_REQUIRE((s.state() == state_name::scheduling and s.job().running));
    return s;
}

BOOST_AUTO_TEST_CASE(reports_of_what_is_not_the_workers_own_change_nothing_and_are_counted_S14_I3) {
    stage s = waiting_for_tasks();
    const std::pair<const char*, task_range> bad[] = {
        {"no such node", {{9}, 0, 1}},           {"another's subtask", {{2}, 3, 4}}, {"partly another's", {{2}, 0, 4}},
        {"beyond the parallelism", {{2}, 4, 5}}, {"far beyond it", {{1}, 0, ~0u}},   {"turned round", {{1}, 2, 0}},
        {"at the end of all", {{1}, ~0u, ~0u}},
    };
    for (const auto& [what, range] : bad) {
        BOOST_TEST_CONTEXT(what) {
            const auto before = s.job().count.rejected;
            s.says(0, task_report{.started = {range}, .finished = {}, .failures = {}});
            s.says(0, task_report{.started = {}, .finished = {range}, .failures = {}});
            s.says(0, task_report{.started = {},
                                  .finished = {},
                                  .failures = {{.node = range.node, .subtask = range.last - 1, .text = "boom"}}});
            BOOST_TEST(s.job().count.rejected == before + 3);
            BOOST_TEST((s.job().tasks.not_started() == 6u and s.state() == state_name::scheduling));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_report_may_come_twice_and_in_any_order_S14) {
    stage s = waiting_for_tasks();
    s.starts(1);
    s.starts(1);
    BOOST_TEST(s.job().tasks.not_started() == 2u + 2u);
    s.says(0, task_report{.started = {{{2}, 0, 1}}, .finished = {}, .failures = {}});
    s.says(0, task_report{.started = {}, .finished = {}, .failures = {}});
    BOOST_TEST(s.job().tasks.not_started() == 3u);
    s.starts(0);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_report_before_there_is_a_plan_changes_nothing_S14) {
    stage s;
    s.without<dial>().start();
    s.says(0, task_report{.started = {{{1}, 0, 2}}, .finished = {}, .failures = {}});
    BOOST_TEST(s.job().count.rejected == 1u);
    s.with<dial>().tasks_start = false;
    s.settle();
    BOOST_TEST(s.job().tasks.not_started() == 6u);
}

BOOST_AUTO_TEST_CASE(a_task_that_fails_after_its_own_start_recovers_the_job_S14_I6) {
    stage s = waiting_for_tasks();
    s.starts(0);
    s.says(0, task_report{.started = s.tasks_of(0),
                          .finished = {},
                          .failures = {{.node = {1}, .subtask = 1, .operator_name = "source", .text = "boom"}}});
    BOOST_TEST((s.state() == state_name::recovering and s.entered(state_name::running) == 0u));
    s.starts(1);
    BOOST_TEST((s.state() == state_name::recovering));
}

BOOST_AUTO_TEST_CASE(a_task_error_that_must_not_be_retried_is_fatal_before_all_have_started_too_S14) {
    stage s = waiting_for_tasks();
    s.says(0,
           task_report{
               .started = s.tasks_of(0),
               .finished = {},
               .failures = {
                   {.node = {1}, .subtask = 1, .operator_name = "source", .may_retry = false, .text = "bad schema"}}});
    s.settle();
    BOOST_TEST((s.stands.state == state_name::failed and s.entered(state_name::recovering) == 0u));
    BOOST_TEST(s.stands.last_error == "permanent: node 1, subtask 1, operator source (user, no retry): bad schema");
}

BOOST_AUTO_TEST_CASE(the_failure_in_the_report_that_completes_the_start_is_not_overlooked_I6) {
    stage s = waiting_for_tasks();
    s.starts(0);
    s.says(1, task_report{.started = s.tasks_of(1), .finished = {}, .failures = {{.node = {2}, .subtask = 3}}});
    BOOST_TEST((s.state() == state_name::recovering and s.entered(state_name::running) == 0u));
}

BOOST_AUTO_TEST_CASE(messages_of_another_generation_stream_or_worker_change_nothing_and_are_counted_G1_I2) {
    stage s(left_in(state_name::running));
    s.tasks_start = false;
    s.start();
    session older = s.of(0), newer = s.of(0), other_stream = s.of(0), nobody = s.of(0);
    --older.generation.value;
    ++newer.generation.value;
    ++other_stream.stream.value;
    nobody.worker = {77};
    for (const session& by : {older, newer, other_stream, nobody}) {
        const machine<> before = s.value;
        const auto stale = s.job().count.stale;
        s.step(by.fence(task_report{.started = s.tasks_of(0), .finished = {}, .failures = {}}));
        s.step(by.fence(initialized{"broken"}));
        s.step(by.fence(heartbeat{}));
        s.step(by.fence(stream_lost{}));
        s.step(by.fence(checkpoint_report{.epoch = {1}, .subtasks = {}, .failure = "broken"}));
        BOOST_TEST(s.job().count.stale == stale + 5);
        BOOST_TEST((s.out.asked.empty() and s.state() == before.state() and s.job().tasks == before.job().tasks));
        BOOST_TEST((s.job().workers == before.job().workers));
    }
    const auto stale = s.job().count.stale;
    s.step(worker_exited{id_of({3}, {0}), "a late worker of an old generation"});
    BOOST_TEST((s.job().count.stale == stale + 1 and s.current() == generation{4}));
}

/// Each effect that is in flight, brought there by `bring`.
template <class Effect>
void answers_only_its_ticket(void (*bring)(stage&), typename Effect::answer result) {
    stage s;
    bring(s);
    const ticket right = s.pending<Effect>().by;
    std::vector<ticket> wrong(5, right);
    ++wrong[0].generation.value;
    ++wrong[1].incarnation.value[1];
    ++wrong[2].visit;
    ++wrong[3].attempt.value;
    wrong[4].worker.value += 9;
    for (const ticket& to : wrong) {
        machine<> before = s.value;
        const auto stale = s.job().count.stale + s.job().count.ignored;
        s.step(answered<Effect>{to, result});
        BOOST_TEST(s.job().count.stale + s.job().count.ignored == stale + 1);
        BOOST_TEST((s.out.asked.empty() and s.state() == before.state() and s.value.phase() == before.phase()));
        BOOST_TEST((s.job().workers == before.job().workers and s.job().spent == before.job().spent));
    }
    s.step(answered<Effect>{right, result});
    const auto stale = s.job().count.stale + s.job().count.ignored;
    const machine<> before = s.value;
    s.step(answered<Effect>{right, result});
    BOOST_TEST(s.job().count.stale + s.job().count.ignored == stale + 1, "the same answer twice");
    BOOST_TEST((s.state() == before.state() and s.value.phase() == before.phase() and s.out.asked.empty()));
}

BOOST_AUTO_TEST_CASE(an_answer_counts_for_the_ticket_that_was_asked_with_and_once_G1_G6) {
    answers_only_its_ticket<start_workers>([](stage& s) { s.without<start_workers>().start(); }, applied{});
    answers_only_its_ticket<start_workers>([](stage& s) { s.without<start_workers>().start(); },
                                           refused_by(error_kind::scheduler));
    answers_only_its_ticket<start_execution>([](stage& s) { s.without<start_execution>().start(); }, applied{});
    answers_only_its_ticket<start_execution>([](stage& s) { s.without<start_execution>().start(); }, no_answer());
    answers_only_its_ticket<dial>([](stage& s) { s.without<dial>().start(); }, dialled{});
    answers_only_its_ticket<dial>([](stage& s) { s.without<dial>().start(); }, refused_by(error_kind::dial));
    const auto restoring = [](stage& s) {
        s.restore = ready_checkpoint();
        s.without<load_checkpoint, prepare_checkpoint>().start();
    };
    answers_only_its_ticket<load_checkpoint>(restoring, std::make_shared<const checkpoint_metadata>());
    answers_only_its_ticket<load_checkpoint>(restoring, tl::unexpected(broken));
    const auto preparing = [](stage& s) {
        s.restore = ready_checkpoint();
        s.without<prepare_checkpoint>().start();
    };
    answers_only_its_ticket<prepare_checkpoint>(preparing, applied{});
    const auto beginning = [](stage& s) {
        s.without<write_checkpoint>().run_up();
        s.advance(10s);
    };
    answers_only_its_ticket<write_checkpoint>(beginning, checkpoint_written{});
    const auto collecting = [](stage& s) {
        s.without<begin_checkpoint>().run_up();
        s.run(10s);
    };
    answers_only_its_ticket<begin_checkpoint>(collecting, applied{});
    const auto storing = [](stage& s) {
        s.without<store_checkpoint>().run_up();
        s.run(10s);
    };
    answers_only_its_ticket<store_checkpoint>(storing, applied{});
}

BOOST_AUTO_TEST_CASE(answers_may_come_in_any_order_G6_S18) {
    // Everything of a bring-up that is in flight together, each order of its four kinds.
    std::array<int, 4> order{0, 1, 2, 3};
    int orders = 0;
    do {
        stage s(left_in(state_name::running));
        s.restore = ready_checkpoint();
        s.without<stop_workers, load_checkpoint, start_workers, dial>().start();
        s.comes(1);
        s.comes(0);
        for (const int next : order) {
            if (next == 0) s.with<stop_workers>();
            if (next == 1) s.with<load_checkpoint>();
            if (next == 2) s.with<start_workers>();
            if (next == 3) s.with<dial>();
            // That the workers are there says more than the answer to their start.
            BOOST_TEST((s.state() == state_name::scheduling or (next == 2 and next == order.back())));
            s.settle();
        }
        BOOST_TEST((s.state() == state_name::running));
        ++orders;
    } while (std::ranges::next_permutation(order).found);
    BOOST_TEST(orders == 24);
}

BOOST_AUTO_TEST_CASE(an_answer_after_its_deadline_is_stale_and_the_next_one_counts_S16) {
    stage s;
    s.without<start_workers>().start();
    const auto late = s.take_out<start_workers>();
    s.advance(11s);
    const auto stale = s.job().count.stale;
    s.step(answered<start_workers>{late.by, applied{}});
    BOOST_TEST((s.job().count.stale == stale + 1 and not s.in<scheduling>().asked));
    s.with<start_workers>().settle();
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(the_same_events_give_the_same_run_I18) {
    stage one, two;
    for (stage* s : {&one, &two}) {
        s->run_up();
        s->step(worker_exited{id_of(s->current(), {0}), "exit status 1"});
        s->run(20s);
    }
    BOOST_TEST((one.log == two.log and one.now == two.now and one.stands == two.stands));
    BOOST_TEST((one.value.deadline() == two.value.deadline() and one.drawn == two.drawn));
    stage copy = one;
    for (stage* s : {&one, &copy}) s->run(1min);
    BOOST_TEST((one.value == copy.value));
}

BOOST_AUTO_TEST_CASE(what_is_stale_or_rejected_is_told_of_once_a_generation_and_counted_with_the_next_transition_G1) {
    stage s;
    s.run_up();
    const auto lines = [&](const std::string& text) {
        return std::ranges::count_if(s.told, [&](const note& one) {
            const auto* const r = std::get_if<remark>(&one);
            return r and r->text.find(text) != std::string::npos;
        });
    };
    const session older{{0}, {1}, {99}};
    for (int i = 0; i < 100; ++i) {
        s.step(older.fence(heartbeat{}));
        s.says(0, task_report{.started = {{{9}, 0, 1}}, .finished = {}, .failures = {}});
    }
    BOOST_TEST((lines(" late, ") == 1 and lines(" rejected, ") == 1));
    BOOST_TEST(
        lines("1 late, that nobody waits for any more, changed nothing; the last from worker 1 of generation 0") == 1);
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_TEST((lines("99 late, ") == 1 and lines("99 rejected, ") == 1));
    s.run(1min);
    BOOST_REQUIRE((s.current() == generation{2}));
    const auto before = lines(" late, ");
    for (int i = 0; i < 100; ++i) s.step(older.fence(heartbeat{}));
    BOOST_TEST(lines(" late, ") == before + 1);
}

BOOST_AUTO_TEST_CASE(machines_fed_the_same_through_equal_values_that_lie_elsewhere_are_equal_I18) {
    const auto run = [](wish what) {
        stage s;
        s.restore = ready_checkpoint();
        s.run_up(std::move(what)).run(20s);
        return s.value;
    };
    const machine<> one = run(wants()), other = run(wants());
    BOOST_REQUIRE((one.state() == state_name::running and one.job().running and one.job().durable.plan));
    BOOST_TEST(
        (one.job().wish.get() != other.job().wish.get() and one.job().running.get() != other.job().running.get()));
    BOOST_TEST((one == other));
    wish different = wants();
    different.tags = {{"a", "b"}};
    BOOST_TEST((one != run(different)));
    stage loading;
    loading.restore = ready_checkpoint();
    loading.workers_come = false;
    stage likewise = loading;
    loading.start();
    likewise.start();
    BOOST_TEST((loading.in<scheduling>().loaded and loading.value == likewise.value));
}

}  // namespace
