// SPDX-License-Identifier: BSL-1.0
#include "convert.hpp"

namespace headgate::inline v1::protobuf {

void write(const checkpoint_name& from, wire::v1::CheckpointName& to) {
    to.set_epoch(from.epoch.value);
    to.set_generation(from.generation.value);
}

checkpoint_name read(const wire::v1::CheckpointName& from) {
    return {.epoch = {from.epoch()}, .generation = {from.generation()}};
}

void write(const checkpoint_metadata& from, wire::v1::CheckpointMetadata& to) {
    to.set_format(1);
    write(from.name, *to.mutable_name());
    for (const node_state& each : from.nodes) {
        wire::v1::NodeState& made = *to.add_nodes();
        made.set_node(each.node.value);
        made.set_parallelism(each.parallelism);
        for (const operator_id& one : each.operators) made.add_operators(one.value);
        for (const std::string& handle : each.handles) made.add_handles(handle);
    }
}

expected<checkpoint_metadata> read(const wire::v1::CheckpointMetadata& from, const limits& most) {
    const auto nodes = static_cast<std::size_t>(from.nodes_size());
    if (const auto ok = at_most("checkpoint metadata: nodes", nodes, most.nodes); not ok) return failed(ok);
    if (not from.has_name()) return invalid("checkpoint metadata: there is no name");
    checkpoint_metadata to{.name = read(from.name()), .nodes = {}};
    to.nodes.reserve(nodes);
    std::size_t handles = 0;
    for (const wire::v1::NodeState& each : from.nodes()) {
        handles += static_cast<std::size_t>(each.handles_size());
        if (const auto ok = at_most("checkpoint metadata: subtasks", handles, most.materialised_subtasks); not ok)
            return failed(ok);
        node_state& made = to.nodes.emplace_back();
        made.node = {each.node()};
        made.parallelism = each.parallelism();
        for (const std::string& one : each.operators()) {
            if (const auto ok =
                    at_most("checkpoint metadata: node " + std::to_string(each.node()) + ": bytes of an operator's id",
                            one.size(), most.id);
                not ok)
                return failed(ok);
            made.operators.push_back({one});
        }
        made.handles.assign(each.handles().begin(), each.handles().end());
    }
    return to;
}

}  // namespace headgate::inline v1::protobuf
