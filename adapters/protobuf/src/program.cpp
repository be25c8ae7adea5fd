// SPDX-License-Identifier: BSL-1.0
#include "convert.hpp"

namespace headgate::inline v1::protobuf {

namespace {

std::string name(const wire::v1::Edge& e) {
    return "edge " + std::to_string(e.from()) + " -> " + std::to_string(e.to());
}

expected<edge_kind> read_kind(const wire::v1::Edge& from) {
    switch (from.kind()) {
        case wire::v1::Edge::FORWARD: return edge_kind::forward;
        case wire::v1::Edge::SHUFFLE: return edge_kind::shuffle;
        case wire::v1::Edge::UNSPECIFIED: return invalid(name(from) + " has no kind: forward or shuffle");
        case wire::v1::Edge_Kind_Edge_Kind_INT_MIN_SENTINEL_DO_NOT_USE_:
        case wire::v1::Edge_Kind_Edge_Kind_INT_MAX_SENTINEL_DO_NOT_USE_: break;
    }
    return invalid(name(from) + ": there is no kind " + std::to_string(from.kind()));
}

expected<chained_operator> read_operator(const wire::v1::Operator& from, std::uint32_t node, const limits& most) {
    if (const auto ok =
            at_most("node " + std::to_string(node) + ": bytes of an operator's id", from.id().size(), most.id);
        not ok)
        return failed(ok);
    chained_operator to{.id = {from.id()}, .what = {}};
    switch (from.what_case()) {
        case wire::v1::Operator::kConfiguration: to.what = from.configuration(); break;
        case wire::v1::Operator::kConfigurationBytes: to.what = from.configuration_bytes(); break;
        case wire::v1::Operator::WHAT_NOT_SET: break;
    }
    return to;
}

}  // namespace

void write(const program& from, wire::v1::Program& to) {
    to.set_format(1);
    to.mutable_nodes()->Reserve(static_cast<int>(from.nodes.size()));
    for (const node& each : from.nodes) {
        wire::v1::Node& made = *to.add_nodes();
        made.set_id(each.id.value);
        made.set_parallelism(each.parallelism);
        for (const chained_operator& one : each.operators) {
            wire::v1::Operator& step = *made.add_operators();
            step.set_id(as_utf8(one.id.value));
            if (is_utf8(one.what)) {
                if (not one.what.empty()) step.set_configuration(one.what);
            } else {
                step.set_configuration_bytes(one.what);
            }
        }
    }
    for (const edge& each : from.edges) {
        wire::v1::Edge& made = *to.add_edges();
        made.set_from(each.from.value);
        made.set_to(each.to.value);
        switch (each.kind) {
            case edge_kind::forward: made.set_kind(wire::v1::Edge::FORWARD); break;
            case edge_kind::shuffle: made.set_kind(wire::v1::Edge::SHUFFLE); break;
        }
    }
}

expected<program> read(const wire::v1::Program& from, const limits& most) {
    if (from.format() != 0)
        if (const auto ok = check_format("program", from.format()); not ok) return failed(ok);
    if (const auto ok = at_most("program: nodes", static_cast<std::size_t>(from.nodes_size()), most.nodes); not ok)
        return failed(ok);
    program to;
    to.nodes.reserve(static_cast<std::size_t>(from.nodes_size()));
    for (const wire::v1::Node& each : from.nodes()) {
        node& made = to.nodes.emplace_back(node{.id = {each.id()}, .operators = {}});
        if (each.has_parallelism()) made.parallelism = each.parallelism();
        for (const wire::v1::Operator& one : each.operators()) {
            auto step = read_operator(one, each.id(), most);
            if (not step) return failed(step);
            made.operators.push_back(*std::move(step));
        }
    }
    to.edges.reserve(static_cast<std::size_t>(from.edges_size()));
    for (const wire::v1::Edge& each : from.edges()) {
        const auto kind = read_kind(each);
        if (not kind) return failed(kind);
        to.edges.push_back({.from = {each.from()}, .to = {each.to()}, .kind = *kind});
    }
    return to;
}

}  // namespace headgate::inline v1::protobuf
