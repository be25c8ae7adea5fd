// SPDX-License-Identifier: BSL-1.0
#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/projected.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;

// Of another controller.
struct stage {
    std::uint64_t number;
    std::uint16_t copies;
};
struct press {
    std::string name;
    std::uint64_t serial;
    std::uint64_t lanes;
};
using pipe = std::pair<std::uint64_t, std::uint64_t>;

const std::vector<stage> stages{{10, 4}, {20, 6}, {30, 2}};
const std::vector<pipe> pipes{{10, 20}, {20, 30}};
const std::vector<press> presses{{"c", 7, 3}, {"b", 1, 1}, {"a", 5, 4}};

BOOST_AUTO_TEST_CASE(every_policy_takes_graphs_and_workers_of_another_controller_A7) {
    const program native{.nodes = {{{10}, 4, {}}, {{20}, 6, {}}, {{30}, 2, {}}},
                         .edges = {{{10}, {20}, edge_kind::shuffle}, {{20}, {30}, edge_kind::shuffle}}};
    const std::vector<offer> offers{{.id = {7}, .slots = 3}, {.id = {1}, .slots = 1}, {.id = {5}, .slots = 4}};
    const auto of = as_program(stages, &stage::number, &stage::copies, pipes, &pipe::first, &pipe::second);
    BOOST_TEST_REQUIRE(of.has_value());
    BOOST_TEST((*of == native));
    BOOST_TEST((as_offers(presses, &press::serial, &press::lanes) == offers));
    const auto is_the_same = [&](const auto& policy) {
        const auto made = policy(*of, as_offers(presses, &press::serial, &press::lanes), past{});
        return made and made == policy(native, offers, past{}) and
               judge(*made, *of, offers) == judge(*made, native, offers);
    };
    BOOST_TEST((is_the_same(slot_filling{}) and is_the_same(balanced{}) and is_the_same(local{}) and
                is_the_same(spread{}) and is_the_same(sticky{})));
}

BOOST_AUTO_TEST_CASE(ids_and_kinds_of_edges_may_be_headgates_own_A7) {
    const std::map<node_id, std::uint32_t> parallelism{{{1}, 2}, {{2}, 4}};
    const std::vector<edge> edges{{{1}, {2}, edge_kind::forward}};
    const auto of = as_program(parallelism, [](const auto& each) { return each.first; },
                               [](const auto& each) { return each.second; }, edges, &edge::from, &edge::to, &edge::kind);
    BOOST_TEST((of and *of == program{.nodes = {{{1}, 2, {}}, {{2}, 4, {}}}, .edges = edges}));
}

BOOST_AUTO_TEST_CASE(numbers_that_do_not_fit_are_named_and_never_cut_A7) {
    const auto error_of = [](std::uint64_t id, std::uint64_t copies, std::uint64_t to) {
        const std::vector<pipe> node{{id, copies}}, edges{{1, to}};
        const auto made = as_program(node, &pipe::first, &pipe::second, edges, &pipe::first, &pipe::second);
        return made ? std::string("none") : made.error().text;
    };
    constexpr std::uint64_t above = std::uint64_t{1} << 32;
    BOOST_TEST(error_of(above - 1, above - 1, 1) == "none");
    BOOST_TEST(error_of(above, 1, 1) == "a node's id is 4294967296, above 2^32 - 1");
    BOOST_TEST(error_of(1, above, 1) == "a node's parallelism is 4294967296, above 2^32 - 1");
    BOOST_TEST(error_of(1, 1, above + 1) == "an edge's node is 4294967297, above 2^32 - 1");
    const std::vector<std::uint64_t> slots{above + 7};
    const auto as_one = [](std::uint64_t) { return std::uint64_t{1}; };
    BOOST_TEST((as_offers(slots, as_one, std::identity{})[0].slots == above - 1));
}

}  // namespace
