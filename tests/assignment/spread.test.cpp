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

/// By how much the fullest zone is above its share at least, of all placements at the bound of the load per slot; `known`
/// if by no less.
double least_above(const numbers& parallelisms, const numbers& slots, const std::vector<offer>& offers, double known) {
    const std::uint64_t all = sum_of(slots);
    std::map<std::string, std::vector<std::size_t>> zones;
    for (std::size_t w = 0; w < slots.size(); ++w) zones[offers[w].zone].push_back(w);
    const auto caps = caps_of(program_with(parallelisms), slots, balance_by::load_per_slot, 1);
    return least_cost(parallelisms, slots, caps, known,
                      [&](const std::vector<numbers>& placed, std::size_t node, double before) {
                          for (const auto& [zone, workers] : zones) {
                              std::uint64_t mine = 0, of_slots = 0;
                              for (const std::size_t w : workers) mine += placed[node][w], of_slots += slots[w];
                              const std::uint64_t share = (parallelisms[node] * of_slots + all - 1) / all;
                              before = std::max(before, static_cast<double>(mine) - static_cast<double>(share));
                          }
                          return before;
                      });
}

BOOST_AUTO_TEST_CASE(of_every_small_input_no_zone_is_further_above_its_share_than_it_must_be_but_by_one) {
    int tried = 0, wrong = 0, best = 0;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        const auto offers = in_zones(slots, 2);
        const program of = program_with(parallelisms);
        const auto made = spread{}(of, offers);
        ++tried;
        if (not made or not check(*made, of) or judge(*made, of, offers)->gap_per_slot() > 1 + 1e-9) {
            ++wrong;
            return;
        }
        const auto mine = static_cast<double>(above_its_share(*made, offers));
        const double least = std::max(0.0, least_above(parallelisms, slots, offers, mine + 0.5));
        wrong += mine > least + 1;
        best += mine <= least;
    });
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE(best << " of " << tried << " are as even as can be");
    BOOST_TEST(10 * best > 9 * tried);
}

BOOST_AUTO_TEST_CASE(no_zone_is_above_its_share_of_any_node) {
    std::mt19937_64 random(31);
    int wrong = 0, equal_ones = 0, by_three = 0;
    std::int64_t most = 0;
    for (int round = 0; round < rounds(5'000); ++round) {
        const random_job job(random, 6, 12, 6);
        const auto offers = in_zones(job.slots, 3);
        const program of = program_with(job.parallelisms);
        const auto made = spread{}(of, offers);
        BOOST_TEST_REQUIRE(made.has_value());
        wrong += not check(*made, of);
        wrong += judge(*made, of, offers)->gap_per_slot() > 1 + 1e-9;
        const std::int64_t above = above_its_share(*made, offers);
        const auto differ = [](const numbers& of_them) {
            return std::ranges::adjacent_find(of_them, std::not_equal_to<>{}) != of_them.end();
        };
        most = std::max(most, above);
        by_three += above == 3;
        if (differ(job.slots) or differ(job.parallelisms)) continue;
        ++equal_ones;
        wrong += above > 0;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(equal_ones > 200);
    BOOST_TEST_MESSAGE("at most " << most << " above the share");
    BOOST_TEST(most <= 3);
    BOOST_TEST(by_three <= rounds(5'000) / 100'000);
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
