// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

/// Workers of a job that ran, of which one is gone.
struct after_a_loss {
    program of;
    plan before;
    std::vector<offer> offers;
    std::vector<state_size> sizes;

    explicit after_a_loss(std::mt19937_64& random, std::uint32_t nodes, std::uint32_t workers, std::uint32_t slots) {
        do {
            const random_job job(random, nodes, workers, slots);
            lose(job.parallelisms, job.slots, random() % 2 == 0, random() % job.slots.size());
        } while (not is_enough());
        for (const node& each : of.nodes)
            sizes.push_back({.node = each.id, .bytes = static_cast<double>(random() % 9)});
    }
    after_a_loss(const numbers& parallelisms, const numbers& slots, bool was_filled, std::size_t lost) {
        lose(parallelisms, slots, was_filled, lost);
        for (const node& each : of.nodes)
            sizes.push_back({.node = each.id, .bytes = static_cast<double>(1 + each.id.value * 5 % 7)});
    }

    bool is_enough() const {
        std::uint64_t left = 0;
        for (const offer& each : offers) left += each.slots;
        return left >= slots_needed(of);
    }
    past then() const { return {.previous = &before, .sizes = sizes}; }

    /// The least that any placement within the slack moves, or `known` if none moves less.
    double least_bytes(double slack, double known) const {
        numbers parallelisms, slots;
        for (const node& each : of.nodes) parallelisms.push_back(each.parallelism);
        for (const offer& each : offers) slots.push_back(each.slots);
        std::vector<numbers> kept(parallelisms.size(), numbers(slots.size()));
        for (std::size_t n = 0; n < parallelisms.size(); ++n)
            for (std::size_t w = 0; w < before.workers.size(); ++w)
                for (std::size_t now = 0; now < slots.size(); ++now)
                    if (offers[now].machine.value == before.machines[w])
                        kept[n][now] = static_cast<std::uint32_t>(load(before, n, w));
        return least_cost(parallelisms, slots, caps_of(of, slots, balance_by::load_per_slot, slack), known,
                          [&](const std::vector<numbers>& placed, std::size_t node, double so_far) {
                              for (std::size_t w = 0; w < slots.size(); ++w)
                                  so_far += sizes[node].bytes * (placed[node][w] - std::min(placed[node][w], kept[node][w]));
                              return so_far;
                          });
    }

private:
    void lose(const numbers& parallelisms, const numbers& slots, bool was_filled, std::size_t lost) {
        of = program_with(parallelisms);
        offers = offers_with(slots);
        before = was_filled ? *slot_filling{}(of, offers) : *balanced{}(of, offers);
        for (offer& each : offers) each.id.value += 1'000;  // a new generation
        offers.erase(offers.begin() + static_cast<std::ptrdiff_t>(lost));
    }
};

bool within(const plan& made, const program& of, const std::vector<offer>& offers, double slack) {
    const auto found = judge(made, of, offers);
    return found and found->gap_per_slot() <= slack + 1e-9;
}

struct tally {
    int tried = 0, wrong = 0, exact = 0, moved = 0;

    void judge_loss(const after_a_loss& input, double slack) {
        ++tried;
        const auto answer = sticky{.balance = slack}.decide(input.of, input.offers, input.then());
        if (not answer or not check(answer->made, input.of) or not within(answer->made, input.of, input.offers, slack)) {
            ++wrong;
            return;
        }
        if (answer->way != sticky_way::exact) return;
        ++exact;
        const double least = input.least_bytes(slack, answer->moved_bytes + 0.5);
        wrong += std::abs(least - answer->moved_bytes) > 1e-9 or std::abs(least - *answer->least_bytes) > 1e-9;
        moved += least > 0;
    }
};

BOOST_AUTO_TEST_CASE(after_every_small_loss_sticky_moves_as_few_bytes_as_any_plan_within_its_slack) {
    tally all;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        if (not std::ranges::is_sorted(parallelisms)) return;
        for (std::size_t lost = 0; lost < slots.size(); ++lost)
            if (const after_a_loss input(parallelisms, slots, all.tried % 2 == 0, lost); input.is_enough())
                all.judge_loss(input, 1 + static_cast<double>(all.tried % 3) / 4);
    });
    BOOST_TEST(all.wrong == 0);
    BOOST_TEST(all.exact > all.tried * 9 / 10);
    BOOST_TEST(all.moved > all.tried / 3);
    BOOST_TEST_MESSAGE(all.exact << " of " << all.tried << " exact, " << all.moved << " had to move something");
}

BOOST_AUTO_TEST_CASE(after_random_losses_sticky_moves_as_few_bytes_as_any_plan_within_its_slack) {
    std::mt19937_64 random(21);
    tally all;
    for (int round = 0; round < rounds(3'000); ++round)
        all.judge_loss(after_a_loss(random, 3, 4, 3), 1 + static_cast<double>(random() % 3) / 4);
    BOOST_TEST(all.wrong == 0);
    BOOST_TEST(all.exact > all.tried * 2 / 3);
    BOOST_TEST(all.moved > all.tried / 3);
}

BOOST_AUTO_TEST_CASE(the_approximation_stays_within_its_slack_and_is_never_better_than_the_flow) {
    std::mt19937_64 random(22);
    int wrong = 0;
    double least = 0, moved = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        const after_a_loss input(random, 8, 12, 9);
        const sticky exact{.balance = 1.1}, quick{.balance = 1.1, .most_arcs = 0};
        const auto a = exact.decide(input.of, input.offers, input.then());
        const auto b = quick.decide(input.of, input.offers, input.then());
        BOOST_TEST_REQUIRE((a and b));
        wrong += not check(b->made, input.of) or not within(b->made, input.of, input.offers, 1.1);
        wrong += b->moved_bytes < a->moved_bytes - 1e-6;
        wrong += b->way != sticky_way::approximate;
        least += a->moved_bytes;
        moved += b->moved_bytes;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE("moved " << moved << ", at least " << least);
    BOOST_TEST(moved < 2 * least);
}

BOOST_AUTO_TEST_CASE(with_nothing_lost_nothing_moves) {
    std::mt19937_64 random(23);
    for (int round = 0; round < 200; ++round) {
        const random_job job(random, 8, 12, 9);
        const program of = program_with(job.parallelisms);
        const auto offers = offers_with(job.slots);
        const plan before = *balanced{}(of, offers);
        for (const std::size_t arcs : {std::size_t{0}, std::size_t{10'000}}) {
            const auto answer = sticky{.balance = 1, .most_arcs = arcs}.decide(of, offers, {.previous = &before});
            BOOST_TEST_REQUIRE(answer.has_value());
            BOOST_TEST(answer->moved_bytes == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(where_what_stays_needs_more_layouts_than_a_message_holds_the_plan_is_fresh_and_says_so_A4) {
    const auto after_one_is_lost = [](std::uint32_t nodes, std::uint32_t parallelism, std::uint32_t step,
                                      const numbers& slots) {
        program of;
        for (std::uint32_t i = 0; i < nodes; ++i)
            of.nodes.push_back({.id = {i}, .parallelism = parallelism + i * step, .operators = {{{"o"}, {}}}});
        auto offers = offers_with(slots);
        const plan before = *balanced{}(of, offers);
        offers.pop_back();
        const auto answer = sticky{}.decide(of, offers, {.previous = &before});
        BOOST_TEST_REQUIRE(answer.has_value());
        BOOST_TEST(check(answer->made, of).has_value());
        BOOST_TEST(total_runs(answer->made.layouts) <= 400'000u);
        BOOST_TEST((answer->way != sticky_way::fresh or answer->made == balanced{}(of, offers)));
        return answer->way;
    };
    BOOST_TEST((after_one_is_lost(1'100, 8'800, 1, numbers(10'000, 1)) == sticky_way::fresh));  // check: 11 M runs
    BOOST_TEST((after_one_is_lost(100, 90'001, 0, numbers(10'000, 10)) == sticky_way::fresh));  // a message: 5 MB
    BOOST_TEST((after_one_is_lost(30, 90'001, 0, numbers(10'000, 10)) == sticky_way::approximate));
    BOOST_TEST((after_one_is_lost(5'000, 20, 1, numbers(40, 200)) == sticky_way::approximate));
}

BOOST_AUTO_TEST_CASE(of_two_sizes_of_many_terabytes_that_differ_by_a_byte_the_smaller_one_moves) {
    constexpr double large = 0x1p46;
    const numbers parallelisms{1, 1}, slots{1, 1};
    const std::vector<std::uint64_t> kept{1, 0, 1, 0}, caps{1, 1};  // both were on the first worker, one can stay
    for (const std::vector<double>& sizes : {std::vector{large, large + 1}, std::vector{large + 1, large}}) {
        const auto found = place_with_least_moves({parallelisms, sizes, kept, slots, caps});
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST(found->cost == large);
    }
}

BOOST_AUTO_TEST_CASE(on_rescale_state_follows_its_keys) {
    const program small = program_with({4, 4}), large = program_with({8, 8});
    const auto offers = offers_with({4, 4});
    const plan before = *balanced{}(small, offers);
    const auto answer = sticky{}.decide(large, offers, {.previous = &before});
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST((answer->way == sticky_way::approximate));
    BOOST_TEST(answer->moved_bytes == 0);
    const auto back = sticky{}.decide(small, offers, {.previous = &answer->made});
    BOOST_TEST_REQUIRE(back.has_value());
    BOOST_TEST(back->moved_bytes == 0);
}

BOOST_AUTO_TEST_CASE(a_past_that_is_none_is_refused_by_name) {
    const program of = program_with({4});
    const auto offers = offers_with({4, 4});
    const auto why = [&](const sticky& policy, const past& before) {
        const auto answer = policy(of, offers, before);
        return answer ? std::string("fine") : answer.error().text;
    };
    const std::vector<state_size> negative{{.node = {100}, .bytes = -1}};
    BOOST_TEST(why({}, {.sizes = negative}).starts_with("state of node 100: -1"));
    plan broken;
    broken.nodes.push_back({.id = {1}, .parallelism = 1});
    BOOST_TEST(why({}, {.previous = &broken}).starts_with("the previous plan: node 1: there is no layout 0"));
    BOOST_TEST(why({.balance = 0.5}, {}).starts_with("sticky: a balance of 0.5"));
    BOOST_TEST(why({.balance = std::numeric_limits<double>::quiet_NaN()}, {}).starts_with("sticky: a balance of nan"));
    BOOST_TEST(why({.zones = spread{.penalty = 2}}, {}).starts_with("spread: a penalty of 2"));
    const program other = program_with({1, 2, 3});
    const plan of_another = *slot_filling{}(other, offers_with({3}));
    BOOST_TEST(why({}, {.previous = &of_another}) == "fine");
}

}  // namespace
