#include <headgate/manual/scheduler.hpp>

#include <headgate/conformance/laws/scheduler.hpp>
#include <headgate/hosting/directory.hpp>

#include <boost/test/unit_test.hpp>

#include "../process/support.hpp"

#include <memory>
#include <mutex>

namespace {

using namespace headgate_tests;

const job_id job{"job"};
constexpr generation first{1};
constexpr duration lease{30'000};

/// A manual scheduler with a directory of its own, or in one that is shared, and a clock in the test's hand.
struct desk {
    explicit desk(std::shared_ptr<folder> shared = std::make_shared<folder>(), std::uint64_t capacity = 64)
        : at(std::move(shared)),
          model({.command = {"./my worker", "--it's"},
                 .controller = "127.0.0.1:7070",
                 .directory = at->path(),
                 .capacity = capacity,
                 .lease = lease,
                 .now = [c = clock] { return c->read(); },
                 .print = [p = printed](std::string_view line) { p->append(line).append("\n"); },
                 .warn = [w = warned](std::string_view line) { w->append(line).append("\n"); }}) {}

    std::uint32_t worker_slots() const { return model.worker_slots(); }
    void start_workers(const auto& r, auto done) { model.start_workers(r, done); }
    void stop_workers(const auto& r, auto done) { model.stop_workers(r, done); }
    void workers(const auto& r, auto done) { model.workers(r, done); }
    void watch(const auto& r, auto done) { model.watch(r, done); }

    std::shared_ptr<folder> at;
    std::shared_ptr<hand> clock = std::make_shared<hand>();
    std::shared_ptr<std::string> printed = std::make_shared<std::string>();
    std::shared_ptr<std::string> warned = std::make_shared<std::string>();
    manual::scheduler model;
    caller<manual::scheduler> ask{model};
};

BOOST_AUTO_TEST_CASE(what_a_person_starts_keeps_every_law_of_a_scheduler) {
    laws::check_scheduler(
        [] { return desk(); },
        [](desk& d, auto came) {
            wait_until([&] {
                d.clock->advance(duration(100));  // so that leases pass
                return came();
            });
        },
        [](desk& d, const job_id& of_job, generation of, worker_id id) { d.model.note_stream_ended(of_job, of, id); },
        [](std::string_view law, bool holds, const std::string& detail) { BOOST_TEST(holds, law << ": " << detail); });
}

BOOST_AUTO_TEST_CASE(a_start_writes_identities_and_prints_what_to_run_without_any_secret_G3) {
    desk d;
    BOOST_TEST(d.ask.start(job, first, 1, {{"MINE", "it's\n\\"}}) == "started");
    const auto path = hosting::directory(d.at->path()).identity_path({job, first, id_of(first, {0})});
    BOOST_TEST(std::filesystem::exists(path));
    BOOST_TEST((std::filesystem::status(path).permissions() == std::filesystem::perms(0600)));
    BOOST_TEST(*d.printed == "env MINE=$'it\\047s\\012\\134' HEADGATE_IDENTITY='" + path.string() +
                                 "' HEADGATE_JOB='job' HEADGATE_JOB_NAME='name' HEADGATE_ORGANIZATION='organization' "
                                 "HEADGATE_GENERATION='1' HEADGATE_WORKER='4294967296' HEADGATE_SLOTS='16' "
                                 "HEADGATE_PROGRAM_DIGEST='0000000000000000' './my worker' '--it'\\''s'\n");
}

BOOST_AUTO_TEST_CASE(variables_of_headgate_win_with_a_warning_S6) {
    desk d;
    BOOST_TEST(d.ask.start(job, first, 1, {{"HEADGATE_JOB", "mine"}, {"MINE", "1"}}) == "started");
    BOOST_TEST(d.printed->find("HEADGATE_JOB='job'") != std::string::npos);
    BOOST_TEST(d.printed->find("'mine'") == std::string::npos);
    BOOST_TEST(*d.warned == "job job: its environment variable HEADGATE_JOB is replaced by headgate's\n");
    d.warned->clear();
    BOOST_TEST(d.ask.start({"a\n\x1b[31m"}, first, 1, {{"HEADGATE_JOB", "mine"}}) == "started");
    BOOST_TEST(*d.warned == "job a\\n\\x1b[31m: its environment variable HEADGATE_JOB is replaced by headgate's\n");
}

BOOST_AUTO_TEST_CASE(a_stop_revokes_at_once_and_is_gone_when_the_lease_has_passed_gone) {
    desk d;
    BOOST_TEST(d.ask.start(job, first, 2) == "started");
    const auto stop = d.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(d.ask.count(job, first) == 2u);
    BOOST_TEST(
        not std::filesystem::exists(hosting::directory(d.at->path()).identity_path({job, first, id_of(first, {0})})));
    d.clock->advance(lease - duration(1));
    BOOST_TEST(d.ask.left_of(d.ask.call(stop_workers{.job = job, .up_to = first, .force = true}, d.clock->read())) ==
               2);
    BOOST_TEST(not stop->came());
    d.clock->advance(duration(1));
    BOOST_TEST(d.ask.left_of(d.ask.answer(stop)) == 0);
    BOOST_TEST(d.ask.start(job, first, 1).find("was stopped") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_worker_whose_stream_is_open_is_left_until_the_lease_has_passed_since_its_end_G7) {
    desk d;
    const worker_id worker = id_of(first, {0});
    BOOST_TEST(d.ask.start(job, first, 1) == "started");
    d.model.note_stream_opened(job, first, worker);
    const auto stop = d.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(d.ask.count(job, first) == 1u);
    d.clock->advance(2 * lease);
    BOOST_TEST(d.ask.count(job, first) == 1u);
    d.model.note_stream_ended(job, first, worker);
    BOOST_TEST(d.ask.count(job, first) == 1u);
    BOOST_TEST(not stop->came());
    d.clock->advance(lease);
    BOOST_TEST(d.ask.left_of(d.ask.answer(stop)) == 0);
}

BOOST_AUTO_TEST_CASE(a_stream_that_comes_back_within_the_lease_is_no_exit_S11) {
    desk d;
    const worker_id worker = id_of(first, {0});
    BOOST_TEST(d.ask.start(job, first, 2) == "started");
    d.model.note_stream_opened(job, first, worker);
    d.model.note_stream_ended(job, first, worker);
    BOOST_TEST(d.ask.count(job, first) == 2u);  // so both were noted
    d.clock->advance(lease - duration(1));
    d.model.note_stream_opened(job, first, worker);
    BOOST_TEST(d.ask.count(job, first) == 2u);
    d.clock->advance(lease);
    d.model.note_stream_ended(job, first, id_of(first, {1}));
    BOOST_TEST(d.ask.count(job, first) == 2u);
    d.clock->advance(lease);
    BOOST_TEST(d.ask.next_exit() == "job 1 1: its stream ended and its lease passed");
    BOOST_TEST(d.ask.count(job, first) == 1u);
}

BOOST_AUTO_TEST_CASE(a_paused_controller_cannot_start_what_its_successor_stopped_S3) {
    desk old, next(old.at);
    BOOST_TEST(old.ask.start(job, first, 1) == "started");
    const auto stop = next.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(next.ask.count(job, first) == 1u);
    BOOST_TEST(old.ask.start(job, first, 2).find("was stopped") != std::string::npos);
    next.clock->advance(lease);
    BOOST_TEST(next.ask.left_of(next.ask.answer(stop)) == 0);
    BOOST_TEST(old.ask.count(job, first) == 0u);
}

BOOST_AUTO_TEST_CASE(a_scheduler_that_finds_a_revoked_worker_counts_the_lease_anew) {
    const auto at = std::make_shared<folder>();
    {
        desk d(at);
        BOOST_TEST(d.ask.start(job, first, 1) == "started");
        d.clock->advance(lease);
        BOOST_TEST(d.ask.left_of(d.ask.call(stop_workers{.job = job, .up_to = first}, d.clock->read())) == 1);
    }
    desk later(at);
    const auto stop = later.ask.begin(stop_workers{.job = job, .up_to = first});
    BOOST_TEST(later.ask.count(job, first) == 1u);
    BOOST_TEST(not stop->came());
    later.clock->advance(lease);
    BOOST_TEST(later.ask.left_of(later.ask.answer(stop)) == 0);
}

}  // namespace
