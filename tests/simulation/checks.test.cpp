// SPDX-License-Identifier: BSL-1.0
// Checkers that no mutant of the machine makes red, because guards of it stand before them: each is red here.
#include <headgate/simulation/campaign.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

struct open_rows : database_rows {
    using database_rows::jobs_;
};

BOOST_AUTO_TEST_CASE(a_database_that_takes_an_earlier_generation_is_seen_I1) {
    checks by;
    const request<claim> asked{.by = {.generation = {2}}, .what = {.job = job_1}};
    by.wrote(asked, entry_of(4, 3), entry_of(5, 2), outcome<claimed>(claimed{}), {});
    BOOST_TEST(is_broken(by, invariant::generations_grow, "by a claim"));
}

const wish first_wish{.version = 1,
                      .program = std::make_shared<const program>(program{.nodes = {{{1}, 3, {{{"read"}, ""}}}}})};

/// What is seen of a claim of generation 1 for wish 1, after all of `said`.
checks after_claim(std::vector<wish> said, epoch threshold = {}) {
    checks by;
    for (const wish& one : said) by.wished(job_1, one);
    database_rows::entry claimed_row = entry_of(1, 1);
    claimed_row.row.state = state_name::scheduling;
    claimed_row.row.applied = 1;
    by.wrote(request<claim>{.by = {.generation = {1}}, .what = {.job = job_1, .threshold = threshold}}, entry_of(0, 0),
             claimed_row, outcome<claimed>(claimed{}), {});
    return by;
}

/// What is seen of a launch with a plan in which the second worker has so many slots, for two subtasks.
checks after_launch(std::uint32_t slots_of_the_second, bool is_second_accepted = true) {
    const worker_id first = id_of({1}, {0}), second = id_of({1}, {1});
    execution told{.job = job_1, .generation = {1}};
    told.program = first_wish.program;
    told.checkpoint_interval = first_wish.checkpoint_interval;
    const std::vector<offer> offers{{.id = first, .slots = 1}, {.id = second, .slots = 2}};
    plan placed = slot_filling{}(*told.program, offers, {}).value();
    placed.workers[1].slots = slots_of_the_second;
    told.digest = digest(placed);
    told.plan = std::make_shared<const plan>(std::move(placed));

    checks by = after_claim({first_wish});
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
    BOOST_TEST(is_broken(after_launch(1), invariant::plan_is_valid, "a worker runs more subtasks than it has slots"));
    BOOST_TEST(is_broken(after_launch(3), invariant::plan_is_valid, "more slots than it was granted"));
    BOOST_TEST(is_broken(after_launch(2, false), invariant::plan_is_valid, "never accepted"));
}

BOOST_AUTO_TEST_CASE(a_plan_that_does_not_give_each_subtask_to_one_worker_is_seen_I4) {
    const std::vector<offer> offers{{.id = id_of({1}, {0}), .slots = 1}, {.id = id_of({1}, {1}), .slots = 2}};
    const plan whole = slot_filling{}(*first_wish.program, offers, {}).value();
    BOOST_TEST((not misplaced(whole, *first_wish.program)));
    const auto wrong_after = [&](auto spoil) {
        plan other = whole;
        spoil(other);
        return misplaced(other, *first_wish.program).value_or("");
    };
    BOOST_TEST(wrong_after([](plan& p) { p.nodes.front().parallelism = 2; }) ==
               "its nodes are not those of the program");
    // Nobody runs what a worker that is not there was given.
    BOOST_TEST(wrong_after([](plan& p) {
                   p.layouts.front().owners = {0, 2};
               }) == "node 1, subtask 1 is not on one worker alone");
}

/// Makes another plan of the same each second time: subtask 0 is on the next slot.
struct moody {
    std::uint32_t* asked;

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before) const {
        auto made = slot_filling{}(of, offers, before);
        if (made and ++*asked % 2 == 0) made->nodes.front().offset = 1;
        return made;
    }
};

BOOST_AUTO_TEST_CASE(a_policy_that_makes_another_plan_of_the_same_is_seen_I4_A2) {
    std::uint32_t asked = 0;
    const auto found =
        live(decisions(std::vector<std::uint32_t>{}), {.allowed = {}}, policies{.assignment = moody{&asked}}).broken;
    BOOST_TEST((found and found->which == invariant::plan_is_valid and found->what.ends_with("makes another")));
}

/// Generation 1 is launched with `told`, on one worker.
void launch(checks& by, execution told) {
    const worker_id first = id_of({1}, {0});
    told.job = job_1;
    told.generation = {1};
    told.plan = std::make_shared<const plan>(
        slot_filling{}(*told.program, std::vector<offer>{{.id = first, .slots = 3}}, {}).value());
    told.digest = digest(*told.plan);
    by.accepted_by({.job = job_1, .generation = {1}, .identity = {.id = first, .slots = 3}}, {1}, {});
    by.asked(request<start_execution>{.by = {.generation = {1}},
                                      .what = {.what = std::make_shared<const execution>(std::move(told))}},
             database_rows{}, {});
}

BOOST_AUTO_TEST_CASE(a_launch_of_another_program_or_with_other_checkpoints_than_were_wished_is_seen_I13) {
    wish said = first_wish;
    said.parallelism = {{{1}, 2}};
    said.ignore_state_before_epoch = epoch{4};
    program of_two = *said.program;
    of_two.nodes.front().parallelism = 2;
    execution told{.program = std::make_shared<const program>(of_two),
                   .minimum_epoch = {4},
                   .checkpoint_interval = said.checkpoint_interval};
    const auto after = [&](auto spoil) {
        execution other = told;
        spoil(other);
        checks by = after_claim({said}, {4});
        launch(by, std::move(other));
        return by;
    };
    BOOST_TEST(not after([](execution&) {}).broken());
    const auto is_seen = [&](auto spoil, std::string_view what) {
        return is_broken(after(spoil), invariant::wish_is_latched, what);
    };
    BOOST_TEST(is_seen([](execution& e) { e.program = first_wish.program; }, "the program is not that of the wish"));
    BOOST_TEST(is_seen([](execution& e) { e.minimum_epoch = {}; }, "checkpoints are not those of the wish"));
    BOOST_TEST(is_seen([](execution& e) { e.checkpoint_interval *= 2; }, "checkpoints are not those of the wish"));
}

BOOST_AUTO_TEST_CASE(workers_that_are_started_for_another_wish_than_the_row_calls_applied_are_seen_I13) {
    wish other = first_wish;
    other.environment = {{"A", "1"}};
    const auto after_start = [&](const wish& with) {
        checks by = after_claim({first_wish});
        start_workers what{.job = job_1, .generation = {1}};
        what.wish = std::make_shared<const wish>(with);
        by.asked(request<start_workers>{.by = {.generation = {1}}, .what = std::move(what)}, database_rows{}, {});
        return by;
    };
    BOOST_TEST(not after_start(first_wish).broken());
    BOOST_TEST(is_broken(after_start(other), invariant::wish_is_latched, "workers are started for another wish"));
}

BOOST_AUTO_TEST_CASE(a_wish_that_is_called_applied_and_is_not_is_seen_I13) {
    wish milder = first_wish, rescaled = first_wish;
    milder.waits_for_slots = true;
    rescaled.parallelism = {{{1}, 2}};
    const auto after_store = [&](std::uint64_t applied, std::uint64_t applied_before = 1) {
        checks by = after_claim({first_wish, milder, rescaled});
        database_rows::entry before = entry_of(1, 1), after = entry_of(2, 1);
        before.row.applied = applied_before;
        after.row.state = state_name::running;
        after.row.applied = applied;
        launch(by, {.program = first_wish.program, .checkpoint_interval = first_wish.checkpoint_interval});
        by.wrote(request<store_row>{.by = {.generation = {1}}, .what = {.job = job_1}}, before, after, {});
        return by;
    };
    BOOST_TEST(not after_store(2).broken());
    BOOST_TEST(is_broken(after_store(3), invariant::wish_is_latched, "wish 3 is called applied, and the job runs as"));
    BOOST_TEST(is_broken(after_store(1, 2), invariant::wish_is_latched, "calls an earlier wish applied"));
}

BOOST_AUTO_TEST_CASE(a_claim_with_another_threshold_than_its_user_wished_is_seen_I7) {
    wish ignores = first_wish;
    ignores.ignore_state_before_epoch = epoch{4};
    BOOST_TEST(not after_claim({ignores}, {4}).broken());
    BOOST_TEST(is_broken(after_claim({ignores}), invariant::restores_the_newest, "all before epoch 0 is ignored"));
    BOOST_TEST(is_broken(after_claim({first_wish}, {3}), invariant::restores_the_newest, "all before epoch 3"));
}

BOOST_AUTO_TEST_CASE(barriers_of_a_checkpoint_that_is_not_in_progress_are_seen_I10) {
    const auto after_barriers = [&](std::optional<checkpoint_state> row, std::uint64_t claimed_since = 0,
                                    const job_id& told = job_1) {
        open_rows rows;
        database_rows::entry& of = rows.jobs_[job_1] = entry_of(2, 1 + claimed_since);
        if (row) of.checkpoints[{{5}, {1}}] = *row;
        checks by = after_claim({first_wish});
        by.wrote(request<claim>{.by = {.generation = {1}}, .what = {.job = {"job-2"}}}, entry_of(0, 0), entry_of(1, 1),
                 outcome<claimed>(claimed{}), {});
        by.asked(request<begin_checkpoint>{.by = {.generation = {1}}, .what = {.name = {{5}, {1}}}}, told, rows, {});
        return by;
    };
    using enum checkpoint_state;
    BOOST_TEST(not after_barriers(in_progress).broken());
    BOOST_TEST(not after_barriers(checkpoint_state::failed, 1).broken());
    for (const auto row :
         {std::optional<checkpoint_state>{}, std::optional(ready), std::optional(checkpoint_state::failed)})
        BOOST_TEST(is_broken(after_barriers(row), invariant::names_are_unique, "without a row in progress"));
    BOOST_TEST(is_broken(after_barriers(in_progress, 0, {"job-2"}), invariant::names_are_unique, "without a row"));
}

/// A world without faults in which every delay is the shortest, and one job.
std::unique_ptr<world<>> quiet_world(std::uint64_t room = 64) {
    auto made = std::make_unique<world<>>(decisions(std::vector<std::uint32_t>{}), fault_set{});
    made->around().backend.room = made->around().backend.most_room = room;
    made->will_say({made->around().now, job_1, {.name = "job-1", .program = program_of_lifecycles()}});
    made->start_controller(0);
    return made;
}

/// Whether that came to be.
bool go_on_until(world<>& in, auto is_there) {
    for (int i = 0; i < 20'000 and not is_there(); ++i)
        if (in.broken() or not in.step()) return false;
    return is_there();
}

BOOST_AUTO_TEST_CASE(two_processes_of_one_identity_that_run_its_plan_are_seen_I3) {
    const auto after_a_second = [](auto spoil) {
        const auto in = quiet_world();
        auto& all = in->around().backend.all();
        if (not go_on_until(*in, [&] { return all.size() == 3 and all[2].has_lease and not all[2].has_engine; }))
            return checks{};
        process other = all[2];
        other.has_engine = true;
        spoil(other);
        all.push_back(other);
        const bool runs = go_on_until(*in, [&] { return all[2].has_engine; });
        BOOST_TEST(runs);
        return in->around().rules;
    };
    BOOST_TEST(is_broken(after_a_second([](process&) {}), invariant::one_effective_executor, "identity runs too"));
    BOOST_TEST(not after_a_second([](process& p) { p.is = process::phase::ended; }).broken());
    BOOST_TEST(not after_a_second([](process& p) { p.has_engine = false; }).broken());
    BOOST_TEST(not after_a_second([](process& p) { p.identity.id = id_of({1}, {7}); }).broken());
}

BOOST_AUTO_TEST_CASE(a_stop_whose_workers_had_ended_before_the_database_went_away_is_not_carried_out_without_it) {
    const auto stops_with_the_database_away = [](bool workers_end_before) {
        const auto in = quiet_world();
        in->will_say({in->around().now + std::chrono::minutes(1),
                      job_1,
                      {.name = "job-1", .program = program_of_lifecycles(), .stop = stop_mode::immediate}});
        const auto is_there = [&] {
            const auto* const has = in->machine_of(job_1);
            return has and has->state() == (workers_end_before ? state_name::stopped : state_name::stopping) and
                   not has->job().persisted and bool(has->job().stop.gone) == workers_end_before;
        };
        BOOST_TEST_REQUIRE(go_on_until(*in, is_there));
        const instant goes = in->around().now + duration(workers_end_before ? 1 : 0);
        in->around().database_away = {goes, goes + std::chrono::seconds(60)};
        for (int i = 0; i < 200; ++i) in->step();
        return in->around().reached[probe::stopped_without_database];
    };
    BOOST_TEST(stops_with_the_database_away(false) == 1u);
    BOOST_TEST(stops_with_the_database_away(true) == 0u);
}

BOOST_AUTO_TEST_CASE(slots_that_come_count_for_the_attempt_that_lacked_them) {
    const auto slots_came = [](bool crashes) {
        const auto in = quiet_world(1);
        const auto lacks = [&] {
            const auto* const has = in->machine_of(job_1);
            const auto* const attempt = has ? std::get_if<scheduling>(&has->phase()) : nullptr;
            return attempt and attempt->lacking;
        };
        BOOST_TEST_REQUIRE(go_on_until(*in, lacks));
        if (crashes) in->crash_controller(0);
        in->around().backend.room = 64;
        BOOST_TEST_REQUIRE(go_on_until(*in, [&] { return in->runs(job_1); }));
        return in->around().reached[probe::slots_came];
    };
    BOOST_TEST(slots_came(false) == 1u);
    BOOST_TEST(slots_came(true) == 0u);
}

BOOST_AUTO_TEST_CASE(a_worker_is_replaced_when_another_has_come_in_its_place) {
    const auto in = quiet_world();
    const auto& all = in->around().backend.all();
    const auto replaced = [&] { return in->around().reached[probe::worker_replaced]; };
    BOOST_TEST_REQUIRE(go_on_until(*in, [&] { return all.size() == 3; }));
    in->happen(process_turn{0, process_turn::kind::dies});
    BOOST_TEST_REQUIRE(go_on_until(*in, [&] { return all.size() == 4; }));
    BOOST_TEST(replaced() == 0u);
    BOOST_TEST_REQUIRE(go_on_until(*in, [&] { return in->runs(job_1); }));
    BOOST_TEST(replaced() == 1u);
}

/// What is reached when this claim of generation 2 comes to rows that stand so.
std::uint64_t reached_by_a_claim(probe which, std::uint64_t revision, epoch threshold, auto prepare) {
    world<> in(decisions(std::vector<std::uint32_t>{}), fault_set{});
    database_rows::entry& of = (in.around().rows.*(&open_rows::jobs_))[job_1] = entry_of(revision, 1);
    of.wish = std::make_shared<const wish>(first_wish);
    request<claim> asked{.by = {.generation = {2}}, .what = {.job = job_1, .expected = 4, .threshold = threshold}};
    asked.what.next.generation = {2};
    prepare(in.around(), of, asked);
    in.happen(to_outside{.what = asked});
    return in.around().reached[which];
}

BOOST_AUTO_TEST_CASE(a_threshold_skips_a_restore_when_nothing_else_is_restored) {
    const auto skipped = [](std::vector<std::uint32_t> ready) {
        return reached_by_a_claim(probe::restore_skipped, 4, {4}, [&](outside&, database_rows::entry& of, const auto&) {
            for (const std::uint32_t epoch : ready) of.checkpoints[{{epoch}, {1}}] = checkpoint_state::ready;
        });
    };
    BOOST_TEST(skipped({3}) == 1u);
    BOOST_TEST(skipped({3, 5}) == 0u);
    BOOST_TEST(skipped({}) == 0u);
}

BOOST_AUTO_TEST_CASE(what_became_of_a_write_without_an_answer_is_found_while_the_row_stands_as_it_left_it) {
    const auto found = [](probe which, std::uint64_t revision) {
        return reached_by_a_claim(which, revision, {}, [&](outside& o, const auto&, const request<claim>& asked) {
            (which == probe::found_applied ? o.lost_answers : o.lost_requests).insert({asked.by.incarnation, 4});
        });
    };
    BOOST_TEST(found(probe::found_not_applied, 4) == 1u);
    BOOST_TEST(found(probe::found_not_applied, 5) == 0u);
    BOOST_TEST(found(probe::found_applied, 5) == 1u);
    BOOST_TEST(found(probe::found_applied, 6) == 0u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_lost_counts_where_it_says_applied) {
    request<store_row> asked{.what = {.job = job_1, .expected = 4}};
    asked.what.next.generation = {2};
    job_row written = asked.what.next, other = written;
    written.revision = other.revision = 5;
    other.generation = {3};
    const auto lost = [&](const outcome<job_row>& answer) {
        std::size_t count = 0;
        for (std::uint64_t seed = 1; seed <= 100; ++seed) {
            outside o(decisions(seed), fault_set{}.set(static_cast<std::size_t>(fault::database_loses_answer)));
            for (int i = 0; i < 10; ++i) o.reply<store_row>({}, {}, asked, answer);
            count += o.lost_answers.size();
        }
        return count;
    };
    BOOST_TEST(lost(written) > 0u);
    BOOST_TEST(lost(other) == 0u);
    BOOST_TEST(lost(not_applied{{.kind = error_kind::database, .text = "away"}}) == 0u);
}

BOOST_AUTO_TEST_CASE(a_campaign_that_reached_too_little_says_so) {
    campaign all{.runs = 1'000'000, .wished = 1'000, .running = 900};
    for (std::size_t i = 0; i < probe_count; ++i)
        for (int n = 0; n < 1'000; ++n) all.reached.hit(static_cast<probe>(i));
    BOOST_TEST(all.shortcomings().empty());
    campaign few = all;
    few.running = 899;
    BOOST_TEST((few.shortcomings() ==
                std::vector<std::string>{"899 of 1000 jobs that were to run did so after all was healed"}));
    few = all;
    few.runs = 1'001'000;
    const auto said = few.shortcomings();
    BOOST_TEST_REQUIRE(said.size() == probe_count);
    BOOST_TEST(said.front() == std::string(text_of(probe{})) + ": reached 1000 times in 1001000 runs");
}

/// Rules that keep the laws, of workers of so many slots; not the type for which the world knows its way.
class larger : public cluster {
public:
    using cluster::cluster;
};

BOOST_AUTO_TEST_CASE(a_backend_without_a_bug_is_not_accused_whatever_its_workers_hold) {
    for (const std::uint32_t slots : {1u, 2u, 3u, 8u, 65u})
        for (std::uint64_t seed = 1; seed <= 250; ++seed) {
            const auto found = live(decisions(seed), {}, policies<>{}, larger(slots)).broken;
            BOOST_TEST_REQUIRE((found ? found->what : "") == "", slots << " slots, seed " << seed);
        }
}

/// Stops whoever there is.
class unscoped : public cluster {
public:
    using cluster::cluster;
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what, processes& on) {
        for (std::uint32_t i = 0; i < on.all().size(); ++i)
            if (on.all()[i].lives()) on.stop(i, what.force);
        return cluster::stop_workers(what, on);
    }
};

BOOST_AUTO_TEST_CASE(a_backend_that_stops_workers_of_other_jobs_is_seen) {
    std::optional<violation> found;
    for (std::uint64_t seed = 1; seed <= 20 and not found; ++seed)
        found = live(decisions(seed), {.allowed = {}, .jobs = 3}, policies<>{}, unscoped{}).broken;
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((found->which == invariant::accounted_for and found->what.find("is told to stop") != found->what.npos));
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
    world<policies<>, generous> full(decisions(std::vector<std::uint32_t>{}), fault_set{}, {}, generous(1));
    full.around().backend.room = 0;
    full.will_say({full.around().now, job_1, {.name = "job-1", .program = program_of_lifecycles()}});
    full.start_controller(0);
    for (int i = 0; i < 1'000 and not full.broken() and full.step(); ++i) {
    }
    BOOST_REQUIRE(full.broken());
    BOOST_TEST(full.broken()->what == "more slots than there are: 3 used of 0");
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
