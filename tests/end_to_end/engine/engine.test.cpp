// SPDX-License-Identifier: BSL-1.0
#include "engine_fixture.hpp"

using namespace engine_test;

namespace {

/// The same words in each, with the first difference shown.
void check_equal(const counts& found, const counts& expected) {
    BOOST_CHECK_EQUAL(found.size(), expected.size());
    for (const auto& [word, count] : expected) {
        const auto at = found.find(word);
        const std::uint64_t have = at == found.end() ? 0 : at->second;
        if (have == count) continue;
        BOOST_ERROR(word + " is there " + std::to_string(have) + " times instead of " + std::to_string(count));
        return;
    }
}

std::uint64_t lines_read(cluster& all, std::size_t workers) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < workers; ++i)
        for (const node_counters& each : all[i].counters())
            if (each.node.value == 1) sum += each.records_in;
    return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engines)

BOOST_AUTO_TEST_CASE(words_are_counted_as_the_obvious_program_counts_them) {
    for (const std::uint32_t parallelism : {1u, 2u, 4u}) {
        const input words(5, 4'000, 2);
        const directory out;
        cluster all(word_count(words.in.path, out.path, parallelism, parallelism, 1, 2), {});
        BOOST_REQUIRE(all.begin().wait_until_finished());
        check_equal(read_counts(out.path / "1"), words.expected);
    }
}

BOOST_AUTO_TEST_CASE(a_chain_in_one_node_gives_the_same_counts_as_one_operator_a_node) {
    const input words(3, 3'000);
    const directory out;
    const program apart{.nodes = {made_node(1, 2, {reads(words.in.path)}), made_node(2, 4, {splits}),
                                  made_node(3, 3, {sums, writes(out.path)})},
                        .edges = {{{1}, {2}, edge_kind::forward}, {{2}, {3}, edge_kind::shuffle}}};
    cluster all(apart, {.workers = 3, .slots = 2});
    BOOST_REQUIRE(all.begin().wait_until_finished());
    check_equal(read_counts(out.path / "1"), words.expected);
}

BOOST_AUTO_TEST_CASE(subtasks_report_started_and_then_finished_once_S14) {
    const input words(2, 500);
    const directory out;
    cluster all(word_count(words.in.path, out.path, 4, 4, 4), {});
    BOOST_REQUIRE(all.begin().wait_until_finished());
    all.kill();
    std::set<place> started, finished;
    all.heard().each<subtask_started>([&](std::size_t, const subtask_started& one) {
        BOOST_CHECK(started.insert({one.node.value, one.subtask}).second);
        BOOST_CHECK(not finished.contains({one.node.value, one.subtask}));
    });
    all.heard().each<subtask_finished>([&](std::size_t, const subtask_finished& one) {
        BOOST_CHECK(finished.insert({one.node.value, one.subtask}).second);
    });
    BOOST_CHECK_EQUAL(started.size(), 12);
    BOOST_CHECK(started == finished);
    BOOST_CHECK_EQUAL(all.heard().count<engine_initialized>(), 2);
}

BOOST_AUTO_TEST_CASE(counters_say_how_many_records_and_bytes_went_through_S15) {
    const input words(2, 2'000);
    const directory out;
    cluster all(word_count(words.in.path, out.path, 2, 4, 4), {});
    BOOST_REQUIRE(all.begin().wait_until_finished());
    std::uint64_t total = 0, bytes = 0;
    for (const auto& [word, count] : words.expected) total += count;
    for (const auto& each : std::filesystem::directory_iterator(words.in.path)) bytes += each.file_size();
    std::map<std::uint32_t, node_counters> sum;
    for (std::size_t i = 0; i < 2; ++i) {
        for (const node_counters& each : all[i].counters()) {
            sum[each.node.value].records_in += each.records_in;
            sum[each.node.value].records_out += each.records_out;
            sum[each.node.value].bytes_in += each.bytes_in;
            sum[each.node.value].bytes_out += each.bytes_out;
            BOOST_CHECK_LE(each.backpressure, 1'000);
        }
    }
    BOOST_CHECK_EQUAL(sum[1].bytes_in, bytes);
    BOOST_CHECK_EQUAL(sum[1].records_out, total);
    BOOST_CHECK_EQUAL(sum[2].records_in, total);
    BOOST_CHECK_EQUAL(sum[1].bytes_out, sum[2].bytes_in);
    BOOST_CHECK_EQUAL(sum[2].records_out, words.expected.size());
    BOOST_CHECK_EQUAL(sum[3].records_in, words.expected.size());
}

BOOST_AUTO_TEST_CASE(a_job_that_is_killed_after_a_checkpoint_ends_with_the_same_counts_J1) {
    struct size {
        std::uint32_t sources, counters, writers;
        std::size_t workers;
    };
    // The same, more, less, and none a multiple of the other.
    for (const size& then : {size{3, 4, 2, 2}, size{6, 8, 8, 4}, size{1, 1, 1, 1}, size{5, 3, 3, 3}}) {
        const input words(4, 20'000, 3);
        const directory out, states;
        std::uint64_t read_before = 0;
        {
            cluster first(word_count(words.in.path, out.path, 3, 4, 2, 3), {.states = states.path});
            for (std::uint32_t i = 0; i < 3; ++i) first.brakes().hold({1, i}, 4 + i);
            first.begin();
            for (std::uint32_t i = 0; i < 3; ++i) BOOST_REQUIRE(first.brakes().wait_until_held({1, i}));
            first.begin_checkpoint(1);
            first.brakes().release();
            BOOST_REQUIRE(first.wait_until_complete(1));
            first.keep(1);
            first.kill();
            read_before = lines_read(first, 2);
        }
        cluster second(word_count(words.in.path, out.path, then.sources, then.counters, then.writers, 3),
                       {.workers = then.workers,
                        .slots = 4,
                        .generation = 2,
                        .restore = checkpoint_name{{1}, {1}},
                        .states = states.path});
        BOOST_REQUIRE_MESSAGE(second.begin().wait_until_finished(), second.heard().failures());
        check_equal(read_counts(out.path / "2"), words.expected);
        BOOST_CHECK_NE(second.all_log().find("restored from epoch 1: source 1-0 reads on in split "),
                       std::string::npos);
        BOOST_CHECK_GT(read_before, 0);
        std::uint64_t lines = 0;
        for (const auto& each : std::filesystem::directory_iterator(words.in.path)) {
            std::ifstream in(each.path());
            for (std::string line; std::getline(in, line);) lines += 3;
        }
        BOOST_CHECK_LT(lines_read(second, then.workers), lines);  // it did not begin anew
    }
}

BOOST_AUTO_TEST_CASE(finished_subtasks_answer_a_later_barrier_with_their_last_state_J1) {
    const input words(2, 3'000);
    const directory out, states;
    {
        cluster first(word_count(words.in.path, out.path, 2, 2, 2), {.states = states.path});
        BOOST_REQUIRE(first.begin().wait_until_finished());
        first.begin_checkpoint(5);
        BOOST_REQUIRE(first.wait_until_complete(5));
        first.begin_checkpoint(6);
        BOOST_REQUIRE(first.wait_until_complete(6));
        first.keep(6);
    }
    cluster second(word_count(words.in.path, out.path, 3, 3, 3),
                   {.slots = 2, .generation = 7, .restore = checkpoint_name{{6}, {1}}, .states = states.path});
    BOOST_REQUIRE_MESSAGE(second.begin().wait_until_finished(), second.heard().failures());
    check_equal(read_counts(out.path / "7"), words.expected);
    BOOST_CHECK_EQUAL(lines_read(second, 2), 0);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_complete_while_some_sources_have_ended_and_others_have_not_J1) {
    const input words(2, 30'000);
    const directory out, states;
    {
        cluster first(word_count(words.in.path, out.path, 4, 2, 2), {.slots = 4, .states = states.path});
        first.brakes().hold({1, 1}, 1);  // subtasks 2 and 3 have no split, 0 reads its own
        first.begin();
        BOOST_REQUIRE(first.heard().wait([](const hearing& h) { return h.count<subtask_finished>() == 3; }));
        BOOST_REQUIRE(first.brakes().wait_until_held({1, 1}));
        first.begin_checkpoint(1);
        BOOST_REQUIRE(first.heard().wait([](const hearing& h) { return h.states(1).size() == 3; }));
        first.brakes().release();
        BOOST_REQUIRE(first.wait_until_complete(1));
        first.keep(1);
    }
    cluster second(word_count(words.in.path, out.path, 4, 2, 2),
                   {.slots = 4, .generation = 2, .restore = checkpoint_name{{1}, {1}}, .states = states.path});
    BOOST_REQUIRE_MESSAGE(second.begin().wait_until_finished(), second.heard().failures());
    check_equal(read_counts(out.path / "2"), words.expected);
}

BOOST_AUTO_TEST_CASE(a_slow_subtask_holds_the_checkpoint_up_and_spoils_nothing) {
    const input words(4, 20'000);
    const directory out, states;
    {
        cluster first(word_count(words.in.path, out.path, 4, 4, 4), {.slots = 2, .states = states.path});
        first.brakes().hold({2, 3}, 1);
        first.begin();
        BOOST_REQUIRE(first.brakes().wait_until_held({2, 3}));
        first.begin_checkpoint(1);
        first.begin_checkpoint(2);  // overtakes, wherever the first has not been seen yet
        first.brakes().release();
        BOOST_REQUIRE(first.wait_until_complete(2));
        first.keep(2);
    }
    cluster second(word_count(words.in.path, out.path, 4, 4, 4),
                   {.slots = 2, .generation = 2, .restore = checkpoint_name{{2}, {1}}, .states = states.path});
    BOOST_REQUIRE_MESSAGE(second.begin().wait_until_finished(), second.heard().failures());
    check_equal(read_counts(out.path / "2"), words.expected);
}

BOOST_AUTO_TEST_CASE(a_subtask_that_takes_nothing_slows_its_sources_and_memory_stays_bounded) {
    const input words(2, 40'000, 20);
    const directory out;
    cluster all(word_count(words.in.path, out.path, 2, 2, 2, 20), {.workers = 2, .slots = 1});
    all.brakes().hold({2, 0});
    all.brakes().hold({2, 1});
    all.begin();
    BOOST_REQUIRE(all.brakes().wait_until_held({2, 0}));
    BOOST_REQUIRE(all.brakes().wait_until_held({2, 1}));
    // Each source comes to wait for a credit: what it has sent does not change any more.
    const auto waits = [&](std::size_t worker) {
        for (const node_counters& each : all[worker].counters())
            if (each.node.value == 1 and each.backpressure > 900) return true;
        return false;
    };
    const auto until = std::chrono::steady_clock::now() + patience;
    while ((not waits(0) or not waits(1)) and std::chrono::steady_clock::now() < until) std::this_thread::yield();
    BOOST_REQUIRE(waits(0) and waits(1));
    const std::uint64_t before = lines_read(all, 2);
    // 4 channels between the nodes, each with as many batches as it has credits.
    const std::size_t most = 4 * dataflow::channel_window * (dataflow::batch_bytes(6) + 1'024);
    BOOST_CHECK_GT(all[0].queued_bytes() + all[1].queued_bytes(), 0);
    BOOST_CHECK_LE(all[0].queued_bytes() + all[1].queued_bytes(), most);
    BOOST_CHECK_EQUAL(lines_read(all, 2), before);
    all.brakes().release();
    BOOST_REQUIRE(all.wait_until_finished());
    check_equal(read_counts(out.path / "1"), words.expected);
}

BOOST_AUTO_TEST_CASE(a_full_channel_does_not_stop_another_of_the_same_stream) {
    const input words(2, 60'000, 6);
    const directory out;
    const program two{
        .nodes = {made_node(1, 2, {reads(words.in.path, 6), splits}), made_node(2, 2, {writes(out.path)})},
        .edges = {{{1}, {2}, edge_kind::forward}}};
    cluster all(two, {0, 1}, {.slots = 2});
    all.brakes().hold({2, 0});
    all.begin();
    BOOST_REQUIRE(all.brakes().wait_until_held({2, 0}));
    BOOST_REQUIRE(all.heard().wait([](const hearing& h) {
        bool is_finished = false;
        h.each<subtask_finished>([&](std::size_t, const subtask_finished& one) {
            if (one.node.value == 2 and one.subtask == 1) is_finished = true;
        });
        return is_finished;
    }));
    all.brakes().release();
    BOOST_REQUIRE(all.wait_until_finished());
}

BOOST_AUTO_TEST_CASE(a_worker_with_another_data_token_is_refused_G3) {
    const input words(2, 1'000);
    const directory out;
    cluster all(word_count(words.in.path, out.path, 2, 2, 2), {.slots = 1, .strangers = true});
    all.begin();
    BOOST_REQUIRE(all.heard().wait([](const hearing& h) { return h.count<task_failure>() == 2; }));
    BOOST_CHECK_NE(all.heard().failures().find("the token is not this generation's"), std::string::npos);
    all.kill();
    all.heard().each<subtask_started>([](std::size_t, const subtask_started&) { BOOST_ERROR("a subtask started"); });
    const std::string told = all.heard().failures() + all.all_log();
    for (const std::string_view token :
         {"\1", "\7", "\\x01", "\\x07", "01", "07"}) {  // of 32 bytes, escaped, and as digits (I17)
        std::string whole;
        for (int i = 0; i < 32; ++i) whole += token;
        BOOST_CHECK_MESSAGE(told.find(whole) == told.npos, told);
    }
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_lost_is_a_failure_and_one_that_is_stopped_is_none_J2) {
    for (const bool force : {true, false}) {
        const input words(2, 60'000, 10);
        const directory out;
        cluster all(word_count(words.in.path, out.path, 2, 2, 2, 10), {.slots = 1});
        all.brakes().hold({1, 0}, 1);
        all.begin();
        BOOST_REQUIRE(all.wait_until_started());
        BOOST_REQUIRE(all.brakes().wait_until_held({1, 0}));
        all[1].stop(force);
        if (force) {
            BOOST_REQUIRE(all.heard().wait([](const hearing& h) { return h.count<task_failure>() > 0; }));
            BOOST_CHECK_NE(all.heard().failures().find("connection to worker 2"), std::string::npos);
        } else {
            BOOST_REQUIRE(all.heard().wait([](const hearing& h) { return h.count<engine_stopped>() == 1; }));
            all.brakes().release();
            all[0].stop(false);
            BOOST_REQUIRE(all.heard().wait([](const hearing& h) { return h.count<engine_stopped>() == 2; }));
            BOOST_CHECK_EQUAL(all.heard().failures(), "");
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_written_or_reported_once_a_forced_stop_returned_G7) {
    const input words(2, 5'000);
    const directory out, states;
    cluster all(word_count(words.in.path, out.path, 2, 2, 2), {.slots = 1, .states = states.path});
    all.brakes().hold({1, 0}, 1);
    all.begin();
    BOOST_REQUIRE(all.brakes().wait_until_held({1, 0}));
    all.begin_checkpoint(1);
    all.kill();
    const auto count = [](const hearing& h) {
        return h.count<subtask_finished>() + h.count<subtask_checkpointed>() + h.count<task_failure>();
    };
    const std::size_t heard = count(all.heard());
    const counts found = read_counts(out.path / "1");
    all.begin_checkpoint(2);
    all[0].stop(false);
    all[0].stop(true);
    BOOST_CHECK_EQUAL(count(all.heard()), heard);
    BOOST_CHECK(read_counts(out.path / "1") == found);
    BOOST_CHECK(all.heard().states(2).empty());
}

BOOST_AUTO_TEST_CASE(lines_of_any_length_up_to_the_limit_are_read_and_a_longer_one_fails_its_subtask) {
    for (const std::size_t length : {std::size_t{65'535}, std::size_t{65'536}, dataflow::longest_text}) {
        input words(1, 100);
        const std::string text = "first\n" + std::string(length, 'x') + "\n\nlast" + std::string(length - 4, 'y');
        write(words.in.path / "long", text);
        count_words(text, 1, words.expected);
        const directory out;
        cluster all(word_count(words.in.path, out.path, 2, 2, 2), {});
        BOOST_REQUIRE_MESSAGE(all.begin().wait_until_finished(), all.heard().failures());
        check_equal(read_counts(out.path / "1"), words.expected);
    }
    for (const char* const end : {"\n", ""}) {
        const input words(1, 100);
        write(words.in.path / "long", "first\n" + std::string(dataflow::longest_text + 1, 'x') + end);
        const directory out;
        cluster all(word_count(words.in.path, out.path, 2, 2, 2), {});
        all.begin();
        BOOST_REQUIRE(all.heard().wait([](const hearing& h) { return h.count<task_failure>() == 1; }));
        BOOST_CHECK_NE(all.heard().failures().find("long: the line at byte 6 is longer than 1048576 bytes"),
                       std::string::npos);
        all.heard().each<task_failure>([](std::size_t, const task_failure& one) { BOOST_TEST(not one.may_retry); });
    }
}

BOOST_AUTO_TEST_CASE(without_a_state_directory_a_checkpoint_fails_and_the_job_goes_on) {
    const input words(2, 2'000);
    const directory out;
    cluster all(word_count(words.in.path, out.path, 2, 2, 2), {});
    all.brakes().hold({1, 0});
    all.begin();
    BOOST_REQUIRE(all.brakes().wait_until_held({1, 0}));
    all.begin_checkpoint(1);
    all.brakes().release();
    BOOST_REQUIRE(all.wait_until_finished());
    BOOST_CHECK_GT(all.heard().count<checkpoint_failed>(), 0);
    check_equal(read_counts(out.path / "1"), words.expected);
}

BOOST_AUTO_TEST_CASE(damaged_missing_and_foreign_state_is_an_initialization_failure_that_names_it_S9) {
    const input words(2, 2'000);
    const directory out, states;
    const program what = word_count(words.in.path, out.path, 2, 2, 2);
    {
        cluster first(what, {.slots = 2, .states = states.path});
        BOOST_REQUIRE(first.begin().wait_until_finished());
        first.begin_checkpoint(1);
        BOOST_REQUIRE(first.wait_until_complete(1));
        first.keep(1);
    }
    const auto failure_of = [&](const program& again, checkpoint_name from) {
        cluster second(again, {.slots = 2, .generation = 2, .restore = from, .states = states.path});
        second.begin();
        BOOST_REQUIRE(second.heard().wait([](const hearing& h) { return not h.failures().empty(); }));
        return second.heard().failures();
    };
    const auto check_says = [](const std::string& text, const std::string& part) {
        BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, text + " does not say: " + part);
    };
    check_says(failure_of(what, {{9}, {1}}), "checkpoint of epoch 9, generation 1: it is not in this directory");

    program other = what;
    other.nodes[1].operators[0].id = {"renamed"};
    check_says(failure_of(other, {{1}, {1}}), "node 2: the checkpoint has state of operator \"2-0\", which is gone");

    other = what;
    other.nodes[2].id = {8};
    other.edges[1].to = {8};
    check_says(failure_of(other, {{1}, {1}}), "it has state of node 3, which is gone");

    write(words.in.path / "one-more", "word\n");
    check_says(failure_of(what, {{1}, {1}}), "are not those that were read when the checkpoint was taken");
    std::filesystem::remove(words.in.path / "one-more");

    const auto folder = filesystem::checkpoint_folder(states.path, {"words"}, {{1}, {1}});
    write(folder / "3-0", "something else");
    check_says(failure_of(what, {{1}, {1}}), "3-0 is damaged");
    std::filesystem::remove(folder / "3-0");
    check_says(failure_of(what, {{1}, {1}}), "node 3, operators \"3-0\", subtask 0 of epoch 1: cannot read");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_run_is_an_initialization_failure_that_names_node_operator_and_value_S14) {
    const input words(1, 10);
    const directory out;
    struct bad {
        program what;
        std::string says;
    };
    const std::string from = words.in.path.string();
    const auto with = [&](std::size_t node, const std::string& what) {
        program made = word_count(words.in.path, out.path, 1, 1, 1);
        made.nodes[node].operators.back().what = what;
        return made;
    };
    program forward = word_count(words.in.path, out.path, 1, 1, 1);
    forward.edges[0].kind = edge_kind::forward;
    const bad all[]{
        {with(1, R"({"type":"guess"})"), "node 2, operator \"2-0\": unknown type \"guess\""},
        {with(1, "count"), "node 2, operator \"2-0\": its configuration is no JSON object"},
        {with(1, "{}"), "node 2, operator \"2-0\": \"type\" is missing"},
        {with(1, R"({"type":"count_by_key","window":5})"), "node 2, operator \"2-0\": unknown value \"window\""},
        {with(2, R"({"type":"write_counts"})"), "node 3, operator \"3-0\": \"directory\" is missing"},
        {with(2, R"({"type":"write_counts","directory":5})"), "node 3, operator \"3-0\": \"directory\": 5 is no text"},
        {with(2, R"({"type":"write_counts","directory":")" + from + "/file-0\"}"),
         "node 3, operator \"3-0\": cannot make directory"},
        {with(0, R"({"type":"read_files","directory":")" + from + "\"}"), "node 1, operator \"1-1\": read_files reads"},
        {word_count(words.in.path, out.path, 1, 1, 1, 0), "node 1, operator \"1-0\": \"repeat\": 0 is no whole number"},
        {word_count(words.in.path / "nowhere", out.path, 1, 1, 1), "nowhere: No such file or directory"},
        {with(2, R"({"type":"split_words"})"), "node 3, operator \"3-0\": nothing takes what it hands on"},
        {with(1, writes(out.path)), "node 2, operator \"2-0\": write_counts hands nothing on"},
        {forward, "node 2, operator \"2-0\": count_by_key must be first in its node and fed by shuffle edges only"},
    };
    for (const bad& each : all) {
        cluster one(each.what, {.workers = 1, .slots = 1});
        one.begin();
        BOOST_REQUIRE(one.heard().wait([](const hearing& h) { return h.count<engine_initialized>() == 1; }));
        const std::string said = one.heard().failures();
        BOOST_CHECK_MESSAGE(said.find(each.says) != std::string::npos, said + " does not say: " + each.says);
        BOOST_CHECK_EQUAL(one.heard().count<subtask_started>(), 0);
        one.heard().each<engine_initialized>(
            [](std::size_t, const engine_initialized& how) { BOOST_CHECK(not how.may_retry); });
    }
}

BOOST_AUTO_TEST_SUITE_END()
