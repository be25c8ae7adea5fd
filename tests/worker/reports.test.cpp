// SPDX-License-Identifier: BSL-1.0
#include "worker_fixture.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

namespace {

using namespace worker_tests;

BOOST_AUTO_TEST_CASE(a_set_of_subtasks_is_the_ranges_of_the_obvious_set_whatever_the_order) {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        task_ranges ranges;
        std::set<std::pair<std::uint32_t, std::uint32_t>> obvious;
        const std::uint32_t count = 1 + static_cast<std::uint32_t>(random() % 40);
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto node = static_cast<std::uint32_t>(random() % 3);
            const auto subtask = static_cast<std::uint32_t>(random() % 16);
            BOOST_REQUIRE(ranges.insert({node}, subtask) == obvious.emplace(node, subtask).second);
        }
        std::vector<task_range> wanted;
        for (const auto& [node, subtask] : obvious) {
            const bool joins =
                not wanted.empty() and wanted.back().node.value == node and wanted.back().last == subtask;
            if (joins)
                ++wanted.back().last;
            else
                wanted.push_back({{node}, subtask, subtask + 1});
        }
        BOOST_REQUIRE((ranges.list(1'000) == wanted));
        wanted.resize(std::min<std::size_t>(wanted.size(), 2));
        BOOST_REQUIRE((ranges.list(2) == wanted));
    }
}

BOOST_FIXTURE_TEST_SUITE(reports_of_a_worker, worker_fixture)

BOOST_AUTO_TEST_CASE(that_it_was_initialized_or_why_not_is_told_at_once_and_once_S14) {
    registers();
    call(execution_offered{execution_for(self)});
    happens(engine_event(engine_initialized{"no such operator", false}));
    BOOST_REQUIRE(count<initialized>() == 1u);
    BOOST_TEST((every<initialized>().front() == initialized{"no such operator", false}));
    happens(engine_event(engine_initialized{}));
    BOOST_TEST((count<initialized>() == 0u and machine.counts().strange == 1u));
}

BOOST_AUTO_TEST_CASE(the_first_is_told_at_once_and_a_thousand_more_in_one_message_S14) {
    starts(2'048);
    happens(engine_event(subtask_started{{2}, 0}));
    BOOST_REQUIRE(count<task_report>() == 1u);
    BOOST_TEST((every<task_report>().front().started == std::vector<task_range>{{{2}, 0, 1}}));
    for (std::uint32_t i = 1; i < 1'024; ++i) {
        happens(engine_event(subtask_started{{2}, i}));
        BOOST_REQUIRE(out.empty());
    }
    BOOST_TEST((machine.deadline() == now + 20ms));
    wait(20ms);
    BOOST_REQUIRE(count<task_report>() == 1u);
    BOOST_TEST((every<task_report>().front().started == std::vector<task_range>{{{2}, 0, 1'024}}));
    wait(1s);
    BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(are_cumulative_and_a_finished_subtask_counts_as_started_S14) {
    starts();
    happens(engine_event(subtask_started{{1}, 0}));
    happens(engine_event(subtask_finished{{2}, 1}), 20ms);
    BOOST_REQUIRE(count<task_report>() == 1u);
    const task_report report = every<task_report>().front();
    BOOST_TEST((report.started == std::vector<task_range>{{{1}, 0, 1}, {{2}, 1, 2}}));
    BOOST_TEST((report.finished == std::vector<task_range>{{{2}, 1, 2}}));
}

BOOST_AUTO_TEST_CASE(leave_out_what_is_not_of_its_share_or_told_twice) {
    starts();
    happens(engine_event(subtask_started{{1}, 0}));
    for (const engine_event& strange : {engine_event(subtask_started{{1}, 0}), engine_event(subtask_started{{1}, 2}),
                                        engine_event(subtask_started{{1}, 4}), engine_event(subtask_started{{9}, 0}),
                                        engine_event(subtask_finished{{1}, ~0u}), engine_event(task_failure{{1}, 3}),
                                        engine_event(subtask_checkpointed{{5}, {{1}, 3, ""}})}) {
        happens(strange, 20ms);
        BOOST_TEST(out.empty());
    }
    BOOST_TEST(machine.counts().strange == 7u);
}

BOOST_AUTO_TEST_CASE(of_an_engine_that_was_not_started_change_nothing) {
    registers();
    for (const engine_event& early :
         {engine_event(engine_initialized{}), engine_event(subtask_started{{1}, 0}), engine_event(task_failure{{1}, 0}),
          engine_event(checkpoint_failed{{5}, "x"}), engine_event(engine_stopped{})}) {
        happens(early);
        BOOST_TEST((out.empty() and not machine.is_over()));
    }
    BOOST_TEST(machine.counts().strange == 5u);
}

BOOST_AUTO_TEST_CASE(all_that_is_cumulative_and_the_newest_checkpoint_go_again_on_a_new_stream_S14) {
    starts();
    happens(engine_event(subtask_started{{1}, 0}));
    happens(engine_event(subtask_finished{{1}, 1}), 1s);
    happens(engine_event(task_failure{.node = {1}, .text = "lost"}), 1s);
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 0, "old"}}), 1s);
    happens(engine_event(subtask_checkpointed{{6}, {{1}, 0, "a"}}), 1s);
    happens(engine_event(subtask_checkpointed{{6}, {{1}, 1, "b"}}), 1s);
    happens(link_is_down{"reset"});
    happens(engine_event(subtask_checkpointed{{6}, {{2}, 0, "c"}}));
    BOOST_TEST(out.empty());
    registers_again();
    BOOST_TEST(count<initialized>() == 1u);
    BOOST_REQUIRE((count<task_report>() == 1u and count<checkpoint_report>() == 1u));
    const task_report tasks = every<task_report>().front();
    BOOST_TEST((tasks.started == std::vector<task_range>{{{1}, 0, 2}} and tasks.failures.size() == 1u));
    const checkpoint_report states = every<checkpoint_report>().front();
    BOOST_TEST((states.epoch == epoch{6} and not states.failure));
    BOOST_TEST((states.subtasks == std::vector<subtask_state>{{{1}, 0, "a"}, {{1}, 1, "b"}, {{2}, 0, "c"}}));
}

BOOST_AUTO_TEST_CASE(states_of_a_checkpoint_go_once_a_stream_and_in_batches_J1) {
    starts(1'000);
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 0, "0"}}));
    BOOST_TEST(count<checkpoint_report>() == 1u);
    for (std::uint32_t i = 1; i < 500; ++i) happens(engine_event(subtask_checkpointed{{5}, {{1}, i, "s"}}));
    BOOST_TEST(out.empty());
    wait(20ms);
    BOOST_REQUIRE(count<checkpoint_report>() == 1u);
    BOOST_TEST(every<checkpoint_report>().front().subtasks.size() == 499u);
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 7, "again"}}), 1s);
    BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(states_go_in_messages_below_both_limits_and_none_is_left_out) {
    settings.most.message = 2'000;
    settings.most.states = 4;
    machine = worker_machine(settings, now);
    starts(64);
    happens(link_is_down{"reset"});
    for (std::uint32_t i = 0; i < 32; ++i)
        happens(engine_event(subtask_checkpointed{{5}, {{1}, i, std::string(180 + 2 * i, 's')}}));
    happens(engine_event(checkpoint_failed{{5}, "disk full"}));
    registers_again();
    std::size_t states = 0;
    const auto parts = every<checkpoint_report>();
    for (const checkpoint_report& part : parts) {
        std::size_t bytes = 0;
        for (const subtask_state& each : part.subtasks) bytes += each.handle.size() + 32;
        BOOST_TEST((bytes <= 1'000u and part.subtasks.size() <= 4u));
        states += part.subtasks.size();
        BOOST_TEST(part.failure.has_value() == (&part == &parts.back()));
    }
    BOOST_TEST(states == 32u);
}

BOOST_AUTO_TEST_CASE(a_state_handle_above_the_limit_fails_its_checkpoint) {
    starts();
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 1, std::string(limits{}.message, 's')}}));
    BOOST_REQUIRE(count<checkpoint_report>() == 1u);
    const checkpoint_report report = every<checkpoint_report>().front();
    BOOST_REQUIRE(report.failure.has_value());
    BOOST_TEST(report.failure->starts_with("node 1, subtask 1: a state handle of 4194304 bytes"));
    BOOST_TEST(report.subtasks.empty());
}

BOOST_AUTO_TEST_CASE(of_an_epoch_that_is_over_are_dropped_J1) {
    starts();
    happens(engine_event(checkpoint_failed{{6}, "disk full"}));
    BOOST_TEST(count<checkpoint_report>() == 1u);
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 0, ""}}), 1s);
    happens(engine_event(checkpoint_failed{{5}, "disk full"}));
    happens(engine_event(checkpoint_failed{{6}, "twice"}));
    BOOST_TEST((out.empty() and machine.counts().strange == 3u));
}

BOOST_AUTO_TEST_CASE(tell_a_failed_checkpoint_after_the_states_that_were_stored_before_J1) {
    starts();
    happens(engine_event(subtask_checkpointed{{5}, {{1}, 0, "s"}}));
    BOOST_REQUIRE((count<checkpoint_report>() == 1u and not every<checkpoint_report>().front().failure));
    happens(engine_event(checkpoint_failed{{5}, "disk full"}), 1s);
    BOOST_REQUIRE(count<checkpoint_report>() == 1u);
    BOOST_TEST((every<checkpoint_report>().front().failure == std::optional<std::string>("disk full")));
}

BOOST_AUTO_TEST_CASE(error_texts_are_cut_to_the_limit_between_characters) {
    starts(128);
    std::string text(limits{}.error_text - 1, 'x');
    happens(engine_event(task_failure{{1},
                                      0,
                                      text + "\xc3\xa9" + std::string(1'000'000, 'y'),
                                      {},
                                      true,
                                      text + "\xc3\xa9" + std::string(1'000'000, 'y')}));
    BOOST_REQUIRE(count<task_report>() == 1u);
    const task_failure told = every<task_report>().front().failures.front();
    BOOST_TEST((told.text == text and told.operator_name == std::string(64, 'x')));
    happens(engine_event(checkpoint_failed{{5}, std::string(1'000'000, 'y')}));
    BOOST_TEST(every<checkpoint_report>().front().failure->size() == limits{}.error_text);
}

BOOST_AUTO_TEST_CASE(hold_no_more_than_a_few_failures) {
    starts(128);
    for (std::uint32_t i = 0; i < 64; ++i) happens(engine_event(task_failure{{1}, i, "o"}));
    wait(20ms);
    BOOST_TEST(every<task_report>().front().failures.size() == limits{}.failures);
}

BOOST_AUTO_TEST_CASE(are_no_longer_told_when_the_lease_is_over_G7) {
    starts();
    wait(29'990ms);
    happens(engine_event(subtask_started{{1}, 0}));
    BOOST_TEST(count<task_report>() == 1u);
    happens(engine_event(subtask_finished{{1}, 0}));
    wait(10ms);
    BOOST_TEST((ended(worker_end_kind::lease_over) and count<task_report>() == 0u));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
