#pragma once
// SPDX-License-Identifier: BSL-1.0
// columns: a job's record as the columns of a table, which people may read and edit.

#include <headgate/vocabulary/record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headgate::inline v1::columns {

/// One job as it stands in a table: anything at all, since it may have been edited by hand.
/// `wish` and `plan` are bytes of `protobuf::encode`; of the wish, the columns name, stop and version are what holds.
struct job {
    std::string id{};

    // The user's columns
    std::string name{};
    std::string stop{};  ///< "run", "checkpoint", ...
    std::int64_t version{};
    std::string wish{};

    // The controller's own columns
    std::int64_t revision{};
    std::int64_t generation{};
    std::string owner{};  ///< 32 hexadecimal digits
    std::string state{};  ///< "Created", "CheckpointStopping", ...
    bool is_complete = false;
    std::int64_t applied{};
    std::int64_t restart_nonce{};  ///< its 64 bits; may be negative
    std::int64_t restarts{};
    std::int64_t tasks{};
    std::string last_error{};
    std::optional<std::string> plan{};

    // For people; times are wall times in milliseconds since 1970
    std::string waits_for{};
    std::int64_t workers{};
    std::int64_t submitted{};
    std::optional<std::int64_t> started{};
    std::int64_t since{};
    std::int64_t now{};  ///< when it was read, by the database's clock
    std::optional<std::int64_t> ready_epoch{};
    std::optional<std::int64_t> ready_generation{};
};

/// 32 hexadecimal digits.
std::string text_of(incarnation who);

/// Sets the user's columns. Precondition: it has a program.
void set(job& to, const wish& from);
/// Sets the controller's own columns.
void set(job& to, const job_row& from);

/// Why wish or plan, if there is one, could not be read back (`invalid`): tables keep what is within `limits{}`,
/// whatever the policies allow. Costs what reading does.
std::optional<error> unreadable(const job& what);

/// The wish that the user's columns say, or what is wrong with them (`invalid`), by name of job and column.
expected<wish> wish_of(const job& from);
/// Likewise the controller's own columns.
expected<job_row> row_of(const job& from);
/// All of it. What is wrong with any column is an error in the place of the wish, and the rest is left as it is new.
job_record record_of(const job& from);

/// A checkpoint's row as it stands in a table, likewise.
struct checkpoint {
    std::int64_t epoch{};
    std::int64_t generation{};
    std::string state{};  ///< "inprogress", "ready", ...
};

/// The row that these columns say, or what is wrong with them (`invalid`), by name of job and column.
expected<checkpoint_row> row_of(const job_id& job, const checkpoint& from);

/// "inprogress", "ready", ... back.
std::optional<checkpoint_state> checkpoint_state_of(std::string_view text);

/// What to say of tables whose version is above the newest that is known.
error newer_schema(std::string_view where, std::int64_t found, std::int64_t known);

}  // namespace headgate::inline v1::columns
