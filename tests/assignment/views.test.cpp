// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/materialise.hpp>
#include <headgate/assignment/views.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using headgate::tests::rounds;

/// Three nodes, some in grains, on lines of each spacing, by worker or of runs in another order, turned by `random`.
plan any_plan(std::mt19937_64& random) {
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    plan made;
    layout line{.spaced = spacing::dense}, runs{.spaced = spacing::even}, level{.spaced = spacing::level};
    for (std::uint32_t i = 0; i < 4; ++i) {
        const std::uint32_t slots = i == 3 ? 4 : below(4);
        made.workers.push_back({.id = {i + 10}, .slots = slots});
        line.boundaries.push_back(line.boundaries.back() + slots);
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            runs.boundaries.push_back(runs.boundaries.back() + 1);
            runs.owners.push_back(i);
        }
    }
    std::ranges::shuffle(runs.owners, random);
    const std::uint32_t slots = line.boundaries.back();
    level.boundaries = line.boundaries;
    made.layouts = {line, runs, level, runs};
    made.layouts[3].spaced = spacing::level;
    for (std::uint32_t i = 0; i < 3; ++i) {
        const std::uint32_t on = i < 2 ? i : 2 + below(2), grain = 1 + below(3);
        const std::uint32_t places = on == 2 ? 4 : slots;
        made.nodes.push_back({.id = {i + 5},
                              .parallelism = grain * (1 + below(slots)),
                              .layout = on,
                              .offset = below(places),
                              .grain = grain});
    }
    return made;
}

using of_a_node = decltype(views::subtasks(std::declval<const plan&>(), 0, 0));
using of_a_worker = decltype(views::subtasks(std::declval<const plan&>(), 0));
using of_workers = decltype(views::workers(std::declval<const plan&>(), 0));
static_assert(ranges::forward_range<of_a_node> and ranges::forward_range<of_a_worker> and
              ranges::forward_range<of_workers>);
static_assert(ranges::view_<of_a_node> and ranges::view_<of_a_worker> and ranges::view_<of_workers>);

BOOST_AUTO_TEST_CASE(views_and_the_materialised_list_say_what_worker_of_says_A4) {
    std::mt19937_64 random(3);
    int wrong = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        const plan made = any_plan(random);
        std::vector<placed_subtask> list;
        std::vector<std::vector<subtask_at>> by_worker(4);
        std::vector<std::vector<std::vector<std::uint32_t>>> by_node(3, std::vector<std::vector<std::uint32_t>>(4));
        for (std::uint32_t node = 0; node < 3; ++node)
            for (std::uint32_t subtask = 0; subtask < made.nodes[node].parallelism; ++subtask) {
                const std::uint32_t worker = worker_of(made, node, subtask);
                list.push_back({.node = {node + 5}, .subtask = subtask, .worker = {worker + 10}});
                by_worker[worker].push_back({node, subtask});
                by_node[node][worker].push_back(subtask);
            }

        std::vector<placed_subtask> written(list.size() + 1);
        wrong += materialise(made, written) != list.size();
        wrong += written.back() != placed_subtask{};
        written.pop_back();
        wrong += written != list;

        for (std::uint32_t worker = 0; worker < 4; ++worker) {
            std::vector<subtask_at> seen;
            for (const subtask_at each : views::subtasks(made, worker)) seen.push_back(each);
            wrong += seen != by_worker[worker];
        }
        for (std::uint32_t node = 0; node < 3; ++node) {
            std::vector<std::uint32_t> workers, wanted;
            for (const std::uint32_t worker : views::workers(made, node)) workers.push_back(worker);
            for (std::uint32_t worker = 0; worker < 4; ++worker) {
                if (not by_node[node][worker].empty()) wanted.push_back(worker);
                std::vector<std::uint32_t> seen;
                for (const std::uint32_t each : views::subtasks(made, node, worker)) seen.push_back(each);
                wrong += seen != by_node[node][worker];
            }
            wrong += workers != wanted;
        }
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(views_of_a_huge_plan_cost_nothing_until_they_are_walked_A4) {
    plan made;
    made.workers = {{.id = {1}, .slots = 2'000'000'000}, {.id = {2}, .slots = 2'000'000'000}};
    made.layouts.push_back({.spaced = spacing::dense, .boundaries = {0, 2'000'000'000, 4'000'000'000}, .owners = {}});
    made.nodes.push_back({.id = {5}, .parallelism = 4'000'000'000, .layout = 0, .offset = 0});
    std::vector<subtask_at> seen;
    for (const subtask_at each : views::subtasks(made, 1)) {
        seen.push_back(each);
        if (seen.size() == 2) break;
    }
    BOOST_TEST((seen == std::vector<subtask_at>{{0, 2'000'000'000}, {0, 2'000'000'001}}));
}

BOOST_AUTO_TEST_CASE(more_subtasks_than_the_limit_or_the_room_are_not_written) {
    std::mt19937_64 random(4);
    const plan made = any_plan(random);
    const auto count = static_cast<std::size_t>(subtasks(made));
    std::vector<placed_subtask> room(count);
    BOOST_TEST((materialise(made, room, {.materialised_subtasks = count}) == count));
    room.assign(count, {});
    const auto above = materialise(made, room, {.materialised_subtasks = count - 1});
    BOOST_TEST_REQUIRE(not above.has_value());
    BOOST_TEST((above.error().kind == error_kind::invalid));
    BOOST_TEST(above.error().text.find("materialised_subtasks is " + std::to_string(count - 1)) != std::string::npos);
    BOOST_TEST(not materialise(made, std::span(room).first(count - 1)).has_value());
    BOOST_TEST((room == std::vector<placed_subtask>(count)));
    BOOST_TEST((materialise(plan{}, {}) == std::size_t{0}));
}

}  // namespace
