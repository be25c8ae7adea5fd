// SPDX-License-Identifier: BSL-1.0
// How an engine comes to run its share.
#include "configuration.hpp"
#include "engine.hpp"

#include <headgate/filesystem/path.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace dataflow {

using headgate::applied;
using headgate::error_kind;
using headgate::expected;
using headgate::failure;

namespace {

class local_link : public link {
public:
    local_link(gate& to, std::size_t lane) : to_(to), lane_(lane) {}
    bool send(item what, wait_meter& waited) override { return to_.put(lane_, std::move(what), waited); }

private:
    gate& to_;
    std::size_t lane_;
};

class remote_link : public link {
public:
    remote_link(data_plane& through, std::uint32_t worker, std::uint32_t number)
        : through_(through), worker_(worker), number_(number) {}
    bool send(item what, wait_meter& waited) override {
        return through_.send(worker_, number_, std::move(what), waited);
    }

private:
    data_plane& through_;
    std::uint32_t worker_, number_;
};

}  // namespace

void engine::start(headgate::execution_share share, receiver report) {
    const std::lock_guard lock(guard_);
    if (is_halted_ or bring_up_.joinable()) return;
    share_ = std::move(share);
    report_ = std::move(report);
    bring_up_ = std::thread([this] { bring_up(); });
}

void engine::bring_up() {
    if (const auto ok = prepare(); not ok) {
        plane_->halt();
        log("cannot start: " + ok.error().text);
        return report_(headgate::engine_initialized{ok.error().text, may_retry(ok.error().kind)});
    }
    report_(headgate::engine_initialized{});
    if (const auto ok = join_up(); not ok) {
        if (not subtasks_.empty()) subtasks_.front()->fail(ok.error().text);
        return;
    }
    if (publish()) log("runs " + std::to_string(subtasks_.size()) + " subtasks");
}

expected<applied> engine::prepare() {
    const headgate::execution& what = *share_.what;
    auto wired = wiring_of(*what.program, *what.plan, share_.position);
    if (not wired) return tl::unexpected(wired.error());
    wiring_ = *std::move(wired);
    states_ = std::make_shared<const state_store>(with_.states, what.job);
    if (const auto ok = prepare_subtasks(); not ok) return ok;
    for (std::uint32_t e = 0; e < what.program->edges.size(); ++e) wire(e);
    if (what.restore) {
        if (const auto ok = restore(); not ok) return ok;
    }
    open_data_plane();
    return applied{};
}

expected<applied> engine::prepare_subtasks() {
    const headgate::execution& what = *share_.what;
    const auto chains = configure(*what.program);
    if (not chains) return tl::unexpected(chains.error());
    if (headgate::load(*what.plan, share_.position) > most_subtasks)
        return failure(error_kind::invalid, "more than " + std::to_string(most_subtasks) +
                                                " subtasks for one worker; use more workers or less parallelism");
    // By (node, subtask), how many channels lead there.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> fed;
    for (const channel_end& each : wiring_.in)
        ++fed[{position_of(what.program->edges[each.what.edge].to), each.what.to}];
    expected<applied> ok = applied{};
    for (std::uint32_t at = 0; at < what.program->nodes.size(); ++at) {
        const std::uint32_t parallelism = what.plan->nodes[at].parallelism;
        shares(*what.plan, at, share_.position, [&](headgate::subtask_range range) {
            for (std::uint32_t index = range.first; ok and index < range.last; ++index) {
                auto made = std::make_unique<subtask>(
                    subtask_setting{.node = &what.program->nodes[at],
                                    .chain = (*chains)[at],
                                    .node_position = at,
                                    .subtask = index,
                                    .parallelism = parallelism,
                                    .generation = what.generation,
                                    .channels_in = fed[{at, index}],
                                    .batch = batch_bytes(wiring_.in.size() + wiring_.out.size()),
                                    .states = states_,
                                    .report = report_,
                                    .position = position_file_of(at, index),
                                    .before_step = with_.before_step});
                ok = made->prepare();
                by_place_.emplace(std::pair(at, index), made.get());
                subtasks_.push_back(std::move(made));
            }
        });
    }
    return ok;
}

std::filesystem::path engine::position_file_of(std::uint32_t node, std::uint32_t index) const {
    const headgate::execution& what = *share_.what;
    if (with_.positions.empty()) return {};
    return with_.positions / headgate::filesystem::folder_name(what.job) /
           (std::to_string(what.generation.value) + "." + std::to_string(what.program->nodes[node].id.value) + "-" +
            std::to_string(index));
}

std::uint32_t engine::position_of(headgate::node_id node) const {
    const auto& nodes = share_.what->program->nodes;
    return static_cast<std::uint32_t>(std::ranges::find(nodes, node, &headgate::node::id) - nodes.begin());
}

subtask* engine::find(std::uint32_t node, std::uint32_t index) const { return by_place_.at({node, index}); }

/// Channels of one edge: which lane of which gate each leads to, and the outlets' links.
void engine::wire(std::uint32_t edge) {
    const headgate::execution& what = *share_.what;
    const headgate::edge& of = what.program->edges[edge];
    const std::uint32_t from = position_of(of.from), to = position_of(of.to);
    // Lanes of a gate are in the order of (edge, from): those of earlier edges come first.
    const auto lane_of = [&](const channel& which) {
        std::size_t before = 0;
        for (std::uint32_t e = 0; e < edge; ++e) {
            if (what.program->edges[e].to != of.to) continue;
            const std::uint32_t node = position_of(what.program->edges[e].from);
            before += origins(what.program->edges[e].kind, which.to, what.plan->nodes[node].parallelism,
                              what.plan->nodes[to].parallelism)
                          .size();
        }
        const headgate::subtask_range all =
            origins(of.kind, which.to, what.plan->nodes[from].parallelism, what.plan->nodes[to].parallelism);
        return before + (which.from - all.first);
    };
    incoming_.resize(what.plan->workers.size());
    for (const channel_end& each : wiring_.in) {
        if (each.what.edge != edge or each.worker == share_.position) continue;
        subtask* const target = find(to, each.what.to);
        const std::size_t lane = lane_of(each.what);
        auto& numbers = incoming_[each.worker];
        if (numbers.size() <= each.number) numbers.resize(each.number + 1);
        numbers[each.number] = {target, lane};
        target->inputs().on_taken(lane, [plane = plane_.get(), worker = each.worker, number = each.number] {
            plane->give_credit(worker, number);
        });
    }
    std::map<std::uint32_t, std::vector<std::unique_ptr<link>>> links;  // by sender
    std::map<std::uint32_t, std::uint32_t> first;
    for (const channel_end& each : wiring_.out) {
        if (each.what.edge != edge) continue;
        first.try_emplace(each.what.from, each.what.to);
        if (each.worker == share_.position)
            links[each.what.from].push_back(
                std::make_unique<local_link>(find(to, each.what.to)->inputs(), lane_of(each.what)));
        else
            links[each.what.from].push_back(std::make_unique<remote_link>(*plane_, each.worker, each.number));
    }
    for (auto& [index, all] : links)
        find(from, index)->outputs().add(first[index], what.plan->nodes[to].parallelism, std::move(all));
}

expected<applied> engine::restore() {
    const headgate::execution& what = *share_.what;
    const std::string name = "checkpoint of epoch " + std::to_string(what.restore->epoch.value) + ", generation " +
                             std::to_string(what.restore->generation.value) + ": ";
    const auto bad = [&](const headgate::error& why) { return failure(why.kind, name + why.text); };
    const auto loaded = states_->metadata(*what.restore);
    if (not loaded) return bad(loaded.error());
    if (*loaded == nullptr) return bad({.kind = error_kind::state_backend, .text = "it is not in this directory"});
    for (const headgate::node_state& then : (*loaded)->nodes) {
        const std::uint32_t at = position_of(then.node);
        const bool is_gone = at == what.program->nodes.size();
        const bool has_state =
            std::ranges::any_of(then.handles, [](const std::string& handle) { return handle != no_state; });
        if (is_gone and has_state)
            return bad({.kind = error_kind::invalid,
                        .text = "it has state of node " + std::to_string(then.node.value) + ", which is gone"});
        if (then.parallelism == 0 or then.handles.size() != then.parallelism)
            return bad({.kind = error_kind::state_backend,
                        .text = "node " + std::to_string(then.node.value) + " has not one handle for each subtask"});
        if (is_gone) continue;
        const bool is_keyed = std::ranges::all_of(what.program->edges, [&](const headgate::edge& each) {
            return each.to != then.node or each.kind == headgate::edge_kind::shuffle;
        });
        for (const auto& each : subtasks_) {
            if (each->setting().node_position != at) continue;
            const auto told = each->restore(*what.restore, then, is_keyed and not each->is_source());
            if (not told) return bad(told.error());
            if (not told->empty())
                log("restored from epoch " + std::to_string(what.restore->epoch.value) + ": " + *told);
        }
    }
    return applied{};
}

void engine::open_data_plane() {
    const headgate::execution& what = *share_.what;
    data_session session{.token = share_.data_token,
                         .generation = what.generation,
                         .digest = what.digest,
                         .position = share_.position,
                         .channels_in = std::vector<std::uint32_t>(what.plan->workers.size()),
                         .arrived = [this](std::uint32_t worker, std::uint32_t channel,
                                           item what_came) { return arrived(worker, channel, std::move(what_came)); },
                         .lost = [this](std::uint32_t worker, const std::string& why) { lost(worker, why); }};
    incoming_.resize(what.plan->workers.size());
    for (std::size_t i = 0; i < incoming_.size(); ++i)
        session.channels_in[i] = static_cast<std::uint32_t>(incoming_[i].size());
    plane_->open(std::move(session));
}

/// The streams to the workers that are sent to.
expected<applied> engine::join_up() {
    std::map<std::uint32_t, std::uint32_t> channels;  // by worker
    for (const channel_end& each : wiring_.out)
        if (each.worker != share_.position) ++channels[each.worker];
    for (const auto& [worker, count] : channels) {
        const std::string address(share_.what->plan->data_addresses[worker]);
        if (const auto ok = plane_->connect(worker, address, count, with_.connect); not ok) return ok;
    }
    return applied{};
}

bool engine::publish() {
    const std::lock_guard lock(guard_);
    if (is_halted_) return false;
    is_up_ = true;
    for (const auto& each : subtasks_) {
        if (begun_ != headgate::epoch{}) each->begin_checkpoint(begun_);
        each->start();
    }
    return true;
}

}  // namespace dataflow
