#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: what the workers' heartbeats say of a job, and what its machine knows (S15). Decides nothing.

#include <headgate/machine/job.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace headgate::inline v1 {

struct job_metrics {
    headgate::generation generation{};
    std::uint32_t restarts{};  ///< as the row has it: since the job last ran healthily
    checkpoint_times checkpoints{};
    std::vector<node_counters> nodes{};  ///< by id; sums over workers, backpressure is the largest of any

    friend bool operator==(const job_metrics&, const job_metrics&) = default;
};

/// Begins anew with each generation.
class metrics_of_job {
public:
    /// Counters are cumulative by worker: the newest replace the older ones.
    void heard(generation of, ordinal worker, std::vector<node_counters> counters);
    job_metrics sum() const;
    /// Of the present generation of `known`, which may not have been heard yet.
    job_metrics sum(const job& known) const;

private:
    generation of_{};
    std::vector<std::vector<node_counters>> by_worker_;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void metrics_of_job::heard(generation of, ordinal worker, std::vector<node_counters> counters) {
    if (of < of_) return;
    if (of > of_) *this = {};
    of_ = of;
    if (by_worker_.size() <= worker.value) by_worker_.resize(std::size_t{worker.value} + 1);
    by_worker_[worker.value] = std::move(counters);
}

inline job_metrics metrics_of_job::sum() const {
    job_metrics all{.generation = of_};
    for (const auto& worker : by_worker_)
        for (const node_counters& one : worker) {
            auto at = std::ranges::lower_bound(all.nodes, one.node, {}, &node_counters::node);
            if (at == all.nodes.end() or at->node != one.node) at = all.nodes.insert(at, {.node = one.node});
            at->records_in += one.records_in;
            at->records_out += one.records_out;
            at->bytes_in += one.bytes_in;
            at->bytes_out += one.bytes_out;
            at->backpressure = std::max(at->backpressure, one.backpressure);
        }
    return all;
}

inline job_metrics metrics_of_job::sum(const job& known) const {
    const generation present = known.next.generation;
    job_metrics all = of_ == present ? sum() : job_metrics{.generation = present};
    all.restarts = known.next.restarts;
    all.checkpoints = known.checkpointed;
    return all;
}

}  // namespace headgate::inline v1
