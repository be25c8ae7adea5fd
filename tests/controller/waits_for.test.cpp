// SPDX-License-Identifier: BSL-1.0
#include "../machine/stage.hpp"

#include <headgate/controller/history.hpp>

namespace {

using namespace stages;

const std::string lost_worker = "worker lost: worker 0: exit status 1";

BOOST_AUTO_TEST_CASE(what_a_job_waits_for_is_said_in_every_phase_S16_S18) {
    stage claiming;
    claiming.without<claim>().start();
    BOOST_TEST(waits_for(claiming.value, claiming.now) == "the database");
    claiming.answer<claim>(refused_by(error_kind::database));
    claiming.advance(1s);
    BOOST_TEST(waits_for(claiming.value, claiming.now) == "the database, attempt 2");

    stage starting;
    starting.without<start_workers>().start();
    BOOST_TEST(waits_for(starting.value, starting.now) == "the scheduler");
    starting.answer<start_workers>(no_answer());
    starting.advance(1s);
    BOOST_TEST(waits_for(starting.value, starting.now) == "the scheduler, attempt 2 of 20");
    starting.answer<start_workers>(
        not_applied{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 1}});
    BOOST_TEST(waits_for(starting.value, starting.now) == "slots: needed 4, available 1, at most 10 min more");

    stage coming;
    coming.workers_come = false;
    coming.start();
    coming.comes(0);
    coming.settle();
    BOOST_TEST(waits_for(coming.value, coming.now) == "workers: 2 of 4 slots open, at most 10 min more");

    stage loading;
    loading.restore = ready_checkpoint();
    loading.without<load_checkpoint>().start();
    BOOST_TEST(waits_for(loading.value, loading.now) == "the checkpoint");

    stage after(left_in(state_name::running));
    after.without<stop_workers>().start();
    BOOST_TEST(waits_for(after.value, after.now) == "workers of earlier generations to end, at most 10 s more");

    stage tasks;
    tasks.tasks_start = false;
    tasks.start();
    tasks.starts(0);
    BOOST_TEST(waits_for(tasks.value, tasks.now) == "tasks: 4 of 6 started, at most 2 min more");
    tasks.starts(1);
    tasks.settle();
    BOOST_TEST(waits_for(tasks.value, tasks.now) == "");

    wish w = wants(2);
    w.parallelism = {{{2}, 8}};
    tasks.is_wished(w);
    tasks.settle();
    BOOST_TEST(waits_for(tasks.value, tasks.now) == "not supported yet: change of parallelism");

    tasks.step(worker_exited{id_of(tasks.current(), {0}), "exit status 1"});
    tasks.without<stop_workers>().settle();
    BOOST_TEST(waits_for(tasks.value, tasks.now) ==
               "restart 1 of 20: backing off, at most 10 s more; last: " + lost_worker);
    tasks.is_wished(wants(3, stop_mode::force));
    tasks.settle();
    BOOST_TEST(waits_for(tasks.value, tasks.now) == "workers to end");
    tasks.with<stop_workers>().settle();
    BOOST_TEST(waits_for(tasks.value, tasks.now) == lost_worker);
}

BOOST_AUTO_TEST_CASE(what_a_job_waits_for_says_which_attempt_failed_and_until_when_S17_J5) {
    stage s;
    s.without<start_workers>().start();
    s.answer<start_workers>(refused_by(error_kind::scheduler));
    BOOST_TEST(waits_for(s.value, s.now) == "the scheduler, attempt 1 of 20 failed, again within 10 s");
    s.with<start_workers>().workers_come = false;
    s.run(9min);
    BOOST_TEST(waits_for(s.value, s.now) == "workers: 0 of 4 slots open, at most 60 s more");
    s.advance(59s);
    BOOST_TEST(waits_for(s.value, s.now) == "workers: 0 of 4 slots open, at most 10 s more");
    s.advance_to_deadline();
    BOOST_TEST(waits_for(s.value, s.now) ==
               "attempt 1 of 3 failed, again within 10 s: worker start-up: 0 of 4 slots are open; workers "
               "that never registered: 2");
    s.without<start_workers>().run(1s);
    s.with<start_workers>().settle();
    BOOST_TEST(waits_for(s.value, s.now) == "workers: 0 of 4 slots open, attempt 2 of 3, at most 10 min more");
    stage t;
    t.run_up();
    t.step(worker_exited{id_of(t.current(), {0}), "exit status 1"});
    t.without<stop_workers>().settle();
    t.advance(10s);
    BOOST_TEST(waits_for(t.value, t.now) == "restart 1 of 20: workers to end, at most 50 s more; last: " + lost_worker);
    stage patient;
    wish w = wants();
    w.waits_for_slots = true;
    patient.without<start_workers>().start(w);
    patient.answer<start_workers>(
        not_applied{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 1}});
    BOOST_TEST(waits_for(patient.value, patient.now) == "slots: needed 4, available 1, without limit");
}

BOOST_AUTO_TEST_CASE(a_running_job_waits_for_the_database_only_if_a_write_has_failed_T5) {
    stage s;
    s.without<store_row>().start();
    BOOST_REQUIRE((s.state() == state_name::running));
    BOOST_TEST(waits_for(s.value, s.now) == "");
    s.answer<store_row>(refused_by(error_kind::database));
    BOOST_TEST(waits_for(s.value, s.now) == "the database, attempt 1 failed, again within 10 s");
}

BOOST_AUTO_TEST_CASE(a_history_tells_what_the_job_waits_for_until_it_is_stored) {
    history h;
    h.wait_for("", 0);
    BOOST_TEST(h.is_empty());
    h.wait_for("slots", 3);
    BOOST_TEST((h.deadline() <= instant{1s}));
    h.not_stored(h.ask(instant{10s}), instant{2s});
    BOOST_TEST((h.deadline() == instant{2s}));
    const ticket telling = h.ask(instant{10s});
    h.wait_for("slots", 2);
    h.stored(telling, instant{3s});
    BOOST_TEST((h.deadline() == instant{3s} and h.waits_for() == "slots" and h.workers() == 2u));
    h.stored(h.ask(instant{10s}), instant{4s});
    BOOST_TEST(h.is_empty());
}

BOOST_AUTO_TEST_CASE(a_rescale_wished_while_slots_are_lacking_is_shown_beside_them_and_not_once_it_is_taken_back_S16) {
    stage s;
    s.without<start_workers>().start();
    s.answer<start_workers>(
        not_applied{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 1}});
    const std::string slots = "slots: needed 4, available 1, at most 10 min more";
    wish w = wants(2);
    w.parallelism = {{{2}, 8}};
    s.is_wished(w);
    BOOST_TEST(waits_for(s.value, s.now) == slots + "; not supported yet: change of parallelism");
    s.is_wished(wants(3));
    BOOST_TEST(waits_for(s.value, s.now) == slots);
}

}  // namespace
