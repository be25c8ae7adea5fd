// SPDX-License-Identifier: BSL-1.0
#include "conversions.hpp"

#include <headgate/columns/job.hpp>

#include <bit>
#include <charconv>
#include <utility>

namespace headgate::inline v1::postgres {

namespace {

not_applied no_such(const job_id& job) {
    return {{.kind = error_kind::invalid, .text = "there is no job \"" + job.value + "\""}};
}

not_applied lost(const job_id& job) {
    return {{.kind = error_kind::ownership_lost, .text = "job \"" + job.value + "\" has another owner or generation"}};
}

not_applied invalid(std::string text) { return {{.kind = error_kind::invalid, .text = std::move(text)}}; }

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// The arguments that claim and store share.
expected<arguments> exchange(const job_id& job, std::uint64_t revision, const job_row& next, const limits& most) {
    const auto to = columns::written(job, next, most);
    if (not to) return tl::unexpected(to.error());
    arguments made;
    made.add(job.value).add(signed_of(revision)).add(to->generation).add(to->owner).add(to->state);
    made.add(std::string_view(to->is_complete ? "t" : "f")).add(to->applied).add(to->restart_nonce).add(to->restarts);
    made.add(to->tasks).add(to->last_error).add_bytes(to->plan);
    return made;
}

/// In the order of the view `records`.
columns::job columns_of(row& from) {
    columns::job made;
    made.id = from.text(), made.name = from.text(), made.stop = from.text(), made.version = from.number();
    made.wish = from.bytes().value_or(""), made.revision = from.number(), made.generation = from.number();
    made.owner = from.text(), made.state = from.text(), made.is_complete = from.truth();
    made.applied = from.number(), made.restart_nonce = from.number(), made.restarts = from.number();
    made.tasks = from.number(), made.last_error = from.text(), made.plan = from.bytes();
    made.waits_for = from.text(), made.workers = from.number(), made.submitted = from.number();
    made.started = from.maybe_number(), made.since = from.number(), made.now = from.number();
    const std::string ready = from.text();  // "(epoch,generation)"
    if (const std::size_t comma = ready.find(','); comma != ready.npos) {
        std::int64_t epoch = -1, generation = -1;
        std::from_chars(ready.data() + 1, ready.data() + comma, epoch);
        std::from_chars(ready.data() + comma + 1, ready.data() + ready.size(), generation);
        made.ready_epoch = epoch, made.ready_generation = generation;
    }
    return made;
}

std::uint64_t transaction(const std::string& digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

// Epoch and generation, and what `state()` says.
expected<checkpoint_row> checkpoint_of(const job_id& job, row& at, auto state) {
    columns::checkpoint read{.epoch = at.number()};
    read.generation = at.number();
    read.state = state();
    return columns::row_of(job, read);
}

}  // namespace

expected<arguments> arguments_of(const claim& what, const limits& most) {
    expected<arguments> made = exchange(what.job, what.expected, what.next, most);
    if (made) made->add(std::int64_t{what.threshold.value});
    return made;
}

expected<arguments> arguments_of(const store_row& what, const limits& most) {
    return exchange(what.job, what.expected, what.next, most);
}

expected<arguments> arguments_of(const write_checkpoint& what, const limits&) {
    arguments made;
    made.add(what.job.value).add(std::int64_t{what.generation.value}).add(columns::text_of(what.owner));
    made.add(std::int64_t{what.row.name.epoch.value}).add(std::int64_t{what.row.name.generation.value});
    made.add(text_of(what.row.state)).add(std::int64_t{what.keep});
    return made;
}

expected<arguments> arguments_of(const put_wish& what, const limits& most) {
    if (not is_text(what.job.value)) return failure(error_kind::invalid, "a job's id is UTF-8 without NUL");
    const auto to = columns::written(what, most);
    if (not to) return tl::unexpected(to.error());
    arguments made;
    made.add(what.job.value).add(signed_of(what.expected)).add(to->name).add(to->stop).add_bytes(to->wish);
    return made;
}

expected<arguments> arguments_of(const tell& what, const limits& most) {
    std::vector<std::int64_t> generations;
    std::vector<std::string> texts;
    for (const log_line& each : what.lines) {
        generations.push_back(each.generation.value);
        texts.push_back(each.text.substr(0, most.error_text));
    }
    arguments made;
    made.add(what.job.value).add(std::int64_t{what.generation.value}).add(columns::text_of(what.owner));
    made.add(std::string_view(what.waits_for).substr(0, most.error_text));
    made.add(std::int64_t{what.workers}).add_list(generations).add_list(texts);
    return made;
}

expected<arguments> arguments_of(const advance_lease& what, bool take_lock) {
    arguments made;
    // Of 128 random bits 64, as many as a lock's name has.
    made.add(columns::text_of(what.self)).add(signed_of(what.self.value[0] ^ std::rotl(what.self.value[1], 32)));
    made.add(signed_of(what.counter)).add(std::string_view(take_lock ? "t" : "f"));
    return made;
}

expected<arguments> arguments_of(const read_log& what, const limits&) {
    arguments made;
    made.add(what.job.value).add(signed_of(what.after)).add(std::int64_t{what.most});
    return made;
}

outcome<claimed> answer_of(const claim& what, const PGresult* from, const limits& most) {
    if (PQntuples(from) == 0) return no_such(what.job);
    row at(from, 0);
    const auto stands = columns::row_of(columns_of(at), most);
    if (not stands) return not_applied{stands.error()};
    at.skip();  // changed
    claimed made{.row = *stands};
    if (at.is_null()) return made;
    const auto restore = checkpoint_of(what.job, at, [&] { return at.text(); });
    if (not restore) return unknown{restore.error()};  // it is claimed, but from where to go on is not known
    made.restore = *restore;
    return made;
}

outcome<job_row> answer_of(const store_row& what, const PGresult* from, const limits& most) {
    if (PQntuples(from) == 0) return no_such(what.job);
    row at(from, 0);
    const auto stands = columns::row_of(columns_of(at), most);
    if (not stands) return not_applied{stands.error()};
    return *stands;
}

outcome<checkpoint_written> answer_of(const write_checkpoint& what, const PGresult* from, const limits&) {
    row first(from, 0);
    const std::string verdict = PQntuples(from) == 0 ? "none" : first.text();
    if (verdict == "none") return no_such(what.job);
    if (verdict == "lost") return lost(what.job);
    if (verdict != "done")
        return invalid("checkpoint " + std::to_string(what.row.name.epoch.value) + " of job \"" + what.job.value +
                       "\" cannot go from " + verdict + " to " + std::string(text_of(what.row.state)));
    checkpoint_written made;
    for (int i = 1; i < PQntuples(from); ++i) {
        row at(from, i);
        at.skip();
        // What was edited by hand into the name of no checkpoint has no objects to remove.
        if (const auto read = checkpoint_of(what.job, at, [] { return "compacting"; }))
            made.obsolete.push_back(read->name);
    }
    return made;
}

outcome<std::uint64_t> answer_of(const put_wish& what, const PGresult* from, const limits&) {
    if (PQntuples(from) == 0) return no_such(what.job);
    const std::int64_t version = row(from, 0).number();
    if (version < 0)
        return invalid("job \"" + what.job.value + "\": another change made version " +
                       std::to_string(what.expected + 1) + " first; read it and try again");
    return static_cast<std::uint64_t>(version);
}

outcome<applied> answer_of(const tell& what, const PGresult* from, const limits&) {
    if (PQntuples(from) == 0) return no_such(what.job);
    if (not row(from, 0).truth()) return lost(what.job);
    return applied{};
}

outcome<std::vector<controller_seen>> answer_of(const advance_lease&, const PGresult* from, const limits&) {
    std::vector<controller_seen> seen;
    for (int i = 0; i < PQntuples(from); ++i) {
        row at(from, i);
        const std::string who = at.text();
        const std::int64_t counter = at.number();
        const auto read = columns::controller_of(who, counter, at.truth());
        if (read) seen.push_back(*read);  // else edited by hand into something else
    }
    return seen;
}

expected<std::vector<log_line>> answer_of(const read_log& what, const PGresult* from, const limits& most) {
    if (PQntuples(from) == 0) return tl::unexpected(no_such(what.job).why);
    std::vector<log_line> lines;
    for (int i = 0; i < PQntuples(from); ++i) {
        row at(from, i);
        if (at.is_null()) break;
        const std::int64_t number = at.number(), when = at.number(), generation = at.number();
        auto read = columns::line_of(what.job, number, when, generation, at.text(), most);
        if (read) lines.push_back(*std::move(read));  // else edited by hand into something else
    }
    return lines;
}

seen_jobs seen_of(const PGresult* from, const limits& most) {
    seen_jobs seen;
    for (int i = 0; i < PQntuples(from); ++i) {
        row at(from, i);
        const bool is_job = not at.is_null();
        const columns::job read = columns_of(at);
        const std::uint64_t changed = transaction(at.text());
        seen.oldest = transaction(at.text());
        if (is_job) seen.jobs.push_back({columns::record_of(read, most), changed});
    }
    return seen;
}

}  // namespace headgate::inline v1::postgres
