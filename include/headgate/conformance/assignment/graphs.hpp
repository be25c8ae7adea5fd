#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: graphs to measure assignment policies with. The same name, size and seed give the same graph everywhere.

#include <headgate/assignment/offer.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::graphs {

/// splitmix64 (Steele, Lea, Flood 2014), with a mapping to numbers of its own: std's differ between libraries.
class bits {
public:
    explicit bits(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// 0 to `bound` - 1, each as likely as 2^-64 allows. Precondition: `bound` > 0.
    std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32); }

private:
    std::uint64_t state_;
};

inline constexpr std::array<std::string_view, 8> names{"all_to_all", "chain", "fan",        "lattice",
                                                       "nexmark",    "dag",   "heavy_tail", "uniform"};

/// The graph `name` of about `size` subtasks; what each is stands in benchmarks/README.md. `invalid` for a name that is
/// none of `names`, or a size of 0 or above 10^9. No node has more than 2^20, the most that a program may: all_to_all,
/// nexmark and lattice end at 2.1, 5.9 and 944 million, and heavy_tail falls behind from 6.2 million on, with 59
/// million of 10^8 and 206 million of 10^9.
expected<program> make(std::string_view name, std::uint64_t size, std::uint64_t seed = 1);

/// `nodes` nodes of `parallelism`, in a row by shuffles.
program row_of(std::uint32_t nodes, std::uint32_t parallelism, edge_kind kind = edge_kind::shuffle);

/// `count` workers of `slots` each, four a machine, and `zones` zones one after the other.
std::vector<offer> workers(std::uint32_t count, std::uint32_t slots, std::uint32_t zones = 4);

/// A job that fits on its workers.
struct job {
    program of{};
    std::vector<offer> offers{};
};

/// Up to 20 nodes in a random DAG on up to 40 workers, a machine each, of up to 16 slots (every second job with equal
/// ones), of whose slots 0 to 30 % are to spare.
job random_job(std::uint64_t seed);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::uint64_t bits::next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

namespace detail {

inline std::uint32_t add(program& to, std::uint32_t parallelism) {
    const auto id = static_cast<std::uint32_t>(to.nodes.size() + 1);
    to.nodes.push_back(
        {.id = {id}, .parallelism = std::max(1u, parallelism), .operators = {{{"o" + std::to_string(id)}, {}}}});
    return id;
}

/// A forward edge where one can be, if `forward` is wanted.
inline void join(program& graph, std::uint32_t from, std::uint32_t to, bool forward) {
    const std::uint32_t p = graph.nodes[from - 1].parallelism, q = graph.nodes[to - 1].parallelism;
    const bool can = p % q == 0 or q % p == 0;
    graph.edges.push_back({{from}, {to}, forward and can ? edge_kind::forward : edge_kind::shuffle});
}

inline std::uint32_t at_most_parallelism(std::uint64_t wanted) {
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(wanted, 1, limits{}.parallelism));
}

inline program chain(std::uint64_t size) {
    const auto nodes = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(size / 100, 2, 1'000));
    program made;
    for (std::uint32_t i = 0; i < nodes; ++i) {
        add(made, at_most_parallelism(size / nodes));
        if (i > 0) join(made, i, i + 1, i % 10 != 0);
    }
    return made;
}

inline program fan(std::uint64_t size) {
    program made;
    const auto wide = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(size / 20, 2, 1'000));
    const std::uint32_t parallelism = at_most_parallelism(size / (wide + 2));
    add(made, parallelism);
    for (std::uint32_t i = 0; i < wide; ++i) join(made, 1, add(made, parallelism), false);
    const std::uint32_t sink = add(made, parallelism);
    for (std::uint32_t i = 0; i < wide; ++i) join(made, i + 2, sink, false);
    return made;
}

inline program lattice(std::uint64_t size) {
    const auto side = static_cast<std::uint32_t>(std::clamp(std::sqrt(static_cast<double>(size) / 50), 2.0, 30.0));
    program made;
    for (std::uint32_t row = 0; row < side; ++row)
        for (std::uint32_t column = 0; column < side; ++column) {
            const std::uint32_t id = add(made, at_most_parallelism(size / side / side));
            if (column > 0) join(made, id - 1, id, true);
            if (row > 0) join(made, id - side, id, false);
        }
    return made;
}

/// Source, filter, two windows that are joined, and a sink with a tenth of the parallelism.
inline program nexmark(std::uint64_t size) {
    program made;
    const std::uint32_t p = at_most_parallelism(size / 40 * 8);
    const std::uint32_t people = add(made, p / 4 * 4), auctions = add(made, p / 4 * 4);
    const std::uint32_t filtered = add(made, p / 4 * 4), window = add(made, p), other = add(made, p / 2);
    const std::uint32_t joined = add(made, p), sink = add(made, p / 10);
    join(made, auctions, filtered, true);
    join(made, people, window, false);
    join(made, filtered, other, false);
    join(made, window, joined, false);
    join(made, other, joined, false);
    join(made, joined, sink, false);
    return made;
}

inline program dag(std::uint64_t size, bits& random) {
    const auto nodes = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(size / 100, 2, limits{}.nodes));
    const std::uint32_t most = at_most_parallelism(2 * size / nodes);
    program made;
    for (std::uint32_t i = 1; i <= nodes; ++i) {
        add(made, 1 + random.below(most));
        if (i == 1) continue;
        const std::uint32_t near = i - 1 - random.below(std::min(i - 1, 100u));
        join(made, near, i, random.below(2) == 0);
        if (const std::uint32_t far = 1 + random.below(i - 1); far != near and random.below(4) == 0)
            join(made, far, i, false);
    }
    return made;
}

/// Parallelisms as sizes of cities are: of rank r, the largest / r.
inline program heavy_tail(std::uint64_t size) {
    program made;
    double harmonic = 0;
    for (int rank = 1; rank <= 200; ++rank) harmonic += 1.0 / rank;
    for (std::uint32_t rank = 1; rank <= 200; ++rank) {
        add(made, at_most_parallelism(static_cast<std::uint64_t>(static_cast<double>(size) / harmonic / rank)));
        if (rank > 1) join(made, 1 + (rank * 7 % (rank - 1)), rank, false);
    }
    return made;
}

}  // namespace detail

inline program row_of(std::uint32_t nodes, std::uint32_t parallelism, edge_kind kind) {
    program made;
    for (std::uint32_t i = 0; i < nodes; ++i) {
        detail::add(made, parallelism);
        if (i > 0) made.edges.push_back({{i}, {i + 1}, kind});
    }
    return made;
}

inline expected<program> make(std::string_view name, std::uint64_t size, std::uint64_t seed) {
    if (size == 0 or size > 1'000'000'000)
        return failure(error_kind::invalid, "a graph of " + std::to_string(size) + " subtasks; 1 to 10^9 are possible");
    bits random(seed);
    if (name == "all_to_all") return row_of(2, detail::at_most_parallelism(size / 2));
    if (name == "chain") return detail::chain(size);
    if (name == "fan") return detail::fan(size);
    if (name == "lattice") return detail::lattice(size);
    if (name == "nexmark") return detail::nexmark(size);
    if (name == "dag") return detail::dag(size, random);
    if (name == "heavy_tail") return detail::heavy_tail(size);
    if (name == "uniform") {
        const auto nodes =
            static_cast<std::uint32_t>(std::max<std::uint64_t>(std::min<std::uint64_t>(100, size), size >> 20));
        return row_of(nodes, detail::at_most_parallelism(size / nodes));
    }
    std::string text = "there is no graph \"" + std::string(name) + "\"; there are";
    for (const std::string_view each : names) text.append(" ").append(each);
    return failure(error_kind::invalid, std::move(text));
}

inline std::vector<offer> workers(std::uint32_t count, std::uint32_t slots, std::uint32_t zones) {
    std::vector<offer> made;
    made.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i)
        made.push_back({.id = {i + 1},
                        .machine = {"machine-" + std::to_string(i / 4)},
                        .zone = "rack-" + std::to_string(std::uint64_t{i} * zones / count),
                        .slots = slots,
                        .data_address = "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
                                        std::to_string(i & 255) + ":6121"});
    return made;
}

inline job random_job(std::uint64_t seed) {
    bits random(seed);
    job made;
    const std::uint32_t count = 2 + random.below(39);
    made.offers = workers(count, 1 + random.below(16));
    std::uint32_t all = 0;
    for (offer& each : made.offers) {
        each.machine.value += "-" + std::to_string(each.id.value);
        if (seed % 2 == 0) each.slots = 1 + random.below(16);
        all += each.slots;
    }
    const std::uint32_t most = std::max(1u, all - all * random.below(31) / 100);
    const std::uint32_t nodes = 1 + random.below(20);
    for (std::uint32_t i = 1; i <= nodes; ++i) {
        detail::add(made.of, random.below(2) == 0 ? most : 1 + random.below(most));
        if (i == 1) continue;
        const bool is_forward = random.below(2) == 0;  // one draw an expression: compilers order operands differently
        detail::join(made.of, 1 + random.below(i - 1), i, is_forward);
    }
    return made;
}

}  // namespace headgate::inline v1::graphs
