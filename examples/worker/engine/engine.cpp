// SPDX-License-Identifier: BSL-1.0
#include "engine.hpp"

#include <algorithm>
#include <utility>

namespace dataflow {

using headgate::expected;

engine::engine(engine_options with, std::unique_ptr<data_plane> plane)
    : with_(std::move(with)), plane_(std::move(plane)) {}

engine::~engine() { stop(true); }

expected<std::unique_ptr<engine>> engine::make(engine_options with) {
    auto plane = data_plane::listen(with.listen, with.transport);
    if (not plane) return tl::unexpected(plane.error());
    return std::unique_ptr<engine>(new engine(std::move(with), *std::move(plane)));
}

void engine::log(const std::string& line) const {
    if (with_.log) with_.log(line);
}

// Running -------------------------------------------------------------------------------------------------------------

void engine::begin_checkpoint(headgate::checkpoint_name name) {
    const std::lock_guard lock(guard_);
    begun_ = std::max(begun_, name.epoch);
    if (not is_up_ or is_halted_) return;
    for (const auto& each : subtasks_) each->begin_checkpoint(name.epoch);
}

bool engine::arrived(std::uint32_t worker, std::uint32_t channel, item what) {
    const destination& to = incoming_[worker][channel];
    return to.to->inputs().offer(to.lane, std::move(what));
}

/// One failure is enough: the job recovers.
void engine::lost(std::uint32_t worker, const std::string& why) {
    const headgate::execution& what = *share_.what;
    const std::string text = "connection to worker " + std::to_string(what.plan->workers[worker].id.value) + " at " +
                             std::string(what.plan->data_addresses[worker]) + ": " + why;
    log(text);
    for (const channel_end& each : wiring_.in)
        if (each.worker == worker and
            find(position_of(what.program->edges[each.what.edge].to), each.what.to)->fail(text))
            return;
    for (const channel_end& each : wiring_.out)
        if (each.worker == worker and
            find(position_of(what.program->edges[each.what.edge].from), each.what.from)->fail(text))
            return;
}

std::vector<headgate::node_counters> engine::counters() {
    const std::lock_guard lock(guard_);
    if (not is_up_) return {};
    const std::int64_t now = nanoseconds_now();
    const std::int64_t interval = std::max<std::int64_t>(now - std::exchange(counted_at_, now), 1);
    std::vector<headgate::node_counters> all;
    for (std::size_t first = 0, next = 0; first < subtasks_.size(); first = next) {
        const std::uint32_t at = subtasks_[first]->setting().node_position;
        headgate::node_counters node{.node = subtasks_[first]->setting().node->id};
        std::int64_t waited = 0;
        for (; next < subtasks_.size() and subtasks_[next]->setting().node_position == at; ++next) {
            subtasks_[next]->add_to(node);
            waited += subtasks_[next]->waited(now);
        }
        const std::int64_t possible = interval * static_cast<std::int64_t>(next - first);
        const std::int64_t share = (waited - std::exchange(waited_before_[at], waited)) * 1'000 / possible;
        node.backpressure = static_cast<std::uint32_t>(std::clamp<std::int64_t>(share, 0, 1'000));
        all.push_back(node);
    }
    return all;
}

std::size_t engine::queued_bytes() const {
    const std::lock_guard lock(guard_);
    std::size_t sum = plane_->queued_bytes();
    if (is_up_)
        for (const auto& each : subtasks_) sum += each->inputs().queued_bytes();
    return sum;
}

// Ending --------------------------------------------------------------------------------------------------------------

void engine::halt_all() {
    {
        const std::lock_guard lock(guard_);
        is_halted_ = true;
        if (is_up_)
            for (const auto& each : subtasks_) each->halt();
    }
    plane_->halt();
}

/// After it nothing runs and nothing is reported.
void engine::end_all(bool with_good_bye) {
    halt_all();
    if (bring_up_.joinable()) bring_up_.join();
    for (const auto& each : subtasks_) {
        each->join();
        if (each->is_source())
            log("source " + std::to_string(each->setting().node->id.value) + "-" +
                std::to_string(each->setting().subtask) + " stopped after " + std::to_string(each->lines_read()) +
                " lines");
    }
    plane_->close(with_good_bye);
}

void engine::stop(bool force) {
    if (is_ended_) return;
    if (not force) {
        if (ending_.joinable()) return;
        ending_ = std::thread([this] {
            end_all(true);
            if (report_) report_(headgate::engine_stopped{});
        });
        return;
    }
    if (ending_.joinable())
        ending_.join();
    else
        end_all(false);
    is_ended_ = true;
}

}  // namespace dataflow
