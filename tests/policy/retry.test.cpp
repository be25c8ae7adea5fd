// SPDX-License-Identifier: BSL-1.0
#include <headgate/policy/retry.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr instant start{1000ms};

constexpr failed_attempt failed(std::uint32_t number) { return {.attempt = {number}, .began = start, .now = start}; }
constexpr failed_attempt failed(error_kind kind) { return {.attempt = {1}, .kind = kind}; }
constexpr failed_attempt failed_at(instant now, duration pause) {
    return {.attempt = {1}, .began = start, .now = now, .pause = pause};
}

/// How many attempts a policy allows in all, if all fail.
template <retry_policy Policy>
constexpr std::uint32_t attempts_in_all(const Policy& again, error_kind kind = {}) {
    std::uint32_t number = 1;
    while (number < 1'000 and again({.attempt = {number}, .kind = kind})) ++number;
    return number;
}

static_assert(attempts_in_all(attempt_limit{1}) == 1);
static_assert(attempts_in_all(attempt_limit{3}) == 3, "R2: a budget of n is n attempts");
static_assert(attempts_in_all(attempt_limit{unlimited}) == 1'000);
static_assert(attempt_limit{unlimited}(failed(unlimited)));
static_assert(attempts_in_all(attempt_limit{0}) == 1, "the first is made before anybody is asked");

static_assert(time_limit{5s}(failed_at(start + 4s, 1s)));
static_assert(not time_limit{5s}(failed_at(start + 4s, 1001ms)));
static_assert(time_limit{duration::max()}(failed_at(never, duration::max())), "nothing wraps");
static_assert(not time_limit{5s}(failed_at(start + 1s, duration::max())));

static_assert(deadline_limit{start + 5s}(failed_at(start + 4s, 999ms)));
static_assert(not deadline_limit{start + 5s}(failed_at(start + 4s, 1s)));
static_assert(not deadline_limit{start + 5s}(failed_at(start, duration::max())));
static_assert(deadline_limit{}(failed_at(start, duration::max())));

static_assert(only_kinds{{error_kind::dial, error_kind::task}}(failed(error_kind::task)));
static_assert(not only_kinds{{error_kind::dial, error_kind::task}}(failed(error_kind::database)));
static_assert(not only_kinds{{}}(failed(error_kind::scheduler)));

constexpr bool helps(error_kind kind) { return if_transient{}(failed(kind)); }
static_assert(helps(error_kind::scheduler) and helps(error_kind::not_enough_slots) and helps(error_kind::database) and
              helps(error_kind::state_backend) and helps(error_kind::dial) and helps(error_kind::start_execution) and
              helps(error_kind::worker_initialization) and helps(error_kind::worker_start_up) and
              helps(error_kind::task_start_up) and helps(error_kind::worker_lost) and helps(error_kind::task) and
              helps(error_kind::checkpoint));
static_assert(not helps(error_kind::permanent) and not helps(error_kind::invalid) and
              not helps(error_kind::unsupported) and not helps(error_kind::ownership_lost) and
              not helps(error_kind::internal));

// SPEC 9, and T5 for the database.
constexpr auto budgets = default_budgets();
static_assert(attempts_in_all(budgets, error_kind::scheduler) == 20);
static_assert(attempts_in_all(budgets, error_kind::state_backend) == 10);
static_assert(attempts_in_all(budgets, error_kind::start_execution) == 10);
static_assert(attempts_in_all(budgets, error_kind::worker_initialization) == 5);
static_assert(attempts_in_all(budgets, error_kind::worker_start_up) == 3);
static_assert(attempts_in_all(budgets, error_kind::task_start_up) == 3);
static_assert(attempts_in_all(budgets, error_kind::dial) == 3);
static_assert(attempts_in_all(budgets, error_kind::database) == 1'000);
static_assert(attempts_in_all(budgets, error_kind::not_enough_slots) == 1'000);
static_assert(attempts_in_all(budgets, error_kind::invalid) == 1);
static_assert(attempts_in_all(budgets, error_kind::permanent) == 1);
static_assert(attempts_in_all(budgets, error_kind::internal) == 1);

constexpr shared_budget shared{.full = 1'000, .cost = 100, .refund = 10};
static_assert(shared({.budget = 100}) and not shared({.budget = 99}));
static_assert(shared(failed(1)), "without a budget that is shared there is none to spend");
static_assert(shared.after_retry(1'000) == 900 and shared.after_retry(99) == 0);
static_assert(shared.after_success(900) == 910 and shared.after_success(995) == 1'000 and
              shared.after_success(unlimited) == 1'000);
static_assert(shared_budget{.full = unlimited, .cost = 1, .refund = 9}.after_success(unlimited - 1) == unlimited);

constexpr auto combined = attempt_limit{5} and if_transient{} and time_limit{10s};
static_assert(retry_policy<std::remove_const_t<decltype(combined)>>);
static_assert(attempts_in_all(combined) == 5);
static_assert(attempts_in_all(combined, error_kind::permanent) == 1);
static_assert(not combined({.attempt = {1}, .began = start, .now = start + 11s}));

constexpr auto either_one = attempt_limit{2} or only_kinds{{error_kind::database}};
static_assert(attempts_in_all(either_one) == 2 and attempts_in_all(either_one, error_kind::database) == 1'000);
static_assert(attempts_in_all(attempt_limit{2} and (attempt_limit{4} or attempt_limit{3})) == 2);

static_assert(not retry_policy<int> and not retry_policy<shared_budget*>);

BOOST_AUTO_TEST_CASE(a_shared_budget_ends_retries_of_what_is_broken_for_all_R2) {
    std::uint32_t budget = shared.full, retried = 0;
    for (int operation = 0; operation < 100; ++operation)
        for (std::uint32_t number = 1; (attempt_limit{3} and shared)({.attempt = {number}, .budget = budget});
             ++number) {
            budget = shared.after_retry(budget);
            ++retried;
        }
    BOOST_TEST(retried == 10u);
    for (int success = 0; success < 10; ++success) budget = shared.after_success(budget);
    BOOST_TEST(shared({.budget = budget}));
}

}  // namespace
