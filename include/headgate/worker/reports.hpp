#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: what the engine said, kept until the controller has surely heard it (S14, J1).
//
// Started, finished and failed are cumulative, so a report that may be lost is simply sent again. A checkpoint's are
// not: each goes once a stream, and all of the newest epoch again on the next stream. A report goes at once, then at
// most one of each kind in `worker_times::report`, so a thousand starts are a few messages.

#include <headgate/vocabulary/engine.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/worker/context.hpp>
#include <headgate/worker/settings.hpp>
#include <headgate/worker/task_ranges.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

class worker_reports {
public:
    /// From now on there is an execution. `what` has been checked.
    void begin(std::shared_ptr<const execution> what, std::uint32_t position);

    // Each answers whether it was in place: of a subtask of this worker, and new.
    bool add(const engine_initialized& said, const limits& most);
    bool add(const subtask_started& said);
    bool add(const subtask_finished& said);
    bool add(task_failure said, const limits& most);
    bool add(subtask_checkpointed said, const limits& most);
    bool add(checkpoint_failed said, const limits& most);

    /// `of` is under way; what is left of earlier epochs is not worth telling any more.
    void checkpoint_begins(epoch of);
    epoch newest() const { return epoch_; }

    /// What went over an earlier stream may be lost.
    void repeat();
    /// Sends what is due. Only while accepted.
    void tell(worker_context& c, const worker_settings& settings);
    /// Sends all, due or not: there is no later.
    void tell_now(worker_context& c, const worker_settings& settings);

    friend bool operator==(const worker_reports&, const worker_reports&) = default;

private:
    friend fields;
    static constexpr std::size_t field_count = 17;

    bool is_mine(node_id node, std::uint32_t subtask) const;
    void tell_tasks(worker_context& c, const limits& most);
    void tell_checkpoint(worker_context& c, const limits& most);
    bool checkpoint_waits() const { return told_states_ < states_.size() or (not_stored_ and not told_failure_); }

    std::shared_ptr<const execution> execution_{};
    std::uint32_t position_{};
    std::vector<std::pair<node_id, std::uint32_t>> nodes_{};  ///< positions in the plan by id, ascending

    std::optional<headgate::initialized> initialized_{};
    bool told_initialized_ = false;

    task_ranges started_{};
    task_ranges finished_{};
    std::vector<task_failure> failures_{};
    bool tasks_changed_ = false;
    instant tasks_due_ = instant::min();

    headgate::epoch epoch_{};
    task_ranges stored_{};
    std::vector<subtask_state> states_{};
    std::size_t told_states_{};  ///< of them, over this stream
    std::optional<std::string> not_stored_{};
    bool told_failure_ = false;
    instant checkpoint_due_ = instant::min();
};

// Implementation ------------------------------------------------------------------------------------------------------

inline void worker_reports::begin(std::shared_ptr<const execution> what, std::uint32_t position) {
    execution_ = std::move(what);
    position_ = position;
    const auto& placed = execution_->plan->nodes;
    for (std::uint32_t i = 0; i < placed.size(); ++i) nodes_.emplace_back(placed[i].id, i);
    std::ranges::sort(nodes_);
}

inline bool worker_reports::is_mine(node_id node, std::uint32_t subtask) const {
    const auto at = std::ranges::lower_bound(nodes_, node, {}, &std::pair<node_id, std::uint32_t>::first);
    if (at == nodes_.end() or at->first != node) return false;
    const plan& in = *execution_->plan;
    return subtask < in.nodes[at->second].parallelism and worker_of(in, at->second, subtask) == position_;
}

inline bool worker_reports::add(const engine_initialized& said, const limits& most) {
    if (not execution_ or initialized_) return false;
    initialized_.emplace();
    if (said.failure.empty()) return true;
    initialized_->failure = said.failure;
    initialized_->may_retry = said.may_retry;
    worker_detail::cut(*initialized_->failure, most.error_text);
    return true;
}

inline bool worker_reports::add(const subtask_started& said) {
    if (not is_mine(said.node, said.subtask) or not started_.insert(said.node, said.subtask)) return false;
    return tasks_changed_ = true;
}

inline bool worker_reports::add(const subtask_finished& said) {
    if (not is_mine(said.node, said.subtask) or not finished_.insert(said.node, said.subtask)) return false;
    started_.insert(said.node, said.subtask);
    return tasks_changed_ = true;
}

inline bool worker_reports::add(task_failure said, const limits& most) {
    if (not is_mine(said.node, said.subtask) or failures_.size() >= most.failures) return false;
    const auto same = [&](const task_failure& f) { return f.node == said.node and f.subtask == said.subtask; };
    if (std::ranges::any_of(failures_, same)) return false;
    worker_detail::cut(said.text, most.error_text);
    worker_detail::cut(said.operator_name, most.id);
    failures_.push_back(std::move(said));
    return tasks_changed_ = true;
}

inline bool worker_reports::add(subtask_checkpointed said, const limits& most) {
    if (not is_mine(said.state.node, said.state.subtask) or said.epoch < epoch_) return false;
    checkpoint_begins(said.epoch);
    if (said.state.handle.size() > most.message / 2) {
        const std::string size = std::to_string(said.state.handle.size());
        return add(checkpoint_failed{said.epoch, "node " + std::to_string(said.state.node.value) + ", subtask " +
                                                     std::to_string(said.state.subtask) + ": a state handle of " +
                                                     size + " bytes, the limit is " + std::to_string(most.message / 2)},
                   most);
    }
    if (not stored_.insert(said.state.node, said.state.subtask)) return false;
    states_.push_back(std::move(said.state));
    return true;
}

inline bool worker_reports::add(checkpoint_failed said, const limits& most) {
    if (not execution_ or said.epoch < epoch_) return false;
    checkpoint_begins(said.epoch);
    if (not_stored_) return false;
    worker_detail::cut(said.why, most.error_text);
    not_stored_ = std::move(said.why);
    return true;
}

inline void worker_reports::checkpoint_begins(epoch of) {
    if (of <= epoch_) return;
    epoch_ = of;
    stored_.clear();
    states_.clear();
    told_states_ = 0;
    not_stored_.reset();
    told_failure_ = false;
}

inline void worker_reports::repeat() {
    told_initialized_ = false;
    tasks_changed_ = not started_.empty() or not failures_.empty();
    told_states_ = 0;
    told_failure_ = false;
    tasks_due_ = checkpoint_due_ = instant::min();
}

inline void worker_reports::tell(worker_context& c, const worker_settings& settings) {
    if (initialized_ and not std::exchange(told_initialized_, true)) c.ask(*initialized_);
    if (tasks_changed_ and c.reached(tasks_due_)) {
        tell_tasks(c, settings.most);
        tasks_due_ = c.after(settings.times.report);
    }
    if (checkpoint_waits() and c.reached(checkpoint_due_)) {
        tell_checkpoint(c, settings.most);
        checkpoint_due_ = c.after(settings.times.report);
    }
}

inline void worker_reports::tell_now(worker_context& c, const worker_settings& settings) {
    tasks_due_ = checkpoint_due_ = instant::min();
    tell(c, settings);
}

inline void worker_reports::tell_tasks(worker_context& c, const limits& most) {
    tasks_changed_ = false;
    c.ask(task_report{started_.list(most.ranges), finished_.list(most.ranges), failures_});
}

// As many messages as their limits ask for: a state is its handle and a few numbers.
inline void worker_reports::tell_checkpoint(worker_context& c, const limits& most) {
    constexpr std::size_t numbers = 32;
    do {
        checkpoint_report part{.epoch = epoch_};
        for (std::size_t bytes = 0; told_states_ < states_.size(); ++told_states_) {
            bytes += states_[told_states_].handle.size() + numbers;
            if (not part.subtasks.empty() and (bytes > most.message / 2 or part.subtasks.size() >= most.states)) break;
            part.subtasks.push_back(states_[told_states_]);
        }
        const bool is_whole = told_states_ == states_.size();
        if (is_whole and not_stored_ and not std::exchange(told_failure_, true)) part.failure = not_stored_;
        c.ask(std::move(part));
    } while (told_states_ < states_.size());
}

}  // namespace headgate::inline v1
