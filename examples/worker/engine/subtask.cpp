// SPDX-License-Identifier: BSL-1.0
#include "subtask.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dataflow {

using headgate::applied;
using headgate::error_kind;
using headgate::expected;
using headgate::failure;

namespace {

void add(std::atomic<std::uint64_t>& to, std::uint64_t value) {
    to.store(to.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

}  // namespace

subtask::~subtask() {
    halt();
    join();
}

expected<applied> subtask::prepare() {
    where_ = {with_.node->id, with_.subtask, with_.parallelism, with_.generation, std::nullopt};
    outlet_ = std::make_unique<outlet>(with_.batch);
    stages_.resize(with_.chain.size());
    stage* next = outlet_.get();
    for (std::size_t i = with_.chain.size(); i-- > 0;) {
        const std::string& name = with_.node->operators[i].id.value;
        if (const auto* from = std::get_if<read_files>(&with_.chain[i])) {
            auto made = make_source(*from, name, where_, [this](std::int64_t time) { pause(time); });
            if (not made) return tl::unexpected(made.error());
            source_ = *std::move(made);
            if (not with_.position.empty()) position_ = position_file(with_.position);
            continue;
        }
        auto made = make_stage(with_.chain[i], name, next, where_);
        if (not made) return tl::unexpected(made.error());
        next = made->get();
        stages_[i] = *std::move(made);
    }
    first_ = next;
    return applied{};
}

namespace {

std::vector<kept_state> states_of(const std::string& name, const std::vector<std::vector<operator_state>>& all) {
    std::vector<kept_state> found;
    for (std::uint32_t old = 0; old < all.size(); ++old)
        for (const operator_state& each : all[old])
            if (each.name == name) found.push_back({old, each.bytes});
    return found;
}

/// "node 2, operators \"count\", \"write\"".
std::string name_of(const headgate::node& one) {
    std::string text = "node " + std::to_string(one.id.value) + ", operators ";
    for (const auto& each : one.operators)
        text.append(&each == &one.operators.front() ? "\"" : ", \"").append(each.id.value).append("\"");
    return text;
}

}  // namespace

expected<std::string> subtask::restore(headgate::checkpoint_name name, const headgate::node_state& then,
                                       bool is_keyed) {
    const bool is_shared_out = then.parallelism != with_.parallelism;
    const std::string place = "node " + std::to_string(with_.node->id.value);
    std::vector<std::vector<operator_state>> all(then.handles.size());
    for (std::uint32_t old = 0; old < then.handles.size(); ++old) {
        if (not is_shared_out and old != with_.subtask) continue;
        if (is_shared_out and is_keyed and not ranges_meet(old, then.parallelism, with_.subtask, with_.parallelism))
            continue;
        auto loaded = with_.states->load(name, then.handles[old]);
        if (not loaded)
            return failure(loaded.error().kind, name_of(*with_.node) + ", subtask " + std::to_string(old) +
                                                    " of epoch " + std::to_string(name.epoch.value) + ": " +
                                                    loaded.error().text);
        all[old] = *std::move(loaded);
        for (const operator_state& each : all[old])
            if (std::ranges::none_of(with_.node->operators, [&](const auto& one) { return one.id.value == each.name; }))
                return failure(error_kind::invalid,
                               place + ": the checkpoint has state of operator \"" + each.name + "\", which is gone");
    }
    std::string told;
    for (std::size_t i = 0; i < with_.chain.size(); ++i) {
        const std::string& operator_name = with_.node->operators[i].id.value;
        const auto states = states_of(operator_name, all);
        if (states.empty()) continue;
        const auto bad = [&](const headgate::error& why) {
            return failure(why.kind, place + ", operator \"" + operator_name + "\": " + why.text);
        };
        if (stages_[i] != nullptr) {
            const auto ok = stages_[i]->restore(states, is_shared_out);
            if (not ok) return bad(ok.error());
        } else {
            const auto where = source_->restore(states, is_shared_out);
            if (not where) return bad(where.error());
            told =
                "source " + std::to_string(with_.node->id.value) + "-" + std::to_string(with_.subtask) + " " + *where;
        }
    }
    return told;
}

void subtask::start() {
    thread_ = std::thread([this] { run(); });
}

void subtask::begin_checkpoint(headgate::epoch epoch) {
    const std::lock_guard lock(guard_);
    begun_ = std::max(begun_.load(), epoch.value);
    changed_.notify_all();
}

void subtask::halt() {
    {
        const std::lock_guard lock(guard_);
        is_halted_ = true;
        changed_.notify_all();
    }
    inputs_.close();
}

void subtask::join() {
    if (thread_.joinable()) thread_.join();
}

bool subtask::end_as(phase how) {
    const std::lock_guard lock(guard_);
    if (phase_ != phase::running) return false;
    phase_ = how;
    return true;
}

bool subtask::fail(const std::string& why) {
    if (is_halted_ or not end_as(phase::failed)) return false;
    with_.report(headgate::task_failure{.node = with_.node->id,
                                        .subtask = with_.subtask,
                                        .operator_name = with_.node->operators.front().id.value,
                                        .domain = headgate::error_domain::external,
                                        .may_retry = true,
                                        .text = why});
    halt();
    return true;
}

void subtask::run() {
    if (is_halted_) return;  // it failed before it began
    with_.report(headgate::subtask_started{with_.node->id, with_.subtask});
    const bool is_at_end = is_source() ? run_source() : run_fed();
    if (is_at_end and finish()) return answer_later();
    if (where_.trouble) break_down();
}

void subtask::break_down() {
    if (is_halted_ or not end_as(phase::failed)) return;
    with_.report(headgate::task_failure{.node = with_.node->id,
                                        .subtask = with_.subtask,
                                        .operator_name = where_.trouble->operator_name,
                                        .domain = where_.trouble->domain,
                                        .may_retry = where_.trouble->may_retry,
                                        .text = where_.trouble->text});
}

/// Whether it came to its end.
bool subtask::run_source() {
    while (not is_halted_) {
        if (with_.before_step) with_.before_step(with_.node->id, with_.subtask);
        const std::uint32_t begun = begun_;
        if (begun > answered_ and not checkpoint({begun}, true)) return false;
        const source::progress made = source_->step(*first_);
        position_.note(lines_read());
        switch (made) {
            case source::progress::more: break;
            case source::progress::ended: return true;
            case source::progress::halted: return false;
        }
        records_in_.store(source_->records, std::memory_order_relaxed);
        bytes_in_.store(source_->bytes, std::memory_order_relaxed);
    }
    return false;
}

bool subtask::run_fed() {
    while (true) {
        gate::taken next = inputs_.take();
        switch (next.what) {
            case gate::taken::kind::batch:
                if (not take_batch(next.bytes)) return false;
                break;
            case gate::taken::kind::barrier:
                if (not checkpoint(next.epoch, true)) return false;
                break;
            case gate::taken::kind::end: return true;
            case gate::taken::kind::closed: return false;
        }
    }
}

bool subtask::take_batch(const std::string& bytes) {
    if (with_.before_step) with_.before_step(with_.node->id, with_.subtask);
    record_reader from(bytes);
    std::uint64_t count = 0;
    for (record next; from.next(next); ++count)
        if (not first_->take(next)) return false;
    if (not from.is_at_end()) {
        where_.trouble = trouble{with_.node->operators.front().id.value, headgate::error_domain::internal, true,
                                 "a batch that holds something else than records"};
        return false;
    }
    add(records_in_, count);
    add(bytes_in_, bytes.size());
    return true;
}

bool subtask::finish() {
    for (const auto& each : stages_)
        if (is_halted_ or (each != nullptr and not each->end())) return false;
    if (not outlet_->end() or is_halted_ or not end_as(phase::finished)) return false;
    with_.report(headgate::subtask_finished{with_.node->id, with_.subtask});
    return true;
}

void subtask::answer_later() {
    while (true) {
        std::unique_lock lock(guard_);
        changed_.wait(lock, [&] { return is_halted_ or begun_ > answered_; });
        if (is_halted_) return;
        lock.unlock();
        if (not checkpoint({begun_}, false)) return;
    }
}

// The barrier goes on before the state is on the disk, so that those behind need not wait for it.
bool subtask::checkpoint(headgate::epoch epoch, bool with_barrier) {
    answered_ = epoch.value;
    const std::vector<operator_state> kept = state();
    if (with_barrier and not outlet_->barrier(epoch)) return false;
    if (is_halted_) return false;
    const auto handle = with_.states->store({epoch, with_.generation}, with_.node->id, with_.subtask, kept);
    if (is_halted_) return false;
    if (handle) {
        with_.report(headgate::subtask_checkpointed{epoch, {with_.node->id, with_.subtask, *handle}});
    } else {
        with_.report(headgate::checkpoint_failed{epoch, "node " + std::to_string(with_.node->id.value) + ", subtask " +
                                                            std::to_string(with_.subtask) + ": " +
                                                            describe(handle.error())});
    }
    return true;
}

std::vector<operator_state> subtask::state() const {
    std::vector<operator_state> all;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        const auto bytes = stages_[i] != nullptr ? stages_[i]->state() : std::optional(source_->state());
        if (bytes) all.push_back({with_.node->operators[i].id.value, *bytes});
    }
    return all;
}

void subtask::pause(std::int64_t nanoseconds) {
    std::unique_lock lock(guard_);
    changed_.wait_for(lock, std::chrono::nanoseconds(nanoseconds), [&] { return is_halted_.load(); });
}

void subtask::add_to(headgate::node_counters& counters) const {
    counters.records_in += records_in_;
    counters.bytes_in += bytes_in_;
    counters.records_out += outlet_->records;
    counters.bytes_out += outlet_->bytes;
}

}  // namespace dataflow
