// SPDX-License-Identifier: BSL-1.0
#include "worker_fixture.hpp"

#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/archetypes/engine.hpp>
#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/simulation/secrets.hpp>
#include <headgate/worker/driver.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <thread>

namespace worker_tests {

/// The poorest link.
struct bare_link {
    void listen(link_receiver auto) {}
    std::string rpc_address() { return {}; }
    void open() {}
    void send(worker_message) {}
    void close() {}
    void answer(call_id, call_answer) {}
};

}  // namespace worker_tests

template class headgate::worker_driver<worker_tests::bare_link, headgate::archetype::clock,
                                       headgate::archetype::secrets, headgate::archetype::engine>;

namespace {

using namespace worker_tests;

struct toy_clock {
    instant time{1h};

    instant now() const { return time; }
};

struct toy_link {
    std::function<void(link_event)> hear;
    bool is_silent = false;  ///< does not say that it opened or ended
    std::vector<worker_message> sent{};
    std::vector<std::pair<call_id, call_answer>> answers{};
    int opened = 0, closed = 0;

    void listen(link_receiver auto receiver) { hear = receiver; }
    std::string rpc_address() { return "127.0.0.1:4000"; }
    void open() {
        ++opened;
        if (not is_silent) hear(link_opened{});
    }
    void send(worker_message message) { sent.push_back(std::move(message)); }
    void close() {
        ++closed;
        if (not is_silent) hear(link_ended{"closed"});
    }
    void answer(call_id call, call_answer answer) { answers.emplace_back(call, std::move(answer)); }

    template <class Message>
    std::vector<Message> every() const {
        std::vector<Message> found;
        for (const worker_message& each : sent)
            if (const auto* one = std::get_if<Message>(&each)) found.push_back(*one);
        return found;
    }
};

/// As a user writes one.
struct toy_engine {
    std::optional<execution_share> share{};
    std::function<void(engine_event)> report{};
    std::vector<checkpoint_name> checkpoints{};
    std::vector<bool> stops{};

    void start(execution_share what, std::function<void(engine_event)> to) {
        share = std::move(what);
        report = std::move(to);
        report(engine_initialized{});
        const plan& in = *share->what->plan;
        for (std::size_t node = 0; node < in.nodes.size(); ++node)
            shares(in, node, share->position, [&](headgate::subtask_range mine_here) {
                for (std::uint32_t i = mine_here.first; i < mine_here.last; ++i)
                    report(subtask_started{in.nodes[node].id, i});
            });
    }
    void begin_checkpoint(checkpoint_name name) {
        checkpoints.push_back(name);
        report(subtask_checkpointed{name.epoch, {{1}, 0, "handle"}});
    }
    void stop(bool force) {
        stops.push_back(force);
        if (not force) report(engine_stopped{});
    }
    std::vector<node_counters> counters() { return {{.node = {1}, .records_in = 17}}; }
};

static_assert(engine<toy_engine>);
static_assert(not engine<toy_link> and not engine<int>);

using driver = worker_driver<toy_link, toy_clock, simulation::secrets, toy_engine>;
static_assert(not std::is_constructible_v<driver, toy_link, toy_clock, simulation::secrets, toy_engine, worker_options>,
              "what a driver is bound to outlives it");
static_assert(not std::is_copy_constructible_v<driver>);

struct driver_fixture {
    simulation::secrets secrets{1};
    toy_clock clock;
    toy_link link;
    toy_engine engine;
    generation_secret secret{std::byte{5}};
    worker_identity who{id_of(mine, {0}), 65'536};
    digest256 token = worker_token(secrets, secret, {"job"}, mine, who);
    worker_options options{
        .identity = {.job = {"job"}, .generation = mine, .worker = who, .token = token},
        .machine = {"host"},
        .zone = "a",
        .data_address = "10.0.0.1:7",
    };
    std::optional<driver> worker;
    std::uint64_t calls = 0;
    bool is_woken = false;

    driver_fixture() { worker.emplace(link, clock, secrets, engine, options); }

    void hears(controller_message said) {
        link.hear(std::move(said));
        worker->poll();
    }
    /// Polls as a loop would, until there is nothing to do before `length` is over.
    void wait(duration length) {
        const instant until = clock.time + length;
        worker->on_wake([this] { is_woken = true; });
        for (is_woken = true; is_woken or worker->next_deadline() <= until; worker->poll())
            if (not std::exchange(is_woken, false)) clock.time = std::max(clock.time, worker->next_deadline());
        clock.time = until;
    }
    headgate::challenge challenge_of(const hello& said, const digest256& with) {
        headgate::challenge made{.nonce = {std::byte{3}}};
        made.mac = challenge_mac(secrets, with, said, made.nonce);
        return made;
    }
    hello connects() {
        wait(200ms);
        worker->poll();
        BOOST_REQUIRE(not link.every<hello>().empty());
        return link.every<hello>().back();
    }
    void registers() {
        hears(challenge_of(connects(), token));
        hears(verdict(accepted{5s, 30s}));
        BOOST_REQUIRE(worker->machine().is_accepted());
    }
    call_answer calls_with(const digest256& shown, std::variant<identify, execute, checkpoint, stop> what) {
        link.hear(called{{++calls}, shown, std::move(what)});
        worker->poll();
        BOOST_REQUIRE((not link.answers.empty() and link.answers.back().first == call_id{calls}));
        return link.answers.back().second;
    }
    call_answer calls_right(std::variant<identify, execute, checkpoint, stop> what) {
        return calls_with(call_token(secrets, token), std::move(what));
    }
    digest256 data() { return data_token(secrets, secret, {"job"}, mine); }
};

BOOST_FIXTURE_TEST_SUITE(driver_of_a_worker, driver_fixture)

BOOST_AUTO_TEST_CASE(proves_who_it_is_to_a_controller_that_proved_itself_G3) {
    const hello said = connects();
    BOOST_TEST((said.job == job_id{"job"} and said.generation == mine and said.worker == who.id));
    BOOST_TEST((said.nonce != nonce{} and said.incarnation != incarnation{}));
    const headgate::challenge answer = challenge_of(said, token);
    hears(answer);
    BOOST_REQUIRE(link.every<proof>().size() == 1u);
    const proof shown = link.every<proof>().front();
    BOOST_TEST((shown.mac == proof_mac(secrets, token, said, answer.nonce, shown.profile)));
    const worker_profile wanted{.id = who.id,
                                .incarnation = said.incarnation,
                                .slots = 65'536,
                                .machine = {"host"},
                                .zone = "a",
                                .rpc_address = "127.0.0.1:4000",
                                .data_address = "10.0.0.1:7"};
    BOOST_TEST((shown.profile == wanted));
}

BOOST_AUTO_TEST_CASE(whose_engine_nobody_connects_to_needs_no_data_address_of_its_own_S11) {
    options.data_address.clear();
    worker.emplace(link, clock, secrets, engine, options);
    const worker_profile& shown = worker->machine().settings().profile;
    BOOST_TEST((shown.data_address == "127.0.0.1:4000" and shown.rpc_address == "127.0.0.1:4000"));
}

BOOST_AUTO_TEST_CASE(tells_nothing_to_one_that_did_not_nor_to_one_that_repeats_an_old_answer_G3) {
    const hello first = connects();
    hears(challenge_of(first, digest256{}));
    BOOST_TEST((link.every<proof>().empty() and link.closed == 1));
    const hello second = connects();
    BOOST_TEST((second.nonce != first.nonce and second.incarnation == first.incarnation));
    hears(challenge_of(first, token));
    BOOST_TEST((link.every<proof>().empty() and link.closed == 2));
    BOOST_TEST(worker->machine().counts().impostors == 2u);
}

BOOST_AUTO_TEST_CASE(ignores_a_challenge_before_its_hello_even_with_the_code_of_the_last_stream) {
    link.is_silent = true;
    wait(1s);
    hears(challenge_of(hello{.job = {"job"}, .generation = mine, .worker = who.id}, token));
    BOOST_TEST((link.every<proof>().empty() and worker->machine().counts().strange == 1u));
}

BOOST_AUTO_TEST_CASE(a_second_challenge_does_not_change_what_was_proven) {
    const hello said = connects();
    hears(challenge_of(said, token));
    headgate::challenge other{.nonce = {std::byte{4}}};
    other.mac = challenge_mac(secrets, token, said, other.nonce);
    hears(other);
    BOOST_TEST((link.every<proof>().size() == 1u and worker->machine().counts().strange == 1u));
}

BOOST_AUTO_TEST_CASE(brings_an_execution_from_the_call_to_the_report_S13_S14) {
    registers();
    const auto what = execution_for(who.id);
    BOOST_TEST(std::holds_alternative<applied>(calls_right(execute{what, data()})));
    BOOST_REQUIRE(engine.share.has_value());
    BOOST_TEST((engine.share->what == what and engine.share->position == 0u and engine.share->data_token == data()));
    wait(20ms);
    BOOST_REQUIRE((link.every<initialized>().size() == 1u and not link.every<task_report>().empty()));
    BOOST_TEST(link.every<task_report>().size() <= 2u);
    BOOST_TEST((link.every<task_report>().back().started == std::vector<task_range>{{{1}, 0, 2}, {{2}, 0, 2}}));
    wait(5s);
    BOOST_REQUIRE(link.every<heartbeat>().size() == 1u);
    BOOST_TEST((link.every<heartbeat>().front().counters == engine.counters()));
}

BOOST_AUTO_TEST_CASE(answers_who_it_is_with_a_code_that_only_its_token_makes_S12) {
    registers();
    const nonce drawn{std::byte{8}};
    const auto answer = std::get<identified>(calls_right(identify{drawn}));
    const incarnation self = link.every<hello>().front().incarnation;
    BOOST_TEST((answer.worker == who.id and answer.incarnation == self));
    BOOST_TEST((answer.mac == dialled_mac(secrets, token, who.id, self, drawn)));
}

BOOST_AUTO_TEST_CASE(a_stranger_s_call_does_nothing_and_leaves_no_token_behind_G3) {
    registers();
    digest256 stolen = call_token(secrets, token);
    stolen.back() ^= std::byte{1};
    digest256 wrong = data();
    wrong.front() ^= std::byte{1};
    BOOST_TEST(std::holds_alternative<refused>(calls_with(stolen, identify{})));
    BOOST_TEST(std::holds_alternative<refused>(calls_with(digest256{}, execute{execution_for(who.id), wrong})));
    BOOST_TEST(std::holds_alternative<refused>(calls_with(token, stop{mine})));
    BOOST_TEST((not engine.share and not worker->is_over() and worker->machine().counts().strangers == 3u));
    calls_right(execute{execution_for(who.id), data()});
    BOOST_REQUIRE(engine.share.has_value());
    BOOST_TEST((engine.share->data_token == data()));
}

BOOST_AUTO_TEST_CASE(a_stranger_s_call_puts_no_other_token_into_an_execution_that_waits_G3) {
    hears(challenge_of(connects(), token));
    link.hear(called{{1}, call_token(secrets, token), execute{execution_for(who.id), data()}});
    link.hear(called{{2}, digest256{}, execute{execution_for(who.id), digest256{}}});
    hears(verdict(accepted{5s, 30s}));
    BOOST_REQUIRE(engine.share.has_value());
    BOOST_TEST((engine.share->data_token == data()));
}

BOOST_AUTO_TEST_CASE(checkpoints_and_stops_through_the_engine) {
    registers();
    calls_right(execute{execution_for(who.id), data()});
    wait(1s);
    const checkpoint_name name{{5}, mine};
    BOOST_TEST(std::holds_alternative<applied>(calls_right(checkpoint{mine, name})));
    worker->poll();
    BOOST_TEST((engine.checkpoints == std::vector{name}));
    BOOST_REQUIRE(link.every<checkpoint_report>().size() == 1u);
    BOOST_TEST((link.every<checkpoint_report>().front().subtasks == std::vector<subtask_state>{{{1}, 0, "handle"}}));
    BOOST_TEST(std::holds_alternative<applied>(calls_right(stop{mine})));
    worker->poll();
    BOOST_TEST((worker->is_over() and worker->end().kind == worker_end_kind::stopped));
    BOOST_TEST((engine.stops == std::vector{false} and worker->next_deadline() == never));
}

BOOST_AUTO_TEST_CASE(stops_the_engine_by_force_when_the_lease_is_over_G7) {
    registers();
    calls_right(execute{execution_for(who.id), data()});
    wait(31s);
    BOOST_TEST((worker->is_over() and worker->end().kind == worker_end_kind::lease_over));
    BOOST_TEST((engine.stops == std::vector{true}));
}

BOOST_AUTO_TEST_CASE(says_the_same_again_on_a_new_stream) {
    registers();
    calls_right(execute{execution_for(who.id), data()});
    wait(1s);
    const auto before = link.every<task_report>().back();
    link.hear(link_ended{"reset"});
    registers();
    BOOST_TEST((link.every<task_report>().back() == before and link.every<initialized>().size() == 2u));
    BOOST_TEST((link.every<hello>()[0].incarnation == link.every<hello>()[1].incarnation));
}

BOOST_AUTO_TEST_CASE(wakes_the_loop_for_what_comes_and_only_when_it_has_nothing_yet) {
    std::atomic<int> woken = 0;
    worker->on_wake([&] { ++woken; });
    BOOST_TEST(woken == 0);
    worker->post_stop();
    worker->post_stop();
    BOOST_TEST(woken == 1);
    worker->poll();
    BOOST_TEST((worker->is_over() and worker->end().kind == worker_end_kind::stopped));
}

BOOST_AUTO_TEST_CASE(wakes_at_once_for_what_came_before_it_was_given_a_way_to) {
    worker->post_stop();
    int woken = 0;
    worker->on_wake([&] { ++woken; });
    BOOST_TEST(woken == 1);
}

BOOST_AUTO_TEST_CASE(handles_a_bounded_number_of_events_a_poll_and_wakes_for_the_rest) {
    registers();
    worker->poll();
    int woken = 0;
    worker->on_wake([&] { ++woken; });
    for (std::uint64_t i = 0; i < 10'000; ++i) link.hear(controller_message(heartbeat_answer{1'000}));
    BOOST_TEST(woken == 1);
    worker->poll();
    BOOST_TEST((woken == 2 and worker->machine().counts().strange == 4'096u));
    worker->poll();
    worker->poll();
    BOOST_TEST((woken == 3 and worker->machine().counts().strange == 10'000u));
}

BOOST_AUTO_TEST_CASE(after_its_end_what_link_and_engine_say_does_nothing) {
    registers();
    calls_right(execute{execution_for(who.id), data()});
    worker.reset();
    BOOST_TEST((engine.stops == std::vector{true} and link.closed == 1));
    link.hear(link_opened{});
    engine.report(engine_stopped{});
}

BOOST_AUTO_TEST_CASE(keeps_no_more_counters_than_go_into_a_message) {
    BOOST_TEST(worker_detail::most_counters(limits{}) * sizeof(node_counters) < limits{}.message);
}

BOOST_AUTO_TEST_CASE(an_engine_may_report_from_many_threads_and_nothing_is_lost) {
    registers();
    calls_right(execute{execution_for(who.id, 2, mine, 40'000), data()});
    worker->poll();
    constexpr std::uint32_t count = 20'000;
    std::atomic<int> running = 4;
    std::vector<std::thread> threads;
    for (std::uint32_t thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            for (std::uint32_t i = thread; i < count; i += 4)
                for (std::uint32_t node = 1; node <= 2; ++node) engine.report(subtask_finished{{node}, i});
            --running;
        });
    while (running > 0) worker->poll();
    for (std::thread& each : threads) each.join();
    for (int i = 0; i < 30; ++i) worker->poll();
    wait(20ms);
    BOOST_TEST(
        (link.every<task_report>().back().finished == std::vector<task_range>{{{1}, 0, count}, {{2}, 0, count}}));
}

/// Its thread reports without end, and more when it is told to end; a forced stop waits for it.
struct tireless_engine {
    std::atomic<bool> is_to_end = false;
    std::atomic<std::size_t> reported = 0;
    std::thread thread{};

    void start(execution_share, std::function<void(engine_event)> report) {
        thread = std::thread([this, report] {
            for (; not is_to_end; ++reported) report(subtask_started{{1}, 0});
            for (int i = 0; i < 70'000; ++i) report(subtask_finished{{1}, 0});
        });
    }
    void begin_checkpoint(checkpoint_name) {}
    void stop(bool force) {
        is_to_end = true;
        if (force) thread.join();
    }
    std::vector<node_counters> counters() { return {}; }
};

BOOST_AUTO_TEST_CASE(a_forced_stop_may_wait_for_threads_that_wait_in_their_report) {
    for (const bool by_the_destructor : {false, true}) {
        link = {};
        tireless_engine tireless;
        std::optional<worker_driver<toy_link, toy_clock, simulation::secrets, tireless_engine>> busy;
        busy.emplace(link, clock, secrets, tireless, options);
        while (link.every<hello>().empty()) busy->poll();
        link.hear(controller_message(challenge_of(link.every<hello>().back(), token)));
        link.hear(controller_message(verdict(accepted{5s, 30s})));
        link.hear(called{{1}, call_token(secrets, token), execute{execution_for(who.id), data()}});
        while (not tireless.thread.joinable()) busy->poll();
        while (tireless.reported < 65'536) std::this_thread::yield();
        clock.time += 1h;
        if (not by_the_destructor) busy->poll();
        busy.reset();
        BOOST_TEST(not tireless.thread.joinable());
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mailbox_of_a_worker)

BOOST_AUTO_TEST_CASE(drops_what_does_not_fit_once_it_lets_go) {
    mailbox<std::size_t> box;
    box.let_go();
    const std::size_t count = of_one_origin::most;
    for (std::size_t i = 0; i < count + 10; ++i) box.post(i);
    std::vector<std::size_t> got;
    BOOST_TEST(not box.take(got, count + 10));
    BOOST_TEST(got.size() == count);
}

BOOST_AUTO_TEST_CASE(lets_a_poster_wait_while_it_is_full_and_go_when_there_is_room_or_it_is_closed) {
    for (const bool closes : {false, true}) {
        mailbox<std::size_t> box;
        constexpr std::size_t count = of_one_origin::most + 10;
        std::atomic<std::size_t> posted = 0;
        std::thread poster([&] {
            for (std::size_t i = 0; i < count; ++i, ++posted) box.post(i);
        });
        std::vector<std::size_t> got;
        while (posted < of_one_origin::most) std::this_thread::yield();
        if (closes) box.close();
        while (not closes and got.size() < count) box.take(got, 100);
        poster.join();
        BOOST_TEST(posted == count);
        for (std::size_t i = 0; i < got.size(); ++i) BOOST_REQUIRE(got[i] == i);
    }
}

BOOST_AUTO_TEST_CASE(never_lets_the_thread_wait_that_polls) {
    mailbox<std::size_t> box;
    std::vector<std::size_t> got;
    box.take(got, 1);
    const std::size_t count = of_one_origin::most + 10;
    for (std::size_t i = 0; i < count; ++i) box.post(i);
    BOOST_TEST(not box.take(got, count));
    BOOST_TEST(got.size() == count);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
