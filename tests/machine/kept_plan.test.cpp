// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include <span>

namespace {

using namespace stages;

/// Keeps what it was shown.
struct curious {
    std::shared_ptr<std::vector<std::shared_ptr<const plan>>> shown =
        std::make_shared<std::vector<std::shared_ptr<const plan>>>();
    std::shared_ptr<std::vector<trouble>> troubles = std::make_shared<std::vector<trouble>>();  ///< of the last time

    expected<plan> operator()(const program& what, std::span<const offer> workers, const past& before) const {
        shown->push_back(before.previous ? std::make_shared<const plan>(*before.previous) : nullptr);
        troubles->assign(before.troubles.begin(), before.troubles.end());
        return slot_filling{}(what, workers, before);
    }

    constexpr bool operator==(const curious&) const { return true; }
};
using chosen = policies<curious>;

BOOST_AUTO_TEST_CASE(the_row_keeps_the_plan_of_the_last_generation_that_reached_running_stored_with_it_A8) {
    stage s;
    s.without<store_row>().start();
    BOOST_TEST((s.state() == state_name::running and not s.stands.plan));
    const auto stored = s.pending<store_row>().what.next;
    BOOST_TEST((stored.state == state_name::running and stored.plan and *stored.plan == s.job().plan()));
    s.with<store_row>().settle();
    const std::uint64_t revision = s.stands.revision;
    s.tasks_start = false;
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(1min);
    BOOST_TEST((s.state() == state_name::scheduling and s.job().running and s.stands.revision > revision));
    BOOST_TEST((*s.stands.plan == *stored.plan and s.job().plan() != *stored.plan), "the new one has not run yet");
}

BOOST_AUTO_TEST_CASE(a_plan_that_is_too_large_for_the_row_is_not_kept_and_the_job_goes_on_without_it_A8) {
    stage s;
    s.without<store_row>().start();
    BOOST_REQUIRE((s.state() == state_name::running and s.pending<store_row>().what.next.plan));
    s.answer<store_row>(refused_by(error_kind::invalid, "the plan is 5000000 bytes, the limit is 4194304"));
    BOOST_TEST(not s.pending<store_row>().what.next.plan);
    s.with<store_row>().settle();
    BOOST_TEST((s.state() == state_name::running and s.stands.state == state_name::running and not s.stands.plan));
    BOOST_TEST((s.said("tried without its new plan: invalid: the plan is 5000000 bytes") and not s.job().is_let_go));
}

BOOST_AUTO_TEST_CASE(a_controller_that_takes_over_shows_the_policy_the_plan_in_the_row_A8) {
    stage before;
    before.run_up();
    chosen with{};
    stage_of<chosen> s(before.stands, with);
    s.run_up();
    BOOST_REQUIRE(with.assignment.shown->size() == 1u);
    BOOST_TEST((with.assignment.shown->front() and *with.assignment.shown->front() == before.job().plan()));
}

BOOST_AUTO_TEST_CASE(the_policy_is_told_on_which_machines_workers_failed_and_when_but_of_none_that_was_stopped) {
    chosen with{};
    const std::vector<trouble>& told = *with.assignment.troubles;
    stage_of<chosen> s({}, with);
    s.run_up();
    BOOST_TEST(told.empty());
    s.step(worker_exited{id_of(s.current(), {0}), "exit status 1"});
    s.run(1min);
    BOOST_REQUIRE((s.state() == state_name::running and told.size() == 1u));
    BOOST_TEST((told[0].machine == machine_id{"machine"} and told[0].ago > 0s and told[0].ago <= 1min));

    s.run(1h);
    s.without<stop_workers>().is_wished(wants(2, stop_mode::immediate));
    s.settle().step(worker_exited{id_of(s.current(), {1}), "exit status 0"});
    s.with<stop_workers>().run(1min);
    BOOST_REQUIRE(s.state() == state_name::stopped);
    s.is_wished(wants(3));
    s.run(1min);
    BOOST_REQUIRE((s.state() == state_name::running and told.size() == 1u));
    BOOST_TEST((told[0].ago > 1h), "the stop is no trouble");
}

BOOST_AUTO_TEST_CASE(of_more_than_1024_machines_that_failed_those_of_longest_ago_are_forgotten) {
    troubled_machines all;
    all.add({""}, instant{} + 1s);
    BOOST_TEST(all.list(instant{} + 2s).empty(), "it never registered");
    for (std::size_t i = 0; i <= troubled_machines::most; ++i)
        all.add({std::to_string(i)}, instant{} + std::chrono::seconds(i));
    all.add({"1"}, instant{} + 2h);
    all.add({"new"}, instant{} + 2h);
    const std::vector<trouble> left = all.list(instant{} + 3h);
    BOOST_TEST(left.size() == troubled_machines::most);
    const auto has = [&](const std::string& name) {
        return std::ranges::any_of(left, [&](const trouble& one) { return one.machine.value == name; });
    };
    BOOST_TEST((not has("0") and has("1") and not has("2") and has("3") and has("new")));
}

}  // namespace
