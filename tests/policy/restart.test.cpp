// SPDX-License-Identifier: BSL-1.0
#include <headgate/policy/governor.hpp>
#include <headgate/policy/restart.hpp>
#include <headgate/policy/worst_case.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr instant start{1'000'000ms};
constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();

constexpr restart_after fixed{.pause = constant{5s}, .within = {.restarts = 3, .without_healthy_run = 10min}};
constexpr restart_after growing{.pause = exponential{.first = 1s, .most = 1min}, .within = {.restarts = 100}};
constexpr failure_rate rare{
    .failures = 3, .interval = 60s, .pause = 1s, .within = {.restarts = most, .without_healthy_run = duration::max()}};
static_assert(restart_policy<restart_after<constant>> and restart_policy<restart_after<equal_jitter<exponential>>> and
              restart_policy<failure_rate>);
static_assert(not restart_policy<exponential> and not restart_policy<int>);

constexpr job_failure failure_at(instant now) { return {.now = now, .healthy_at = start}; }

/// The pauses until the policy gives up, and why; the job fails as soon as it was restarted.
struct course {
    std::vector<duration> pauses;
    restart_verdict end{};
    duration length{};
};

template <restart_policy Policy>
course fails_at_once(const Policy& policy, restart_memory memory = {}) {
    course seen;
    instant now = start;
    while (seen.pauses.size() < 10'000) {
        const restart_answer answer = policy(memory, failure_at(now));
        seen.end = answer.verdict;
        seen.length = now - start;
        if (answer.verdict != restart_verdict::restart) break;
        seen.pauses.push_back(answer.pause);
        now = std::min(now + answer.pause, policy.gives_up_at(start));
        memory = answer.next;
    }
    return seen;
}

BOOST_AUTO_TEST_CASE(a_budget_of_n_restarts_is_n_restarts_R3) {
    const course seen = fails_at_once(fixed);
    BOOST_TEST((seen.pauses == std::vector<duration>(3, 5s)));
    BOOST_TEST((seen.end == restart_verdict::restarts_spent));
    BOOST_TEST((fails_at_once(fixed, {.restarts = 2}).pauses.size() == 1));
    BOOST_TEST((fails_at_once(fixed, {.restarts = most}).pauses.empty()));
}

BOOST_AUTO_TEST_CASE(time_without_a_healthy_run_ends_the_restarts_too_R3) {
    const course seen = fails_at_once(
        restart_after{.pause = constant{4min}, .within = {.restarts = 100, .without_healthy_run = 10min}});
    BOOST_TEST((seen.end == restart_verdict::time_spent));
    BOOST_TEST((seen.length == 10min));
    BOOST_TEST((fixed.gives_up_at(start) == start + 10min));
    BOOST_TEST((fixed({}, failure_at(start + 10min - 1ms)).verdict == restart_verdict::restart));
    BOOST_TEST((fixed({}, failure_at(start + 10min)).verdict == restart_verdict::time_spent));
    BOOST_TEST((rare.gives_up_at(start) == never));
}

BOOST_AUTO_TEST_CASE(exponential_restarts_begin_anew_after_a_healthy_run_R3) {
    restart_memory memory;
    for (int i = 0; i < 4; ++i) memory = growing(memory, failure_at(start)).next;
    BOOST_TEST((growing(memory, failure_at(start)).pause == 16s));
    memory = growing.after_running(memory, 2min);
    BOOST_TEST((memory == restart_memory{}));
    BOOST_TEST((growing(memory, failure_at(start)).pause == 1s));
}

BOOST_AUTO_TEST_CASE(a_failure_rate_allows_its_failures_in_its_interval_and_no_more_R3) {
    restart_memory memory;
    instant now = start;
    for (int i = 0; i < 3; ++i) {
        const restart_answer answer = rare(memory, failure_at(now));
        BOOST_TEST((answer.verdict == restart_verdict::restart and answer.pause == 1s));
        memory = answer.next;
    }
    BOOST_TEST((rare(memory, failure_at(now)).verdict == restart_verdict::restarts_spent));
    BOOST_TEST((rare(memory, failure_at(now + 20s - 1ms)).verdict == restart_verdict::restarts_spent));
    BOOST_TEST((rare(rare.after_running(memory, 2min), failure_at(now)).verdict == restart_verdict::restarts_spent));
    BOOST_TEST((rare(memory, failure_at(now + 20s)).verdict == restart_verdict::restart));
    for (int i = 0; i < 1'000; ++i) {
        now += 20s;
        const restart_answer answer = rare(memory, failure_at(now));
        BOOST_TEST_REQUIRE((answer.verdict == restart_verdict::restart));
        memory = answer.next;
    }
}

BOOST_AUTO_TEST_CASE(no_restart_policy_wraps_at_the_largest_numbers) {
    const restart_memory full{.restarts = most - 1, .paused = duration::max(), .calm_at = never};
    const job_failure late{.now = never, .healthy_at = never, .bits = ~std::uint64_t{0}};
    BOOST_TEST((restart_after{.pause = exponential{.first = duration::max(), .most = duration::max()},
                              .within = {.restarts = most}}(full, late)
                    .verdict == restart_verdict::time_spent));
    BOOST_TEST((rare(full, {.now = start, .healthy_at = start}).verdict == restart_verdict::restarts_spent));
    const failure_rate endless{.failures = 0, .interval = duration::max(), .within = {.restarts = most}};
    BOOST_TEST((endless({}, failure_at(start)).verdict == restart_verdict::restart));
}

// SPEC 9.
static_assert(default_restart.within.restarts == 20 and default_restart.within.without_healthy_run == 30min);
static_assert(default_restart({}, failure_at(start)).pause == 500ms);

/// The obvious version of a governor: tokens that are counted one by one, for restarts in the order of their asking.
std::vector<instant> token_by_token(std::uint32_t burst, duration every, const std::vector<instant>& asked) {
    std::vector<instant> went;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        // A restart may go at the earliest instant at which no window of burst + 1 restarts is too short.
        instant go = asked[i];
        if (not went.empty()) go = std::max(go, went.back());
        const auto is_too_many = [&] {
            for (std::size_t first = 0; first < i; ++first)
                if (went[first] + every * (static_cast<int>(i - first) - static_cast<int>(burst) + 1) > go) return true;
            return false;
        };
        while (is_too_many()) ++go;
        went.push_back(go);
    }
    return went;
}

BOOST_AUTO_TEST_CASE(a_governor_lets_a_burst_go_and_then_one_at_a_time_R3) {
    const governor turns{.burst = 3, .every = 10ms};
    governor_state state;
    std::vector<duration> went;
    for (int i = 0; i < 6; ++i) {
        const turn next = turns(state, start);
        state = next.next;
        went.push_back(next.go - start);
    }
    BOOST_TEST((went == std::vector<duration>{0ms, 0ms, 0ms, 10ms, 20ms, 30ms}));
    BOOST_TEST((turns(state, start + 1h).go == start + 1h));
    BOOST_TEST((turns({never}, start).next.full_at == never));
}

BOOST_AUTO_TEST_CASE(a_governor_decides_as_counting_tokens_does_R3) {
    std::uint64_t bits = 1;
    int wrong = 0;
    for (int round = 0; round < 500; ++round) {
        const auto below = [&](std::uint64_t bound) {
            bits = bits * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
            return (bits >> 33) % bound;
        };
        const governor turns{.burst = 1 + static_cast<std::uint32_t>(below(4)),
                             .every = duration(static_cast<int>(below(12)))};
        std::vector<instant> asked, went;
        instant now = start;
        governor_state state;
        for (int i = 0; i < 40; ++i) {
            now += duration(static_cast<int>(below(15)));
            asked.push_back(now);
            const turn next = turns(state, now);
            state = next.next;
            went.push_back(next.go);
        }
        wrong += went != token_by_token(turns.burst, turns.every, asked);
    }
    BOOST_TEST(wrong == 0);
}

// R5.
static_assert(worst_case(constant{2s}, 3, 5s) == 3 * 5s + 2 * 2s);
static_assert(worst_case(constant{2s}, 1, 5s) == 5s and worst_case(constant{2s}, 0, 5s) == 0s);
static_assert(worst_case(exponential{.first = 1s, .most = 3s}, 5, 0s) == 1s + 2s + 3s + 3s);
static_assert(worst_case(dial_backoff, 3, 5s) == 3 * 5s + 100ms + 200ms);
static_assert(worst_case(constant{duration::max()}, most, 1s) == duration::max());
static_assert(worst_case(constant{1s}, most, duration::max()) == duration::max());
static_assert(worst_case(state_backoff, 20, 10s) < 18min);

}  // namespace
