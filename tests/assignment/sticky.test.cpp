// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

/// The least bytes that any placement within the caps moves, by trying all of them.
double least_by_enumeration(const numbers& parallelisms, const numbers& slots, const std::vector<std::uint64_t>& caps,
                            const std::vector<std::vector<std::uint32_t>>& kept, const std::vector<double>& bytes) {
    double least = std::numeric_limits<double>::infinity();
    std::vector<std::uint64_t> loads(slots.size());
    const auto place = [&](auto& self, std::size_t node, std::size_t worker, std::uint32_t left, double cost) -> void {
        if (cost >= least) return;
        if (node == parallelisms.size()) {
            least = cost;
            return;
        }
        if (worker == slots.size()) {
            if (left == 0) self(self, node + 1, 0, node + 1 < parallelisms.size() ? parallelisms[node + 1] : 0, cost);
            return;
        }
        for (std::uint32_t here = 0; here <= std::min(left, slots[worker]); ++here) {
            if (loads[worker] + here > caps[worker]) break;
            loads[worker] += here;
            const std::uint32_t moved = here - std::min(here, kept[node][worker]);
            self(self, node, worker + 1, left - here, cost + bytes[node] * moved);
            loads[worker] -= here;
        }
    };
    place(place, 0, 0, parallelisms[0], 0);
    return least;
}

/// Workers of a job that ran, of which one is gone.
struct after_a_loss {
    program of;
    plan before;
    std::vector<offer> offers;
    std::vector<state_size> sizes;

    explicit after_a_loss(std::mt19937_64& random, std::uint32_t nodes, std::uint32_t workers, std::uint32_t slots) {
        for (;;) {
            const random_job job(random, nodes, workers, slots);
            of = program_with(job.parallelisms);
            offers = offers_with(job.slots);
            before = random() % 2 == 0 ? *slot_filling{}(of, offers) : *balanced{}(of, offers);
            const std::size_t lost = random() % offers.size();
            for (offer& each : offers) each.id.value += 1'000;  // a new generation
            offers.erase(offers.begin() + static_cast<std::ptrdiff_t>(lost));
            std::uint64_t left = 0;
            for (const offer& each : offers) left += each.slots;
            if (left >= slots_needed(of)) break;
        }
        for (const node& each : of.nodes)
            sizes.push_back({.node = each.id, .bytes = static_cast<double>(random() % 9)});
    }
    past then() const { return {.previous = &before, .sizes = sizes}; }
};

bool within(const plan& made, const program& of, const std::vector<offer>& offers, double slack) {
    const auto found = judge(made, of, offers);
    return found and found->gap_per_slot() <= slack + 1e-9;
}

BOOST_AUTO_TEST_CASE(sticky_moves_as_few_bytes_as_any_plan_within_its_slack) {
    std::mt19937_64 random(21);
    int wrong = 0, exact = 0, moved = 0;
    for (int round = 0; round < 3'000; ++round) {
        const after_a_loss input(random, 3, 4, 3);
        const sticky policy{.balance = 1 + static_cast<double>(random() % 3) / 4};
        const auto answer = policy.decide(input.of, input.offers, input.then());
        BOOST_TEST_REQUIRE(answer.has_value());
        wrong += not check(answer->made, input.of) or not within(answer->made, input.of, input.offers, policy.balance);
        if (answer->way != sticky_way::exact) continue;
        ++exact;
        numbers parallelisms, slots;
        std::vector<double> bytes;
        for (std::size_t i = 0; i < input.of.nodes.size(); ++i) {
            parallelisms.push_back(input.of.nodes[i].parallelism);
            bytes.push_back(input.sizes[i].bytes);
        }
        for (const offer& each : input.offers) slots.push_back(each.slots);
        std::vector<std::vector<std::uint32_t>> kept(parallelisms.size(), std::vector<std::uint32_t>(slots.size()));
        for (std::size_t n = 0; n < parallelisms.size(); ++n)
            for (std::size_t w = 0; w < input.before.workers.size(); ++w)
                for (std::size_t now = 0; now < slots.size(); ++now)
                    if (input.offers[now].machine.value == input.before.machines[w])
                        kept[n][now] = static_cast<std::uint32_t>(load(input.before, n, w));
        const double least = least_by_enumeration(
            parallelisms, slots, caps_of(input.of, slots, balance_by::load_per_slot, policy.balance), kept, bytes);
        wrong += std::abs(least - answer->moved_bytes) > 1e-9 or std::abs(least - *answer->least_bytes) > 1e-9;
        moved += least > 0;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(exact > 2'000);
    BOOST_TEST(moved > 1'000);
}

BOOST_AUTO_TEST_CASE(the_approximation_stays_within_its_slack_and_is_never_better_than_the_flow) {
    std::mt19937_64 random(22);
    int wrong = 0;
    double least = 0, moved = 0;
    for (int round = 0; round < 2'000; ++round) {
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
