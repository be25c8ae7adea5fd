#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `clock` and `timer`, for any model and any test framework.

#include <headgate/concepts/clock.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace headgate::inline v1::laws {

/// Calls `report("monotonic", holds, detail)`. `pass(clock)` lets a little time pass, or does nothing.
template <class Clock, class Pass, law_report Report>
    requires clock<Clock>
void check_clock(Clock& model, Pass pass, Report report);

/// Calls `report(law, holds, detail)` once for each law of a timer. `settle(model, came)` runs the model until `came()`
/// is true, or for as long as the caller has patience. Takes about 30 ms of the model's time.
template <class Timer, class Settle, law_report Report>
    requires timer<Timer>
void check_timer(Timer& model, Settle settle, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// What became of one `at`. The call may come from any thread.
struct alarm {
    instant when{};
    std::atomic<int> calls{};
    std::atomic<bool> was_early{};
};

template <class Timer>
std::shared_ptr<alarm> set_alarm(Timer& model, instant when) {
    const auto set = std::make_shared<alarm>();
    set->when = when;
    model.at(when, [set, &model] {
        if (model.now() < set->when) set->was_early = true;
        ++set->calls;
    });
    return set;
}

}  // namespace detail

template <class Clock, class Pass, law_report Report>
    requires clock<Clock>
void check_clock(Clock& model, Pass pass, Report report) {
    constexpr int readings = 1'000;
    findings found;
    instant last = model.now();
    for (int i = 0; i < readings; ++i) {
        if (i % 100 == 99) pass(model);
        const instant now = model.now();
        found.note_call("now(): " + std::to_string(now.time_since_epoch().count()) + " ms");
        found.expect(now >= last, "no time before " + std::to_string(last.time_since_epoch().count()) + " ms",
                     std::to_string(now.time_since_epoch().count()) + " ms");
        last = now;
    }
    report("monotonic", found.empty(), found.text());
}

template <class Timer, class Settle, law_report Report>
    requires timer<Timer>
void check_timer(Timer& model, Settle settle, Report report) {
    using std::chrono::milliseconds;
    const instant start = model.now();
    const std::array alarms{
        detail::set_alarm(model, start + milliseconds(30)),    detail::set_alarm(model, start),
        detail::set_alarm(model, start - milliseconds(1'000)), detail::set_alarm(model, start + milliseconds(1)),
        detail::set_alarm(model, start + milliseconds(1)),     detail::set_alarm(model, start - std::chrono::hours(1'000))};
    settle(model, [&] {
        for (const auto& each : alarms)
            if (each->calls == 0) return false;
        return true;
    });
    findings early, once;
    for (const auto& each : alarms) {
        const std::string of = " for " + std::to_string((each->when - start).count()) + " ms from the start";
        early.expect(not each->was_early, "no call before its time" + of);
        once.expect(each->calls == 1, "one call" + of, std::to_string(each->calls));
    }
    report("not_early", early.empty(), early.text());
    report("once", once.empty(), once.text());
}

}  // namespace headgate::inline v1::laws
