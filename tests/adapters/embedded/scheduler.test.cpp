#include <headgate/embedded/scheduler.hpp>

#include <headgate/conformance/laws/scheduler.hpp>

#include <boost/test/unit_test.hpp>

#include "../process/support.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <utility>

namespace {

using namespace headgate_tests;
using embedded::options;

const job_id job{"job"};
constexpr generation first{1};

/// Workers that wait until they are told to stop, or how to end; and, if they are `stubborn`, for the latter alone.
struct crew {
    void run(const identity& who, const std::stop_token& stop) {
        std::unique_lock lock(mutex);
        ++alive;
        const auto is_told = [&] { return told.contains({who.job, who.worker.id}); };
        if (stubborn)
            changed.wait(lock, is_told);
        else
            changed.wait(lock, stop, is_told);
        --alive;
        if (is_told() and not told[{who.job, who.worker.id}].empty())
            throw std::runtime_error(told[{who.job, who.worker.id}]);
    }
    void end(const job_id& of_job, worker_id id, std::string how = {}) {
        const std::scoped_lock lock(mutex);
        told[{of_job, id}] = std::move(how);
        changed.notify_all();
    }
    options with(options what = {}) {
        what.run = [this](const identity& who, const std::stop_token& stop) { run(who, stop); };
        what.controller = "127.0.0.1:7070";
        what.capacity = 64;
        return what;
    }
    int living() {
        const std::scoped_lock lock(mutex);
        return alive;
    }

    bool stubborn = false;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::map<std::pair<job_id, worker_id>, std::string> told;
    int alive = 0;
};

BOOST_AUTO_TEST_CASE(threads_keep_every_law_of_a_scheduler) {
    std::unique_ptr<crew> workers;
    laws::check_scheduler(
        [&] {
            workers = std::make_unique<crew>();
            return embedded::scheduler(workers->with());
        },
        wait_for, [&](auto&, const job_id& of_job, generation, worker_id id) { workers->end(of_job, id); },
        [](std::string_view law, bool holds, const std::string& detail) { BOOST_TEST(holds, law << ": " << detail); });
}

BOOST_AUTO_TEST_CASE(a_worker_is_given_its_identity_G3) {
    std::optional<identity> given;
    options what;
    what.controller = "127.0.0.1:7070";
    what.run = [&](const identity& who, const std::stop_token&) { given = who; };
    embedded::scheduler model(what);
    caller ask(model);
    BOOST_TEST(ask.start(job, first, 1) == "started");
    BOOST_TEST(ask.next_exit() == "job 1 0: returned");
    digest256 token;
    token.fill(std::byte{0xc5});
    BOOST_TEST((given == identity{job, first, {id_of(first, {0}), 16}, "127.0.0.1:7070", token}));
}

BOOST_AUTO_TEST_CASE(an_exception_is_an_exit_with_its_text_S6) {
    crew workers;
    embedded::scheduler model(workers.with());
    caller ask(model);
    BOOST_TEST(ask.start(job, first, 1) == "started");
    workers.end(job, id_of(first, {0}), "no disk");
    BOOST_TEST(ask.next_exit() == "job 1 0: threw: no disk");
}

BOOST_AUTO_TEST_CASE(a_thread_that_does_not_stop_is_left_by_force_too_until_it_ends_J4) {
    crew workers;
    workers.stubborn = true;
    hand clock;
    embedded::scheduler model(workers.with({.now = [&] { return clock.read(); }}));
    caller ask(model);
    BOOST_TEST(ask.start(job, first, 2) == "started");
    const auto stop = ask.begin(stop_workers{.job = job, .up_to = first, .force = true}, clock.read() + duration(1));
    clock.advance(duration(1));
    BOOST_TEST(ask.left_of(ask.answer(stop)) == 2);
    const auto again = ask.begin(stop_workers{.job = job, .up_to = first});
    workers.end(job, id_of(first, {0}));
    workers.end(job, id_of(first, {1}));
    BOOST_TEST(ask.left_of(ask.answer(again)) == 0);
    BOOST_TEST(workers.living() == 0);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_scheduler_waits_for_its_workers) {
    crew workers;
    {
        embedded::scheduler model(workers.with());
        caller ask(model);
        BOOST_TEST(ask.start(job, first, 3) == "started");
        BOOST_TEST(wait_until([&] { return workers.living() == 3; }));
    }
    BOOST_TEST(workers.living() == 0);
}

BOOST_AUTO_TEST_CASE(without_anything_to_run_no_worker_starts_S6) {
    embedded::scheduler model{options{}};
    BOOST_TEST(caller(model).start(job, first, 1) == "permanent: options name nothing to run");
    BOOST_TEST(caller(model).count(job, first) == 0u);
}

}  // namespace
