// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/conformance/assignment/graphs.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

constexpr balanced per_slot{};
constexpr balanced largest{.aim = balance_by::load};

bool near(double a, double b) { return std::abs(a - b) < 1e-9; }

BOOST_AUTO_TEST_CASE(every_small_input_is_placed_as_well_as_any_placement_A1_A6) {
    int tried = 0, wrong = 0;
    for (const numbers& slots : lists(4, 1, 3))
        for (const numbers& parallelisms : lists(3, 1, 12)) {
            if (*std::ranges::max_element(parallelisms) > sum_of(slots)) continue;
            // The order of nodes matters to the policy only: one order to enumerate is enough, all are tried.
            ++tried;
            const program of = program_with(parallelisms);
            const auto offers = offers_with(slots);
            const auto a = per_slot(of, offers), b = largest(of, offers);
            const proven_bounds bounds = bounds_of(parallelisms, slots);
            if (not a or not b or not check(*a, of) or not check(*b, of)) {
                ++wrong;
                continue;
            }
            wrong += not near(most_loaded(*a).per_slot, bounds.per_slot.value());
            wrong += most_loaded(*b).largest != bounds.largest;
            if (not std::ranges::is_sorted(parallelisms) or not std::ranges::is_sorted(slots)) continue;
            const least_loads least = by_enumeration(parallelisms, slots);
            wrong += bounds.largest != least.largest or not near(bounds.per_slot.value(), least.per_slot);
        }
    BOOST_TEST(tried > 50'000);
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(the_bounds_are_what_a_flow_reaches_A6) {
    std::mt19937_64 random(5);
    int wrong = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        const random_job job(random, 6, 6, 5);
        const least_loads least = by_flow(job.parallelisms, job.slots);
        const proven_bounds bounds = bounds_of(job.parallelisms, job.slots);
        wrong += bounds.largest != least.largest or not near(bounds.per_slot.value(), least.per_slot);
    }
    BOOST_TEST(wrong == 0);
}

/// Whether both aims are met.
bool is_at_the_bounds(const random_job& job) {
    const program of = program_with(job.parallelisms);
    const auto offers = offers_with(job.slots);
    const auto a = per_slot(of, offers), b = largest(of, offers);
    const proven_bounds bounds = bounds_of(job.parallelisms, job.slots);
    return a and b and check(*a, of) and check(*b, of) and near(most_loaded(*a).per_slot, bounds.per_slot.value()) and
           most_loaded(*b).largest == bounds.largest;
}

BOOST_AUTO_TEST_CASE(random_jobs_are_placed_at_the_bound_whichever_is_asked_for_A1_A6) {
    std::mt19937_64 random(6);
    int wrong = 0;
    for (int round = 0; round < 100'000; ++round) wrong += not is_at_the_bounds(random_job(random, 8, 8, 9));
    for (int round = 0; round < rounds(2'000); ++round) wrong += not is_at_the_bounds(random_job(random, 30, 60, 40));
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(the_jobs_of_the_quality_table_are_placed_at_the_bound_whichever_is_asked_for_A6) {
    int wrong = 0;
    for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(rounds(10'000)); ++seed) {
        const graphs::job job = graphs::random_job(seed);
        const auto a = per_slot(job.of, job.offers), b = largest(job.of, job.offers);
        numbers parallelisms, slots;
        for (const node& each : job.of.nodes) parallelisms.push_back(each.parallelism);
        for (const offer& each : job.offers) slots.push_back(each.slots);
        const proven_bounds bounds = bounds_of(parallelisms, slots);
        wrong += not a or not b or not check(*a, job.of) or not check(*b, job.of) or
                 not near(most_loaded(*a).per_slot, bounds.per_slot.value()) or
                 most_loaded(*b).largest != bounds.largest;
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(many_parallelisms_on_many_workers_are_joined_and_still_at_the_bound_A4_A6) {
    std::mt19937_64 random(11);
    int wrong = 0, joined = 0;
    for (int round = 0; round < rounds(300); ++round) {
        random_job job(random, 1, 60, 20);
        if (std::ranges::adjacent_find(job.slots, std::not_equal_to<>{}) == job.slots.end()) continue;
        const auto all = static_cast<std::uint32_t>(sum_of(job.slots));
        job.parallelisms.clear();
        for (std::uint32_t i = 0; i < 100; ++i)
            job.parallelisms.push_back(1 + static_cast<std::uint32_t>(random() % all));
        wrong += not is_at_the_bounds(job);
        const auto made = per_slot(program_with(job.parallelisms), offers_with(job.slots));
        joined += std::ranges::find(made->layouts, spacing::dense, &layout::spaced) != made->layouts.end();
        wrong += made->layouts.size() > most_classes(100, job.slots.size()) + 1;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(joined > rounds(50));
}

BOOST_AUTO_TEST_CASE(every_node_is_spread_over_all_workers_in_proportion) {
    const auto made = per_slot(program_with({12, 12, 12, 6, 6}), offers_with({4, 8, 4}));
    BOOST_TEST_REQUIRE(made.has_value());
    for (std::size_t node = 0; node < 5; ++node)
        for (std::size_t worker = 0; worker < 3; ++worker) {
            const double share = made->nodes[node].parallelism * made->workers[worker].slots / 16.0;
            BOOST_TEST(std::abs(static_cast<double>(load(*made, node, worker)) - share) <= 1);
        }
}

/// Nodes 0 to 2 in a row by forward edges, then a shuffle.
program in_a_row(const numbers& parallelisms) {
    program made = program_with(parallelisms);
    for (std::uint32_t i = 0; i + 1 < parallelisms.size(); ++i)
        made.edges.push_back(
            {.from = {100 + i}, .to = {101 + i}, .kind = i < 2 ? edge_kind::forward : edge_kind::shuffle});
    return made;
}

BOOST_AUTO_TEST_CASE(no_forward_channel_leaves_a_worker_where_groups_are_kept_together) {
    const balanced together{.together = keep_together::forward_joined};
    const balanced largest_together{.aim = balance_by::load, .together = keep_together::forward_joined};
    for (const numbers& slots : std::vector<numbers>{{4, 4, 4, 4}, {8, 2, 6, 4}, {16}, {4, 4, 8}})
        for (const numbers& parallelisms :
             std::vector<numbers>{{8, 8, 8, 5}, {4, 8, 2, 16}, {3, 12, 6, 1}, {1, 4, 4, 4}})
            for (const balanced& policy : {together, largest_together}) {
                const program of = in_a_row(parallelisms);
                const auto made = policy(of, offers_with(slots));
                BOOST_TEST_REQUIRE(made.has_value());
                BOOST_TEST(check(*made, of).has_value());
                const auto found = judge(*made, of, offers_with(slots));
                BOOST_TEST_REQUIRE(found.has_value());
                BOOST_TEST(found->channels.by_edge[0].across_workers == 0u);
                BOOST_TEST(found->channels.by_edge[1].across_workers == 0u);
                // Units are handed to whom they raise least, so nobody is above the best by more than one of them.
                const auto units = items_of(of, keep_together::forward_joined, slots).items;
                const auto heaviest = std::ranges::max_element(units, {}, &balance_item::weight)->weight;
                if (policy.aim == balance_by::load)
                    BOOST_TEST(found->by_worker.largest <= static_cast<double>(found->bounds.largest + heaviest));
            }
}

/// Nodes that forward edges join, where their parallelisms allow it.
program joined_at_random(const numbers& parallelisms, std::mt19937_64& random) {
    program made = program_with(parallelisms);
    for (std::uint32_t to = 1; to < parallelisms.size(); ++to) {
        const auto from = static_cast<std::uint32_t>(random() % to);
        const std::uint32_t p = parallelisms[from], q = parallelisms[to];
        if (p % q == 0 or q % p == 0) made.edges.push_back({{100 + from}, {100 + to}, edge_kind::forward});
    }
    return made;
}

struct group_tally {
    int wrong = 0, joined = 0, apart = 0, beyond = 0;

    void judge_groups(const program& of, const numbers& slots) {
        const items_of_nodes items = items_of(of, keep_together::forward_joined, slots);
        for (const balance_by aim : {balance_by::load_per_slot, balance_by::load}) {
            const auto made = balanced{.aim = aim, .together = keep_together::forward_joined}(of, offers_with(slots));
            if (not made or not check(*made, of)) {
                ++wrong;
                continue;
            }
            for (const edge& each : of.edges) count_channels(*made, each, items);
            const auto loads = loads_of(*made);
            const bool is_one_above = is_above(1, loads, slots, items.items, aim);
            (aim == balance_by::load ? beyond : wrong) += is_one_above;
            wrong += is_one_above and is_above(4, loads, slots, items.items, aim);
        }
    }

    /// Channel by channel.
    void count_channels(const plan& made, const edge& of, const items_of_nodes& items) {
        const std::size_t from = of.from.value - 100, to = of.to.value - 100;
        if (items.of_node[from] != items.of_node[to]) {
            ++apart;
            return;
        }
        ++joined;
        const std::uint64_t p = made.nodes[from].parallelism, q = made.nodes[to].parallelism, all = std::max(p, q);
        for (std::uint64_t i = 0; i < all; ++i)
            wrong += worker_of(made, from, static_cast<std::uint32_t>(i * p / all)) !=
                     worker_of(made, to, static_cast<std::uint32_t>(i * q / all));
    }

    /// Whether somebody is above the best by more than so many units, on the smallest worker where levels are per slot.
    /// For the best, units may be cut, but fit in grains only.
    static bool is_above(std::uint64_t units, const std::vector<std::uint64_t>& loads, const numbers& slots,
                         const std::vector<balance_item>& items, balance_by aim) {
        const std::uint64_t heaviest = units * std::ranges::max_element(items, {}, &balance_item::weight)->weight;
        const auto slots_by_aim = [&](std::size_t worker) { return aim == balance_by::load ? 1 : slots[worker]; };
        const double smallest = aim == balance_by::load ? 1 : *std::ranges::min_element(slots);
        double level = 0;
        for (std::size_t w = 0; w < loads.size(); ++w)
            level = std::max(level, static_cast<double>(loads[w]) / slots_by_aim(w));
        level -= static_cast<double>(heaviest) / smallest;
        numbers amounts;
        for (const balance_item& each : items) amounts.push_back(static_cast<std::uint32_t>(each.units * each.weight));
        std::vector<std::uint64_t> most;  // below that level
        for (std::size_t w = 0; w < slots.size(); ++w)
            most.push_back(static_cast<std::uint64_t>(std::max(0.0, std::ceil(level * slots_by_aim(w) - 1e-9) - 1)));
        const auto in_grains = [&](std::size_t item, std::size_t worker) {
            return slots[worker] / items[item].grain * items[item].weight;
        };
        return can_be_placed(amounts, most, in_grains);
    }
};

BOOST_AUTO_TEST_CASE(on_every_small_job_no_channel_within_a_group_leaves_a_worker_and_nobody_has_a_unit_too_many) {
    std::mt19937_64 random(13);
    group_tally all;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        all.judge_groups(joined_at_random(parallelisms, random), slots);
    });
    BOOST_TEST(all.wrong == 0);
    BOOST_TEST(all.beyond == 0);
    BOOST_TEST((all.joined > 5'000 and all.apart > 5'000));
}

BOOST_AUTO_TEST_CASE(on_random_jobs_no_channel_within_a_group_leaves_a_worker_and_seldom_has_somebody_a_unit_too_many) {
    std::mt19937_64 random(12);
    group_tally all;
    for (int round = 0; round < rounds(2'000); ++round) {
        const random_job job(random, 8, 8, 12);
        all.judge_groups(joined_at_random(job.parallelisms, random), job.slots);
    }
    BOOST_TEST(all.wrong == 0);
    // Heavy units go first, and sometimes where light ones must go as well; by the load per slot it was never seen.
    BOOST_TEST_MESSAGE(all.beyond << " of " << rounds(2'000) << " plans have more than a unit too many");
    BOOST_TEST(all.beyond <= rounds(2'000) / 1'000);
    BOOST_TEST((all.joined > rounds(1'000) and all.apart > rounds(500)));
}

BOOST_AUTO_TEST_CASE(a_group_that_fits_nowhere_falls_apart_and_the_rest_stays_together) {
    const program of = in_a_row({3, 12, 6, 1});  // three units of up to four subtasks
    const auto made = balanced{.together = keep_together::forward_joined}(of, offers_with({3, 3, 3, 3}));
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(check(*made, of).has_value());
    BOOST_TEST(made->nodes[1].grain == 1u);
}

BOOST_AUTO_TEST_CASE(layouts_are_below_what_a_message_holds_and_the_bound_of_the_load_per_slot_is_kept_A4) {
    numbers slots, nodes;
    for (std::uint32_t i = 0; i < 10'000; ++i) slots.push_back(100 + i % 7);
    for (std::uint32_t i = 0; i < 50'000; ++i) nodes.push_back(1 + i % 400 * 2'000);
    for (const std::size_t count : {std::size_t{400}, std::size_t{50'000}}) {
        const std::span<const std::uint32_t> some = std::span(nodes).first(count);
        const program of = program_with(numbers(some.begin(), some.end()));
        const auto made = per_slot(of, offers_with(slots));
        BOOST_TEST_REQUIRE(made.has_value());
        BOOST_TEST(check(*made, of).has_value());
        BOOST_TEST(total_runs(made->layouts) <= 400'000u);
        const auto loads = loads_of(*made);
        double most = 0;
        for (std::size_t i = 0; i < loads.size(); ++i) most = std::max(most, static_cast<double>(loads[i]) / slots[i]);
        BOOST_TEST(near(most, bounds_of(some, slots).per_slot.value()));
    }
}

/// The largest load over its bound, of a plan that a message holds.
double gap_by_load(const numbers& parallelisms, const numbers& slots) {
    const program of = program_with(parallelisms);
    const auto made = largest(of, offers_with(slots));
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(check(*made, of).has_value());
    BOOST_TEST(total_runs(made->layouts) <= 400'000u);
    const std::uint64_t most = std::ranges::max(loads_of(*made));
    BOOST_TEST(most <= largest.largest_load(parallelisms, slots));
    return static_cast<double>(most) / static_cast<double>(bounds_of(parallelisms, slots).largest);
}

BOOST_AUTO_TEST_CASE(by_load_small_nodes_of_too_many_parallelisms_share_a_line_that_is_as_even_as_they_allow_A4_A6) {
    numbers slots, alike, halves, falling;
    for (std::uint32_t i = 0; i < 10'000; ++i) slots.push_back(i % 2 == 0 ? 1 : 100);
    for (std::uint32_t i = 0; i < 50; ++i) alike.push_back(5'000 + i);
    BOOST_TEST(gap_by_load(alike, slots) == 1);
    for (std::uint32_t i = 0; i < 20'000; ++i) halves.push_back(5'000 + i % 4'000);
    BOOST_TEST(gap_by_load(halves, slots) == 1);
    // Here the bound is missed: the line is as long as the largest of the joined needs, the others would do with less.
    for (std::uint32_t i = 1; i <= 400; ++i) falling.push_back(505'000 / i);
    const double missed = gap_by_load(falling, slots);
    BOOST_TEST_MESSAGE("the largest load is " << missed << " times the bound");
    BOOST_TEST((1 < missed and missed < 1.4));
}

BOOST_AUTO_TEST_CASE(random_jobs_of_too_many_parallelisms_are_at_most_1_6_times_the_bound_of_the_load) {
    std::mt19937_64 random(14);
    const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
    double most = 0;
    for (int round = 0; round < rounds(10); ++round) {
        numbers slots(10'000), nodes(500);
        for (std::uint32_t& each : slots) each = 1 + below(below(10) > 0 ? 4 : 300);
        const auto all = static_cast<std::uint32_t>(sum_of(slots));
        for (std::uint32_t& each : nodes) each = 1 + below(all);
        most = std::max(most, gap_by_load(nodes, slots));
    }
    BOOST_TEST_MESSAGE("the largest load is at most " << most << " times the bound");
    BOOST_TEST((1 < most and most < 1.6));
}

BOOST_AUTO_TEST_CASE(groups_that_need_more_layouts_than_a_message_holds_fall_apart_A4) {
    const balanced together{.together = keep_together::forward_joined};
    const auto pairs = [](std::uint32_t count) {  // each of another grain
        program made;
        for (std::uint32_t k = 1; k <= count; ++k) {
            for (const std::uint32_t parallelism : {std::uint32_t{1}, k})
                made.nodes.push_back({.id = {static_cast<std::uint32_t>(made.nodes.size())},
                                      .parallelism = parallelism,
                                      .operators = {{{"o"}, {}}}});
            made.edges.push_back({{2 * k - 2}, {2 * k - 1}, edge_kind::forward});
        }
        return made;
    };
    numbers unequal(10'000, 2'000);
    unequal.back() = 2'001;
    for (const numbers& slots : {numbers(10'000, 2'000), unequal})
        for (const std::uint32_t count : {30u, 1'001u}) {
            const program of = pairs(count);
            const auto made = together(of, offers_with(slots));
            BOOST_TEST_REQUIRE(made.has_value());
            BOOST_TEST(check(*made, of).has_value());
            BOOST_TEST(total_runs(made->layouts) <= 400'000u);
            BOOST_TEST((made->nodes.back().grain == count) == (count == 30));
        }
    const program of = pairs(2'000);
    BOOST_TEST(together(of, offers_with({2'000}))->nodes.back().grain == 2'000u);
}

BOOST_AUTO_TEST_CASE(on_equal_slots_the_heaviest_go_first_and_those_of_one_weight_in_their_order) {
    const std::vector<std::uint64_t> weights{1, 300, 70'000, 300, std::uint64_t{1} << 40, 255, 256};
    std::vector<balance_item> items;
    for (const std::uint64_t each : weights) items.push_back({.units = 1, .weight = each});
    const balanced_items made = *balance(items, numbers(10, 1));
    numbers turns;
    for (const balanced_item& each : made.items) turns.push_back(each.offset);
    BOOST_TEST(turns == (numbers{6, 2, 1, 3, 0, 5, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_plan_is_no_larger_than_nodes_and_workers_A4) {
    const auto size_of = [](const plan& made) {
        std::size_t runs = made.nodes.size();
        for (const layout& each : made.layouts) runs += each.boundaries.size() + each.owners.size();
        return runs;
    };
    numbers slots, nodes;
    for (std::uint32_t i = 0; i < 100; ++i) slots.push_back(1'000 + i), nodes.push_back(90'000 + i);
    BOOST_TEST(size_of(*per_slot(program_with(nodes), offers_with(slots))) < 20u * (slots.size() + nodes.size()));
    slots.assign(100, 1'000);
    BOOST_TEST(size_of(*per_slot(program_with(nodes), offers_with(slots))) < 3u * (slots.size() + nodes.size()));
}

}  // namespace
