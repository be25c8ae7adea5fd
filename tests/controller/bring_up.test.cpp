#include "small_world.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace headgate;
using namespace headgate::tests;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(without_io, small_world)

BOOST_AUTO_TEST_CASE(a_job_that_is_submitted_reaches_running_and_is_stored_so_S2_S15) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    BOOST_TEST((row()->state == state_name::running and row()->tasks == 16u and row()->generation == generation{1}));
    BOOST_TEST((row()->plan and row()->revision == 2u), "one write for the claim and one for Running (T4)");
}

BOOST_AUTO_TEST_CASE(a_running_job_takes_checkpoints_and_restores_the_last_one_after_a_lost_worker_J1_S7) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    BOOST_REQUIRE(until([&] {
        workers_beat();
        return not channel.workers.begin()->second.barriers.empty();
    }));
    workers_checkpoint();
    BOOST_REQUIRE(until([&] { return states.has(job, {{1}, {1}}); }));
    controller.poll();

    channel.end(channel.workers.begin()->second.stream);
    controller.poll();
    BOOST_TEST((state() == state_name::recovering));
    channel.workers.clear();
    BOOST_REQUIRE(until([&] { return scheduler.pool().all().size() == 2; }));
    workers_come();
    BOOST_REQUIRE(until([&] { return std::ranges::all_of(channel.workers, [](auto& w) { return bool(w.second.runs); }); }));
    const execution& again = *channel.workers.begin()->second.runs;
    BOOST_TEST((again.restore == checkpoint_name{{1}, {1}} and again.start_epoch == epoch{1}));
    BOOST_TEST((again.generation > generation{1}));
    workers_report();
    BOOST_TEST(until([&] { return state() == state_name::running; }));
    BOOST_TEST(row()->restarts == 1u);
}

BOOST_AUTO_TEST_CASE(a_job_whose_subtasks_all_finish_is_finished_and_its_workers_are_told_to_end_J2_I12) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    workers_report(true);
    BOOST_TEST(until([&] { return row()->state == state_name::finished and scheduler.pool().all().empty(); }));
    BOOST_TEST(row()->is_complete);
    BOOST_TEST((until([&] { return controller.jobs() == 0; }) and record()->workers == 0u));
}

BOOST_AUTO_TEST_CASE(a_wish_to_stop_ends_the_workers_and_is_stored_J4) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    wish_for({.version = 2, .stop = stop_mode::immediate});
    BOOST_TEST(until([&] { return row()->state == state_name::stopped and scheduler.pool().all().empty(); }));
    wish_for({.version = 3});
    channel.workers.clear();
    BOOST_TEST(come_up(), "and it is run again when that is wished");
}

BOOST_AUTO_TEST_CASE(what_heartbeats_count_is_what_the_controller_says_of_the_job_S15) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    for (auto& [id, one] : channel.workers)
        channel.say(one.stream, heartbeat{.sequence = 1, .counters = {{.node = {1}, .records_in = 5}}});
    controller.poll();
    const job_metrics seen = controller.metrics(job);
    BOOST_REQUIRE(seen.nodes.size() == 1u);
    BOOST_TEST((seen.generation == generation{1} and seen.nodes[0].records_in == 10u));
    BOOST_TEST((controller.metrics({"other"}) == job_metrics{}));
}

BOOST_AUTO_TEST_CASE(what_a_job_waits_for_is_told_within_a_second_and_not_with_its_next_transition_only_S18) {
    const auto says = [&](const std::string& text, duration within = 2s) {
        const instant begun = clock.now();
        return until([&] { return record()->waits_for == text; }) and clock.now() - begun <= within;
    };
    wish_for({.version = 1});
    BOOST_REQUIRE(until([&] { return scheduler.pool().all().size() == 2; }));
    BOOST_TEST(says("workers: 0 of 8 slots open, at most 10 min more"));
    BOOST_TEST(record()->workers == 0u, "none has registered");
    BOOST_TEST(says("workers: 0 of 8 slots open, at most 9 min more", 62s));
    workers_come();
    BOOST_TEST(says("tasks: 0 of 16 started, at most 2 min more"));
    workers_report();
    BOOST_TEST((state() == state_name::running and says("")));
    BOOST_TEST(record()->workers == 2u);
    const instant begun = clock.now();
    until([&] {
        workers_beat();
        return clock.now() - begun > 1min;
    });
    wish_for({.version = 2, .stop = stop_mode::immediate});
    BOOST_TEST((until([&] { return row()->state == state_name::stopped; }) and says("")));
    BOOST_TEST(record()->workers == 0u);
}

BOOST_AUTO_TEST_CASE(a_stranger_is_refused_and_a_worker_of_an_old_generation_is_told_to_go_G3_G4) {
    wish_for({.version = 1});
    BOOST_REQUIRE(until([&] { return scheduler.pool().all().size() == 2; }));
    const worker_id first = scheduler.pool().all().front().who.id;
    channel.say({900}, hello{.job = job, .generation = {1}, .worker = first});
    controller.poll();
    channel.say({900}, proof{});
    channel.say({901}, hello{.job = job, .generation = {7}, .worker = id_of({7}, {0})});
    channel.say({902}, hello{.job = job, .generation = {1}, .worker = id_of({1}, {99})});
    channel.say({903}, heartbeat{});
    controller.poll();
    const auto said = [&](std::uint64_t stream) { return std::get<verdict>(channel.sent[{stream}].back()); };
    BOOST_TEST(std::holds_alternative<refused>(said(900)));
    BOOST_TEST(std::holds_alternative<go>(said(901)));
    BOOST_TEST(std::holds_alternative<refused>(said(902)));
    BOOST_TEST(std::holds_alternative<refused>(said(903)));
    BOOST_TEST((controller.strangers() == 4u and state() == state_name::scheduling));
}

// The backend has said that they are gone, or cannot end them: either way their lease must not be renewed.
BOOST_AUTO_TEST_CASE(whoever_is_being_stopped_is_told_to_go_when_it_speaks_G4_G7) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    const stream_id lost = channel.workers.begin()->second.stream;
    const stream_id lives = channel.workers.rbegin()->second.stream;
    channel.end(lost);
    controller.poll();
    BOOST_REQUIRE((state() == state_name::recovering));
    channel.say(lives, heartbeat{});
    controller.poll();
    const auto* const said = std::get_if<verdict>(&channel.sent[lives].back());
    BOOST_TEST((said and std::holds_alternative<go>(*said)));
    BOOST_TEST(std::ranges::count(channel.closed, lives) == 1);
    BOOST_TEST(controller.strangers() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_controller_keeps_as_many_messages_of_a_stream_as_its_limits_say_SPEC_10) {
    small_world of;
    hand_channel channel{of.secrets};
    channel.lets_nobody_wait = true;
    controller two_at_most{
        of.scheduler, of.database, channel, of.clock, of.states, of.secrets, policies{.most = {.mailbox = 2}},
        of.watcher};
    for (int i = 0; i < 5; ++i) channel.say({900}, initialized{});
    two_at_most.poll();
    BOOST_TEST(two_at_most.strangers() == 2u);
}

BOOST_AUTO_TEST_CASE(a_job_with_a_thousand_messages_keeps_another_waiting_for_100_at_most_L5) {
    small_world of;
    of.wish_for({.version = 1});
    BOOST_REQUIRE(of.come_up());
    of.job = {"other"};
    of.wish_for({.version = 1});
    BOOST_REQUIRE(of.until([&] { return of.scheduler.pool().all().size() == 4; }));
    std::uint64_t stopped_at = 0;
    of.scheduler.on_stop = [&](const job_id& job) {
        BOOST_TEST((job == of.job));
        stopped_at = of.clock.asked;
    };
    const std::uint64_t begun = of.clock.asked;
    for (std::size_t i = 0; i < sorted_mail::most; ++i) of.controller.post(job_mail{{1}, slots_freed{}});
    of.wish_for({.version = 2, .stop = stop_mode::force});
    of.controller.post(job_mail{{2}, wished{*of.record()->wish, {}}});
    of.controller.poll();
    BOOST_TEST(of.clock.asked - begun >= sorted_mail::most);
    BOOST_TEST((stopped_at > begun and stopped_at - begun <= 100u));
}

BOOST_FIXTURE_TEST_CASE(slots_that_are_free_again_are_told_to_jobs_that_wait_for_some_and_to_no_other_L5, small_world) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    const std::uint64_t before = controller.find(job)->job().count.ignored;
    const job_id other{"other"};
    scheduler.start_workers(
        request<start_workers>{
            .what = {.job = other, .generation = {1}, .workers = {{id_of({1}, {0}), 4}}, .tokens = {digest256{}}}},
        any_completion<start_workers>{});
    scheduler.stop_workers(request<stop_workers>{.what = {.job = other, .up_to = {1}, .force = true}},
                           any_completion<stop_workers>{});
    for (const instant end = clock.now() + std::chrono::seconds(20); clock.now() < end;) {
        workers_beat();
        clock.advance_to(clock.now() + std::chrono::seconds(1));
    }
    BOOST_TEST((state() == state_name::running and controller.find(job)->job().count.ignored == before));
}

}  // namespace
