// SPDX-License-Identifier: BSL-1.0
#include "bring_up.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <ostream>
#include <span>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

/// Any of them, so that one controller is compiled for all.
struct any_assignment {
    std::string_view name = "slot filling";
    std::function<expected<plan>(const program&, std::span<const offer>, const past&)> assign = slot_filling{};

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const {
        return assign(of, offers, before);
    }
    friend std::ostream& operator<<(std::ostream& to, const any_assignment& one) { return to << one.name; }
};
static_assert(assignment_policy<any_assignment>);

const std::vector<any_assignment> every_policy{
    {"slot filling", slot_filling{}},
    {"largest first", slot_filling{.order = filling_order::largest_first}},
    {"balanced", balanced{}},
    {"balanced groups", balanced{.aim = balance_by::load, .together = keep_together::forward_joined}},
    {"local", local{}},
    {"spread", spread{}},
    {"sticky", sticky{}},
};

BOOST_DATA_TEST_CASE(a_job_comes_up_with_each_policy_and_again_after_a_lost_worker_A6_A8, every_policy, policy) {
    any_small_world<policies<any_assignment>> world{.policy = {.assignment = policy}};
    world.wish_for({.version = 1});
    BOOST_REQUIRE(world.come_up());
    BOOST_TEST((world.row()->tasks == 16u and world.row()->plan));

    world.channel.end(world.channel.workers.begin()->second.stream);
    world.controller.poll();
    world.channel.workers.clear();
    BOOST_REQUIRE(world.until([&] { return world.scheduler.pool().all().size() == 2; }));
    world.workers_come();
    BOOST_REQUIRE(world.until(
        [&] { return std::ranges::all_of(world.channel.workers, [](auto& w) { return bool(w.second.runs); }); }));
    world.workers_report();
    BOOST_TEST(world.until([&] { return world.state() == state_name::running; }));
    BOOST_TEST(world.row()->restarts == 1u);
}

}  // namespace
