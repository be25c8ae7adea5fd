// SPDX-License-Identifier: BSL-1.0
#include "small_world.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace headgate;
using tests::small_world;

/// A finished job of a controller that nobody knows any more. `owner`: who has it still.
void leave_finished(small_world& world, incarnation owner) {
    world.wish_for({.version = 1});
    job_row row{
        .revision = 1, .generation = {3}, .owner = {{6, 6}}, .state = state_name::finished, .is_complete = true};
    world.database.claim(request<claim>{.what = {world.job, 0, row, {}}}, any_completion<claim>{});
    if (owner == row.owner) return;
    row.revision = 2;
    row.owner = owner;
    world.database.store(request<store_row>{.what = {world.job, 1, row}}, any_completion<store_row>{});
}

BOOST_AUTO_TEST_CASE(
    a_job_whose_owner_died_before_its_teardown_ended_is_taken_and_released_when_its_workers_are_gone_I12) {
    small_world world;
    leave_finished(world, {{6, 6}});
    BOOST_TEST(world.until([&] { return world.row()->owner == incarnation{}; }));
    BOOST_TEST((world.row()->state == state_name::finished and world.row()->generation == generation{4}));
    BOOST_TEST(world.until([&] { return world.controller.jobs() == 0; }));
}

BOOST_AUTO_TEST_CASE(a_job_at_rest_is_left_as_it_is_I12) {
    small_world world;
    leave_finished(world, {});
    world.until([] { return false; });
    BOOST_TEST(world.row()->revision == 2u);
}

}  // namespace
