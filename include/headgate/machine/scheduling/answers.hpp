#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Scheduling, what the outside answers.

#include <headgate/machine/scheduling/want.hpp>

namespace headgate::inline v1 {

template <class Context>
step<scheduling> on(scheduling& s, Context& c, const answered<start_workers>& a) {
    if (not c.accepts(s.asked, a.to)) return stay;
    // A start may be repeated: the backend starts the same identities once. What it waits for now are not slots.
    const auto again = [&](const error& why) -> step<scheduling> {
        s.lacking.reset();
        c.again(s.asked, as(error_kind::scheduler, why));
        return stay;
    };
    const auto have_them = [&]() -> step<scheduling> {
        leave_out_wait(s, c);
        s.asked.learn({});
        s.lacking.reset();
        s.lacking_since = s.lacked_at = never;
        return stay;
    };
    const auto not_started = [&](const error& why) -> step<scheduling> {
        if (why.kind == error_kind::permanent or why.kind == error_kind::invalid) return to<failing>(why);
        if (why.kind == error_kind::scheduler and why.needed > c.current().value) return claim_above(c, why);
        if (why.kind != error_kind::not_enough_slots) return again(why);
        const bool is_one_awaited = not s.is_placed and c.job.workers.count(worker_phase::launched) > 0;
        if (not is_one_awaited) return have_them();
        if (drop_surplus(s, c)) return stay;
        if (c.job.workers.wanted_count() < c.job.workers.members().size()) return cannot_replace(c, why);
        wait_for_slots(s, c, why);
        return stay;
    };
    return a.result.match([&](applied) { return have_them(); }, not_started, again);
}

/// Who stopped these generations has gone, or did so before the row was removed; or has the job, which the claim finds.
template <class Context>
step<scheduling> claim_above(Context& c, const error& why) {
    // No next one wraps (I16).
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max() / 2;
    if (why.needed > most) return fail_attempt(c, why);
    c.job.next.generation.value = static_cast<std::uint32_t>(why.needed - 1);
    c.job.is_generation_used = true;
    return fail_attempt(c, why);
}

/// Workers that were given up may hold the slots, and only a stop of their generation frees them: those that it did
/// without, and could not replace, have failed this attempt. Who was lost, or did not come in time, was spent before.
template <class Context>
step<scheduling> cannot_replace(Context& c, const error& why) {
    c.job.is_generation_used = true;
    error failed{.kind = error_kind::worker_initialization,
                 .text = "workers that were given up cannot be replaced: " + describe(why)};
    const auto is_unspent = [&](const worker& w) { return w.phase == worker_phase::gone and cannot_be_dialled(w, c); };
    if (c.job.exhausted) return after_exhaustion(c, *c.job.exhausted);
    if (std::ranges::any_of(c.job.workers.members(), is_unspent)) return fail_attempt(c, failed);
    if (c.job.spent[static_cast<std::size_t>(failed.kind)] == 0) failed.kind = error_kind::worker_start_up;
    return to<scheduling>(failed);
}

/// Replacements of workers that came back are not needed any more. Answers whether there were any.
template <class Context>
bool drop_surplus(scheduling& s, Context& c) {
    auto& members = c.job.workers.all();
    std::size_t surplus = c.job.workers.wanted_count() - std::min(c.job.workers.wanted_count(), crew_size(c));
    const bool has_any = surplus > 0;
    for (auto one = members.rbegin(); one != members.rend() and surplus > 0; ++one) {
        if (one->phase != worker_phase::launched) continue;
        drop(*one, c, "is not needed any more");
        --surplus;
    }
    if (has_any) s.asked.forget();
    return has_any;
}

/// A wait for slots without limit does not count against the job (R3). Up to now it is left out.
template <class Context>
void leave_out_wait(const scheduling& s, Context& c) {
    headgate::job& j = c.job;
    if (waits_without_limit(s, c) and j.healthy_at != never)
        j.healthy_at = later(j.healthy_at, c.since(std::max(s.lacked_at, j.healthy_at)));
}

/// Asked again every second, half of it random (S6).
template <class Context>
void wait_for_slots(scheduling& s, Context& c, const error& why) {
    if (s.lacking_since == never) {
        s.lacking_since = s.lacked_at = c.from_now({});
        c.say(remark::severity::info, "waiting for slots: needed " + std::to_string(why.needed) + ", available " +
                                          std::to_string(why.available));
    }
    leave_out_wait(s, c);
    s.lacking = why;
    s.lacked_at = c.from_now({});
    const equal_jitter poll{exponential{.first = c.policy.wait.slot_poll, .most = c.policy.wait.slot_poll}};
    c.pause(s.asked, poll(s.asked.attempt(), s.asked.paused(), c.bits()));
    if (c.job.wish->waits_for_slots) s.until = c.from_now(c.policy.wait.worker_start_up);
}

template <class Context>
step<scheduling> on(scheduling& s, Context&, const slots_freed&) {
    if (s.lacking) s.asked.forget();
    return stay;
}

template <class Context>
step<scheduling> on(scheduling& s, Context& c, const answered<load_checkpoint>& a) {
    if (not c.accepts(s.loaded, a.to)) return stay;
    if (not a.result)
        c.again(s.loaded, {.kind = error_kind::state_backend, .text = describe(a.result.error())});
    else if (not *a.result)
        c.again(s.loaded, {.kind = error_kind::state_backend, .text = "its metadata is missing"});
    else
        s.loaded.learn(*a.result);
    return stay;
}

template <class Context>
step<scheduling> on(scheduling& s, Context& c, const answered<prepare_checkpoint>& a) {
    if (not c.accepts(s.prepared, a.to)) return stay;
    const auto again = [&](const error& why) {
        c.again(s.prepared, {.kind = error_kind::state_backend, .text = describe(why)});
    };
    a.result.match([&](applied) { s.prepared.learn({}); }, again, again);
    return stay;
}

template <class Context>
step<scheduling> on(scheduling&, Context& c, const answered<dial>& a) {
    on_dialled(c, a);
    return stay;
}

template <class Context>
step<scheduling> on(scheduling&, Context& c, const answered<start_execution>& a) {
    worker* const w = c.accepts(&worker::launched, a.to);
    if (not w) return stay;
    // It may be repeated: a worker that has this plan answers applied.
    const auto again = [&](const error& why) -> step<scheduling> {
        c.again(*w, w->launched, {.kind = error_kind::start_execution, .text = describe(why)});
        return stay;
    };
    return a.result.match(
        [&](applied) -> step<scheduling> {
            w->launched.learn({});
            return stay;
        },
        [&](const error& why) -> step<scheduling> {
            if (why.kind == error_kind::invalid)  // no worker can be told it, however often it is tried
                return to<failing>(error{.kind = why.kind, .text = "start execution: " + why.text});
            if (why.kind != error_kind::permanent) return again(why);
            return fail_attempt(c, {.kind = error_kind::start_execution, .text = "refused: " + describe(why)});
        },
        again);
}

}  // namespace headgate::inline v1
