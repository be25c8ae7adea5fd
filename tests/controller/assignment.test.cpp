#include "bring_up.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

namespace {

using namespace headgate;
using namespace headgate::tests;

struct largest_first : slot_filling {
    largest_first() : slot_filling{.order = filling_order::largest_first} {}
};
struct in_groups : balanced {
    in_groups() : balanced{.aim = balance_by::load, .together = keep_together::forward_joined} {}
};
using every_policy = boost::mpl::list<slot_filling, largest_first, balanced, in_groups, local, spread, sticky>;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_job_comes_up_with_each_policy_and_again_after_a_lost_worker_A6_A8, Policy,
                              every_policy) {
    any_small_world<policies<Policy>> world;
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
