// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/caps.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;
using namespace std::chrono_literals;

std::vector<offer> in_zones(const numbers& slots, std::uint32_t zones) {
    std::vector<offer> made = offers_with(slots);
    for (std::size_t i = 0; i < made.size(); ++i) made[i].zone = "zone " + std::to_string(i * 7 % zones);
    return made;
}

/// By how much the fullest zone is above its share of a node, rounded up.
std::int64_t above_its_share(const plan& made, const std::vector<offer>& offers) {
    std::int64_t most = 0;
    std::uint64_t all = 0;
    std::map<std::string, std::uint64_t> slots;
    for (const offer& each : offers) all += each.slots, slots[each.zone] += each.slots;
    for (std::size_t node = 0; node < made.nodes.size(); ++node) {
        std::map<std::string, std::uint64_t> loads;
        for (std::size_t worker = 0; worker < made.workers.size(); ++worker)
            loads[std::ranges::find(offers, made.workers[worker].id, &offer::id)->zone] += load(made, node, worker);
        for (const auto& [zone, mine] : loads)
            most = std::max(
                most, static_cast<std::int64_t>(mine) -
                          static_cast<std::int64_t>((made.nodes[node].parallelism * slots[zone] + all - 1) / all));
    }
    return most;
}

BOOST_AUTO_TEST_CASE(of_every_small_input_in_two_zones_that_alternate_no_zone_is_above_its_share_of_any_node) {
    int tried = 0, wrong = 0;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        const auto offers = in_zones(slots, 2);
        const program of = program_with(parallelisms);
        const auto made = spread{}(of, offers);
        ++tried;
        wrong += not made or not check(*made, of) or judge(*made, of, offers)->gap_per_slot() > 1 + 1e-9 or
                 above_its_share(*made, offers) > 0;
    });
    BOOST_TEST(tried > 10'000);
    BOOST_TEST(wrong == 0);
}

/// Whether a placement at the bound of the load per slot has no zone more than `above` its share: a flow from nodes to
/// zones, each a node's own, to workers.
bool can_be_above_by(std::uint64_t above, const numbers& parallelisms, const numbers& slots,
                     const std::vector<offer>& offers) {
    std::map<std::string, std::vector<std::size_t>> zones;
    for (std::size_t w = 0; w < slots.size(); ++w) zones[offers[w].zone].push_back(w);
    const auto caps = caps_of(program_with(parallelisms), slots, balance_by::load_per_slot, 1);
    const std::size_t nodes = parallelisms.size(), workers = nodes * (1 + zones.size());
    const std::size_t size = workers + slots.size() + 2, source = size - 2, sink = size - 1;
    std::vector<std::vector<std::uint64_t>> room(size, std::vector<std::uint64_t>(size));
    std::size_t at = nodes;
    for (std::size_t node = 0; node < nodes; ++node) {
        room[source][node] = parallelisms[node];
        for (const auto& [name, members] : zones) {
            std::uint64_t mine = 0;
            for (const std::size_t w : members) mine += room[at][workers + w] = slots[w];
            room[node][at++] = (parallelisms[node] * mine + sum_of(slots) - 1) / sum_of(slots) + above;
        }
    }
    for (std::size_t w = 0; w < slots.size(); ++w) room[workers + w][sink] = caps[w];
    return largest_flow(std::move(room)) == sum_of(parallelisms);
}

/// 2 to 61 workers of up to `most` slots, 1 to 20 nodes, half of them at most 30 % below all slots.
random_job job_over_zones(std::mt19937_64& random, std::uint32_t most) {
    const auto below = [&](std::uint64_t end) { return static_cast<std::uint32_t>(random() % end); };
    random_job made(random, 1, 1, 1);
    made.slots.resize(2 + below(60));
    for (std::uint32_t& each : made.slots) each = 1 + below(most);
    made.parallelisms.resize(1 + below(20));
    const std::uint64_t all = sum_of(made.slots);
    for (std::uint32_t& each : made.parallelisms)
        each = below(2) == 0 ? static_cast<std::uint32_t>(all - all * below(31) / 100) : 1 + below(all);
    return made;
}

/// Checked: no worker has more than the proven bound.
plan balanced_spread(const random_job& job, const std::vector<offer>& offers) {
    const program of = program_with(job.parallelisms);
    const auto made = spread{}(of, offers);
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(check(*made, of).has_value());
    BOOST_TEST(judge(*made, of, offers)->gap_per_slot() <= 1 + 1e-9);
    return *made;
}

BOOST_AUTO_TEST_CASE(on_unequal_slots_a_zone_is_above_its_share_of_a_node_where_balance_needs_it_and_seldom_else) {
    std::mt19937_64 random(31);
    int wrong = 0, above_share = 0, needless = 0;
    for (int round = 0; round < rounds(4'000); ++round) {
        const random_job job = job_over_zones(random, round % 2 == 0 ? 6 : 16);
        const auto offers = in_zones(job.slots, 3);
        const plan made = balanced_spread(job, offers);
        const auto above = static_cast<std::uint64_t>(std::max(std::int64_t{0}, above_its_share(made, offers)));
        if (above == 0) continue;
        ++above_share;
        needless += can_be_above_by(above - 1, job.parallelisms, job.slots, offers);
        wrong += above > 2 and can_be_above_by(above - 3, job.parallelisms, job.slots, offers);
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE(above_share << " of " << rounds(4'000) << " above the share, " << needless << " needlessly");
    BOOST_TEST((0 < above_share and above_share <= rounds(4'000) * 2 / 100));
    BOOST_TEST(needless <= rounds(4'000) * 2 / 1'000);
}

BOOST_AUTO_TEST_CASE(on_equal_slots_no_zone_is_above_its_share_of_any_node) {
    std::mt19937_64 random(33);
    std::int64_t most = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        random_job job = job_over_zones(random, 16);
        job.slots.assign(job.slots.size(), 1 + *std::ranges::max_element(job.parallelisms) /
                                                   static_cast<std::uint32_t>(job.slots.size()));
        const auto offers = in_zones(job.slots, 3);
        most = std::max(most, above_its_share(balanced_spread(job, offers), offers));
    }
    BOOST_TEST(most == 0);
}

BOOST_AUTO_TEST_CASE(on_equal_slots_in_zones_of_one_size_all_nodes_share_one_round_around_them) {
    const auto offers = in_zones(numbers(28, 4), 7);
    const program of = program_with({1, 5, 7, 13, 28, 30, 60, 111});
    const auto made = spread{}(of, offers);
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST((made->layouts.size() == 1u and made->layouts.front().spaced == spacing::level));
    BOOST_TEST(above_its_share(*made, offers) == 0);
}

BOOST_AUTO_TEST_CASE(where_shares_of_zones_and_balance_cannot_both_be_had_balance_wins) {
    auto offers = offers_with({5, 1, 1, 1, 1, 1});
    for (std::size_t i = 1; i < offers.size(); ++i) offers[i].zone = "small";
    const program of = program_with({2, 2});  // with shares of one each, a small worker were full
    const auto made = spread{}(of, offers);
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(load(*made, 0) == 4u);
    BOOST_TEST(above_its_share(*made, offers) == 1);

    // The share of the larger node leaves more free on the largest worker than the other can use: zones are given up.
    auto uneven = offers_with({3, 78, 2, 2, 1, 1, 2, 2, 1});
    const std::string zones = "beacdcaaa";
    for (std::size_t i = 0; i < uneven.size(); ++i) uneven[i].zone = zones[i];
    const program two = program_with({86, 89});
    const auto flat = spread{}(two, uneven);
    BOOST_TEST_REQUIRE(flat.has_value());
    BOOST_TEST(check(*flat, two).has_value());
    BOOST_TEST(judge(*flat, two, uneven)->gap_per_slot() <= 1 + 1e-9);
}

BOOST_AUTO_TEST_CASE(many_parallelisms_on_many_workers_are_below_what_a_message_holds_and_go_around_the_zones_A4) {
    numbers nodes;
    for (std::uint32_t i = 0; i < 100; ++i) nodes.push_back(50 + 800 * i);
    const program of = program_with(nodes);
    const auto offers = in_zones(numbers(10'000, 10), 3);
    const auto made = spread{}(of, offers);
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(check(*made, of).has_value());
    BOOST_TEST(total_runs(made->layouts) <= 400'000u);
    BOOST_TEST(judge(*made, of, offers)->gap_per_slot() <= 1 + 1e-9);
    std::map<std::string, std::uint32_t> numbered;
    std::vector<std::uint32_t> zone_of;
    for (const offer& each : offers)
        zone_of.push_back(numbered.emplace(each.zone, static_cast<std::uint32_t>(numbered.size())).first->second);
    double most = 0;
    std::vector<range_on_worker> ranges;
    for (std::size_t node = 0; node < nodes.size(); ++node, ranges.clear()) {
        append_ranges(*made, node, ranges);
        std::vector<double> loads(3);
        for (const range_on_worker& each : ranges) loads[zone_of[each.worker]] += each.range.size();
        most = std::max(most, *std::ranges::max_element(loads) - nodes[node] / 3.0);
    }
    BOOST_TEST_MESSAGE("at most " << most << " above a third");
    BOOST_TEST(most <= 20);  // two workers
}

BOOST_AUTO_TEST_CASE(a_worker_that_failed_lately_has_less_and_the_more_the_longer_ago) {
    const program of = program_with({8, 8, 8, 8});
    const auto offers = offers_with({8, 8, 8, 8});
    std::uint64_t before = 0;
    for (const duration ago : {duration(0min), duration(10min), duration(20min), duration(24h)}) {
        const std::vector<trouble> troubles{{.machine = {"machine 2"}, .ago = ago}};
        const auto made = spread{.penalty = 1}(of, offers, {.troubles = troubles});
        BOOST_TEST_REQUIRE(made.has_value());
        const std::uint64_t mine = load(*made, 2);
        BOOST_TEST(mine >= before);
        before = mine;
        if (ago == 0min) BOOST_TEST(mine == 0u);
        if (ago == 24h) BOOST_TEST(mine == 8u);
    }
}

BOOST_AUTO_TEST_CASE(what_the_job_needs_is_not_kept_back) {
    const program of = program_with({30});
    const auto offers = offers_with({8, 8, 8, 8});
    const std::vector<trouble> troubles{{.machine = {"machine 0"}}, {.machine = {"machine 2"}}};
    const auto made = spread{.penalty = 1}(of, offers, {.troubles = troubles});
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST(check(*made, of).has_value());
    BOOST_TEST(load(*made, 1) == 8u);
}

BOOST_AUTO_TEST_CASE(sticky_over_zones_keeps_what_is_not_above_the_share_of_its_zone) {
    std::mt19937_64 random(32);
    std::int64_t most = 0;
    int approximate = 0, more = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        const random_job job(random, 6, 12, 6);
        auto offers = in_zones(job.slots, 3);
        const program of = program_with(job.parallelisms);
        const plan before = *spread{}(of, offers);
        offers.erase(offers.begin());
        if (offers.empty()) continue;
        const sticky policy{.balance = 1.2, .zones = spread{}};
        const auto answer = policy.decide(of, offers, {.previous = &before});
        if (not answer) continue;
        BOOST_TEST(check(answer->made, of).has_value());
        BOOST_TEST(judge(answer->made, of, offers)->gap_per_slot() <= 1.2 + 1e-9);
        if (answer->way != sticky_way::approximate) continue;
        ++approximate;
        const auto without = sticky{.balance = 1.2}.decide(of, offers, {.previous = &before});
        BOOST_TEST_REQUIRE((without and without->least_bytes));
        BOOST_TEST((answer->least_bytes == without->least_bytes));
        BOOST_TEST(*answer->least_bytes <= answer->moved_bytes + 1e-9);
        more += *answer->least_bytes < answer->moved_bytes;
        most = std::max(most, above_its_share(answer->made, offers));
    }
    BOOST_TEST(approximate > rounds(600));
    BOOST_TEST((0 < more and more < approximate));  // zones have their price, sometimes
    BOOST_TEST(most <= 2);  // where nothing fits, it is as `spread` has it
}

}  // namespace
