// SPDX-License-Identifier: BSL-1.0
#include "asked_for.hpp"

#include <headgate/vocabulary/note_text.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace headgate;
using namespace headgate::tests;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_CASE(who_is_nobody_or_of_another_generation_is_told_to_go_S11_G4, asked_for) {
    hello of_nothing = introduction(0, {{1, 1}});
    of_nothing.job = {"other"};
    BOOST_TEST((answer_to({10}, of_nothing) == "go" and is_closed({10})));
    hello older = introduction(0, {{1, 1}});
    older.generation = {7};
    older.worker = id_of({7}, {0});
    BOOST_TEST((answer_to({11}, older) == "go" and is_closed({11})));
    BOOST_TEST(controller.strangers() == 2u);
}

BOOST_FIXTURE_TEST_CASE(
    a_host_that_registers_too_often_is_hung_up_on_before_any_secret_is_used_and_others_are_not_G3_SPEC_10, asked_for) {
    std::uint64_t next = 10;
    const auto answer_to_hello = [&](const char* host) {
        const stream_id stream{next++};
        const std::uint64_t uses = secrets.uses;
        channel.say(stream, introduction(0, {{1, 1}}), host);
        controller.poll();
        const bool is_secret_used = secrets.uses != uses;
        if (channel.sent[stream].empty())
            return not is_closed(stream) ? "nothing" : is_secret_used ? "hung up after a code" : "hung up";
        if (not is_secret_used) return "no code was made";
        return std::holds_alternative<challenge>(channel.sent[stream].back()) ? "challenged" : "something else";
    };
    // As many at once as a machine full of workers (SPEC 10).
    for (std::uint32_t i = 0; i < limits{}.registrations_burst; ++i)
        BOOST_REQUIRE(std::string_view(answer_to_hello("10.0.0.1")) == "challenged");
    BOOST_TEST(answer_to_hello("10.0.0.1") == "hung up");
    BOOST_TEST(answer_to_hello("10.0.0.2") == "challenged");
    BOOST_TEST(controller.strangers() == 1u);
    // A thousand a second.
    clock.advance_to(clock.now() + 1ms);
    BOOST_TEST(answer_to_hello("10.0.0.1") == "challenged");
    BOOST_TEST(answer_to_hello("10.0.0.1") == "hung up");
}

BOOST_FIXTURE_TEST_CASE(a_worker_is_dialled_at_its_own_host_alone_G3, asked_for) {
    const auto from = [&](std::size_t number, stream_id stream, const char* address, const char* host) {
        worker_profile shown = profile(number, {{1, 1}});
        shown.rpc_address = address;
        return registers(number, stream, introduction(number, {{1, 1}}), shown, host);
    };
    BOOST_TEST(from(0, {20}, "10.0.0.2:7070", "10.0.0.1")
                   .starts_with("refused: it wants to be dialled at 10.0.0.2:7070 and comes from 10.0.0.1"));
    BOOST_TEST((controller.find(job)->job().workers.members()[0].phase == worker_phase::launched));
    BOOST_TEST(from(0, {21}, "[2001:db8::1]:7070", "2001:db8::1") == "accepted");
    BOOST_TEST(from(1, {22}, "localhost:7070", "::1") == "accepted");
}

static_assert(any_address{}("10.0.0.2:7070", "10.0.0.1"), "whoever knows better says so in policies{.address = ...}");
static_assert(not peers_own_host{}("10.0.0.1:1", "10.0.0.10") and not peers_own_host{}("10.0.0.10:1", "10.0.0.1") and
              not peers_own_host{}("", "10.0.0.1") and not peers_own_host{}("127.0.0.1:1", "10.0.0.1"));
static_assert(peers_own_host{}("127.0.0.2:1", "127.0.0.1") and not peers_own_host{}("127.example.org:1", "127.0.0.1"));

BOOST_AUTO_TEST_CASE(hosts_that_come_once_are_forgotten_and_of_too_many_the_rest_share_what_one_may_SPEC_10) {
    const limits most{.registrations_per_second = 10, .registrations_burst = 2};
    arrivals of;
    const instant start{};
    for (std::size_t i = 0; i < arrivals::most_networks; ++i)
        BOOST_REQUIRE(of.admit("host " + std::to_string(i), most, start));
    BOOST_TEST((of.admit("one more", most, start) and of.admit("another", most, start)));
    BOOST_TEST((not of.admit("a third", most, start) and of.networks() == arrivals::most_networks));
    BOOST_TEST(of.admit("host 7", most, start));
    BOOST_TEST(not of.admit("host 7", most, start));
    BOOST_TEST(of.admit("a third", most, start + 100ms));
    BOOST_TEST(of.networks() == 2u);
}

BOOST_AUTO_TEST_CASE(no_rate_is_more_than_was_said_and_this_machine_is_one_host_SPEC_10) {
    for (const std::uint32_t rate : {0u, 1u, 600u, 1'000u, 1'500u}) {
        const limits most{.registrations_per_second = rate, .registrations_burst = 1};
        arrivals of;
        std::uint32_t admitted = 0;
        for (duration after{}; after < 1s; after += 1ms)
            if (of.admit("127.0.0." + std::to_string(after.count() % 250), most, instant{} + after)) ++admitted;
        BOOST_TEST((admitted > 0 and admitted <= std::max(rate, 1u) and of.networks() == 1), rate << ": " << admitted);
    }
}

BOOST_AUTO_TEST_CASE(who_has_a_64_of_ipv6_may_as_much_as_one_host_and_its_neighbour_as_much_again_G3_SPEC_10) {
    const limits most{.registrations_per_second = 1, .registrations_burst = 2};
    arrivals of;
    const instant start{};
    const auto admits = [&](std::string_view host) { return of.admit(host, most, start); };
    BOOST_TEST((admits("2001:db8::1") and admits("2001:db8::ffff:ffff:ffff:fffe")));
    for (int i = 2; i < 100; ++i) BOOST_TEST(not admits("2001:db8:0:0:a:b:c:" + std::to_string(i)));
    BOOST_TEST((admits("2001:db8:0:1::1") and of.networks() == 2u));
}

BOOST_FIXTURE_TEST_CASE(what_does_not_begin_with_hello_and_proof_is_refused_G3, asked_for) {
    BOOST_TEST(answer_to({10}, heartbeat{}) == "refused: the first message must be a hello");
    channel.say({11}, introduction(0, {{1, 1}}));
    BOOST_TEST(answer_to({11}, heartbeat{}) == "refused: a proof was expected");
    BOOST_TEST((is_closed({10}) and is_closed({11})));
    BOOST_TEST(registers(0, {12}, incarnation{{1, 1}}) == "accepted");
    BOOST_TEST(answer_to({12}, introduction(0, {{1, 1}})) == "refused: the worker is registered already");
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_was_not_launched_or_proves_nothing_is_refused_G3_I17, asked_for) {
    hello stranger = introduction(0, {{1, 1}});
    stranger.worker = id_of({1}, {9});
    BOOST_TEST(answer_to({10}, stranger) == "refused: this worker was not launched");
    channel.say({11}, introduction(0, {{1, 1}}));
    BOOST_TEST(answer_to({11}, proof{}).starts_with("refused: the proof does not hold"));
    BOOST_TEST(is_closed({11}));
    BOOST_TEST((controller.find(job)->job().workers.members()[0].phase == worker_phase::launched));
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_registers_twice_on_a_stream_is_hung_up_on_and_is_lost_at_once_I6_S11, asked_for) {
    const auto worker = [&]() -> const headgate::worker& { return controller.find(job)->job().workers.members()[0]; };
    registers(0, {20}, incarnation{{1, 1}});
    BOOST_REQUIRE(worker().is_present());
    BOOST_TEST(answer_to({20}, introduction(0, {{1, 1}})) == "refused: the worker is registered already");
    BOOST_TEST((is_closed({20}) and not worker().is_present()));
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_was_replaced_is_told_to_go_and_its_lease_is_not_renewed_G7_S11, asked_for) {
    registers(0, {20}, incarnation{{1, 1}});
    channel.say({20}, heartbeat{.sequence = 1, .counters = {}});
    controller.poll();
    BOOST_TEST(std::get<heartbeat_answer>(channel.sent[{20}].back()).sequence == 1u);
    BOOST_TEST(registers(0, {21}, incarnation{{2, 2}}) == "accepted");
    BOOST_TEST((verdict_on({20}) == "go" and is_closed({20})));
    BOOST_TEST(answer_to({20}, heartbeat{.sequence = 2, .counters = {}}).starts_with("refused"));
    channel.say({21}, heartbeat{.sequence = 1, .counters = {}});
    controller.poll();
    BOOST_TEST(std::holds_alternative<heartbeat_answer>(channel.sent[{21}].back()));
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_is_dropped_as_it_registers_is_told_to_go_and_gets_no_lease_S11_S12_G7, asked_for) {
    channel.workers[who(0)] = {};
    channel.bends = [](dialled& made) { made.mac = {}; };
    channel.holds_dials = true;
    BOOST_REQUIRE(registers(0, {20}, incarnation{{1, 1}}) == "accepted");
    const auto answer_dial = [&] {
        BOOST_REQUIRE(until([&] { return not channel.held_dials.empty(); }));
        channel.held_dials.back()();
        channel.held_dials.clear();
    };
    answer_dial();
    answer_dial();
    BOOST_REQUIRE(until([&] { return not channel.held_dials.empty(); }));
    // Its stream is lost, the last dial fails, and when it comes once more it cannot be dialled.
    channel.end({20});
    answer_dial();
    controller.poll();
    clock.advance_to(clock.now() + 10s);
    BOOST_TEST(registers(0, {21}, incarnation{{1, 1}}) == "go");
    BOOST_TEST((is_closed({21}) and controller.find(job)->job().workers.members()[0].is_barred));
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_has_exited_is_told_to_go_and_its_lease_is_not_renewed_G7, asked_for) {
    registers(0, {20}, incarnation{{1, 1}});
    scheduler.exit(job, {1}, who(0), "killed by signal 9");
    BOOST_REQUIRE(until([&] { return controller.find(job)->job().workers.members()[0].is_barred; }));
    BOOST_TEST((answer_to({20}, heartbeat{.sequence = 1, .counters = {}}) == "go" and is_closed({20})));
}

struct with_history : asked_for {
    /// Lines of the job's history that hold the text.
    long told(const std::string& text) {
        controller.poll();
        const auto& log = database.jobs().at(job).log;
        return std::ranges::count_if(log, [&](const log_line& one) { return one.text.find(text) != text.npos; });
    }
};

BOOST_FIXTURE_TEST_CASE(a_worker_that_leaves_without_a_proof_is_told_of_as_one_that_may_have_anothers_token_G3,
                        with_history) {
    for (std::uint64_t i = 0; i < 9; ++i) {
        channel.say({20 + i}, introduction(0, {{1, 1}}));
        controller.poll();
        channel.end({20 + i});
    }
    BOOST_TEST(told("1 turned away: a worker left when it was challenged: is its token that of its own identity?") == 1);
    BOOST_TEST(registers(0, {40}, incarnation{{1, 1}}) == "accepted");
}

BOOST_FIXTURE_TEST_CASE(streams_that_are_turned_away_are_told_of_once_a_generation_and_then_counted_G1, with_history) {
    hello older = introduction(0, {{1, 1}});
    older.generation = {7};
    older.worker = id_of({7}, {0});
    for (std::uint64_t i = 0; i < 50; ++i) BOOST_TEST(answer_to({100 + i}, older) == "go");
    BOOST_TEST((told("turned away") == 1 and told("1 turned away: a worker of another generation") == 1));
    database.put_wish(
        request<put_wish>{.what = {job, 1, {.version = 2, .program = two_nodes(), .stop = stop_mode::force}}},
        any_completion<put_wish>{});
    BOOST_TEST(until([&] { return told("49 turned away: since this was said last") == 1; }));
}

BOOST_FIXTURE_TEST_CASE(a_stream_that_ends_is_a_lost_worker_and_may_be_followed_by_another_S11, asked_for) {
    registers(0, {20}, incarnation{{1, 1}});
    channel.end({20});
    channel.end({20});
    controller.poll();
    BOOST_TEST((controller.find(job)->job().workers.members()[0].phase == worker_phase::gone));
    BOOST_TEST(registers(0, {21}, incarnation{{1, 1}}) == "accepted");
}

// Several controllers -------------------------------------------------------------------------------------------------

struct two_controllers : small_world {
    hand_secrets other_secrets{8};
    hand_channel other_channel{other_secrets};
    hand_controller<policies<>> other{scheduler, database, other_channel, clock, states, other_secrets, {}, watcher};

    /// Polls those that live, for so long.
    void passes(duration length, bool first, bool second) {
        for (const instant end = clock.now() + length; clock.now() < end;) {
            if (first) workers_beat();
            if (first) controller.poll();
            if (second) other.poll();
            clock.advance_to(clock.now() + 500ms);
        }
    }
};

BOOST_FIXTURE_TEST_CASE(a_job_is_taken_from_a_controller_that_is_gone_after_its_lease_and_not_before_G5_J6,
                        two_controllers) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    passes(2min, true, true);
    BOOST_TEST((other.jobs() == 0u and state() == state_name::running));
    passes(25s, false, true);
    BOOST_TEST(other.jobs() == 0u);
    passes(10s, false, true);
    BOOST_REQUIRE(other.find(job));
    BOOST_TEST((other.find(job)->job().durable.owner == other.id() and row()->generation == generation{2}));
    // The first one wakes up and finds out.
    passes(1s, true, true);
    BOOST_TEST((controller.jobs() == 0u and other.jobs() == 1u));
    // It watches its successor as it would any other.
    passes(20s, true, false);
    BOOST_TEST(controller.jobs() == 0u);
    passes(20s, true, false);
    BOOST_REQUIRE(controller.find(job));
    BOOST_TEST((controller.find(job)->job().durable.owner == controller.id() and row()->generation == generation{3}));
}

BOOST_FIXTURE_TEST_CASE(an_observer_that_was_cut_off_seizes_nothing_when_it_is_back_G5_T5, two_controllers) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    passes(10s, true, true);
    passes(2min, true, false);
    passes(29s, true, true);
    BOOST_TEST((other.jobs() == 0u and controller.jobs() == 1u));
}

BOOST_FIXTURE_TEST_CASE(a_row_is_not_judged_by_what_was_seen_of_its_owner_before_it_G5_T5, two_controllers) {
    passes(10s, true, true);
    passes(40s, false, true);
    other.poll();  // looks, and to it this one is gone
    wish_for({.version = 1});
    controller.poll();
    BOOST_REQUIRE((controller.jobs() == 1u and row()->owner == controller.id()));
    other.poll();
    BOOST_TEST(other.jobs() == 0u);
    passes(1min, true, true);
    BOOST_TEST((other.jobs() == 0u and controller.jobs() == 1u and row()->owner == controller.id()));
}

BOOST_FIXTURE_TEST_CASE(what_was_dialled_for_a_job_that_was_let_go_meanwhile_is_hung_up, two_controllers) {
    wish_for({.version = 1});
    channel.holds_dials = true;
    BOOST_REQUIRE(until([&] { return scheduler.pool().all().size() == 2; }));
    workers_come();
    BOOST_REQUIRE(until([&] { return channel.held_dials.size() == 2; }));
    passes(2min, false, true);
    BOOST_REQUIRE((other.jobs() == 1u));
    passes(2s, true, true);
    BOOST_REQUIRE((controller.jobs() == 0u and channel.hung_up.empty()));
    for (const auto& answer : channel.held_dials) answer();
    controller.poll();
    BOOST_TEST(channel.hung_up.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(who_wakes_up_after_its_lease_does_not_say_what_anothers_job_waits_for_G1_G2, two_controllers) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    passes(5s, true, true);
    passes(45s, false, true);
    BOOST_REQUIRE((other.find(job) and record()->waits_for.starts_with("workers: 0 of 8 slots open")));
    passes(1s, true, true);
    BOOST_REQUIRE((controller.jobs() == 0u and other.jobs() == 1u));
    BOOST_TEST(record()->waits_for.starts_with("workers: 0 of 8 slots open"), record()->waits_for);
}

BOOST_FIXTURE_TEST_CASE(every_token_comes_of_a_secret_that_is_drawn_anew_for_each_claim_G3, small_world) {
    wish_for({.version = 1});
    for (const generation of : {generation{1}, generation{2}}) {
        simulation::secrets as_it_was = secrets;  // what is drawn next is the secret of the claim
        generation_secret drawn{};
        as_it_was.random(drawn);
        if (of.value == 2) scheduler.exit(job, {1}, scheduler.pool().all()[0].who.id, "killed by signal 9");
        const auto has_come_up = [&] {
            return std::ranges::all_of(scheduler.pool().all(),
                                       [&](const auto& one) { return one.generation == of; }) and
                   scheduler.pool().all().size() == 2;
        };
        BOOST_REQUIRE(until(has_come_up));
        workers_come();
        const auto are_told = [&] {
            return std::ranges::all_of(scheduler.pool().all(), [&](const auto& one) {
                const auto at = channel.workers.find(one.who.id);
                return at != channel.workers.end() and at->second.runs;
            });
        };
        BOOST_REQUIRE(until(are_told));
        for (const auto& one : scheduler.pool().all()) {
            const auto& played = channel.workers.at(one.who.id);
            const digest256 token = worker_token(secrets, drawn, job, of, one.who);
            BOOST_TEST((scheduler.tokens.at(one.who.id) == token));
            BOOST_TEST((played.call_token == call_token(secrets, token)));
            BOOST_TEST((played.data_token == data_token(secrets, drawn, job, of)));
        }
        workers_report();
        BOOST_REQUIRE(until([&] { return state() == state_name::running and row()->generation == of; }));
    }
}

/// Keeps what people are told.
/// The tokens of a generation, and the secret they are made of: as bytes, as they are escaped, and as digits.
struct canaries {
    std::vector<std::string> all{};

    void add(const digest256& secret) {
        std::string bytes, digits;
        for (const std::byte each : secret) {
            constexpr std::string_view hex = "0123456789abcdef";
            const auto value = std::to_integer<unsigned>(each);
            bytes += static_cast<char>(value);
            (digits += hex[value >> 4]) += hex[value & 15];
        }
        all.push_back(one_line(bytes, 400));
        all.push_back(bytes);
        all.push_back(digits);
    }
    bool are_in(std::string text) const {
        const auto is_in = [&](const std::string& each) { return text.find(each) != text.npos; };
        if (std::ranges::any_of(all, is_in)) return true;
        std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return std::ranges::any_of(all, is_in);
    }
};

BOOST_AUTO_TEST_CASE(no_token_and_no_secret_is_in_what_people_are_told_when_all_goes_wrong_I17) {
    small_world of;
    simulation::secrets as_it_was = of.secrets;
    of.wish_for({.version = 1, .checkpoint_interval = 5s});
    generation_secret drawn{};
    as_it_was.random(drawn);
    canaries secret;
    secret.add(drawn);
    secret.add(data_token(of.secrets, drawn, of.job, {1}));
    BOOST_REQUIRE(of.until([&] { return of.scheduler.tokens.size() == 2; }));
    for (const auto& [id, token] : of.scheduler.tokens) {
        secret.add(token);
        secret.add(call_token(of.secrets, token));
    }
    std::string told;
    // Somebody has the token of a worker and says it where it can, then its true incarnation comes, and is lost.
    const auto& who = of.scheduler.pool().all()[0].who;
    of.channel.say({77}, hello{.job = of.job, .generation = {1}, .worker = who.id, .incarnation = {{5, 5}}});
    of.controller.poll();
    of.channel.say({77}, proof{{.id = who.id, .incarnation = {{5, 5}}, .slots = 99, .machine = {"x"}, .zone = {}}, {}});
    BOOST_REQUIRE(of.come_up());
    BOOST_TEST((of.channel.workers.begin()->second.data_token == data_token(of.secrets, drawn, of.job, {1})));
    of.workers_beat();
    BOOST_REQUIRE(of.until([&] { return not of.channel.workers.begin()->second.barriers.empty(); }));
    of.scheduler.exit(of.job, {1}, who.id, "killed by signal 9");
    BOOST_REQUIRE(of.until([&] { return of.state() == state_name::scheduling; }));
    for (const auto& [stream, said] : of.channel.sent)
        for (const controller_message& one : said)
            if (const auto* const how = std::get_if<verdict>(&one))
                if (const auto* const no = std::get_if<refused>(how)) told += no->why + '\n';
    const auto record = of.record();
    told += record->waits_for + '\n' + record->row.last_error + '\n';
    struct reads {
        ticket to{};
        std::string* into;
        void operator()(const read_log::answer& lines) const {
            for (const log_line& one : *lines) *into += one.text + '\n';
        }
    };
    of.database.read_log(request<read_log>{.what = {.job = of.job}}, reads{{}, &told});
    told += of.watcher.all;
    BOOST_TEST(told.find("killed by signal 9") != told.npos, told);
    BOOST_TEST(told.find("refused") != told.npos, told);
    BOOST_TEST(not secret.are_in(told), told);
    for (const std::string& each : secret.all) BOOST_TEST(secret.are_in("a" + each + "b"), "the search finds nothing");
}

BOOST_FIXTURE_TEST_CASE(whoever_answers_a_dial_without_that_workers_proof_is_hung_up_on_and_told_nothing_S12_G3,
                        asked_for) {
    const std::vector<std::function<void(dialled&)>> impostors{[](dialled& d) { d.mac[31] ^= std::byte{1}; },
                                                               [](dialled& d) { d.mac = {}; },
                                                               [](dialled& d) {
                                                                   d.incarnation = {{9, 9}};
                                                               },
                                                               [](dialled& d) { ++d.worker.value; }};
    std::size_t dials = 0;
    channel.bends = [&](dialled& made) { impostors[dials++ % impostors.size()](made); };
    workers_come();
    BOOST_REQUIRE(until([&] { return dials == 6; }));  // three for each of two workers (SPEC 9)
    controller.poll();
    BOOST_TEST(channel.hung_up.size() == dials);
    BOOST_TEST(controller.find(job)->job().workers.open_slots() == 0u);
    for (const auto& [id, one] : channel.workers) BOOST_TEST(not one.runs);
    BOOST_TEST((row()->generation == generation{1} and state() == state_name::scheduling), "they are replaced");
}

BOOST_FIXTURE_TEST_CASE(a_job_that_another_took_and_ended_meanwhile_is_let_go_at_once_G5, small_world) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    job_row theirs = *row();
    theirs.generation = {2};
    theirs.owner = {{5, 5}};
    const std::uint64_t stood = theirs.revision++;
    database.claim(request<claim>{.what = {.job = job, .expected = stood, .next = theirs}}, any_completion<claim>{});
    theirs.owner = {};
    theirs.state = state_name::finished;
    ++theirs.revision;
    database.store(request<store_row>{.what = {.job = job, .expected = stood + 1, .next = theirs}},
                   any_completion<store_row>{});
    BOOST_REQUIRE((row()->state == state_name::finished and row()->owner == incarnation{}));
    controller.poll();
    BOOST_TEST(controller.jobs() == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_a_stream_comes_after_all_that_was_said_on_it_and_nothing_of_it_is_kept_I16,
                        asked_for) {
    BOOST_REQUIRE(registers(0, {20}, incarnation{{1, 1}}) == "accepted");
    channel.ends_when_closed = true;
    for (int i = 0; i < 200; ++i) channel.say({20}, introduction(0, {{1, 1}}));
    controller.poll();
    BOOST_TEST(answer_to({20}, proof{}) == "refused: the first message must be a hello");
}

BOOST_AUTO_TEST_CASE(what_is_to_be_told_of_a_job_at_rest_that_another_has_run_since_is_dropped_with_it_J6) {
    small_world of;
    of.wish_for({.version = 1});
    BOOST_REQUIRE(of.come_up());
    of.database.is_deaf = true;
    of.wish_for({.version = 2, .stop = stop_mode::force});
    BOOST_TEST(of.until([&] { return of.controller.jobs() == 0; }));
}

BOOST_FIXTURE_TEST_CASE(a_job_that_is_taken_over_has_what_is_left_of_its_time_to_live_J2, two_controllers) {
    wish_for({.version = 1, .time_to_live = 1h});
    BOOST_REQUIRE(come_up());
    passes(20min, true, true);
    passes(45s, false, true);
    BOOST_REQUIRE(other.find(job));
    const duration left = other.find(job)->job().live_until - clock.now();
    BOOST_TEST((left > 35min and left <= 40min));
}

BOOST_FIXTURE_TEST_CASE(of_a_thousand_jobs_that_are_over_none_is_kept_in_memory_J6, small_world) {
    for (int i = 0; i < 1'000; ++i) {
        job = {"job-" + std::to_string(i)};
        wish_for({.version = 1, .stop = stop_mode::immediate});
    }
    const auto row_of = [&](const job_record& one) { return one.row.state; };
    BOOST_REQUIRE(until([&] { return row_of(*record()) == state_name::stopped and controller.jobs() == 0; }));
    BOOST_TEST(controller.open_jobs() == 0u);
    wish_for({.version = 2});
    BOOST_TEST(until([&] { return controller.jobs() == 1; }));
    BOOST_TEST(controller.open_jobs() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_job_that_is_over_is_forgotten_and_taken_up_again_when_it_is_wished_for_J6, small_world) {
    wish_for({.version = 1});
    BOOST_REQUIRE(come_up());
    wish_for({.version = 2, .stop = stop_mode::force});
    BOOST_REQUIRE(until([&] { return controller.jobs() == 0; }));
    BOOST_TEST((row()->state == state_name::stopped));
    wish_for({.version = 3});
    scheduler.tokens.clear();
    BOOST_REQUIRE(until([&] { return controller.jobs() == 1 and controller.find(job)->job().persisted; }));
    BOOST_TEST((row()->generation > generation{1}));
}

}  // namespace
