#include <headgate/concepts/clock.hpp>

#include <headgate/conformance/archetypes/clock.hpp>
#include <headgate/conformance/laws/clock.hpp>
#include <headgate/simulation/clock.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

// Refuters.
struct cannot_tell : archetype::clock {
    void now() = delete;
};
struct changes_when_read : archetype::clock {
    instant now();
};
struct tells_wall_time : archetype::clock {
    std::chrono::system_clock::time_point now() const;
};
struct cannot_wake : archetype::timer {
    void at() = delete;
};

static_assert(not headgate::clock<cannot_tell>);
static_assert(not headgate::clock<changes_when_read>);
static_assert(not headgate::clock<tells_wall_time>);
static_assert(headgate::clock<cannot_wake> and not timer<cannot_wake>);
static_assert(not headgate::clock<int>);

// Liars.
struct goes_back : simulation::clock {
    instant now() const { return simulation::clock::now() - (readings_++ % 7 == 6 ? 1ms : 0ms); }

private:
    mutable int readings_ = 0;
};
struct wakes_early : simulation::clock {
    void at(instant when, auto done) { simulation::clock::at(when - 1ms, done); }
};
struct forgets_the_past : simulation::clock {
    void at(instant when, auto done) {
        if (when >= now()) simulation::clock::at(when, done);
    }
};
struct calls_twice : simulation::clock {
    void at(instant when, auto done) {
        simulation::clock::at(when, done);
        simulation::clock::at(when, done);
    }
};

constexpr auto run_until = [](auto& model, auto came) {
    while (not came() and model.run_one()) {
    }
};

using laws_broken = std::set<std::string>;

template <timer Timer>
laws_broken broken_laws() {
    laws_broken broken;
    const auto report = [&](std::string_view law, bool holds, const std::string& detail) {
        BOOST_TEST(holds == detail.empty());
        if (not holds) broken.emplace(law);
    };
    Timer model{};
    laws::check_clock(
        model, [](Timer& it) { it.advance(1ms); }, report);
    Timer other{};
    laws::check_timer(other, run_until, report);
    return broken;
}

BOOST_AUTO_TEST_CASE(the_virtual_clock_keeps_every_law) {
    BOOST_TEST((broken_laws<simulation::clock>() == laws_broken{}));
}

BOOST_AUTO_TEST_CASE(each_clock_that_lies_breaks_its_law) {
    BOOST_TEST(broken_laws<goes_back>().contains("monotonic"));
    BOOST_TEST((broken_laws<wakes_early>() == laws_broken{"not_early"}));
    BOOST_TEST((broken_laws<forgets_the_past>() == laws_broken{"once"}));
    BOOST_TEST((broken_laws<calls_twice>() == laws_broken{"once"}));
}

BOOST_AUTO_TEST_CASE(timers_of_the_virtual_clock_run_in_order_of_time_and_then_of_setting) {
    simulation::clock model;
    std::vector<int> order;
    model.at(instant{} + 2ms, [&] { order.push_back(3); });
    model.at(instant{} + 1ms, [&] {
        order.push_back(1);
        model.at(model.now(), [&] { order.push_back(2); });
    });
    model.at(instant{} + 2ms, [&] { order.push_back(4); });
    model.at(instant{} + 9ms, [&] { order.push_back(9); });
    model.advance(5ms);
    BOOST_TEST(order == (std::vector{1, 2, 3, 4}), boost::test_tools::per_element());
    BOOST_TEST((model.now() == instant{} + 5ms));
    BOOST_TEST((model.next() == instant{} + 9ms));
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_virtual_clock_holds_its_timers) {
    simulation::clock model;
    int calls = 0;
    model.at(instant{} + 1ms, [&] { ++calls; });
    simulation::clock copy = model;
    copy.advance(1ms);
    BOOST_TEST(calls == 1);
    BOOST_TEST(model.waiting() == 1u);
}

}  // namespace
