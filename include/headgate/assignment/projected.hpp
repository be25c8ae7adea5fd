#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: graphs and workers of any type, as all policies, bounds and reports take them (A7).

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Says that every edge is a shuffle.
struct all_shuffled {
    constexpr edge_kind operator()(const auto&) const { return edge_kind::shuffle; }
};

/// What of a graph matters for where its subtasks go. `id`, `from` and `to` project to a `node_id` or its number,
/// `parallelism` to a number, `kind` to an `edge_kind`. `invalid`: a number above 2^32 - 1; whatever else is wrong with
/// the graph says who is asked about it. One pass; 40 bytes a node, 12 an edge.
template <std::ranges::input_range Nodes, class Id, class Parallelism, std::ranges::input_range Edges, class From,
          class To, class Kind = all_shuffled>
expected<program> as_program(Nodes&& nodes, Id id, Parallelism parallelism, Edges&& edges, From from, To to,
                             Kind kind = {});

/// `id` projects to a `worker_id` or its number, `slots` to a number, of which 2^32 - 1 are used at most. Set machine and
/// zone where they matter. One pass.
template <std::ranges::input_range Workers, class Id, class Slots>
std::vector<offer> as_offers(Workers&& workers, Id id, Slots slots);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class Given>
constexpr std::uint64_t number_of(const Given& given) {
    if constexpr (requires { given.value; })
        return given.value;
    else {
        static_assert(std::unsigned_integral<Given>,
                      "as_program, as_offers: project to headgate's own ids, or to unsigned numbers");
        return given;
    }
}

/// The first number that does not fit into 32 bits is remembered.
class narrowing {
public:
    template <class Given>
    std::uint32_t operator()(const Given& given, const char* what) {
        const std::uint64_t number = number_of(given);
        if (number > std::numeric_limits<std::uint32_t>::max() and wrong_.empty())
            wrong_ = std::string(what) + " is " + std::to_string(number) + ", above 2^32 - 1";
        return static_cast<std::uint32_t>(number);
    }
    const std::string& wrong() const { return wrong_; }

private:
    std::string wrong_{};
};

}  // namespace detail

template <std::ranges::input_range Nodes, class Id, class Parallelism, std::ranges::input_range Edges, class From,
          class To, class Kind>
expected<program> as_program(Nodes&& nodes, Id id, Parallelism parallelism, Edges&& edges, From from, To to,
                             Kind kind) {
    program made;
    detail::narrowing narrow;
    for (auto&& each : nodes)
        made.nodes.push_back({.id = {narrow(std::invoke(id, each), "a node's id")},
                              .parallelism = narrow(std::invoke(parallelism, each), "a node's parallelism")});
    for (auto&& each : edges)
        made.edges.push_back({{narrow(std::invoke(from, each), "an edge's node")},
                              {narrow(std::invoke(to, each), "an edge's node")},
                              std::invoke(kind, each)});
    if (not narrow.wrong().empty()) return failure(error_kind::invalid, narrow.wrong());
    return made;
}

template <std::ranges::input_range Workers, class Id, class Slots>
std::vector<offer> as_offers(Workers&& workers, Id id, Slots slots) {
    std::vector<offer> made;
    for (auto&& each : workers) {
        const std::uint64_t offered = detail::number_of(std::invoke(slots, each));
        made.push_back({.id = {detail::number_of(std::invoke(id, each))},
                        .slots = static_cast<std::uint32_t>(
                            std::min<std::uint64_t>(offered, std::numeric_limits<std::uint32_t>::max()))});
    }
    return made;
}

}  // namespace headgate::inline v1
