#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what of the parts of a world is hashed, where it is not all.

#include <headgate/simulation/hasher.hpp>

namespace headgate::inline v1::simulation {

inline void hasher::put(call_id which) {
    const auto& asked = of_.calls[which.value - 1].asked;
    mix(asked.has_value() ? 1 : 0);
    if (asked) std::visit([&](const auto& r) { mix(asked->what.index()).add(asked->from).add(r.by); }, asked->what);
}

/// Of a counter it only matters whether it has moved on.
inline void hasher::put(const controller_seen& one) {
    const auto stands = of_.rows.controllers().find(one.incarnation);
    const bool is_newest = stands != of_.rows.controllers().end() and stands->second.counter == one.counter;
    add(one.incarnation).add(is_newest).add(one.is_gone);
}

inline void hasher::put_read(cursor up_to) {
    mix(up_to.value == 0 ? 1 : 2);
    for (const auto& [id, one] : of_.rows.jobs()) mix(one.changed > up_to.value ? 1 : 2);
}

inline void hasher::put(const worker_log& one) {
    fields::apply(one, [&](std::uint64_t last, std::uint64_t, const auto& exits) {
        mix(last == 0 ? 1 : 2).mix(exits.size());
        for (const auto& [number, exit] : exits) add(exit);
    });
}

inline void hasher::put_seen(cursor up_to) {
    mix(up_to.value == 0 ? 1 : 2);
    fields::apply(of_.news, [&](std::uint64_t last, std::uint64_t freed, const auto& exits) {
        mix(last > up_to.value ? 1 : 2).mix(freed > up_to.value ? 1 : 2);
        for (const auto& [number, exit] : exits) mix(number > up_to.value ? 1 : 2);
    });
}

inline void hasher::put(const process& one) {
    fields::apply(one, [&](const auto& job, const auto& generation, const auto& identity, const auto&, auto dials,
                           auto is_genuine, auto phase, auto told, auto stream, auto unheard, auto is_extra,
                           auto has_engine, auto, auto runs, auto begun, auto, auto, auto, auto) {
        add(job).add(generation).add(identity).add(phase);
        if (phase == process::phase::ended) return;  // nothing more comes of it
        add(dials)
            .add(is_genuine)
            .add(told)
            .add(stream_id{stream})
            .add(stream_id{unheard})
            .add(is_extra)
            .add(has_engine);
        add(runs).add(begun);
    });
}

/// Of a generation that is over it matters alone who had it.
inline void hasher::put(const checks& one) {
    fields::apply(one, [&](const auto&, const auto& attempts, const auto& seen, const auto&...) {
        for (const auto& [name, attempt] : attempts) {
            const auto at = of_.rows.jobs().find(name.first);
            const bool is_over = at == of_.rows.jobs().end() or name.second < at->second.row.generation;
            if (is_over)
                add(name).add(attempt.claimant).add(attempt.digest);
            else
                add(name).add(attempt);
        }
        add(seen);
    });
}

inline void hasher::put(const wait_over& one) {
    add(one.of).add(one.what);
    if (one.what == wait_over::kind::stop_of_workers) add(one.by);
}

inline void hasher::put(const worker_lease& one) {
    fields::apply(one, [&](auto runs, auto length, auto beats, auto until, auto next, auto, const auto& unanswered) {
        add(runs).add(length).add(beats).add(until).add(next);
        if (not counts_time_) return;
        mix(unanswered.size());
        for (const auto& sent : unanswered) fields::apply(sent, [&](auto, instant renews) { add(renews); });
    });
}

inline void hasher::put(const worker_reports& one) {
    const bool before = std::exchange(has_limits_only_, true);
    spread(one);
    has_limits_only_ = before;
}

inline void hasher::put(const worker_machine& one) {
    fields::apply(one, [&](const worker_settings& self, const auto&... rest) {
        add(self.profile.id).add(self.profile.incarnation);
        (add(rest), ...);
    });
}

template <class Bindings, class Policies>
void hasher::put(const driver<Bindings, Policies>& one) {
    fields::apply(one, [&](auto handle, const auto& value, const auto&, const auto&, const auto&, auto secret_of,
                           const auto& dialling) { add(handle).add(value).add(secret_of).add(dialling); });
}

template <class Bindings, class Policies>
void hasher::put(const job_table<Bindings, Policies>& one) {
    fields::apply(one, [&](const auto&, const auto&, const auto& entries, const auto&, const auto&, const auto&,
                           auto next, const auto& restarting) {
        add(next).add(restarting).mix(entries.size());
        for (const auto& [handle, entry] : entries) add(entry.drive);
    });
}

template <class Bindings, class Policies>
void hasher::put(const routing<Bindings, Policies>& one) {
    fields::apply(one, [&](const streams& open, const auto&, auto) { add(open); });
}

template <class... Parts>
void hasher::put(const controller<Parts...>& one) {
    fields::apply(one, [&](const auto&, const auto& self, const auto& jobs, const auto& routing, const sightings& seen,
                           const auto&, auto has_more, const auto& leases, const auto&, auto, auto read, auto heard,
                           const auto&... calls) {
        add(self).add(jobs).add(routing).add(seen).add(has_more).add(leases);
        put_read(read), put_seen(heard);
        (add(calls), ...);
    });
}
}  // namespace headgate::inline v1::simulation
