#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what a database keeps and what each operation does to it, at once and without a completion.

#include <headgate/vocabulary/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// A copyable value. It reads no clock: `now` is given, and wall times are `now` since its epoch.
class database_rows {
public:
    instant now{};
    bool keeps_history = true;  ///< false: what is told is forgotten, and no news

    /// From now on this controller is known to be gone; it is forgotten when it owns no job.
    void set_gone(incarnation who);

    // What the operation of that effect does and answers.
    outcome<claimed> apply(const headgate::claim& what);
    outcome<job_row> apply(const store_row& what);
    outcome<checkpoint_written> apply(const headgate::write_checkpoint& what);
    outcome<std::uint64_t> apply(const headgate::put_wish& what);
    outcome<applied> apply(const headgate::tell& what);
    outcome<std::vector<controller_seen>> apply(const headgate::advance_lease& what);
    expected<job_news> apply(const watch_jobs& what) const;
    expected<std::vector<log_line>> apply(const headgate::read_log& what) const;

    /// For people and invariants: everything that stands.
    struct entry {
        job_row row{};
        std::shared_ptr<const headgate::wish> wish{};
        std::map<checkpoint_name, checkpoint_state> checkpoints{};
        std::vector<log_line> log{};  ///< the newest `log_lines`
        std::uint64_t lines{};        ///< told so far
        std::string waits_for{};
        std::uint32_t workers{};
        instant submitted{};
        std::optional<instant> started{};
        instant since{};
        std::uint64_t changed{};  ///< number of the last change
    };
    const std::map<job_id, entry>& jobs() const { return jobs_; }
    const std::map<incarnation, controller_seen>& controllers() const { return controllers_; }
    std::uint64_t changes() const { return changes_; }  ///< of jobs so far

    static constexpr std::size_t log_lines = 10'000;      ///< kept of each job
    static constexpr std::size_t checkpoints_kept = 100;  ///< of those that are compacted

protected:
    // Also for liars: models that break one law and test the laws.
    entry* find(const job_id& job);
    void touch(entry& changed) { changed.changed = ++changes_; }
    void replace(entry& at, const job_row& next);
    static std::optional<checkpoint_row> restore_point(const entry& of, epoch threshold);
    static void mark(entry& at, const std::optional<checkpoint_row>& restore, epoch threshold);
    static std::vector<checkpoint_name> clean(entry& at, std::uint32_t keep);
    job_record record(const job_id& job, const entry& of) const;

    std::map<job_id, entry> jobs_{};
    std::map<incarnation, controller_seen> controllers_{};
    std::uint64_t changes_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline not_applied no(error_kind kind, std::string text) { return {{.kind = kind, .text = std::move(text)}}; }
inline not_applied no_such(const job_id& job) { return no(error_kind::invalid, "there is no job " + job.value); }
inline not_applied lost(const job_id& job) {
    return no(error_kind::ownership_lost, "job " + job.value + " has another owner or generation");
}
inline wall_time wall(instant at) { return wall_time(at.time_since_epoch()); }

/// Nobody will ever read its objects, now that a newer one is ready. `ours`: of whoever writes, which is fenced.
constexpr bool is_useless(const checkpoint_name& name, checkpoint_state state, generation ours) {
    switch (state) {
        case checkpoint_state::failed:
        case checkpoint_state::abandoned: return true;
        case checkpoint_state::in_progress: return name.generation < ours;
        case checkpoint_state::committing:
        case checkpoint_state::ready:
        case checkpoint_state::compacting:
        case checkpoint_state::compacted: return false;
    }
    return false;
}

}  // namespace detail

inline database_rows::entry* database_rows::find(const job_id& job) {
    const auto at = jobs_.find(job);
    return at == jobs_.end() ? nullptr : &at->second;
}

inline void database_rows::replace(entry& at, const job_row& next) {
    if (next.state != at.row.state) at.since = now;
    if (next.state == state_name::running and not at.started) at.started = now;
    const std::uint64_t revision = at.row.revision + 1;
    at.row = next;
    at.row.revision = revision;
    touch(at);
}

inline std::optional<checkpoint_row> database_rows::restore_point(const entry& of, epoch threshold) {
    for (auto at = of.checkpoints.rbegin(); at != of.checkpoints.rend() and at->first.epoch >= threshold; ++at)
        if (at->second == checkpoint_state::ready or at->second == checkpoint_state::committing)
            return checkpoint_row{at->first, at->second};
    return std::nullopt;
}

inline void database_rows::mark(entry& at, const std::optional<checkpoint_row>& restore, epoch threshold) {
    for (auto& [name, state] : at.checkpoints) {
        if (state == checkpoint_state::in_progress and (not restore or name.epoch > restore->name.epoch))
            state = checkpoint_state::failed;
        else if (state == checkpoint_state::committing and name.epoch < threshold)
            state = checkpoint_state::abandoned;
    }
}

inline outcome<claimed> database_rows::apply(const headgate::claim& what) {
    entry* const at = find(what.job);
    if (at == nullptr) return detail::no_such(what.job);
    const bool is_first = at->row.revision == what.expected;
    if (is_first) replace(*at, what.next);
    // By this claim, or it is a repeat, which marks nothing: a late one would fail the claimant's own checkpoint.
    const bool is_mine = at->row.generation == what.next.generation and at->row.owner == what.next.owner;
    claimed answer{.row = at->row};
    if (is_mine) answer.restore = restore_point(*at, what.threshold);
    if (is_first) mark(*at, answer.restore, what.threshold);
    return answer;
}

inline outcome<job_row> database_rows::apply(const store_row& what) {
    entry* const at = find(what.job);
    if (at == nullptr) return detail::no_such(what.job);
    if (at->row.revision == what.expected) replace(*at, what.next);
    return at->row;
}

inline std::vector<checkpoint_name> database_rows::clean(entry& at, std::uint32_t keep) {
    std::vector<checkpoint_name> obsolete;
    if (keep == 0) return obsolete;
    std::size_t ready = 0, compacted = 0;
    for (auto each = at.checkpoints.rbegin(); each != at.checkpoints.rend(); ++each) {
        auto& [name, state] = *each;
        if (state == checkpoint_state::ready ? ++ready > keep
                                             : ready > 0 and detail::is_useless(name, state, at.row.generation))
            state = checkpoint_state::compacting;
        if (state == checkpoint_state::compacting) obsolete.insert(obsolete.begin(), name);
        if (state == checkpoint_state::compacted) ++compacted;
    }
    for (auto each = at.checkpoints.begin(); compacted > checkpoints_kept and each != at.checkpoints.end();) {
        const bool is_dropped = each->second == checkpoint_state::compacted;
        each = is_dropped ? at.checkpoints.erase(each) : std::next(each);
        compacted -= is_dropped ? 1 : 0;
    }
    if (obsolete.size() > most_obsolete) obsolete.resize(most_obsolete);
    return obsolete;
}

inline outcome<checkpoint_written> database_rows::apply(const headgate::write_checkpoint& what) {
    entry* const at = find(what.job);
    if (at == nullptr) return detail::no_such(what.job);
    if (at->row.generation != what.generation or at->row.owner != what.owner) return detail::lost(what.job);
    const auto row = at->checkpoints.find(what.row.name);
    const auto from = row == at->checkpoints.end() ? std::nullopt : std::optional(row->second);
    if (not may_step(from, what.row.state))
        return detail::no(error_kind::invalid, "a checkpoint of job " + what.job.value + " cannot go to that state");
    at->checkpoints[what.row.name] = what.row.state;
    return checkpoint_written{.obsolete = clean(*at, what.keep)};
}

inline outcome<std::uint64_t> database_rows::apply(const headgate::put_wish& what) {
    if (what.job.value.empty() or what.job.value.size() > limits{}.id)
        return detail::no(error_kind::invalid, "a job's id has 1 to 64 bytes");
    if (not what.next.program) return detail::no(error_kind::invalid, "there is no program");
    entry* at = find(what.job);
    if (at == nullptr and what.expected > 0) return detail::no_such(what.job);
    const std::uint64_t stands = at == nullptr ? 0 : at->wish->version;
    headgate::wish next = what.next;
    next.version = what.expected + 1;
    if (stands == next.version and not(*at->wish == next))
        return detail::no(error_kind::invalid, "job " + what.job.value + ": another change made version " +
                                                   std::to_string(stands) + " first");
    if (stands != what.expected) return stands;
    if (at == nullptr) {
        at = &jobs_[what.job];
        at->submitted = at->since = now;
    }
    at->wish = std::make_shared<const headgate::wish>(std::move(next));
    touch(*at);
    return at->wish->version;
}

inline outcome<applied> database_rows::apply(const headgate::tell& what) {
    entry* const at = find(what.job);
    if (at == nullptr) return detail::no_such(what.job);
    if (not keeps_history) return applied{};
    const bool is_free = at->row.owner == incarnation{} and at->row.generation == what.generation;
    if (at->row.owner != what.owner and not is_free) return detail::lost(what.job);
    for (log_line line : what.lines) {
        line.number = ++at->lines;
        line.at = detail::wall(now);
        at->log.push_back(std::move(line));
    }
    if (at->log.size() > log_lines) at->log.erase(at->log.begin(), at->log.end() - log_lines);
    if (at->waits_for != what.waits_for or at->workers != what.workers) touch(*at);
    at->waits_for = what.waits_for;
    at->workers = what.workers;
    return applied{};
}

inline outcome<std::vector<controller_seen>> database_rows::apply(const headgate::advance_lease& what) {
    controller_seen& mine =
        controllers_.try_emplace(what.self, controller_seen{.incarnation = what.self}).first->second;
    mine.counter = std::max(mine.counter, what.counter);
    mine.is_gone = false;
    std::erase_if(controllers_, [this](const auto& each) {
        const auto is_its = [&](const auto& job) { return job.second.row.owner == each.first; };
        return each.second.is_gone and std::ranges::none_of(jobs_, is_its);
    });
    std::vector<controller_seen> seen;
    for (const auto& [who, each] : controllers_) seen.push_back(each);
    return seen;
}

inline expected<std::vector<log_line>> database_rows::apply(const headgate::read_log& what) const {
    const auto at = jobs_.find(what.job);
    if (at == jobs_.end()) return tl::unexpected(detail::no_such(what.job).why);
    std::vector<log_line> lines;
    for (const log_line& line : at->second.log)
        if (line.number > what.after and lines.size() < what.most) lines.push_back(line);
    return lines;
}

inline job_record database_rows::record(const job_id& job, const entry& of) const {
    job_record made{.id = job, .row = of.row, .wish = of.wish};
    if (of.wish->time_to_live) made.time_left = *of.wish->time_to_live - (now - of.submitted);
    for (const auto& [name, state] : of.checkpoints)
        if (state == checkpoint_state::ready) made.last_ready = name;
    made.waits_for = of.waits_for;
    made.workers = of.workers;
    made.submitted = detail::wall(of.submitted);
    if (of.started) made.started = detail::wall(*of.started);
    made.since = detail::wall(of.since);
    return made;
}

inline expected<job_news> database_rows::apply(const watch_jobs& what) const {
    job_news news{.next = {changes_}};
    const std::uint64_t since = what.since.value > changes_ ? 0 : what.since.value;  // of a database that was put back
    for (const auto& [job, each] : jobs_)
        if (each.changed > since) news.jobs.push_back(record(job, each));
    return news;
}

inline void database_rows::set_gone(incarnation who) {
    if (const auto at = controllers_.find(who); at != controllers_.end()) at->second.is_gone = true;
}

}  // namespace headgate::inline v1::simulation
