#include <headgate/concepts/scheduler.hpp>

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/worker_log.hpp>
#include <headgate/conformance/archetypes/scheduler.hpp>
#include <headgate/conformance/laws/scheduler.hpp>
#include <headgate/simulation/processes.hpp>
#include <headgate/simulation/scheduler.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using start_request = request<headgate::start_workers>;
using stop_request = request<headgate::stop_workers>;
using list_request = request<list_workers>;
using watch_request = request<watch_workers>;

// Refuters: each is the archetype less one thing, so each clause of the concept has a witness.
struct has_no_size : archetype::scheduler {
    void worker_slots() = delete;
};
struct cannot_start : archetype::scheduler {
    void start_workers() = delete;
};
struct cannot_stop : archetype::scheduler {
    void stop_workers() = delete;
};
struct cannot_list : archetype::scheduler {
    void workers() = delete;
};
struct cannot_watch : archetype::scheduler {
    void watch() = delete;
};
struct answers_by_value : archetype::scheduler {
    outcome<applied> start_workers(const start_request&, any_completion<headgate::start_workers>);
};
struct changes_the_request : archetype::scheduler {
    void start_workers(start_request&, any_completion<headgate::start_workers>);
};
struct counts_in_half_slots : archetype::scheduler {
    double worker_slots();
};

static_assert(not scheduler<has_no_size>);
static_assert(not scheduler<cannot_start>);
static_assert(not scheduler<cannot_stop>);
static_assert(not scheduler<cannot_list>);
static_assert(not scheduler<cannot_watch>);
static_assert(not scheduler<answers_by_value>);
static_assert(not scheduler<changes_the_request>);
static_assert(not scheduler<counts_in_half_slots>);
static_assert(not scheduler<int>);

// A generic component. That it compiles with the archetype shows that it asks for no more than the concept.
template <scheduler Scheduler>
class cleaner {
public:
    explicit cleaner(Scheduler& scheduler) : scheduler_(scheduler) {}

    void clean(job_id job, generation up_to) {
        const stop_request stop{.what = {.job = std::move(job), .up_to = up_to}};
        scheduler_.stop_workers(stop, heard{stop.by, this});
    }
    bool is_clean() const { return is_clean_; }

private:
    struct heard {
        ticket to;
        cleaner* by;

        void operator()(const outcome<std::uint32_t>& left) const {
            const auto no = [](const error&) { return false; };
            by->is_clean_ = left.match([](std::uint32_t count) { return count == 0; }, no, no);
        }
    };

    Scheduler& scheduler_;
    bool is_clean_ = false;
};

template class cleaner<archetype::scheduler>;

// With room for four workers, as the laws ask.
struct prompt : simulation::scheduler {
    prompt() : simulation::scheduler(simulation::worker_pool(64, 16)) {}
};
struct queued : simulation::scheduler {
    queued() : simulation::scheduler(simulation::worker_pool(64, 16), true) {}
};

// Liars: the right signatures, and one law broken. They test the laws.

/// Answers a list with what `change(what, ids)` makes of it.
struct misreports : prompt {
    void workers(const list_request& r, completion_for<list_workers> auto done, auto change) {
        list_workers::answer ids = pool_of().workers(r.what);
        change(*ids);
        done(std::move(ids));
    }
    const simulation::worker_pool& pool_of() const { return pool(); }
};

struct lists_a_ghost : misreports {
    void start_workers(const start_request& r, completion_for<headgate::start_workers> auto done) {
        is_new = false;
        prompt::start_workers(r, done);
    }
    void workers(const list_request& r, completion_for<list_workers> auto done) {
        misreports::workers(r, done, [&](std::vector<worker_id>& ids) {
            if (is_new) ids.push_back({1});
        });
    }
    bool is_new = true;
};
struct forgets_the_fourth : prompt {
    void start_workers(start_request r, completion_for<headgate::start_workers> auto done) {
        if (r.what.workers.size() == 4) r.what.workers.pop_back();
        prompt::start_workers(r, done);
    }
};
struct starts_twice : misreports {
    void start_workers(const start_request& r, completion_for<headgate::start_workers> auto done) {
        // A second time only if all of them are there: a start of others adds.
        const list_workers what{r.what.job, r.what.generation};
        for (const worker_identity& who : r.what.workers)
            if (std::ranges::count(*pool_of().workers(what), who.id) > 0) twice.push_back(who.id);
        prompt::start_workers(r, done);
    }
    void workers(const list_request& r, completion_for<list_workers> auto done) {
        misreports::workers(r, done, [&](auto& ids) { ids.insert(ids.end(), twice.begin(), twice.end()); });
    }
    std::vector<worker_id> twice;
};
struct replaces_the_set : misreports {
    void start_workers(const start_request& r, completion_for<headgate::start_workers> auto done) {
        if (r.what.workers.size() == 1) only = {r.what.job, r.what.generation, r.what.workers.front()};
        prompt::start_workers(r, done);
    }
    void workers(const list_request& r, completion_for<list_workers> auto done) {
        misreports::workers(r, done, [&](auto& ids) {
            if (ids.size() == 2 and only.job == r.what.job) ids = {only.who.id};
        });
    }
    simulation::worker_pool::worker only;
};
struct stops_the_other_job : prompt {
    void stop_workers(const stop_request& r, completion_for<headgate::stop_workers> auto done) {
        prompt::stop_workers(r, done);
        stop_request others = r;
        others.what.job = {"other"};
        prompt::stop_workers(others, any_completion<headgate::stop_workers>{});
    }
};
struct stops_a_newer_generation : prompt {
    void stop_workers(stop_request r, completion_for<headgate::stop_workers> auto done) {
        if (r.what.up_to == generation{1}) r.what.up_to = {2};
        prompt::stop_workers(r, done);
    }
};
struct stop_overtakes_start : queued {
    void stop_workers(const stop_request& r, completion_for<headgate::stop_workers> auto done) {
        if (waiting() == 0) return queued::stop_workers(r, done);
        done(std::uint32_t{0});
    }
};
struct has_no_floor : prompt {
    void stop_workers(const stop_request& r, completion_for<headgate::stop_workers> auto done) {
        *static_cast<simulation::scheduler*>(this) = simulation::scheduler(without(r.what));
        done(std::uint32_t{0});
    }
    simulation::worker_pool without(const headgate::stop_workers& what) const {
        simulation::worker_pool rest(64, 16);
        for (const auto& w : pool().all())
            if (w.job != what.job or w.generation > what.up_to)
                (void)rest.start_workers({.job = w.job, .generation = w.generation, .workers = {w.who}});
        return rest;
    }
};
struct names_a_stopped_generation_as_one_that_may_start : prompt {
    void start_workers(start_request r, completion_for<headgate::start_workers> auto done) {
        if (r.what.generation > pool().floor(r.what.job)) return prompt::start_workers(r, done);
        done(not_applied{{.kind = error_kind::scheduler, .text = "stopped", .needed = r.what.generation.value + 1}});
    }
};
struct complains_of_a_second_stop : prompt {
    void stop_workers(const stop_request& r, completion_for<headgate::stop_workers> auto done) {
        if (pool().floor(r.what.job) < r.what.up_to) return prompt::stop_workers(r, done);
        done(not_applied{{.kind = error_kind::scheduler, .text = "no such workers"}});
    }
};
struct takes_what_fits : prompt {
    void start_workers(start_request r, completion_for<headgate::start_workers> auto done) {
        if (r.what.workers.size() == 5) {
            start_request some = r;
            some.what.workers.resize(4);
            prompt::start_workers(some, any_completion<headgate::start_workers>{});
            return done(not_applied{{.kind = error_kind::not_enough_slots, .needed = 80, .available = 64}});
        }
        prompt::start_workers(r, done);
    }
};
struct hides_the_numbers : prompt {
    void start_workers(const start_request& r, completion_for<headgate::start_workers> auto done) {
        if (r.what.workers.size() != 5) return prompt::start_workers(r, done);
        done(not_applied{{.kind = error_kind::not_enough_slots, .text = "full"}});
    }
};
struct says_not_how : prompt {
    bool exit(const job_id& job, generation of, worker_id id, std::string) { return prompt::exit(job, of, id, {}); }
};
struct names_another : prompt {
    template <class Done>
    struct misnamed {
        ticket to;
        Done done;

        void operator()(watch_workers::answer news) const {
            for (worker_news::exited& exit : news->exits) ++exit.worker.value;
            done(std::move(news));
        }
    };
    template <completion_for<watch_workers> Done>
    void watch(const watch_request& r, Done done) {
        prompt::watch(r, misnamed<Done>{r.by, done});
    }
};
struct stops_that_generation_alone : prompt {
    void stop_workers(const stop_request& r, completion_for<headgate::stop_workers> auto done) {
        const bool has_any = std::ranges::any_of(
            pool().all(), [&](const auto& one) { return one.job == r.what.job and one.generation == r.what.up_to; });
        has_any ? prompt::stop_workers(r, done) : done(0u);
    }
};
struct tells_again : prompt {
    void watch(watch_request r, completion_for<watch_workers> auto done) {
        r.what.since = {};
        prompt::watch(r, done);
    }
};
struct leaves_the_older_watch : prompt {
    void watch(const watch_request& r, completion_for<watch_workers> auto done) {
        if (next_is_second) return;
        next_is_second = r.what.since == cursor{} and pool().all().empty();
        prompt::watch(r, done);
    }
    bool next_is_second = false;
};
struct answers_twice : prompt {
    void workers(const list_request& r, completion_for<list_workers> auto done) {
        prompt::workers(r, done);
        prompt::workers(r, done);
    }
};

/// The backend of worlds, in place of one: its workers run as soon as they are started and end as soon as they are
/// told.
class cluster_alone {
public:
    cluster_alone() { on_.room = on_.most_room = 4 * rules_.worker_slots(); }

    std::uint32_t worker_slots() const { return rules_.worker_slots(); }
    void start_workers(const start_request& r, completion_for<headgate::start_workers> auto done) {
        const auto answer = rules_.start_workers(r.what, on_);
        for (simulation::process& one : on_.take_started()) on_.all().push_back(std::move(one));
        done(answer);
    }
    void stop_workers(const stop_request& r, completion_for<headgate::stop_workers> auto done) {
        auto answer = rules_.stop_workers(r.what, on_);
        const auto ended = on_.take_stopped();
        for (const auto& [number, by_force] : ended) on_.all()[number].is = simulation::process::phase::ended;
        if (not ended.empty()) {
            answer = rules_.stop_workers(r.what, on_);
            news_.freed();
        }
        done(answer);
        tell();
    }
    void workers(const list_request& r, completion_for<list_workers> auto done) {
        std::vector<worker_id> found;
        for (const simulation::process& one : on_.all())
            if (one.lives() and one.job == r.what.job and one.generation == r.what.generation)
                found.push_back(one.identity.id);
        done(found);
    }
    void watch(const watch_request& r, completion_for<watch_workers> auto done) {
        if (held_) held_->second(news_.nothing(held_->first));
        held_.emplace(r.what.since, std::move(done));
        tell();
    }
    bool exit(const job_id& job, generation of, worker_id id, std::string how) {
        for (simulation::process& one : on_.all())
            if (one.job == job and one.generation == of and one.identity.id == id) {
                one.is = simulation::process::phase::ended;
                news_.exited({.job = job, .generation = of, .worker = id, .how = std::move(how)});
                tell();
                return true;
            }
        return false;
    }

private:
    void tell() {
        auto came = held_ ? news_.after(held_->first) : std::nullopt;
        if (came) std::exchange(held_, std::nullopt)->second(*std::move(came));
    }

    simulation::cluster rules_;
    simulation::processes on_;
    worker_log news_;
    std::optional<std::pair<cursor, held_completion<watch_workers>>> held_;
};

using laws_broken = std::set<std::string>;

template <class Scheduler>
laws_broken broken_by(auto settle) {
    laws_broken broken;
    laws::check_scheduler([] { return Scheduler{}; }, settle,
                          [](auto& model, const job_id& job, generation of, worker_id id) {
                              BOOST_TEST(model.exit(job, of, id, "exit status 1"));
                          },
                          [&](std::string_view law, bool holds, const std::string& detail) {
                              BOOST_TEST(holds == detail.empty(), law << ": " << detail);
                              if (not holds) broken.emplace(law);
                          });
    return broken;
}

constexpr auto at_once = [](auto&, auto) {};
constexpr auto run_until = [](auto& model, auto came) {
    while (not came() and model.run_one()) {
    }
};

std::string text_of(const laws_broken& names) {
    std::string text;
    for (const std::string& name : names) text += name + " ";
    return text;
}

void check_breaks(const laws_broken& broken, const laws_broken& expected) {
    BOOST_TEST(text_of(broken) == text_of(expected));
}

BOOST_AUTO_TEST_CASE(models_keep_every_law_whether_they_complete_at_once_or_later) {
    check_breaks(broken_by<prompt>(at_once), {});
    check_breaks(broken_by<queued>(run_until), {});
}

BOOST_AUTO_TEST_CASE(the_cluster_of_worlds_keeps_every_law) { check_breaks(broken_by<cluster_alone>(at_once), {}); }

BOOST_AUTO_TEST_CASE(each_liar_breaks_exactly_its_law) {
    check_breaks(broken_by<lists_a_ghost>(at_once), {"fresh"});
    check_breaks(broken_by<forgets_the_fourth>(at_once), {"starts"});
    check_breaks(broken_by<starts_twice>(at_once), {"repeats"});
    check_breaks(broken_by<replaces_the_set>(at_once), {"adds"});
    check_breaks(broken_by<stops_the_other_job>(at_once), {"scoped"});
    check_breaks(broken_by<stops_a_newer_generation>(at_once), {"gone", "scoped"});
    check_breaks(broken_by<stop_overtakes_start>(run_until), {"gone"});
    check_breaks(broken_by<stops_that_generation_alone>(at_once), {"floor", "gone"});
    check_breaks(broken_by<has_no_floor>(at_once), {"floor"});
    check_breaks(broken_by<names_a_stopped_generation_as_one_that_may_start>(at_once), {"floor"});
    check_breaks(broken_by<complains_of_a_second_stop>(at_once), {"idempotent"});
    check_breaks(broken_by<takes_what_fits>(at_once), {"refuses"});
    check_breaks(broken_by<hides_the_numbers>(at_once), {"refuses"});
    check_breaks(broken_by<says_not_how>(at_once), {"watches"});
    check_breaks(broken_by<names_another>(at_once), {"watches"});
    check_breaks(broken_by<tells_again>(at_once), {"watches"});
    check_breaks(broken_by<leaves_the_older_watch>(at_once), {"answers"});
    check_breaks(broken_by<answers_twice>(at_once), {"answers"});
}

BOOST_AUTO_TEST_CASE(a_model_that_never_answers_keeps_no_law) {
    BOOST_TEST(broken_by<queued>([](auto&, auto) {}).size() == 11u);
}

BOOST_AUTO_TEST_CASE(a_broken_law_tells_what_was_expected_what_came_and_the_calls_that_led_there) {
    std::string told;
    laws::check_scheduler([] { return has_no_floor{}; }, at_once,
                          [](auto& model, const job_id& job, generation of, worker_id id) {
                              model.exit(job, of, id, "exit status 1");
                          },
                          [&](std::string_view law, bool holds, const std::string& detail) {
                              if (not holds) told.append(law).append(": ").append(detail);
                          });
    BOOST_TEST(told ==
               "floor: expected late starts that are refused, came {4294967297, 8589934592} started\n"
               "    1. start_workers(job, generation 1, workers {4294967296}): applied\n"
               "    2. stop_workers(job, up to generation 2): applied (0 left)\n"
               "    3. start_workers(job, generation 1, workers {4294967297}): applied\n"
               "    4. start_workers(job, generation 2, workers {8589934592}): applied");
}

BOOST_AUTO_TEST_CASE(a_component_over_the_concept_runs_on_a_model) {
    prompt model;
    cleaner component(model);
    component.clean({"job"}, {1});
    BOOST_TEST(component.is_clean());
}

}  // namespace
