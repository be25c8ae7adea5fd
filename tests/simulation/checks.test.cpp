// SPDX-License-Identifier: BSL-1.0
// Checkers that no mutant of the machine makes red, because guards of it stand before them: each is red here.
#include <headgate/simulation/campaign.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::simulation;

const job_id job_1{"job-1"};

bool is_broken(const checks& by, invariant which, std::string_view what) {
    return by.broken() and by.broken()->which == which and by.broken()->what.find(what) != std::string::npos;
}

database_rows::entry entry_of(std::uint64_t revision, std::uint64_t generation) {
    database_rows::entry made;
    made.row.revision = revision;
    made.row.generation.value = static_cast<decltype(made.row.generation.value)>(generation);
    return made;
}

BOOST_AUTO_TEST_CASE(a_database_that_takes_an_earlier_generation_is_seen_I1) {
    checks by;
    const request<claim> asked{.by = {.generation = {2}}, .what = {.job = job_1}};
    by.wrote(asked, entry_of(4, 3), entry_of(5, 2), outcome<claimed>(claimed{}), {});
    BOOST_TEST(is_broken(by, invariant::generations_grow, "by a claim"));
}

/// What is seen of a launch with a plan in which the second worker has so many slots, for two subtasks.
checks after_launch(std::uint32_t slots_of_the_second, bool is_second_accepted = true) {
    const worker_id first = id_of({1}, {0}), second = id_of({1}, {1});
    execution told{.job = job_1, .generation = {1}};
    told.program = std::make_shared<const program>(program{.nodes = {{{1}, 3, {{{"read"}, ""}}}}});
    const std::vector<offer> offers{{.id = first, .slots = 1}, {.id = second, .slots = 2}};
    plan placed = slot_filling{}(*told.program, offers, {}).value();
    placed.workers[1].slots = slots_of_the_second;
    told.digest = digest(placed);
    told.plan = std::make_shared<const plan>(std::move(placed));

    checks by;
    by.accepted_by({.job = job_1, .generation = {1}, .identity = {.id = first, .slots = 1}}, {1}, {});
    if (is_second_accepted)
        by.accepted_by({.job = job_1, .generation = {1}, .identity = {.id = second, .slots = 2}}, {2}, {});
    by.asked(request<start_execution>{.by = {.generation = {1}},
                                      .what = {.what = std::make_shared<const execution>(std::move(told))}},
             database_rows{}, {});
    return by;
}

BOOST_AUTO_TEST_CASE(a_plan_above_the_slots_of_a_worker_or_with_one_that_was_never_accepted_is_seen_I4) {
    BOOST_TEST(not after_launch(2).broken());
    BOOST_TEST(is_broken(after_launch(1), invariant::plan_is_valid, "slots"));
    BOOST_TEST(is_broken(after_launch(3), invariant::plan_is_valid, "more slots than it was granted"));
    BOOST_TEST(is_broken(after_launch(2, false), invariant::plan_is_valid, "never accepted"));
}

/// A backend that starts each worker `times` times and counts every one of them.
class generous {
public:
    explicit generous(std::uint32_t times) : times_(times) {}

    std::uint32_t worker_slots() const { return 1; }
    outcome<applied> start_workers(const headgate::start_workers& what, processes& on) {
        for (std::size_t i = 0; i < what.workers.size(); ++i)
            for (std::uint32_t n = 0; n < times_; ++n)
                on.start({.job = what.job,
                          .generation = what.generation,
                          .identity = what.workers[i],
                          .token = what.tokens[i]});
        return applied{};
    }
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers&, processes&) { return 0u; }

private:
    friend headgate::fields;
    [[maybe_unused]] static constexpr std::size_t field_count = 1;

    std::uint32_t times_;
};

std::optional<violation> found_with(generous backend) {
    return live(decisions(std::vector<std::uint32_t>{}), {.allowed = {}}, policies<>{}, backend).broken;
}

BOOST_AUTO_TEST_CASE(a_backend_that_starts_more_than_it_has_room_for_is_seen_I12_I16) {
    const auto some = found_with(generous(30));
    BOOST_TEST(
        (some and some->which == invariant::accounted_for and some->what.starts_with("more slots than there are: ")));
}

/// A cluster that says they still end, and ends nobody.
class deaf : public cluster {
public:
    using cluster::cluster;
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers&, processes&) { return 1u; }
};

BOOST_AUTO_TEST_CASE(workers_that_live_on_after_a_wish_to_stop_are_seen_L3) {
    // Those that hear nothing end by their leases, but for one that hangs.
    const fault_set hangs = fault_set{}.set(static_cast<std::size_t>(fault::worker_hangs));
    const auto is_seen = [](const std::optional<violation>& some) {
        return some and some->which == invariant::stops and some->what.ends_with(" lives");
    };
    std::uint64_t seed = 60;
    while (seed < 200 and not is_seen(live(decisions(seed), {.allowed = hangs}, policies<>{}, deaf{}).broken)) ++seed;
    BOOST_TEST(seed < 200u);
}

BOOST_AUTO_TEST_CASE(workers_that_are_started_without_end_are_seen_I16) {
    world<policies<>, generous> made(decisions(std::vector<std::uint32_t>{}), fault_set{}, {},
                                     generous(processes::most / 3 + 1));
    made.around().backend.room = made.around().backend.most_room = 4 * processes::most;
    made.will_say({made.around().now, job_1, {.name = "job-1", .program = program_of_lifecycles()}});
    made.start_controller(0);
    for (int i = 0; i < 20'000 and not made.broken() and made.step(); ++i) {
    }
    BOOST_REQUIRE(made.broken());
    BOOST_TEST(made.broken()->what == "too many workers were started");
}

}  // namespace
