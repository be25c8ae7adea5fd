#include <headgate/hosting/directory.hpp>

#include <boost/test/unit_test.hpp>

#include "../process/support.hpp"

#include <fstream>
#include <set>
#include <string>

namespace {

using namespace headgate_tests;
using namespace hosting;

held_directory locked(const directory& at) { return std::move(**at.try_lock()); }

const key one{{"job"}, {3}, {7}};

BOOST_AUTO_TEST_CASE(texts_have_distinct_names_that_are_no_paths) {
    BOOST_TEST(file_name("a-B_9") == "a-B_9");
    BOOST_TEST(file_name("../x\n") == "%2e%2e%2fx%0a");
    BOOST_TEST(file_name("") == "");
    std::set<std::string> names;
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256; ++b) {
            const std::string name = file_name(std::string{static_cast<char>(a), static_cast<char>(b)});
            names.insert(name);
            if (name.find_first_of("./\\") != name.npos or name.find('\0') != name.npos) BOOST_TEST(name == "plain");
        }
    BOOST_TEST(names.size() == 65'536u);
}

BOOST_AUTO_TEST_CASE(the_lock_is_held_by_one_at_a_time) {
    const folder at;
    const directory mine(at.path()), other(at.path());
    {
        const held_directory held = locked(mine);
        BOOST_TEST(not other.try_lock()->has_value());
    }
    BOOST_TEST(other.try_lock()->has_value());
}

BOOST_AUTO_TEST_CASE(a_floor_only_rises) {
    const folder at;
    const held_directory held = locked(directory(at.path()));
    BOOST_TEST(held.floor({"job"})->value == 0u);
    BOOST_TEST(held.raise_floor({"job"}, {5}).has_value());
    BOOST_TEST(held.raise_floor({"job"}, {4}).has_value());
    BOOST_TEST(held.floor({"job"})->value == 5u);
    BOOST_TEST(held.floor({"other"})->value == 0u);
}

BOOST_AUTO_TEST_CASE(a_damaged_floor_is_an_error_that_says_what_to_do) {
    const folder at;
    const held_directory held = locked(directory(at.path()));
    BOOST_TEST(held.raise_floor({"job"}, {5}).has_value());
    std::ofstream(at.path() / "floors" / "job-job") << "five\n";
    BOOST_TEST(held.floor({"job"}).error().text.find("holds no number: write") != std::string::npos);
    BOOST_TEST(not held.raise_floor({"job"}, {6}).has_value());
}

BOOST_AUTO_TEST_CASE(records_are_kept_by_worker_and_read_back_ordered) {
    const folder at;
    const held_directory held = locked(directory(at.path()));
    const record first{.of = one, .slots = 4, .pid = 12, .started = 34, .boot = "b", .is_revoked = true};
    const record second{.of = {{"a/b"}, {10}, {1}}, .slots = 16};
    BOOST_TEST((held.write(first) and held.write(second)));
    BOOST_TEST((held.records().value() == std::vector{second, first}));
    BOOST_TEST((held.read(one) == first));
    held.remove(one);
    BOOST_TEST((held.records().value() == std::vector{second}));
    BOOST_TEST((held.read(one) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(a_record_that_is_damaged_is_there_without_a_process_and_one_that_cannot_be_read_is_an_error) {
    const folder at;
    const held_directory held = locked(directory(at.path()));
    BOOST_TEST(held.write({.of = one, .slots = 4, .pid = 12}).has_value());
    std::ofstream(at.path() / "workers" / "job-job.3.7.record") << "pid=1x\n\n=\n";
    std::ofstream(at.path() / "workers" / "job-job.3.record") << "pid=1\n";
    BOOST_TEST((held.records().value() == std::vector{record{.of = one}}));
    std::filesystem::create_directory(at.path() / "workers" / "job-job.3.8.record");
    const auto records = held.records();
    BOOST_TEST((not records and records.error().text.find("job-job.3.8.record") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(an_identity_is_handed_over_and_revoked_G3) {
    const folder at;
    const directory shared(at.path());
    const held_directory held = locked(shared);
    const auto path = held.hand_over({.job = one.job, .generation = one.generation, .worker = {.id = one.worker}});
    BOOST_TEST(path.value() == shared.identity_path(one));
    BOOST_TEST(path->is_absolute());
    BOOST_TEST(std::filesystem::exists(*path));
    held.revoke(one);
    BOOST_TEST(not std::filesystem::exists(*path));
}

}  // namespace
