#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: where workers failed lately, for assignment policies that mind (spread).

#include <headgate/assignment/past.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

namespace headgate::inline v1 {

/// When a worker on each machine was lost or given up last. It is of this controller: whoever takes the job over knows
/// of none.
class troubled_machines {
public:
    static constexpr std::size_t most = 1'024;  ///< machines; of more, those of longest ago are forgotten

    /// A worker that never registered was nowhere, and nothing is kept of it. O(log machines), once full O(machines).
    void add(const machine_id& on, instant when) {
        if (on.value.empty()) return;
        last_.insert_or_assign(on, when);
        if (last_.size() > most)
            last_.erase(std::ranges::min_element(last_, {}, [](const auto& one) { return one.second; }));
    }
    /// By machine.
    std::vector<trouble> list(instant now) const {
        std::vector<trouble> all;
        all.reserve(last_.size());
        for (const auto& [on, when] : last_) all.push_back({on, now - when});
        return all;
    }

    friend bool operator==(const troubled_machines&, const troubled_machines&) = default;

private:
    friend fields;
    static constexpr std::size_t field_count = 1;

    std::map<machine_id, instant> last_;
};

}  // namespace headgate::inline v1
