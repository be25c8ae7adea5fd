// SPDX-License-Identifier: BSL-1.0
// What comes often costs no memory: operator new is counted.
#include "stage.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace {

std::size_t allocated = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocated;
    if (void* const p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using namespace headgate;
using stages::stage;

BOOST_AUTO_TEST_SUITE(allocations)

BOOST_AUTO_TEST_CASE(reports_heartbeats_and_what_changes_nothing_allocate_nothing_S14_S15_G1) {
    stage s;
    s.tasks_start = false;
    s.start();
    BOOST_REQUIRE(s.state() == state_name::scheduling);
    session old = s.of(1);
    ++old.stream.value;
    const std::pair<std::string, event> all[] = {
        {"a report", s.of(0).fence(task_report{.started = {{{2}, 0, 1}}, .finished = {}, .failures = {}})},
        {"the next", s.of(0).fence(task_report{.started = {{{2}, 0, 2}}, .finished = {}, .failures = {}})},
        {"the same again", s.of(0).fence(task_report{.started = {{{2}, 0, 2}}, .finished = {}, .failures = {}})},
        {"a heartbeat", s.of(1).fence(heartbeat{})},
        {"initialized, again", s.of(1).fence(initialized{})},
        {"a message of an old stream", old.fence(task_report{})},
        {"a late answer", answered<dial>{{{1}, stages::us, 1, {9}, {4}}, dialled{}}},
        {"an older wish", wished{std::make_shared<const wish>(), {}}},
        {"a tick before its time", tick{}},
    };
    for (const auto& [what, e] : all) s.value.on(e, {s.now, 1}, s.out);  // what is kept has its room then
    for (const auto& [what, e] : all) {
        const std::size_t before = allocated;
        s.value.on(e, {s.now, 1}, s.out);
        BOOST_TEST(allocated - before == 0u, what);
    }
    BOOST_TEST((s.state() == state_name::scheduling));
    const std::size_t before = allocated;
    BOOST_TEST((std::vector<int>(1).size() == 1 and allocated > before));  // the count counts
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
