// SPDX-License-Identifier: BSL-1.0
#include <headgate/simulation/explored_worlds.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::simulation;

constexpr auto nobody_listens = [](const exploration&) { return true; };

std::uint64_t number_of(const outside& in, const auto& what) { return hasher(in, names(in)).add(what).value(); }

const outside& nowhere() {
    static const outside none(decisions(std::vector<std::uint32_t>{}), fault_set{});
    return none;
}

/// Walks through a world in a way that depends on `seed` alone; calls `each(situation)` on the way.
template <class Situation, class Each>
void walk(Situation from, std::uint32_t seed, int events, Each each) {
    std::vector<move> moves;
    for (int i = 0; i < events; ++i) {
        from.list(moves);
        if (moves.empty()) return;
        from.take(moves[simulation::detail::mixed(seed + static_cast<std::uint32_t>(i)) % moves.size()]);
        each(from);
    }
}

std::unique_ptr<world<>> world_at(instant now) {
    auto made = std::make_unique<world<>>(decisions(std::vector<std::uint32_t>{}), fault_set{});
    outside& o = made->around();
    o.now = now;
    o.usual_delay = 1;
    const program what{.nodes = {{.id = {1}, .parallelism = 2, .operators = {{{"read"}, ""}}}}, .edges = {}};
    made->will_say({o.now, {"job-1"}, {.name = "job-1", .program = std::make_shared<const program>(what)}});
    made->happen(o.queue.take());
    made->start_controller(0);
    return made;
}

// Hashes --------------------------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worlds_that_differ_only_in_when_they_are_have_one_hash) {
    const allowance left{.lost = 2, .late = 2, .deaths = 1, .crashes = 1};
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        std::vector<std::uint64_t> early, late;
        walk(situation<>(*world_at(instant{} + std::chrono::hours(1)), left), seed, 60,
             [&](const situation<>& s) { early.push_back(s.hash()); });
        walk(situation<>(*world_at(instant{} + std::chrono::hours(7)), left), seed, 60,
             [&](const situation<>& s) { late.push_back(s.hash()); });
        BOOST_TEST(early == late, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_world_and_its_copy_have_one_hash_and_what_happens_to_one_changes_it) {
    walk(begin(explored_worlds[0]), 3, 25, [](const auto& s) {
        auto copy(s);
        BOOST_TEST(copy.hash() == s.hash());
        std::vector<move> moves;
        s.list(moves);
        for (const move& one : moves) {
            auto next(s);
            next.take(one);
            BOOST_TEST(next.hash() != s.hash());
        }
    });
}

BOOST_AUTO_TEST_CASE(values_that_differ_in_any_member_differ_in_hash) {
    const auto differs = [](const auto& value, auto... changes) {
        const std::uint64_t before = number_of(nowhere(), value);
        const auto check = [&](auto change) {
            auto other = value;
            change(other);
            BOOST_TEST(number_of(nowhere(), other) != before);
        };
        (check(changes), ...);
    };
    differs(
        job_row{}, [](job_row& r) { ++r.revision; }, [](job_row& r) { ++r.generation.value; },
        [](job_row& r) { ++r.owner.value[1]; }, [](job_row& r) { r.state = state_name::running; },
        [](job_row& r) { r.is_complete = true; }, [](job_row& r) { ++r.applied; },
        [](job_row& r) { ++r.restart_nonce; }, [](job_row& r) { ++r.restarts; }, [](job_row& r) { ++r.tasks; },
        [](job_row& r) { r.last_error = "x"; }, [](job_row& r) { r.plan = std::make_shared<const plan>(); });
    differs(
        ticket{}, [](ticket& t) { ++t.generation.value; }, [](ticket& t) { ++t.incarnation.value[0]; },
        [](ticket& t) { ++t.visit; }, [](ticket& t) { ++t.attempt.value; }, [](ticket& t) { ++t.worker.value; });
    differs(
        worker{}, [](worker& w) { ++w.identity.slots; }, [](worker& w) { w.profile.zone = "x"; },
        [](worker& w) { w.phase = worker_phase::ready; }, [](worker& w) { w.position = 0; },
        [](worker& w) { w.is_attended = true; }, [](worker& w) { ++w.dials; }, [](worker& w) { w.is_barred = true; },
        [](worker& w) { w.heard = nowhere().now; }, [](worker& w) { w.launched.learn({}); },
        [](worker& w) { w.barrier.ask(never); }, [](worker& w) { w.channel.learn({.worker = {7}}); });
    fact<> asked;
    asked.ask(nowhere().now + std::chrono::seconds(1));
    differs(
        asked, [](fact<>& f) { f.learn({}); }, [](fact<>& f) { f.forget(); },
        [](fact<>& f) { f.pause(std::chrono::seconds(1), nowhere().now); });
    differs(
        process{}, [](process& p) { p.job = {"x"}; }, [](process& p) { ++p.generation.value; },
        [](process& p) { ++p.identity.slots; }, [](process& p) { ++p.dials; }, [](process& p) { p.is_genuine = false; },
        [](process& p) { p.is = process::phase::hanging; }, [](process& p) { p.is_told_to_stop = true; },
        [](process& p) { p.is_extra = true; }, [](process& p) { p.has_engine = true; },
        [](process& p) { ++p.runs_digest; });
    differs(
        outside::place{}, [](outside::place& p) { ++p.boot; }, [](outside::place& p) { ++p.self.value[0]; },
        [](outside::place& p) { p.runs = true; }, [](outside::place& p) { p.is_paused = true; },
        [](outside::place& p) { p.is_doomed = true; }, [](outside::place& p) { p.watches_jobs.emplace(); },
        [](outside::place& p) { p.watches_workers.emplace(); }, [](outside::place& p) { p.stops.emplace_back(); });
    differs(
        job{}, [](job& j) { j.persisted.learn({}); }, [](job& j) { ++j.writes; }, [](job& j) { j.is_let_go = true; },
        [](job& j) { j.is_orphaned = true; }, [](job& j) { j.restore.emplace(); },
        [](job& j) { j.is_generation_used = true; }, [](job& j) { j.workers.begin({1}); },
        [](job& j) { j.workers.fill(1, 1); }, [](job& j) { j.tasks = task_board(program{.nodes = {{}}, .edges = {}}); },
        [](job& j) { j.stop.with_force = true; }, [](job& j) { j.spent[3] = 1; }, [](job& j) { j.exhausted.emplace(); },
        [](job& j) { j.overdue_look = nowhere().now; }, [](job& j) { ++j.restarts.restarts; });
}

BOOST_AUTO_TEST_CASE(what_is_on_its_way_counts_and_in_which_order_within_a_stream) {
    const auto with = [](std::vector<worker_message> said, instant at) {
        auto in = world_at(instant{} + std::chrono::hours(1));
        in->around().streams.push_back({});
        in->around().backend.all().push_back({});
        for (const worker_message& one : said)
            in->around().queue.put(at, to_controller{{}, stream_event{.stream = {1}, .what = one}});
        return in;
    };
    const auto hash = [&](std::vector<worker_message> said, instant at = {}) {
        const auto in = with(std::move(said), at);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < in->around().queue.size(); ++i)
            sum += hash_of(hasher(in->around(), names(in->around())), in->around(), i);
        return sum;
    };
    const worker_message first = initialized{}, second = task_report{};
    BOOST_TEST(hash({first, second}) != hash({second, first}));
    BOOST_TEST(hash({first}) != hash({second}));
    BOOST_TEST(hash({first}) != hash({first, first}));
    BOOST_TEST(hash({first, second}, in_no_order) == hash({second, first}, in_no_order));
    BOOST_TEST(hash({first}) != hash({first}, in_no_order));
}

/// The hashes of all that can follow, in order.
template <class Situation>
std::vector<std::uint64_t> after(const Situation& now) {
    std::vector<move> moves;
    now.list(moves);
    std::vector<std::uint64_t> hashes;
    for (const move& one : moves) {
        auto next(now);
        next.take(one);
        hashes.push_back(next.hash());
    }
    std::ranges::sort(hashes);
    return hashes;
}

BOOST_AUTO_TEST_CASE(worlds_of_one_hash_go_on_alike_however_they_were_reached) {
    for (const char* const name :
         {"strange-reports-small", "two-controllers-small", "bring-up-small", "crash-small", "late-small"}) {
        const auto start = begin(*explored_world_of(name));
        std::map<std::uint64_t, std::vector<std::uint64_t>> known{{start.hash(), after(start)}};
        std::deque front{start};
        std::size_t met_again = 0;
        std::vector<move> moves;
        while (not front.empty() and known.size() < 1'500) {
            const auto now = front.front();
            front.pop_front();
            now.list(moves);
            for (const move& one : moves) {
                auto next(now);
                next.take(one);
                const auto [at, is_new] = known.try_emplace(next.hash());
                const auto follows = after(next);
                if (not is_new) BOOST_TEST(at->second == follows, name << ": two worlds of one hash");
                if (not is_new) ++met_again;
                if (is_new) at->second = follows, front.push_back(next);
            }
        }
        BOOST_TEST(met_again > 50u);
    }
}

// Explorations --------------------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(small_worlds_are_explored_wholly_and_nothing_breaks) {
    for (const char* const name :
         {"bring-up-small", "two-controllers-small", "strange-reports-small", "strange-reports", "late-small"}) {
        const exploration all = explore(begin(*explored_world_of(name)), {}, nobody_listens);
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST((all.end == exploration_end::wholly));
            BOOST_TEST(not all.broken);
            BOOST_TEST(all.waiting == 0u);
            BOOST_TEST(all.resting > 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(without_pruning_the_same_is_found_in_more_states_I2) {
    for (const char* const name : {"bring-up-small", "strange-reports-small", "two-controllers-small", "late-small"}) {
        const exploration pruned = explore(begin(*explored_world_of(name)), {}, nobody_listens);
        const exploration whole = explore(begin(*explored_world_of(name)), {.prunes = false}, nobody_listens);
        BOOST_TEST((whole.end == exploration_end::wholly and pruned.end == exploration_end::wholly));
        BOOST_TEST(whole.states >= pruned.states);
    }
}

BOOST_AUTO_TEST_CASE(an_exploration_is_cut_where_it_is_told_to) {
    const exploration some = explore(begin(explored_worlds[0]), {.states = 500}, nobody_listens);
    BOOST_TEST((some.end == exploration_end::states));
    BOOST_TEST(some.states >= 500u);
    BOOST_TEST(some.waiting > 0u);
}

BOOST_AUTO_TEST_CASE(whoever_is_told_of_an_exploration_may_end_it) {
    const exploration some = explore(begin(explored_worlds[0]), {}, [](const exploration&) { return false; });
    BOOST_TEST((some.end == exploration_end::told_to_end));
    BOOST_TEST(some.steps >= 1'000u);
    BOOST_TEST(some.steps < 3'000u);
    BOOST_TEST(some.waiting > 0u);
}

BOOST_AUTO_TEST_CASE(with_little_room_the_same_states_are_found_on_other_paths) {
    const auto start = begin(*explored_world_of("bring-up-small"));
    const exploration wide = explore(start, {.prunes = false}, nobody_listens);
    const exploration narrow = explore(start, {.prunes = false, .waiting = 50}, nobody_listens);
    BOOST_TEST((narrow.end == exploration_end::wholly));
    BOOST_TEST(narrow.states == wide.states);
    BOOST_TEST((wide.is_shortest and not narrow.is_shortest));
}

/// A backend that says "gone" when it has only been asked.
class hasty {
public:
    std::uint32_t worker_slots() const { return 1; }
    outcome<applied> start_workers(const headgate::start_workers& what, processes& on) {
        return right_.start_workers(what, on);
    }
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what, processes& on) {
        static_cast<void>(right_.stop_workers(what, on).match(
            [](std::uint32_t) { return 0; }, [](const error&) { return 0; }, [](const error&) { return 0; }));
        return std::uint32_t{0};
    }

private:
    friend headgate::fields;
    static constexpr std::size_t field_count = 1;

    cluster right_{};
};

BOOST_AUTO_TEST_CASE(a_broken_backend_is_found_by_a_shortest_path_that_replays_I12) {
    const auto start = begin(*explored_world_of("bring-up-small"), without_jitter(), hasty{});
    const exploration all = explore(start, {}, nobody_listens);
    BOOST_REQUIRE(all.broken);
    BOOST_TEST((all.broken->which == invariant::accounted_for));
    BOOST_TEST((all.end == exploration_end::violation));
    const auto again = follow(start, all.path);
    BOOST_REQUIRE((again and again->in().broken()));
    BOOST_TEST(again->in().broken()->what == all.broken->what);
    // No shorter one: everything was tried up to there.
    for (std::size_t i = 0; i < all.path.size(); ++i) {
        std::vector<std::uint32_t> shorter(all.path.begin(), all.path.begin() + static_cast<std::ptrdiff_t>(i));
        BOOST_TEST(not follow(start, shorter).value().in().broken());
    }
    BOOST_TEST(not follow(start, {1'000}), "there is no such event");
}

/// A backend that forgets what was stopped: a start that comes after its stop starts.
class forgetful {
public:
    std::uint32_t worker_slots() const { return 1; }
    outcome<applied> start_workers(const headgate::start_workers& what, processes& on) {
        return cluster().start_workers(what, on);
    }
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what, processes& on) {
        return cluster().stop_workers(what, on);
    }
};

BOOST_AUTO_TEST_CASE(a_start_that_overtakes_its_stop_leaks_workers_with_no_fault_at_all) {
    explored_world no_fault = *explored_world_of("bring-up-small");
    no_fault.goes_wrong = {};
    BOOST_TEST((explore(begin(no_fault), {}, nobody_listens).end == exploration_end::wholly));
    const exploration all = explore(begin(no_fault, without_jitter(), forgetful{}), {}, nobody_listens);
    BOOST_REQUIRE(all.broken);
    BOOST_TEST((all.broken->which == invariant::accounted_for or all.broken->which == invariant::stops));
}

}  // namespace
