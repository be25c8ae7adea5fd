#pragma once
// SPDX-License-Identifier: BSL-1.0
// sqlite: a database in one file, which controllers on one machine may share.

#include <headgate/concepts/database.hpp>
#include <headgate/concepts/held_completion.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace headgate::inline v1::sqlite {

struct options {
    std::string path{};      ///< of the file; beside it lie PATH-wal, PATH-shm and the folder PATH.controllers
    bool may_create = true;  ///< the file, if there is none; its folder must exist
    std::chrono::milliseconds busy{5'000};     ///< how long to wait for another process's transaction
    std::chrono::milliseconds look_every{50};  ///< for changes by other processes, while somebody watches; above 0
    std::size_t most_waiting = 4'096;          ///< calls; one more is not applied
    /// Of these: message, id, error_text and those of wishes and plans. The same for all who share the tables.
    headgate::limits limits{};
    /// The clock of the requests' deadlines, called from any thread. Empty: std::chrono::steady_clock.
    std::function<instant()> now{};
};

/// Models `database`. All work is done on a thread of its own, which calls the completions.
///
/// Write-ahead log, synchronous FULL: an answer means that the disk has it. Changes by other processes are seen within
/// `look_every` while somebody watches. Whether a controller is gone is known from a lock on a file of its own, which
/// ends with its process (G5); so the file must be on a local disk.
///
/// The rows are for people too: name, stop and the controller's columns of the table `jobs` may be read and edited; a
/// changed name or stop is a new version of the wish. A row that cannot be read is a record with an error for a wish. A
/// job whose row was removed goes on from its checkpoints when it is submitted again: for a fresh one remove its rows of
/// `checkpoints`, and what the state backend keeps of it, too.
class database {
public:
    /// Makes the tables where they are missing. Brings up those of an older headgate, whose programs must have ended.
    ///
    /// `permanent`: no such folder or file, no rights, not a database, a newer schema; `database`: locked, disk full.
    /// The text says what to do.
    static expected<std::unique_ptr<database>> open(options how);

    /// Carries out what was asked before, ends the watch, and lets the controller's lock go.
    ~database();
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    void claim(const request<headgate::claim>& r, completion_for<headgate::claim> auto done) {
        take(r, std::move(done));
    }
    void store(const request<store_row>& r, completion_for<store_row> auto done) { take(r, std::move(done)); }
    void write_checkpoint(const request<headgate::write_checkpoint>& r,
                          completion_for<headgate::write_checkpoint> auto done) {
        take(r, std::move(done));
    }
    void put_wish(const request<headgate::put_wish>& r, completion_for<headgate::put_wish> auto done) {
        take(r, std::move(done));
    }
    void tell(const request<headgate::tell>& r, completion_for<headgate::tell> auto done) { take(r, std::move(done)); }
    void advance_lease(const request<headgate::advance_lease>& r, completion_for<headgate::advance_lease> auto done) {
        take(r, std::move(done));
    }
    void watch(const request<watch_jobs>& r, completion_for<watch_jobs> auto done) { take(r, std::move(done)); }
    void read_log(const request<headgate::read_log>& r, completion_for<headgate::read_log> auto done) {
        take(r, std::move(done));
    }

private:
    class worker;
    explicit database(std::unique_ptr<worker> all);

    // The model's operations are named like the effects, whose names are hidden in here.
    void take(const request<headgate::claim>& r, held_completion<headgate::claim> done);
    void take(const request<store_row>& r, held_completion<store_row> done);
    void take(const request<headgate::write_checkpoint>& r, held_completion<headgate::write_checkpoint> done);
    void take(const request<headgate::put_wish>& r, held_completion<headgate::put_wish> done);
    void take(const request<headgate::tell>& r, held_completion<headgate::tell> done);
    void take(const request<headgate::advance_lease>& r, held_completion<headgate::advance_lease> done);
    void take(const request<watch_jobs>& r, held_completion<watch_jobs> done);
    void take(const request<headgate::read_log>& r, held_completion<headgate::read_log> done);

    std::unique_ptr<worker> worker_;
};

static_assert(headgate::database<database>);

}  // namespace headgate::inline v1::sqlite
