// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include <set>

namespace {

using namespace stages;

BOOST_AUTO_TEST_CASE(who_is_gone_is_replaced_where_the_job_has_as_many_workers_as_it_may_S12_S17) {
    stage_of<policies<>> s({}, {.most = {.workers = 2}});
    s.without<dial>().start();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.with<dial>().run(1min);
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(the_slots_of_open_workers_count_and_no_others_S11) {
    stage s;
    s.workers_come = false;
    s.without<dial>().start();
    s.comes(0);
    s.comes(1);
    BOOST_TEST((s.member(0).phase == worker_phase::connected and s.job().workers.open_slots() == 0u));
    s.answer<dial>(stage::reached(s.pending<dial>()));
    BOOST_TEST(
        (s.member(0).phase == worker_phase::open and s.job().workers.open_slots() == 2u and not s.job().running));
    s.answer<dial>(stage::reached(s.pending<dial>()));
    BOOST_TEST(s.job().running);
    BOOST_TEST((s.member(0).phase == worker_phase::initializing));
    s.says(0, initialized{});
    BOOST_TEST((s.member(0).phase == worker_phase::ready));
}

BOOST_AUTO_TEST_CASE(no_slots_too_many_or_a_bad_address_are_refused_S11) {
    stage s;
    s.workers_come = false;
    s.start();
    const auto refused_with = [&](auto change) {
        worker_profile p = s.profile(0);
        change(p);
        const auto before = s.job().count.rejected;
        s.says(0, registered{p});
        return s.job().count.rejected == before + 1 and s.member(0).phase == worker_phase::launched;
    };
    BOOST_TEST(refused_with([](worker_profile& p) { p.slots = 0; }));
    BOOST_TEST(refused_with([](worker_profile& p) { p.slots = 3; }));
    BOOST_TEST(refused_with([](worker_profile& p) { p.rpc_address = "nowhere"; }));
    BOOST_TEST(refused_with([](worker_profile& p) { p.data_address = ":1"; }));
    BOOST_TEST(refused_with([](worker_profile& p) { ++p.id.value; }));
    BOOST_TEST(not refused_with([](worker_profile&) {}));
}

BOOST_AUTO_TEST_CASE(another_generations_registration_is_ignored_and_counted_S11_G1) {
    stage s(left_in(state_name::running));
    s.workers_come = false;
    s.start();
    session old = s.of(0);
    --old.generation.value;
    const auto before = s.job().count.stale;
    s.step(old.fence(registered{s.profile(0)}));
    BOOST_TEST((s.job().count.stale == before + 1 and s.member(0).phase == worker_phase::launched));
}

BOOST_AUTO_TEST_CASE(a_worker_that_was_not_launched_is_rejected_S11_I17) {
    stage s;
    s.workers_come = false;
    s.start();
    s.comes(7);
    BOOST_TEST(s.job().count.rejected == 1u);
}

BOOST_AUTO_TEST_CASE(the_same_worker_and_incarnation_again_is_the_same_worker_S11) {
    stage s;
    s.without<start_execution>().start();
    session again = s.of(0);
    again.stream = {99};
    s.step(again.fence(registered{s.profile(0)}));
    BOOST_TEST((s.member(0).stream == stream_id{99} and s.member(0).is_open() and not s.raised_alarm()));
    BOOST_TEST(s.count<dial>() == 0u);
    s.with<start_execution>().settle();
    BOOST_TEST((s.member(0).heard == s.now));
}

BOOST_AUTO_TEST_CASE(a_second_incarnation_kills_the_first_and_raises_an_alarm_S11_G3) {
    stage s;
    s.without<start_execution, dial>().workers_come = false;
    s.start();
    s.comes(0);
    worker_profile second = s.profile(0);
    second.incarnation = {{66, 66}};
    session by = s.of(0);
    by.stream = {77};
    s.step(by.fence(registered{second}));
    BOOST_TEST(s.raised_alarm());
    const auto before = s.job().count.stale;
    s.says(0, heartbeat{});
    BOOST_TEST(s.job().count.stale == before + 1, "the first one's stream counts no more");
    BOOST_TEST((s.member(0).profile.incarnation == second.incarnation));
}

BOOST_AUTO_TEST_CASE(workers_that_never_come_are_replaced_and_those_that_came_are_kept_S11_S17) {
    stage s;
    s.workers_come = false;
    s.start();
    s.comes(0);
    for (int i = 0; i < 150; ++i) {
        s.says(0, heartbeat{});
        s.run(5s);
    }
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{1}));
    BOOST_TEST((s.member(0).is_open() and s.member(1).phase == worker_phase::gone and s.member(1).is_barred));
    BOOST_TEST((s.member(2).phase == worker_phase::launched));
    s.comes(1);
    BOOST_TEST((s.member(1).phase == worker_phase::gone), "what was given up stays so");
    s.comes(2);
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(workers_that_were_given_up_and_hold_the_slots_are_stopped_with_their_generation_S6_S17) {
    stage s;
    s.workers_come = false;
    s.start();
    s.without<start_workers, stop_workers>();
    s.run(10min + 2s);
    BOOST_TEST((s.current() == generation{1} and s.member(0).phase == worker_phase::gone));
    s.answer<start_workers>(not_applied{{.kind = error_kind::not_enough_slots, .needed = 2, .available = 0}});
    s.run(1s);
    BOOST_TEST((s.state() == state_name::scheduling and s.current() == generation{2}));
    BOOST_TEST((s.pending<stop_workers>().what.up_to == generation{1}));
    s.workers_come = true;
    s.with<start_workers, stop_workers>().settle();
    BOOST_TEST((s.state() == state_name::running));
}

/// Of two workers the second has not come; the first is lost, replaced, which is not answered yet, and back.
void lose_one_that_comes_back(stage& s) {
    s.workers_come = false;
    s.start();
    s.comes(0);
    s.settle();
    s.without<start_workers>();
    s.says(0, stream_lost{});
    s.run(1s);
    s.comes(0);
    s.settle();
}

BOOST_AUTO_TEST_CASE(a_replacement_that_finds_no_slots_is_not_waited_for_when_the_lost_worker_is_back_S6_S11) {
    stage s;
    lose_one_that_comes_back(s);
    BOOST_TEST(s.job().workers.wanted_count() == 3u);
    s.answer<start_workers>(not_applied{{.kind = error_kind::not_enough_slots, .needed = 1, .available = 0}});
    BOOST_TEST((s.job().workers.wanted_count() == 2u and s.member(2).phase == worker_phase::gone));
    s.with<start_workers>().settle();
    s.comes(1);
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(who_has_not_come_is_not_needed_any_more_and_who_has_is_kept_S6_S11) {
    stage s;
    lose_one_that_comes_back(s);
    s.without<dial>();
    s.comes(2);
    BOOST_TEST((s.job().workers.wanted_count() == 3u and s.member(1).phase == worker_phase::launched));
    s.answer<start_workers>(not_applied{{.kind = error_kind::not_enough_slots, .needed = 1, .available = 0}});
    BOOST_TEST((s.member(1).phase == worker_phase::gone and s.member(2).phase != worker_phase::gone));
    s.with<start_workers, dial>().settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(all_workers_are_dialled_as_soon_as_they_come_S12) {
    stage s;
    s.without<dial>().start();
    BOOST_TEST(s.count<dial>() == 2u);
    const auto first = s.pending<dial>();
    BOOST_TEST((first.what.address == "127.0.0.1:1000" and first.what.incarnation == s.profile(0).incarnation));
    BOOST_TEST((first.deadline - s.now == 5s));
}

BOOST_AUTO_TEST_CASE(a_worker_is_dialled_three_times_then_dropped_and_replaced_S12_I14) {
    for (const bool are_lost : {false, true}) {
        stage s;
        s.without<dial>().start();
        s.step(answered<dial>{s.open[1].index() == s.open[0].index() ? std::get<request<dial>>(s.open[1]).by : ticket{},
                              stage::reached(std::get<request<dial>>(s.open[1]))});
        s.open.erase(s.open.begin() + 1);
        int dials = 0;
        for (; s.member(0).phase == worker_phase::connected and dials < 10; ++dials) {
            s.says(1, heartbeat{});
            s.says(0, heartbeat{});
            if (are_lost) {
                s.take_out<dial>();
                s.advance(5s);
            } else {
                s.answer<dial>(refused_by(error_kind::dial));
            }
            s.advance(2s);
        }
        BOOST_TEST(dials == 3);
        BOOST_TEST((s.member(0).phase == worker_phase::gone and s.said("cannot be dialled at 127.0.0.1:1000")));
        BOOST_TEST((s.pending<start_workers>().what.workers.back().id == id_of({1}, {2})));
        BOOST_TEST((s.state() == state_name::scheduling and s.log.size() == 2u), "the attempt goes on");
        s.with<dial>().settle();
        BOOST_TEST((s.state() == state_name::running));
    }
}

BOOST_AUTO_TEST_CASE(every_planned_worker_is_told_the_same_plan_S13_I4_I5) {
    stage s;
    s.without<start_execution>().start();
    BOOST_TEST(s.count<start_execution>() == 2u);
    const auto one = std::get<request<start_execution>>(s.open[0]).what;
    const auto two = std::get<request<start_execution>>(s.open[1]).what;
    BOOST_TEST((one.what == two.what and one.connection != two.connection));
    BOOST_TEST((one.what->generation == generation{1} and one.what->digest == digest(*one.what->plan)));
    BOOST_TEST((one.what->start_epoch == epoch{0} and not one.what->restore));
    BOOST_TEST(bool(check(*one.what->plan, *s.job().program)));
    s.take_out<start_execution>();
    s.advance(11s);
    BOOST_TEST((std::get<request<start_execution>>(s.open.back()).what.what->digest == one.what->digest));
}

BOOST_AUTO_TEST_CASE(what_is_sent_again_is_the_same_and_running_waits_for_every_subtask_S13_S14_I6) {
    stage s;
    s.tasks_start = false;
    s.start();
    BOOST_TEST((s.state() == state_name::scheduling and s.job().tasks.not_started() == 6u));
    s.starts(0);
    BOOST_TEST((s.state() == state_name::scheduling));
    s.starts(1);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(each_phase_is_reported_with_its_duration_once_S18) {
    stage s;
    s.restore = ready_checkpoint();
    s.run_up();
    std::vector<phase> ended;
    for (const note& one : s.told)
        if (const auto* const p = std::get_if<phase_ended>(&one)) ended.push_back(p->what);
    for (const phase each : {phase::claiming, phase::stopping_old, phase::starting, phase::loading, phase::registering,
                             phase::dialling, phase::starting_tasks})
        BOOST_TEST(std::ranges::count(ended, each) == 1, text_of(each));
}

BOOST_AUTO_TEST_CASE(what_a_retry_backs_off_is_a_phase_of_its_own_and_no_part_of_the_claim_S18) {
    stage s;
    s.without<start_execution>().start();
    s.told.clear();
    s.step(worker_exited{id_of(s.current(), {1}), "exit status 1"});
    s.run(2s);
    const auto length_of = [&](phase what) {
        for (const note& one : s.told)
            if (const auto* const p = std::get_if<phase_ended>(&one); p and p->what == what) return p->ended - p->began;
        return duration{-1};
    };
    BOOST_TEST((length_of(phase::claiming) == 0s));
    BOOST_TEST((length_of(phase::backing_off) >= 250ms and length_of(phase::backing_off) <= 500ms));
}

BOOST_AUTO_TEST_CASE(before_the_launch_a_lost_worker_is_replaced_within_the_generation_S17) {
    stage s;
    s.without<start_execution, dial>().start();
    s.answer<dial>(stage::reached(s.pending<dial>()));
    s.step(worker_exited{id_of(s.current(), {1}), "exit status 1"});
    BOOST_TEST((s.log.back() == "Scheduling" and s.current() == generation{1}));
    s.run(1s);
    BOOST_TEST((s.member(0).is_open() and s.member(1).is_barred));
    BOOST_TEST((s.member(2).phase == worker_phase::connected));
    s.with<start_execution, dial>().settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.generation == generation{1}));
    BOOST_TEST(s.stands.revision == 2u, "no new claim");
}

BOOST_AUTO_TEST_CASE(however_many_workers_are_lost_at_once_before_the_launch_one_attempt_has_failed_S17) {
    stage s;
    wish w = wants();
    w.parallelism = {{{2}, 24}};
    s.without<dial>().start(w);
    BOOST_REQUIRE((s.job().workers.members().size() == 12u and s.state() == state_name::scheduling));
    for (std::uint32_t i = 0; i < 12; ++i) s.step(worker_exited{id_of(s.current(), {i}), "its machine is gone"});
    BOOST_TEST((s.state() == state_name::scheduling and s.entered(state_name::recovering) == 0u));
    s.with<dial>().run(10s);
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1} and s.stands.restarts == 0u));
}

BOOST_AUTO_TEST_CASE(all_workers_of_a_generation_are_started_by_one_wish_S6) {
    stage s;
    wish w = wants();
    w.environment = {{"A", "1"}};
    s.without<dial>().start(w);
    w.version = 2;
    w.environment = {{"A", "2"}};
    s.is_wished(w);
    s.without<start_workers>().step(worker_exited{id_of(s.current(), {1}), "exit status 1"});
    s.run(1s);
    BOOST_TEST((s.pending<start_workers>().what.wish->version == 1u));
    BOOST_TEST((s.current() == generation{1}));
}

BOOST_AUTO_TEST_CASE(an_execution_that_no_worker_can_be_told_is_fatal_at_once_S13_I14) {
    stage s;
    s.without<start_execution>().start();
    s.answer<start_execution>(refused_by(error_kind::invalid, "a request of 5000000 bytes, the limit is 4194304"));
    BOOST_TEST((s.state() == state_name::failing and s.current() == generation{1}));
    s.run(2min);
    BOOST_TEST((s.stands.last_error == "invalid: start execution: a request of 5000000 bytes, the limit is 4194304"));
}

BOOST_AUTO_TEST_CASE(a_worker_whose_stream_was_lost_may_come_back_S11_S17) {
    stage s;
    s.without<start_execution, dial>().start();
    s.workers_come = false;  // what is started in its place
    s.says(0, stream_lost{});
    s.run(1s);
    s.with<start_execution, dial>().run(1s);
    BOOST_TEST((s.state() == state_name::scheduling));
    s.comes(0);
    s.run(1s);
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1} and s.member(0).is_placed()));
}

BOOST_AUTO_TEST_CASE(after_the_launch_a_retry_is_a_new_claim_with_new_identities_S17_S2) {
    stage s;
    s.tasks_start = false;
    s.start();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    BOOST_TEST((s.log.back() == "Scheduling" and s.asked<claim>()));
    BOOST_TEST((s.current() == generation{2} and s.job().workers.members().empty()));
    s.without<start_execution>().run(1s);
    BOOST_TEST((s.stands.generation == generation{2} and s.job().stop.up_to == generation{1}));
    BOOST_TEST((s.member(0).identity.id == id_of({2}, {0})));
    BOOST_TEST((s.stands.restarts == 0u));
    s.says(0, heartbeat{});
    s.with<start_execution>().tasks_start = true;
    s.settle();
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_failed_initialization_fails_the_attempt_at_once_S14) {
    stage s;
    s.tasks_start = false;
    s.without<start_execution>().start();
    s.answer<start_execution>(applied{});
    s.says(0, initialized{"no such file"});
    BOOST_TEST((s.log.back() == "Scheduling" and s.current() == generation{2}));
    BOOST_TEST((s.job().last_error->text == "worker 0: no such file"));
}

BOOST_AUTO_TEST_CASE(an_initialization_that_must_not_be_retried_fails_the_job_by_name_S14_I14) {
    stage s;
    s.tasks_start = false;
    s.without<start_execution>().start();
    s.answer<start_execution>(applied{});
    s.says(0, initialized{.failure = "node 1, operator source: no such directory", .may_retry = false});
    s.settle();
    BOOST_TEST((s.stands.state == state_name::failed and s.value.is_over() and s.current() == generation{1}));
    BOOST_TEST((s.stands.last_error ==
                "permanent: worker initialization: worker 0: node 1, operator source: no such directory"));
}

BOOST_AUTO_TEST_CASE(workers_that_are_not_heard_are_lost_in_scheduling_too_S14_J7) {
    stage s;
    s.tasks_start = false;
    s.start();
    s.advance(29s);
    s.says(1, heartbeat{});
    BOOST_TEST((s.current() == generation{1}));
    s.advance(1s);
    BOOST_TEST((s.current() == generation{2} and s.job().last_error->text == "worker 0: heartbeats overdue"));
}

BOOST_AUTO_TEST_CASE(a_refused_start_execution_ends_the_attempt_and_an_unknown_one_is_repeated_S13_G6) {
    stage s;
    s.tasks_start = false;
    s.without<start_execution>().start();
    s.answer<start_execution>(no_answer());
    BOOST_TEST((s.current() == generation{1} and s.count<start_execution>() == 1u));
    s.advance(1s);
    BOOST_TEST(s.count<start_execution>() == 2u);
    s.answer<start_execution>(refused_by(error_kind::permanent, "another plan"));
    BOOST_TEST((s.current() == generation{2}));
}

BOOST_AUTO_TEST_CASE(a_deadline_tie_between_the_last_report_and_the_deadline_goes_to_whoever_comes_first_S14) {
    stage s;
    s.tasks_start = false;
    s.start();
    s.starts(0);
    for (int i = 0; i < 23; ++i) {
        s.advance(5s);
        for (std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
    }
    s.advance(5s - 1ms);
    BOOST_TEST((s.value.deadline() == s.now + 1ms));
    s.now += 1ms;
    s.starts(1);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_retry_before_the_launch_restores_what_its_claim_found_S17_I7) {
    stage s;
    s.restore = ready_checkpoint();
    s.without<start_execution, dial>().start();
    s.answer<dial>(stage::reached(s.pending<dial>()));
    s.step(worker_exited{id_of(s.current(), {1}), "exit status 1"});
    s.restore.reset();
    s.run(1s);
    s.with<start_execution, dial>().settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{1}));
    BOOST_TEST((s.job().running->restore == ready_checkpoint().name));
}

BOOST_AUTO_TEST_CASE(workers_are_told_program_interval_and_epochs_as_they_are_wished_S13_S4) {
    stage s;
    wish w = wants();
    w.parallelism = {{{2}, 3}};
    w.checkpoint_interval = 7s;
    w.ignore_state_before_epoch = epoch{5};
    s.without<start_execution>().start(w);
    const execution& what = *s.job().running;
    BOOST_TEST((s.pending<start_execution>().what.what.get() == &what and what.job == job_id{"job"}));
    BOOST_TEST((what.program->nodes[1].parallelism == 3u and what.checkpoint_interval == 7s));
    BOOST_TEST((what.minimum_epoch == epoch{5} and what.start_epoch == epoch{4}));
}

BOOST_AUTO_TEST_CASE(dials_pause_as_their_policy_says_S12_R1) {
    std::set<duration> pauses;
    for (int job = 0; job < 10; ++job) {
        stage s;
        s.drawn = static_cast<std::uint64_t>(job) + 2;
        s.workers_come = false;
        s.start();
        s.without<dial>().comes(0);
        for (const duration whole : {duration(100ms), duration(200ms)}) {
            s.answer<dial>(refused_by(error_kind::dial));
            const duration pause = s.value.deadline() - s.now;
            BOOST_TEST((pause >= whole / 2 and pause <= whole));
            pauses.insert(pause);
            s.advance(pause);
            BOOST_TEST(s.count<dial>() == 1u);
        }
    }
    BOOST_TEST(pauses.size() > 10u, "not all jobs at once");
}

BOOST_AUTO_TEST_CASE(a_second_incarnation_is_dialled_anew_before_it_counts_S11_S12) {
    stage s;
    s.workers_come = false;
    s.start();
    s.comes(0);
    s.settle();
    BOOST_REQUIRE(s.member(0).is_open());
    worker_profile second = s.profile(0);
    second.incarnation = {{66, 66}};
    session by = s.of(0);
    by.stream = {77};
    s.without<dial>().step(by.fence(registered{second}));
    s.run(1s);
    BOOST_TEST((s.pending<dial>().what.incarnation == second.incarnation and not s.member(0).is_open()));
}

}  // namespace
