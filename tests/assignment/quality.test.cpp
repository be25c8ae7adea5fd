// SPDX-License-Identifier: BSL-1.0
// What policies are measured with: graphs, baselines and the row of a table.
#include "small_inputs.hpp"

#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/conformance/archetypes/assignment.hpp>
#include <headgate/conformance/assignment/baselines.hpp>
#include <headgate/conformance/assignment/graphs.hpp>
#include <headgate/conformance/assignment/quality.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;
using headgate::tests::rounds;

std::uint64_t seeds(int usual) { return static_cast<std::uint64_t>(rounds(usual)); }

/// FNV-1a over all numbers of a program.
std::uint64_t digest_of(const program& of) {
    std::uint64_t made = 0xcbf29ce484222325u;
    const auto add = [&](std::uint64_t number) {
        for (int byte = 0; byte < 8; ++byte) made = (made ^ (number >> 8 * byte & 255)) * 0x100000001b3u;
    };
    for (const node& each : of.nodes) add(each.id.value), add(each.parallelism);
    for (const edge& each : of.edges) add(each.from.value), add(each.to.value), add(each.kind == edge_kind::forward);
    return made;
}

BOOST_AUTO_TEST_CASE(every_graph_of_every_size_is_a_program_of_about_so_many_subtasks) {
    for (const std::string_view name : graphs::names)
        for (const std::uint64_t size : {1u, 2u, 39u, 100u, 1'000u, 100'000u, 10'000'000u}) {
            const auto made = graphs::make(name, size);
            BOOST_TEST_CONTEXT(name << " of " << size) {
                BOOST_TEST_REQUIRE(made.has_value());
                const auto ok = check(*made);
                BOOST_TEST(ok.has_value(), (ok ? std::string() : ok.error().text));
                std::uint64_t all = 0;
                for (const node& each : made->nodes) all += each.parallelism;
                if (size == 1'000 or size == 100'000) BOOST_TEST((2 * all > size and all < 2 * size));
            }
        }
    BOOST_TEST(not graphs::make("chain", 0).has_value());
    BOOST_TEST(not graphs::make("chain", 1'000'000'001).has_value());
    BOOST_TEST(
        graphs::make("nonsense", 10).error().text.starts_with("there is no graph \"nonsense\"; there are all_to"));
}

BOOST_AUTO_TEST_CASE(a_graph_that_is_asked_to_be_larger_than_its_nodes_can_be_ends_where_it_is_said_to) {
    const std::map<std::string_view, std::uint64_t> ends{{"all_to_all", 2'097'152},
                                                         {"nexmark", 5'872'025},
                                                         {"heavy_tail", 205'618'626},
                                                         {"lattice", 943'718'400}};
    for (const std::string_view name : graphs::names) {
        const auto made = graphs::make(name, 1'000'000'000);
        BOOST_TEST_REQUIRE(made.has_value());
        std::uint64_t all = 0;
        for (const node& each : made->nodes) all += each.parallelism;
        BOOST_TEST_CONTEXT(name) {
            if (const auto end = ends.find(name); end != ends.end())
                BOOST_TEST(all == end->second);
            else
                BOOST_TEST((all > 990'000'000 and all < 1'010'000'000));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_name_size_and_seed_give_the_same_graph_everywhere) {
    const std::map<std::string_view, std::uint64_t> golden{
        {"all_to_all", 13361072312040151793u}, {"chain", 17575938033551604580u},   {"fan", 16333994959276255191u},
        {"lattice", 13095675797023636681u},    {"nexmark", 11475397176981710081u}, {"dag", 10342013353772596823u},
        {"heavy_tail", 2792857023536020175u},  {"uniform", 10762516643040948196u}};
    for (const std::string_view name : graphs::names) {
        BOOST_TEST_CONTEXT(name) {
            const std::uint64_t mine = digest_of(*graphs::make(name, 20'000, 1));
            BOOST_TEST(mine == golden.at(name));
            BOOST_TEST((digest_of(*graphs::make(name, 20'000, 2)) != mine) == (name == "dag"));
        }
    }
    BOOST_TEST(digest_of(graphs::random_job(1).of) == 12158491915920055621u);
    BOOST_TEST(digest_of(graphs::random_job(2).of) == 9184334079842982177u);
}

BOOST_AUTO_TEST_CASE(the_reference_places_as_slot_filling_does) {
    for (std::uint64_t seed = 1; seed <= seeds(2'000); ++seed) {
        const graphs::job job = graphs::random_job(seed);
        baselines::record_list list;
        baselines::reference(job.of, job.offers, {}, list);
        const plan filled = *slot_filling{}(job.of, job.offers);
        std::size_t at = 0, wrong = 0;
        for (std::size_t node = 0; node < filled.nodes.size(); ++node)
            for (std::uint32_t i = 0; i < filled.nodes[node].parallelism; ++i, ++at)
                wrong += filled.workers[worker_of(filled, node, i)].id != job.offers[list[at]].id;
        BOOST_TEST_REQUIRE(wrong == 0u);
        BOOST_TEST_REQUIRE(at == list.size());
    }
}

/// Whether the other workers are enough.
bool lose(graphs::job& from, std::uint64_t seed) {
    from.offers.erase(from.offers.begin() + static_cast<std::ptrdiff_t>(seed % from.offers.size()));
    std::uint64_t left = 0;
    for (const offer& each : from.offers) left += each.slots;
    return left >= slots_needed(from.of);
}

BOOST_AUTO_TEST_CASE(the_list_of_every_baseline_is_a_plan_A1) {
    for (const auto& [name, assign] : baselines::all)
        for (std::uint64_t seed = 1; seed <= seeds(2'000); ++seed) {
            graphs::job job = graphs::random_job(seed);
            const auto made = baseline_assignment{assign}(job.of, job.offers);
            BOOST_TEST_CONTEXT(name << " of " << seed) {
                BOOST_TEST_REQUIRE(made.has_value());
                const auto ok = check(*made, job.of);
                BOOST_TEST_REQUIRE(ok.has_value());
                if (not lose(job, seed)) continue;
                const auto again = baseline_assignment{assign}(job.of, job.offers, {.previous = &*made});
                BOOST_TEST_REQUIRE(again.has_value());
                BOOST_TEST_REQUIRE(check(*again, job.of).has_value());
            }
        }
}

BOOST_AUTO_TEST_CASE(flinks_nodes_go_around_the_groups_each_from_where_the_one_before_stopped) {
    // Groups of 3, 2, 2 and 2 subtasks: the first to worker 0, two to worker 1, the last to worker 0.
    baselines::record_list list;
    baselines::flink_by_load(tests::program_with({4, 2, 3}), tests::offers_with({2, 2}), {}, list);
    BOOST_TEST(list == (baselines::record_list{0, 1, 1, 0, 0, 1, 1, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(kafkas_equal_members_differ_by_one_and_keep_all_that_they_had_when_one_leaves) {
    int tried = 0, wrong = 0;
    for (std::uint64_t seed = 1; seed <= seeds(4'000); seed += 2) {  // equal slots
        graphs::job job = graphs::random_job(seed);
        const auto made = baseline_assignment{baselines::kafka_uniform}(job.of, job.offers);
        const auto [least, most] = std::ranges::minmax(loads_of(*made));
        wrong += most - least > 1;
        if (not lose(job, seed)) continue;
        ++tried;
        const baselines::record_list was = baselines::as_list(*made, job.of, job.offers);
        baselines::record_list list;
        baselines::kafka_uniform(job.of, job.offers, was, list);
        for (std::size_t i = 0; i < list.size(); ++i)
            wrong += was[i] == baselines::nobody ? list[i] >= job.offers.size() : list[i] != was[i];
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(tried > rounds(800));
}

BOOST_AUTO_TEST_CASE(kafkas_members_give_up_what_is_above_their_quota) {
    const program of = graphs::row_of(1, 10);
    const auto offers = graphs::workers(4, 10);
    const baselines::record_list before{0, 0, 0, 0, 0, 1, 1, 1, 1, baselines::nobody};  // quota 2, or 3 for two of them
    baselines::record_list list;
    baselines::kafka_uniform(of, offers, before, list);
    BOOST_TEST((list == baselines::record_list{0, 0, 0, 2, 3, 1, 1, 1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(the_row_of_a_baseline_is_of_its_past_too) {
    const assignment_quality kafka = quality_of(300, baseline_assignment{baselines::kafka_uniform});
    const assignment_quality filled = quality_of(300, slot_filling{});
    BOOST_TEST((kafka.jobs == 300u and kafka.refused == 0u));
    BOOST_TEST((kafka.moved > 0.01 and kafka.moved < 0.15));
    BOOST_TEST((filled == quality_of(300, baseline_assignment{baselines::reference})));
    BOOST_TEST((filled.load_per_slot.median >= 1 and filled.load_per_slot.median <= filled.load_per_slot.p90));
    BOOST_TEST(filled.load_per_slot.p90 <= filled.load_per_slot.worst);
}

BOOST_AUTO_TEST_CASE(a_row_that_has_no_plans_says_how_many_were_refused) {
    const assignment_quality none = quality_of(20, archetype::assignment(1));
    BOOST_TEST((none == assignment_quality{.jobs = 20, .refused = 20}));
    BOOST_TEST(quality_row("none", none) ==
               "| none | 0.00 0.00 0.00 | 0.00 0.00 0.00 | 0.00 % | 0.00 % | refused 20\n");
}

BOOST_AUTO_TEST_CASE(a_policy_that_has_no_plan_once_there_was_one_is_counted_as_refused) {
    const auto refuses = [](const program& of, std::span<const offer> offers, const past& before) -> expected<plan> {
        if (before.previous) return failure(error_kind::invalid, "what is past is past");
        return slot_filling{}(of, offers);
    };
    const auto is_wrong = [](const program& of, std::span<const offer> offers, const past& before) {
        auto made = slot_filling{}(of, offers);
        if (made and before.previous) made->nodes.pop_back();
        return made;
    };
    std::uint64_t after_a_loss = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        graphs::job job = graphs::random_job(seed);
        after_a_loss += lose(job, seed);
    }
    const assignment_quality filled = quality_of(20, slot_filling{});
    for (const assignment_quality& found : {quality_of(20, refuses), quality_of(20, is_wrong)}) {
        BOOST_TEST(found.refused == after_a_loss);
        BOOST_TEST((found.load == filled.load and found.moved == 0));
    }
    BOOST_TEST((after_a_loss > 10u and filled.refused == 0u));
}

}  // namespace
