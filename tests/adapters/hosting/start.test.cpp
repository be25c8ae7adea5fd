#include <headgate/hosting/start.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace headgate;

BOOST_AUTO_TEST_CASE(a_worker_is_told_all_of_its_job_and_headgates_word_wins_S6) {
    const wish wanted{.name = "name",
                      .organization = "organization",
                      .environment = {{"MINE", "1"}, {"HEADGATE_JOB", "mine"}},
                      .tags = {{"team", "a"}, {"tier", "b=c"}},
                      .backend_configuration = "{ \"untouched\":\n\t\xff }"};
    const start_workers what{.job = {"job"},
                             .generation = {3},
                             .workers = {{.id = id_of({3}, {0}), .slots = 8}, {.id = id_of({3}, {1}), .slots = 16}},
                             .wish = std::make_shared<const wish>(wanted),
                             .program_digest = 0xabc,
                             .tokens = {{}, {}}};
    const variables all = hosting::environment_of(what, 1, {{"PATH", "/bin"}, {"MINE", "0"}}, "/at.identity");
    const auto value = [&](std::string_view name) {
        BOOST_TEST(std::ranges::count(all, name, &variables::value_type::first) == 1, name);
        return std::ranges::find(all, name, &variables::value_type::first)->second;
    };
    BOOST_TEST((value("PATH") == "/bin" and value("MINE") == "1" and value("HEADGATE_JOB") == "job"));
    BOOST_TEST((value("HEADGATE_IDENTITY") == "/at.identity" and value("HEADGATE_JOB_NAME") == "name"));
    BOOST_TEST((value("HEADGATE_ORGANIZATION") == "organization" and value("HEADGATE_GENERATION") == "3"));
    BOOST_TEST(value("HEADGATE_WORKER") == std::to_string(id_of({3}, {1}).value));
    BOOST_TEST((value("HEADGATE_SLOTS") == "16" and value("HEADGATE_PROGRAM_DIGEST") == "0000000000000abc"));
    BOOST_TEST(value("HEADGATE_TAGS") == "team=a\ntier=b=c\n");
    BOOST_TEST(value("HEADGATE_BACKEND_CONFIGURATION") == wanted.backend_configuration);
    BOOST_TEST((hosting::overridden(what) == std::vector<std::string>{"HEADGATE_JOB"}));
}

BOOST_AUTO_TEST_CASE(a_start_above_a_limit_is_refused_by_name_and_one_just_under_it_is_not_SPEC_10) {
    const limits most;
    const auto complaint = [&](const start_workers& what) {
        const auto ok = hosting::check_start(what, most);
        return ok ? std::string() : ok.error().text;
    };
    const auto of = [](wish wanted) {
        return start_workers{.job = {"job"}, .wish = std::make_shared<const wish>(std::move(wanted))};
    };
    const auto says = [&](const start_workers& what, std::string_view text) {
        const std::string said = complaint(what);
        BOOST_TEST((not text.empty() and said.find(text) != std::string::npos), said);
    };
    const auto fits = [&](const start_workers& what) { BOOST_TEST(complaint(what) == ""); };

    start_workers named = of({});
    named.job.value.assign(64, 'j');
    fits(named);
    named.job.value += 'j';
    says(named, "id has 65 bytes, the limit is 64");

    start_workers many = of({});
    many.workers.resize(10'000);
    many.tokens.resize(10'000);
    fits(many);
    many.tokens.pop_back();
    says(many, "9999 tokens for 10000 workers");
    many.tokens.resize(10'001);
    many.workers.resize(10'001);
    says(many, "10001 workers, the limit is 10000");

    std::vector<std::pair<std::string, std::string>> variables;
    for (int i = 0; i < 256; ++i) variables.emplace_back("V" + std::to_string(i), "");
    fits(of({.environment = variables}));
    variables.emplace_back("ONE_MORE", "");
    says(of({.environment = variables}), "257 environment variables, the limit is 256");

    const std::string most_of_one((32u << 10) - 1, 'x'), rest((32u << 10) - 5, 'x');
    fits(of({.environment = {{"A", most_of_one}}}));
    says(of({.environment = {{"A", most_of_one + "x"}}}), "environment variable A has 32769 bytes, the limit is 32768");
    variables = {{"A", most_of_one}, {"B", most_of_one}, {"C", most_of_one}, {"D", rest}};
    fits(of({.environment = variables}));
    variables.emplace_back("LAST", "x");
    says(of({.environment = variables}), "the environment has 131073 bytes, the limit is 131072");

    const std::string nul("a\0b", 3);
    says(of({.environment = {{"A", nul}}}), "environment variable A holds a NUL");
    for (const char* const name : {"", "1A", "A-B", "A=B", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES"})
        says(of({.environment = {{name, ""}}}), "names match [A-Za-z_][A-Za-z0-9_]*");
    for (const wish& with_nul :
         {wish{.name = nul}, wish{.organization = nul}, wish{.tags = {{nul, ""}}}, wish{.tags = {{"a", nul}}},
          wish{.backend_configuration = nul}})
        says(of(with_nul), "a NUL in the id, name, organization, tags or backend configuration");
    start_workers odd = of({});
    odd.job.value = nul;
    says(odd, "a NUL in the id");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_into_a_variable_is_refused_by_name) {
    const auto complaint = [](wish wanted) {
        const start_workers what{.job = {"job"}, .wish = std::make_shared<const wish>(std::move(wanted))};
        const auto ok = hosting::check_variables(what);
        return ok ? std::string() : ok.error().text;
    };
    const std::string most(127u << 10, 'x'), more = most + "x";
    BOOST_TEST(complaint({.name = most}) == "");
    BOOST_TEST(complaint({.name = more}).find("name has 130049 bytes") != std::string::npos);
    BOOST_TEST(complaint({.organization = more}).find("organization has") != std::string::npos);
    BOOST_TEST(complaint({.tags = {{"a", most}}}).find("tags has 130051 bytes") != std::string::npos);
    BOOST_TEST(complaint({.backend_configuration = more}).find("backend configuration has") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_start_at_the_floor_says_where_that_is_kept_and_from_where_on_one_may_be_tried) {
    const start_workers what{.job = {"job"}, .generation = {3}};
    BOOST_TEST(hosting::was_stopped(what, {4}).text ==
               "generation 3 of job job was stopped: nothing of it starts any more");
    const error kept = hosting::was_stopped(what, {4}, "/floors/job-job");
    BOOST_TEST(kept.text.ends_with("starts any more (up to 4, as /floors/job-job says)"));
    BOOST_TEST(kept.needed == 5u);
}

}  // namespace
