// SPDX-License-Identifier: BSL-1.0
#include <headgate/fact/fact.hpp>
#include <headgate/fact/waiting.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr instant zero{};

constexpr fact<int> asked() {
    fact<int> f;
    f.ask(zero + 10s);
    return f;
}

constexpr fact<int> paused() {
    fact<int> f = asked();
    f.pause(2s, zero + 1s);
    return f;
}

constexpr fact<int> asked_again() {
    fact<int> f = paused();
    f.ask(zero + 20s);
    return f;
}

constexpr fact<int> learnt() {
    fact<int> f = asked_again();
    f.learn(7);
    return f;
}

constexpr fact<int> forgotten() {
    fact<int> f = asked_again();
    f.forget();
    return f;
}

static_assert(not fact<int>() and fact<int>().due(zero) and not fact<int>().overdue(never));
static_assert(fact<int>().deadline() == never and fact<int>().attempt() == attempt{0});

static_assert(not asked() and asked().in_flight() and asked().attempt() == attempt{1});
static_assert(not asked().due(never) and asked().deadline() == zero + 10s);
static_assert(not asked().overdue(zero + 9s) and asked().overdue(zero + 10s));

static_assert(not paused() and not paused().in_flight() and paused().paused() == 2s);
static_assert(not paused().due(zero + 2s) and paused().due(zero + 3s) and paused().deadline() == zero + 3s);
static_assert(not paused().overdue(never));

static_assert(asked_again().attempt() == attempt{2} and asked_again().tries() == attempt{2});
static_assert(learnt() and learnt().value() == 7 and not learnt().in_flight());
static_assert(not learnt().due(never) and not learnt().overdue(never) and learnt().deadline() == never);

static_assert(not forgotten() and forgotten().due(zero) and forgotten().paused() == duration::zero());
static_assert(forgotten().attempt() == attempt{2}, "so the answer to an earlier asking stays stale");
static_assert(forgotten().tries() == attempt{0} and learnt().tries() == attempt{0}, "a backoff begins anew");

// The one look at the time: what has not come arms the deadline, what has come does not.
constexpr waiting at_ten{moment{zero + 10s, 1}};
constexpr instant deadline_after(instant first, instant second) {
    waiting w = at_ten;
    w.reached(first);
    w.reached(second);
    return w.deadline();
}
constexpr bool has_come(instant until) { return waiting(at_ten).reached(until); }
static_assert(at_ten.deadline() == never);
static_assert(has_come(zero + 10s) and not has_come(zero + 11s));
static_assert(deadline_after(zero + 12s, zero + 11s) == zero + 11s, "the earliest");
static_assert(deadline_after(zero + 9s, zero + 10s) == never);
static_assert(at_ten.from_now(5s) == zero + 15s and at_ten.from_now(duration::max()) == never, "it never wraps");
static_assert(at_ten.since(zero + 4s) == 6s);

BOOST_AUTO_TEST_CASE(each_draw_of_a_step_is_its_own_and_the_same_seed_draws_the_same_R4) {
    waiting one(moment{zero, 42}), same(moment{zero, 42}), other(moment{zero, 43});
    std::set<std::uint64_t> drawn;
    for (int i = 0; i < 1'000; ++i) {
        const std::uint64_t bits = one.bits();
        BOOST_TEST(bits == same.bits());
        drawn.insert(bits);
        drawn.insert(other.bits());
    }
    BOOST_TEST(drawn.size() == 2'000u);
}

}  // namespace
