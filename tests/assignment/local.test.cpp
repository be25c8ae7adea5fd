// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/local.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

/// Shuffles, from and to the nodes of these positions.
using shape = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

shape chain(std::size_t nodes) {
    shape made;
    for (std::uint32_t i = 0; i + 1 < nodes; ++i) made.emplace_back(i, i + 1);
    return made;
}

program program_of(const numbers& parallelisms, const shape& edges) {
    program made = program_with(parallelisms);
    for (const auto& [from, to] : edges)
        made.edges.push_back({.from = {100 + from}, .to = {100 + to}, .kind = edge_kind::shuffle});
    return made;
}
program chain_of(const numbers& parallelisms) { return program_of(parallelisms, chain(parallelisms.size())); }

std::uint64_t crossing(const plan& made, const program& of, const std::vector<offer>& offers) {
    return judge(made, of, offers)->channels.total.across_workers;
}

/// What was asked of `local`, and what comes of it over many inputs.
struct tally {
    int tried = 0, wrong = 0, optimal = 0;
    std::uint64_t ours = 0, fewest = 0, others = 0;

    void judge_chain(const numbers& parallelisms, const numbers& slots, double slack,
                     balance_by aim = balance_by::load_per_slot) {
        judge_shape(chain(parallelisms.size()), parallelisms, slots, slack, aim);
    }
    /// Shuffles, beside the fewest channels of all placements within the slack.
    void judge_shape(const shape& edges, const numbers& parallelisms, const numbers& slots, double slack,
                     balance_by aim = balance_by::load_per_slot) {
        const program of = program_of(parallelisms, edges);
        const auto offers = offers_with(slots);
        const auto made = local{.slack = slack, .aim = aim}(of, offers);
        ++tried;
        const auto gap = [&] {
            const auto found = judge(*made, of, offers);
            return aim == balance_by::load ? found->gap() : found->gap_per_slot();
        };
        if (not made or not check(*made, of) or gap() > slack + 1e-9) {
            ++wrong;
            return;
        }
        const std::uint64_t mine = crossing(*made, of, offers);
        const double least =
            least_cost(parallelisms, slots, caps_of(of, slots, aim, slack), static_cast<double>(mine) + 1,
                       [&](const std::vector<numbers>& placed, std::size_t node, double before) {
                           std::uint64_t cost = 0;
                           for (const auto& [from, to] : edges) {
                               if (to != node) continue;
                               cost += std::uint64_t{parallelisms[from]} * parallelisms[to];
                               for (std::size_t w = 0; w < slots.size(); ++w)
                                   cost -= std::uint64_t{placed[from][w]} * placed[to][w];
                           }
                           return before + static_cast<double>(cost);
                       });
        wrong += least > static_cast<double>(mine);
        optimal += least == static_cast<double>(mine);
        ours += mine;
        fewest += static_cast<std::uint64_t>(least);
        others += crossing(*balanced{}(of, offers), of, offers);
    }
    /// Fewer channels than balanced has and than so many percent of the fewest; optimal in more than so many tenths.
    void verify(std::uint64_t percent, int tenths) const {
        BOOST_TEST_MESSAGE("channels across workers: " << ours << ", fewest " << fewest << ", balanced " << others
                                                       << "; " << optimal << " of " << tried << " are optimal");
        BOOST_TEST(wrong == 0);
        BOOST_TEST(ours < others);
        BOOST_TEST(100 * ours < percent * fewest);
        BOOST_TEST(10 * optimal > tenths * tried);
    }
};

BOOST_AUTO_TEST_CASE(on_every_small_chain_local_keeps_its_slack_and_is_near_the_fewest_channels_of_all) {
    tally all;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        all.judge_chain(parallelisms, slots, 1 + static_cast<double>(all.tried % 3) / 2);
    });
    all.verify(103, 7);
}

BOOST_AUTO_TEST_CASE(on_random_chains_local_keeps_its_slack_and_is_near_the_fewest_channels_of_all) {
    std::mt19937_64 random(41);
    tally all;
    for (int round = 0; round < rounds(2'000); ++round) {
        const random_job job(random, 3, 4, 3);
        all.judge_chain(job.parallelisms, job.slots, 1 + static_cast<double>(random() % 3) / 2);
    }
    all.verify(102, 9);
}

BOOST_AUTO_TEST_CASE(asked_for_the_largest_load_local_keeps_its_slack_of_that_and_is_near_the_fewest_channels) {
    std::mt19937_64 random(42);
    tally all;
    for (int round = 0; round < rounds(2'000); ++round) {
        const random_job job(random, 3, 4, 3);
        all.judge_chain(job.parallelisms, job.slots, 1 + static_cast<double>(random() % 3) / 2, balance_by::load);
    }
    all.verify(102, 9);
}

BOOST_AUTO_TEST_CASE(on_random_forks_joins_and_diamonds_local_keeps_its_slack_and_is_near_the_fewest_channels) {
    struct named_shape {
        std::string name;
        std::size_t nodes;
        shape edges;
    };
    for (const auto& [name, nodes, edges] :
         {named_shape{"fork", 3, {{0, 1}, {0, 2}}}, named_shape{"join", 4, {{0, 2}, {1, 2}, {2, 3}}},
          named_shape{"diamond", 4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}}}) {
        std::mt19937_64 random(43);
        tally all;
        for (int round = 0; round < rounds(500); ++round) {
            random_job job(random, 4, 3, 3);
            job.parallelisms.resize(nodes);
            for (std::uint32_t& each : job.parallelisms)
                if (each == 0) each = 1 + static_cast<std::uint32_t>(random() % sum_of(job.slots));
            all.judge_shape(edges, job.parallelisms, job.slots, 1 + static_cast<double>(random() % 3) / 2);
        }
        BOOST_TEST_CONTEXT(name) { all.verify(110, 7); }
    }
}

/// Slot filling takes workers 1 and 2 by their ids, or 2 and 3 by their slots; in both two nodes of 7 cross workers as
/// often.
channel_counts channels_of_local(const std::vector<std::string>& machines, const std::vector<std::string>& zones) {
    const program of = chain_of({7, 7});
    auto offers = offers_with({3, 4, 4, 3});
    for (std::size_t w = 0; w < offers.size(); ++w) offers[w].machine.value = machines[w], offers[w].zone = zones[w];
    return judge(*local{.slack = 10}(of, offers), of, offers)->channels.total;
}

BOOST_AUTO_TEST_CASE(
    of_plans_with_as_many_channels_across_workers_that_with_fewer_across_machines_then_zones_is_taken) {
    for (const bool is_first : {true, false}) {  // which two workers share a place
        const auto shared = [&](const std::string& by) {
            return is_first ? std::vector<std::string>{by, by, "other", "last"}
                            : std::vector<std::string>{"first", by, by, "other"};
        };
        const std::vector<std::string> apart{"1", "2", "3", "4"}, one(4, "zone");
        BOOST_TEST_CONTEXT((is_first ? "workers 1 and 2" : "workers 2 and 3")) {
            const channel_counts by_machine = channels_of_local(shared("machine"), one);
            BOOST_TEST((by_machine.across_workers == 24u and by_machine.across_machines == 0u));
            const channel_counts by_zone = channels_of_local(apart, shared("zone"));
            BOOST_TEST((by_zone.across_workers == 24u and by_zone.across_machines == 24u));
            BOOST_TEST(by_zone.across_zones == 0u);
            // What shares a machine is before what shares a zone.
            const std::vector<std::string> others =
                is_first ? std::vector<std::string>{"a", "b", "b", "c"} : std::vector<std::string>{"b", "b", "a", "c"};
            const channel_counts by_both = channels_of_local(shared("machine"), others);
            BOOST_TEST((by_both.across_machines == 0u and by_both.across_zones == 24u));
        }
    }
}

BOOST_AUTO_TEST_CASE(pipelines_that_a_worker_holds_whole_stay_whole_however_much_slack_there_is) {
    program of = program_with(numbers(16, 6));
    for (std::uint32_t i = 0; i < 8; ++i)
        of.edges.push_back({.from = {100 + i}, .to = {108 + i}, .kind = edge_kind::shuffle});
    const auto offers = offers_with(numbers(8, 6));
    for (const double slack : {1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0})
        BOOST_TEST(crossing(*local{.slack = slack}(of, offers), of, offers) == 0u, "slack " << slack);
}

BOOST_AUTO_TEST_CASE(a_deep_chain_is_cut_into_pieces_that_a_worker_holds) {
    const program of = chain_of(numbers(40, 8));
    const auto offers = offers_with(numbers(10, 8));
    const std::uint64_t mine = crossing(*local{.slack = 1}(of, offers), of, offers);
    BOOST_TEST(mine == 9u * 64);  // ten workers with four nodes each: nine edges cross
    BOOST_TEST(crossing(*balanced{}(of, offers), of, offers) > 3 * mine);
}

}  // namespace
