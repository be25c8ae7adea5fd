// SPDX-License-Identifier: BSL-1.0
#include <headgate/protobuf/json.hpp>

#include "random_values.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace headgate;
using namespace headgate::protobuf;
using random_values::why;

std::string refusal(std::string_view text) {
    const auto found = program_from_json(text);
    BOOST_REQUIRE(not found);
    BOOST_TEST((found.error().kind == error_kind::invalid));
    return found.error().text;
}

bool says(const std::string& text, std::string_view words) {
    BOOST_TEST_INFO(text);
    return text.find(words) != std::string::npos;
}

constexpr std::string_view file = R"({
  "nodes": [
    {"id": 1, "parallelism": 2, "operators": [{"id": "source", "configuration": "path=/data/in"}]},
    {"id": 2, "operators": [{"id": "count"}, {"id": "sink", "configurationBytes": "/wA="}]}
  ],
  "edges": [{"from": 1, "to": 2, "kind": "shuffle"}]
})";

const program written{
    .nodes = {{.id = {1}, .parallelism = 2, .operators = {{{"source"}, "path=/data/in"}}},
              {.id = {2}, .parallelism = 1, .operators = {{{"count"}, {}}, {{"sink"}, std::string("\xff\0", 2)}}}},
    .edges = {{{1}, {2}, edge_kind::shuffle}}};

BOOST_AUTO_TEST_CASE(a_program_file_is_read) {
    const auto found = program_from_json(file);
    BOOST_REQUIRE_MESSAGE(found, why(found));
    BOOST_TEST((*found == written));
}

BOOST_AUTO_TEST_CASE(a_program_comes_back_from_its_json) {
    const std::string text = to_json(written);
    BOOST_TEST(text.find("\"configuration\": \"path=/data/in\"") != std::string::npos);
    BOOST_TEST(text.find("\"kind\": \"SHUFFLE\"") != std::string::npos);
    const auto found = program_from_json(text);
    BOOST_REQUIRE_MESSAGE(found, why(found));
    BOOST_TEST((*found == written));

    random_values::source from(1);
    for (int i = 0; i < 500; ++i) {
        program chain;
        for (std::uint32_t id = 1; id <= 1 + from.below(4); ++id) {
            chain.nodes.push_back({.id = {id}, .parallelism = 1 + from.below(9), .operators = {}});
            chain.nodes.back().operators.push_back(
                {{"o" + std::to_string(id)}, from.flip() ? from.text() : from.bytes()});
            if (id > 1) chain.edges.push_back({{id - 1}, {id}, edge_kind::shuffle});
        }
        const auto again = program_from_json(to_json(chain));
        BOOST_REQUIRE_MESSAGE(again, why(again));
        BOOST_REQUIRE(*again == chain);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_program_is_refused_by_what_and_where) {
    BOOST_TEST(says(refusal(""), "program: "));
    BOOST_TEST(says(refusal("nodes: 1"), "nodes: 1"));
    BOOST_TEST(says(refusal(R"({"nodes": [{"id": 1, "paralelism": 2}]})"), "paralelism"));
    BOOST_TEST(says(refusal(R"({"nodes": [{"id": 1}, {"id": "two"}]})"), "nodes[1].id"));
    BOOST_TEST(says(refusal(R"({"nodes": [{"id": -1}]})"), "nodes[0].id"));
    BOOST_TEST(says(refusal("{\"nodes\": [{\"operators\": [{\"id\": \"\xff\"}]}]}"), "not UTF-8"));
    BOOST_TEST(says(refusal(R"({"format": 1, "nodes": []})"), "the program has no nodes"));
    BOOST_TEST(says(
        refusal(
            R"({"nodes": [{"id": 1, "operators": [{"id": "a"}]}], "edges": [{"from": 1, "to": 9, "kind": "forward"}]})"),
        "edge 1 -> 9: there is no node 9"));
    BOOST_TEST(says(refusal(R"({"nodes": [{"id": 1, "operators": [{"id": "a"}]}], "edges": [{"from": 1, "to": 9}]})"),
                    "edge 1 -> 9 has no kind"));
    BOOST_TEST(says(refusal(std::string(100'000, '[')), "program: "));
    BOOST_TEST(says(refusal(std::string(5u << 20, ' ')), "the limit is 4194304"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_json_is_refused_in_one_line_with_the_place) {
    BOOST_TEST(refusal("") == "program: Unexpected end of string. Expected a value.");
    BOOST_TEST(refusal("{\"nodes\":") == "program: Unexpected end of string. Expected a value.");
    BOOST_TEST(refusal("{\"nodes\": [\n  {\"id\" 1}\n]}\n") == "program: Expected : between key:value pair, at \"1}\"");
}

BOOST_AUTO_TEST_CASE(a_program_file_of_a_newer_format_is_refused_SPEC_10) {
    const auto found = program_from_json(R"({"format": 2})");
    BOOST_REQUIRE(not found);
    BOOST_TEST((found.error().kind == error_kind::unsupported));
}

BOOST_AUTO_TEST_CASE(broken_files_are_read_or_refused) {
    random_values::source from(2);
    for (int i = 0; i < 5'000; ++i) {
        std::string text(file.substr(0, from.below(static_cast<std::uint32_t>(file.size())) + 1));
        for (int change = 0; change < 3; ++change)
            text[from.below(static_cast<std::uint32_t>(text.size()))] = static_cast<char>(from.below(128));
        static_cast<void>(program_from_json(text));
    }
}

BOOST_AUTO_TEST_CASE(a_record_is_shown_whole_or_with_what_damaged_it) {
    job_record shown;
    shown.id = {"words"};
    shown.row.state = state_name::checkpoint_stopping;
    wish wanted;
    wanted.name = "count words";
    wanted.program = std::make_shared<const program>(written);
    shown.wish = std::make_shared<const wish>(wanted);
    shown.submitted = wall_time(std::chrono::milliseconds(1'500));
    const std::string text = to_json(shown);
    BOOST_TEST(says(text, "\"state\": \"CHECKPOINT_STOPPING\""));
    BOOST_TEST(says(text, "\"name\": \"count words\""));
    BOOST_TEST(says(text, "\"submitted\": \"1970-01-01T00:00:01.500Z\""));

    shown.wish = failure(error_kind::invalid, "wish: there is no program");
    BOOST_TEST(says(to_json(shown), "\"wish_error\": \"invalid: wish: there is no program\""));
}

}  // namespace
