// SPDX-License-Identifier: BSL-1.0
#include "connection.hpp"

#include <headgate/columns/job.hpp>

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace headgate::inline v1::sqlite {

namespace {

constexpr std::int64_t schema_version = 3;  ///< of the tables; a newer one is refused

// `changes` numbers every change that a watch tells of, so a cursor is one of its numbers. The triggers do so for edits
// by hand as well.
constexpr const char* tables = R"(
CREATE TABLE IF NOT EXISTS headgate_schema (version INTEGER NOT NULL) STRICT;
CREATE TABLE changes (number INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (0);
CREATE TABLE jobs (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    stop          TEXT NOT NULL,     -- run, checkpoint, graceful, immediate, force
    version       INTEGER NOT NULL,  -- of the wish
    wish          BLOB NOT NULL,
    revision      INTEGER NOT NULL DEFAULT 0,
    generation    INTEGER NOT NULL DEFAULT 0,
    owner         TEXT NOT NULL DEFAULT '00000000000000000000000000000000',
    state         TEXT NOT NULL DEFAULT 'Created',
    is_complete   INTEGER NOT NULL DEFAULT 0,
    applied       INTEGER NOT NULL DEFAULT 0,
    restart_nonce INTEGER NOT NULL DEFAULT 0,
    restarts      INTEGER NOT NULL DEFAULT 0,
    tasks         INTEGER NOT NULL DEFAULT 0,
    last_error    TEXT NOT NULL DEFAULT '',
    plan          BLOB,
    waits_for     TEXT NOT NULL DEFAULT '',
    workers       INTEGER NOT NULL DEFAULT 0,
    submitted     INTEGER NOT NULL,  -- milliseconds since 1970, as the two below
    started       INTEGER,
    since         INTEGER NOT NULL,
    changed       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_by_change ON jobs (changed);
CREATE INDEX jobs_by_owner ON jobs (owner);
CREATE TABLE checkpoints (
    job TEXT NOT NULL, epoch INTEGER NOT NULL, generation INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (job, epoch, generation)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
    job TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, generation INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE controllers (incarnation TEXT PRIMARY KEY, counter INTEGER NOT NULL) STRICT;
CREATE TRIGGER jobs_made AFTER INSERT ON jobs BEGIN
    UPDATE changes SET number = number + 1;
    UPDATE jobs SET changed = (SELECT number FROM changes) WHERE id = NEW.id;
END;
CREATE TRIGGER jobs_wished AFTER UPDATE OF name, stop ON jobs
    WHEN NEW.version = OLD.version AND (NEW.name <> OLD.name OR NEW.stop <> OLD.stop)
BEGIN
    UPDATE jobs SET version = version + 1 WHERE id = NEW.id;
END;
)";

// Versions 1 and 2 have one of that name that sees no new id.
constexpr const char* changed = R"(
DROP TRIGGER IF EXISTS jobs_changed;
CREATE TRIGGER jobs_changed AFTER UPDATE OF id, name, stop, version, wish, revision, generation, owner, state,
    is_complete, applied, restart_nonce, restarts, tasks, last_error, plan, waits_for, workers, submitted, started, since
ON jobs
BEGIN
    UPDATE changes SET number = number + 1;
    UPDATE jobs SET changed = (SELECT number FROM changes) WHERE id = NEW.id;
END;
)";

std::optional<error> permanent(std::string text) {
    return error{.kind = error_kind::permanent, .text = std::move(text)};
}

/// What can be said before SQLite is asked, whose own words are "unable to open database file".
std::optional<error> look(const options& how) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    const fs::path file(how.path);
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (how.path.empty()) return permanent("no path of a database file was given");
    if (not fs::is_directory(folder, ignored))
        return permanent("database " + how.path + ": there is no folder " + folder.string() + "; make it first");
    if (fs::is_directory(file, ignored))
        return permanent("database " + how.path + " is a folder; name a file, for example " + how.path + "/jobs.db");
    const bool is_there = fs::exists(file, ignored);
    if (not is_there and not how.may_create)
        return permanent("there is no database " + how.path +
                         "; start a controller with it first, or submit a job to it, or mend the path");
    const auto may_write = [](const fs::path& what) {
        return ::faccessat(AT_FDCWD, what.c_str(), W_OK, AT_EACCESS) == 0;
    };
    if (is_there and not may_write(file))
        return permanent("database " + how.path + " is read-only for this user; give it the right to write");
    if (not may_write(folder))
        return permanent("database " + how.path + ": this user may not write into the folder " + folder.string() +
                         ", where SQLite keeps its log; give it the right to");
    return std::nullopt;
}

}  // namespace

namespace {

error explain(int code, std::string_view thrown, const std::string& path) {
    const auto say = [&](error_kind kind, std::string_view what) {
        return error{.kind = kind, .text = "database " + path + ": " + std::string(thrown) + "; " + std::string(what)};
    };
    switch (code) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return say(error_kind::database, "another process holds it; end its transaction (a shell, a backup?)");
        case SQLITE_FULL: return say(error_kind::database, "make room on the disk");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return say(error_kind::permanent, "give this user the right to write the file and its folder");
        case SQLITE_NOTADB: return say(error_kind::permanent, "the file is something else; name another one");
        case SQLITE_CORRUPT:
            return say(error_kind::permanent, "put a copy of it back (sqlite3 PATH .recover may help)");
        case SQLITE_CANTOPEN: return say(error_kind::database, "look at the folder, its rights and the disk");
        // All other codes: it may be better next time.
        default: return say(error_kind::database, "it is tried again");
    }
}

}  // namespace

error explain_current(const std::string& path) {
    try {
        throw;
    } catch (const SQLite::Exception& thrown) {
        return explain(thrown.getErrorCode(), thrown.what(), path);
    } catch (const std::exception& thrown) {
        return explain(SQLITE_ERROR, thrown.what(), path);
    } catch (...) {
        return explain(SQLITE_ERROR, "an exception", path);
    }
}

expected<std::unique_ptr<connection>> connection::open(const options& how) {
    if (const auto wrong = look(how)) return tl::unexpected(*wrong);
    const int flags = SQLite::OPEN_READWRITE | (how.may_create ? SQLite::OPEN_CREATE : 0);
    try {
        std::unique_ptr<connection> made(new connection(how.path, flags, static_cast<int>(how.busy.count())));
        if (const auto wrong = made->prepare(how.busy)) return tl::unexpected(*wrong);
        return made;
    } catch (...) {
        return tl::unexpected(explain_current(how.path));
    }
}

std::optional<error> connection::prepare(std::chrono::milliseconds busy) {
    // SQLite does not wait for this one: while another process makes the same file it is busy at once.
    const auto end = std::chrono::steady_clock::now() + busy;
    while (file_.tryExec("PRAGMA journal_mode = WAL") == SQLITE_BUSY and std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    file_.exec("PRAGMA journal_mode = WAL");
    file_.exec("PRAGMA synchronous = FULL");
    // In one transaction, so that two processes that come at once do not both make the tables.
    file_.exec("BEGIN IMMEDIATE");
    std::int64_t found = 0;
    if (file_.tableExists("headgate_schema"))
        found = file_.execAndGet("SELECT coalesce(max(version), 0) FROM headgate_schema").getInt64();
    if (found > schema_version)
        return file_.exec("ROLLBACK"), columns::newer_schema("database " + path_, found, schema_version);
    if (found == 0) {
        if (file_.tableExists("jobs"))
            return file_.exec("ROLLBACK"),
                   permanent("database " + path_ + " has a table jobs that is not headgate's; name another file");
        file_.exec(tables);
    }
    if (found == 1) file_.exec("ALTER TABLE jobs DROP COLUMN lines");  // the log itself says how many there are
    if (found < schema_version) {
        file_.exec(changed);
        file_.exec("INSERT INTO headgate_schema VALUES (" + std::to_string(schema_version) + ")");
    }
    file_.exec("COMMIT");
    return std::nullopt;
}

void connection::end(const char* how) noexcept {
    for (SQLite::Statement* const each : used_) each->tryReset();
    used_.clear();
    const bool is_in_transaction = sqlite3_get_autocommit(file_.getHandle()) == 0;
    if (is_in_transaction) file_.tryExec(how);
}

SQLite::Statement& connection::statement(std::string_view sql) {
    auto at = statements_.find(sql);
    if (at == statements_.end())
        at = statements_.emplace(sql, std::make_unique<SQLite::Statement>(file_, std::string(sql))).first;
    SQLite::Statement& one = *at->second;
    one.reset();
    one.clearBindings();
    used_.push_back(&one);
    return one;
}

}  // namespace headgate::inline v1::sqlite
