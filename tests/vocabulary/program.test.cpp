// SPDX-License-Identifier: BSL-1.0
#include <headgate/vocabulary/program.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;

// What SPEC 10 says, each number of it.
static_assert(limits{}.message == 4 << 20 and limits{}.id == 64 and limits{}.address == 256);
static_assert(limits{}.error_text == 16 << 10 and limits{}.mailbox == 1'024 and limits{}.turns == 16);
static_assert(limits{}.environment_variables == 256 and limits{}.environment_variable == 32 << 10);
static_assert(limits{}.environment == 128 << 10);
static_assert(limits{}.nodes == 100'000 and limits{}.parallelism == 1u << 20 and limits{}.workers == 10'000);
static_assert(limits{}.materialised_subtasks == 10'000'000 and limits{}.slots == 65'536);
static_assert(limits{}.failures == 32 and limits{}.ranges == 100'000 and limits{}.states == 65'536);
static_assert(limits{}.registrations_per_second == 1'000 and limits{}.registrations_burst == 20'000);

/// source (4) -> map (4) => window (8) => sink (2): forward, shuffle, shuffle.
program sample() {
    return {.nodes = {{.id = {1}, .parallelism = 4, .operators = {{{"source"}, {}}}},
                      {.id = {2}, .parallelism = 4, .operators = {{{"map"}, "m"}, {{"filter"}, "f"}}},
                      {.id = {3}, .parallelism = 8, .operators = {{{"window"}, {}}}},
                      {.id = {7}, .parallelism = 2, .operators = {{{"sink"}, {}}}}},
            .edges = {{{1}, {2}, edge_kind::forward}, {{2}, {3}, edge_kind::shuffle}, {{3}, {7}, edge_kind::shuffle}}};
}

struct change {
    std::string_view expect;  // part of the error
    std::function<void(program&)> make;
};

void expect_refused(const expected<applied>& answer, std::string_view text) {
    BOOST_TEST_REQUIRE(not answer.has_value(), text);
    BOOST_TEST((answer.error().kind == error_kind::invalid));
    BOOST_TEST(answer.error().text.find(text) != std::string::npos, answer.error().text);
}

BOOST_AUTO_TEST_CASE(a_program_that_keeps_the_rules_is_accepted) {
    BOOST_TEST(check(sample()).has_value());
    program alone{.nodes = {sample().nodes[0]}, .edges = {}};
    BOOST_TEST(check(alone).has_value());
    alone.nodes[0].parallelism = limits{}.parallelism;
    BOOST_TEST(check(alone).has_value());
    // One a multiple of the other, either way round.
    for (const std::uint32_t parallelism : {1u, 2u, 4u, 8u, 12u}) {
        program forward = sample();
        forward.nodes[0].parallelism = parallelism;
        BOOST_TEST(check(forward).has_value());
    }
}

BOOST_AUTO_TEST_CASE(check_names_every_rule_that_a_program_breaks) {
    const limits most{.id = 6, .nodes = 4, .parallelism = 8};
    BOOST_TEST(check(sample(), most).has_value());
    const std::vector<change> changes{
        {"the program has no nodes", [](program& p) { p = {}; }},
        {"the program has 5 nodes, the limit is 4",
         [](program& p) {
             p.nodes.push_back({.id = {9}, .parallelism = 1, .operators = {{{"more"}, {}}}});
         }},
        {"node 2 is there twice", [](program& p) { p.nodes[2].id = {2}; }},
        {"node 3: parallelism 0", [](program& p) { p.nodes[2].parallelism = 0; }},
        {"node 3: parallelism 9 is above the limit of 8", [](program& p) { p.nodes[2].parallelism = 9; }},
        {"node 2 has no operator", [](program& p) { p.nodes[1].operators.clear(); }},
        {"node 2 has an operator without an id", [](program& p) { p.nodes[1].operators[1].id = {}; }},
        {"node 2: an operator id of 7 bytes, the limit is 6",
         [](program& p) { p.nodes[1].operators[1].id = {"filters"}; }},
        {"operator \"map\" is in node 2 and in node 3", [](program& p) { p.nodes[2].operators[0].id = {"map"}; }},
        {"operator \"map\" is in node 2 and in node 2", [](program& p) { p.nodes[1].operators[1].id = {"map"}; }},
        {"edge 1 -> 5: there is no node 5", [](program& p) { p.edges[0].to = {5}; }},
        {"edge 5 -> 2: there is no node 5", [](program& p) { p.edges[0].from = {5}; }},
        {"edge 2 -> 2 is a cycle", [](program& p) { p.edges[0].from = {2}; }},
        {"edge 2 -> 3 is there twice",
         [](program& p) {
             p.edges.push_back({{2}, {3}, edge_kind::forward});
         }},
        {"edge 1 -> 2 is forward, but parallelism 4 and 6", [](program& p) { p.nodes[1].parallelism = 6; }},
        {"edge 1 -> 2 is forward, but parallelism 4 and 3", [](program& p) { p.nodes[1].parallelism = 3; }},
        {"is on a cycle or behind one",
         [](program& p) {
             p.edges.push_back({{7}, {2}, edge_kind::shuffle});
         }},
        {"node 1 is on a cycle or behind one",
         [](program& p) {
             p.edges.push_back({{7}, {1}, edge_kind::shuffle});
         }},
    };
    for (const change& each : changes) {
        program broken = sample();
        each.make(broken);
        expect_refused(check(broken, most), each.expect);
    }
}

BOOST_AUTO_TEST_CASE(ids_at_the_default_limit_are_accepted_and_longer_ones_refused) {
    program p = sample();
    p.nodes[0].operators[0].id = {std::string(64, 'o')};
    BOOST_TEST(check(p).has_value());
    p.nodes[0].operators[0].id = {std::string(65, 'o')};
    expect_refused(check(p), "an operator id of 65 bytes, the limit is 64");
    p = sample();
    p.nodes[0].parallelism = (1u << 20) + 1;
    expect_refused(check(p), "parallelism 1048577 is above the limit of 1048576");
}

BOOST_AUTO_TEST_CASE(slots_needed_is_the_largest_parallelism_S5) {
    BOOST_TEST(slots_needed(sample()) == 8u);
    BOOST_TEST(slots_needed({}) == 0u);
}

BOOST_AUTO_TEST_CASE(overrides_change_the_parallelism_of_the_nodes_they_name_S4) {
    const std::vector<parallelism_override> overrides{{{1}, 6}, {{2}, 2}, {{7}, 1}, {{7}, 5}};
    const auto made = with_overrides(sample(), overrides);
    BOOST_TEST_REQUIRE(made.has_value());
    program wanted = sample();
    wanted.nodes[0].parallelism = 6;
    wanted.nodes[1].parallelism = 2;
    wanted.nodes[3].parallelism = 5;  // the last one counts
    BOOST_TEST((*made == wanted));
    BOOST_TEST((with_overrides(sample(), {}) == sample()));
}

BOOST_AUTO_TEST_CASE(an_override_that_breaks_a_rule_names_node_and_value_S4) {
    const auto refused = [](parallelism_override one, const limits& most = {}) {
        const auto made = with_overrides(sample(), {&one, 1}, most);
        return made ? std::string() : std::string(text_of(made.error().kind)) + ": " + made.error().text;
    };
    BOOST_TEST(refused({{9}, 4}) == "invalid: parallelism override 9=4: there is no node 9");
    BOOST_TEST(refused({{3}, 0}) == "invalid: node 3: parallelism 0; at least 1 is needed");
    BOOST_TEST(refused({{3}, 11}, {.parallelism = 10}) == "invalid: node 3: parallelism 11 is above the limit of 10");
    BOOST_TEST(refused({{1}, 3}).starts_with("invalid: edge 1 -> 2 is forward"));
    program broken = sample();
    broken.edges.push_back(broken.edges[0]);
    BOOST_TEST(not with_overrides(broken, {}).has_value());
}

BOOST_AUTO_TEST_CASE(sources_are_the_nodes_that_no_edge_leads_to) {
    BOOST_TEST((sources(sample()) == std::vector<std::uint32_t>{0}));
    program two = sample();
    two.edges.erase(two.edges.begin() + 1);
    BOOST_TEST((sources(two) == std::vector<std::uint32_t>{0, 2}));
    two.edges.push_back({{1}, {99}, edge_kind::shuffle});
    BOOST_TEST((sources(two) == std::vector<std::uint32_t>{0, 2}), "an edge to nowhere feeds nobody");
    BOOST_TEST(sources({}).empty());
}

BOOST_AUTO_TEST_CASE(every_graph_of_four_nodes_is_refused_exactly_if_it_has_a_cycle) {
    int cyclic = 0, wrong = 0;
    for (std::uint32_t coded = 0; coded < 1u << 12; ++coded) {
        program p;
        bool reaches[4][4]{};
        bool is_fed[4]{};
        for (std::uint32_t i = 0; i < 4; ++i)
            p.nodes.push_back({.id = {10 - i}, .parallelism = 1, .operators = {{{std::to_string(i)}, {}}}});
        std::uint32_t bit = 0;
        for (std::uint32_t from = 0; from < 4; ++from)
            for (std::uint32_t to = 0; to < 4; ++to) {
                if (from == to or not(coded >> bit++ & 1)) continue;
                p.edges.push_back({{10 - from}, {10 - to}, edge_kind::shuffle});
                reaches[from][to] = is_fed[to] = true;
            }
        for (int middle = 0; middle < 4; ++middle)
            for (int from = 0; from < 4; ++from)
                for (int to = 0; to < 4; ++to)
                    reaches[from][to] = reaches[from][to] or (reaches[from][middle] and reaches[middle][to]);
        const bool has_cycle = reaches[0][0] or reaches[1][1] or reaches[2][2] or reaches[3][3];
        cyclic += has_cycle;
        wrong += check(p).has_value() == has_cycle;
        std::vector<std::uint32_t> unfed;
        for (std::uint32_t i = 0; i < 4; ++i)
            if (not is_fed[i]) unfed.push_back(i);
        wrong += sources(p) != unfed;
    }
    BOOST_TEST(cyclic == 4'096 - 543);  // 543 labelled acyclic graphs of four nodes
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(equal_programs_have_one_digest_and_any_change_another_S6) {
    BOOST_TEST(digest(sample()) == digest(sample()));
    BOOST_TEST(digest(program{}) == 12035550249420947055u);
    const std::vector<std::function<void(program&)>> changes{
        [](program& p) { p.nodes[0].id = {77}; },
        [](program& p) { ++p.nodes[0].parallelism; },
        [](program& p) { p.nodes[0].operators[0].id.value += 'x'; },
        [](program& p) { p.nodes[0].operators[0].what += 'x'; },
        [](program& p) { p.nodes[0].operators.push_back({{"more"}, ""}); },
        [](program& p) { p.nodes.pop_back(); },
        [](program& p) { std::swap(p.edges[0].from, p.edges[0].to); },
        [](program& p) { p.edges[0].kind = p.edges[0].kind == edge_kind::forward ? edge_kind::shuffle : edge_kind::forward; },
        [](program& p) { p.edges.pop_back(); }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        program changed = sample();
        changes[i](changed);
        BOOST_TEST(digest(changed) != digest(sample()), "change " << i);
    }
}

}  // namespace
