#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: how long it can take until a job that never runs healthily is Failed, as a constant expression (R5).

#include <headgate/machine/policies.hpp>
#include <headgate/policy/saturating.hpp>
#include <headgate/policy/worst_case.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>

namespace headgate::inline v1 {

/// From the moment a job is first tried until it is Failed and its workers are gone, with the database and the
/// scheduler answering each call within `wait.call`. Time without the database and waits for slots without limit do not
/// count.
///
/// A job is given up `without_healthy_run` after it was first tried, by a deadline that Scheduling and Recovering watch
/// (J5). Running does not watch it, so a job that came up just before may run on for almost as long as would have made
/// it healthy, and then fails; it is given up at once. What is under way at that moment:
///
///     Scheduling or Recovering    nothing is waited for: the deadline ends the state
///     a write of the row          one call, because Recovering is left for Failing once it is stored
///     the teardown                asked first with `graceful`, then with force: both answered
///     the last write, Failed      one call
///
/// Calls that fail without an answer are repeated after a pause; one such pause is allowed to each of the three.
template <class Policies>
constexpr duration worst_case_until_failed(const Policies& policy) {
    const duration repeated = worst_case(policy.state_retry, 2, policy.wait.call);
    duration total = policy.restart.within.without_healthy_run;
    total = saturating_sum(total, policy.wait.healthy);
    total = saturating_sum(total, repeated);                                        // Recovering is stored
    total = saturating_sum(total, saturating_sum(policy.wait.graceful, repeated));  // the workers end
    return saturating_sum(total, repeated);                                         // Failed is stored
}

// Implementation ------------------------------------------------------------------------------------------------------

// SPEC 9: with these defaults, under 45 minutes.
static_assert(worst_case_until_failed(policies<>{}) < std::chrono::minutes(45));
static_assert(worst_case_until_failed(policies<>{}) > std::chrono::minutes(30));

// No budget of Scheduling can hold a job longer than that: they end the attempt, the deadline ends the job.
static_assert(worst_case(state_backoff, default_budgets()[error_kind::scheduler], patience{}.call) <
              default_restart.within.without_healthy_run);
static_assert(worst_case(state_backoff, default_budgets()[error_kind::state_backend], patience{}.call) <
              patience{}.worker_start_up);

}  // namespace headgate::inline v1
