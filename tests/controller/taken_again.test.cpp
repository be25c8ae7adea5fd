// SPDX-License-Identifier: BSL-1.0
// Jobs whose row the database refuses, and many that are taken over at once.
#include "small_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;
using namespace std::chrono_literals;

struct choosy_world : small_world {
    void lose_a_worker() {
        channel.end(channel.workers.begin()->second.stream);
        channel.workers.clear();
    }
    /// By hand: its number alone.
    void edit(generation number) {
        job_row edited = *row();
        edited.generation = number;
        const std::uint64_t expected = edited.revision++;
        database.store(request<store_row>{.what = {job, expected, edited}}, any_completion<store_row>{});
    }
    /// It ran, and its row names this controller still.
    bool is_let_go_once_edited() {
        wish_for({.version = 1});
        if (not come_up()) return false;
        edit({0});
        const bool is_let_go = until([&] { return controller.jobs() == 0; });
        lose_a_worker();
        return is_let_go and row()->owner == controller.id();
    }
    bool history_says(const std::string& text) const {
        const auto& log = database.jobs().at(job).log;
        return std::ranges::any_of(log, [&](const log_line& one) { return one.text.find(text) != std::string::npos; });
    }
};

BOOST_FIXTURE_TEST_CASE(a_running_job_whose_row_is_refused_is_let_go_says_why_and_is_taken_up_again_I15, choosy_world) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    database.refuses = true;
    lose_a_worker();
    BOOST_REQUIRE(until([&] { return controller.jobs() == 0; }));
    BOOST_TEST((row()->owner == controller.id() and row()->state == state_name::running));
    BOOST_TEST(history_says("invalid: the value cannot be kept"));
    BOOST_TEST(record()->waits_for == "a pause, as the database refuses its row: invalid: the value cannot be kept");
    database.refuses = false;
    const instant begun = clock.now();
    BOOST_TEST(until([&] { return row()->generation == generation{2}; }));
    BOOST_TEST((clock.now() - begun >= 30s and clock.now() - begun <= 35s));
    BOOST_TEST(
        (come_up() and row()->generation == generation{2} and until([&] { return record()->waits_for.empty(); })));
}

BOOST_FIXTURE_TEST_CASE(a_row_that_is_refused_always_is_tried_once_in_30_s_and_nothing_is_started_I15, choosy_world) {
    database.refuses = true;
    wish_for({.version = 1});
    const instant end = clock.now() + 10min;
    until([&] { return clock.now() >= end; });
    BOOST_TEST((database.claims >= 18u and database.claims <= 21u), database.claims);
    BOOST_TEST((scheduler.pool().all().empty() and history_says("the database refuses its row")));
    database.refuses = false;
    BOOST_TEST(come_up());
}

BOOST_FIXTURE_TEST_CASE(a_refused_job_that_another_has_taken_meanwhile_is_left_to_it_G5, choosy_world) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    database.refuses = true;
    lose_a_worker();
    BOOST_REQUIRE(until([&] { return controller.jobs() == 0; }));
    database.refuses = false;
    job_row theirs = *row();
    theirs.owner = {{6, 6}};
    ++theirs.generation.value;
    database.simulation::database::claim(request<claim>{.what = {job, theirs.revision++, theirs, {}}},
                                         any_completion<claim>{});
    const instant end = clock.now() + 5min;
    std::uint64_t counter = 0;
    until([&] {
        database.advance_lease(request<advance_lease>{.what = {theirs.owner, ++counter}},
                               any_completion<advance_lease>{});
        return clock.now() >= end;
    });
    BOOST_TEST((row()->owner == theirs.owner and controller.jobs() == 0u));
}

BOOST_FIXTURE_TEST_CASE(a_job_whose_row_was_edited_by_hand_is_let_go_and_taken_up_again_once_it_was_mended_I15_L2,
                        choosy_world) {
    BOOST_REQUIRE(is_let_go_once_edited());
    BOOST_TEST((row()->generation == generation{}));
    edit({1});
    const instant begun = clock.now();
    BOOST_TEST(until([&] { return row()->generation == generation{2}; }));
    BOOST_TEST((clock.now() - begun <= 35s));
    BOOST_TEST(come_up());
}

BOOST_FIXTURE_TEST_CASE(a_job_let_go_whose_row_names_this_controller_still_is_taken_up_again_after_a_lease_I15_L2,
                        choosy_world) {
    BOOST_REQUIRE(is_let_go_once_edited());
    const instant begun = clock.now();
    BOOST_TEST(until([&] { return controller.jobs() == 1; }));
    BOOST_TEST((clock.now() - begun >= 25s and clock.now() - begun <= 35s));
    BOOST_TEST(come_up());
}

/// Its job takes no checkpoints: it writes nothing while it runs.
struct silent_world : small_world {
    silent_world() : small_world{.policy = {.takes_checkpoints = false}} {}

    bool is_running() {
        wish_for({.version = 1});
        return come_up();
    }
    /// While its workers are heard.
    bool until_in_time(auto is_reached, duration length = 10min) {
        for (const instant end = clock.now() + length; clock.now() < end and not is_reached();) {
            const instant next = clock.now() + 5s;
            until([&] { return is_reached() or clock.now() >= next; });
            workers_beat();
        }
        return is_reached();
    }
    std::size_t alarms() const {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = watcher.all.find("ALARM", at)) != std::string::npos; ++at) ++count;
        return count;
    }
    std::size_t living() const { return scheduler.pool().all().size(); }
};

BOOST_FIXTURE_TEST_CASE(a_job_that_has_ended_is_not_taken_up_again_for_what_was_read_before_its_end_I13_I15,
                        silent_world) {
    BOOST_REQUIRE(is_running());
    database.holds_news = true;
    channel.say(channel.workers.begin()->second.stream,
                task_report{.failures = {{node_id{1}, 0, "count", error_domain::user, false, "a bad record"}}});
    BOOST_REQUIRE(until([&] { return controller.jobs() == 0; }));
    BOOST_REQUIRE((row()->state == state_name::failed and not database.held_news.empty()));
    const std::uint64_t revision = row()->revision;
    database.held_news.front()();
    const instant end = clock.now() + 2min;
    until([&] { return controller.jobs() > 0 or clock.now() >= end; });
    BOOST_TEST((controller.jobs() == 0u and row()->revision == revision));
}

BOOST_FIXTURE_TEST_CASE(a_row_that_was_removed_is_noticed_in_time_said_once_and_its_workers_are_stopped_I15,
                        silent_world) {
    BOOST_REQUIRE(is_running());
    const instant begun = clock.now();
    database.remove(job);
    BOOST_REQUIRE(until_in_time([&] { return controller.jobs() == 0; }));
    BOOST_TEST((clock.now() - begun <= policy.wait.roll_call + 3 * policy.wait.lease_step));
    BOOST_TEST((living() == 0u and controller.open_jobs() == 0u and alarms() == 1u));
    BOOST_TEST(watcher.all.find("the job's row is gone") != std::string::npos);
    const std::size_t claims = database.claims;
    until_in_time([] { return false; });
    BOOST_TEST((database.claims == claims and alarms() == 1u));
}

BOOST_FIXTURE_TEST_CASE(
    a_job_that_was_removed_and_submitted_again_is_another_with_newer_workers_and_obeys_its_own_wish_I13, silent_world) {
    BOOST_REQUIRE(is_running());
    database.remove(job);
    wish_for({.version = 1, .name = "another"});
    BOOST_REQUIRE(until_in_time([&] { return row()->generation == generation{2}; }, 10s));
    BOOST_TEST((alarms() == 1u and watcher.all.find("went back from revision 2 to 0") != std::string::npos));
    channel.workers.clear();
    BOOST_TEST((come_up() and controller.find(job)->job().wish->name == "another"));
    BOOST_TEST(living() == 2u);
    wish_for({.version = 2, .stop = stop_mode::force});
    BOOST_TEST(until_in_time([&] { return row()->state == state_name::stopped; }));
}

BOOST_FIXTURE_TEST_CASE(a_job_submitted_again_long_after_it_was_removed_is_taken_as_a_new_one_I13, silent_world) {
    BOOST_REQUIRE(is_running());
    database.remove(job);
    BOOST_REQUIRE(until_in_time([&] { return controller.jobs() == 0; }));
    channel.workers.clear();
    wish_for({.version = 1});
    const instant begun = clock.now();
    BOOST_TEST((come_up() and row()->generation == generation{2}), "its scheduler has stopped generation 1");
    BOOST_TEST((clock.now() - begun <= 5s));
}

BOOST_FIXTURE_TEST_CASE(a_row_that_went_back_by_hand_is_gone_on_from_by_newer_workers_after_a_lease_G2_I1,
                        silent_world) {
    BOOST_REQUIRE(is_running());
    database.edit(job, [](job_row& row) { row.revision = 1, row.generation = {0}; });
    BOOST_REQUIRE(until_in_time([&] { return controller.jobs() == 0; }, 10s));
    BOOST_TEST((living() == 0u and alarms() == 1u));
    channel.workers.clear();
    const instant begun = clock.now();
    BOOST_TEST(until_in_time([&] { return row()->generation == generation{2}; }));
    BOOST_TEST((clock.now() - begun <= 35s and come_up()));
}

BOOST_FIXTURE_TEST_CASE(a_wish_whose_version_went_back_is_of_another_job_I13, silent_world) {
    BOOST_REQUIRE(is_running());
    wish_for({.version = 2, .name = "another"});
    BOOST_REQUIRE(until_in_time([&] { return controller.find(job)->job().wish->version == 2; }, 10s));
    database.remove(job);
    wish_for({.version = 1});
    database.edit(job, [](job_row& row) { row.revision = 9; });
    BOOST_TEST(until_in_time([&] { return row()->generation == generation{2}; }, 10s));
    BOOST_TEST((alarms() == 1u and watcher.all.find("went back from version 2 to 1") != std::string::npos));
}

BOOST_FIXTURE_TEST_CASE(a_job_whose_row_is_refused_as_it_is_gone_is_not_tried_for_ever_I15, choosy_world) {
    database.refuses = true;
    wish_for({.version = 1});
    BOOST_REQUIRE(until([&] { return database.claims > 0; }));
    database.remove(job);
    const instant end = clock.now() + 2min;
    until([&] { return clock.now() >= end; });
    const std::size_t claims = database.claims;
    BOOST_TEST((claims <= 2u and controller.open_jobs() == 0u and controller.jobs() == 0u), claims);
    wish_for({.version = 1});
    database.refuses = false;
    BOOST_TEST(come_up());
}

BOOST_FIXTURE_TEST_CASE(a_healthy_job_writes_nothing_and_its_row_is_asked_for_once_in_its_time, silent_world) {
    BOOST_REQUIRE(is_running());
    until_in_time([] { return false; }, 1min);
    const std::uint64_t changes = database.changes(), looks = database.looks;
    until_in_time([] { return false; }, 20 * policy.wait.roll_call);
    BOOST_TEST((database.looks - looks >= 19u and database.looks - looks <= 21u), database.looks - looks);
    BOOST_TEST((database.changes() == changes and alarms() == 0u and state() == state_name::running));
}

BOOST_AUTO_TEST_CASE(jobs_of_a_controller_that_died_are_claimed_at_once_and_start_one_after_the_other_R3_G5) {
    small_world world;
    const std::vector<job_id> jobs{{"a"}, {"b"}, {"c"}, {"d"}};
    for (const job_id& one : jobs) {
        world.job = one;
        world.wish_for({.version = 1});
        const job_row row{
            .revision = 1, .generation = {1}, .owner = {{6, 6}}, .state = state_name::running, .applied = 1};
        world.database.claim(request<claim>{.what = {one, 0, row, {}}}, any_completion<claim>{});
    }
    headgate::controller slow{world.scheduler,
                              world.database,
                              world.channel,
                              world.clock,
                              world.states,
                              world.secrets,
                              policies{.governor = {.burst = 1, .every = 20s}},
                              world.watcher};
    const auto owned = [&] {
        return std::ranges::count_if(world.database.jobs(), [&](const auto& one) {
            return one.second.row.owner == slow.id() and one.second.row.generation == generation{2};
        });
    };
    const auto started = [&](const job_id& of) {
        return std::ranges::count(world.scheduler.pool().all(), of, [](const auto& one) { return one.job; }) > 0;
    };
    const auto run = [&](auto is_reached) {
        for (const instant end = world.clock.now() + 1h; world.clock.now() < end;) {
            slow.poll();
            if (is_reached()) return world.clock.now();
            world.clock.advance_to(std::max(world.clock.now(), slow.next_deadline()));
        }
        return never;
    };

    const instant taken = run([&] { return owned() == 4; });
    BOOST_REQUIRE((taken != never and started(jobs[0])));
    BOOST_TEST(not(started(jobs[1]) or started(jobs[2]) or started(jobs[3])));
    run([&] { return world.clock.now() >= taken + 2s; });
    BOOST_TEST(world.database.jobs().at(jobs[1]).waits_for == "its turn to start again, at most 20 s more");
    world.job = jobs[2];
    world.wish_for({.version = 2, .stop = stop_mode::immediate});
    const job_row& c = world.database.jobs().at(jobs[2]).row;
    BOOST_TEST((run([&] { return c.state == state_name::stopped; }) - taken < 10s), "a stop waits for nobody");
    BOOST_TEST((run([&] { return started(jobs[1]); }) - taken == 20s));
    BOOST_TEST((run([&] { return started(jobs[3]); }) - taken == 60s));
}

}  // namespace
