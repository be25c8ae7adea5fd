#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: who else lives (G5). No clocks are compared: only this controller's own is read, and only time in which
// the database answered counts, so an outage makes nobody seize anything (T5).

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/record.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace headgate::inline v1 {

class leases {
public:
    /// The database answered at `now`. After a gap of more than `longest_gap` every lease is watched anew.
    void saw(std::span<const controller_seen> all, instant now, duration longest_gap);

    /// Whether anything was seen at all: before, nobody can be said to be gone.
    bool has_looked() const { return looked_ != never; }

    /// Whether `owner` was seen not to advance for `lease`, or said by the database to be gone for `if_gone`.
    /// One that the database does not know counts as gone from when it was first asked about: it may have come since
    /// the last look.
    bool is_over(const incarnation& owner, instant now, duration lease, duration if_gone);

private:
    struct watched {
        controller_seen as{};
        instant since{};       ///< unchanged
        instant gone_since{};  ///< if it is
    };

    friend fields;
    static constexpr std::size_t field_count = 3;

    std::vector<watched> all_;  // by incarnation
    std::vector<watched> unknown_;  // owners that the database did not know when it was looked at
    instant looked_ = never;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void leases::saw(std::span<const controller_seen> all, instant now, duration longest_gap) {
    const bool was_cut_off = looked_ != never and now - looked_ > longest_gap;
    std::vector<watched> next;
    for (const controller_seen& one : all) {
        const auto at = std::ranges::find(all_, one.incarnation, [](const watched& w) { return w.as.incarnation; });
        const bool is_known = at != all_.end() and not was_cut_off;
        const bool is_unchanged = is_known and at->as.counter == one.counter;
        // Gone all at once may be who comes back from the outage that this controller came back from before it.
        const bool was_gone = is_unchanged and at->as.is_gone and one.is_gone;
        next.push_back({one, is_unchanged ? at->since : now, was_gone ? at->gone_since : now});
    }
    all_ = std::move(next);
    looked_ = now;
    std::erase_if(unknown_, [&](const watched& w) {
        return was_cut_off or std::ranges::find(all, w.as.incarnation, &controller_seen::incarnation) != all.end();
    });
}

inline bool leases::is_over(const incarnation& owner, instant now, duration lease, duration if_gone) {
    if (owner == incarnation{}) return true;
    if (not has_looked()) return false;
    const auto who = [](const watched& w) { return w.as.incarnation; };
    if (const auto at = std::ranges::find(all_, owner, who); at != all_.end())
        return looked_ - at->since >= lease or (at->as.is_gone and looked_ - at->gone_since >= if_gone);
    if (const auto at = std::ranges::find(unknown_, owner, who); at != unknown_.end())
        return looked_ - at->since >= std::min(lease, if_gone);
    unknown_.push_back({{.incarnation = owner}, now, now});
    return false;
}

}  // namespace headgate::inline v1
