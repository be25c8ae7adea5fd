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

/// The user's columns, or why they could not be read back as what is wished for (`invalid`). Costs what reading does.
expected<job> written(const put_wish& what, const limits& most = {});
/// Likewise the controller's own columns.
expected<job> written(const job_id& id, const job_row& from, const limits& most = {});

/// The wish that the user's columns say, or what is wrong with them (`invalid`), by name of job and column. It is
/// within the limits and breaks no rule (`check`).
expected<wish> wish_of(const job& from, const limits& most = {});
/// Likewise the controller's own columns. The last error is cut at `limits{}`, as controllers do, whatever `most` says.
expected<job_row> row_of(const job& from, const limits& most = {});
/// All of it. What is wrong with any column is an error in the place of the wish, and the rest is left as it is new.
job_record record_of(const job& from, const limits& most = {});

/// A checkpoint's row as it stands in a table, likewise.
struct checkpoint {
    std::int64_t epoch{};
    std::int64_t generation{};
    std::string state{};  ///< "inprogress", "ready", ...
};

/// The row that these columns say, or what is wrong with them (`invalid`), by name of job and column.
expected<checkpoint_row> row_of(const job_id& job, const checkpoint& from);

/// A controller as it stands in a table; an error if it was edited by hand into none.
expected<controller_seen> controller_of(const std::string& incarnation, std::int64_t counter, bool is_gone);

/// A line of a job's history as it stands in a table, of numbers as they come; an error likewise.
expected<log_line> line_of(const job_id& job, std::int64_t number, std::int64_t at, std::int64_t generation,
                           std::string text, const limits& most = {});

/// "inprogress", "ready", ... back.
std::optional<checkpoint_state> checkpoint_state_of(std::string_view text);

/// What to say of tables whose version is above the newest that is known.
error newer_schema(std::string_view where, std::int64_t found, std::int64_t known);

}  // namespace headgate::inline v1::columns
