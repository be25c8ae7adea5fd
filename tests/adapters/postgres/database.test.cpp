#include "server.hpp"

#include "../columns/by_hand.hpp"

#include <headgate/conformance/laws/database.hpp>
#include <headgate/postgres/database.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace headgate;
using headgate_test::by_hand;
using tests::says;

using headgate_test::server;
BOOST_TEST_GLOBAL_FIXTURE(server);

namespace {

/// Waits for a completion from the database's thread, with far more patience than any of them needs.
constexpr auto settle = [](auto&, auto came) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (not came() and std::chrono::steady_clock::now() < end) std::this_thread::yield();
};

/// A schema that no other test has.
std::string fresh() {
    static int number = 0;
    return "trial_" + std::to_string(++number);
}

std::unique_ptr<postgres::database> open(const std::string& schema, const limits& most = {}) {
    auto opened = postgres::database::open({.schema = schema, .limits = most});
    if (not opened) BOOST_FAIL(opened.error().text);
    return *std::move(opened);
}

error error_of(postgres::options how) {
    const auto opened = postgres::database::open(std::move(how));
    return opened ? error{.text = "it was opened"} : opened.error();
}

using trial = laws::database_trial<postgres::database, decltype(settle)>;

const auto no = [](const auto&) { return false; };

/// Until another session waits for a lock.
void await_a_waiting_session(by_hand& hand) {
    while (hand.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "0")
        std::this_thread::yield();
}

}  // namespace

BOOST_AUTO_TEST_CASE(postgres_keeps_every_law_of_a_database) {
    laws::check_database(
        [] { return open(fresh()); }, settle,
        [](std::string_view law, bool holds, const std::string& detail) { BOOST_TEST(holds, law << ": " << detail); });
}

BOOST_AUTO_TEST_CASE(two_controllers_share_a_schema_and_hear_of_each_other) {
    const std::string schema = fresh();
    const auto first = open(schema), second = open(schema);
    trial here(*first, settle), there(*second, settle);
    BOOST_TEST(here.has_claimed());
    const auto at = there.watch({});
    BOOST_TEST_REQUIRE(at.has_value());
    BOOST_TEST((at->jobs.front().row.owner == here.ours));
    const auto held = there.begin_watch(at->next);
    BOOST_TEST((here.store(1, here.some_row({1}, here.ours, state_name::running)).has_value()));
    BOOST_TEST_REQUIRE(there.settled(held)->came());
    BOOST_TEST((held->answer()->jobs.front().row.state == state_name::running));
    BOOST_TEST((there.claim(2, {2}, there.theirs).has_value()));
    const auto lost = here.store(2, here.some_row({1}, here.ours, state_name::stopping));
    BOOST_TEST_REQUIRE(lost.has_value());
    BOOST_TEST((lost->owner == there.theirs));
    BOOST_TEST(lost->revision == 3u);
}

BOOST_AUTO_TEST_CASE(claims_that_race_for_one_revision_have_one_winner_I1) {
    const std::string schema = fresh();
    std::vector<std::unique_ptr<postgres::database>> all;
    for (int i = 0; i < 4; ++i) all.push_back(open(schema));
    trial t(*all[0], settle);
    BOOST_TEST((t.put(0, trial::some_wish()) == 1u));
    for (std::uint32_t round = 0; round < 50; ++round) {
        std::vector<std::shared_ptr<laws::pending<claim>>> asked;
        for (std::uint64_t i = 0; i < all.size(); ++i)
            asked.push_back(
                laws::ask(claim{.job = trial::job(), .expected = round, .next = trial::some_row({round + 1}, {{9, i}})},
                          1, [&](const auto& r, auto done) { all[i]->claim(r, done); }));
        int winners = 0;
        std::optional<job_row> stands;
        for (std::uint64_t i = 0; i < all.size(); ++i) {
            t.settled(asked[i]);
            BOOST_TEST_REQUIRE(laws::is_applied(*asked[i]));
            const auto none = [](const error&) { return job_row{}; };
            const job_row row = asked[i]->answer().match([](const claimed& c) { return c.row; }, none, none);
            winners += row.owner == incarnation{{9, i}} ? 1 : 0;
            if (stands) BOOST_TEST((row == *stands));
            stands = row;
        }
        BOOST_TEST(winners == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_claim_that_waited_for_the_row_sees_the_checkpoint_that_became_ready_meanwhile_I7) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST((t.has_claimed() and t.takes(7, 1, {checkpoint_state::in_progress})));
    by_hand hand, other;
    hand.run("SET search_path = " + schema);
    hand.run("BEGIN");
    hand.run("SELECT FROM jobs FOR UPDATE");
    const auto asked = laws::ask(claim{.job = t.job(), .expected = 1, .next = t.some_row({2}, t.theirs)}, 1,
                                 [&](const auto& r, auto done) { opened->claim(r, done); });
    await_a_waiting_session(other);
    hand.run("UPDATE checkpoints SET state = 'ready'");
    hand.run("COMMIT");
    t.settled(asked);
    BOOST_TEST_REQUIRE(laws::is_applied(*asked));
    BOOST_TEST(asked->answer().match(
        [](const claimed& c) {
            return c.restore == checkpoint_row{{{7}, {1}}, checkpoint_state::ready};
        },
        no, no));
}

BOOST_AUTO_TEST_CASE(a_change_that_commits_after_a_later_one_was_told_is_not_missed) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST((t.put(0, t.some_wish(), {"early"}) == 1u and t.put(0, t.some_wish(), {"late"}) == 1u));
    const auto all = t.watch({});
    BOOST_TEST_REQUIRE(all.has_value());
    by_hand hand;
    hand.run("SET search_path = " + schema);
    hand.run("BEGIN");
    hand.run("UPDATE jobs SET restarts = 5 WHERE id = 'early'");
    // "late" is changed by a later transaction that commits first.
    BOOST_TEST(t.tell({}, "slots", 1, {"late"}));
    const auto late = t.watch(all->next);
    BOOST_TEST_REQUIRE(late.has_value());
    BOOST_TEST_REQUIRE(late->jobs.size() == 1u);
    BOOST_TEST(late->jobs.front().id.value == "late");
    // With its own cursor it is told once, while the other is open.
    const auto held = t.begin_watch(late->next);
    BOOST_TEST(t.tell({{.text = "a look at least"}}, "slots", 1, {"late"}));
    BOOST_TEST(held->calls() == 0);
    hand.run("COMMIT");
    BOOST_TEST_REQUIRE(t.settled(held)->came());
    BOOST_TEST_REQUIRE(held->answer()->jobs.size() == 1u);
    BOOST_TEST(held->answer()->jobs.front().id.value == "early");
    BOOST_TEST(held->answer()->jobs.front().row.restarts == 5u);
    // The cursor before shows both: an answer that came too late is no loss.
    const auto again = t.watch(all->next);
    BOOST_TEST((again and again->jobs.size() == 2u));
}

BOOST_AUTO_TEST_CASE(each_kind_of_news_notifies_those_who_watch) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    by_hand hand;
    hand.run("LISTEN \"headgate." + schema + "\"");
    const auto is_heard = [&] {
        bool heard = false;
        settle(*opened, [&] { return heard = heard or hand.is_notified(); });
        return heard;
    };
    BOOST_TEST(((t.put(0, t.some_wish()) == 1u) and is_heard()));
    BOOST_TEST((t.claim(0, {1}, t.ours).has_value() and is_heard()));
    BOOST_TEST((t.store(1, t.some_row({1}, t.ours)).has_value() and is_heard()));
    BOOST_TEST((t.tell({}, "slots", 1) and is_heard()));
}

BOOST_AUTO_TEST_CASE(what_was_sent_on_a_connection_that_broke_is_unknown_and_a_repeat_finds_out_G6) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST(t.has_claimed());
    by_hand hand, other;
    hand.run("SET search_path = " + schema);
    hand.run("BEGIN");
    hand.run("SELECT FROM jobs FOR UPDATE");
    const store_row what{.job = t.job(), .expected = 1, .next = t.some_row({1}, t.ours, state_name::running)};
    const auto ask = [&] { return laws::ask(what, 1, [&](const auto& r, auto done) { opened->store(r, done); }); };
    const auto asked = ask();
    await_a_waiting_session(other);
    other.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate' "
        "AND wait_event_type = 'Lock'");
    t.settled(asked);
    BOOST_TEST(asked->answer().match(
        no, no, [](const error& why) { return says(why, error_kind::database, "terminating connection"); }));
    hand.run("COMMIT");
    // It is not there for a moment, which is "not applied", and then it is.
    bool is_stored = false;
    for (int tries = 0; tries < 100'000 and not is_stored; ++tries) {
        const auto again = t.settled(ask());
        is_stored = laws::is_applied(*again);
        if (not is_stored)
            BOOST_TEST(again->answer().match(
                no, [](const error& why) { return why.kind == error_kind::database; }, no));
    }
    BOOST_TEST(is_stored);
    BOOST_TEST((t.record()->row.state == state_name::running));
}

BOOST_AUTO_TEST_CASE(a_held_watch_ends_with_an_error_when_the_connection_breaks) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST((t.put(0, t.some_wish()) == 1u));
    const auto at = t.watch({});
    const auto held = t.begin_watch(at->next);
    BOOST_TEST(t.tell({}, "", 0));
    by_hand hand;
    hand.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate'");
    BOOST_TEST_REQUIRE(t.settled(held)->came());
    BOOST_TEST_REQUIRE(not held->answer().has_value());
    BOOST_TEST(says(held->answer().error(), error_kind::database, "; "));
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_the_end_is_carried_out_and_answered) {
    auto opened = open(fresh());
    trial t(*opened, settle);
    std::vector<std::shared_ptr<laws::pending<put_wish>>> asked;
    for (int i = 0; i < 400; ++i)
        asked.push_back(laws::ask(put_wish{.job = {std::to_string(i)}, .next = trial::some_wish()}, 1,
                                  [&](const auto& r, auto done) { opened->put_wish(r, done); }));
    const auto watch = t.begin_watch({});
    opened.reset();
    for (const auto& each : asked) BOOST_TEST(laws::is_applied(*each));
    BOOST_TEST(watch->calls() == 1);
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_the_end_is_answered_once_though_the_server_never_does) {
    const std::string schema = fresh();
    auto opened = open(schema);
    by_hand hand, other;
    hand.run("SET search_path = " + schema);
    hand.run("BEGIN");
    hand.run("LOCK TABLE jobs");
    std::vector<std::shared_ptr<laws::pending<put_wish>>> asked;
    for (int i = 0; i < 400; ++i)
        asked.push_back(laws::ask(put_wish{.job = {std::to_string(i)}, .next = trial::some_wish()}, 1,
                                  [&](const auto& r, auto done) { opened->put_wish(r, done); }));
    await_a_waiting_session(other);
    opened.reset();
    for (const auto& each : asked) BOOST_TEST(each->calls() == 1);
    hand.run("COMMIT");
}

BOOST_AUTO_TEST_CASE(a_call_above_the_bound_is_not_applied) {
    const auto opened = postgres::database::open({.schema = fresh(), .most_waiting = 0});
    BOOST_TEST_REQUIRE(opened.has_value());
    trial t(**opened, settle);
    BOOST_TEST((not t.put(0, trial::some_wish())));
    BOOST_TEST((not t.watch({})));
}

BOOST_AUTO_TEST_CASE(a_watch_ends_with_no_news_at_its_deadline) {
    std::atomic<int> now{0};
    const auto opened =
        postgres::database::open({.schema = fresh(), .now = [&] { return instant(duration(now.load())); }});
    BOOST_TEST_REQUIRE(opened.has_value());
    const auto into = std::make_shared<laws::pending<watch_jobs>>();
    (*opened)->watch({.deadline = instant(duration(10))}, laws::pending<watch_jobs>::completion{{}, into});
    now = 10;
    settle(**opened, [&] { return into->came(); });
    BOOST_TEST_REQUIRE(into->came());
    BOOST_TEST_REQUIRE(into->answer().has_value());
    BOOST_TEST(into->answer()->jobs.empty());
}

BOOST_AUTO_TEST_CASE(a_job_edited_by_hand_is_seen_and_a_changed_stop_is_a_new_version) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST(t.has_claimed());
    const auto at = t.watch({});
    const auto held = t.begin_watch(at->next);
    by_hand hand;
    hand.run("UPDATE " + schema + ".jobs SET stop = 'graceful' WHERE id = 'job'");
    BOOST_TEST_REQUIRE(t.settled(held)->came());
    const job_record& seen = held->answer()->jobs.front();
    BOOST_TEST_REQUIRE(seen.wish.has_value());
    BOOST_TEST(((*seen.wish)->stop == stop_mode::graceful));
    BOOST_TEST((*seen.wish)->version == 2u);
    BOOST_TEST(seen.row.revision == 1u);
}

/// Jobs "b", "c" and "d" are each changed by hand, and are then errors that name what is in `named`; "a" is as it was.
void are_damaged(trial& t, const std::string& schema, const std::array<const char*, 3>& changes,
                 const std::array<const char*, 3>& named) {
    const std::array<const char*, 4> jobs{"a", "b", "c", "d"};
    for (const char* const each : jobs) BOOST_TEST(t.has_claimed({each}));
    by_hand hand;
    hand.run("SET search_path = " + schema);
    for (std::size_t i = 0; i < changes.size(); ++i)
        hand.run(std::string("UPDATE jobs SET ") + changes[i] + " WHERE id = '" + jobs[i + 1] + "'");
    const auto all = t.watch({});
    BOOST_TEST_REQUIRE(all.has_value());
    BOOST_TEST_REQUIRE(all->jobs.size() == jobs.size());
    BOOST_TEST(all->jobs[0].wish.has_value());
    for (std::size_t i = 0; i < named.size(); ++i) {
        const auto& read = all->jobs[i + 1].wish;
        BOOST_TEST_REQUIRE(not read.has_value());
        BOOST_TEST(says(read.error(), error_kind::invalid, named[i]));
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_row_is_an_error_in_its_record_and_the_others_go_on) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    are_damaged(t, schema, {"state = 'Flying'", "wish = '\\xffffff'", "generation = -3"},
                {"job \"b\"", "job \"c\"", "job \"d\""});
    BOOST_TEST((t.store(1, t.some_row({1}, t.ours, state_name::running), {"a"}).has_value()));
    BOOST_TEST((not t.claim(7, {2}, t.ours, {}, {"d"})));
    BOOST_TEST((t.put(1, trial::some_wish(), {"c"}) == 2u));
    BOOST_TEST((t.record({"c"})->wish.has_value()));
}

BOOST_AUTO_TEST_CASE(an_infinite_time_is_an_error_in_its_record_and_the_others_go_on) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    are_damaged(t, schema, {"submitted = 'infinity'", "started = '-infinity'", "since = 'infinity'"},
                {"submitted", "started", "since"});
}

BOOST_AUTO_TEST_CASE(a_readable_wish_that_breaks_a_rule_is_refused_or_an_error_in_its_record_and_the_others_go_on_S4) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    by_hand hand;
    tests::spoilt_wishes_are_damage(t, [&](const job_id& job, const std::string& bytes) {
        hand.run("UPDATE " + schema + ".jobs SET wish = '\\x" + bytes + "' WHERE id = '" + job.value + "'");
    });
}

BOOST_AUTO_TEST_CASE(columns_for_people_and_of_controllers_that_were_edited_by_hand_are_read_with_care) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    by_hand hand;
    hand.run("SET search_path = " + schema);
    for (const char* each : {"a", "b"}) BOOST_TEST(t.has_claimed({each}));
    hand.run("UPDATE jobs SET workers = -4294967295 WHERE id = 'b'");
    BOOST_TEST((t.record({"a"})->wish.has_value()));
    BOOST_TEST(says(t.record({"b"})->wish.error(), error_kind::invalid, "column workers: -4294967295"));
    BOOST_TEST(t.tell({{.text = "one"}, {.text = "two"}, {.text = "three"}}, "", 0, {"a"}));
    hand.run("UPDATE log SET generation = 4294967297 WHERE text = 'one'");
    hand.run("UPDATE log SET at = 'infinity' WHERE text = 'two'");
    const auto lines = t.log(0, 10, {"a"});
    BOOST_TEST_REQUIRE((lines.has_value() and lines->size() == 1));
    BOOST_TEST(lines->front().text == "three");
    hand.run("INSERT INTO controllers VALUES ('" + std::string(32, 'f') + "', 1, -1), ('me', 2, 1)");
    BOOST_TEST((t.lease(t.ours, 1) == std::vector<controller_seen>{{t.ours, 1}}));
}

BOOST_AUTO_TEST_CASE(a_database_s_own_limits_hold_for_what_it_writes_and_what_it_reads_SPEC_10) {
    const std::string schema = fresh();
    const auto wide = open(schema);
    limits most;
    most.parallelism = 2, most.environment_variables = 1, most.id = 6;
    const auto tight = open(schema, most);
    trial t(*tight, settle), of_wide(*wide, settle);
    wish wished = t.some_wish();
    BOOST_TEST((t.put(0, wished, {"six___"}) == 1u));
    BOOST_TEST((not t.put(0, wished, {"seven__"})));
    wished.parallelism = {{{1}, 3}};
    BOOST_TEST((not t.put(1, wished, {"six___"})));
    BOOST_TEST((of_wide.put(1, wished, {"six___"}) == 2u));
    BOOST_TEST((of_wide.record({"six___"})->wish.has_value()));
    BOOST_TEST(says(t.record({"six___"})->wish.error(), error_kind::invalid, "parallelism 3 is above the limit of 2"));
}

BOOST_AUTO_TEST_CASE(bytes_that_the_server_does_not_take_are_replaced_in_texts_and_refused_in_ids) {
    const auto opened = open(fresh());
    trial t(*opened, settle);
    BOOST_TEST(t.has_claimed());
    job_row row = t.some_row({1}, t.ours);
    row.last_error = std::string("a\0b\xff", 4) + "c\xc3\xa4";
    const auto stored = t.store(1, row);
    BOOST_TEST_REQUIRE(stored.has_value());
    BOOST_TEST(stored->last_error ==
               "a\xef\xbf\xbd"
               "b\xef\xbf\xbd"
               "c\xc3\xa4");
    BOOST_TEST(t.tell({{.text = "x\xff{\",\\"}}, "\xc0\x80", 0));
    BOOST_TEST((t.log(0, 1)->front().text == "x\xef\xbf\xbd{\",\\"));
    BOOST_TEST((not t.put(0, t.some_wish(), {"\xff"})));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_s_row_edited_by_hand_is_removed_under_no_other_name_J1) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    by_hand hand;
    hand.run("SET search_path = " + schema);
    trial t(*opened, settle);
    BOOST_TEST((t.has_claimed() and t.claim(1, {2}, t.ours).has_value()));
    hand.run(
        "INSERT INTO checkpoints VALUES ('job', 1, 1, 'compacting'), ('job', -1, 1, 'compacting'), "
        "('job', 4294967298, 1, 'compacting'), ('job', 3, 4294967299, 'compacting')");
    const checkpoint_row next{{{9}, {2}}, checkpoint_state::in_progress};
    const auto written = t.write({2}, t.ours, next, 3);
    BOOST_TEST_REQUIRE(written.has_value());
    BOOST_TEST((written->obsolete == std::vector<checkpoint_name>{{{1}, {1}}}));
}

BOOST_AUTO_TEST_CASE(numbers_that_have_no_room_left_are_errors_in_their_records_I16) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    by_hand hand;
    hand.run("SET search_path = " + schema);
    trial t(*opened, settle);
    tests::numbers_without_room_are_damage(t, [&](const std::string& sql) { hand.run(sql); });
}

BOOST_AUTO_TEST_CASE(a_restore_point_that_is_the_name_of_none_is_an_error_in_its_record_and_claims_nothing_S7_L8) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    by_hand hand;
    hand.run("SET search_path = " + schema);
    trial t(*opened, settle);
    tests::restore_points_of_no_name_are_damage(t, [&](const std::string& sql) { hand.run(sql); });
}

BOOST_AUTO_TEST_CASE(a_job_renamed_by_hand_is_news_under_its_new_id) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    by_hand hand;
    hand.run("SET search_path = " + schema);
    trial t(*opened, settle);
    tests::a_new_id_is_news(t, [&](const std::string& sql) { hand.run(sql); });
}

BOOST_AUTO_TEST_CASE(a_job_whose_row_was_removed_and_that_is_submitted_again_has_a_history) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    by_hand hand;
    hand.run("SET search_path = " + schema);
    trial t(*opened, settle);
    tests::lines_go_on_after_a_row_was_removed(t, [&](const std::string& sql) { hand.run(sql); });
}

BOOST_AUTO_TEST_CASE(a_wish_or_plan_that_could_not_be_read_back_is_refused_and_changes_nothing) {
    const auto opened = open(fresh());
    trial t(*opened, settle);
    wish large = t.some_wish();
    large.backend_configuration = std::string(limits{}.message + 1, 'x');
    BOOST_TEST((not t.put(0, large)));
    BOOST_TEST(t.has_claimed());
    BOOST_TEST((not t.put(1, large)));
    plan many;
    many.layouts.push_back({.owners = std::vector<std::uint32_t>(limits{}.message, 1'000)});
    job_row row = t.some_row({1}, t.ours, state_name::running);
    row.plan = std::make_shared<const plan>(many);
    BOOST_TEST((not t.store(1, row)));
    wish crowded = t.some_wish();
    crowded.environment.resize(limits{}.environment_variables + 1);
    BOOST_TEST((not t.put(1, crowded)));
    plan wide{.workers = std::vector<placed_worker>(limits{}.workers + 1)};
    for (std::size_t i = 0; i < wide.workers.size(); ++i)
        BOOST_TEST_REQUIRE((wide.machines.push_back("") and wide.data_addresses.push_back("")));
    row.plan = std::make_shared<const plan>(wide);
    BOOST_TEST((not t.store(1, row)));
    BOOST_TEST((t.record()->row.revision == 1u));
}

BOOST_AUTO_TEST_CASE(a_connection_is_made_by_the_second_address_where_the_first_is_silent_and_the_end_waits_for_it) {
    const headgate_test::silent_server silent;
    const std::string port = std::to_string(silent.port()) + "," + std::getenv("PGPORT");
    auto opened = postgres::database::open(
        {.connection = "host=127.0.0.1,127.0.0.1 connect_timeout=2 port=" + port, .schema = fresh()});
    BOOST_TEST_REQUIRE(opened.has_value());
    const auto asked = laws::ask(put_wish{.job = trial::job(), .next = trial::some_wish()}, 1,
                                 [&](const auto& r, auto done) { (*opened)->put_wish(r, done); });
    opened->reset();
    BOOST_TEST(laws::is_applied(*asked), laws::describe(*asked));
}

namespace {

/// Opening fails so, and does not say the password.
bool does_not_open(postgres::options how, error_kind kind, std::string_view text) {
    const error why = error_of(std::move(how));
    return says(why, kind, text) and why.text.find("s3cret") == std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_server_that_is_away_says_what_to_do_and_never_the_password) {
    BOOST_TEST(does_not_open({.connection = "host=127.0.0.1 port=1 password=s3cret"}, error_kind::database,
                             "start the server"));
}

BOOST_AUTO_TEST_CASE(a_wrong_password_or_user_says_what_to_do_and_never_the_password) {
    by_hand().run("CREATE ROLE guarded LOGIN PASSWORD 'right'");
    using enum error_kind;
    BOOST_TEST(
        does_not_open({.connection = "user=guarded password=s3cret"}, permanent, "mend user, password or database"));
    BOOST_TEST(does_not_open({.connection = "user=guarded"}, permanent, "give a password"));
    BOOST_TEST(does_not_open({.connection = "user=nobody password=s3cret"}, permanent, "mend user or database"));
}

BOOST_AUTO_TEST_CASE(a_wrong_database_or_connection_string_says_what_to_do_and_never_the_password) {
    using enum error_kind;
    BOOST_TEST(does_not_open({.connection = "dbname=none_s3cret password=s3cret"}, permanent, "mend user or database"));
    BOOST_TEST(does_not_open({.connection = "password=my s3cret"}, permanent, "cannot be read"));
    BOOST_TEST(does_not_open({.schema = std::string(41, 'x')}, permanent, "1 to 40 bytes"));
}

BOOST_AUTO_TEST_CASE(missing_rights_say_what_to_do) {
    by_hand().run("CREATE ROLE guest LOGIN");
    BOOST_TEST(does_not_open({.connection = "user=guest", .schema = fresh()}, error_kind::permanent, "GRANT"));
    const std::string ours = fresh();
    open(ours);
    BOOST_TEST(does_not_open({.connection = "user=guest", .schema = ours}, error_kind::permanent, "GRANT"));
}

BOOST_AUTO_TEST_CASE(a_server_that_only_reads_says_that_the_primary_is_needed_S7) {
    const std::string ours = fresh();
    open(ours);
    const std::string as_a_standby = "options='-c default_transaction_read_only=on'";
    BOOST_TEST(
        does_not_open({.connection = as_a_standby, .schema = fresh()}, error_kind::database, "name the primary"));
    auto opened = postgres::database::open({.connection = as_a_standby, .schema = ours});
    BOOST_TEST_REQUIRE(opened.has_value());
    trial t(**opened, settle);
    const auto asked = laws::ask(claim{.job = t.job(), .next = t.some_row({1}, t.ours)}, 1,
                                 [&](const auto& r, auto done) { (*opened)->claim(r, done); });
    t.settled(asked);
    const auto is_said = [](const error& why) { return says(why, error_kind::database, "name the primary"); };
    BOOST_TEST(asked->answer().match(no, is_said, no));
}

BOOST_AUTO_TEST_CASE(a_newer_schema_says_what_to_do) {
    const std::string schema = fresh();
    open(schema);
    by_hand().run("INSERT INTO " + schema + ".headgate_schema VALUES (7)");
    BOOST_TEST(does_not_open({.schema = schema}, error_kind::permanent,
                             "version 7, and this program knows up to version 3; use a newer headgate"));
}

namespace {

/// As the first headgate made it.
std::string schema_of_version_1() {
    const std::string schema = fresh();
    std::ostringstream made;
    made << "CREATE SCHEMA " << schema << "; SET search_path = " << schema << ";"
         << std::ifstream(HEADGATE_POSTGRES_VERSION_1).rdbuf();
    by_hand().run(made.str());
    return schema;
}

BOOST_AUTO_TEST_CASE(a_checkpoint_that_waited_for_the_row_is_refused_when_another_has_claimed_it_meanwhile_G2_I2) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST((t.has_claimed() and t.takes(7, 1, {checkpoint_state::in_progress})));
    by_hand hand, other;
    hand.run("SET search_path = " + schema);
    hand.run("BEGIN");
    hand.run("UPDATE jobs SET revision = revision + 1, generation = 2, owner = repeat('f', 32)");
    const write_checkpoint what{
        .job = t.job(), .generation = {1}, .owner = t.ours, .row = {{{7}, {1}}, checkpoint_state::ready}};
    const auto asked = laws::ask(what, 1, [&](const auto& r, auto done) { opened->write_checkpoint(r, done); });
    while (not asked->came() and
           other.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "0")
        std::this_thread::yield();
    BOOST_TEST(not asked->came());
    hand.run("COMMIT");
    t.settled(asked);
    BOOST_TEST(asked->answer().match(
        no, [](const error& why) { return why.kind == error_kind::ownership_lost; }, no));
    BOOST_TEST(other.run("SELECT state FROM " + schema + ".checkpoints") == "inprogress");
}

BOOST_AUTO_TEST_CASE(a_claim_and_what_it_marks_are_one_transaction_S2) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    BOOST_TEST((t.has_claimed() and t.takes(7, 1, {checkpoint_state::in_progress})));
    by_hand hand;
    hand.run("SET search_path = " + schema);
    hand.run("CREATE TABLE was (id xid8)");
    hand.run(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO was VALUES (pg_current_xact_id()); RETURN NULL; END $$");
    for (const std::string table : {"jobs", "checkpoints"})
        hand.run("CREATE TRIGGER note AFTER UPDATE ON " + table + " FOR EACH ROW EXECUTE FUNCTION note()");
    BOOST_TEST(t.claim(1, {2}, t.ours).has_value());
    BOOST_TEST(hand.run("SELECT count(*) || ' in ' || count(DISTINCT id) FROM was") == "2 in 1");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_schema_of_version_1_keeps_every_law_once_it_was_opened) {
    laws::check_database(
        [] { return open(schema_of_version_1()); }, settle,
        [](std::string_view law, bool holds, const std::string& detail) { BOOST_TEST(holds, law << ": " << detail); });
}

BOOST_AUTO_TEST_CASE(an_older_schema_is_brought_up_once_and_keeps_what_it_holds) {
    const std::string schema = schema_of_version_1();
    by_hand hand;
    hand.run("SET search_path = " + schema);
    hand.run("INSERT INTO jobs (id, name, stop, version, wish) VALUES ('old', '', 'run', 1, '')");
    open(schema);
    open(schema);
    BOOST_TEST(hand.run("SELECT string_agg(version::text, ' ' ORDER BY version) FROM headgate_schema") == "1 3");
    BOOST_TEST(hand.run("SELECT id FROM jobs") == "old");
}

BOOST_AUTO_TEST_CASE(an_older_schema_that_is_somebody_elses_says_what_to_do_and_may_be_used_once_it_was_brought_up) {
    const std::string schema = schema_of_version_1();
    by_hand hand;
    hand.run("CREATE ROLE tenant LOGIN");
    hand.run("GRANT ALL ON SCHEMA " + schema + " TO tenant");
    hand.run("GRANT ALL ON ALL TABLES IN SCHEMA " + schema + " TO tenant");
    BOOST_TEST(does_not_open({.connection = "user=tenant", .schema = schema}, error_kind::permanent,
                             "is of version 1 and not this user's; let its owner open it once"));
    open(schema);
    const auto opened = postgres::database::open({.connection = "user=tenant", .schema = schema});
    BOOST_TEST_REQUIRE(opened.has_value());
    trial t(**opened, settle);
    BOOST_TEST(t.has_claimed());
}

BOOST_AUTO_TEST_CASE(a_controller_whose_connection_ended_is_gone_and_forgotten_once_it_owns_no_job_G5) {
    const std::string schema = fresh();
    auto first = open(schema);
    const auto second = open(schema);
    trial t(*second, settle);
    {
        trial here(*first, settle);
        BOOST_TEST((here.lease(here.ours, 3) and here.has_claimed()));
    }
    using list = std::vector<controller_seen>;
    BOOST_TEST((t.lease(t.theirs, 1) == list{{t.ours, 3, false}, {t.theirs, 1, false}}));
    first.reset();
    // The server sees the end of a session a moment after the client.
    std::optional<list> seen;
    for (int tries = 0; tries < 100'000; ++tries) {
        seen = t.lease(t.theirs, 2);
        if (not seen or seen->empty() or seen->front().is_gone) break;
    }
    BOOST_TEST((seen == list{{t.ours, 3, true}, {t.theirs, 2, false}}));
    BOOST_TEST((t.claim(1, {2}, t.theirs).has_value()));
    BOOST_TEST((t.lease(t.theirs, 2) == list{{t.theirs, 2, false}}));
}

BOOST_AUTO_TEST_CASE(commits_are_synchronous_even_where_the_server_does_not_make_them_so) {
    const std::string schema = fresh();
    const auto opened = open(schema);
    trial t(*opened, settle);
    by_hand hand;
    BOOST_TEST(hand.run("SHOW synchronous_commit") == "off");
    hand.run("SET search_path = " + schema);
    hand.run("CREATE TABLE was (setting text)");
    hand.run(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO was VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$");
    hand.run("CREATE TRIGGER note AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION note()");
    BOOST_TEST((t.put(0, t.some_wish()) == 1u));
    BOOST_TEST(hand.run("SELECT setting FROM was") == "on");
}
