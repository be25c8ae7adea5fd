// SPDX-License-Identifier: BSL-1.0
#include "wiring.hpp"

#include <algorithm>
#include <string>

namespace dataflow {

using headgate::edge_kind;
using headgate::subtask_range;

subtask_range targets(edge_kind kind, std::uint32_t from, std::uint32_t from_parallelism,
                      std::uint32_t to_parallelism) {
    if (kind == edge_kind::shuffle) return {0, to_parallelism};
    if (from_parallelism >= to_parallelism) {
        const std::uint32_t to = from / (from_parallelism / to_parallelism);
        return {to, to + 1};
    }
    const std::uint32_t each = to_parallelism / from_parallelism;
    return {from * each, (from + 1) * each};
}

subtask_range origins(edge_kind kind, std::uint32_t to, std::uint32_t from_parallelism, std::uint32_t to_parallelism) {
    return targets(kind, to, to_parallelism, from_parallelism);
}

namespace {

std::uint32_t position_of(const headgate::program& in, headgate::node_id which) {
    return static_cast<std::uint32_t>(std::ranges::find(in.nodes, which, &headgate::node::id) - in.nodes.begin());
}

/// Ends with each worker are numbered from 0, in ascending order of the channels.
void number(std::vector<channel_end>& ends, std::size_t workers) {
    std::ranges::sort(ends, {}, &channel_end::what);
    std::vector<std::uint32_t> next(workers);
    for (channel_end& each : ends) each.number = next[each.worker]++;
}

}  // namespace

headgate::expected<wiring> wiring_of(const headgate::program& program, const headgate::plan& plan,
                                     std::uint32_t position) {
    wiring found;
    for (std::uint32_t e = 0; e < program.edges.size(); ++e) {
        const headgate::edge& edge = program.edges[e];
        const std::uint32_t from_node = position_of(program, edge.from), to_node = position_of(program, edge.to);
        const std::uint32_t from_parallelism = plan.nodes[from_node].parallelism;
        const std::uint32_t to_parallelism = plan.nodes[to_node].parallelism;
        const auto add = [&](std::vector<channel_end>& ends, channel what, std::uint32_t worker) {
            if (found.in.size() + found.out.size() < most_channels) ends.push_back({what, worker, 0});
            return found.in.size() + found.out.size() < most_channels;
        };
        bool has_room = true;
        shares(plan, from_node, position, [&](subtask_range range) {
            for (std::uint32_t from = range.first; has_room and from < range.last; ++from) {
                const subtask_range all = targets(edge.kind, from, from_parallelism, to_parallelism);
                for (std::uint32_t to = all.first; has_room and to < all.last; ++to)
                    has_room = add(found.out, {e, from, to}, worker_of(plan, to_node, to));
            }
        });
        shares(plan, to_node, position, [&](subtask_range range) {
            for (std::uint32_t to = range.first; has_room and to < range.last; ++to) {
                const subtask_range all = origins(edge.kind, to, from_parallelism, to_parallelism);
                for (std::uint32_t from = all.first; has_room and from < all.last; ++from)
                    has_room = add(found.in, {e, from, to}, worker_of(plan, from_node, from));
            }
        });
        if (not has_room)
            return headgate::failure(headgate::error_kind::invalid,
                                     "this worker would have more than " + std::to_string(most_channels) +
                                         " channels to other subtasks; use more workers or less parallelism");
    }
    number(found.in, plan.workers.size());
    number(found.out, plan.workers.size());
    return found;
}

}  // namespace dataflow
