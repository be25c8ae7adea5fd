#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: which jobs there are, as the database showed them last, and which of them may be taken (G5, I15, J6).

#include <headgate/controller/leases.hpp>
#include <headgate/machine/job.hpp>
#include <headgate/machine/policies.hpp>
#include <headgate/machine/table.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace headgate::inline v1 {

/// A job that is open: of those at rest there is no end, and none is kept.
struct seen_job {
    job_record record{};
    instant at{};
    std::optional<instant> refused_until{};  ///< its row: it is left until then, whoever owns it
    std::optional<instant> left_until{};     ///< its row names this controller, which has it no more: likewise
    generation above{};  ///< this controller's last of another row of that name: workers of the next are newer
};

class sightings {
public:
    explicit sightings(incarnation self) : self_(self) {}

    std::size_t size() const { return seen_.size(); }

    /// There is something to do for it: at rest there is nothing (J6, I12).
    static bool is_open(const job_record& record);
    /// It was read before the end of a job was stored, and that will be read yet.
    bool is_before_an_end(const job_record& record) const;
    /// What is wrong with a row that shows less than was seen of that job before: it is another one. Looks are answered
    /// in the order in which they are read.
    std::optional<std::string> went_back(const job_record& record, const job& known) const;

    /// `is_here`: this controller has it. Null if it is not open.
    seen_job* saw(const job_record& record, instant now, bool is_here, duration lease);
    /// There was no row when it was asked for; what came since may be of a job submitted anew.
    void forget_missing(const job_id& job, instant asked);
    /// Jobs are watched anew: what has ended before is read by now.
    void watch_begins() { ended_.clear(); }
    /// This controller has it no more. What was seen of it before another took it says nothing, and the news of that
    /// will come. Where its row was refused, or names this controller still, perhaps none will: it is taken up again
    /// after the time that another would have waited.
    void let_go(const job& of, instant now, duration lease);

    /// Open, and nobody has it, or its owner is gone (G5), or its row was refused a while ago, or names this controller
    /// for as long: then it was edited, and nobody else would take it.
    bool may_take(const seen_job& one, leases& of, instant now, const patience& wait) const;
    /// What is left of its time to live. Precondition: may_take.
    std::optional<duration> take(seen_job& one, instant now);
    template <class Visit>
    void for_each(Visit visit) {
        for (auto& [id, one] : seen_) visit(id, one);
    }

private:
    friend fields;
    static constexpr std::size_t field_count = 3;

    incarnation self_;
    std::map<job_id, seen_job> seen_{};
    std::map<job_id, std::uint64_t> ended_{};  ///< revisions of those that ended since the present watch was asked
};

// Implementation ------------------------------------------------------------------------------------------------------

inline bool sightings::is_open(const job_record& record) {
    const job_row& row = record.row;
    if (not record.wish) return false;
    const wish& wished = **record.wish;
    const bool is_at_rest = is_terminal(row.state) and row.owner == incarnation{};
    const bool is_wanted = wished.stop == stop_mode::run and
                           ((row.state == state_name::stopped and wished.version > row.applied) or
                            (row.state == state_name::failed and wished.restart_nonce != row.restart_nonce));
    return is_wanted or not is_at_rest;
}

inline bool sightings::is_before_an_end(const job_record& record) const {
    const auto end = ended_.find(record.id);
    return end != ended_.end() and record.row.revision < end->second;
}

inline std::optional<std::string> sightings::went_back(const job_record& record, const job& known) const {
    const auto from_to = [](const char* what, std::uint64_t from, std::uint64_t to) {
        return std::string("went back from ") + what + " " + std::to_string(from) + " to " + std::to_string(to) +
               ": it was edited by hand, removed and submitted again, or an older database was put back";
    };
    if (not record.wish or not known.is_owned() or known.is_let_go) return std::nullopt;
    const auto before = seen_.find(record.id);
    if (before != seen_.end() and record.row.revision < before->second.record.row.revision)
        return from_to("revision", before->second.record.row.revision, record.row.revision);
    if (known.wish and (*record.wish)->version < known.wish->version)
        return from_to("version", known.wish->version, (*record.wish)->version);
    return std::nullopt;
}

inline seen_job* sightings::saw(const job_record& record, instant now, bool is_here, duration lease) {
    if (not is_open(record)) {
        seen_.erase(record.id);
        return nullptr;
    }
    seen_job& seen = seen_[record.id];
    seen.record = record;
    seen.at = now;
    if (record.row.owner != self_ or is_here)
        seen.left_until.reset();
    else if (not seen.left_until)
        seen.left_until = later(now, lease);
    return &seen;
}

inline void sightings::forget_missing(const job_id& job, instant asked) {
    const auto at = seen_.find(job);
    if (at != seen_.end() and at->second.at <= asked) seen_.erase(at);
}

inline void sightings::let_go(const job& of, instant now, duration lease) {
    if (not of.is_let_go) ended_[of.id] = of.durable.revision;
    const auto at = seen_.find(of.id);
    if (not of.is_let_go or at == seen_.end()) return;
    seen_job& seen = at->second;
    const bool is_old = seen.record.row.revision <= of.durable.revision;
    if (of.is_orphaned) seen.above = std::max(seen.above, of.next.generation);
    if (of.is_refused) {
        if (is_old) seen.record.row = of.durable;
        seen.refused_until = later(now, lease);
    } else if (seen.record.row.owner == self_) {
        seen.left_until = later(now, lease);
    } else if (is_old and not of.is_orphaned) {
        seen_.erase(at);
    }
}

inline bool sightings::may_take(const seen_job& one, leases& of, instant now, const patience& wait) const {
    const incarnation owner = one.record.row.owner;
    if (not is_open(one.record) or not of.has_looked() or one.refused_until > now) return false;
    return owner == self_ ? one.refused_until or (one.left_until and *one.left_until <= now)
                          : of.is_over(owner, now, wait.lease, wait.owner_gone);
}

inline std::optional<duration> sightings::take(seen_job& one, instant now) {
    std::optional<duration> left = one.record.time_left;
    if (left) *left -= now - one.at;  // it was read so long ago
    one.refused_until.reset();
    one.left_until.reset();
    one.record.row.generation = std::max(one.record.row.generation, one.above);
    return left;
}

}  // namespace headgate::inline v1
