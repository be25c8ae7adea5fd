// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/local.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

program chain_of(const numbers& parallelisms) {
    program made = program_with(parallelisms);
    for (std::uint32_t i = 0; i + 1 < parallelisms.size(); ++i)
        made.edges.push_back({.from = {100 + i}, .to = {101 + i}, .kind = edge_kind::shuffle});
    return made;
}

std::uint64_t crossing(const plan& made, const program& of, const std::vector<offer>& offers) {
    return judge(made, of, offers)->channels.total.across_workers;
}

/// Of a chain of shuffles, by trying all placements within the caps.
std::uint64_t least_by_enumeration(const numbers& parallelisms, const numbers& slots,
                                   const std::vector<std::uint64_t>& caps) {
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    std::vector<std::uint64_t> loads(slots.size());
    std::vector<numbers> placed(parallelisms.size(), numbers(slots.size()));
    const auto place = [&](auto& self, std::size_t node, std::size_t worker, std::uint32_t left,
                           std::uint64_t cost) -> void {
        if (worker == slots.size()) {
            if (left > 0) return;
            if (node > 0) {
                cost += std::uint64_t{parallelisms[node - 1]} * parallelisms[node];
                for (std::size_t w = 0; w < slots.size(); ++w)
                    cost -= std::uint64_t{placed[node - 1][w]} * placed[node][w];
            }
            if (node + 1 == parallelisms.size())
                least = std::min(least, cost);
            else
                self(self, node + 1, 0, parallelisms[node + 1], cost);
            return;
        }
        for (std::uint32_t here = 0; here <= std::min(left, slots[worker]) and loads[worker] + here <= caps[worker];
             ++here) {
            loads[worker] += here;
            placed[node][worker] = here;
            self(self, node, worker + 1, left - here, cost);
            loads[worker] -= here;
        }
    };
    place(place, 0, 0, parallelisms[0], 0);
    return least;
}

BOOST_AUTO_TEST_CASE(local_keeps_its_slack_and_is_near_the_fewest_channels_of_all) {
    std::mt19937_64 random(41);
    std::uint64_t ours = 0, fewest = 0, others = 0;
    int wrong = 0, optimal = 0, tried = 0;
    for (int round = 0; round < 2'000; ++round) {
        const random_job job(random, 3, 4, 3);
        const program of = chain_of(job.parallelisms);
        const auto offers = offers_with(job.slots);
        const local policy{.slack = 1 + static_cast<double>(random() % 3) / 2};
        const auto made = policy(of, offers);
        BOOST_TEST_REQUIRE(made.has_value());
        wrong += not check(*made, of) or judge(*made, of, offers)->gap_per_slot() > policy.slack + 1e-9;
        const std::uint64_t mine = crossing(*made, of, offers);
        const std::uint64_t least = least_by_enumeration(
            job.parallelisms, job.slots, caps_of(of, job.slots, balance_by::load_per_slot, policy.slack));
        wrong += mine < least;
        optimal += mine == least;
        ++tried;
        ours += mine;
        fewest += least;
        others += crossing(*balanced{}(of, offers), of, offers);
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE("channels across workers: " << ours << ", fewest " << fewest << ", balanced " << others << "; "
                                                   << optimal << " of " << tried << " are optimal");
    BOOST_TEST(ours < others);
    BOOST_TEST(2 * optimal > tried);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_is_cut_into_pieces_that_a_worker_holds) {
    const program of = chain_of(numbers(40, 8));
    const auto offers = offers_with(numbers(10, 8));
    const std::uint64_t mine = crossing(*local{.slack = 1}(of, offers), of, offers);
    BOOST_TEST(mine == 9u * 64);  // ten workers with four nodes each: nine edges cross
    BOOST_TEST(crossing(*balanced{}(of, offers), of, offers) > 3 * mine);
}

}  // namespace
