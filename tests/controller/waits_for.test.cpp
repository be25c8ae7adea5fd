// SPDX-License-Identifier: BSL-1.0
#include "../machine/stage.hpp"

#include <headgate/controller/history.hpp>

namespace {

using namespace stages;

BOOST_AUTO_TEST_CASE(what_a_job_waits_for_is_said_in_every_phase_S16_S18) {
    stage claiming;
    claiming.without<claim>().start();
    BOOST_TEST(waits_for(claiming.value) == "the database");
    claiming.answer<claim>(refused_by(error_kind::database));
    claiming.advance(1s);
    BOOST_TEST(waits_for(claiming.value) == "the database, attempt 2");

    stage starting;
    starting.without<start_workers>().start();
    BOOST_TEST(waits_for(starting.value) == "the scheduler");
    starting.answer<start_workers>(no_answer());
    starting.advance(1s);
    BOOST_TEST(waits_for(starting.value) == "the scheduler, attempt 2 of 20");
    starting.answer<start_workers>(
        not_applied{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 1}});
    BOOST_TEST(waits_for(starting.value) == "slots: needed 4, available 1, attempt 2");

    stage coming;
    coming.workers_come = false;
    coming.start();
    coming.comes(0);
    coming.settle();
    BOOST_TEST(waits_for(coming.value) == "workers: 2 of 4 slots open");

    stage loading;
    loading.restore = ready_checkpoint();
    loading.without<load_checkpoint>().start();
    BOOST_TEST(waits_for(loading.value) == "the checkpoint");

    stage after(left_in(state_name::running));
    after.without<stop_workers>().start();
    BOOST_TEST(waits_for(after.value) == "workers of earlier generations to end");

    stage tasks;
    tasks.tasks_start = false;
    tasks.start();
    tasks.starts(0);
    BOOST_TEST(waits_for(tasks.value) == "tasks: 4 of 6 started");
    tasks.starts(1);
    tasks.settle();
    BOOST_TEST(waits_for(tasks.value) == "");

    wish w = wants(2);
    w.parallelism = {{{2}, 8}};
    tasks.is_wished(w);
    tasks.settle();
    BOOST_TEST(waits_for(tasks.value) == "not supported yet: change of parallelism");

    tasks.step(worker_exited{id_of(tasks.current(), {0}), "exit status 1"});
    tasks.without<stop_workers>().settle();
    BOOST_TEST(waits_for(tasks.value) == "restart 1, backing off; last: worker lost: worker 0: exit status 1");
    tasks.is_wished(wants(3, stop_mode::force));
    tasks.settle();
    BOOST_TEST(waits_for(tasks.value) == "workers to end");
    tasks.with<stop_workers>().settle();
    BOOST_TEST(waits_for(tasks.value) == "worker lost: worker 0: exit status 1");
}

}  // namespace
