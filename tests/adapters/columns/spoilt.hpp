#pragma once
// Wishes that can be read, but break a rule, as somebody with an editor makes them of a good one.

#include <headgate/protobuf/codec.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::tests {

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

}  // namespace headgate::tests
