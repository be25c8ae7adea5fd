// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/slot_row.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

static_assert(assignment_policy<slot_filling>);

/// Workers of the subtasks, node by node. The reference: workers in order, and a loop over every subtask with a worker
/// index and what is left of its slots.
std::vector<worker_id> subtask_by_subtask(const program& of, std::vector<offer> offers, filling_order order) {
    std::ranges::sort(offers, [&](const offer& a, const offer& b) {
        return order == filling_order::largest_first and a.slots != b.slots ? a.slots > b.slots : a.id < b.id;
    });
    std::vector<worker_id> made;
    for (const node& each : of.nodes) {
        std::size_t worker = 0;
        std::uint32_t used = 0;
        for (std::uint32_t subtask = 0; subtask < each.parallelism; ++subtask) {
            while (used == offers[worker].slots) {
                ++worker;
                used = 0;
            }
            made.push_back(offers[worker].id);
            ++used;
        }
    }
    return made;
}

std::vector<worker_id> written_out(const plan& of) {
    std::vector<worker_id> made;
    for (std::size_t node = 0; node < of.nodes.size(); ++node)
        for (std::uint32_t subtask = 0; subtask < of.nodes[node].parallelism; ++subtask)
            made.push_back(of.workers[worker_of(of, node, subtask)].id);
    return made;
}

/// Whether every worker of the plan has a part of a node.
bool uses_all_its_workers(const plan& of) {
    std::vector<bool> used(of.workers.size());
    for (std::size_t node = 0; node < of.nodes.size(); ++node)
        for (std::size_t worker = 0; worker < used.size(); ++worker)
            if (load(of, node, worker) > 0) used[worker] = true;
    return std::ranges::find(used, false) == used.end();
}

/// Whether the answer is what the reference says, in every order of the offers.
bool is_right(const program& of, std::vector<offer> offers, std::mt19937_64& random, const slot_filling& policy = {}) {
    std::uint64_t available = 0;
    for (const offer& each : offers) available += each.slots;
    const auto answer = policy(of, offers);
    std::ranges::shuffle(offers, random);
    if (policy(of, offers) != answer) return false;
    if (available < slots_needed(of))
        return not answer and answer.error() == error{.kind = error_kind::not_enough_slots,
                                                      .text = {},
                                                      .needed = slots_needed(of),
                                                      .available = available};
    return answer and check(*answer, of) and written_out(*answer) == subtask_by_subtask(of, offers, policy.order) and
           uses_all_its_workers(*answer);
}

BOOST_AUTO_TEST_CASE(every_small_input_is_assigned_as_the_reference_does_A1_A2_A3) {
    std::mt19937_64 random(1);
    int tried = 0, wrong = 0;
    for (const numbers& slots : lists(4, 0, 3))
        for (const numbers& parallelisms : lists(3, 1, static_cast<std::uint32_t>(sum_of(slots)) + 1)) {
            if (not std::ranges::is_sorted(parallelisms)) continue;  // no node sees another
            const program of = program_with(parallelisms);
            wrong += not is_right(of, offers_with(slots), random);
            wrong += not is_right(of, offers_with(slots), random, {.order = filling_order::largest_first});
            ++tried;
        }
    BOOST_TEST(tried > 40'000);
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(random_inputs_are_assigned_as_the_reference_does_A1_A2_A3) {
    std::mt19937_64 random(2);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    int wrong = 0;
    for (int round = 0; round < rounds(10'000); ++round) {
        std::vector<std::uint32_t> parallelisms(1 + below(6)), slots(below(20));
        for (std::uint32_t& each : parallelisms) each = 1 + below(60);
        for (std::uint32_t& each : slots) each = below(12);
        const program of = program_with(parallelisms);
        wrong += not is_right(of, offers_with(slots), random);
        wrong += not is_right(of, offers_with(slots), random, {.order = filling_order::largest_first});
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(workers_that_are_not_needed_are_not_in_the_plan) {
    const auto made = slot_filling{}(program_with({3, 1}), offers_with({0, 2, 0, 4, 8}));
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST_REQUIRE(made->workers.size() == 2u);
    BOOST_TEST((made->workers[0] == placed_worker{.id = {2}, .slots = 2}));
    BOOST_TEST((made->workers[1] == placed_worker{.id = {4}, .slots = 4}));
    BOOST_TEST(made->machines[1] == "machine 3");
    BOOST_TEST(made->data_addresses[1] == "host:3");
}

BOOST_AUTO_TEST_CASE(the_plan_does_not_grow_with_parallelism_A4) {
    const auto small = slot_filling{}(program_with({4}), offers_with({2, 1'000'000'000}));
    const auto large = slot_filling{}(program_with({1'000'000'000}), offers_with({2, 1'000'000'000}));
    BOOST_TEST_REQUIRE((small and large));
    BOOST_TEST(small->layouts[0].boundaries.size() == large->layouts[0].boundaries.size());
    BOOST_TEST(worker_of(*large, 0, 999'999'999) == 1u);
    BOOST_TEST((subtasks(*large) == 1'000'000'000u and load(*large, 1) == 999'999'998u));
}

BOOST_AUTO_TEST_CASE(too_few_slots_are_named_A1) {
    const auto made = slot_filling{}(program_with({3, 9}), offers_with({4, 0, 1}));
    BOOST_TEST_REQUIRE(not made.has_value());
    BOOST_TEST(describe(made.error()) == "not enough slots: needed 9, available 5");
}

BOOST_AUTO_TEST_CASE(what_is_no_program_or_no_set_of_workers_is_refused_A1) {
    const auto kind_of = [](const program& of, const std::vector<offer>& offers) {
        const auto made = slot_filling{}(of, offers);
        return made ? error_kind::internal : made.error().kind;
    };
    BOOST_TEST((kind_of({}, offers_with({4})) == error_kind::invalid));
    BOOST_TEST((kind_of(program_with({1, 0}), offers_with({4})) == error_kind::invalid));
    BOOST_TEST((kind_of(program_with({0}), {}) == error_kind::invalid));
    BOOST_TEST((kind_of(program_with({1}), {}) == error_kind::not_enough_slots));
    auto twins = offers_with({4, 4});
    twins[1].id = twins[0].id;
    BOOST_TEST((kind_of(program_with({1}), twins) == error_kind::invalid));
}

BOOST_AUTO_TEST_CASE(types_of_another_controller_need_no_conversion_A7) {
    using task = std::tuple<std::string, std::uint8_t>;
    struct machine {
        std::string name;
        std::uint64_t memory;
    };
    const std::vector<task> tasks{{"source", std::uint8_t{3}}, {"sink", std::uint8_t{5}}};
    const std::vector<machine> machines{{"c", 8}, {"b", 1}, {"a", 6}};
    const auto line = line_up(
        tasks, [](const task& each) { return std::get<1>(each); }, machines, &machine::name,
        [](const machine& each) { return each.memory / 2; });
    BOOST_TEST_REQUIRE(line.has_value());
    BOOST_TEST((fill_slots(*line) == filled_slots{.order = {2, 0}, .boundaries = {0, 3, 5}}));
    BOOST_TEST(
        (fill_slots(*line, filling_order::largest_first) == filled_slots{.order = {0, 2}, .boundaries = {0, 4, 5}}));
}

BOOST_AUTO_TEST_CASE(slots_beyond_64_bits_in_sum_are_enough) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const std::vector<std::uint64_t> slots{1, most};
    const std::vector<std::uint32_t> nodes{4'294'967'295};
    const auto line = line_up(nodes, std::identity{}, slots, std::identity{}, std::identity{});
    BOOST_TEST_REQUIRE(line.has_value());
    BOOST_TEST((fill_slots(*line).boundaries == std::vector<std::uint32_t>{0, 1, 4'294'967'295}));
    const std::vector<std::uint64_t> too_much{most};
    BOOST_TEST(not line_up(too_much, std::identity{}, slots, std::identity{}, std::identity{}).has_value());
}

BOOST_AUTO_TEST_CASE(largest_first_fills_the_largest_workers_and_uses_all_its_workers) {
    const slot_filling largest{.order = filling_order::largest_first};
    const program of = program_with({5, 2});
    const auto made = largest(of, offers_with({2, 4, 1, 3}));
    BOOST_TEST_REQUIRE((made and check(*made, of)));
    BOOST_TEST_REQUIRE(made->workers.size() == 2u);
    BOOST_TEST((made->workers[0] == placed_worker{.id = {2}, .slots = 4}));
    BOOST_TEST((made->workers[1] == placed_worker{.id = {4}, .slots = 3}));
    BOOST_TEST((load(*made, 0, 0) == 4u and load(*made, 0, 1) == 1u and load(*made, 1, 0) == 2u));
    const auto other = largest(of, offers_with({1, 3, 4}));
    BOOST_TEST_REQUIRE((other and check(*other, of)));
    BOOST_TEST((load(*other, 0, 0) == 1u and load(*other, 0, 1) == 4u));
}

BOOST_AUTO_TEST_CASE(a_slot_row_has_a_run_for_each_worker_and_ends_at_the_last_place_that_there_is) {
    using numbers = std::vector<std::uint32_t>;
    BOOST_TEST((slot_row({}).boundaries == numbers{0}));
    const layout row = slot_row(numbers{2, 0, 3});
    BOOST_TEST((row.spaced == spacing::dense and row.boundaries == numbers{0, 2, 2, 5} and row.owners.empty()));
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    BOOST_TEST((slot_row(numbers{most - 1, 5, 7}).boundaries == numbers{0, most - 1, most, most}));
}

BOOST_AUTO_TEST_CASE(of_one_shuffle_the_largest_workers_first_have_the_fewest_channels_across_workers_of_all_plans) {
    int tried = 0, wrong = 0;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        if (parallelisms.size() != 2) return;
        program of = program_with(parallelisms);
        of.edges.push_back({.from = {100}, .to = {101}, .kind = edge_kind::shuffle});
        const auto offers = offers_with(slots);
        const auto made = slot_filling{.order = filling_order::largest_first}(of, offers);
        BOOST_TEST_REQUIRE(made.has_value());
        const auto mine = static_cast<double>(judge(*made, of, offers)->channels.total.across_workers);
        const std::vector<std::uint64_t> any(slots.size(), sum_of(slots) * 2);
        const double fewest = least_cost(parallelisms, slots, any, mine + 1,
                                         [&](const std::vector<numbers>& placed, std::size_t node, double before) {
                                             if (node == 0) return before;
                                             double cost = before + parallelisms[0] * parallelisms[1];
                                             for (std::size_t w = 0; w < slots.size(); ++w)
                                                 cost -= placed[0][w] * placed[1][w];
                                             return cost;
                                         });
        ++tried;
        wrong += fewest != mine;
    });
    BOOST_TEST(tried > 500);
    BOOST_TEST(wrong == 0);
}

}  // namespace
