#include <headgate/vocabulary/job.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

static_assert(stop_mode::run < stop_mode::checkpoint and stop_mode::checkpoint < stop_mode::graceful and
              stop_mode::graceful < stop_mode::immediate and stop_mode::immediate < stop_mode::force);

static_assert(is_variable_name("A") and is_variable_name("_") and is_variable_name("a_1") and is_variable_name("Zz9"));
static_assert(not is_variable_name("") and not is_variable_name("1A") and not is_variable_name("A B"));
static_assert(not is_variable_name("A=B") and not is_variable_name("A-B") and not is_variable_name("\xc3\xa4"));
static_assert(not is_variable_name(std::string_view("A\0", 2)) and not is_variable_name("A\n"));
static_assert(not is_variable_name("LD_PRELOAD") and not is_variable_name("LD_") and not is_variable_name("DYLD_X"));
static_assert(is_variable_name("LD") and is_variable_name("LDX") and is_variable_name("ld_preload"));
static_assert(is_variable_name("MY_LD_PRELOAD"));

/// A source of 2 and a sink of 4.
program two_nodes() {
    program what;
    what.nodes.push_back({.id = {1}, .parallelism = 2, .operators = {{.id = {"source"}}}});
    what.nodes.push_back({.id = {2}, .parallelism = 4, .operators = {{.id = {"sink"}}}});
    what.edges.push_back({.from = {1}, .to = {2}, .kind = edge_kind::forward});
    return what;
}

wish good() { return {.version = 1, .name = "a job", .program = std::make_shared<const program>(two_nodes())}; }

/// What `check` says of a good wish after `spoil` changed it; "" if it is still good.
std::string complaint(const std::function<void(wish&)>& spoil, const limits& most = {}) {
    wish spoilt = good();
    spoil(spoilt);
    const auto ok = check(spoilt, most);
    if (ok) return "";
    BOOST_TEST((ok.error().kind == error_kind::invalid));
    return ok.error().text;
}

BOOST_AUTO_TEST_CASE(a_good_wish_passes) {
    BOOST_TEST(complaint([](wish&) {}) == "");
    BOOST_TEST(complaint([](wish& w) {
                   w.time_to_live = 1ms;
                   w.checkpoint_interval = 1ms;
                   w.ignore_state_before_epoch = epoch{1};
                   w.environment = {{"A", ""}, {"B", "=\n\xff"}};
                   w.parallelism = {{{1}, 4}};
               }) == "");
}

BOOST_AUTO_TEST_CASE(a_wish_needs_a_program) {
    BOOST_TEST(complaint([](wish& w) { w.program = nullptr; }) == "there is no program");
}

BOOST_AUTO_TEST_CASE(times_must_be_above_zero) {
    BOOST_TEST(complaint([](wish& w) { w.checkpoint_interval = 0ms; }) ==
               "checkpoint interval 0 ms: above 0 is needed");
    BOOST_TEST(complaint([](wish& w) { w.checkpoint_interval = -5s; }) ==
               "checkpoint interval -5000 ms: above 0 is needed");
    BOOST_TEST(complaint([](wish& w) { w.time_to_live = 0ms; }) == "time to live 0 ms: above 0 is needed");
    BOOST_TEST(complaint([](wish& w) { w.time_to_live = -1ms; }) == "time to live -1 ms: above 0 is needed");
}

BOOST_AUTO_TEST_CASE(there_is_no_epoch_before_the_first_and_none_that_leaves_no_more) {
    BOOST_TEST(complaint([](wish& w) { w.ignore_state_before_epoch = epoch{0}; }) ==
               "ignore state before epoch 0: the first epoch is 1");
    BOOST_TEST(complaint([](wish& w) { w.ignore_state_before_epoch = epoch{most_ignored_epoch}; }) == "");
    BOOST_TEST(complaint([](wish& w) { w.ignore_state_before_epoch = epoch{most_ignored_epoch + 1}; }) ==
               "ignore state before epoch 2147483649: at most 2147483648, or no epochs would be left");
}

BOOST_AUTO_TEST_CASE(names_of_variables_are_those_that_a_worker_may_be_given_S6) {
    for (const std::string name : {"", "1A", "A B", "A=B", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES"})
        BOOST_TEST(complaint([&](wish& w) {
                       w.environment = {{"GOOD", "1"}, {name, "1"}};
                   }) == "environment variable \"" + name +
                             "\": names match [A-Za-z_][A-Za-z0-9_]* and are not LD_* or DYLD_*");
}

BOOST_AUTO_TEST_CASE(a_long_bad_name_is_cut_in_the_complaint) {
    const std::string complained = complaint([](wish& w) { w.environment = {{std::string(1'000, '-'), ""}}; });
    BOOST_TEST(complained.find(std::string(64, '-') + '"') != std::string::npos);
    BOOST_TEST(complained.size() < 200u);
    for (const std::string& value : {std::string(1, '\0'), std::string("x")}) {
        const std::string long_name(1'000'000, 'A');
        BOOST_TEST(complaint([&](wish& w) {
                       w.environment = {{long_name, value}};
                   }).starts_with("environment variable " + std::string(64, 'A') + " h"));
    }
}

BOOST_AUTO_TEST_CASE(a_value_holds_no_NUL_S6) {
    BOOST_TEST(complaint([](wish& w) {
                   w.environment = {{"A", std::string("x\0y", 3)}};
               }) == "environment variable A holds a NUL");
}

BOOST_AUTO_TEST_CASE(the_environment_stays_within_its_limits) {
    const limits most{.environment_variables = 2, .environment_variable = 10, .environment = 15};
    const auto complains = [&](variables environment) {
        return complaint([&](wish& w) { w.environment = std::move(environment); }, most);
    };
    BOOST_TEST(complains({{"A", "1"}, {"B", "2"}}) == "");
    BOOST_TEST(complains({{"A", "1"}, {"B", "2"}, {"C", "3"}}) == "3 environment variables, the limit is 2");
    BOOST_TEST(complains({{"A", std::string(9, 'x')}}) == "");
    BOOST_TEST(complains({{"A", std::string(10, 'x')}}) == "environment variable A has 11 bytes, the limit is 10");
    BOOST_TEST(complains({{"A", std::string(9, 'x')}, {"B", std::string(4, 'x')}}) == "");
    BOOST_TEST(complains({{"A", std::string(9, 'x')}, {"B", std::string(5, 'x')}}) ==
               "the environment has 16 bytes, the limit is 15");
}

BOOST_AUTO_TEST_CASE(the_program_is_checked_with_the_wish) {
    const auto complains = [](const std::function<void(program&)>& spoil) {
        return complaint([&](wish& w) {
            program spoilt = *w.program;
            spoil(spoilt);
            w.program = std::make_shared<const program>(std::move(spoilt));
        });
    };
    BOOST_TEST(complains([](program&) {}) == "");
    BOOST_TEST(complains([](program& p) { p = {}; }) == "the program has no nodes");
    BOOST_TEST(complains([](program& p) { p.nodes[1].parallelism = 3; }) ==
               "edge 1 -> 2 is forward, but parallelism 2 and 3 cannot be mapped: one must be a multiple of the other");
}

BOOST_AUTO_TEST_CASE(an_override_names_a_node_and_a_parallelism_that_exist_S4) {
    const auto complains = [](std::vector<parallelism_override> overrides) {
        return complaint([&](wish& w) { w.parallelism = std::move(overrides); });
    };
    BOOST_TEST(complains({{{1}, 4}, {{2}, 8}}) == "");
    BOOST_TEST(complains({{{3}, 4}}) == "parallelism override 3=4: there is no node 3");
    BOOST_TEST(complains({{{2}, 0}}) == "node 2: parallelism 0; at least 1 is needed");
    BOOST_TEST(complains({{{2}, 1'048'577}}) == "node 2: parallelism 1048577 is above the limit of 1048576");
    BOOST_TEST(complains({{{1}, 3}}).starts_with("edge 1 -> 2 is forward"));
}

BOOST_AUTO_TEST_CASE(wishes_are_equal_by_value_whoever_holds_the_program) {
    wish other = good();
    BOOST_TEST((other == good()));
    other.program = nullptr;
    BOOST_TEST((other != good()));
    program changed = two_nodes();
    changed.nodes[0].operators[0].what = "another";
    other.program = std::make_shared<const program>(changed);
    BOOST_TEST((other != good()));
}

BOOST_AUTO_TEST_CASE(every_field_of_a_wish_and_of_a_row_counts_in_a_comparison) {
    const std::vector<std::function<void(wish&)>> wishes{
        [](wish& w) { ++w.version; },
        [](wish& w) { w.name = "b"; },
        [](wish& w) { w.organization = "b"; },
        [](wish& w) {
            w.parallelism = {{{1}, 1}};
        },
        [](wish& w) { w.time_to_live = 1ms; },
        [](wish& w) { w.ignore_state_before_epoch = epoch{1}; },
        [](wish& w) { w.checkpoint_interval = 1ms; },
        [](wish& w) {
            w.environment = {{"A", ""}};
        },
        [](wish& w) {
            w.tags = {{"A", ""}};
        },
        [](wish& w) { w.backend_configuration = "b"; },
        [](wish& w) { w.stop = stop_mode::force; },
        [](wish& w) { w.restart = restart_mode::force; },
        [](wish& w) { ++w.restart_nonce; },
        [](wish& w) { w.waits_for_slots = true; },
    };
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        wish changed = good();
        wishes[i](changed);
        BOOST_TEST((changed != good()), "change " << i << " of a wish is not seen");
    }
    const std::vector<std::function<void(job_row&)>> rows{
        [](job_row& r) { ++r.revision; },
        [](job_row& r) { r.generation = {1}; },
        [](job_row& r) {
            r.owner = {{0, 1}};
        },
        [](job_row& r) { r.state = state_name::running; },
        [](job_row& r) { r.is_complete = true; },
        [](job_row& r) { ++r.applied; },
        [](job_row& r) { ++r.restart_nonce; },
        [](job_row& r) { ++r.restarts; },
        [](job_row& r) { ++r.tasks; },
        [](job_row& r) { r.last_error = "e"; },
        [](job_row& r) { r.plan = std::make_shared<const plan>(); },
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        job_row changed;
        rows[i](changed);
        BOOST_TEST((changed != job_row{}), "change " << i << " of a row is not seen");
    }
}

}  // namespace
