#include <headgate/asio/drive.hpp>

#include <headgate/conformance/laws/clock.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr auto patience = 1min;

/// Until it came, or for as long as no test should ever take.
void run_until(boost::asio::io_context& loop, auto came) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (not came() and std::chrono::steady_clock::now() < end) {
        loop.restart();
        loop.run_one_for(1s);
    }
}

using steady_time = std::chrono::steady_clock::time_point;
static_assert(asio::steady(never) == steady_time::max());
static_assert(asio::steady(instant::min()) == steady_time::min());
static_assert(asio::steady(instant{} + 5ms) == steady_time{} + 5ms);
static_assert(asio::steady(instant{} - 5ms) == steady_time{} - 5ms);

BOOST_AUTO_TEST_CASE(the_steady_clock_keeps_every_law_of_clock_and_timer) {
    boost::asio::io_context loop;
    asio::clock clock(loop);
    const auto report = [](std::string_view law, bool holds, const std::string& detail) {
        BOOST_TEST(holds, law << ": " << detail);
    };
    laws::check_clock(
        clock, [](const asio::clock&) {}, report);
    laws::check_timer(
        clock, [&](asio::clock&, auto came) { run_until(loop, came); }, report);
}

BOOST_AUTO_TEST_CASE(a_timer_for_never_does_not_fire_and_for_long_ago_fires_at_once) {
    boost::asio::io_context loop;
    asio::clock clock(loop);
    int past = 0, future = 0;
    clock.at(never, [&] { ++future; });
    clock.at(instant::min(), [&] { ++past; });
    BOOST_TEST(past == 0);
    run_until(loop, [&] { return past > 0; });
    loop.poll();
    BOOST_TEST(past == 1);
    BOOST_TEST(future == 0);
}

/// Counts its polls. What the test sets it does at its next poll.
struct toy {
    std::function<void(toy&)> at_poll{};
    instant deadline = never;
    std::function<void()> wake{};
    int polls = 0;

    void poll() {
        ++polls;
        if (at_poll) at_poll(*this);
    }
    instant next_deadline() const { return deadline; }
    void on_wake(std::function<void()> by) { wake = std::move(by); }
};

struct toy_that_ends : toy {
    int most = 3;
    bool is_over() const { return polls >= most; }
};

struct cannot_be_woken : toy {
    void on_wake() = delete;
};
struct cannot_be_polled : toy {
    void poll() = delete;
};
struct has_no_deadline : toy {
    void next_deadline() const = delete;
};
static_assert(asio::drivable<toy> and asio::drivable<toy_that_ends>);
static_assert(not asio::drivable<cannot_be_woken> and not asio::drivable<cannot_be_polled>);
static_assert(not asio::drivable<has_no_deadline> and not asio::drivable<int>);

BOOST_AUTO_TEST_CASE(what_is_driven_is_polled_once_at_the_beginning_and_then_waits_to_be_woken) {
    boost::asio::io_context loop;
    toy driven;
    asio::drive(loop, driven);
    BOOST_TEST(driven.polls == 0);  // never within the call
    loop.poll();
    BOOST_TEST(driven.polls == 1);
    loop.poll();
    BOOST_TEST(driven.polls == 1);
    BOOST_TEST(not loop.stopped());  // the loop has work for as long as it drives
    driven.wake();
    BOOST_TEST(driven.polls == 1);
    loop.poll();
    BOOST_TEST(driven.polls == 2);
}

BOOST_AUTO_TEST_CASE(many_wakes_are_one_poll_but_a_wake_during_a_poll_is_another) {
    boost::asio::io_context loop;
    toy driven;
    asio::drive(loop, driven);
    for (int i = 0; i < 10; ++i) driven.wake();
    loop.poll();
    BOOST_TEST(driven.polls == 1);
    driven.at_poll = [](toy& t) {
        if (t.polls < 5) t.wake();
    };
    driven.wake();
    loop.poll();
    BOOST_TEST(driven.polls == 5);
}

BOOST_AUTO_TEST_CASE(it_is_polled_when_its_deadline_has_come_and_not_before) {
    boost::asio::io_context loop;
    toy driven;
    std::vector<instant> polled;
    const instant start = asio::steady_now();
    driven.at_poll = [&](toy& t) {
        polled.push_back(asio::steady_now());
        // Later, sooner than that by a wake, and then no more.
        t.deadline = t.polls == 1 ? start + 5ms : t.polls == 2 ? start + 20ms : never;
    };
    asio::drive(loop, driven);
    run_until(loop, [&] { return driven.polls == 3; });
    loop.poll();
    BOOST_REQUIRE(driven.polls == 3);
    BOOST_TEST((polled[1] >= start + 5ms));
    BOOST_TEST((polled[2] >= start + 20ms));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_moves_replaces_the_one_before) {
    boost::asio::io_context loop;
    toy driven;
    const instant start = asio::steady_now();
    driven.deadline = start + 1h;
    asio::drive(loop, driven);
    loop.poll();
    BOOST_TEST(driven.polls == 1);

    driven.at_poll = [&](toy& t) { t.deadline = t.polls == 2 ? start + 2ms : never; };
    driven.wake();
    run_until(loop, [&] { return driven.polls == 3; });
    BOOST_TEST(driven.polls == 3);
}

BOOST_AUTO_TEST_CASE(a_wake_that_changes_no_deadline_leaves_the_timer_as_it_is) {
    boost::asio::io_context loop;
    toy driven;
    const instant deadline = asio::steady_now() + 5ms;
    driven.at_poll = [&](toy& t) { t.deadline = t.polls < 4 ? deadline : never; };
    asio::drive(loop, driven);
    for (int i = 0; i < 2; ++i) {
        loop.poll();
        driven.wake();
    }
    run_until(loop, [&] { return driven.polls == 4; });
    BOOST_TEST(driven.polls == 4);
    BOOST_TEST((asio::steady_now() >= deadline));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_past_means_another_poll_and_lets_others_run_between) {
    boost::asio::io_context loop;
    toy driven;
    int others = 0;
    driven.at_poll = [&](toy& t) {
        t.deadline = t.polls < 4 ? instant::min() : never;
        boost::asio::post(loop, [&] { ++others; });
    };
    asio::drive(loop, driven);
    run_until(loop, [&] { return driven.polls == 4 and others == 4; });
    BOOST_TEST(driven.polls == 4);
    BOOST_TEST(others == 4);
}

BOOST_AUTO_TEST_CASE(the_loop_ends_by_itself_when_all_that_it_drives_is_over) {
    boost::asio::io_context loop;
    toy_that_ends driven, other;
    driven.deadline = asio::steady_now() + 1h;
    driven.at_poll = other.at_poll = [](toy& t) { t.wake(); };
    other.most = 5;
    asio::drive(loop, driven);
    asio::drive(loop, other);
    loop.run_for(patience);
    BOOST_TEST(loop.stopped());
    BOOST_TEST(driven.polls >= 3);
    BOOST_TEST(other.polls >= 5);
}

BOOST_AUTO_TEST_CASE(any_threads_may_wake_and_run_the_loop_but_no_two_polls_are_at_a_time) {
    boost::asio::io_context loop;
    toy_that_ends driven;
    constexpr int wakers = 3, wakes = 500;
    std::atomic<int> inside{}, most_inside{}, asked{};
    int seen = 0;
    driven.most = std::numeric_limits<int>::max();
    driven.at_poll = [&](toy& t) {
        if (++inside > 1) ++most_inside;
        seen = asked;
        for (int i = 0; i < 20; ++i) std::this_thread::yield();
        t.deadline = asio::steady_now();  // so that timers poll too
        if (seen == wakers * wakes) static_cast<toy_that_ends&>(t).most = 0;
        --inside;
    };
    asio::drive(loop, driven);
    std::vector<std::jthread> threads;
    for (int i = 0; i < wakers; ++i)
        threads.emplace_back([&] {
            for (int time = 0; time < wakes; ++time) {
                ++asked;
                driven.wake();
            }
        });
    for (int i = 0; i < 2; ++i) threads.emplace_back([&] { loop.run_for(patience); });
    threads.clear();
    // No wake is lost: the last one was followed by a poll.
    BOOST_TEST(seen == wakers * wakes);
    BOOST_TEST(most_inside == 0);
}

}  // namespace
