#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever keeps the rows of jobs.

#include <headgate/concepts/completion.hpp>
#include <headgate/vocabulary/record.hpp>

#include <concepts>

namespace headgate::inline v1 {

namespace database_has {

template <class Database>
concept claim = requires(Database& d, const request<headgate::claim>& r, any_completion<headgate::claim> done) {
    { d.claim(r, done) } -> std::same_as<void>;
};
template <class Database>
concept store = requires(Database& d, const request<headgate::store_row>& r, any_completion<headgate::store_row> done) {
    { d.store(r, done) } -> std::same_as<void>;
};
template <class Database>
concept write_checkpoint =
    requires(Database& d, const request<headgate::write_checkpoint>& r,
             any_completion<headgate::write_checkpoint> done) {
        { d.write_checkpoint(r, done) } -> std::same_as<void>;
    };
template <class Database>
concept put_wish =
    requires(Database& d, const request<headgate::put_wish>& r, any_completion<headgate::put_wish> done) {
        { d.put_wish(r, done) } -> std::same_as<void>;
    };
template <class Database>
concept tell = requires(Database& d, const request<headgate::tell>& r, any_completion<headgate::tell> done) {
    { d.tell(r, done) } -> std::same_as<void>;
};
template <class Database>
concept advance_lease =
    requires(Database& d, const request<headgate::advance_lease>& r, any_completion<headgate::advance_lease> done) {
        { d.advance_lease(r, done) } -> std::same_as<void>;
    };
template <class Database>
concept watch =
    requires(Database& d, const request<headgate::watch_jobs>& r, any_completion<headgate::watch_jobs> done) {
        { d.watch(r, done) } -> std::same_as<void>;
    };
template <class Database>
concept read_log =
    requires(Database& d, const request<headgate::read_log>& r, any_completion<headgate::read_log> done) {
        { d.read_log(r, done) } -> std::same_as<void>;
    };

}  // namespace database_has

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
///                  two, and from there to compacting; never back: the wrong step is not applied, the same again is
///                  applied
///     cleans       with `keep` n, ready rows older than the n newest become compacting, and so do rows older than the
///                  newest that is ready that failed, were abandoned, or are in progress by an earlier generation than
///                  the write's; all compacting ones are listed, oldest first; of the compacted ones the newest 100
///                  are kept
///     watches      a watch answers every job changed after its cursor as it stands then; none is missed. It need not tell
///                  of rows that were removed by hand: who has such a job finds out by read_log
///     leases       advance_lease answers this controller and every other one that ever did, with its last counter
///     tells        read_log answers the lines of `tell` in order, numbered ascending from 1; a tell changes nothing and
///                  is not applied (`ownership_lost`) unless its owner has the job, or nobody has it and its generation
///                  is the row's (G2)
///     dates        submitted and since are set, started by the first store of running; `time_left` is there if the
///                  wish has a time to live
///     scoped       no operation touches another job
///     refuses      what names no such job, a job id that is empty or over the limit, or a wish without a program, is
///                  not applied; read_log of a job that has no row is `invalid`, and of one that has one it is not
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
concept database =
    database_has::claim<Database> and database_has::store<Database> and database_has::write_checkpoint<Database> and
    database_has::put_wish<Database> and database_has::tell<Database> and database_has::advance_lease<Database> and
    database_has::watch<Database> and database_has::read_log<Database>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::database_check<mine>;`.
/// A controller does so with each of its models.
template <class Database>
struct database_check {
    static_assert(database_has::claim<Database>,
                  "database: it has no `void claim(const request<claim>&, done)`, where `done` is any "
                  "completion_for<claim>, called once with outcome<claimed>");
    static_assert(database_has::store<Database>,
                  "database: it has no `void store(const request<store_row>&, done)`, where `done` is any "
                  "completion_for<store_row>, called once with outcome<job_row>");
    static_assert(database_has::write_checkpoint<Database>,
                  "database: it has no `void write_checkpoint(const request<write_checkpoint>&, done)`, where "
                  "`done` is any completion_for<write_checkpoint>, called once with outcome<checkpoint_written>");
    static_assert(database_has::put_wish<Database>,
                  "database: it has no `void put_wish(const request<put_wish>&, done)`, where `done` is any "
                  "completion_for<put_wish>, called once with outcome<std::uint64_t>");
    static_assert(database_has::tell<Database>,
                  "database: it has no `void tell(const request<tell>&, done)`, where `done` is any "
                  "completion_for<tell>, called once with outcome<applied>");
    static_assert(database_has::advance_lease<Database>,
                  "database: it has no `void advance_lease(const request<advance_lease>&, done)`, where `done` is "
                  "any completion_for<advance_lease>, called once with outcome<std::vector<controller_seen>>");
    static_assert(database_has::watch<Database>,
                  "database: it has no `void watch(const request<watch_jobs>&, done)`, where `done` is any "
                  "completion_for<watch_jobs>, called once with expected<job_news>");
    static_assert(database_has::read_log<Database>,
                  "database: it has no `void read_log(const request<read_log>&, done)`, where `done` is any "
                  "completion_for<read_log>, called once with expected<std::vector<log_line>>");
};

}  // namespace headgate::inline v1
