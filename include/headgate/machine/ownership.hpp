#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: ownership of a job, one fact that is common to all states (S2, G2, G5, T4, T5).
//
// `next` is the row as it is to stand; whenever it differs from the one that stands, it is written by compare-exchange:
// as a claim while another owns the job or a new generation is begun, as a store otherwise. Each answer is the row that
// now stands, so a lost answer is found out by asking again, whatever it was the answer to.

#include <headgate/machine/context.hpp>
#include <headgate/machine/job.hpp>
#include <headgate/vocabulary/effect.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace headgate::inline v1 {

/// What an answer of the database means for the job.
enum class standing : std::uint8_t {
    mine,       ///< or of no consequence
    inherited,  ///< the last write of the owner that the job was taken from came late: go on from there
    lost,       ///< another controller has it: let go, touch nothing else
    refused,    ///< its row is gone, or a value in it is not taken: let go, to be taken up anew after a pause
    replaced,   ///< its row is gone, or is another one: stop its own workers, and let go
};

/// What becomes of a job whose row is `replaced`.
inline constexpr const char* let_go_with_its_workers = "the job is let go, and its workers are stopped";

/// Precondition: the job is not let go.
template <class Context>
void want_persisted(Context& c);

template <class Context>
standing on(Context& c, const answered<claim>& a);
template <class Context>
standing on(Context& c, const answered<store_row>& a);

/// This controller is to be the owner, with a generation that is above every earlier owner's.
inline void take(job& j) {
    if (j.next.owner == j.self) return;
    j.next.owner = j.self;
    ++j.next.generation.value;
    j.is_generation_used = false;
}

/// A job at rest whose workers are gone is nobody's: what a controller finds in such a row costs it nothing. Until then
/// its owner, or whoever takes over from it, repeats their stop (I12).
inline void release(job& j) {
    if (j.stop.gone and j.stop.up_to == j.next.generation) j.next.owner = {};
}

/// `since`, moved on by the time that the row has been waiting for the database since then (T5).
template <class Context>
instant without_outage(Context& c, instant since) {
    if (since == never or c.job.unwritten_since == never) return since;
    return later(since, c.since(std::max(c.job.unwritten_since, since)));
}

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline bool needs_claim(const job& j) { return not j.is_owned() or j.durable.generation != j.next.generation; }

template <class Context>
standing stood(Context& c, const job_row& row, const std::optional<checkpoint_row>* restore, const ticket& to) {
    job& j = c.job;
    const bool is_current = j.persisted.in_flight() and to.visit == j.writes and to.attempt == j.persisted.attempt();
    if (to.incarnation != j.self or row.revision < j.durable.revision) {
        // The write that is waited for was asked after the later row was seen: no late answer shows less.
        if (to.incarnation == j.self and is_current) {
            c.say(remark::severity::alarm,
                  "the job's row went back from revision " + std::to_string(j.durable.revision) + " to " +
                      std::to_string(row.revision) + ": it was edited by hand, or an older database was put back; " +
                      let_go_with_its_workers);
            return standing::replaced;
        }
        ++j.count.stale;
        return standing::mine;
    }
    // Whoever else had released it would have claimed it before, with a higher generation; or this is a claim that
    // releases at once.
    const bool is_released = j.is_owned() and row.owner == incarnation{} and
                             (row.generation == j.durable.generation or same_content(row, j.next));
    if (row.owner == j.self or is_released) {
        // The answer to an earlier write, or to an earlier claim, may come late and show the claimed row; but only that
        // of this claim says what it restores.
        const bool is_of_claim = restore and to.generation == j.next.generation and to.visit == j.writes;
        if (not is_of_claim and needs_claim(j) and row.generation == j.next.generation) {
            ++j.count.stale;
            return standing::mine;
        }
        // The first answer to the claim of a generation says what it restores; a later one says it of a later time.
        if (restore and row.generation == j.next.generation and needs_claim(j)) j.restore = *restore;
        j.durable = row;
        const bool is_known = not restore and row.generation == j.next.generation;
        if (same_content(row, j.next) and (restore or is_known)) {
            j.durable.plan = j.next.plan;  // the same plan, decoded again: held once, and equal at a glance
            if (not j.persisted) j.persisted.learn({});
        } else if (is_current) {
            j.persisted.forget();
        }
        return standing::mine;
    }
    if (j.is_owned() or row.owner != j.durable.owner) return standing::lost;
    if (row.revision == j.durable.revision) {
        if (is_current) c.pause(j.persisted, c.retry_pause(j.persisted));
        return standing::mine;
    }
    j.durable = row;
    return standing::inherited;
}

template <class Context>
standing not_stored(Context& c, const ticket& to, const error& why) {
    job& j = c.job;
    if (not j.persisted.in_flight() or to.visit != j.writes or to.attempt != j.persisted.attempt()) {
        ++j.count.stale;
        return standing::mine;
    }
    if (why.kind == error_kind::invalid and j.is_owned() and j.next.plan != j.durable.plan) {
        c.say(remark::severity::warning,
              "the job's row is refused, and is tried without its new plan: " + describe(why));
        j.next.plan = j.durable.plan;
        j.persisted.forget();
        return standing::mine;
    }
    if (why.kind == error_kind::ownership_lost or why.kind == error_kind::invalid) {
        c.say(remark::severity::warning, describe(why));
        if (why.kind == error_kind::ownership_lost) return standing::lost;
        j.last_error = why;
        return standing::refused;
    }
    const duration length = c.retry_pause(j.persisted);
    c.tell(retried{why, j.persisted.tries(), 0, length});
    c.pause(j.persisted, length);
    return standing::mine;
}

}  // namespace detail

template <class Context>
void want_persisted(Context& c) {
    job& j = c.job;
    if (j.persisted and not same_content(j.next, j.durable)) {
        j.persisted.forget();
        ++j.writes;
    }
    if (not j.persisted and j.unwritten_since == never) j.unwritten_since = c.from_now({});
    j.next.revision = j.durable.revision + 1;
    const auto row = [&] { return j.next; };
    if (detail::needs_claim(j)) {
        const headgate::wish* const by = j.compiled ? j.compiled.get() : j.wish.get();
        const epoch threshold = by ? by->ignore_state_before_epoch.value_or(epoch{}) : epoch{};
        c.want_of_job(j.persisted, j.writes, c.policy.wait.call, [&] {
            return claim{.job = j.id, .expected = j.durable.revision, .next = row(), .threshold = threshold};
        });
    } else {
        c.want_of_job(j.persisted, j.writes, c.policy.wait.call, [&] {
            return store_row{.job = j.id, .expected = j.durable.revision, .next = row()};
        });
    }
}

template <class Context>
standing on(Context& c, const answered<claim>& a) {
    const auto not_stored = [&](const error& why) { return detail::not_stored(c, a.to, why); };
    return a.result.match([&](const claimed& won) { return detail::stood(c, won.row, &won.restore, a.to); },
                          not_stored, not_stored);
}

template <class Context>
standing on(Context& c, const answered<store_row>& a) {
    const auto not_stored = [&](const error& why) { return detail::not_stored(c, a.to, why); };
    return a.result.match([&](const job_row& row) { return detail::stood(c, row, nullptr, a.to); }, not_stored,
                          not_stored);
}

}  // namespace headgate::inline v1
