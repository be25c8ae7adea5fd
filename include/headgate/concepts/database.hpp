#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever keeps the rows of jobs.

#include <headgate/concepts/completion.hpp>
#include <headgate/vocabulary/record.hpp>

#include <concepts>

namespace headgate::inline v1 {

/// Keeps wishes, rows, checkpoint rows, leases and histories (G2, G5, S2, S7, S8).
///
/// In the table `d` is an lvalue of `Database`, `r` a const lvalue of the request of the effect in the first column,
/// and `done` any completion for that effect. Each operation has type `void`.
///
///     expression                    answer                             meaning
///     ----------------------------  ---------------------------------  --------------------------------------------
///     d.claim(r, done)              outcome<claimed>                   compare-exchange of the row's revision; with it,
///                                                                      in one commit, restore point and marking
///     d.store(r, done)              outcome<job_row>                   compare-exchange of the row's revision
///     d.write_checkpoint(r, done)   outcome<checkpoint_written>        the state of one checkpoint row, fenced
///     d.put_wish(r, done)           outcome<std::uint64_t>             a user's word; the version that stands
///     d.tell(r, done)               outcome<applied>                   lines and text for people
///     d.advance_lease(r, done)      outcome<vector<controller_seen>>   my counter, and what the others' are
///     d.watch(r, done)              expected<job_news>                 jobs that changed; one long poll at a time, a
///                                                                      newer one ends an older
///     d.read_log(r, done)           expected<vector<log_line>>         a job's history, oldest first
///
/// Laws (`conformance/laws/database.hpp` tries them on any model):
///
///     submits      put_wish with expected 0 makes a job in state created, revision 0, generation 0, no owner
///     versions     put_wish whose `expected` is not the version that stands changes nothing and answers that version;
///                  if another wish was made from `expected` first, it is not applied (`invalid`)
///     wish_apart   a new wish never moves the row's revision
///     exchanges    store and claim replace the row if its revision is `expected`; the new one is `expected + 1`
///     stands       if it is another, nothing changes; either way the row that now stands is the answer
///     repeats      a repeated claim or store answers the row that the first one wrote; a claim, also after
///                  later writes of its generation, the restore point too
///     restores     a claim finds the newest row by (epoch, generation) that is ready or committing, not below
///                  `threshold` (S7); none: nothing
///     marks        a claim sets in-progress rows of epochs above the restore point to failed, all of them where nothing
///                  is restored, and skipped committing ones to abandoned; nothing else (S8, I8)
///     fences       write_checkpoint changes nothing and answers not applied (`ownership_lost`) unless the job's row has
///                  this (generation, owner), compared in the same transaction (G2)
///     forward      a checkpoint row is made by in_progress, and goes in_progress -> committing -> ready -> compacting ->
///                  compacted, with ready also straight after in_progress, or to failed or abandoned from the first
///                  two; never back: the wrong step is not applied, the same again is applied
///     cleans       with `keep` n, ready rows older than the n newest become compacting and are listed, oldest first,
///                  as are those that are compacting already; of the compacted, failed and abandoned rows the newest
///                  100 are kept
///     watches      a watch answers every job changed after its cursor as it stands then; none is missed
///     leases       advance_lease answers this controller and every other one that ever did, with its last counter
///     tells        read_log answers the lines of `tell` in order, numbered ascending from 1
///     dates        submitted and since are set, started by the first store of running; `time_left` is there if the
///                  wish has a time to live
///     scoped       no operation touches another job
///     refuses      what names no such job, a job id that is empty or over the limit, or a wish without a program, is
///                  not applied
///     answers      each completion is called exactly once
///
/// Errors     `ownership_lost`: fenced off; `invalid`: no such job, or a value that breaks a limit; `permanent`: no
///            rights, a newer schema; all else is `database`. A lost connection after the statement was sent is unknown,
///            never not applied.
/// Waiting    no call blocks for longer than a local transaction; durable when `done` says so.
/// Threads    one caller at a time; completions may be called from any thread, also within the call.
/// People     submitted, started (first store of state running) and since (last change of state) are set by the
///            database's own clock. The time to live counts from submitted; `time_left` is made when the job is read.
/// Cost       claim, store, write_checkpoint: one round trip and one commit each.
/// Archetype  `archetype::database`. Models: in memory, SQLite, Postgres; each passes the laws.
template <class Database>
concept database = requires(
    Database& d, const request<claim>& claim_request, any_completion<claim> claimed_done,
    const request<store_row>& store_request, any_completion<store_row> stored,
    const request<write_checkpoint>& checkpoint_request, any_completion<write_checkpoint> checkpoint_done,
    const request<put_wish>& wish_request, any_completion<put_wish> wish_done, const request<tell>& tell_request,
    any_completion<tell> told, const request<advance_lease>& lease_request, any_completion<advance_lease> leased,
    const request<watch_jobs>& watch_request, any_completion<watch_jobs> seen,
    const request<read_log>& log_request, any_completion<read_log> log_done) {
    { d.claim(claim_request, claimed_done) } -> std::same_as<void>;
    { d.store(store_request, stored) } -> std::same_as<void>;
    { d.write_checkpoint(checkpoint_request, checkpoint_done) } -> std::same_as<void>;
    { d.put_wish(wish_request, wish_done) } -> std::same_as<void>;
    { d.tell(tell_request, told) } -> std::same_as<void>;
    { d.advance_lease(lease_request, leased) } -> std::same_as<void>;
    { d.watch(watch_request, seen) } -> std::same_as<void>;
    { d.read_log(log_request, log_done) } -> std::same_as<void>;
};

}  // namespace headgate::inline v1
