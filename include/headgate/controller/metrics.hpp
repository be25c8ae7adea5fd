#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: what the workers' heartbeats say of a job, and what its machine knows (S15). Decides nothing.

#include <headgate/machine/job.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
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
    /// Counters are cumulative by worker: the newest replace the older ones. They are bounded by the job, whatever its
    /// workers say: of a node that it does not have, of one a second time, and of more than there are subtasks, nothing
    /// is kept. O(counters log nodes).
    void heard(const job& of, ordinal worker, const std::vector<node_counters>& counters);
    /// Of the present generation of `known`, which may not have been heard yet. O(counters + nodes log nodes).
    job_metrics sum(const job& known) const;

private:
    struct kept {
        std::uint32_t position{};  ///< of the node
        node_counters counters{};
    };

    generation of_{};
    std::vector<std::vector<kept>> by_worker_;
    std::uint64_t count_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void metrics_of_job::heard(const job& of, ordinal worker, const std::vector<node_counters>& counters) {
    if (std::exchange(of_, of.next.generation) != of.next.generation) {
        by_worker_.clear();
        count_ = 0;
    }
    if (by_worker_.size() <= worker.value) by_worker_.resize(std::size_t{worker.value} + 1);
    std::vector<kept>& mine = by_worker_[worker.value];
    count_ -= mine.size();
    std::vector<kept> next;
    std::vector<bool> has;  // by position
    for (const node_counters& one : counters) {
        const std::optional<std::uint32_t> position = of.tasks.find(one.node);
        if (not position or count_ + next.size() >= of.tasks.count()) continue;
        if (has.size() <= *position) has.resize(std::size_t{*position} + 1);
        if (has[*position]) continue;
        has[*position] = true;
        next.push_back({*position, one});
    }
    mine = std::move(next);
    count_ += mine.size();
}

inline job_metrics metrics_of_job::sum(const job& known) const {
    job_metrics all{.generation = known.next.generation,
                    .restarts = known.next.restarts,
                    .checkpoints = known.checkpointed,
                    .nodes = {}};
    if (of_ != all.generation) return all;
    std::vector<std::optional<node_counters>> sums;
    for (const auto& worker : by_worker_)
        for (const kept& one : worker) {
            if (sums.size() <= one.position) sums.resize(std::size_t{one.position} + 1);
            std::optional<node_counters>& at = sums[one.position];
            if (not at) at = {.node = one.counters.node};
            at->records_in += one.counters.records_in;
            at->records_out += one.counters.records_out;
            at->bytes_in += one.counters.bytes_in;
            at->bytes_out += one.counters.bytes_out;
            at->backpressure = std::max(at->backpressure, one.counters.backpressure);
        }
    for (const std::optional<node_counters>& one : sums)
        if (one) all.nodes.push_back(*one);
    std::ranges::sort(all.nodes, {}, &node_counters::node);
    return all;
}

}  // namespace headgate::inline v1
