#include "../columns/by_hand.hpp"

#include <headgate/conformance/laws/database.hpp>
#include <headgate/sqlite/database.hpp>

#include <sqlite3.h>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace headgate;
using tests::says;

namespace {

/// A folder that ends with the test.
class folder {
public:
    folder() {
        std::string made = (std::filesystem::temp_directory_path() / "headgate.XXXXXX").string();
        path_ = ::mkdtemp(made.data());
    }
    ~folder() { std::filesystem::remove_all(path_); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    std::string file(const std::string& name = "jobs.db") const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// Waits for a completion from the database's thread, with far more patience than any of them needs.
constexpr auto settle = [](auto&, auto came) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (not came() and std::chrono::steady_clock::now() < end) std::this_thread::yield();
};

std::unique_ptr<sqlite::database> open(const std::string& path, const limits& most = {}) {
    auto opened = sqlite::database::open({.path = path, .limits = most});
    if (not opened) BOOST_FAIL(opened.error().text);
    return *std::move(opened);
}

error error_of(sqlite::options how) {
    const auto opened = sqlite::database::open(std::move(how));
    return opened ? error{.text = "it was opened"} : opened.error();
}

/// As somebody with a shell does.
void by_hand(const std::string& path, const std::string& sql) {
    sqlite3* file = nullptr;
    BOOST_REQUIRE(sqlite3_open(path.c_str(), &file) == SQLITE_OK);
    char* wrong = nullptr;
    sqlite3_exec(file, sql.c_str(), nullptr, nullptr, &wrong);
    const std::string text = wrong == nullptr ? "" : wrong;
    sqlite3_free(wrong);
    sqlite3_close(file);
    BOOST_REQUIRE_MESSAGE(text.empty(), sql + ": " + text);
}

using trial = laws::database_trial<sqlite::database, decltype(settle)>;

BOOST_AUTO_TEST_CASE(all_who_open_a_new_file_at_once_have_it) {
    for (int round = 0; round < 30; ++round) {
        const folder place;
        std::atomic<int> opened = 0;
        std::vector<std::thread> all;
        for (int i = 0; i < 4; ++i)
            all.emplace_back([&] { opened += sqlite::database::open({.path = place.file()}).has_value() ? 1 : 0; });
        for (std::thread& one : all) one.join();
        BOOST_TEST(opened == 4);
    }
}

// The default VFS, with the syncs of write-ahead logs counted.
sqlite3_vfs* beneath = nullptr;
const sqlite3_io_methods* of_logs = nullptr;
sqlite3_io_methods counting{};
std::atomic<int> syncs{0};

int count_sync(sqlite3_file* file, int how) {
    ++syncs;
    return of_logs->xSync(file, how);
}
int open_counting(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* told) {
    const int code = beneath->xOpen(beneath, name, file, flags, told);
    if (code != SQLITE_OK or (flags & SQLITE_OPEN_WAL) == 0) return code;
    of_logs = file->pMethods;
    counting = *of_logs;
    counting.xSync = count_sync;
    file->pMethods = &counting;
    return code;
}

BOOST_AUTO_TEST_CASE(what_is_answered_is_on_the_disk_T4) {
    beneath = sqlite3_vfs_find(nullptr);
    sqlite3_vfs shim = *beneath;
    shim.zName = "counting";
    shim.xOpen = open_counting;
    BOOST_REQUIRE(sqlite3_vfs_register(&shim, 1) == SQLITE_OK);
    {
        const folder place;
        const auto opened = open(place.file());
        trial t(*opened, settle);
        const int before = syncs;
        BOOST_TEST((t.put(0, trial::some_wish()) == 1u));
        const int of_one_commit = syncs - before;
        BOOST_TEST(of_one_commit > 0);
        BOOST_TEST((t.claim(0, {1}, t.ours).has_value() and t.takes(7, 1, {checkpoint_state::in_progress})));
        const int claimed = syncs;
        BOOST_TEST(t.claim(1, {2}, t.ours).has_value());
        BOOST_TEST(syncs - claimed == of_one_commit, "what a claim marks is written with it (S2)");
    }
    sqlite3_vfs_unregister(&shim);
}

}  // namespace

BOOST_AUTO_TEST_CASE(sqlite_keeps_every_law_of_a_database) {
    const folder place;
    int number = 0;
    const auto make = [&] { return open(place.file(std::to_string(++number) + ".db")); };
    laws::check_database(make, settle, [](std::string_view law, bool holds, const std::string& detail) {
        BOOST_TEST(holds, law << ": " << detail);
    });
}

BOOST_AUTO_TEST_CASE(two_processes_share_a_file_and_hear_of_each_other) {
    const folder place;
    const auto first = open(place.file()), second = open(place.file());
    trial here(*first, settle), there(*second, settle);
    BOOST_TEST(here.has_claimed());
    const auto seen = there.record();
    BOOST_TEST_REQUIRE(seen.has_value());
    BOOST_TEST((seen->row.owner == here.ours));
    const auto at = there.watch({});
    BOOST_TEST_REQUIRE(at.has_value());
    const auto held = there.begin_watch(at->next);
    BOOST_TEST((here.store(1, here.some_row({1}, here.ours, state_name::running)).has_value()));
    BOOST_TEST_REQUIRE(there.settled(held)->came());
    BOOST_TEST((held->answer()->jobs.front().row.state == state_name::running));
    // What the first has not seen yet, it learns from the answer.
    BOOST_TEST((there.claim(2, {2}, there.theirs).has_value()));
    const auto lost = here.store(2, here.some_row({1}, here.ours, state_name::stopping));
    BOOST_TEST_REQUIRE(lost.has_value());
    BOOST_TEST((lost->owner == there.theirs));
    BOOST_TEST(lost->revision == 3u);
}

BOOST_AUTO_TEST_CASE(claims_that_race_for_one_revision_have_one_winner_I1) {
    const folder place;
    const auto first = open(place.file());
    trial t(*first, settle);
    BOOST_TEST((t.put(0, trial::some_wish()) == 1u));
    std::vector<std::unique_ptr<sqlite::database>> all;
    for (int i = 0; i < 4; ++i) all.push_back(open(place.file()));
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

BOOST_AUTO_TEST_CASE(writes_that_race_for_the_file_wait_for_each_other) {
    const folder place;
    std::vector<std::unique_ptr<sqlite::database>> all;
    for (int i = 0; i < 4; ++i) all.push_back(open(place.file()));
    trial t(*all[0], settle);
    BOOST_TEST((t.put(0, trial::some_wish()) == 1u));
    std::vector<std::shared_ptr<laws::pending<tell>>> asked;
    for (std::size_t i = 0; i < 200; ++i)
        asked.push_back(laws::ask(tell{.job = trial::job(), .lines = {{.text = "x"}}}, 1,
                                  [&](const auto& r, auto done) { all[i % 4]->tell(r, done); }));
    for (const auto& each : asked) BOOST_TEST(laws::is_applied(*t.settled(each)), laws::describe(*each));
    const auto lines = t.log(0, 1'000);
    BOOST_TEST((lines and lines->size() == 200u and lines->back().number == 200u));
}

BOOST_AUTO_TEST_CASE(what_was_answered_is_there_when_the_file_is_opened_again) {
    const folder place;
    {
        const auto first = open(place.file());
        trial t(*first, settle);
        BOOST_TEST((t.has_claimed() and t.takes(3, 1, {checkpoint_state::in_progress, checkpoint_state::ready})));
    }
    const auto again = open(place.file());
    trial t(*again, settle);
    const auto taken = t.claim(1, {2}, t.theirs);
    BOOST_TEST_REQUIRE(taken.has_value());
    BOOST_TEST((taken->restore == checkpoint_row{{{3}, {1}}, checkpoint_state::ready}));
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_the_end_is_carried_out_and_answered) {
    const folder place;
    auto first = open(place.file());
    trial t(*first, settle);
    std::vector<std::shared_ptr<laws::pending<put_wish>>> asked;
    for (int i = 0; i < 100; ++i)
        asked.push_back(laws::ask(put_wish{.job = {std::to_string(i)}, .next = trial::some_wish()}, 1,
                                  [&](const auto& r, auto done) { first->put_wish(r, done); }));
    const auto watch = t.begin_watch({1'000'000});
    first.reset();
    for (const auto& each : asked) BOOST_TEST(laws::is_applied(*each));
    BOOST_TEST(watch->calls() == 1);
}

BOOST_AUTO_TEST_CASE(a_call_above_the_bound_is_not_applied) {
    const folder place;
    const auto opened = sqlite::database::open({.path = place.file(), .most_waiting = 0});
    BOOST_TEST_REQUIRE(opened.has_value());
    trial t(**opened, settle);
    BOOST_TEST((not t.put(0, trial::some_wish())));
    BOOST_TEST((not t.watch({})));
}

BOOST_AUTO_TEST_CASE(a_watch_ends_with_no_news_at_its_deadline) {
    const folder place;
    std::atomic<int> now{0};
    const auto opened =
        sqlite::database::open({.path = place.file(), .now = [&] { return instant(duration(now.load())); }});
    BOOST_TEST_REQUIRE(opened.has_value());
    const auto into = std::make_shared<laws::pending<watch_jobs>>();
    (*opened)->watch({.deadline = instant(duration(10))}, laws::pending<watch_jobs>::completion{{}, into});
    now = 10;
    settle(**opened, [&] { return into->came(); });
    BOOST_TEST_REQUIRE(into->came());
    BOOST_TEST(into->answer()->jobs.empty());
}

BOOST_AUTO_TEST_CASE(a_job_edited_by_hand_is_seen_and_a_changed_stop_is_a_new_version) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    BOOST_TEST(t.has_claimed());
    const auto at = t.watch({});
    const auto held = t.begin_watch(at->next);
    by_hand(place.file(), "UPDATE jobs SET stop = 'graceful' WHERE id = 'job'");
    BOOST_TEST_REQUIRE(t.settled(held)->came());
    const job_record& seen = held->answer()->jobs.front();
    BOOST_TEST_REQUIRE(seen.wish.has_value());
    BOOST_TEST(((*seen.wish)->stop == stop_mode::graceful));
    BOOST_TEST((*seen.wish)->version == 2u);
    BOOST_TEST(seen.row.revision == 1u);
}

BOOST_AUTO_TEST_CASE(a_job_renamed_by_hand_is_news_under_its_new_id) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    tests::a_new_id_is_news(t, [&](const std::string& sql) { by_hand(place.file(), sql); });
}

BOOST_AUTO_TEST_CASE(tables_of_version_2_are_brought_up_and_tell_of_a_new_id) {
    const folder place;
    open(place.file());
    by_hand(place.file(), R"(DROP TRIGGER jobs_changed; UPDATE headgate_schema SET version = 2;
        CREATE TRIGGER jobs_changed AFTER UPDATE OF name, stop, version, wish, revision ON jobs
        BEGIN
            UPDATE changes SET number = number + 1;
            UPDATE jobs SET changed = (SELECT number FROM changes) WHERE id = NEW.id;
        END;)");
    const auto opened = open(place.file());
    trial t(*opened, settle);
    tests::a_new_id_is_news(t, [&](const std::string& sql) { by_hand(place.file(), sql); });
}

BOOST_AUTO_TEST_CASE(a_damaged_row_is_an_error_in_its_record_and_the_others_go_on) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    for (const char* each : {"a", "b", "c", "d"}) BOOST_TEST(t.has_claimed({each}));
    by_hand(place.file(),
            "UPDATE jobs SET state = 'Flying' WHERE id = 'b';"
            "UPDATE jobs SET wish = x'ffffff' WHERE id = 'c';"
            "UPDATE jobs SET generation = -3 WHERE id = 'd';");
    const auto all = t.watch({});
    BOOST_TEST_REQUIRE(all.has_value());
    BOOST_TEST_REQUIRE(all->jobs.size() == 4u);
    BOOST_TEST(all->jobs[0].wish.has_value());
    for (std::size_t i = 1; i < 4; ++i) {
        BOOST_TEST_REQUIRE(not all->jobs[i].wish.has_value());
        BOOST_TEST(says(all->jobs[i].wish.error(), error_kind::invalid, "job \"" + all->jobs[i].id.value + "\""));
    }
    BOOST_TEST((t.store(1, t.some_row({1}, t.ours, state_name::running), {"a"}).has_value()));
    BOOST_TEST((not t.claim(7, {2}, t.ours, {}, {"d"})));
    BOOST_TEST((t.put(1, trial::some_wish(), {"c"}) == 2u));
    BOOST_TEST((t.record({"c"})->wish.has_value()));
}

BOOST_AUTO_TEST_CASE(a_readable_wish_that_breaks_a_rule_is_refused_or_an_error_in_its_record_and_the_others_go_on_S4) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    tests::spoilt_wishes_are_damage(t, [&](const job_id& job, const std::string& bytes) {
        by_hand(place.file(), "UPDATE jobs SET wish = x'" + bytes + "' WHERE id = '" + job.value + "'");
    });
}

BOOST_AUTO_TEST_CASE(columns_for_people_and_of_controllers_that_were_edited_by_hand_are_read_with_care) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    for (const char* each : {"a", "b"}) BOOST_TEST(t.has_claimed({each}));
    by_hand(place.file(), "UPDATE jobs SET workers = -4294967295 WHERE id = 'b'");
    BOOST_TEST((t.record({"a"})->wish.has_value()));
    BOOST_TEST(says(t.record({"b"})->wish.error(), error_kind::invalid, "column workers: -4294967295"));
    BOOST_TEST(t.tell({{.text = "one"}, {.text = "two"}, {.text = "three"}}, "", 0, {"a"}));
    by_hand(place.file(),
            "UPDATE log SET generation = 4294967297 WHERE text = 'one'; UPDATE log SET at = -1 WHERE text = 'two'");
    const auto lines = t.log(0, 10, {"a"});
    BOOST_TEST_REQUIRE((lines.has_value() and lines->size() == 1));
    BOOST_TEST(lines->front().text == "three");
    by_hand(place.file(), "INSERT INTO controllers VALUES ('" + std::string(32, 'f') + "', -1), ('me', 1)");
    BOOST_TEST((t.lease(t.ours, 1) == std::vector<controller_seen>{{t.ours, 1}}));
}

BOOST_AUTO_TEST_CASE(a_database_s_own_limits_hold_for_what_it_writes_and_what_it_reads_SPEC_10) {
    const folder place;
    const auto wide = open(place.file());
    limits most;
    most.parallelism = 2, most.environment_variables = 1, most.id = 6;
    const auto tight = open(place.file(), most);
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

BOOST_AUTO_TEST_CASE(a_checkpoint_s_row_edited_by_hand_is_removed_under_no_other_name_J1) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    BOOST_TEST((t.has_claimed() and t.claim(1, {2}, t.ours).has_value()));
    by_hand(place.file(),
            "INSERT INTO checkpoints VALUES ('job', 1, 1, 'compacting'), ('job', -1, 1, 'compacting'), "
            "('job', 4294967298, 1, 'compacting'), ('job', 3, 4294967299, 'compacting')");
    const checkpoint_row next{{{9}, {2}}, checkpoint_state::in_progress};
    const auto written = t.write({2}, t.ours, next, 3);
    BOOST_TEST_REQUIRE(written.has_value());
    BOOST_TEST((written->obsolete == std::vector<checkpoint_name>{{{1}, {1}}}));
}

BOOST_AUTO_TEST_CASE(numbers_that_have_no_room_left_are_errors_in_their_records_I16) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    tests::numbers_without_room_are_damage(t, [&](const std::string& sql) { by_hand(place.file(), sql); });
}

BOOST_AUTO_TEST_CASE(a_restore_point_that_is_the_name_of_none_is_an_error_in_its_record_and_claims_nothing_S7_L8) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    tests::restore_points_of_no_name_are_damage(t, [&](const std::string& sql) { by_hand(place.file(), sql); });
}

BOOST_AUTO_TEST_CASE(a_job_whose_row_was_removed_and_that_is_submitted_again_has_a_history) {
    const folder place;
    const auto opened = open(place.file());
    trial t(*opened, settle);
    tests::lines_go_on_after_a_row_was_removed(t, [&](const std::string& sql) { by_hand(place.file(), sql); });
}

BOOST_AUTO_TEST_CASE(a_wish_or_plan_that_could_not_be_read_back_is_refused_and_changes_nothing) {
    const folder place;
    const auto opened = open(place.file());
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

BOOST_AUTO_TEST_CASE(no_database_says_what_to_do_and_is_not_made) {
    const folder place;
    BOOST_TEST(says(error_of({.path = place.file("none/jobs.db")}), error_kind::permanent, "there is no folder"));
    BOOST_TEST(says(error_of({.path = ""}), error_kind::permanent, "no path"));
    BOOST_TEST(
        says(error_of({.path = place.file(), .may_create = false}), error_kind::permanent, "there is no database"));
    BOOST_TEST(not std::filesystem::exists(place.file()));
}

BOOST_AUTO_TEST_CASE(what_is_something_else_than_a_database_of_headgate_says_what_to_do) {
    const folder place;
    BOOST_TEST(says(error_of({.path = place.path()}), error_kind::permanent, "is a folder; name a file"));
    std::ofstream(place.file("letter.txt")) << std::string(5'000, 'x');
    BOOST_TEST(says(error_of({.path = place.file("letter.txt")}), error_kind::permanent, "the file is something else"));
    by_hand(place.file("other.db"), "CREATE TABLE jobs (title TEXT)");
    BOOST_TEST(says(error_of({.path = place.file("other.db")}), error_kind::permanent, "not headgate's"));
}

BOOST_AUTO_TEST_CASE(a_newer_schema_says_what_to_do) {
    const folder place;
    open(place.file("newer.db"));
    by_hand(place.file("newer.db"), "INSERT INTO headgate_schema VALUES (7)");
    BOOST_TEST(says(error_of({.path = place.file("newer.db")}), error_kind::permanent,
                    "version 7, and this program knows up to version 3; use a newer headgate"));
}

BOOST_AUTO_TEST_CASE(tables_of_version_1_are_brought_up_and_keep_what_they_have) {
    const folder place;
    trial(*open(place.file()), settle).has_claimed();
    by_hand(place.file(),
            "ALTER TABLE jobs ADD COLUMN lines INTEGER NOT NULL DEFAULT 0; UPDATE headgate_schema SET version = 1");
    const auto opened = open(place.file());
    trial t(*opened, settle);
    BOOST_TEST((t.record()->wish.has_value()));
    BOOST_TEST(t.tell({{.text = "told"}}, "", 0));
}

BOOST_AUTO_TEST_CASE(a_read_only_file_or_folder_says_what_to_do) {
    const folder place;
    open(place.file());
    BOOST_TEST(::chmod(place.file().c_str(), 0444) == 0);
    BOOST_TEST(::chmod(place.path().c_str(), 0755) == 0);
    // Rights do not bind root, so the question is asked as somebody else.
    const bool is_root = ::geteuid() == 0;
    if (is_root) BOOST_REQUIRE(::seteuid(65'534) == 0);
    const error file = error_of({.path = place.file()}), other = error_of({.path = place.file("new.db")});
    if (is_root) BOOST_REQUIRE(::seteuid(0) == 0);
    BOOST_TEST(says(file, error_kind::permanent, "is read-only for this user; give it the right to write"));
    // Its owner may write into the folder.
    if (is_root) BOOST_TEST(says(other, error_kind::permanent, "may not write into the folder"));
}

BOOST_AUTO_TEST_CASE(a_file_that_another_process_holds_is_not_applied_and_is_there_again_later) {
    const folder place;
    const auto opened = sqlite::database::open({.path = place.file(), .busy = std::chrono::milliseconds(1)});
    BOOST_TEST_REQUIRE(opened.has_value());
    trial t(**opened, settle);
    sqlite3* other = nullptr;
    BOOST_REQUIRE(sqlite3_open(place.file().c_str(), &other) == SQLITE_OK);
    BOOST_REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
    put_wish what{.job = t.job(), .next = trial::some_wish()};
    const auto asked = t.settled(t.begin(what, [&](const auto& r, auto done) { (*opened)->put_wish(r, done); }));
    const auto no = [](const auto&) { return false; };
    BOOST_TEST(asked->answer().match(
        no, [](const error& why) { return says(why, error_kind::database, "another process holds it"); }, no));
    BOOST_REQUIRE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    BOOST_TEST((t.put(0, trial::some_wish()) == 1u));
}

BOOST_AUTO_TEST_CASE(a_controller_whose_process_ended_is_gone_and_forgotten_once_it_owns_no_job_G5) {
    const folder place;
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {  // takes the job, as `ours`, and dies
        auto mine = sqlite::database::open({.path = place.file()});
        if (not mine) ::_exit(1);
        trial t(**mine, settle);
        ::_exit(t.lease(t.ours, 3) and t.has_claimed() ? 0 : 1);
    }
    int status = 1;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_REQUIRE(status == 0);
    const auto opened = open(place.file());
    trial t(*opened, settle);
    using list = std::vector<controller_seen>;
    const auto seen = t.lease(t.theirs, 1);
    BOOST_TEST((seen == list{{t.ours, 3, true}, {t.theirs, 1, false}}));
    BOOST_TEST((t.claim(1, {2}, t.theirs).has_value()));
    BOOST_TEST((t.lease(t.theirs, 2) == list{{t.theirs, 2, false}}));
    BOOST_TEST((std::distance(std::filesystem::directory_iterator(place.file() + ".controllers"), {}) == 1));
}

BOOST_AUTO_TEST_CASE(a_controller_that_lives_is_not_gone_whoever_looks_G5) {
    const folder place;
    const auto first = open(place.file()), second = open(place.file());
    trial here(*first, settle), there(*second, settle);
    BOOST_TEST(here.lease(here.ours, 1).has_value());
    const auto seen = there.lease(there.theirs, 1);
    BOOST_TEST((seen == std::vector<controller_seen>{{here.ours, 1, false}, {there.theirs, 1, false}}));
}
