#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: the logical dataflow graph of a job, as far as headgate looks at it.

#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/mixed.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace headgate::inline v1 {

/// One step of a node's chain. What it does is opaque: `what` goes to the worker untouched.
struct chained_operator {
    operator_id id{};
    std::string what{};

    friend bool operator==(const chained_operator&, const chained_operator&) = default;
};

struct node {
    node_id id{};
    std::uint32_t parallelism = 1;
    std::vector<chained_operator> operators{};

    friend bool operator==(const node&, const node&) = default;
};

enum class edge_kind : std::uint8_t {
    forward,  ///< subtask i to subtask i; between parallelisms j and k to the matching range, one a multiple of the
              ///< other
    shuffle,  ///< all to all
};

struct edge {
    node_id from{};
    node_id to{};
    edge_kind kind{};

    friend bool operator==(const edge&, const edge&) = default;
};

struct program {
    std::vector<node> nodes{};
    std::vector<edge> edges{};

    friend bool operator==(const program&, const program&) = default;
};

struct parallelism_override {
    node_id node{};
    std::uint32_t parallelism{};

    friend bool operator==(const parallelism_override&, const parallelism_override&) = default;
};

/// Slots that a job needs: the largest parallelism of any node (S5); 0 for an empty program.
constexpr std::uint32_t slots_needed(const program& what);

/// The first rule that `what` breaks, by name of node and value; all is `invalid`.
///
/// Rules: at least one node, at most `most.nodes`; ids used once; every node at least one operator, operator ids not
/// empty, at most `most.id` bytes, used once; 1 <= parallelism <= `most.parallelism`; edges between nodes that exist,
/// each pair once; no cycle; a forward edge joins parallelisms of which one is a multiple of the other.
/// O(nodes + edges).
expected<applied> check(const program& what, const limits& most = {});

/// `what` with the parallelisms that the user overrides, checked again (S4). Unknown node, 0 or too much: `invalid`.
expected<program> with_overrides(program what, std::span<const parallelism_override> overrides,
                                 const limits& most = {});

/// Nodes that no edge leads to, as positions in `what.nodes`, ascending.
std::vector<std::uint32_t> sources(const program& what);

/// The same for equal programs, on every machine and run; another for other ones, as well as 64 bits can. O(bytes).
std::uint64_t digest(const program& of);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::uint32_t slots_needed(const program& what) {
    std::uint32_t most = 0;
    for (const node& each : what.nodes) most = std::max(most, each.parallelism);
    return most;
}

namespace detail {

// Looked up only, never walked: its order does not show.
using node_positions = std::unordered_map<std::uint32_t, std::uint32_t>;

inline node_positions positions_of(const program& what) {
    node_positions found;
    for (std::uint32_t i = 0; i < what.nodes.size(); ++i) found.emplace(what.nodes[i].id.value, i);
    return found;
}

inline std::string name(node_id id) { return "node " + std::to_string(id.value); }

inline std::string name(const edge& e) {
    return "edge " + std::to_string(e.from.value) + " -> " + std::to_string(e.to.value);
}

inline tl::unexpected<error> invalid(std::string text) { return failure(error_kind::invalid, std::move(text)); }

inline expected<applied> check_parallelism(node_id id, std::uint32_t parallelism, const limits& most) {
    if (parallelism == 0) return invalid(name(id) + ": parallelism 0; at least 1 is needed");
    if (parallelism > most.parallelism)
        return invalid(name(id) + ": parallelism " + std::to_string(parallelism) + " is above the limit of " +
                       std::to_string(most.parallelism));
    return applied{};
}

inline expected<applied> check_nodes(const program& what, const limits& most) {
    if (what.nodes.empty()) return invalid("the program has no nodes");
    if (what.nodes.size() > most.nodes)
        return invalid("the program has " + std::to_string(what.nodes.size()) + " nodes, the limit is " +
                       std::to_string(most.nodes));
    std::unordered_map<std::string, node_id> operators;  // looked up only, never walked
    node_positions seen;
    for (std::uint32_t i = 0; i < what.nodes.size(); ++i) {
        const node& each = what.nodes[i];
        if (not seen.emplace(each.id.value, i).second) return invalid(name(each.id) + " is there twice");
        if (const auto ok = check_parallelism(each.id, each.parallelism, most); not ok) return ok;
        if (each.operators.empty()) return invalid(name(each.id) + " has no operator");
        for (const chained_operator& one : each.operators) {
            if (one.id.value.empty()) return invalid(name(each.id) + " has an operator without an id");
            if (one.id.value.size() > most.id)
                return invalid(name(each.id) + ": an operator id of " + std::to_string(one.id.value.size()) +
                               " bytes, the limit is " + std::to_string(most.id));
            const auto [other, is_new] = operators.emplace(one.id.value, each.id);
            if (not is_new)
                return invalid("operator \"" + one.id.value + "\" is in " + name(other->second) + " and in " +
                               name(each.id));
        }
    }
    return applied{};
}

inline expected<applied> check_edges(const program& what, const node_positions& at) {
    std::vector<std::pair<node_id, node_id>> pairs;
    for (const edge& e : what.edges) {
        for (const node_id end : {e.from, e.to})
            if (not at.contains(end.value)) return invalid(name(e) + ": there is no " + name(end));
        if (e.from == e.to) return invalid(name(e) + " is a cycle");
        pairs.emplace_back(e.from, e.to);
        const std::uint32_t from = what.nodes[at.at(e.from.value)].parallelism;
        const std::uint32_t to = what.nodes[at.at(e.to.value)].parallelism;
        if (e.kind == edge_kind::forward and from % to != 0 and to % from != 0)
            return invalid(name(e) + " is forward, but parallelism " + std::to_string(from) + " and " +
                           std::to_string(to) + " cannot be mapped: one must be a multiple of the other");
    }
    std::ranges::sort(pairs);
    if (const auto twice = std::ranges::adjacent_find(pairs); twice != pairs.end())
        return invalid(name(edge{twice->first, twice->second, {}}) + " is there twice");
    return applied{};
}

/// Takes away what no edge leads to, until nothing is left or every node has one (Kahn 1962).
inline expected<applied> check_cycles(const program& what, const node_positions& at) {
    std::vector<std::vector<std::uint32_t>> next(what.nodes.size());
    std::vector<std::uint32_t> incoming(what.nodes.size());
    for (const edge& e : what.edges) {
        next[at.at(e.from.value)].push_back(at.at(e.to.value));
        ++incoming[at.at(e.to.value)];
    }
    std::vector<std::uint32_t> free = sources(what);
    std::size_t taken = 0;
    for (; taken < free.size(); ++taken)
        for (const std::uint32_t to : next[free[taken]])
            if (--incoming[to] == 0) free.push_back(to);
    if (taken == what.nodes.size()) return applied{};
    const auto stuck = std::ranges::find_if(incoming, [](std::uint32_t count) { return count > 0; });
    return invalid(name(what.nodes[static_cast<std::size_t>(stuck - incoming.begin())].id) +
                   " is on a cycle or behind one");
}

}  // namespace detail

inline std::vector<std::uint32_t> sources(const program& what) {
    const auto at = detail::positions_of(what);
    std::vector<bool> is_fed(what.nodes.size());
    for (const edge& e : what.edges)
        if (const auto to = at.find(e.to.value); to != at.end()) is_fed[to->second] = true;
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < what.nodes.size(); ++i)
        if (not is_fed[i]) found.push_back(i);
    return found;
}

inline expected<applied> check(const program& what, const limits& most) {
    if (const auto ok = detail::check_nodes(what, most); not ok) return ok;
    const auto at = detail::positions_of(what);
    if (const auto ok = detail::check_edges(what, at); not ok) return ok;
    return detail::check_cycles(what, at);
}

inline expected<program> with_overrides(program what, std::span<const parallelism_override> overrides,
                                        const limits& most) {
    const auto at = detail::positions_of(what);
    for (const parallelism_override& one : overrides) {
        const auto found = at.find(one.node.value);
        if (found == at.end())
            return detail::invalid("parallelism override " + std::to_string(one.node.value) + "=" +
                                   std::to_string(one.parallelism) + ": there is no " + detail::name(one.node));
        if (const auto ok = detail::check_parallelism(one.node, one.parallelism, most); not ok)
            return tl::unexpected(ok.error());
        what.nodes[found->second].parallelism = one.parallelism;
    }
    if (const auto ok = check(what, most); not ok) return tl::unexpected(ok.error());
    return what;
}

inline std::uint64_t digest(const program& of) {
    std::uint64_t state = detail::mixed(0, of.nodes.size());
    for (const node& each : of.nodes) {
        state = detail::mixed(state, std::uint64_t{each.id.value} << 32 | each.parallelism);
        state = detail::mixed(state, each.operators.size());
        for (const chained_operator& one : each.operators)
            state = detail::mixed(detail::mixed(state, one.id.value), one.what);
    }
    state = detail::mixed(state, of.edges.size());
    for (const edge& each : of.edges) {
        state = detail::mixed(state, std::uint64_t{each.from.value} << 32 | each.to.value);
        state = detail::mixed(state, static_cast<std::uint64_t>(each.kind));
    }
    return state;
}

}  // namespace headgate::inline v1
