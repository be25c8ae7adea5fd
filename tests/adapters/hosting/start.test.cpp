#include <headgate/hosting/start.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
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

}  // namespace
