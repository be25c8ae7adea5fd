#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what comes to a worker and is not for it: from strangers, and from controllers that are wrong.

#include <headgate/simulation/outside.hpp>

namespace headgate::inline v1::simulation {

namespace detail {

/// The execution with one thing wrong.
inline std::shared_ptr<const execution> with(const execution& what, auto change) {
    auto other = std::make_shared<execution>(what);
    change(*other);
    return other;
}

}  // namespace detail

/// Whoever has not the secret calls without the token; whoever has it, of another generation, plan or epoch.
inline void outside::misdirect(called what, connection_id on) {
    if (not strikes(fault::call_misdirected)) return;
    const process_number to = connections[on.value - 1].to;
    std::optional<invariant> breaks = invariant::one_effective_executor;
    const auto is_wrong = headgate::detail::overloaded{
        [](const identify&) { return false; },
        [&](execute& one) {
            if (chosen.choose(2) == 1) {
                one.what = detail::with(*one.what, [](execution& e) { ++e.generation.value; });
            } else {
                one.what = detail::with(*one.what, [](execution& e) { ++e.digest; });
                breaks = invariant::one_plan_a_generation;
            }
            return true;
        },
        [&](checkpoint& one) {
            if (chosen.choose(2) == 1) {
                --one.generation.value;
            } else {
                --one.name.epoch.value;
                breaks = invariant::names_are_unique;
                // A worker that then refuses the true one, as it stops, may say yes to what has begun there already.
                if (one.name.epoch == backend.all()[to].begun) breaks.reset();
            }
            return true;
        },
        [](stop& one) { return --one.generation.value, true; },
    };
    const bool is_of_a_stranger = chosen.choose(2) == 1;
    if (is_of_a_stranger or not std::visit(is_wrong, what.what)) {
        what.token = {};
        breaks = invariant::authority;
    }
    calls.push_back({.on = on, .breaks = breaks});
    what.id = {calls.size()};
    seen.say(now, "a stranger", [&] {
        return std::string("calls worker ") + std::to_string(to + 1) + ", which is not " +
               (breaks == invariant::authority ? "its own" : "of this generation, plan or epoch");
    });
    put_after(soon(fault::call_slow), to_worker{to, std::move(what)});
}

/// Claims to be the controller, to whom a worker says nothing but hello.
inline void outside::answer_as_a_stranger(process_number to, const worker_message& message) {
    stream& on = streams[backend.all()[to].stream - 1];
    rules.expect(std::holds_alternative<hello>(message), invariant::authority, now,
                 [&] { return "worker " + std::to_string(to + 1) + " tells a stranger more than hello"; });
    for (std::uint32_t words = 1 + chosen.choose(2); words > 0; --words) {
        controller_message what = challenge{};
        switch (chosen.choose(5)) {
            case 0: break;
            case 1: what = verdict(go{}); break;
            case 2: what = verdict(refused{"go away"}); break;
            case 3: what = verdict(accepted{std::chrono::seconds(1), std::chrono::hours(1)}); break;
            case 4: what = heartbeat_answer{}; break;
        }
        on.down = std::max(on.down, now + soon());
        queue.put(
            on.down,
            to_worker{
                .to = to, .what = std::move(what), .stream = {backend.all()[to].stream}, .is_of_a_stranger = true});
    }
}

}  // namespace headgate::inline v1::simulation
