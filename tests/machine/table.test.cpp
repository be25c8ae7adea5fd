// SPDX-License-Identifier: BSL-1.0
#include <headgate/machine/diagram.hpp>
#include <headgate/machine/machine.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace headgate;

// SPEC 2 once more, by hand.
const std::map<state_name, std::vector<state_name>> edges = [] {
    using enum state_name;
    return std::map<state_name, std::vector<state_name>>{
        {created, {compiling, stopping}},
        {compiling, {scheduling, stopping, failing}},
        {scheduling, {running, scheduling, recovering, stopping, failing}},
        {running, {checkpoint_stopping, stopping, finishing, rescaling, restarting, recovering, failing}},
        {rescaling, {scheduling, checkpoint_stopping, stopping, finishing, recovering, failing}},
        {restarting, {scheduling, restarting, checkpoint_stopping, stopping, finishing, recovering, failing}},
        {recovering, {compiling, stopping, failing}},
        {checkpoint_stopping, {stopped, stopping, finishing, recovering, failing}},
        {stopping, {stopped}},
        {finishing, {finished, recovering, stopping, failing}},
        {failing, {failed}},
        {stopped, {compiling}},
        {failed, {compiling}},
        {finished, {}}};
}();

BOOST_AUTO_TEST_CASE(the_table_has_the_edges_of_the_specification_and_no_other_T1) {
    std::size_t all = 0;
    for (const auto& [from, ends] : edges) {
        for (std::size_t to = 0; to < state_count; ++to) {
            const bool is_there = std::ranges::find(ends, static_cast<state_name>(to)) != ends.end();
            BOOST_TEST(is_legal(from, static_cast<state_name>(to)) == is_there,
                       text_of(from) << " -> " << text_of(static_cast<state_name>(to)));
            all += is_there;
        }
    }
    BOOST_TEST(all == 46u);
    BOOST_TEST(edges.size() == state_count);
}

// Error edges too. That an edge that is not legal is refused, with the reason, is a test in compile_fail/.
template <class From, class To>
concept goes = legal<From, To> and requires(error why) { step<From>(to<To>(why)); } and requires { step<From>(to<To>); };
static_assert(goes<scheduling, running> and goes<scheduling, failing> and goes<running, recovering>);
static_assert(not goes<running, scheduling> and not goes<stopping, failing> and not goes<failing, stopped>);
static_assert(not goes<created, failing> and not goes<finished, compiling> and not goes<recovering, scheduling>);

static_assert(step<failing>(stay).target() == std::nullopt);
static_assert(step<failing>(to<failed>).target() == state_name::failed);
static_assert(name_of<created> == state_name::created and name_of<finished> == state_name::finished);

// T2: a row cannot be written without the last column.
static_assert(not std::is_default_constructible_v<crash_answer>);
namespace found {
using enum state_name;
static_assert(row_of(running).found.otherwise == compiling and row_of(recovering).found.otherwise == recovering);
static_assert(row_of(checkpoint_stopping).found.if_complete == stopping and
              row_of(checkpoint_stopping).found.otherwise == compiling);
static_assert(row_of(finishing).found.if_complete == finished and row_of(finishing).found.otherwise == compiling);
}  // namespace found

// The states of the machine stand in the order of their names.
template <std::size_t... I>
constexpr bool in_order(std::index_sequence<I...>) {
    return ((name_of<std::variant_alternative_t<I, machine<>::any_state>> == static_cast<state_name>(I)) and ...);
}
static_assert(in_order(std::make_index_sequence<state_count>{}));

// A misspelt handler is an error and not silence.
struct alarm {};
struct noise {};
struct dream {};
struct sleeping {
    using ignored = ignores<noise>;
};
struct any_context {};
[[maybe_unused]] step<sleeping> on(sleeping&, any_context&, const alarm&) { return stay; }
static_assert(answers_every<sleeping, any_context, std::variant<alarm, noise>>);
static_assert(not answers_every<sleeping, any_context, std::variant<alarm, noise, dream>>, "dream is forgotten");

// Whoever is not silent and only adds waits for the database (T4).
static_assert(silent_state<created> and silent_state<compiling> and not silent_state<scheduling>);
static_assert(taking_away<stopping> and taking_away<failing> and taking_away<recovering> and not taking_away<running>);

BOOST_AUTO_TEST_CASE(the_printed_diagram_holds_every_edge_of_the_table_and_no_other_T3) {
    const std::string text = table_as_text(), graph = table_as_graph();
    std::size_t arrows = 0;
    for (std::size_t at = graph.find(" -> "); at != std::string::npos; at = graph.find(" -> ", at + 1)) ++arrows;
    BOOST_TEST(arrows == 46u);
    for (const auto& [from, ends] : edges) {
        const std::string name(text_of(from));
        std::string targets;
        for (std::size_t to = 0; to < state_count; ++to) {
            if (std::ranges::find(ends, static_cast<state_name>(to)) == ends.end()) continue;
            const std::string end(text_of(static_cast<state_name>(to)));
            BOOST_TEST(graph.find("  " + name + " -> " + end + " [") != std::string::npos, name << " -> " << end);
            targets += (targets.empty() ? "" : ", ") + end;
        }
        const std::string line =
            name + std::string(19 - name.size(), ' ') + " -> " + (targets.empty() ? "(the end)" : targets) + "\n";
        BOOST_TEST(text.find(line) != std::string::npos, line);
    }
    BOOST_TEST(text.ends_with("14 states, 46 edges\n"));
}

}  // namespace
