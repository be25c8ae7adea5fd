// SPDX-License-Identifier: BSL-1.0
#include "operations.hpp"

#include "binding.hpp"

#include <headgate/columns/job.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace headgate::inline v1::sqlite {

namespace {

using SQLite::Column;
using SQLite::Statement;

// Milliseconds since 1970 by this machine's clock, which is SQLite's too.
std::int64_t wall_now() {
    return std::chrono::duration_cast<duration>(std::chrono::system_clock::now().time_since_epoch()).count();
}

not_applied no_such(const job_id& job) {
    return {{.kind = error_kind::invalid, .text = "there is no job \"" + job.value + "\""}};
}

not_applied lost(const job_id& job) {
    return {{.kind = error_kind::ownership_lost, .text = "job \"" + job.value + "\" has another owner or generation"}};
}

// As `columns` below reads them. A committing checkpoint only where it was edited into the name of none: the row is
// damaged then.
constexpr const char* select_jobs =
    R"(SELECT id, name, stop, version, wish, revision, generation, owner, state, is_complete,
    applied, restart_nonce, restarts, tasks, last_error, plan, waits_for, workers, submitted, started, since, c.epoch,
    c.number FROM jobs LEFT JOIN (SELECT job, epoch, generation AS number FROM checkpoints) c ON c.job = id AND
    (c.epoch, c.number) = (SELECT epoch, generation FROM checkpoints WHERE job = id AND (state = 'ready' OR
        (state = 'committing' AND (epoch > 4294967295 OR generation NOT BETWEEN 0 AND 4294967295)))
                           ORDER BY epoch DESC, generation DESC LIMIT 1) )";

std::optional<std::int64_t> maybe(const Column& from) {
    return from.isNull() ? std::nullopt : std::optional(from.getInt64());
}

columns::job columns_of(Statement& from, std::int64_t now) {
    int at = 0;
    const auto text = [&] { return from.getColumn(at++).getString(); };
    const auto number = [&] { return from.getColumn(at++).getInt64(); };
    columns::job made;
    made.id = text(), made.name = text(), made.stop = text(), made.version = number(), made.wish = text();
    made.revision = number(), made.generation = number(), made.owner = text(), made.state = text();
    made.is_complete = number() != 0, made.applied = number(), made.restart_nonce = number();
    made.restarts = number(), made.tasks = number(), made.last_error = text();
    const Column plan = from.getColumn(at++);
    if (not plan.isNull()) made.plan = plan.getString();
    made.waits_for = text(), made.workers = number(), made.submitted = number();
    made.started = maybe(from.getColumn(at++)), made.since = number();
    made.ready_epoch = maybe(from.getColumn(at++)), made.ready_generation = maybe(from.getColumn(at++));
    made.now = now;
    return made;
}

}  // namespace

bool operations::replace(const columns::job& to, std::uint64_t expected) {
    Statement& update =
        open_->statement(R"(UPDATE jobs SET revision = revision + 1, generation = ?, owner = ?, state = ?,
        is_complete = ?, applied = ?, restart_nonce = ?, restarts = ?, tasks = ?, last_error = ?, plan = ?,
        since = iif(state = ?3, since, ?11),
        started = iif(started IS NULL AND ?3 = 'Running', ?11, started) WHERE id = ?12 AND revision = ?13)");
    bound(update, to.generation, to.owner, to.state, int{to.is_complete}, to.applied, to.restart_nonce, to.restarts,
          to.tasks, to.last_error);
    if (to.plan) bind_one(update, 10, bytes{*to.plan});
    bind_one(update, 11, wall_now());
    bind_one(update, 12, to.id);
    bind_one(update, 13, expected);
    return update.exec() == 1;
}

std::optional<expected<job_row>> operations::row(const columns::job& written, const std::shared_ptr<const plan>& its) {
    static const std::string select_job = std::string(select_jobs) + "WHERE id = ?";
    Statement& select = bound(open_->statement(select_job), written.id);
    if (not select.executeStep()) return std::nullopt;
    columns::job found = columns_of(select, 0);
    const bool is_its_plan = found.plan and found.plan == written.plan;
    if (is_its_plan) found.plan.reset();  // large, and known
    auto stands = columns::row_of(found, most_);
    if (stands and is_its_plan) stands->plan = its;
    return stands;
}

expected<std::optional<checkpoint_row>> operations::restore_point(const job_id& job, epoch threshold) {
    Statement& select = bound(open_->statement(R"(SELECT epoch, generation, state FROM checkpoints WHERE job = ? AND
        epoch >= ? AND state IN ('ready', 'committing') ORDER BY epoch DESC, generation DESC LIMIT 1)"),
                              job.value, threshold.value);
    if (not select.executeStep()) return std::nullopt;
    const auto read = columns::row_of(job, {.epoch = select.getColumn(0).getInt64(),
                                            .generation = select.getColumn(1).getInt64(),
                                            .state = select.getColumn(2).getString()});
    if (not read) return tl::unexpected(read.error());
    return *read;
}

void operations::mark(const claim& what, const std::optional<checkpoint_row>& restore) {
    bound(open_->statement(
              "UPDATE checkpoints SET state = 'failed' WHERE job = ? AND state = 'inprogress' AND epoch > ?"),
          what.job.value, restore ? std::int64_t{restore->name.epoch.value} : -1)
        .exec();
    bound(open_->statement(
              "UPDATE checkpoints SET state = 'abandoned' WHERE job = ? AND state = 'committing' AND epoch < ?"),
          what.job.value, what.threshold.value)
        .exec();
}

outcome<claimed> operations::perform(const claim& what) {
    const auto to = columns::written(what.job, what.next, most_);
    if (not to) return not_applied{to.error()};
    return open_->write<outcome<claimed>>([&]() -> outcome<claimed> {
        const auto restore = restore_point(what.job, what.threshold);
        const bool is_first = restore and replace(*to, what.expected);
        const auto stands = row(*to, what.next.plan);
        if (not stands) return no_such(what.job);
        if (not *stands) return not_applied{stands->error()};
        claimed answer{.row = **stands};
        // By this claim, or it is a repeat, which marks nothing: a late one would fail the claimant's own checkpoint.
        const bool is_mine =
            answer.row.generation == what.next.generation and answer.row.owner == what.next.owner;
        if (not restore and is_mine) return unknown{restore.error()};  // an earlier try claimed it
        if (not restore and answer.row.revision == what.expected) return not_applied{restore.error()};
        if (is_mine) answer.restore = *restore;
        if (is_first) mark(what, answer.restore);
        return answer;
    });
}

outcome<job_row> operations::perform(const store_row& what) {
    const auto to = columns::written(what.job, what.next, most_);
    if (not to) return not_applied{to.error()};
    return open_->write<outcome<job_row>>([&]() -> outcome<job_row> {
        replace(*to, what.expected);
        const auto stands = row(*to, what.next.plan);
        if (not stands) return no_such(what.job);
        if (not *stands) return not_applied{stands->error()};
        return **stands;
    });
}

std::vector<checkpoint_name> operations::clean(const write_checkpoint& what) {
    std::vector<checkpoint_name> obsolete;
    if (what.keep == 0) return obsolete;
    const std::string& job = what.job.value;
    bound(open_->statement(R"(UPDATE checkpoints SET state = 'compacting' WHERE job = ?1 AND state = 'ready' AND
        (epoch, generation) NOT IN (SELECT epoch, generation FROM checkpoints WHERE job = ?1 AND state = 'ready'
                                    ORDER BY epoch DESC, generation DESC LIMIT ?2))"),
          job, what.keep)
        .exec();
    bound(open_->statement(R"(UPDATE checkpoints SET state = 'compacting' WHERE job = ?1 AND
        (state IN ('failed', 'abandoned') OR (state = 'inprogress' AND generation < ?2)) AND
        (epoch, generation) < (SELECT epoch, generation FROM checkpoints WHERE job = ?1 AND state = 'ready'
                               ORDER BY epoch DESC, generation DESC LIMIT 1))"),
          job, what.generation.value)
        .exec();
    bound(open_->statement(R"(DELETE FROM checkpoints WHERE job = ?1 AND state = 'compacted'
        AND (epoch, generation) NOT IN (SELECT epoch, generation FROM checkpoints WHERE job = ?1 AND
            state = 'compacted' ORDER BY epoch DESC, generation DESC LIMIT ?2))"),
          job, checkpoints_kept)
        .exec();
    Statement& select = bound(open_->statement(R"(SELECT epoch, generation FROM checkpoints WHERE job = ? AND
        state = 'compacting' ORDER BY epoch, generation LIMIT ?)"),
                              job, most_obsolete);
    while (select.executeStep()) {
        // What was edited by hand into the name of no checkpoint has no objects to remove.
        const auto read = columns::row_of(what.job, {.epoch = select.getColumn(0).getInt64(),
                                                     .generation = select.getColumn(1).getInt64(),
                                                     .state = "compacting"});
        if (read) obsolete.push_back(read->name);
    }
    return obsolete;
}

outcome<checkpoint_written> operations::perform(const write_checkpoint& what) {
    const auto invalid = [&](std::string_view from) {
        return not_applied{{.kind = error_kind::invalid,
                            .text = "checkpoint " + std::to_string(what.row.name.epoch.value) + " of job \"" +
                                    what.job.value + "\" cannot go from " + std::string(from) + " to " +
                                    std::string(text_of(what.row.state))}};
    };
    const auto [epoch, generation] = std::pair(what.row.name.epoch.value, what.row.name.generation.value);
    return open_->write<outcome<checkpoint_written>>([&]() -> outcome<checkpoint_written> {
        Statement& fence = bound(open_->statement("SELECT generation = ? AND owner = ? FROM jobs WHERE id = ?"),
                                 what.generation.value, columns::text_of(what.owner), what.job.value);
        if (not fence.executeStep()) return no_such(what.job);
        if (fence.getColumn(0).getInt() == 0) return lost(what.job);
        Statement& select =
            bound(open_->statement("SELECT state FROM checkpoints WHERE job = ? AND epoch = ? AND generation = ?"),
                  what.job.value, epoch, generation);
        std::optional<checkpoint_state> from;
        if (select.executeStep()) {
            const std::string text = select.getColumn(0).getString();
            from = columns::checkpoint_state_of(text);
            if (not from) return invalid("\"" + text + "\", which is no state,");
        }
        if (not may_step(from, what.row.state)) return invalid(from ? text_of(*from) : "nothing");
        bound(open_->statement("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)"), what.job.value, epoch,
              generation, text_of(what.row.state))
            .exec();
        return checkpoint_written{.obsolete = clean(what)};
    });
}

outcome<std::uint64_t> operations::perform(const put_wish& what) {
    const auto invalid = [](std::string text) {
        return not_applied{{.kind = error_kind::invalid, .text = std::move(text)}};
    };
    const auto made = columns::written(what, most_);
    if (not made) return not_applied{made.error()};
    const columns::job& to = *made;
    return open_->write<outcome<std::uint64_t>>([&]() -> outcome<std::uint64_t> {
        Statement& select =
            bound(open_->statement("SELECT version, wish, name, stop FROM jobs WHERE id = ?"), what.job.value);
        const bool is_there = select.executeStep();
        if (not is_there and what.expected > 0) return no_such(what.job);
        const std::int64_t stands = is_there ? select.getColumn(0).getInt64() : 0;
        const bool is_same = is_there and select.getColumn(1).getString() == to.wish and
                             select.getColumn(2).getString() == to.name and select.getColumn(3).getString() == to.stop;
        if (is_there and stands == to.version and not is_same)
            return invalid("job \"" + what.job.value + "\": another change made version " + std::to_string(stands) +
                           " first; read it and try again");
        if (stands != to.version - 1) return static_cast<std::uint64_t>(stands);
        if (is_there)
            bound(open_->statement("UPDATE jobs SET name = ?, stop = ?, version = ?, wish = ? WHERE id = ?"), to.name,
                  to.stop, to.version, bytes{to.wish}, what.job.value)
                .exec();
        else
            bound(open_->statement(R"(INSERT INTO jobs (id, name, stop, version, wish, submitted, since)
                VALUES (?, ?, ?, ?, ?, ?6, ?6))"),
                  what.job.value, to.name, to.stop, to.version, bytes{to.wish}, wall_now())
                .exec();
        return static_cast<std::uint64_t>(to.version);
    });
}

outcome<applied> operations::perform(const tell& what) {
    return open_->write<outcome<applied>>([&]() -> outcome<applied> {
        // A job that was removed by hand and submitted again has its old lines still.
        Statement& select = bound(open_->statement(R"(SELECT
            (SELECT coalesce(max(number), 0) FROM log WHERE job = id AND number <= 4611686018427387903), owner = ? OR (owner = ? AND generation = ?) FROM jobs WHERE id = ?)"),
                  columns::text_of(what.owner), columns::text_of(incarnation{}), what.generation.value, what.job.value);
        if (not select.executeStep()) return no_such(what.job);
        if (select.getColumn(1).getInt() == 0) return lost(what.job);
        std::int64_t number = select.getColumn(0).getInt64();
        select.reset();
        const std::int64_t now = wall_now();
        for (const log_line& line : what.lines)
            bound(open_->statement("INSERT INTO log VALUES (?, ?, ?, ?, ?)"), what.job.value, ++number, now,
                  line.generation.value, line.text.substr(0, most_.error_text))
                .exec();
        bound(open_->statement("DELETE FROM log WHERE job = ? AND number <= ?"), what.job.value, number - log_lines)
            .exec();
        bound(open_->statement(R"(UPDATE jobs SET waits_for = ?1, workers = ?2 WHERE id = ?3 AND
            (waits_for <> ?1 OR workers <> ?2))"),
              what.waits_for.substr(0, most_.error_text), what.workers, what.job.value)
            .exec();
        return applied{};
    });
}

outcome<std::vector<controller_seen>> operations::perform(const advance_lease& what) {
    if (const auto held = lives_.hold(what.self); not held) return not_applied{held.error()};
    return open_->write<outcome<std::vector<controller_seen>>>([&]() -> outcome<std::vector<controller_seen>> {
        bound(open_->statement(R"(INSERT INTO controllers VALUES (?, ?) ON CONFLICT (incarnation)
            DO UPDATE SET counter = max(counter, excluded.counter))"),
              columns::text_of(what.self), what.counter)
            .exec();
        std::vector<controller_seen> seen;
        Statement& select = open_->statement(R"(SELECT incarnation, counter,
            EXISTS (SELECT 1 FROM jobs WHERE owner = incarnation) FROM controllers ORDER BY incarnation)");
        std::vector<incarnation> over;
        while (select.executeStep()) {
            auto read = columns::controller_of(select.getColumn(0).getString(), select.getColumn(1).getInt64(), false);
            if (not read) continue;  // edited by hand into something else
            read->is_gone = lives_.is_gone(read->incarnation);
            if (read->is_gone and select.getColumn(2).getInt() == 0)
                over.push_back(read->incarnation);
            else
                seen.push_back(*read);
        }
        for (const incarnation who : over) {
            bound(open_->statement("DELETE FROM controllers WHERE incarnation = ?"), columns::text_of(who)).exec();
            lives_.forget(who);
        }
        return seen;
    });
}

expected<job_news> operations::perform(const watch_jobs& what) {
    return open_->read<expected<job_news>>([&]() -> expected<job_news> {
        Statement& changes = open_->statement("SELECT number FROM changes");
        if (not changes.executeStep()) return failure(error_kind::database, "the table changes is empty");
        const std::int64_t latest = changes.getColumn(0).getInt64();
        auto since = static_cast<std::int64_t>(what.since.value);
        if (since == latest) return job_news{.next = what.since};
        if (since > latest) since = 0;  // of a file that was put back
        Statement& select = bound(open_->statement(std::string(select_jobs) + "WHERE changed > ? ORDER BY id"), since);
        job_news news{.next = {static_cast<std::uint64_t>(latest)}};
        const std::int64_t now = wall_now();
        while (select.executeStep()) news.jobs.push_back(columns::record_of(columns_of(select, now), most_));
        return news;
    });
}

expected<std::vector<log_line>> operations::perform(const read_log& what) {
    return open_->read<expected<std::vector<log_line>>>([&]() -> expected<std::vector<log_line>> {
        Statement& job = bound(open_->statement("SELECT 1 FROM jobs WHERE id = ?"), what.job.value);
        if (not job.executeStep()) return tl::unexpected(no_such(what.job).why);
        Statement& select = bound(open_->statement(R"(SELECT number, at, generation, text FROM log WHERE job = ? AND
            number > ? ORDER BY number LIMIT ?)"),
                                  what.job.value, what.after, what.most);
        std::vector<log_line> lines;
        while (select.executeStep()) {
            auto read = columns::line_of(what.job, select.getColumn(0).getInt64(), select.getColumn(1).getInt64(),
                                         select.getColumn(2).getInt64(), select.getColumn(3).getString(), most_);
            if (read) lines.push_back(*std::move(read));  // else edited by hand into something else
        }
        return lines;
    });
}

}  // namespace headgate::inline v1::sqlite
