// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/codec.hpp>
#include <headgate/protobuf/messages.hpp>

#include "random_values.hpp"

#include <google/protobuf/stubs/logging.h>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::protobuf;
using random_values::source;
using random_values::why;

constexpr int rounds = 2'000;

const auto a_wish = [](source& from) { return random_values::a_wish(from); };

template <class Draw, class Decode>
void comes_back(Draw draw, Decode decode) {
    source from(1);
    for (int i = 0; i < rounds; ++i) {
        const auto value = draw(from);
        const auto found = decode(encode(value), limits{});
        BOOST_REQUIRE_MESSAGE(found, why(found));
        BOOST_REQUIRE(*found == value);
    }
}

/// Cut at every length, and with random bytes changed, it is read or refused, and nothing else happens.
template <class Draw, class Decode>
void survives(Draw draw, Decode decode) {
    const google::protobuf::LogSilencer quiet;
    source from(2);
    for (int i = 0; i < 200; ++i) {
        std::string bytes = encode(draw(from));
        for (std::size_t length = 0; length < bytes.size(); ++length)
            static_cast<void>(decode(std::string_view(bytes).substr(0, length), limits{}));
        for (int change = 0; change < 20 and not bytes.empty(); ++change) {
            bytes[from.below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(from.below(256));
            static_cast<void>(decode(bytes, limits{}));
        }
        static_cast<void>(decode(from.bytes(200), limits{}));
    }
}

template <class Decode>
error refusal(Decode decode, std::string_view bytes, const limits& most = {}) {
    const auto found = decode(bytes, most);
    BOOST_REQUIRE(not found);
    return found.error();
}

bool says(const error& what, std::string_view words) { return what.text.find(words) != std::string::npos; }

/// Field `number`, a varint below 128.
std::string field(int number, int value) { return {static_cast<char>(number << 3), static_cast<char>(value)}; }

BOOST_AUTO_TEST_CASE(every_durable_value_comes_back_as_it_was) {
    comes_back([](source& s) { return random_values::a_program(s); }, decode_program);
    comes_back([](source& s) { return random_values::a_plan(s); }, decode_plan);
    comes_back(a_wish, decode_wish);
    comes_back([](source& s) { return random_values::a_row(s); }, decode_job_row);
    comes_back([](source& s) { return random_values::a_metadata(s); }, decode_checkpoint_metadata);
}

BOOST_AUTO_TEST_CASE(hostile_bytes_are_read_or_refused) {
    survives([](source& s) { return random_values::a_program(s); }, decode_program);
    survives([](source& s) { return random_values::a_plan(s); }, decode_plan);
    survives(a_wish, decode_wish);
    survives([](source& s) { return random_values::a_row(s); }, decode_job_row);
    survives([](source& s) { return random_values::a_metadata(s); }, decode_checkpoint_metadata);
}

BOOST_AUTO_TEST_CASE(nothing_is_no_value) {
    for (const error& why : {refusal(decode_program, ""), refusal(decode_plan, ""), refusal(decode_wish, ""),
                             refusal(decode_job_row, ""), refusal(decode_checkpoint_metadata, "")}) {
        BOOST_TEST((why.kind == error_kind::invalid));
        BOOST_TEST(says(why, "there is no format"));
    }
}

BOOST_AUTO_TEST_CASE(a_newer_form_is_refused_with_what_to_do_SPEC_10) {
    // Field 1 is the format of wish, row and metadata; 3 of a program; 10 of a plan.
    for (const error& why :
         {refusal(decode_program, field(3, 2)), refusal(decode_plan, field(10, 2)), refusal(decode_wish, field(1, 2)),
          refusal(decode_job_row, field(1, 2)), refusal(decode_checkpoint_metadata, field(1, 2))}) {
        BOOST_TEST((why.kind == error_kind::unsupported));
        BOOST_TEST(says(why, "format 2, this headgate reads 1; use the newer headgate"));
    }
}

BOOST_AUTO_TEST_CASE(sizes_and_counts_above_the_limits_are_refused_SPEC_10) {
    source from(3);
    wish large;
    while (not large.program or large.program->nodes.size() < 2) large = a_wish(from);
    limits tight;
    tight.message = 8;
    BOOST_TEST(says(refusal(decode_wish, encode(large), tight), "the limit is 8"));
    tight = {};
    tight.nodes = 1;
    BOOST_TEST(says(refusal(decode_wish, encode(large), tight), "program: nodes"));
    BOOST_TEST(says(refusal(decode_program, encode(*large.program), tight), "the limit is 1"));

    program named{.nodes = {{.id = {7}, .operators = {{{std::string(65, 'x')}, {}}}}}, .edges = {}};
    BOOST_TEST(says(refusal(decode_program, encode(named)), "node 7: bytes of an operator's id 65, the limit is 64"));

    wish variables = large;
    variables.environment.assign(257, {"A", "b"});
    BOOST_TEST(says(refusal(decode_wish, encode(variables)), "environment variables 257, the limit is 256"));

    plan wide;
    for (std::uint64_t i = 0; i < 3; ++i) {
        wide.workers.push_back({.id = {i}, .slots = 1});
        BOOST_REQUIRE(wide.machines.push_back("m"));
        BOOST_REQUIRE(wide.data_addresses.push_back("a:1"));
    }
    tight = {};
    tight.workers = 2;
    BOOST_TEST(says(refusal(decode_plan, encode(wide), tight), "plan: workers 3, the limit is 2"));
    tight = {};
    tight.address = 2;
    BOOST_TEST(says(refusal(decode_plan, encode(wide), tight), "data addresses of 3 bytes"));

    checkpoint_metadata much{.name = {{1}, {1}}, .nodes = {{{1}, 3, {}, {"a", "b", "c"}}}};
    tight = {};
    tight.materialised_subtasks = 2;
    BOOST_TEST(says(refusal(decode_checkpoint_metadata, encode(much), tight), "subtasks 3, the limit is 2"));
}

BOOST_AUTO_TEST_CASE(a_wish_without_a_program_and_a_mode_that_does_not_exist_are_refused) {
    BOOST_TEST(says(refusal(decode_wish, field(1, 1)), "there is no program"));
    source from(4);
    const std::string good = encode(a_wish(from));
    BOOST_TEST(says(refusal(decode_wish, good + field(14, 9)), "there is no stop mode 9"));
    BOOST_TEST(says(refusal(decode_job_row, field(1, 1) + field(5, 99)), "there is no state 99"));
}

BOOST_AUTO_TEST_CASE(a_plans_lists_must_fit_each_other) {
    plan one{.workers = {{{1}, 1}}, .machines = {}, .data_addresses = {}, .layouts = {}, .nodes = {}};
    BOOST_TEST(says(refusal(decode_plan, encode(one)), "machines are 0 for 1 workers"));
    BOOST_REQUIRE(one.machines.push_back("m"));
    BOOST_REQUIRE(one.data_addresses.push_back("a:1"));
    BOOST_TEST(decode_plan(encode(one)).has_value());
    BOOST_TEST(says(refusal(decode_plan, encode(one) + field(6, 1)), "lists of nodes differ"));
    BOOST_TEST(says(refusal(decode_plan, encode(one) + field(1, 1)), "2 workers, but slots of 1"));
}

BOOST_AUTO_TEST_CASE(a_plan_does_not_grow_with_parallelism_A5) {
    const auto size_at = [](std::uint32_t parallelism) {
        plan made{.workers = {{{1}, parallelism}}, .machines = {}, .data_addresses = {}, .layouts = {}, .nodes = {}};
        BOOST_REQUIRE(made.machines.push_back("m"));
        BOOST_REQUIRE(made.data_addresses.push_back("a:1"));
        made.layouts.push_back({.spaced = spacing::dense, .boundaries = {0, parallelism}, .owners = {}});
        made.nodes.push_back({.id = {1}, .parallelism = parallelism, .layout = 0, .offset = 0});
        const program of{.nodes = {{.id = {1}, .parallelism = parallelism, .operators = {{.id = {"a"}, .what = {}}}}},
                         .edges = {}};
        const execution what{.job = {"job"},
                             .generation = {1},
                             .program = std::make_shared<const program>(of),
                             .plan = std::make_shared<const plan>(made),
                             .digest = digest(made)};
        return std::pair(encode(made).size(), encode(what).size());
    };
    const auto [plan_of_one, execution_of_one] = size_at(1);
    const auto [plan_of_many, execution_of_many] = size_at(1u << 20);
    BOOST_TEST(plan_of_many <= plan_of_one + 6);
    BOOST_TEST(execution_of_many <= execution_of_one + 16);
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf8_is_mended_and_content_is_kept) {
    source from(5);
    wish odd = a_wish(from);
    odd.name = "caf\xe9 \xed\xa0\x80";
    odd.environment = {{"PATH", "\xff\x00z"}};
    odd.backend_configuration = "\xc0\xaf";
    const auto found = decode_wish(encode(odd));
    BOOST_REQUIRE(found);
    BOOST_TEST(found->name == "caf\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    BOOST_TEST((found->environment == odd.environment));
    BOOST_TEST(found->backend_configuration == odd.backend_configuration);
}

}  // namespace
