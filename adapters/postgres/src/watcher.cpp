// SPDX-License-Identifier: BSL-1.0
#include "watcher.hpp"

#include <utility>

namespace headgate::inline v1::postgres {

std::optional<job_news> watcher::news(cursor since, seen_jobs found) {
    const bool is_last = since == last_;
    const auto is_told = [&](const seen_jobs::one& each) {
        const auto at = told_.find(each.record.id);
        return is_last and at != told_.end() and at->second == each.changed;
    };
    std::map<job_id, std::uint64_t> told;
    job_news news;
    for (seen_jobs::one& each : found.jobs) {
        if (each.changed >= found.oldest) told.emplace(each.record.id, each.changed);
        if (not is_told(each)) news.jobs.push_back(std::move(each.record));
    }
    if (news.jobs.empty()) return std::nullopt;
    news.next = last_ = {found.oldest << number_bits | ++number_};
    told_ = std::move(told);
    return news;
}

}  // namespace headgate::inline v1::postgres
