// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include <headgate/conformance/archetypes/assignment.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <limits>
#include <set>
#include <span>

namespace {

using namespace stages;

BOOST_AUTO_TEST_CASE(a_start_refused_as_stopped_is_tried_again_above_what_the_scheduler_names_S3_G2) {
    stage s;
    s.without<start_workers>().start();
    BOOST_REQUIRE(s.pending<start_workers>().what.generation == generation{1});
    s.answer<start_workers>(not_applied{{.kind = error_kind::scheduler, .text = "stopped", .needed = 8}});
    s.run(2s);
    BOOST_REQUIRE(s.count<start_workers>() == 1u);
    BOOST_TEST((s.pending<start_workers>().what.generation == generation{8} and s.stands.generation == generation{8}));
    s.with<start_workers>().settle();
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{8}));
}

BOOST_AUTO_TEST_CASE(
    a_scheduler_that_names_higher_and_higher_generations_spends_its_budget_and_one_beyond_all_moves_none_I14) {
    stage s;
    s.without<start_workers>().start();
    for (std::uint64_t named = 8; s.state() == state_name::scheduling and named < 8 + 2 * 20; named += 2) {
        s.answer<start_workers>(not_applied{{.kind = error_kind::scheduler, .text = "stopped", .needed = named}});
        s.run(1min);
    }
    BOOST_TEST((s.entered(state_name::recovering) == 1u and s.stands.generation < generation{8 + 2 * 20}));
    stage far;
    far.without<start_workers>().start();
    far.answer<start_workers>(not_applied{{.kind = error_kind::scheduler, .text = "stopped", .needed = ~0ull}});
    far.run(2s);
    BOOST_TEST((far.current() == generation{1} and far.state() == state_name::scheduling));
}

BOOST_AUTO_TEST_CASE(a_job_comes_up_with_a_perfect_outside_S15) {
    stage s;
    s.start();
    BOOST_TEST((s.log == std::vector<std::string>{"Compiling", "Scheduling", "Running"}));
    BOOST_TEST((s.stands.state == state_name::running and s.stands.generation == generation{1}));
    BOOST_TEST((s.stands.tasks == 6u and s.stands.plan and s.stands.applied == 1u));
}

BOOST_AUTO_TEST_CASE(a_job_that_is_to_stop_is_not_scheduled_S1) {
    for (const stop_mode mode : {stop_mode::checkpoint, stop_mode::graceful, stop_mode::immediate, stop_mode::force}) {
        stage s;
        s.start(wants(1, mode));
        BOOST_TEST((s.log == std::vector<std::string>{"Stopping", "Stopped"}));
        BOOST_TEST((s.entered(state_name::scheduling) == 0u and s.stands.state == state_name::stopped));
    }
}

BOOST_AUTO_TEST_CASE(workers_of_earlier_generations_are_stopped_while_the_new_ones_start_S3_S18) {
    stage s(left_in(state_name::running));
    s.without<stop_workers, start_workers>().start();
    const auto stop = s.pending<stop_workers>();
    BOOST_TEST((stop.what.up_to == generation{3} and not stop.what.force));
    BOOST_TEST((s.pending<start_workers>().what.generation == generation{4}));
}

BOOST_AUTO_TEST_CASE(the_first_generation_stops_nobody_S3) {
    stage s;
    s.without<stop_workers>().run_up();
    BOOST_TEST(s.count<stop_workers>() == 0u);
}

BOOST_AUTO_TEST_CASE(start_execution_waits_for_the_stop_ten_seconds_at_most_S3) {
    stage s(left_in(state_name::running));
    s.without<stop_workers>().start();
    BOOST_TEST((s.job().running and s.count<start_execution>() == 0u));
    s.advance(9s);
    BOOST_TEST(s.count<start_execution>() == 0u);
    s.advance(1s);
    BOOST_TEST(s.count<start_execution>() == 2u);
    BOOST_TEST(s.said("earlier generations are still there"));
    s.settle();
    BOOST_TEST((s.state() == state_name::running));
    s.advance(20s);
    BOOST_TEST(s.count<stop_workers>() > 2u, "the stop is repeated in the background");
}

BOOST_AUTO_TEST_CASE(the_end_of_the_old_workers_releases_the_launch_S3) {
    stage s(left_in(state_name::running));
    s.without<stop_workers>().start();
    s.answer<stop_workers>(2u);
    BOOST_TEST(s.count<start_execution>() == 0u);
    s.advance(3s);
    BOOST_TEST(s.pending<stop_workers>().what.force, "those that are left are made to end");
    s.answer<stop_workers>(0u);
    BOOST_TEST(s.count<start_execution>() == 2u);
}

BOOST_AUTO_TEST_CASE(overrides_of_parallelism_are_applied_S4) {
    stage s;
    wish w = wants();
    w.parallelism = {{{2}, 7}};
    s.run_up(w);
    BOOST_TEST((s.stands.tasks == 9u and s.job().workers.members().size() == 4u));
}

BOOST_AUTO_TEST_CASE(a_bad_override_is_fatal_and_names_node_and_value_S4) {
    for (const auto& [bad, names] : {std::pair{parallelism_override{{5}, 2}, std::pair{"5=2", "no node 5"}},
                                     std::pair{parallelism_override{{2}, 0}, std::pair{"node 2", "parallelism 0"}},
                                     std::pair{parallelism_override{{2}, 1u << 21}, std::pair{"node 2", "2097152"}}}) {
        stage s;
        wish w = wants();
        w.parallelism = {bad};
        s.start(w);
        BOOST_TEST((s.stands.state == state_name::failed and s.value.is_over()));
        BOOST_TEST(s.stands.last_error.find(names.first) != std::string::npos, s.stands.last_error);
        BOOST_TEST(s.stands.last_error.find(names.second) != std::string::npos, s.stands.last_error);
        BOOST_TEST(s.entered(state_name::scheduling) == 0u);
    }
}

BOOST_AUTO_TEST_CASE(an_empty_program_is_fatal_S5) {
    stage s;
    wish w = wants();
    w.program = std::make_shared<const program>();
    s.start(w);
    BOOST_TEST((s.stands.state == state_name::failed));
    BOOST_TEST(s.stands.last_error.find("no nodes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_invalid_wish_with_a_new_nonce_fails_once_and_waits_for_another_S4_I15) {
    stage s;
    wish w = wants();
    w.parallelism = {{{5}, 2}};
    w.restart_nonce = 9;
    s.start(w);
    BOOST_TEST((s.value.is_over() and s.entered(state_name::failed) == 1u and s.stands.restart_nonce == 9u));
    w = wants(2);
    w.restart_nonce = 10;
    s.is_wished(w);
    s.settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.last_error.empty()));
}

BOOST_AUTO_TEST_CASE(the_launched_set_is_as_many_workers_as_the_largest_parallelism_needs_S5_S6) {
    stage s;
    s.without<start_workers>().start();
    const auto asked = s.pending<start_workers>().what;
    BOOST_TEST((asked.workers == std::vector<worker_identity>{{id_of({1}, {0}), 2}, {id_of({1}, {1}), 2}}));
    BOOST_TEST((asked.generation == generation{1} and asked.wish->program));
    s.comes(1);
    BOOST_TEST(s.count<dial>() == 1u, "a worker may connect before the call returns");
}

BOOST_AUTO_TEST_CASE(workers_are_told_the_digest_of_the_program_with_the_wished_parallelisms_S6) {
    const auto told = [](wish what) {
        stage s;
        s.without<start_workers>().start(std::move(what));
        return s.pending<start_workers>().what.program_digest;
    };
    wish other = wants();
    other.parallelism = {{{2}, 5}};
    BOOST_TEST((told(wants()) == digest(*two_nodes()) and told(wants()) != 0u and told(other) != told(wants())));
}

/// A user's own policy, and wrong: what slot filling makes, bent.
struct bent {
    void (*bend)(plan&);

    expected<plan> operator()(const program& what, std::span<const offer> workers, const past& before) const {
        auto made = slot_filling{}(what, workers, before);
        if (made) bend(*made);
        return made;
    }
};

/// The second of two is bent.
void elsewhere(packed_strings& where) {
    const std::string first(where[0]);
    where.clear();
    BOOST_REQUIRE((where.push_back(first) and where.push_back("elsewhere")));
}

BOOST_AUTO_TEST_CASE(a_policy_that_counts_on_what_was_not_offered_fails_its_job_and_nothing_else_A1_S19) {
    for (const auto bend : {+[](plan& p) { p.workers[1].id = id_of({1}, {77}); },
                            +[](plan& p) {
                                p.workers[1] = {id_of({1}, {1'000'000}), 0};
                            },
                            +[](plan& p) { ++p.workers[1].slots; }, +[](plan& p) { elsewhere(p.machines); },
                            +[](plan& p) { elsewhere(p.data_addresses); }}) {
        stage_of<policies<bent>> s({}, {.assignment = {bend}});
        s.start();
        BOOST_TEST((s.stands.state == state_name::failed and s.value.is_over()));
        BOOST_TEST(s.stands.last_error.find("made a bad plan: ") != std::string::npos, s.stands.last_error);
    }
}

// That it compiles with the archetype shows that a machine asks no more of a policy than its concept.
BOOST_AUTO_TEST_CASE(the_poorest_assignment_policy_is_asked_and_what_it_says_fails_its_job_A1_S19) {
    stage_of<policies<archetype::assignment>> s({}, {.assignment = archetype::assignment(1)});
    s.start();
    BOOST_TEST((s.stands.state == state_name::failed and s.value.is_over()));
    BOOST_TEST(s.stands.last_error.find("an archetype has no plans") != std::string::npos, s.stands.last_error);
}

/// A job whose workers come at once, and have 30 s for that; its checkpoint is not loaded.
struct slow_restore : stage {
    static policies<> hasty() {
        policies<> made;
        made.wait.worker_start_up = 30s;
        return made;
    }

    slow_restore() : stage({}, hasty()) {
        restore = ready_checkpoint();
        without<load_checkpoint>().start();
    }
    /// Beats on until something is so, at most for an hour.
    bool until(auto is_so) {
        for (int i = 0; i < 36'000 and not is_so(); ++i) {
            for (const std::uint32_t w : {0u, 1u}) says(w, heartbeat{});
            run(100ms);
        }
        return is_so();
    }
};

BOOST_FIXTURE_TEST_CASE(a_checkpoint_that_is_loaded_after_the_start_up_time_of_workers_is_restored_S9_S11,
                        slow_restore) {
    const instant begun = now;
    BOOST_REQUIRE(until([&] { return now >= begun + 60s and count<load_checkpoint>() > 0; }));
    with<load_checkpoint>();
    BOOST_TEST(until([&] { return state() == state_name::running; }));
    BOOST_TEST(entered(state_name::scheduling) == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_state_backend_that_does_not_answer_has_its_budget_whatever_the_start_up_time_is_S9_L2,
                        slow_restore) {
    BOOST_TEST(until([&] { return stands.state == state_name::failed; }));
    BOOST_TEST(entered(state_name::scheduling) == 1u);
    BOOST_TEST(stands.last_error == "state backend: checkpoint of epoch 4, generation 2: no answer in time, attempt 10",
               stands.last_error);
}

BOOST_FIXTURE_TEST_CASE(a_state_backend_that_refuses_has_its_budget_whatever_the_start_up_time_is_S9_I14_L2,
                        slow_restore) {
    std::uint32_t refused = 0;
    const auto refuses = [&](std::uint32_t most) {
        if (refused < most and count<load_checkpoint>() > 0) {
            answer<load_checkpoint>(tl::unexpected(error{.kind = error_kind::state_backend, .text = "away"}));
            ++refused;
        }
        return refused == most;
    };
    BOOST_REQUIRE(until([&] { return refuses(9); }));
    BOOST_TEST((state() == state_name::scheduling));
    BOOST_TEST(until([&] { return refuses(1'000) or stands.state == state_name::failed; }));
    BOOST_TEST(refused == 10u, "its budget");
    BOOST_TEST(stands.last_error == "state backend: checkpoint of epoch 4, generation 2: state backend: away",
               stands.last_error);
}

BOOST_AUTO_TEST_CASE(more_workers_than_the_limit_are_not_started_S6) {
    stage_of<policies<>> s({}, {.most = {.workers = 1}});
    s.start();
    BOOST_TEST((s.stands.state == state_name::failed));
    BOOST_TEST(s.stands.last_error.find("needs 2 workers") != std::string::npos, s.stands.last_error);
}

const error no_slots{.kind = error_kind::not_enough_slots, .text = {}, .needed = 4, .available = 1};

BOOST_AUTO_TEST_CASE(slots_are_asked_for_about_every_second_until_there_are_enough_S6_L7) {
    stage s;
    s.without<start_workers>().start();
    std::set<duration> pauses;
    for (int i = 0; i < 50; ++i) {
        s.answer<start_workers>(not_applied{no_slots});
        BOOST_TEST((s.state() == state_name::scheduling and s.count<start_workers>() == 0u));
        const duration pause = s.value.deadline() - s.now;
        BOOST_TEST((pause >= 500ms and pause <= 1s));
        pauses.insert(pause);
        s.advance(pause);
    }
    BOOST_TEST(pauses.size() > 10u, "not all jobs at once");
    BOOST_TEST((s.in<scheduling>().lacking->available == 1u));
    s.with<start_workers>().settle();
    BOOST_TEST((s.state() == state_name::running));
}

template <class Stage>
void lack_slots(Stage& s, duration length) {
    for (const instant end = s.now + length; s.now < end and s.state() == state_name::scheduling;) {
        if (s.template count<start_workers>() > 0) s.template answer<start_workers>(not_applied{no_slots});
        s.advance(1s);
    }
}

BOOST_AUTO_TEST_CASE(too_few_slots_for_the_start_up_time_are_fatal_with_needed_available_and_waited_S6) {
    stage s;
    s.without<start_workers>().start();
    lack_slots(s, 599s);
    BOOST_TEST((s.state() == state_name::scheduling));
    lack_slots(s, 2s);
    s.settle();
    BOOST_TEST((s.stands.state == state_name::failed));
    BOOST_TEST(s.stands.last_error == "not enough slots: needed 4, available 1, waited 600 s");
}

BOOST_AUTO_TEST_CASE(a_job_may_wait_for_slots_without_limit_and_that_time_does_not_count_S6_R3) {
    stage s;
    wish w = wants();
    w.waits_for_slots = true;
    s.without<start_workers>().start(w);
    lack_slots(s, 5h);
    BOOST_TEST((s.state() == state_name::scheduling));
    s.with<start_workers>().run(2s);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(that_slots_are_lacking_is_told_once_S6_S18) {
    stage s;
    s.without<start_workers>().start();
    lack_slots(s, 10s);
    BOOST_TEST(std::ranges::count(s.told, "waiting for slots: needed 4, available 1",
                                  [](const note& one) { return text_of(one); }) == 1);
}

/// Without limit; nor is the scheduler's budget over before the start-up time of workers.
stage one_that_waits_for_slots() {
    policies<> patient;
    patient.budget[error_kind::scheduler] = unlimited;
    stage s({}, patient);
    wish w = wants();
    w.waits_for_slots = true;
    s.without<start_workers>().start(w);
    s.answer<start_workers>(not_applied{no_slots});
    return s;
}

BOOST_AUTO_TEST_CASE(a_scheduler_that_fails_while_slots_are_lacking_is_waited_for_and_not_the_slots_S6_L7) {
    stage s = one_that_waits_for_slots();
    s.advance(1s);
    for (const instant end = s.now + 11min; s.now < end; s.advance(1s)) {
        if (s.count<start_workers>() == 0) continue;
        s.answer<start_workers>(refused_by(error_kind::scheduler));
        BOOST_TEST(not s.in<scheduling>().lacking);
    }
    BOOST_TEST((s.state() == state_name::scheduling), "not failed for want of slots");
    BOOST_TEST(s.job().spent[static_cast<std::size_t>(error_kind::worker_start_up)] == 1u);
    s.with<start_workers>().run(2min);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_scheduler_that_does_not_answer_while_slots_are_lacking_is_waited_for_and_not_the_slots_S6_L7) {
    stage s = one_that_waits_for_slots();
    s.advance(2s);
    BOOST_REQUIRE((s.count<start_workers>() == 1u and s.in<scheduling>().lacking));
    for (const instant end = s.now + 11min; s.now < end; s.advance(11s)) {
        if (s.count<start_workers>() > 0) s.take_out<start_workers>();
    }
    BOOST_TEST(not s.in<scheduling>().lacking);
    BOOST_TEST((s.state() == state_name::scheduling), "not failed for want of slots");
    s.with<start_workers>().run(2min);
    BOOST_TEST((s.state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(news_of_free_slots_wakes_the_wait_S6) {
    stage s;
    s.without<start_workers>().start();
    s.answer<start_workers>(not_applied{no_slots});
    s.step(slots_freed{});
    BOOST_TEST(s.asked<start_workers>());
}

BOOST_AUTO_TEST_CASE(what_the_backend_calls_permanent_is_fatal_at_once_S6) {
    stage s;
    s.without<start_workers>().start();
    s.answer<start_workers>(refused_by(error_kind::permanent, "no such image: x"));
    s.settle();
    BOOST_TEST((s.stands.state == state_name::failed));
    BOOST_TEST(s.stands.last_error == "permanent: no such image: x");
}

BOOST_AUTO_TEST_CASE(the_claim_asks_for_no_epoch_before_the_wished_one_S7) {
    stage s;
    wish w = wants();
    w.ignore_state_before_epoch = epoch{9};
    s.without<claim>().start(w);
    BOOST_TEST((s.pending<claim>().what.threshold == epoch{9}));
    s.with<claim>().settle();
    BOOST_TEST((s.job().running->start_epoch == epoch{8} and s.job().running->minimum_epoch == epoch{9}));
    BOOST_TEST(not s.job().running->restore);
}

BOOST_AUTO_TEST_CASE(a_wish_that_changes_after_the_claim_does_not_change_what_the_plan_says_S7_I5) {
    stage s;
    s.restore = ready_checkpoint();
    s.without<dial>().start();
    wish w = wants(2);
    w.ignore_state_before_epoch = epoch{9};
    s.is_wished(w);
    s.with<dial>().settle();
    BOOST_TEST((s.job().running->restore == ready_checkpoint().name));
    BOOST_TEST((s.job().running->minimum_epoch == epoch{0}));
}

BOOST_AUTO_TEST_CASE(the_restore_point_of_the_claim_is_loaded_prepared_and_given_to_the_workers_S7_S9_I7) {
    stage s;
    s.restore = ready_checkpoint();
    s.without<prepare_checkpoint>().start();
    BOOST_TEST((s.pending<prepare_checkpoint>().what.name == ready_checkpoint().name));
    BOOST_TEST((s.job().running and s.count<start_execution>() == 0u), "placed, and not launched yet");
    s.with<prepare_checkpoint>().without<start_execution>().settle();
    const auto& what = *s.pending<start_execution>().what.what;
    BOOST_TEST((what.restore == ready_checkpoint().name and what.start_epoch == epoch{4}));
}

BOOST_AUTO_TEST_CASE(loading_overlaps_with_starting_and_dialling_S9_S18) {
    stage s;
    s.restore = ready_checkpoint();
    s.without<load_checkpoint>().start();
    BOOST_TEST((s.count<load_checkpoint>() == 1u and s.job().workers.open_slots() == 4u));
}

BOOST_AUTO_TEST_CASE(metadata_that_cannot_be_had_is_tried_ten_times_and_then_fatal_by_name_S9_I14) {
    for (const int how : {0, 1, 2}) {
        stage s;
        s.restore = ready_checkpoint();
        s.without<load_checkpoint>().start();
        int tries = 0;
        while (s.state() == state_name::scheduling and tries < 20) {
            ++tries;
            if (how == 0)
                s.answer<load_checkpoint>(std::shared_ptr<const checkpoint_metadata>());
            else if (how == 1)
                s.take_out<load_checkpoint>();
            else
                s.answer<load_checkpoint>(tl::unexpected(error{error_kind::state_backend, "object x is torn"}));
            while (s.state() == state_name::scheduling and s.count<load_checkpoint>() == 0) {
                s.advance_to_deadline();
                for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
            }
        }
        s.settle();
        BOOST_TEST(tries == 10);
        BOOST_TEST((s.stands.state == state_name::failed));
        BOOST_TEST(s.stands.last_error.find("epoch 4, generation 2") != std::string::npos, s.stands.last_error);
        if (how == 2) BOOST_TEST(s.stands.last_error.find("object x is torn") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_restore_that_cannot_be_prepared_is_tried_ten_times_and_then_fatal_by_name_S9_I14) {
    for (const int how : {0, 1}) {
        stage s;
        s.restore = ready_checkpoint();
        s.without<prepare_checkpoint>().start();
        int tries = 0;
        while (s.state() == state_name::scheduling and tries < 20) {
            ++tries;
            if (how == 0)
                s.answer<prepare_checkpoint>(refused_by(error_kind::state_backend, "object x is gone"));
            else
                s.take_out<prepare_checkpoint>();
            while (s.state() == state_name::scheduling and s.count<prepare_checkpoint>() == 0) {
                s.advance_to_deadline();
                for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
            }
        }
        s.settle();
        BOOST_TEST(tries == 10);
        BOOST_TEST((s.stands.state == state_name::failed and s.entered(state_name::recovering) == 0u));
        BOOST_TEST(s.stands.last_error.find("epoch 4, generation 2") != std::string::npos, s.stands.last_error);
        if (how == 0) BOOST_TEST(s.stands.last_error.find("object x is gone") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_restore_point_that_is_committing_is_fatal_by_name_and_its_row_is_left_S10) {
    stage s;
    s.restore = ready_checkpoint();
    s.restore->state = checkpoint_state::committing;
    s.start();
    BOOST_TEST((s.stands.state == state_name::failed and s.checkpoints.empty()));
    BOOST_TEST(s.stands.last_error.find("epoch 4, generation 2 is committing") != std::string::npos);
    BOOST_TEST(s.job().workers.members().empty());
}

BOOST_AUTO_TEST_CASE(a_restore_point_of_the_last_epoch_there_is_is_fatal_by_name_and_its_row_is_left_S10) {
    stage s;
    s.restore = ready_checkpoint();
    s.restore->name.epoch = {std::numeric_limits<std::uint32_t>::max()};
    s.start();
    BOOST_TEST((s.stands.state == state_name::failed and s.checkpoints.empty()));
    BOOST_TEST(s.stands.last_error.find("epoch 4294967295, generation 2 leaves too few epochs") != std::string::npos);
    BOOST_TEST(s.job().workers.members().empty());
}

BOOST_AUTO_TEST_CASE(a_stop_of_old_workers_that_fails_is_told_and_repeated_and_ends_no_attempt_S3_I14) {
    stage s(left_in(state_name::running));
    s.without<stop_workers>().start();
    for (int failed = 0; failed < 30; s.run(5s)) {
        for (const std::uint32_t w : {0u, 1u}) s.says(w, heartbeat{});
        if (s.count<stop_workers>() == 0) continue;
        s.answer<stop_workers>(refused_by(error_kind::scheduler));
        ++failed;
    }
    BOOST_TEST((s.state() == state_name::running and s.current() == generation{4} and s.stands.restarts == 0u));
    BOOST_TEST(std::ranges::any_of(s.told, [](const note& one) {
        const auto* const r = std::get_if<retried>(&one);
        return r and r->why.kind == error_kind::scheduler and r->budget == 0;
    }));
}

}  // namespace
