#include <headgate/columns/job.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace headgate;

namespace {

columns::job good() {
    program one{.nodes = {{.id = {1}, .parallelism = 2, .operators = {{.id = {"source"}}}}}};
    columns::job made{.id = "a", .submitted = 1'000, .since = 2'000, .now = 3'000};
    set(made, wish{.version = 3,
                   .name = "name",
                   .program = std::make_shared<const program>(std::move(one)),
                   .time_to_live = duration(5'000)});
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
    BOOST_TEST(names(edited([](job& j) { j.workers = -1; }), "workers"));
}

BOOST_AUTO_TEST_CASE(a_wish_or_plan_that_could_not_be_read_back_is_told_before_it_is_written) {
    BOOST_TEST(not columns::unreadable(good()));
    columns::job crowded = good(), wide = good();
    wish many = *columns::wish_of(crowded);
    many.environment.resize(limits{}.environment_variables + 1);
    set(crowded, many);
    plan workers{.workers = std::vector<placed_worker>(limits{}.workers + 1)};
    set(wide, job_row{.plan = std::make_shared<const plan>(workers)});
    for (const auto& [row, text] : {std::pair(crowded, "job \"a\": wish: environment variables 257, the limit is 256"),
                                    std::pair(wide, "job \"a\": plan: workers 10001, the limit is 10000")}) {
        const auto why = columns::unreadable(row);
        BOOST_TEST_REQUIRE(why.has_value());
        BOOST_TEST((why->kind == error_kind::invalid));
        BOOST_TEST(why->text == text);
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
    BOOST_TEST(
        why({.epoch = -1, .generation = 3, .state = "ready"}) ==
        "job \"a\", column checkpoints.epoch: -1 is not between 0 and 4294967295; mend the row by hand or remove it");
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
