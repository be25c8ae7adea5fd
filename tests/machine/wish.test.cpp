// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

namespace {

using namespace stages;

struct in_a_phase {
    const char* name;
    void (*bring)(stage&);
    bool (*is_there)(const stage&);
};

template <state_name State>
bool is_in(const stage& s) {
    return s.state() == State;
}
template <phase Phase>
bool is_under_way(const stage& s) {
    const auto* const attempt = std::get_if<scheduling>(&s.value.phase());
    return attempt and attempt->phases.has_begun(Phase) and not attempt->phases.has_ended(Phase);
}
template <class Effect>
bool asks(const stage& s) {
    return s.count<Effect>() > 0;
}

void comes_to_wait_for_slots(stage& s) {
    s.without<start_workers>().start();
    s.answer<start_workers>(
        not_applied{{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 0}});
}
void comes_to_back_off(stage& s) {
    s.workers_come = false;
    s.start();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
}
void comes_to_recover(stage& s) {
    s.run_up();
    s.without<stop_workers>();
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.settle();
}

const std::vector<in_a_phase> phases{
    {"created", [](stage&) {}, is_in<state_name::created>},
    {"claiming", [](stage& s) { s.without<claim>().start(); }, is_under_way<phase::claiming>},
    {"stopping old workers",
     [](stage& s) {
         s = stage(left_in(state_name::running));
         s.without<stop_workers>().start();
     },
     is_under_way<phase::stopping_old>},
    {"starting workers", [](stage& s) { s.without<start_workers>().start(); }, is_under_way<phase::starting>},
    {"waiting for slots", comes_to_wait_for_slots, [](const stage& s) { return bool(s.in<scheduling>().lacking); }},
    {"loading",
     [](stage& s) {
         s.restore = ready_checkpoint();
         s.without<load_checkpoint>().start();
     },
     is_under_way<phase::loading>},
    {"waiting for workers",
     [](stage& s) {
         s.workers_come = false;
         s.start();
     },
     is_under_way<phase::registering>},
    {"dialling", [](stage& s) { s.without<dial>().start(); }, is_under_way<phase::dialling>},
    {"launching", [](stage& s) { s.without<start_execution>().start(); }, is_under_way<phase::launching>},
    {"waiting for tasks",
     [](stage& s) {
         s.tasks_start = false;
         s.start();
     },
     is_under_way<phase::starting_tasks>},
    {"backing off", comes_to_back_off, [](const stage& s) { return s.in<scheduling>().not_before > s.now; }},
    {"recovering", comes_to_recover, is_in<state_name::recovering>},
    {"running", [](stage& s) { s.run_up(); }, is_in<state_name::running>},
    {"checkpointing",
     [](stage& s) {
         s.without<write_checkpoint>().run_up();
         s.advance(10s);
     },
     asks<write_checkpoint>},
    {"finishing",
     [](stage& s) {
         s.run_up();
         s.says(0, task_report{.started = s.tasks_of(0), .finished = {{{1}, 0, 2}}, .failures = {}});
     },
     is_in<state_name::finishing>},
};

BOOST_AUTO_TEST_CASE(a_stop_is_acted_on_in_the_same_turn_in_every_phase_S16_J4_L3) {
    for (const in_a_phase& phase : phases) {
        for (const stop_mode mode :
             {stop_mode::checkpoint, stop_mode::graceful, stop_mode::immediate, stop_mode::force}) {
            BOOST_TEST_CONTEXT(phase.name << ", mode " << static_cast<int>(mode)) {
                stage s;
                phase.bring(s);
                BOOST_REQUIRE(phase.is_there(s));
                s.is_wished(wants(2, mode));
                BOOST_TEST((s.state() == state_name::stopping or s.state() == state_name::stopped));
                if (s.job().is_owned()) {
                    const auto is_meant = [&](const effect& one) {
                        const auto* const r = std::get_if<request<stop_workers>>(&one);
                        return r and r->what.up_to == s.current() and (mode != stop_mode::force or r->what.force);
                    };
                    BOOST_TEST(std::ranges::any_of(s.open, is_meant), "the stop is asked for as it is wished");
                }
                s.with<claim, stop_workers, start_workers, load_checkpoint, dial, start_execution, write_checkpoint>();
                s.run(1min);
                BOOST_TEST((s.value.is_over() and s.stands.state == state_name::stopped and s.stands.applied == 2u));
                BOOST_TEST((s.log.back() == "Stopped"));
            }
        }
    }
}

// It may be another controller's by now, with workers that nobody asked to stop.
BOOST_AUTO_TEST_CASE(a_stop_while_a_generation_is_claimed_ends_no_workers_of_that_generation_S16_I1) {
    stage s;
    s.run_up();
    s.without<claim>().step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(10s);
    BOOST_REQUIRE((s.count<claim>() == 1u and s.current() == generation{2} and s.stands.generation == generation{1}));
    job_row theirs = s.stands;
    ++theirs.revision;
    theirs.generation = {2};
    theirs.owner = them;
    s.stands = theirs;
    s.without<stop_workers>().is_wished(wants(2, stop_mode::force));
    BOOST_TEST((s.state() == state_name::stopping or s.state() == state_name::stopped));
    const auto is_of_theirs = [](const effect& one) {
        const auto* const r = std::get_if<request<stop_workers>>(&one);
        return r and r->what.up_to > generation{1};
    };
    BOOST_TEST(std::ranges::none_of(s.open, is_of_theirs));
    s.with<claim>().settle();
    BOOST_TEST((s.job().is_let_go and std::ranges::none_of(s.open, is_of_theirs)));
}

BOOST_AUTO_TEST_CASE(a_stop_with_checkpoint_or_drain_is_carried_out_as_immediate_and_that_is_said_J4) {
    for (const stop_mode mode : {stop_mode::checkpoint, stop_mode::graceful, stop_mode::immediate, stop_mode::force}) {
        stage s;
        s.run_up();
        s.without<stop_workers>().is_wished(wants(2, mode));
        BOOST_TEST(s.said("carried out as immediate") ==
                   (mode == stop_mode::checkpoint or mode == stop_mode::graceful));
        BOOST_TEST(s.pending<stop_workers>().what.force == (mode == stop_mode::force));
    }
}

BOOST_AUTO_TEST_CASE(a_stronger_stop_overtakes_and_a_weaker_one_does_not_J4_I13) {
    stage s;
    s.run_up();
    s.without<stop_workers>().is_wished(wants(2, stop_mode::immediate));
    s.is_wished(wants(3, stop_mode::force));
    BOOST_TEST((s.asked<stop_workers>() and s.asked<stop_workers>()->what.force));
    s.is_wished(wants(4, stop_mode::immediate));
    BOOST_TEST(not s.asked<stop_workers>());
    s.settle();
    s.open.clear();
    s.advance(30s);
    BOOST_TEST(s.pending<stop_workers>().what.force);
}

BOOST_AUTO_TEST_CASE(a_stop_by_force_said_while_the_row_is_claimed_stays_one_whatever_is_said_after_it_I13) {
    stage s;
    s.without<claim, stop_workers>().start();
    s.is_wished(wants(2, stop_mode::force));
    s.is_wished(wants(3, stop_mode::immediate));
    BOOST_TEST((s.state() == state_name::stopping and s.count<stop_workers>() == 0u));
    s.with<claim>().settle();
    BOOST_TEST_REQUIRE(s.count<stop_workers>() == 1u);
    BOOST_TEST(s.pending<stop_workers>().what.force);
}

BOOST_AUTO_TEST_CASE(a_stop_by_force_stays_one_when_the_claim_finds_a_later_row_of_the_owner_before_I13_G2) {
    stage s(left_in(state_name::running));
    s.without<claim, stop_workers>().start();
    s.is_wished(wants(2, stop_mode::force));
    s.is_wished(wants(3, stop_mode::immediate));
    job_row late = s.stands;
    ++late.revision;
    s.stands = late;
    s.answer<claim>(claimed{late, {}});
    s.with<claim>().run(2s);
    BOOST_TEST_REQUIRE(s.count<stop_workers>() == 1u);
    BOOST_TEST(s.pending<stop_workers>().what.force);
}

BOOST_AUTO_TEST_CASE(a_stop_before_the_wish_that_the_row_reflects_is_not_carried_out_I13) {
    job_row found = left_in(state_name::running);
    found.applied = 5;
    stage s(found);
    s.start(wants(4, stop_mode::immediate));
    BOOST_TEST((s.state() == state_name::compiling and s.stands.applied == 5u));
    s.is_wished(wants(5));
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 5u));
}

BOOST_AUTO_TEST_CASE(a_stop_that_is_not_answered_with_gone_is_repeated_with_force_J4_I12) {
    stage s;
    s.run_up();
    s.without<stop_workers>().is_wished(wants(2, stop_mode::immediate));
    s.answer<stop_workers>(2u);
    s.advance(1s);
    BOOST_TEST(s.pending<stop_workers>().what.force);
    for (int i = 0; i < 100; ++i) {
        if (s.count<stop_workers>() > 0) s.answer<stop_workers>(no_answer());
        s.advance(1min);
    }
    BOOST_TEST((s.state() == state_name::stopping));
    BOOST_TEST(s.count<stop_workers>() >= 1u);
}

BOOST_AUTO_TEST_CASE(an_older_wish_than_one_seen_changes_nothing_I13) {
    stage s;
    s.run_up(wants(5));
    s.is_wished(wants(4, stop_mode::force));
    s.is_wished(wants(5, stop_mode::force));
    BOOST_TEST((s.state() == state_name::running and s.job().wish->version == 5u));
}

BOOST_AUTO_TEST_CASE(a_wish_to_run_again_during_a_stop_is_kept_and_carried_out_after_it_I13_S16) {
    stage s;
    s.run_up();
    s.without<stop_workers>().is_wished(wants(2, stop_mode::immediate));
    s.is_wished(wants(3));
    BOOST_TEST((s.state() == state_name::stopping));
    s.with<stop_workers>().settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 3u));
    BOOST_TEST((s.stands.generation == generation{2}));
}

BOOST_AUTO_TEST_CASE(a_rescale_wished_while_the_job_runs_stays_open_and_is_shown_once_S16_I13) {
    stage s;
    s.run_up();
    wish w = wants(2);
    w.parallelism = {{{2}, 6}};
    s.is_wished(w);
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 1u));
    BOOST_TEST(s.said("change of parallelism"));
    const auto told = s.told.size();
    s.is_wished(w);
    for (const std::uint32_t i : {0u, 1u}) s.says(i, heartbeat{});
    BOOST_TEST(s.told.size() == told);
    // Applied at the next chance.
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(5s);
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 2u and s.stands.tasks == 8u));
}

BOOST_AUTO_TEST_CASE(a_rescale_wished_while_the_job_is_scheduled_stays_open_and_is_shown_S16_I13) {
    stage s;
    s.without<start_execution>().start();
    wish w = wants(2);
    w.parallelism = {{{2}, 6}};
    s.is_wished(w);
    s.with<start_execution>().settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 1u and s.stands.tasks == 6u));
    BOOST_TEST(s.said("change of parallelism"));
}

BOOST_AUTO_TEST_CASE(a_rescale_wished_while_slots_are_lacking_is_said_to_stay_open_at_once_S16_I13) {
    stage s;
    comes_to_wait_for_slots(s);
    wish w = wants(2);
    w.parallelism = {{{2}, 2}};
    s.is_wished(w);
    BOOST_TEST((s.state() == state_name::scheduling and s.said("change of parallelism")));
    BOOST_TEST((s.job().next.applied == 1u and same_content(s.job().next, s.stands)), "nothing is written for it");
}

BOOST_AUTO_TEST_CASE(
    a_change_that_needs_a_restart_stays_open_and_is_shown_in_every_phase_and_is_applied_at_the_next_start_S16_I13) {
    const std::pair<const char*, void (*)(wish&)> changes[] = {
        {"parallelism",
         [](wish& w) {
             w.parallelism = {{{2}, 6}};
         }},
        {"environment",
         [](wish& w) {
             w.environment = {{"A", "b"}};
         }},
        {"backend configuration", [](wish& w) { w.backend_configuration = "x"; }},
        {"restart", [](wish& w) { w.restart_nonce = 1; }},
    };
    for (const in_a_phase& phase : phases)
        for (const auto& [name, change] : changes) {
            BOOST_TEST_CONTEXT(phase.name << ", change of " << name) {
                stage s;
                phase.bring(s);
                const bool may_be_open = s.state() == state_name::scheduling or s.state() == state_name::running;
                const state_name before = s.state();
                const generation with = s.current();
                wish w = wants(2);
                change(w);
                s.is_wished(w);
                if (may_be_open and s.job().compiled) {
                    BOOST_TEST((s.state() == before and s.current() == with and s.job().next.applied < 2u));
                    BOOST_TEST(s.said(std::string("change of ") + name));
                }
                BOOST_TEST((s.job().wish->version == 2u));
                s.with<claim, stop_workers, start_workers, load_checkpoint, dial, start_execution, write_checkpoint>();
                s.workers_come = s.tasks_start = true;
                s.settle();
                for (int i = 0; i < 20 and s.stands.state != state_name::running; ++i) {
                    for (std::uint32_t of = 0; of < s.job().workers.members().size(); ++of) {
                        if (s.member(of).phase == worker_phase::launched) s.comes(of);
                        s.starts(of);
                    }
                    s.run(1s);
                }
                if (s.state() == state_name::running and s.stands.applied < 2u) {
                    const auto placed = std::ranges::find_if(s.job().workers.members(), &worker::is_placed);
                    s.step(worker_exited{placed->identity.id, "exit status 1"});
                    s.run(10s);
                }
                const bool is_applied = s.stands.applied == 2u or s.state() == state_name::finishing;
                BOOST_TEST(is_applied, text_of(s.state()));
            }
        }
}

BOOST_AUTO_TEST_CASE(a_change_that_needs_no_restart_is_applied_while_the_job_runs_S16) {
    stage s;
    s.run_up();
    wish w = wants(2);
    w.tags = {{"team", "a"}};
    s.is_wished(w);
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.applied == 2u));
}

BOOST_AUTO_TEST_CASE(the_time_to_live_ends_a_job_in_every_phase_S11_J2) {
    for (const in_a_phase& phase : phases) {
        BOOST_TEST_CONTEXT(phase.name) {
            stage s;
            phase.bring(s);
            s.is_wished(wants(2), 3s);
            s.with<claim, stop_workers, start_workers, load_checkpoint, dial, start_execution, write_checkpoint>();
            s.workers_come = s.tasks_start = true;
            s.run(2s);
            const bool was_over = s.value.is_over();
            s.run(1min);
            BOOST_TEST((not was_over and s.value.is_over() and s.stands.state == state_name::stopped));
            BOOST_TEST(s.stands.last_error == "permanent: the time to live is over");
            s.is_wished(wants(3));
            s.settle();
            BOOST_TEST((s.state() == state_name::running), "another wish has another time");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_time_to_live_that_is_over_already_ends_a_job_before_it_starts_J2) {
    stage s;
    s.is_wished(wants(), -5s);
    s.settle();
    BOOST_TEST((s.stands.state == state_name::stopped and s.entered(state_name::scheduling) == 0u));
}

BOOST_AUTO_TEST_CASE(state_that_a_running_job_is_to_ignore_is_not_called_applied_J3_I13) {
    stage s;
    s.run_up();
    wish other = wants(2);
    other.ignore_state_before_epoch = epoch{50};
    s.is_wished(other);
    s.settle();
    BOOST_TEST(s.stands.applied == 1u);
    BOOST_TEST(s.said("not supported yet while the job runs: change of state to ignore"));
}

BOOST_AUTO_TEST_CASE(needs_restart_names_what_has_changed_J3) {
    const wish before = wants(1);
    BOOST_TEST(needs_restart(before, wants(2)) == "", "an equal program of another submission is the same");
    wish after = wants(2);
    after.tags = {{"a", "b"}};
    after.name = "other";
    after.checkpoint_interval = 1s;
    BOOST_TEST(needs_restart(before, after) == "");
    after.environment = {{"A", "b"}};
    BOOST_TEST(needs_restart(before, after) == "environment");
    after.parallelism = {{{2}, 8}};
    after.backend_configuration = "x";
    after.ignore_state_before_epoch = epoch{4};
    after.restart_nonce = 1;
    BOOST_TEST(needs_restart(before, after) ==
               "parallelism, environment, backend configuration, state to ignore, restart");
    program other = *before.program;
    other.nodes[0].operators[0].what = "else";
    after = wants(2);
    after.program = std::make_shared<const program>(other);
    BOOST_TEST(needs_restart(before, after) == "program");
}

}  // namespace
