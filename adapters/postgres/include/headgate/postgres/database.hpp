#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: a database on a server, which controllers on many machines may share.

#include <headgate/concepts/database.hpp>
#include <headgate/concepts/held_completion.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace headgate::inline v1::postgres {

struct options {
    std::string
        connection{};  ///< as libpq reads it: "host=... dbname=... user=..." or "postgresql://..."; may be empty
    std::string schema = "headgate";              ///< made where it is missing; of 1 to 40 bytes
    std::chrono::milliseconds look_every{1'000};  ///< for changes by hand, which notify nobody, while somebody watches
    std::size_t most_waiting = 4'096;             ///< calls; one more is not applied
    /// Of these: message, id, error_text and those of wishes and plans. The same for all who share the tables.
    headgate::limits limits{};
    /// The clock of the requests' deadlines, called from any thread. Empty: std::chrono::steady_clock.
    std::function<instant()> now{};
};

/// Models `database`. One connection in pipeline mode and a thread of its own, which calls the completions; claim,
/// store and write_checkpoint are one function on the server: one round trip, one transaction, one commit.
///
/// A lost connection is made again with backoff, from 100 ms doubling to 5 s. What was sent on it is unknown; what
/// comes while there is none is not applied, `database`. While one is made, which takes connect_timeout (by default
/// 5 s) for each address of the connection string at most, it waits. Commits are synchronous even where the
/// server's default is not. Whether a controller is gone is known from an advisory lock of its connection (G5).
///
/// The rows are for people too: name, stop and the controller's columns of the table `jobs` may be read and edited
/// (seen within `look_every`); a changed name or stop is a new version of the wish. A row that cannot be read is a
/// record with an error for a wish. A job whose row was removed goes on from its checkpoints when it is submitted
/// again: for a fresh one remove its rows of `checkpoints`, and what the state backend keeps of it, too.
class database {
public:
    /// Makes the tables where they are missing. Replaces the functions of an older headgate, which only the schema's
    /// owner may: an older program that runs goes on, but opens this schema no more.
    ///
    /// `database`: the server is away, or has no connection to spare; `permanent`: no such database or user, a wrong
    /// password, missing rights, a newer schema. The text says what to do and never has the password. Blocks until the
    /// tables are there, or for connect_timeout for each address.
    static expected<std::unique_ptr<database>> open(options how);

    /// Waits for a connection that is being made, and then up to 5 s for what was asked before; ends the watch.
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

}  // namespace headgate::inline v1::postgres
