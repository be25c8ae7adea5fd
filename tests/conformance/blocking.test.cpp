#include <headgate/concepts/blocking.hpp>

#include <headgate/conformance/laws/scheduler.hpp>
#include <headgate/simulation/worker_pool.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace headgate;

/// The first model a user might write: a cluster that neither refuses late starts nor has news.
struct cluster {
    std::uint32_t worker_slots() const { return 16; }
    outcome<applied> start_workers(const start_workers& what) { return backend->start_workers(what); }
    outcome<std::uint32_t> stop_workers(const stop_workers& what) {
        auto rest = std::make_shared<simulation::worker_pool>(64, 16);
        for (const auto& w : backend->all())
            if (w.job != what.job or w.generation > what.up_to)
                (void)rest->start_workers({.job = w.job, .generation = w.generation, .workers = {w.who}});
        backend = std::move(rest);
        return std::uint32_t{0};
    }
    expected<std::vector<worker_id>> workers(const list_workers& what) const { return backend->workers(what); }

    std::shared_ptr<simulation::worker_pool> backend = std::make_shared<simulation::worker_pool>(64, 16);
};

/// The same with news, and a door for the test to let workers end.
struct watched_cluster : cluster {
    std::optional<worker_news> watch(cursor since) { return backend->watch(since); }
};

static_assert(blocking_scheduler<cluster>);
static_assert(blocking_scheduler<simulation::worker_pool>);
static_assert(not blocking_scheduler<int>);
static_assert(scheduler<blocking<cluster>>);
static_assert(not std::copy_constructible<blocking<cluster>>);

/// Jobs that the test runs when it likes, in the order it likes.
struct bench {
    void operator()(std::function<void()> job) const { jobs->push_back(std::move(job)); }

    bool run_oldest() const {
        if (jobs->empty()) return false;
        const auto job = std::move(jobs->front());
        jobs->pop_front();
        job();
        return true;
    }
    bool run_newest() const {
        if (jobs->empty()) return false;
        const auto job = std::move(jobs->back());
        jobs->pop_back();
        job();
        return true;
    }
    std::shared_ptr<std::deque<std::function<void()>>> jobs = std::make_shared<std::deque<std::function<void()>>>();
};

/// Broken laws, as one line. Only the executor that `make` gives decides when a job runs.
template <class Model>
std::string broken_by(Model, bool in_order) {
    std::set<std::string> broken;
    std::shared_ptr<simulation::worker_pool> backend;
    bench jobs;
    laws::check_scheduler(
        [&] {
            Model model;
            backend = model.backend;
            jobs = {};
            return blocking<Model, bench>(std::move(model), jobs);
        },
        [&](auto&, auto came) {
            while (not came() and (in_order ? jobs.run_oldest() : jobs.run_newest())) {
            }
        },
        [&](auto& model, const job_id& job, generation of, worker_id id) {
            BOOST_TEST(backend->exit(job, of, id, "exit status 1"));
            model.look();
        },
        [&](std::string_view law, bool holds, const std::string& detail) {
            if (holds) return;
            BOOST_TEST_MESSAGE(law << ": " << detail);
            broken.emplace(law);
        });
    std::string line;
    for (const std::string& name : broken) line += name + " ";
    return line;
}

BOOST_AUTO_TEST_CASE(a_plain_model_with_news_keeps_every_law_in_any_order_of_its_jobs) {
    BOOST_TEST(broken_by(watched_cluster{}, true) == "");
    BOOST_TEST(broken_by(watched_cluster{}, false) == "");
}

BOOST_AUTO_TEST_CASE(a_model_without_watch_lacks_the_news_alone) {
    BOOST_TEST(broken_by(cluster{}, true) == "watches ");
    BOOST_TEST(broken_by(cluster{}, false) == "watches ");
}

struct said {
    ticket to;
    std::string* text;

    void operator()(const outcome<applied>& start) const {
        *text += start.match([](applied) { return std::string("started "); },
                             [](const error&) { return std::string("refused "); },
                             [](const error&) { return std::string("unknown "); });
    }
    void operator()(const outcome<std::uint32_t>& stop) const {
        *text += stop.match([](std::uint32_t left) { return std::to_string(left) + " left "; },
                            [](const error&) { return std::string("refused "); },
                            [](const error&) { return std::string("unknown "); });
    }
    void operator()(const expected<worker_news>& news) const {
        *text += std::to_string(news->exits.size()) + " exits ";
    }
};

const request<start_workers> start{.what = {.job = {"job"}, .generation = {1}, .workers = {{.id = {1}, .slots = 16}}}};
const request<stop_workers> stop{.what = {.job = {"job"}, .up_to = {1}}};

BOOST_AUTO_TEST_CASE(a_start_that_runs_after_the_stop_that_was_asked_for_later_is_refused_S3) {
    std::string text;
    const bench jobs;
    blocking scheduler(cluster{}, jobs);
    scheduler.start_workers(start, said{{}, &text});
    scheduler.stop_workers(stop, said{{}, &text});
    while (jobs.run_newest()) {
    }
    BOOST_TEST(text == "0 left refused ");
}

BOOST_AUTO_TEST_CASE(jobs_that_run_after_the_scheduler_is_gone_still_answer) {
    std::string text;
    const bench jobs;
    {
        blocking scheduler(cluster{}, jobs);
        scheduler.start_workers(start, said{{}, &text});
    }
    jobs.run_oldest();
    BOOST_TEST(text == "started ");
}

BOOST_AUTO_TEST_CASE(the_end_of_the_scheduler_ends_its_watch_without_news) {
    std::string text;
    {
        blocking scheduler(cluster{});
        scheduler.watch({}, said{{}, &text});
        BOOST_TEST(text == "");
    }
    BOOST_TEST(text == "0 exits ");
}

BOOST_AUTO_TEST_CASE(a_held_watch_is_told_at_the_next_call_or_look) {
    std::string text;
    watched_cluster model;
    const auto backend = model.backend;
    blocking scheduler(model);
    scheduler.start_workers(start, said{{}, &text});
    scheduler.watch({}, said{{}, &text});
    backend->exit({"job"}, {1}, {1}, "exit status 1");
    BOOST_TEST(text == "started ");
    scheduler.look();
    BOOST_TEST(text == "started 1 exits ");
}

BOOST_AUTO_TEST_CASE(whoever_sees_an_end_may_look_when_the_scheduler_is_gone) {
    std::string text;
    watched_cluster model;
    const auto backend = model.backend;
    std::optional<blocking<watched_cluster>> scheduler(std::in_place, model);
    auto look = scheduler->looker();
    scheduler->start_workers(start, said{{}, &text});
    scheduler->watch({}, said{{}, &text});
    backend->exit({"job"}, {1}, {1}, "exit status 1");
    look();
    BOOST_TEST(text == "started 1 exits ");
    scheduler->watch({}, said{{}, &text});
    scheduler.reset();
    backend->exit({"job"}, {1}, {1}, "exit status 1");
    text.clear();
    look();
    BOOST_TEST(text == "");
}

/// Its stop joins a thread that says that there may be news: the worker's own, which ends.
struct joining_cluster : watched_cluster {
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers&) {
        std::thread worker([&] {
            backend->exit({"job"}, {1}, {1}, "exit status 0");
            (*look)();
        });
        worker.join();
        return std::uint32_t{0};
    }
    std::shared_ptr<std::function<void()>> look = std::make_shared<std::function<void()>>();
};

BOOST_AUTO_TEST_CASE(a_thread_that_the_model_waits_for_may_say_that_there_is_news) {
    std::string text;
    joining_cluster model;
    const auto look = model.look;
    blocking scheduler(model);
    *look = [&] { scheduler.look(); };
    scheduler.start_workers(start, said{{}, &text});
    scheduler.watch({}, said{{}, &text});
    scheduler.stop_workers(stop, said{{}, &text});
    BOOST_TEST(text == "started 0 left 1 exits ");
}

}  // namespace
