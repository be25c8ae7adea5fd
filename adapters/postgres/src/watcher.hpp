#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: which of the jobs that a look found are news to whoever has this cursor.

#include "conversions.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace headgate::inline v1::postgres {

/// A cursor is (oldest transaction that was not over, number of the answer). While a transaction is open that began
/// before others that are over, a look finds those again; the cursor of the last answer says that they were told.
/// Every older cursor, and one of another connection, is told of them once more, so nothing is ever missed.
class watcher {
public:
    /// What a look must ask for, so that it finds all news for `since`.
    static std::uint64_t oldest_of(cursor since) { return since.value >> number_bits; }

    /// None: no news. `found` are the jobs that were changed by `oldest_of(since)` or a later transaction.
    std::optional<job_news> news(cursor since, seen_jobs found);

private:
    static constexpr int number_bits = 16;

    cursor last_{};
    std::uint16_t number_ = 0;
    std::map<job_id, std::uint64_t> told_{};  // with `last_`; of those that a look finds again
};

}  // namespace headgate::inline v1::postgres
