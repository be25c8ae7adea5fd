#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the periodic checkpoints of a running job, one at a time (J1).
//
//   stage        asks for                                          then
//   idle         -- (the interval; at first a random point of it)  beginning
//   beginning    row in progress, durable before any barrier       collecting
//   collecting   a barrier into each planned worker; every         storing
//                subtask's report
//   storing      the metadata in the state backend                 readying
//   readying     row ready; every 4th time old rows are listed     idle, or removing
//   removing     the oldest listed checkpoint's objects gone       compacting; if that fails, as after compacting
//   compacting   its row compacted                                 removing while any are listed, else idle
//   failing      row failed                                        idle
//
// Its commit phase is not there yet: no row becomes committing.

#include <headgate/fact/fact.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/tasks.hpp>
#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/fenced.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

enum class checkpoint_stage : std::uint8_t {
    idle,
    beginning,
    collecting,
    storing,
    readying,
    removing,
    compacting,
    failing,
};

struct checkpoints {
    checkpoint_stage stage{};
    checkpoint_name name{};  ///< of the one being taken, or taken last
    instant due = never;     ///< the next one; not armed yet: never
    duration interval{};     ///< that `due` was armed with; the wish may ask for another meanwhile
    instant began{};         ///< the one being taken; for people
    instant since = never;   ///< its barriers were asked for; time without the database does not count
    std::uint32_t since_clean{};
    fact<checkpoint_written> row{};  ///< of the stage: one after the other, so each asking has its own attempt
    fact<> object{};                 ///< likewise
    subtask_set reported{};
    checkpoint_metadata metadata{};
    std::size_t handle_bytes{};               ///< of all handles in `metadata`
    std::vector<checkpoint_name> obsolete{};  ///< at most `most_obsolete`
    bool has_left = false;                    ///< of those that were listed

    bool wants_barriers() const { return stage == checkpoint_stage::collecting; }

    friend bool operator==(const checkpoints&, const checkpoints&) = default;
};

/// Asks for whatever the stage needs. Precondition: the job runs and is durable.
template <class Context>
void want(checkpoints& k, Context& c);

/// To each planned worker that is attended while `wants_barriers`.
template <class Context>
void want_barrier(const checkpoints& k, worker& w, Context& c);

template <class Context>
void on(checkpoints& k, Context& c, const fenced<checkpoint_report>& m);
template <class Context>
void on(checkpoints& k, Context& c, const answered<begin_checkpoint>& a);
template <class Context>
void on(checkpoints& k, Context& c, const answered<write_checkpoint>& a);
template <class Context>
void on(checkpoints& k, Context& c, const answered<store_checkpoint>& a);
template <class Context>
void on(checkpoints& k, Context& c, const answered<remove_checkpoint>& a);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline void enter(checkpoints& k, checkpoint_stage next) {
    k.stage = next;
    k.row.forget();
    k.object.forget();
}

template <class Context>
void begin(checkpoints& k, Context& c) {
    k.name = {{k.name.epoch.value + 1}, c.current()};
    k.began = c.from_now({});
    k.reported = subtask_set(c.job.tasks.count());
    k.metadata = {.name = k.name, .nodes = {}};
    k.handle_bytes = 0;
    for (const node& each : c.job.running->program->nodes) {
        node_state& state = k.metadata.nodes.emplace_back();
        state.node = each.id;
        state.parallelism = each.parallelism;
        for (const chained_operator& one : each.operators) state.operators.push_back(one.id);
        state.handles.resize(each.parallelism);
    }
    for (worker& w : c.job.workers.all()) w.barrier.forget();
    enter(k, checkpoint_stage::beginning);
}

/// After a failure the next one is tried at its time; budget spent: the job recovers.
template <class Context>
void fail(checkpoints& k, Context& c, const std::string& why) {
    const error failed{.kind = error_kind::checkpoint,
                       .text = "epoch " + std::to_string(k.name.epoch.value) + ": " + why};
    c.say(remark::severity::warning, describe(failed));
    c.spend(failed);
    enter(k, checkpoint_stage::failing);
}

/// What is wrong with the newest handle; empty: nothing.
inline std::string too_much(const checkpoints& k, const std::string& handle, const limits& most) {
    const auto above = [](std::size_t bytes, std::size_t limit) {
        return std::to_string(bytes) + " bytes, above the limit of " + std::to_string(limit);
    };
    if (handle.size() > most.handle) return "its handle has " + above(handle.size(), most.handle);
    if (k.handle_bytes > most.handles) return "with its handle all have " + above(k.handle_bytes, most.handles);
    return {};
}

/// Whatever it is that somebody wishes (S19).
template <class Context>
duration interval(const Context& c) {
    return std::max(c.job.wish->checkpoint_interval, duration(1));
}

template <class Context>
void idle(checkpoints& k, Context& c) {
    k.metadata = {};
    k.interval = interval(c);
    k.due = c.from_now(k.interval);
    enter(k, checkpoint_stage::idle);
}

/// The first of the obsolete ones is done with.
template <class Context>
void next_obsolete(checkpoints& k, Context& c) {
    k.obsolete.erase(k.obsolete.begin());
    k.obsolete.empty() ? idle(k, c) : enter(k, checkpoint_stage::removing);
}

/// Its objects are still there, which costs the job nothing, nor keeps those behind it: it is listed again with the
/// next cleaning. Said once a cleaning.
template <class Context>
void leave(checkpoints& k, Context& c, const error& why) {
    const checkpoint_name name = k.obsolete.front();
    if (not std::exchange(k.has_left, true))
        c.say(remark::severity::warning, "the checkpoint of epoch " + std::to_string(name.epoch.value) +
                                             ", generation " + std::to_string(name.generation.value) +
                                             " is obsolete and was not removed: " + describe(why) +
                                             "; what is left is tried again with the next cleaning");
    next_obsolete(k, c);
}

template <class Context>
void want_row(checkpoints& k, Context& c, checkpoint_name name, checkpoint_state state, std::uint32_t keep = 0) {
    c.want(k.row, [&] {
        return write_checkpoint{.job = c.job.id,
                                .generation = c.current(),
                                .owner = c.job.self,
                                .row = {.name = name, .state = state},
                                .keep = keep};
    });
}

}  // namespace detail

template <class Context>
void want(checkpoints& k, Context& c) {
    const bool is_taking = k.stage == checkpoint_stage::collecting or k.stage == checkpoint_stage::storing;
    if (is_taking and c.reached(later(k.since, c.policy.wait.checkpoint))) detail::fail(k, c, "not complete in time");
    if (k.stage == checkpoint_stage::removing and k.object.in_flight() and c.reached(k.object.deadline())) {
        k.obsolete.resize(1);  // whoever is that slow is not asked for more
        detail::leave(k, c, {.kind = error_kind::state_backend, .text = "no answer in time"});
    }

    if (k.stage == checkpoint_stage::idle) {
        const duration interval = detail::interval(c);
        if (k.due == never) {
            const auto most = static_cast<std::uint64_t>(interval.count());
            k.name = {c.job.running->start_epoch, c.current()};
            k.due = c.from_now(duration(static_cast<duration::rep>(c.bits() % (most + 1))));
        } else if (k.interval != interval) {
            k.due = c.from_now(interval);
        }
        k.interval = interval;
        if (not c.reached(k.due)) return;
        detail::begin(k, c);
    }
    if (k.stage == checkpoint_stage::beginning) {
        detail::want_row(k, c, k.name, checkpoint_state::in_progress);
    } else if (k.stage == checkpoint_stage::storing) {
        c.want(k.object, [&] {
            return store_checkpoint{.job = c.job.id,
                                    .what = std::make_shared<const checkpoint_metadata>(k.metadata)};
        });
    } else if (k.stage == checkpoint_stage::readying) {
        const bool cleans = k.since_clean + 1 >= c.policy.clean_every;
        detail::want_row(k, c, k.name, checkpoint_state::ready, cleans ? c.policy.checkpoints_kept : 0);
    } else if (k.stage == checkpoint_stage::removing) {
        c.want(k.object, [&] { return remove_checkpoint{.job = c.job.id, .name = k.obsolete.front()}; });
    } else if (k.stage == checkpoint_stage::compacting) {
        detail::want_row(k, c, k.obsolete.front(), checkpoint_state::compacted);
    } else if (k.stage == checkpoint_stage::failing) {
        detail::want_row(k, c, k.name, checkpoint_state::failed);
    }
}

template <class Context>
void want_barrier(const checkpoints& k, worker& w, Context& c) {
    c.want(w, w.barrier, [&] { return begin_checkpoint{w.channel.value().connection, k.name}; });
}

template <class Context>
void on(checkpoints& k, Context& c, const fenced<checkpoint_report>& m) {
    const worker* const from = c.job.workers.find(m.of().worker);
    const checkpoint_report& said = m.value();
    if (k.stage != checkpoint_stage::collecting or said.epoch != k.name.epoch or not from->is_placed()) {
        ++c.job.count.stale;
        return;
    }
    if (said.failure)
        return detail::fail(k, c, "worker " + std::to_string(m.of().worker.value) + ": " + *said.failure);
    for (const subtask_state& one : said.subtasks) {
        if (not c.job.tasks.has(c.job.plan(), from->position, one.node, one.subtask)) {
            ++c.job.count.rejected;
            continue;
        }
        const std::uint32_t node = *c.job.tasks.find(one.node);
        const std::uint64_t bit = c.job.tasks.bit_of(node, one.subtask);
        std::string& handle = k.metadata.nodes[node].handles[one.subtask];
        k.handle_bytes = k.handle_bytes - handle.size() + one.handle.size();
        if (const std::string why = detail::too_much(k, one.handle, c.policy.most); not why.empty())
            return detail::fail(k, c,
                                "node " + std::to_string(one.node.value) + ", subtask " + std::to_string(one.subtask) +
                                    ": " + why);
        handle = one.handle;
        k.reported.add(bit, bit + 1);
    }
    if (k.reported.missing() == 0) detail::enter(k, checkpoint_stage::storing);
}

template <class Context>
void on(checkpoints& k, Context& c, const answered<begin_checkpoint>& a) {
    if (not k.wants_barriers()) {
        ++c.job.count.stale;
        return;
    }
    worker* const w = c.accepts(&worker::barrier, a.to);
    if (not w) return;
    const auto again = [&](const error& why) {
        c.again(*w, w->barrier, {.kind = error_kind::checkpoint, .text = describe(why)});
    };
    a.result.match([&](applied) { w->barrier.learn({}); }, again, again);
}

template <class Context>
void on(checkpoints& k, Context& c, const answered<write_checkpoint>& a) {
    if (not c.accepts(k.row, a.to)) return;
    // The same row again is applied, so an unknown outcome is found out by asking again.
    const auto again = [&](const error& why) { c.again(k.row, why); };
    a.result.match(
        [&](const checkpoint_written& written) {
            if (k.stage == checkpoint_stage::beginning) {
                c.job.workers.attend_all();
                k.since = c.from_now({});
                return detail::enter(k, checkpoint_stage::collecting);
            }
            if (k.stage == checkpoint_stage::failing) return detail::idle(k, c);
            if (k.stage == checkpoint_stage::compacting) return detail::next_obsolete(k, c);
            k.since_clean = k.since_clean + 1 >= c.policy.clean_every ? 0 : k.since_clean + 1;
            for (const error_kind kind : {error_kind::checkpoint, error_kind::state_backend})
                c.job.spent[static_cast<std::size_t>(kind)] = 0;
            checkpoint_times& times = c.job.checkpointed;
            times.last = c.since(k.began);
            times.longest = std::max(times.longest, times.last);
            times.total += times.last;
            times.newest = k.name.epoch;
            ++times.count;
            c.say(remark::severity::info, "checkpoint of epoch " + std::to_string(k.name.epoch.value) + " is ready");
            k.obsolete = written.obsolete;
            k.has_left = false;
            k.obsolete.empty() ? detail::idle(k, c) : detail::enter(k, checkpoint_stage::removing);
        },
        again, again);
}

template <class Context>
void on(checkpoints& k, Context& c, const answered<store_checkpoint>& a) {
    if (not c.accepts(k.object, a.to)) return;
    const auto again = [&](const error& why) { c.again(k.object, as(error_kind::state_backend, why)); };
    const auto not_stored = [&](const error& why) {
        const bool is_final = why.kind == error_kind::permanent or why.kind == error_kind::invalid;
        is_final ? detail::fail(k, c, describe(why)) : again(why);
    };
    a.result.match([&](applied) { detail::enter(k, checkpoint_stage::readying); }, not_stored, again);
}

template <class Context>
void on(checkpoints& k, Context& c, const answered<remove_checkpoint>& a) {
    if (not c.accepts(k.object, a.to)) return;
    const auto otherwise = [&](const error& why) { detail::leave(k, c, why); };
    a.result.match([&](applied) { detail::enter(k, checkpoint_stage::compacting); }, otherwise, otherwise);
}

}  // namespace headgate::inline v1
