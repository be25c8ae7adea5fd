#pragma once
// What somebody with an editor makes of good rows: the same of each database. `run` does a statement by hand.

#include <headgate/concepts/database.hpp>
#include <headgate/protobuf/codec.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::tests {

/// It can be read, but breaks a rule.
struct spoilt_wish {
    job_id job{};
    wish made{};
    std::string why{};
};

inline std::vector<spoilt_wish> spoilt(const wish& good) {
    const auto with = [&](auto spoil) {
        wish made = good;
        program what = *good.program;
        spoil(made, what.nodes.front());
        made.program = std::make_shared<const program>(std::move(what));
        return made;
    };
    return {
        {{"malformed"}, with([](wish&, node& n) { n.operators.clear(); }), "node 1 has no operator"},
        {{"absurd"}, with([](wish&, node& n) { n.parallelism = 2'097'151; }), "parallelism 2097151 is above the limit"},
        {{"overridden"},
         with([](wish& w, node&) {
             w.parallelism = {{{1}, 2'097'151}};
         }),
         "parallelism 2097151"},
        {{"lost"},
         with([](wish& w, node&) {
             w.parallelism = {{{7}, 1}};
         }),
         "there is no node 7"}};
}

/// The bytes of a wish, as a statement has them.
inline std::string hexadecimal(const wish& of) {
    std::string made;
    for (const char each : protobuf::encode(of))
        for (const int shift : {4, 0}) made += "0123456789abcdef"[each >> shift & 15];
    return made;
}

inline bool says(const error& why, error_kind kind, std::string_view text) {
    BOOST_TEST_MESSAGE(describe(why));
    return why.kind == kind and why.text.find(text) != std::string::npos;
}

/// Each is refused by the database before it is written; written by hand (`write(job, bytes)`, hexadecimal) it is an
/// error in its own record, until its user puts a good one.
void spoilt_wishes_are_damage(auto& t, auto write) {
    BOOST_TEST(t.has_claimed({"a"}));
    for (const auto& [job, wished, why] : spoilt(t.some_wish())) {
        BOOST_TEST(t.has_claimed(job));
        BOOST_TEST((not t.put(1, wished, job)));
        write(job, hexadecimal(wished));
        const auto read = t.record(job);
        BOOST_TEST_REQUIRE((read.has_value() and not read->wish.has_value()));
        BOOST_TEST(says(read->wish.error(), error_kind::invalid, why));
        BOOST_TEST((t.put(1, t.some_wish(), job) == 2u));
        BOOST_TEST((t.record(job)->wish.has_value()));
    }
    BOOST_TEST((t.store(1, t.some_row({1}, t.ours, state_name::running), {"a"}).has_value()));
}

/// What is counted on from is damage where the next number would wrap, until it is mended.
void numbers_without_room_are_damage(auto& t, auto run) {
    const std::string last32 = "4294967295", last64 = "9223372036854775807";
    for (const auto& [column, last] : {std::pair<std::string, std::string>{"generation", last32},
                                       {"restarts", last32},
                                       {"revision", last64},
                                       {"version", last64}}) {
        BOOST_TEST(t.has_claimed({column}));
        const std::string to = "UPDATE jobs SET " + column + " = ", of = " WHERE id = '" + column + "'";
        run(to + last + of);
        const auto read = t.record({column});
        BOOST_TEST_REQUIRE((read.has_value() and not read->wish.has_value()));
        BOOST_TEST(
            says(read->wish.error(), error_kind::invalid, "column " + column + ": " + last + " is not between 0 and"));
        run(to + "1" + of);
        BOOST_TEST((t.record({column})->wish.has_value()));
    }
}

/// A restore point that is the name of none is damage. Who claims all the same is answered so, and nothing is claimed;
/// who loses is answered the row that stands.
void restore_points_of_no_name_are_damage(auto& t, auto run) {
    BOOST_TEST(t.has_claimed({"a"}));
    // Cut to 32 bits it is epoch 7.
    run("INSERT INTO checkpoints VALUES ('a', 4294967303, 1, 'committing')");
    const auto read = t.record({"a"});
    BOOST_TEST_REQUIRE((read.has_value() and not read->wish.has_value()));
    BOOST_TEST(says(read->wish.error(), error_kind::invalid, "4294967303"));
    const auto claims = [&](std::uint64_t expected) {
        job_row next = t.some_row({2}, t.theirs);
        next.revision = expected + 1;
        return t.settled(t.begin(claim{.job = {"a"}, .expected = expected, .next = next},
                                 [&](const auto& r, auto done) { t.model().claim(r, done); }));
    };
    const auto answer = [](const auto& asked) {
        return asked->answer().match([](const claimed&) { return std::string("claimed"); },
                                     [](const error& why) { return "not applied: " + why.text; },
                                     [](const error& why) { return "unknown: " + why.text; });
    };
    const std::string refused = answer(claims(1));
    BOOST_TEST(refused.starts_with("not applied"));
    BOOST_TEST(refused.find("4294967303") != std::string::npos);
    const auto lost = t.claim(7, {2}, t.theirs, {}, {"a"});
    BOOST_TEST_REQUIRE(lost.has_value());
    BOOST_TEST((lost->row.generation == generation{1} and lost->row.revision == 1u and not lost->restore));

    run("UPDATE checkpoints SET epoch = 7 WHERE job = 'a'");
    const auto won = t.claim(1, {2}, t.theirs, {}, {"a"});
    BOOST_TEST_REQUIRE((won.has_value() and won->restore.has_value()));
    BOOST_TEST((won->restore->name == checkpoint_name{{7}, {1}}));
    // It has claimed by now, and from where to go on is not known.
    run("UPDATE checkpoints SET epoch = 4294967303 WHERE job = 'a'");
    BOOST_TEST(answer(claims(1)).starts_with("unknown"));
}

/// A job whose row was removed and that is submitted again goes on with its old lines, and its new ones follow.
void a_new_id_is_news(auto& t, auto run) {
    BOOST_TEST(t.has_claimed());
    const auto before = t.watch({});
    const auto held = t.begin_watch(before->next);
    run("UPDATE jobs SET id = 'renamed' WHERE id = 'job'");
    BOOST_TEST_REQUIRE(t.settled(held)->came());
    const auto& news = held->answer();
    BOOST_TEST_REQUIRE((news.has_value() and news->jobs.size() == 1u));
    BOOST_TEST((news->jobs.front().id == job_id{"renamed"} and news->jobs.front().row.revision == 1u));
}

void lines_go_on_after_a_row_was_removed(auto& t, auto run) {
    BOOST_TEST(t.has_claimed());
    BOOST_TEST(t.tell({{.text = "before"}}, "", 0));
    run("DELETE FROM jobs");
    BOOST_TEST(t.has_claimed());
    BOOST_TEST(t.tell({{.text = "after"}}, "", 0));
    const auto lines = t.log(0, 10);
    BOOST_TEST_REQUIRE((lines.has_value() and lines->size() == 2u));
    BOOST_TEST(lines->back().text == "after");
    // A number without room for the next is none of its own.
    run("INSERT INTO log (job, number, at, generation, text) SELECT job, 9223372036854775807, at, 1, 'x' FROM log LIMIT 1");
    BOOST_TEST(t.tell({{.text = "still"}}, "", 0));
    BOOST_TEST((t.log(2, 10)->front().text == "still"));
}

}  // namespace headgate::tests
