#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the workers of jobs as a plain value, with a backend's rules for them.

#include <headgate/concepts/worker_log.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// What a scheduler backend does, answered at once. Copies, compares; `blocking<worker_pool>` is a scheduler too.
class worker_pool {
public:
    struct worker {
        job_id job{};
        headgate::generation generation{};
        worker_identity who{};
        bool hangs = false;  ///< ends by force only

        friend auto operator<=>(const worker&, const worker&) = default;
    };

    /// Room for `slots` in all; asked for in workers of `slots_per_worker`.
    explicit worker_pool(std::uint64_t slots = 65'536, std::uint32_t slots_per_worker = 16)
        : slots_(slots), slots_per_worker_(slots_per_worker) {}

    std::uint32_t worker_slots() const { return slots_per_worker_; }
    outcome<applied> start_workers(const headgate::start_workers& what);
    /// Those that hang are left, unless forced.
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what);
    expected<std::vector<worker_id>> workers(const list_workers& what) const;
    std::optional<worker_news> watch(cursor since) { return log_.after(since); }

    /// The worker ends by itself: news. False if there is none.
    bool exit(const job_id& job, generation of, worker_id id, std::string how);
    /// From now on this worker ends by force only. False if there is none.
    bool hang(const job_id& job, generation of, worker_id id);

    /// Those that live, ordered by job, generation and id.
    std::span<const worker> all() const { return all_; }
    std::uint64_t used() const;
    /// No generation up to this one starts any more; 0: none of the job was stopped.
    generation floor(const job_id& job) const;
    /// What a watch is told that ends without news.
    worker_news nothing(cursor since) const { return log_.nothing(since); }

    friend bool operator==(const worker_pool&, const worker_pool&) = default;

private:
    std::vector<worker>::iterator find(const job_id& job, generation of, worker_id id);

    std::uint64_t slots_;
    std::uint32_t slots_per_worker_;
    std::vector<worker> all_;
    std::map<job_id, generation> floors_;  // one for each job that was stopped
    worker_log log_;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline outcome<applied> worker_pool::start_workers(const headgate::start_workers& what) {
    if (what.generation <= floor(what.job))
        return not_applied{{.kind = error_kind::scheduler,
                            .text = "generation " + std::to_string(what.generation.value) + " of job " +
                                    what.job.value + " was stopped",
                            .needed = std::uint64_t{floor(what.job).value} + 1}};
    std::vector<worker> added;
    std::uint64_t needed = 0;
    for (const worker_identity& who : what.workers) {
        const auto is_added = [&](const worker& one) { return one.who.id == who.id; };
        if (find(what.job, what.generation, who.id) != all_.end() or std::ranges::any_of(added, is_added)) continue;
        added.push_back({what.job, what.generation, who});
        needed += who.slots;
    }
    const std::uint64_t available = slots_ - used();
    if (needed > available)
        return not_applied{{.kind = error_kind::not_enough_slots, .needed = needed, .available = available}};
    all_.insert(all_.end(), added.begin(), added.end());
    std::ranges::sort(all_);
    return applied{};
}

inline outcome<std::uint32_t> worker_pool::stop_workers(const headgate::stop_workers& what) {
    generation& floor = floors_[what.job];
    floor = std::max(floor, what.up_to);
    const auto is_meant = [&](const worker& w) { return w.job == what.job and w.generation <= what.up_to; };
    if (std::erase_if(all_, [&](const worker& w) { return is_meant(w) and (what.force or not w.hangs); }) > 0)
        log_.freed();
    return static_cast<std::uint32_t>(std::ranges::count_if(all_, is_meant));
}

inline expected<std::vector<worker_id>> worker_pool::workers(const list_workers& what) const {
    std::vector<worker_id> found;
    for (const worker& w : all_)
        if (w.job == what.job and w.generation == what.generation) found.push_back(w.who.id);
    return found;
}

inline bool worker_pool::exit(const job_id& job, generation of, worker_id id, std::string how) {
    const auto found = find(job, of, id);
    if (found == all_.end()) return false;
    all_.erase(found);
    log_.exited({.job = job, .generation = of, .worker = id, .how = std::move(how)});
    return true;
}

inline bool worker_pool::hang(const job_id& job, generation of, worker_id id) {
    const auto found = find(job, of, id);
    if (found == all_.end()) return false;
    found->hangs = true;
    return true;
}

inline std::uint64_t worker_pool::used() const {
    std::uint64_t sum = 0;
    for (const worker& w : all_) sum += w.who.slots;
    return sum;
}

inline generation worker_pool::floor(const job_id& job) const {
    const auto found = floors_.find(job);
    return found == floors_.end() ? generation{} : found->second;
}

inline std::vector<worker_pool::worker>::iterator worker_pool::find(const job_id& job, generation of, worker_id id) {
    return std::ranges::find_if(
        all_, [&](const worker& w) { return w.job == job and w.generation == of and w.who.id == id; });
}

}  // namespace headgate::inline v1::simulation
