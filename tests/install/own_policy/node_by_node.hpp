#pragma once
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/policy.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace own {

/// All slots in a row, by worker; each node takes those behind the node before, and goes on at the front.
struct node_by_node {
    headgate::expected<headgate::plan> operator()(const headgate::program& of, std::span<const headgate::offer> offers,
                                                  const headgate::past& = {}) const {
        const auto line = headgate::line_up(of, offers);  // offers that have slots, by id; or what is wrong
        if (not line) return tl::unexpected(line.error());
        auto made = headgate::plan_on(offers, line->order);  // with these workers, and nothing on them yet
        if (not made) return made;
        headgate::layout row{.spaced = headgate::spacing::dense};
        for (const std::uint32_t slots : line->slots) {  // the next worker's run ends here; stops at 2^32 - 1
            const std::uint32_t begin = row.boundaries.back();
            row.boundaries.push_back(begin + std::min(slots, ~begin));
        }
        std::uint64_t next = 0;
        for (const headgate::node& each : of.nodes) {
            const auto offset = static_cast<std::uint32_t>(next % row.boundaries.back());
            made->nodes.push_back({.id = each.id, .parallelism = each.parallelism, .layout = 0, .offset = offset});
            next += each.parallelism;
        }
        made->layouts.push_back(std::move(row));
        return made;
    }
};

}  // namespace own
