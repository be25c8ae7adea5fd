// SPDX-License-Identifier: BSL-1.0
#include <headgate/policy/backoff.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();

constexpr exponential plain{.first = 100ms, .most = 1s};
static_assert(backoff<exponential>);
static_assert(plain({1}, 0ms, 0) == 100ms);
static_assert(plain({4}, 0ms, 0) == 800ms);
static_assert(plain({5}, 0ms, 0) == 1s, "capped");
static_assert(plain({4'294'967'295}, 0ms, 0) == 1s, "no attempt overflows");
static_assert(exponential{.first = 1ms, .most = duration::max()}({4'000'000'000}, 0ms, 0) == duration::max());
static_assert(exponential{.first = duration::max(), .most = duration::max()}({2}, 0ms, 0) == duration::max());
static_assert(exponential{.first = 2s, .most = 1s}({1}, 0ms, 0) == 1s);
static_assert(exponential{.first = 0ms, .most = 1s}({99}, 0ms, 0) == 0ms);
static_assert(plain({0}, 0ms, 0) == 100ms, "there is no attempt 0; it counts as the first");

constexpr duration endless = duration::max();
constexpr std::uint32_t last_attempt = std::numeric_limits<std::uint32_t>::max();

static_assert(bounded_backoff<constant> and bounded_backoff<linear> and bounded_backoff<exponential> and
              bounded_backoff<decorrelated> and bounded_backoff<full_jitter<linear>>);
static_assert(constant{3s}({1}, 0ms, 7) == 3s and constant{3s}({last_attempt}, 1h, all_ones) == 3s);

static_assert(linear{.first = 100ms, .step = 50ms, .most = 1s}({1}, 0ms, 0) == 100ms);
static_assert(linear{.first = 100ms, .step = 50ms, .most = 1s}({3}, 0ms, 0) == 200ms);
static_assert(linear{.first = 100ms, .step = 50ms, .most = 1s}({20}, 0ms, 0) == 1s);
static_assert(linear{.first = 2s, .step = 1s, .most = 1s}({1}, 0ms, 0) == 1s);
static_assert(linear{.first = 1s, .step = 0ms, .most = 2s}({last_attempt}, 0ms, 0) == 1s);
static_assert(linear{.first = 1s, .step = endless, .most = endless}({last_attempt}, 0ms, 0) == endless);
static_assert(linear{.first = endless, .step = endless, .most = endless}({2}, 0ms, 0) == endless);

constexpr decorrelated spread{.first = 100ms, .most = 1s};
static_assert(spread({1}, 0ms, 0) == 100ms and spread({1}, 0ms, 200) == 300ms and spread({1}, 0ms, 201) == 100ms);
static_assert(spread({2}, 200ms, 500) == 600ms and spread({2}, 200ms, 501) == 100ms);
static_assert(spread({9}, 900ms, 900) == 1s and spread({9}, 900ms, 901) == 100ms, "capped before the jitter");
static_assert(spread({1}, endless, all_ones) <= 1s);
static_assert(decorrelated{.first = 2s, .most = 1s}({1}, 0ms, all_ones) == 1s);
static_assert(decorrelated{.first = 1ms, .most = endless}({1}, endless, all_ones) > 0ms);
static_assert(spread.longest({1}) == 300ms and spread.longest({2}) == 900ms and spread.longest({3}) == 1s);
static_assert(spread.longest({last_attempt}) == 1s);
static_assert(decorrelated{.first = 0ms, .most = endless}.longest({last_attempt}) == 0ms);
static_assert(decorrelated{.first = endless, .most = endless}.longest({last_attempt}) == endless);

constexpr full_jitter full{plain};
static_assert(backoff<full_jitter<exponential>>);
static_assert(full({1}, 0ms, 0) == 0ms);
static_assert(full({1}, 0ms, 100) == 100ms);
static_assert(full({1}, 0ms, 101) == 0ms);
static_assert(full_jitter{exponential{.first = duration::max(), .most = duration::max()}}({1}, 0ms, all_ones) >= 0ms);

constexpr equal_jitter equal{plain};
static_assert(backoff<equal_jitter<exponential>>);
static_assert(equal({1}, 0ms, 0) == 100ms);
static_assert(equal({1}, 0ms, 50) == 50ms);
static_assert(equal({9}, 0ms, 500) == 500ms, "half of the cap");

// SPEC 9.
static_assert(dial_backoff.longest({1}) == 100ms);
static_assert(state_backoff.longest({1}) == 500ms and state_backoff.longest({8}) == 1min);

/// The obvious version.
constexpr duration double_and_cap(duration first, duration most, std::uint32_t failed) {
    duration delay = first;
    for (std::uint32_t i = 1; i < failed; ++i) delay *= 2;
    return std::min(delay, most);
}

static_assert(
    [] {
        for (duration first = 1ms; first <= 9ms; ++first)
            for (duration most = 1ms; most <= 70ms; ++most)
                for (std::uint32_t failed = 1; failed <= 9; ++failed)
                    if (exponential{first, most}({failed}, 0ms, 0) != double_and_cap(first, most, failed)) return false;
        return true;
    }(),
    "the closed form is the obvious version");

constexpr duration add_and_cap(duration first, duration step, duration most, std::uint32_t failed) {
    duration delay = first;
    for (std::uint32_t i = 1; i < failed; ++i) delay += step;
    return std::min(delay, most);
}

static_assert(
    [] {
        for (duration first = 0ms; first <= 4ms; ++first)
            for (duration step = 0ms; step <= 4ms; ++step)
                for (duration most = 0ms; most <= 20ms; ++most)
                    for (std::uint32_t failed = 1; failed <= 7; ++failed)
                        if (linear{first, step, most}({failed}, 0ms, 0) != add_and_cap(first, step, most, failed))
                            return false;
        return true;
    }(),
    "the closed form is the obvious version");

BOOST_AUTO_TEST_CASE(no_backoff_pauses_longer_than_it_says_or_for_less_than_nothing_R1) {
    const auto holds = [](const auto& pause) {
        duration previous{};
        std::uint64_t bits = 1;
        for (std::uint32_t failed = 1; failed <= 5'000; ++failed) {
            bits = bits * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
            const duration next = pause({failed}, previous, failed % 7 == 0 ? all_ones : bits);
            if (next < 0ms or next > pause.longest({failed})) return false;
            previous = next;
        }
        return true;
    };
    for (const duration most : {duration(0), duration(1), duration(999), duration(60'000), endless})
        for (const duration first : {duration(0), duration(1), duration(100), endless}) {
            BOOST_TEST(holds(constant{first}));
            BOOST_TEST(holds(linear{.first = first, .step = first, .most = most}));
            BOOST_TEST(holds(exponential{.first = first, .most = most}));
            BOOST_TEST(holds(decorrelated{.first = first, .most = most}));
            BOOST_TEST(holds(full_jitter{exponential{.first = first, .most = most}}));
            BOOST_TEST(holds(equal_jitter{linear{.first = first, .step = first, .most = most}}));
        }
}

BOOST_AUTO_TEST_CASE(decorrelated_jitter_covers_exactly_its_range_R1) {
    for (const duration previous : {0ms, 100ms, 150ms, 400ms, 1000ms}) {
        duration least = duration::max(), most = duration::min();
        for (std::uint64_t bits = 0; bits <= 2'000; ++bits) {
            least = std::min(least, spread({2}, previous, bits));
            most = std::max(most, spread({2}, previous, bits));
        }
        BOOST_TEST((least == 100ms and most == std::min(duration(1s), 3 * std::max(duration(100ms), previous))));
    }
}

BOOST_AUTO_TEST_CASE(jitter_covers_exactly_its_range_and_stays_below_the_cap_R1) {
    for (std::uint32_t failed = 1; failed <= 70; ++failed) {
        const duration whole = plain({failed}, 0ms, 0);
        duration least = duration::max(), most = duration::min(), least_equal = least, most_equal = most;
        for (std::uint64_t bits = 0; bits <= 2'000; ++bits) {
            least = std::min(least, full({failed}, 0ms, bits));
            most = std::max(most, full({failed}, 0ms, bits));
            least_equal = std::min(least_equal, equal({failed}, 0ms, bits));
            most_equal = std::max(most_equal, equal({failed}, 0ms, bits));
        }
        BOOST_TEST((least == 0ms and most == whole));
        BOOST_TEST((least_equal == whole - whole / 2 and most_equal == whole));
    }
}

}  // namespace
