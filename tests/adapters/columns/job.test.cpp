#include <headgate/columns/job.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace headgate;

namespace {

wish a_wish() {
    program one{.nodes = {{.id = {1}, .parallelism = 2, .operators = {{.id = {"source"}}}}}};
    return {.version = 3,
            .name = "name",
            .program = std::make_shared<const program>(std::move(one)),
            .time_to_live = duration(5'000)};
}

columns::job good() {
    columns::job made{.id = "a", .submitted = 1'000, .since = 2'000, .now = 3'000};
    set(made, a_wish());
    set(made, job_row{.revision = 4,
                      .generation = {5},
                      .owner = {{1, 0xfedcba9876543210}},
                      .state = state_name::running,
                      .restart_nonce = std::numeric_limits<std::uint64_t>::max()});
    return made;
}

/// Whether the record of `edited` has an error that names the column in the place of its wish.
bool names(const columns::job& edited, std::string_view column) {
    const job_record record = columns::record_of(edited);
    if (record.wish) return false;
    const std::string& text = record.wish.error().text;
    BOOST_TEST_MESSAGE(text);
    return record.wish.error().kind == error_kind::invalid and record.id == job_id{edited.id} and
           text.find("job \"a\", column " + std::string(column)) == 0 and text.find("by hand") != std::string::npos;
}

columns::job edited(auto edit) {
    columns::job made = good();
    edit(made);
    return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_set_comes_back) {
    const job_record record = columns::record_of(good());
    BOOST_TEST_REQUIRE(record.wish.has_value());
    BOOST_TEST((*record.wish)->version == 3u);
    BOOST_TEST((*record.wish)->name == "name");
    BOOST_TEST(good().owner == "0000000000000001fedcba9876543210");
    BOOST_TEST((record.row.owner == incarnation{{1, 0xfedcba9876543210}}));
    BOOST_TEST(record.row.restart_nonce == std::numeric_limits<std::uint64_t>::max());
    BOOST_TEST((record.row.state == state_name::running));
    BOOST_TEST((record.time_left == duration(3'000)));
}

BOOST_AUTO_TEST_CASE(the_columns_for_people_hold_against_the_wish_as_it_was_written) {
    const auto row = edited([](columns::job& j) { j.stop = "force", j.name = "other", j.version = 9; });
    const auto wish = columns::wish_of(row);
    BOOST_TEST_REQUIRE(wish.has_value());
    BOOST_TEST((wish->stop == stop_mode::force));
    BOOST_TEST(wish->name == "other");
    BOOST_TEST(wish->version == 9u);
}

BOOST_AUTO_TEST_CASE(a_row_damaged_by_hand_is_named_with_its_column) {
    using columns::job;
    BOOST_TEST(names(edited([](job& j) { j.state = "Runing"; }), "state"));
    BOOST_TEST(names(edited([](job& j) { j.stop = "halt"; }), "stop"));
    BOOST_TEST(names(edited([](job& j) { j.generation = -1; }), "generation"));
    BOOST_TEST(names(edited([](job& j) { j.generation = 1L << 32; }), "generation"));
    BOOST_TEST(names(edited([](job& j) { j.revision = -7; }), "revision"));
    BOOST_TEST(names(edited([](job& j) { j.version = 0; }), "version"));
    BOOST_TEST(names(edited([](job& j) { j.restarts = 1L << 40; }), "restarts"));
    BOOST_TEST(names(edited([](job& j) { j.owner = "me"; }), "owner"));
    BOOST_TEST(names(edited([](job& j) { j.owner[31] = 'x'; }), "owner"));
    BOOST_TEST(names(edited([](job& j) { j.wish = "\xff\xff\xff"; }), "wish"));
    BOOST_TEST(names(edited([](job& j) { j.wish.clear(); }), "wish"));
    BOOST_TEST(names(edited([](job& j) { j.plan = "no plan"; }), "plan"));
    BOOST_TEST(names(edited([](job& j) { j.submitted = std::numeric_limits<std::int64_t>::max(); }), "submitted"));
    BOOST_TEST(names(edited([](job& j) { j.since = std::numeric_limits<std::int64_t>::min(); }), "since"));
    for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{1} << 32, std::numeric_limits<std::int64_t>::min()})
        BOOST_TEST(names(edited([&](job& j) { j.workers = wrong; }), "workers"));
    BOOST_TEST(names(edited([](job& j) { j.now = -1; }), "now"));
    BOOST_TEST(names(edited([](job& j) { j.version = 3, j.applied = 4; }), "applied"));
    BOOST_TEST(not names(edited([](job& j) { j.version = j.applied = 4; }), "applied"));
}

BOOST_AUTO_TEST_CASE(a_readable_wish_that_breaks_a_rule_is_damage_to_its_row_and_is_refused_before_it_is_written_S4) {
    const auto tried = [](const std::function<void(wish&, program&)>& spoil, const std::string& text) {
        wish spoilt = a_wish();
        program what = *spoilt.program;
        spoil(spoilt, what);
        spoilt.program = std::make_shared<const program>(what);
        const auto row = edited([&](columns::job& j) { set(j, spoilt); });
        BOOST_TEST(names(row, "wish: " + text));
        BOOST_TEST(columns::written({{"a"}, 2, spoilt}).error().text == "job \"a\": " + text);
    };
    tried([](wish&, program& p) { p.nodes.clear(); }, "the program has no nodes");
    tried([](wish&, program& p) { p.nodes.push_back(p.nodes[0]); }, "node 1 is there twice");
    tried([](wish&, program& p) { p.nodes[0].operators.clear(); }, "node 1 has no operator");
    tried([](wish&, program& p) { p.edges = {{{1}, {7}, edge_kind::shuffle}}; }, "edge 1 -> 7: there is no node 7");
    tried([](wish&, program& p) { p.nodes[0].parallelism = 0; }, "node 1: parallelism 0; at least 1 is needed");
    tried([](wish&, program& p) { p.nodes[0].parallelism = 2'097'151; },
          "node 1: parallelism 2097151 is above the limit of 1048576");
    tried(
        [](wish& w, program&) {
            w.parallelism = {{{1}, 4'294'967'295}};
        },
        "node 1: parallelism 4294967295 is above the limit of 1048576");
    tried([](wish& w, program&) { w.parallelism = {{{2}, 1}}; }, "parallelism override 2=1: there is no node 2");
    tried(
        [](wish& w, program&) {
            w.environment = {{"LD_PRELOAD", "x"}};
        },
        "environment variable \"LD_PRELOAD\": names match [A-Za-z_][A-Za-z0-9_]* and are not LD_* or DYLD_*");
    tried([](wish& w, program&) { w.time_to_live = duration(-1); }, "time to live -1 ms: above 0 is needed");
}

BOOST_AUTO_TEST_CASE(a_row_is_written_and_read_up_to_each_limit_and_neither_above_it_SPEC_10) {
    limits most;
    most.nodes = 2, most.parallelism = 5, most.id = 6, most.workers = 3;
    most.environment_variables = 2, most.environment_variable = 10, most.environment = 15;
    const auto of = [](std::size_t count) { return static_cast<std::uint32_t>(count); };
    const struct {
        const char* what;
        std::size_t most;
        std::function<void(wish&, program&, job_row&, std::size_t)> with;
    } all[] = {
        {"nodes 3, the limit is 2", 2,
         [&](auto&, auto& p, auto&, auto n) {
             for (std::uint32_t i = 2; i <= n; ++i)
                 p.nodes.push_back({.id = {i}, .operators = {{.id = {std::to_string(i)}}}});
         }},
        {"parallelism 6 is above the limit of 5", 5,
         [&](auto&, auto& p, auto&, auto n) { p.nodes[0].parallelism = of(n); }},
        {"parallelism 6 is above the limit of 5", 5,
         [&](auto& w, auto&, auto&, auto n) {
             w.parallelism = {{{1}, of(n)}};
         }},
        {"bytes of an operator's id 7, the limit is 6", 6,
         [](auto&, auto& p, auto&, auto n) { p.nodes[0].operators[0].id.value.assign(n, 'x'); }},
        {"environment variables 3, the limit is 2", 2,
         [](auto& w, auto&, auto&, auto n) {
             w.environment.assign(n, {"A", ""});
         }},
        {"environment variable A has 11 bytes, the limit is 10", 10,
         [](auto& w, auto&, auto&, auto n) {
             w.environment = {{"A", std::string(n - 1, 'x')}};
         }},
        {"the environment has 16 bytes, the limit is 15", 15,
         [](auto& w, auto&, auto&, auto n) {
             w.environment = {{"A", std::string(9, 'x')}, {"B", std::string(n - 11, 'x')}};
         }},
        {"plan: workers 4, the limit is 3", 3,
         [](auto&, auto&, auto& r, auto n) {
             plan made;
             for (std::uint64_t i = 0; i < n; ++i) {
                 made.workers.push_back({.id = {i}});
                 BOOST_TEST((made.machines.push_back("m") and made.data_addresses.push_back("a:1")));
             }
             r.plan = std::make_shared<const plan>(std::move(made));
         }},
    };
    for (const auto& each : all)
        for (const std::size_t size : {each.most, each.most + 1}) {
            BOOST_TEST_CONTEXT(each.what) {
                const bool fits = size == each.most;
                wish wished = a_wish();
                program what = *wished.program;
                job_row row;
                each.with(wished, what, row, size);
                wished.program = std::make_shared<const program>(what);
                const auto made = edited([&](columns::job& j) { set(j, wished), set(j, row); });
                const auto one = columns::written(put_wish{{"a"}, 2, wished}, most);
                const auto other = columns::written({"a"}, row, most);
                const job_record record = columns::record_of(made, most);
                BOOST_TEST((one.has_value() and other.has_value()) == fits);
                BOOST_TEST(record.wish.has_value() == fits);
                BOOST_TEST(columns::record_of(made).wish.has_value());
                if (fits) continue;
                const error& why = one ? other.error() : one.error();
                BOOST_TEST((why.kind == error_kind::invalid and record.wish.error().kind == error_kind::invalid));
                BOOST_TEST(why.text.find(each.what) != std::string::npos, why.text);
                BOOST_TEST(record.wish.error().text.find(each.what) != std::string::npos, record.wish.error().text);
            }
        }
    for (const std::size_t size : {0u, 1u, 6u, 7u}) {
        const bool fits = size == 1 or size == 6;
        const std::string id(size, 'x');
        const auto row = edited([&](columns::job& j) { j.id = id; });
        BOOST_TEST(columns::record_of(row, most).wish.has_value() == fits);
        BOOST_TEST(columns::written(put_wish{{id}, 0, a_wish()}, most).has_value() == fits);
    }
}

BOOST_AUTO_TEST_CASE(texts_of_a_row_are_cut_at_their_limit_SPEC_10) {
    const std::size_t longest = limits{}.error_text;
    for (const std::size_t size : {longest, longest + 1}) {
        const auto record = columns::record_of(
            edited([&](columns::job& j) { j.last_error.assign(size, 'x'), j.waits_for.assign(size, 'x'); }));
        BOOST_TEST(record.row.last_error.size() == longest);
        BOOST_TEST(record.waits_for.size() == longest);
        BOOST_TEST(columns::line_of({"a"}, 1, 2, 3, std::string(size, 'x'))->text.size() == longest);
    }
}

BOOST_AUTO_TEST_CASE(time_to_live_is_left_whatever_was_wished_for_and_whenever_it_was_submitted_J2) {
    wish longest = a_wish();
    longest.time_to_live = duration::max();
    const auto row = edited([&](columns::job& j) { set(j, longest), j.submitted = 3'000, j.now = 1'000; });
    const auto left = columns::record_of(row).time_left;
    BOOST_TEST_REQUIRE(left.has_value());
    BOOST_TEST((*left > std::chrono::years(1'000) and *left < duration::max() / 2));
}

BOOST_AUTO_TEST_CASE(a_controller_or_a_line_edited_by_hand_into_none_is_an_error) {
    const std::string who(32, 'a');
    const auto seen = columns::controller_of(who, 7, true);
    BOOST_TEST_REQUIRE(seen.has_value());
    BOOST_TEST((*seen == controller_seen{{{0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa}}, 7, true}));
    BOOST_TEST(not columns::controller_of(who, -1, true));
    BOOST_TEST(not columns::controller_of("me", 7, true));
    const std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                       most = std::numeric_limits<std::int64_t>::max();
    const auto line = columns::line_of({"a"}, 1, 2, 3, "text");
    BOOST_TEST_REQUIRE(line.has_value());
    BOOST_TEST((line->number == 1 and line->at == wall_time(duration(2)) and line->generation == generation{3}));
    BOOST_TEST(columns::line_of({"a"}, -1, 2, 3, "").error().text.find("\"a\", column log.number") !=
               std::string::npos);
    for (const std::int64_t at : {least, std::int64_t{-1}, most}) BOOST_TEST(not columns::line_of({"a"}, 1, at, 3, ""));
    for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{1} << 32})
        BOOST_TEST(not columns::line_of({"a"}, 1, 2, wrong, ""));
}

BOOST_AUTO_TEST_CASE(a_wish_or_plan_that_could_not_be_read_back_is_told_before_it_is_written) {
    wish crowded = a_wish();
    BOOST_TEST(columns::written(put_wish{{"a"}, 2, crowded}).has_value());
    crowded.environment.resize(limits{}.environment_variables + 1);
    const job_row wide{
        .plan = std::make_shared<const plan>(plan{.workers = std::vector<placed_worker>(limits{}.workers + 1)})};
    for (const auto& [made, text] :
         {std::pair(columns::written(put_wish{{"a"}, 2, crowded}),
                    "job \"a\": wish: environment variables 257, the limit is 256"),
          std::pair(columns::written({"a"}, wide), "job \"a\": plan: workers 10001, the limit is 10000")}) {
        BOOST_TEST_REQUIRE(not made.has_value());
        BOOST_TEST((made.error().kind == error_kind::invalid));
        BOOST_TEST(made.error().text == text);
    }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_s_row_that_cannot_be_read_is_an_error_that_names_job_and_column_S7) {
    const auto why = [](const columns::checkpoint& row) {
        const auto read = columns::row_of({"a"}, row);
        return read ? std::string() : read.error().text;
    };
    const std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto good = columns::row_of({"a"}, {.epoch = most, .generation = 3, .state = "ready"});
    BOOST_TEST_REQUIRE(good.has_value());
    BOOST_TEST((*good == checkpoint_row{{{4'294'967'295}, {3}}, checkpoint_state::ready}));
    BOOST_TEST(why({.epoch = -1, .generation = 3, .state = "ready"}) ==
               "job \"a\", column checkpoints.epoch: -1 is not between 0 and 4294967295; mend the row by hand, or "
               "remove the job (README, \"Removing a job\")");
    BOOST_TEST(why({.epoch = most + 1, .generation = 3, .state = "ready"}).find("checkpoints.epoch") !=
               std::string::npos);
    for (const std::int64_t wrong : {std::int64_t{-1}, most + 1})
        BOOST_TEST(why({.epoch = 1, .generation = wrong, .state = "ready"}).find("checkpoints.generation") !=
                   std::string::npos);
    BOOST_TEST(why({.epoch = 1, .generation = 1, .state = "Ready"}).find("checkpoints.state: \"Ready\" is none") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(states_of_checkpoints_have_names_that_come_back) {
    for (std::size_t i = 0; i < checkpoint_states; ++i) {
        const auto state = static_cast<checkpoint_state>(i);
        BOOST_TEST((columns::checkpoint_state_of(text_of(state)) == state));
    }
    BOOST_TEST(not columns::checkpoint_state_of("done"));
}
