// SPDX-License-Identifier: BSL-1.0
#include <headgate/concepts/held_completion.hpp>
#include <headgate/controller/history.hpp>
#include <headgate/controller/leases.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/controller/metrics.hpp>
#include <headgate/controller/roll_call.hpp>
#include <headgate/controller/standing_call.hpp>
#include <headgate/controller/streams.hpp>
#include <headgate/simulation/secrets.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr instant start{1'000'000ms};
constexpr incarnation us{{1, 1}}, them{{2, 2}}, others{{3, 3}};

// Leases --------------------------------------------------------------------------------------------------------------

struct watched_leases {
    leases value{};
    instant now = start;
    std::uint64_t theirs = 1;
    bool is_gone = false;

    void sees() {
        const std::vector<controller_seen> all{{us, static_cast<std::uint64_t>(now.time_since_epoch().count())},
                                               {them, theirs, is_gone}};
        value.saw(all, now, 6s);
    }
    void passes(duration length) {
        for (const instant end = now + length; now < end;) {
            now += 1s;
            sees();
        }
    }
    bool is_over(const incarnation& owner) { return value.is_over(owner, now, 30s, 5s); }
};

BOOST_AUTO_TEST_CASE(a_job_without_an_owner_is_free_and_before_the_first_look_no_other_is_G5) {
    watched_leases l;
    BOOST_TEST((l.is_over({}) and not l.is_over(them) and not l.value.has_looked()));
    l.sees();
    BOOST_TEST((l.value.has_looked() and not l.is_over(them)));
}

BOOST_AUTO_TEST_CASE(who_is_gone_all_at_once_after_a_short_cut_has_five_seconds_from_then_G5_T5) {
    watched_leases l;
    l.sees();
    l.now += 5'500ms;  // the observer's own connection was made anew; too short to count as cut off
    l.is_gone = true;
    l.sees();
    BOOST_TEST(not l.is_over(them), "it may be on its way back, as this observer was");
    l.passes(4s);
    BOOST_TEST(not l.is_over(them));
    l.passes(1s);
    BOOST_TEST(l.is_over(them));
}

BOOST_AUTO_TEST_CASE(who_is_said_to_be_gone_late_is_over_with_its_lease_all_the_same_G5) {
    watched_leases l;
    l.sees();
    l.passes(28s);
    l.is_gone = true;
    l.passes(1s);
    BOOST_TEST(not l.is_over(them));
    l.passes(1s);
    BOOST_TEST(l.is_over(them));
}

BOOST_AUTO_TEST_CASE(an_owner_that_the_database_does_not_know_may_have_come_since_the_last_look_G5) {
    watched_leases l;
    l.sees();
    BOOST_TEST(not l.is_over(others), "asked about for the first time");
    l.passes(4s);
    BOOST_TEST(not l.is_over(others));
    l.passes(1s);
    BOOST_TEST(l.is_over(others), "unknown for as long as one that is gone");
}

BOOST_AUTO_TEST_CASE(an_owner_is_gone_when_its_counter_did_not_move_for_the_lease_G5) {
    watched_leases l;
    l.sees();
    l.passes(29s);
    BOOST_TEST(not l.is_over(them));
    l.passes(1s);
    BOOST_TEST(l.is_over(them));
    ++l.theirs;
    l.passes(1s);
    BOOST_TEST(not l.is_over(them));
}

BOOST_AUTO_TEST_CASE(a_counter_that_moves_keeps_the_lease_G5) {
    watched_leases l;
    for (int i = 0; i < 100; ++i) {
        ++l.theirs;
        l.passes(29s);
        BOOST_TEST(not l.is_over(them));
    }
}

BOOST_AUTO_TEST_CASE(a_database_that_can_tell_shortens_the_wait_G5) {
    watched_leases l;
    l.is_gone = true;
    l.sees();
    l.passes(4s);
    BOOST_TEST(not l.is_over(them));
    l.passes(1s);
    BOOST_TEST(l.is_over(them));
}

BOOST_AUTO_TEST_CASE(an_observer_that_was_cut_off_begins_a_full_lease_when_it_is_back_G5_T5) {
    watched_leases l;
    l.sees();
    l.passes(25s);
    l.now += 1h;
    BOOST_TEST(not l.is_over(them), "cut off now: only time with successful reads counts");
    l.sees();
    BOOST_TEST(not l.is_over(them));
    l.passes(29s);
    BOOST_TEST(not l.is_over(them));
    l.passes(1s);
    BOOST_TEST(l.is_over(them));
}

// Standing calls ------------------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_standing_call_is_due_at_first_when_answered_and_when_overdue) {
    standing_call call;
    BOOST_TEST(call.is_due(start));
    const ticket first = call.ask(start + 10s);
    BOOST_TEST((not call.is_due(start + 9s) and call.is_due(start + 10s) and call.deadline() == start + 10s));
    BOOST_TEST(call.answer(first, start + 2s));
    BOOST_TEST((not call.is_due(start + 1s) and call.is_due(start + 2s)));
    const ticket second = call.ask(start + 12s);
    BOOST_TEST(not call.answer(first, start), "a late answer is stale");
    BOOST_TEST((not call.is_due(start + 11s) and call.answer(second, start + 3s)));
}

BOOST_AUTO_TEST_CASE(a_standing_call_says_why_it_was_in_vain_until_it_is_not) {
    standing_call call;
    const error away{.kind = error_kind::database, .text = "away"};
    BOOST_TEST(not call.trouble());
    const ticket first = call.ask(start);
    BOOST_TEST((call.answer(first, start, away) and call.trouble() == away));
    const ticket second = call.ask(start);
    BOOST_TEST((not call.answer(first, start) and call.trouble() == away), "a late answer is stale");
    BOOST_TEST((call.answer(second, start) and not call.trouble()));
    call.ask(start + 1s);
    BOOST_TEST(not call.trouble());
    const ticket again = call.ask(start + 2s);
    BOOST_TEST((call.trouble() and call.trouble()->text == "no answer in time"));
    BOOST_TEST((call.answer(again, start) and not call.trouble()));
}

// Metrics -------------------------------------------------------------------------------------------------------------

/// Of two nodes, 1 and 2, and 4 subtasks.
job counted_job(generation present) {
    job known;
    known.next.generation = present;
    known.tasks = task_board(program{.nodes = {{.id = {1}, .parallelism = 2, .operators = {}},
                                               {.id = {2}, .parallelism = 2, .operators = {}}},
                                     .edges = {}});
    return known;
}

BOOST_AUTO_TEST_CASE(metrics_are_sums_over_workers_of_the_newest_word_of_each_S15) {
    const job known = counted_job({1});
    metrics_of_job m;
    BOOST_TEST((m.sum(known) == job_metrics{.generation = {1}}));
    m.heard(known, {1},
            {{.node = {2}, .records_in = 5, .records_out = 1, .bytes_in = 50, .bytes_out = 7, .backpressure = 300},
             {.node = {1}, .records_in = 9}});
    m.heard(known, {0}, {{.node = {2}, .records_in = 7, .backpressure = 200}});
    m.heard(known, {0}, {{.node = {2}, .records_in = 8, .backpressure = 100}});
    const job_metrics sum = m.sum(known);
    BOOST_REQUIRE(sum.nodes.size() == 2u);
    BOOST_TEST((sum.generation == generation{1} and sum.nodes[0].node == node_id{1} and sum.nodes[0].records_in == 9u));
    BOOST_TEST(
        (sum.nodes[1] ==
         node_counters{
             .node = {2}, .records_in = 13, .records_out = 1, .bytes_in = 50, .bytes_out = 7, .backpressure = 300}));
}

BOOST_AUTO_TEST_CASE(metrics_begin_anew_with_each_generation_S15) {
    const job second = counted_job({2}), third = counted_job({3});
    metrics_of_job m;
    m.heard(second, {0}, {{.node = {1}, .records_in = 5}});
    BOOST_TEST((m.sum(second).nodes == std::vector<node_counters>{{.node = {1}, .records_in = 5}}));
    BOOST_TEST((m.sum(third) == job_metrics{.generation = {3}}));
    m.heard(third, {1}, {});
    BOOST_TEST(m.sum(third).nodes.empty());
}

BOOST_AUTO_TEST_CASE(what_hostile_workers_count_is_bounded_by_their_job_I16) {
    const job known = counted_job({1});
    metrics_of_job m;
    std::vector<node_counters> all;
    for (std::uint32_t id = 100'000; id > 0; --id) all.push_back({.node = {id}, .records_in = 1});
    m.heard(known, {0}, all);
    m.heard(known, {0}, {{.node = {2}, .records_in = 3}, {.node = {2}, .records_in = 4}, {.node = {3}}});
    BOOST_TEST((m.sum(known).nodes == std::vector<node_counters>{{.node = {2}, .records_in = 3}}), "once a node");
    for (std::uint32_t worker = 0; worker < 100; ++worker) m.heard(known, {worker}, all);
    const std::vector<node_counters> two_each{{.node = {1}, .records_in = 2}, {.node = {2}, .records_in = 2}};
    BOOST_TEST((m.sum(known).nodes == two_each), "4 counters of 4 subtasks");
}

BOOST_AUTO_TEST_CASE(a_jobs_metrics_have_its_restarts_and_checkpoint_times_and_are_of_the_present_generation_S15) {
    job known = counted_job({1});
    metrics_of_job m;
    m.heard(known, {0}, {{{1}, 10, 20, 30, 40, 5}});
    known.next.restarts = 3;
    known.checkpointed = {.count = 2, .newest = {7}};
    BOOST_TEST((m.sum(known).restarts == 3u and m.sum(known).checkpoints == known.checkpointed));
    BOOST_TEST(m.sum(known).nodes.size() == 1u);
    known.next.generation = {2};
    BOOST_TEST((m.sum(known).nodes.empty() and m.sum(known).generation == generation{2}));
}

// History -------------------------------------------------------------------------------------------------------------

note told(std::string text) { return remark{remark::severity::info, std::move(text)}; }

BOOST_AUTO_TEST_CASE(lines_are_kept_until_they_are_stored_and_told_once_at_a_time) {
    history h;
    BOOST_TEST((h.is_empty() and h.deadline() == never));
    h.add({1}, told("one"));
    BOOST_TEST((h.deadline() <= start));
    const ticket first = h.ask(start + 10s);
    BOOST_TEST((h.lines().size() == 1u and h.deadline() == start + 10s));
    h.add({2}, told("two"));
    BOOST_TEST((h.deadline() == start + 10s), "one call at a time");
    h.stored(first, start);
    BOOST_TEST((h.deadline() <= start));
    BOOST_TEST((h.lines().size() == 1u and h.lines()[0].text == "two" and h.lines()[0].generation == generation{2}));
    const ticket second = h.ask(start + 10s);
    h.not_stored(second, start + 2s);
    BOOST_TEST((h.deadline() == start + 2s and h.lines().size() == 1u));
    h.stored(h.ask(start + 10s), start);
    BOOST_TEST(h.is_empty());
}

BOOST_AUTO_TEST_CASE(lines_whose_answer_was_lost_are_told_again_and_a_late_answer_takes_none_away_G6) {
    history h;
    h.add({1}, told("one"));
    const ticket lost = h.ask(start + 10s);
    BOOST_TEST((h.deadline() == start + 10s));
    const ticket again = h.ask(start + 20s);
    h.stored(lost, start + 11s);
    BOOST_TEST((h.lines().size() == 1u and h.deadline() == start + 20s));
    h.stored(again, start + 12s);
    BOOST_TEST((h.is_empty() and h.deadline() == never));
}

BOOST_AUTO_TEST_CASE(a_history_is_bounded_while_the_database_is_away_and_says_what_is_missing) {
    history h;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 400; ++i) h.add({1}, told(std::to_string(round * 400 + i)));
        const ticket telling = h.ask(start + 10s);
        BOOST_TEST(h.lines().size() <= 500u);
        if (round < 2) h.add({1}, told("while it is on its way"));
        if (round < 2) h.not_stored(telling, start + 2s);
    }
    BOOST_TEST(h.lines().back().text == "1199");
    BOOST_TEST(h.lines().front().text == "(earlier lines were left out)");
    // All five hundred are on their way, and more come.
    const ticket telling = h.ask(start + 20s);
    for (int i = 0; i < 1'000; ++i) h.add({1}, told("new " + std::to_string(i)));
    h.stored(telling, start);
    BOOST_TEST((h.lines().size() <= 500u and h.lines().back().text == "new 999"));
}

// Mailbox -------------------------------------------------------------------------------------------------------------

using numbers = mailbox<std::pair<std::uint32_t, std::uint32_t>>;

std::vector<std::pair<std::uint32_t, std::uint32_t>> all_of(numbers& box) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> taken;
    while (box.take(taken, 100)) {
    }
    return taken;
}

// More than fit, so that whoever posts has to wait for whoever takes.
BOOST_AUTO_TEST_CASE(mail_from_many_threads_comes_whole_and_in_the_order_of_each) {
    constexpr std::uint32_t threads = 4, each = 30'000;
    static_assert(threads * each > of_one_origin::most);
    numbers box;
    std::atomic<int> woken = 0;
    box.on_wake([&] { ++woken; });
    std::vector<std::thread> posting;
    for (std::uint32_t t = 0; t < threads; ++t)
        posting.emplace_back([&, t] {
            for (std::uint32_t i = 0; i < each; ++i) box.post({t, i});
        });
    std::vector<std::uint32_t> next(threads, 0);
    bool is_in_order = true;
    for (std::uint32_t seen = 0; seen < threads * each;)
        for (const auto& [thread, number] : all_of(box)) {
            is_in_order = is_in_order and number == next[thread]++;
            ++seen;
        }
    for (std::thread& one : posting) one.join();
    BOOST_TEST((is_in_order and woken.load() >= 1 and all_of(box).empty()));
}

BOOST_AUTO_TEST_CASE(a_wake_comes_with_the_first_item_and_nothing_is_kept_after_the_end) {
    numbers box;
    int woken = 0;
    box.post({});
    box.on_wake([&] { ++woken; });
    BOOST_TEST(woken == 1, "there was something already");
    box.post({});
    BOOST_TEST((woken == 1 and all_of(box).size() == 2u));
    box.post({});
    box.post({});
    BOOST_TEST(woken == 2);
    box.wake();
    BOOST_TEST(woken == 3);
    box.close();
    box.post({});
    box.wake();
    BOOST_TEST((woken == 3 and all_of(box).empty()));
}

BOOST_AUTO_TEST_CASE(whoever_polls_does_not_wait_for_itself_and_after_the_end_nobody_waits) {
    numbers box;
    all_of(box);
    for (std::uint32_t i = 0; i < of_one_origin::most + 10; ++i) box.post({0, i});
    BOOST_TEST(all_of(box).size() == of_one_origin::most + 10);
    box.let_go();
    std::thread other([&] {
        for (std::uint32_t i = 0; i < of_one_origin::most + 10; ++i) box.post({1, i});
    });
    other.join();
    BOOST_TEST(all_of(box).size() == of_one_origin::most);
}

static_assert(completion_for<into_mailbox<start_workers>, start_workers>);
static_assert(not completion_for<into_mailbox<start_workers>, stop_workers>);
static_assert(not std::invocable<into_mailbox<start_workers>, worker_id>);
static_assert(not std::constructible_from<held_completion<start_workers>, into_mailbox<stop_workers>>);

BOOST_AUTO_TEST_CASE(a_completion_posts_its_answer_with_its_ticket_and_does_nothing_after_the_end) {
    const auto box = std::make_shared<controller_mailbox>();
    const into_mailbox<stop_workers> done{{.attempt = {3}}, {5}, box};
    done(7u);
    std::vector<mail> all;
    BOOST_TEST(not box->take(all, 10));
    const auto& one = std::get<job_mail>(all.at(0));
    BOOST_TEST((one.job == job_handle{5} and std::get<answered<stop_workers>>(one.event).to.attempt == attempt{3}));
    box->close();
    done(7u);
    BOOST_TEST((not box->take(all, 10) and all.size() == 1u));
}

stream_event said(std::uint64_t stream, worker_message what) { return {{stream}, "127.0.0.1", std::move(what)}; }
mail answer_for(std::uint64_t job) { return job_mail{{job}, tick{}}; }

BOOST_AUTO_TEST_CASE(a_newer_heartbeat_or_report_takes_the_place_of_one_that_waits_by_worker_and_kind_SPEC_10) {
    controller_mailbox box;
    for (std::uint64_t i = 1; i <= 5'000; ++i) {
        for (const std::uint64_t stream : {7u, 8u}) box.post(said(stream, heartbeat{.sequence = i}));
        box.post(said(7, task_report{.started = {{{1}, 0, static_cast<std::uint32_t>(i)}}}));
    }
    box.post(said(7, checkpoint_report{.epoch = {1}}));
    box.post(said(7, checkpoint_report{.epoch = {2}}));
    std::vector<mail> all;
    while (box.take(all, 100)) {
    }
    BOOST_REQUIRE(all.size() == 5u);
    const auto heard = [&](std::size_t i) { return std::get<worker_message>(std::get<stream_event>(all[i]).what); };
    BOOST_TEST((std::get<heartbeat>(heard(0)).sequence == 5'000u and std::get<heartbeat>(heard(1)).sequence == 5'000u));
    BOOST_TEST(std::get<task_report>(heard(2)).started.front().last == 5'000u);
    BOOST_TEST((std::get<checkpoint_report>(heard(3)).epoch == epoch{1}));
    box.post(said(7, heartbeat{.sequence = 9}));
    all.clear();
    box.take(all, 100);
    BOOST_TEST(all.size() == 1u, "what was taken is not replaced");
}

// Only the other job's sender waits, so this one ends.
BOOST_AUTO_TEST_CASE(senders_of_a_job_wait_at_its_1024_control_messages_and_those_of_others_do_not_SPEC_10_L5) {
    controller_mailbox box;
    constexpr std::size_t count = 3 * sorted_mail::most;
    static_assert(sorted_mail::most == 1'024);
    std::atomic<std::size_t> posted = 0;
    std::thread flood([&] {
        for (std::size_t i = 0; i < count; ++i, ++posted) box.post(answer_for(1));
    });
    while (posted < sorted_mail::most) std::this_thread::yield();
    std::thread unhindered([&] {
        for (std::uint64_t i = 0; i < sorted_mail::most; ++i) {
            box.post(answer_for(2));
            box.post(said(7, initialized{}));
            box.post(said(1, heartbeat{.sequence = i}));
        }
    });
    unhindered.join();
    BOOST_TEST(posted == sorted_mail::most);
    std::vector<mail> all;
    while (all.size() < count + 2 * sorted_mail::most + 1) box.take(all, 100);
    flood.join();
    BOOST_TEST((not box.take(all, 100) and all.size() == count + 2 * sorted_mail::most + 1));
}

std::size_t place_of(const std::vector<mail>& all, std::uint64_t job) {
    return static_cast<std::size_t>(std::ranges::find_if(all,
                                                         [&](const mail& one) {
                                                             const auto* const its = std::get_if<job_mail>(&one);
                                                             return its and its->job == job_handle{job};
                                                         }) -
                                    all.begin());
}

BOOST_AUTO_TEST_CASE(lines_of_jobs_take_turns_so_that_a_long_one_keeps_no_other_waiting_L5) {
    controller_mailbox box;
    for (int i = 0; i < 1'000; ++i) box.post(answer_for(1));
    box.post(answer_for(2));
    std::vector<mail> all;
    BOOST_TEST(box.take(all, 64));
    BOOST_TEST((all.size() == 64u and place_of(all, 2) == sorted_mail::turn));
    box.post(answer_for(3));
    all.clear();
    BOOST_TEST(box.take(all, 64));
    BOOST_TEST(place_of(all, 3) == sorted_mail::turn, "not behind all that was there before");
    while (box.take(all, 64)) {
    }
    BOOST_TEST(all.size() == 1'002u - 64u);
}

BOOST_AUTO_TEST_CASE(streams_of_proven_workers_wait_in_the_line_of_their_job_and_all_others_in_one_L5) {
    controller_mailbox box;
    for (std::uint64_t i = 0; i < 1'000; ++i) box.put(sorted_mail::stream({i}), sorted_mail::job({1}));
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        box.post(said(i, initialized{}));
        box.post(said(5'000 + i, hello{}));
    }
    box.post(answer_for(1));
    box.post(answer_for(2));
    std::vector<mail> all;
    box.take(all, 64);
    BOOST_TEST(place_of(all, 2) == 2 * sorted_mail::turn);
    while (box.take(all, 64)) {
    }
    std::vector<std::uint64_t> proven;
    for (std::size_t i = 0; i < place_of(all, 1); ++i)
        if (const auto* const heard = std::get_if<stream_event>(&all[i]); heard and heard->stream.value < 1'000)
            proven.push_back(heard->stream.value);
    BOOST_TEST((proven.size() == 1'000u and std::ranges::is_sorted(proven)), "and in the order in which they came");

    box.leave(sorted_mail::stream({7}));
    box.post(said(7, initialized{}));
    box.post(said(8, initialized{}));
    for (std::size_t i = 0; i < sorted_mail::turn; ++i) box.post(said(9'000, initialized{}));
    all.clear();
    box.take(all, 64);
    BOOST_TEST((std::get<stream_event>(all[sorted_mail::turn]).stream == stream_id{8}),
               "7 is in no job's line any more");
}

BOOST_AUTO_TEST_CASE(how_many_of_one_origin_may_wait_is_chosen_at_run_time_SPEC_10) {
    controller_mailbox box(2);
    box.let_go();
    for (int i = 0; i < 5; ++i) {
        box.post(answer_for(1));
        box.post(said(7, initialized{}));
    }
    std::vector<mail> all;
    box.take(all, 100);
    BOOST_TEST(all.size() == 4u);
}

// With ThreadSanitizer it shows that the place of a waiting item is kept under the lock.
BOOST_AUTO_TEST_CASE(many_threads_replace_and_one_takes_and_the_newest_of_each_is_never_lost_SPEC_10) {
    controller_mailbox box;
    constexpr std::uint64_t threads = 4, each = 5'000;
    std::vector<std::thread> posting;
    for (std::uint64_t t = 0; t < threads; ++t)
        posting.emplace_back([&, t] {
            for (std::uint64_t i = 1; i <= each; ++i) {
                box.post(said(t, heartbeat{.sequence = i}));
                if (i % 10 == 0) box.post(said(t, initialized{}));
            }
        });
    std::vector<std::uint64_t> newest(threads, 0);
    std::size_t control = 0;
    bool is_in_order = true;
    while (control < threads * each / 10 or std::ranges::any_of(newest, [&](std::uint64_t n) { return n < each; })) {
        std::vector<mail> all;
        box.take(all, 50);
        for (const mail& one : all) {
            const auto& heard = std::get<stream_event>(one);
            const auto* const beat = std::get_if<heartbeat>(&std::get<worker_message>(heard.what));
            control += beat == nullptr;
            if (not beat) continue;
            is_in_order = is_in_order and beat->sequence > newest[heard.stream.value];
            newest[heard.stream.value] = beat->sequence;
        }
    }
    for (std::thread& one : posting) one.join();
    BOOST_TEST(is_in_order);
}

// Streams -------------------------------------------------------------------------------------------------------------

struct introduced {
    simulation::secrets with{7};
    digest256 token{};
    worker_identity granted{id_of({4}, {2}), 8};
    claiming claim{{}, {.job = {"job"}, .generation = {4}, .worker = granted.id, .incarnation = {{5, 5}}}, {}};
    proof shown{.profile = {.id = granted.id,
                            .incarnation = {{5, 5}},
                            .slots = 8,
                            .machine = {"m"},
                            .zone = {},
                            .rpc_address = "127.0.0.1:1",
                            .data_address = "127.0.0.1:2"}};

    introduced() {
        with.random(token);
        with.random(claim.said.nonce);
        with.random(claim.drawn);
        sign();
    }
    void sign() { shown.mac = proof_mac(with, token, claim.said, claim.drawn, shown.profile); }
    expected<session> proves() { return prove(with, claim, shown, token, granted, {77}, {}); }
};

BOOST_AUTO_TEST_CASE(a_proof_that_holds_makes_the_session_of_its_stream_G3) {
    introduced i;
    const auto as = i.proves();
    BOOST_REQUIRE(as.has_value());
    BOOST_TEST((*as == session{{4}, {2}, {77}}));
}

BOOST_AUTO_TEST_CASE(a_changed_field_nonce_token_or_code_proves_nothing_G3_I17) {
    const auto refuses = [](auto change) {
        introduced i;
        change(i);
        const auto as = i.proves();
        return not as and as.error().text.find("does not hold") != std::string::npos;
    };
    BOOST_TEST(refuses([](introduced& i) { i.shown.mac[31] ^= std::byte{1}; }));
    BOOST_TEST(refuses([](introduced& i) { i.token[0] ^= std::byte{1}; }));
    BOOST_TEST(refuses([](introduced& i) { i.claim.drawn[0] ^= std::byte{1}; }));
    BOOST_TEST(refuses([](introduced& i) { i.claim.said.nonce[0] ^= std::byte{1}; }));
    BOOST_TEST(refuses([](introduced& i) { i.claim.said.job.value = "joc"; }));
    BOOST_TEST(refuses([](introduced& i) { ++i.claim.said.generation.value; }));
    BOOST_TEST(refuses([](introduced& i) { i.shown.profile.slots = 4; }));
    BOOST_TEST(refuses([](introduced& i) { i.shown.profile.rpc_address = "10.0.0.1:1"; }));
    BOOST_TEST(refuses([](introduced& i) { i.shown.profile.data_address = "10.0.0.1:1"; }));
    BOOST_TEST(refuses([](introduced& i) { i.shown.profile.zone = "z"; }));
    BOOST_TEST(refuses([](introduced& i) { i.shown.profile.machine.value = "n"; }));
    BOOST_TEST(
        refuses([](introduced& i) { i.shown.mac = challenge_mac(i.with, i.token, i.claim.said, i.claim.drawn); }),
        "the other direction's code");
}

BOOST_AUTO_TEST_CASE(a_good_code_for_more_than_was_granted_is_refused_S11_I17) {
    const auto refused_for = [](auto change) {
        introduced i;
        change(i);
        i.sign();
        const auto as = i.proves();
        return as ? std::string() : as.error().text;
    };
    BOOST_TEST(refused_for([](introduced& i) { i.shown.profile.slots = 9; }).find("8 were granted") !=
               std::string::npos);
    BOOST_TEST(refused_for([](introduced& i) { i.shown.profile.slots = 0; }).find("no slots") != std::string::npos);
    BOOST_TEST(refused_for([](introduced& i) { ++i.shown.profile.id.value; }).find("different workers") !=
               std::string::npos);
    BOOST_TEST(refused_for([](introduced& i) { ++i.shown.profile.incarnation.value[0]; }).find("different workers") !=
               std::string::npos);
    BOOST_TEST(refused_for([](introduced& i) { i.shown.profile.rpc_address = "x"; }).find("rpc address") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(slots_are_taken_up_to_the_limit_and_no_more_whatever_was_granted_SPEC_10) {
    const worker_id id = id_of({1}, {0});
    worker_profile shown{.id = id, .slots = 65'536, .rpc_address = "10.0.0.1:1", .data_address = "10.0.0.1:2"};
    BOOST_TEST(check(shown, {.id = id, .slots = 65'537}).has_value());
    ++shown.slots;
    const auto refused = check(shown, {.id = id, .slots = 65'537});
    BOOST_TEST((not refused and refused.error().text == "65537 slots are offered, the limit is 65536"));
}

BOOST_AUTO_TEST_CASE(a_hello_is_looked_at_before_any_secret_is_G3_G4) {
    const hello good = introduced().claim.said;
    BOOST_TEST(fault_of(good, {}) == "");
    hello bad = good;
    bad.protocol = protocol_version + 1;
    BOOST_TEST(fault_of(bad, {}).find("use a worker of the controller's release") != std::string::npos);
    bad = good;
    bad.job.value.clear();
    BOOST_TEST(fault_of(bad, {}) != "");
    bad.job.value = std::string(65, 'x');
    BOOST_TEST(fault_of(bad, {}) != "");
    bad = good;
    bad.worker = id_of({5}, {2});
    BOOST_TEST(fault_of(bad, {}).find("generation") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_10000_jobs_each_is_called_once_in_a_round_a_few_at_a_time) {
    std::map<job_id, int> held;
    for (int i = 10'000; i < 20'000; ++i) held[{std::to_string(i)}];
    roll_call roll;
    std::size_t most = 0;
    instant now{};
    const auto for_a_round = [&] {
        for (int step = 0; step < 45; ++step, now += 2s) {
            std::size_t asked = 0;
            roll.call(held, now, 90s, 2s, [&](const job_id& one) { ++held[one], ++asked; });
            most = std::max(most, asked);
        }
    };
    for_a_round();
    BOOST_TEST(std::ranges::all_of(held, [](const auto& one) { return one.second == 1; }));
    held.erase({"15000"});
    held[{"15000x"}];
    for_a_round();
    BOOST_TEST(
        std::ranges::all_of(held, [](const auto& one) { return one.second == (one.first.value == "15000x" ? 1 : 2); }));
    BOOST_TEST(most <= 223u);
    roll_call never_asked;
    never_asked.call(held, now, duration::max(), 2s, [](const job_id&) { BOOST_ERROR("asked"); });
}

BOOST_AUTO_TEST_CASE(an_answer_of_the_roll_call_is_told_of_whom_and_when_it_was_asked_and_only_once) {
    roll_call roll;
    const ticket first = roll.asks({"a"}, instant(1s)), second = roll.asks({"b"}, instant(2s));
    const auto of_second = roll.answered(second);
    BOOST_TEST((of_second and of_second->job == job_id{"b"} and of_second->at == instant(2s)));
    BOOST_TEST((not roll.answered(second) and roll.answered(first)->job == job_id{"a"}));
    const ticket lost = roll.asks({"a"}, instant(3s));
    for (int i = 0; i < 4'096; ++i) roll.asks({"b"}, instant(4s));
    BOOST_TEST(not roll.answered(lost));
}

BOOST_AUTO_TEST_CASE(streams_are_found_by_id_and_what_they_are_may_change) {
    streams all;
    BOOST_TEST(not all.find({1}));
    all.put({1}, claiming{});
    BOOST_TEST(std::holds_alternative<claiming>(*all.find({1})));
    all.put({1}, proven{{3}, {}});
    BOOST_TEST((std::get<proven>(*all.find({1})).job == job_handle{3} and all.size() == 1u));
    all.remove({1});
    all.remove({1});
    BOOST_TEST((all.size() == 0u and not all.find({1})));
}

}  // namespace
