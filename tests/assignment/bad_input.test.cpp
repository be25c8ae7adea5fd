// SPDX-License-Identifier: BSL-1.0
// What every policy says of input that is none; for numbers of one policy alone see its own tests.
#include "small_inputs.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
constexpr limits none{.parallelism = most, .slots = most};

struct named_policy {
    std::string name;
    std::function<expected<plan>(const program&, std::span<const offer>, const past&)> assign;
};

const std::vector<named_policy>& policies_of_ours() {
    static const std::vector<named_policy> all{
        {"slot_filling", slot_filling{}},
        {"largest_first", slot_filling{.order = filling_order::largest_first}},
        {"balanced", balanced{}},
        {"balanced_load", balanced{.aim = balance_by::load}},
        {"balanced_together", balanced{.together = keep_together::forward_joined}},
        {"local", local{}},
        {"spread", spread{}},
        {"sticky", sticky{}},
        {"sticky_zones", sticky{.zones = spread{}}},
    };
    return all;
}

std::string said(const expected<plan>& answer) { return answer ? "a plan" : describe(answer.error()); }

BOOST_AUTO_TEST_CASE(without_workers_or_with_workers_of_no_slots_needed_and_available_are_named_A1) {
    for (const auto& [name, assign] : policies_of_ours()) {
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST(said(assign(program_with({3, 9}), {}, {})) == "not enough slots: needed 9, available 0");
            BOOST_TEST(said(assign(program_with({3, 9}), offers_with({0, 0}), {})) ==
                       "not enough slots: needed 9, available 0");
            BOOST_TEST(said(assign(program_with({3, 9}), offers_with({0, 5, 3}), {})) ==
                       "not enough slots: needed 9, available 8");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_worker_of_no_slots_beside_others_gets_nothing_A1) {
    for (const auto& [name, assign] : policies_of_ours()) {
        const program of = program_with({4, 2});
        const auto made = assign(of, offers_with({0, 3, 0, 3}), {});
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST_REQUIRE(made.has_value());
            BOOST_TEST(check(*made, of).has_value());
            for (const worker_id id : {worker_id{1}, worker_id{3}})
                if (const auto at = position_of(*made, id)) BOOST_TEST(load(*made, *at) == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(slots_near_2_to_the_32_whose_sums_and_loads_are_beyond_it_are_placed_and_judged_A1_A6) {
    const program of = program_with({most, most - 1, 3, most});
    for (const numbers& slots : std::vector<numbers>{{most}, {most, most, most}, {most - 1, 7, most, 1}})
        for (const auto& [name, assign] : policies_of_ours()) {
            const auto offers = offers_with(slots);
            const auto made = assign(of, offers, {});
            BOOST_TEST_CONTEXT(name << " on " << slots.size() << " workers") {
                BOOST_TEST_REQUIRE(made.has_value());
                BOOST_TEST(check(*made, of, none).has_value());
                const auto again = assign(of, offers, past{.previous = &*made});
                BOOST_TEST_REQUIRE(again.has_value());
                BOOST_TEST(check(*again, of, none).has_value());
                const auto found = judge(*again, of, offers, {.previous = &*made}, none);
                BOOST_TEST_REQUIRE(found.has_value());
                BOOST_TEST(found->subtasks == std::uint64_t{most} * 3 + 2);
                const bool has_its_bound = name.starts_with("balanced") or name == "local" or name == "spread";
                if (has_its_bound and name != "balanced_load")
                    BOOST_TEST(found->gap_per_slot() <= (name == "local" ? 1.1 : 1) + 1e-9);
                if (name == "balanced_load") BOOST_TEST(found->gap() <= 1 + 1e-9);
            }
        }
}

BOOST_AUTO_TEST_CASE(bounds_of_numbers_whose_products_are_beyond_64_bits_are_right_and_at_once_A6) {
    numbers nodes(65'536, most);
    nodes.push_back(65'536);
    const proven_bounds found = bounds_of(nodes, numbers(65'536, most));
    BOOST_TEST(found.largest == std::uint64_t{most} + 1);
    BOOST_TEST((found.per_slot == load_per_slot{.load = std::uint64_t{most} + 1, .slots = most}));
    const proven_bounds larger = bounds_of(numbers(100'000, most), numbers(100'000, most));
    BOOST_TEST(larger.largest == most);
    BOOST_TEST((larger.per_slot == load_per_slot{.load = most, .slots = most}));
}

BOOST_AUTO_TEST_CASE(loads_per_slot_are_equal_by_all_their_bits) {
    constexpr std::uint64_t large = std::numeric_limits<std::uint64_t>::max();
    BOOST_TEST((load_per_slot{.load = std::uint64_t{1} << 33, .slots = 1} !=
                load_per_slot{.load = 0, .slots = std::uint32_t{1} << 31}));
    BOOST_TEST((load_per_slot{.load = large, .slots = most} != load_per_slot{.load = large, .slots = most - 1}));
    BOOST_TEST((load_per_slot{.load = large, .slots = most} == load_per_slot{.load = large, .slots = most}));
    BOOST_TEST((load_per_slot{.load = large / 3, .slots = most / 3} == load_per_slot{.load = large, .slots = most}));
    BOOST_TEST((load_per_slot{.load = 6, .slots = 4} == load_per_slot{.load = 3, .slots = 2}));
}

BOOST_AUTO_TEST_CASE(what_would_be_a_plan_beyond_any_message_is_refused_where_slots_are_too_many_to_join_A1_A4) {
    numbers nodes, slots;
    for (std::uint32_t i = 0; i < 2'000; ++i) nodes.push_back(1'000'000 + i);
    for (std::uint32_t i = 0; i < 1'000; ++i) slots.push_back(most - i % 7);
    const program of = program_with(nodes);
    const auto offers = offers_with(slots);
    for (const auto& [name, assign] : policies_of_ours())
        if (name.starts_with("balanced") or name == "spread" or name == "sticky" or name == "sticky_zones")
            BOOST_TEST_CONTEXT(name)
    BOOST_TEST(said(assign(of, offers, {})) ==
               "invalid: 2000 kinds of nodes on 1000 workers of 2^32 slots or more in all make too large a plan");
    BOOST_TEST(said(local{}(of, offers)) == "a plan");  // slot filling is within its slack
    for (std::uint32_t& each : slots) each = 4'000'000 + each % 7;
    BOOST_TEST(said(balanced{}(of, offers_with(slots))) == "a plan");
}

BOOST_AUTO_TEST_CASE(channels_beyond_64_bits_in_sum_stop_there_A6) {
    program of = program_with({most, most, most, most});
    for (std::uint32_t from = 0; from < 4; ++from)
        for (std::uint32_t to = from + 1; to < 4; ++to)
            of.edges.push_back({.from = {100 + from}, .to = {100 + to}, .kind = edge_kind::shuffle});
    const auto offers = offers_with({most, most});
    const auto found = judge(*balanced{}(of, offers), of, offers, {}, none);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(found->channels.by_edge[0].all == std::uint64_t{most} * most);
    BOOST_TEST(found->channels.total.all == std::numeric_limits<std::uint64_t>::max());
}

BOOST_AUTO_TEST_CASE(plans_of_100001_nodes_or_on_10001_workers_are_refused_by_number_though_policies_make_them_A1_A6) {
    struct beyond {
        std::string text;
        program of;
        std::vector<offer> offers;
    };
    for (const auto& [text, of, offers] : {beyond{"invalid: plan: nodes 100001 is above the limit of 100000",
                                                  program_with(numbers(100'001, 1)), offers_with({4, 4})},
                                           beyond{"invalid: plan: workers 10001 is above the limit of 10000",
                                                  program_with({8, 3}), offers_with(numbers(10'001, 4))}})
        for (const auto& [name, assign] : policies_of_ours()) {
            if (name == "local" and of.nodes.size() > 1'000) continue;  // it looks at each many times
            const auto made = assign(of, offers, {});
            BOOST_TEST_CONTEXT(name) {
                BOOST_TEST_REQUIRE(made.has_value());
                BOOST_TEST(check(*made, of, {.nodes = 100'001, .workers = 10'001}).has_value());
                if (made->nodes.size() <= 100'000 and made->workers.size() <= 10'000) continue;  // it needs no more
                const auto checked = check(*made, of);
                const auto judged = judge(*made, of, offers);
                BOOST_TEST_REQUIRE((not checked and not judged));
                BOOST_TEST(describe(checked.error()) == text);
                BOOST_TEST(describe(judged.error()) == text);
            }
        }
}

BOOST_AUTO_TEST_CASE(a_previous_plan_of_another_program_is_a_past_in_which_these_nodes_were_not_A1) {
    program other = program_with({7, 1, 4});
    for (node& each : other.nodes) each.id.value += 50;
    const plan of_another = *slot_filling{}(other, offers_with({5, 3}));
    const program of = program_with({4, 2});
    const auto offers = offers_with({3, 3});
    for (const auto& [name, assign] : policies_of_ours()) {
        const auto made = assign(of, offers, past{.previous = &of_another});
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST_REQUIRE(made.has_value());
            BOOST_TEST((made == assign(of, offers, {})));
            const auto found = judge(*made, of, offers, {.previous = &of_another});
            BOOST_TEST_REQUIRE(found.has_value());
            BOOST_TEST((found->moves == moves_report{}));
        }
    }
}

BOOST_AUTO_TEST_CASE(weights_that_are_negative_or_no_numbers_are_refused_by_name) {
    const program of = program_with({4, 2});
    const auto offers = offers_with({3, 3});
    const plan before = *balanced{}(of, offers);
    for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()}) {
        const std::vector<state_size> sizes{{.node = {101}, .bytes = bad}};
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(said(sticky{}(of, offers, {.previous = &before, .sizes = sizes})).find("state of node 101: ") !=
                       std::string::npos);
            BOOST_TEST(said(spread{.penalty = bad}(of, offers)).find("spread: a penalty of ") != std::string::npos);
            BOOST_TEST(said(sticky{.balance = bad}(of, offers)).find("sticky: a balance of ") != std::string::npos);
            BOOST_TEST(said(local{.slack = bad}(of, offers)).find("local: a slack of ") != std::string::npos);
        }
    }
    const std::vector<state_size> endless{{.node = {100}, .bytes = 1e298}, {.node = {101}, .bytes = 1e300}};
    BOOST_TEST(said(sticky{}(of, offers, {.previous = &before, .sizes = endless})) ==
               "invalid: state of node 101: more bytes than can be added up");
    BOOST_TEST(said(local{.slack = 0.999}(of, offers)) ==
               "invalid: local: a slack of 0.999000; a finite one of at least 1 is needed");
    BOOST_TEST(said(sticky{.balance = 0.999}(of, offers)) ==
               "invalid: sticky: a balance of 0.999000; a finite one of at least 1 is needed");
    for (const double large : {1.0, 1e300, std::numeric_limits<double>::max()}) {
        BOOST_TEST(said(local{.slack = large}(of, offers)) == "a plan");
        BOOST_TEST(said(sticky{.balance = large}(of, offers, {.previous = &before})) == "a plan");
    }
    BOOST_TEST(said(spread{.half_life = duration(0)}(of, offers)).find("spread: the half life") != std::string::npos);
    BOOST_TEST(said(spread{.half_life = duration(-1)}(of, offers)).find("spread: the half life") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_plan_is_not_begun_on_workers_out_of_the_order_of_their_ids) {
    const auto offers = offers_with({3, 3});
    BOOST_TEST(plan_on(offers, std::vector<std::uint32_t>{0, 1}).has_value());
    BOOST_TEST(not plan_on(offers, std::vector<std::uint32_t>{0, 0}).has_value());
    const auto made = plan_on(offers, std::vector<std::uint32_t>{1, 0});
    BOOST_TEST_REQUIRE(not made.has_value());
    BOOST_TEST(describe(made.error()).find("; a plan has its workers by id, so `order` ascends by it") !=
               std::string::npos);
}

}  // namespace
