#pragma once
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/slot_row.hpp>

#include <cstdint>
#include <span>

namespace own {

/// All slots in a row, by worker; each node takes those behind the node before, and goes on at the front.
struct node_by_node {
    headgate::expected<headgate::plan> operator()(const headgate::program& of, std::span<const headgate::offer> offers,
                                                  const headgate::past& = {}) const {
        const auto line = headgate::line_up(of, offers);  // offers that have slots, by id; or what is wrong
        if (not line) return tl::unexpected(line.error());
        auto made = headgate::plan_on(offers, line->order);  // with these workers, by id; nothing is on them yet
        if (not made) return made;
        made->layouts.push_back(headgate::slot_row(line->slots));  // a run for each, as long as it has slots
        std::uint64_t next = 0;
        for (const headgate::node& each : of.nodes) {
            const auto offset = static_cast<std::uint32_t>(next % made->layouts[0].boundaries.back());
            made->nodes.push_back({.id = each.id, .parallelism = each.parallelism, .layout = 0, .offset = offset});
            next += each.parallelism;
        }
        return made;
    }
};

}  // namespace own
