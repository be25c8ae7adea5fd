#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: `balance` on equal slots. Made for it.

#include <headgate/assignment/balance_item.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Positions of items, the heaviest first, those of one weight in their order. Sorted digit by digit, a byte at a time:
/// mostly weights are small.
inline std::vector<std::uint32_t> heaviest_first(std::span<const balance_item> items) {
    std::vector<std::uint32_t> order = counted_up(items.size()), next(items.size());
    std::uint64_t most = 0;
    for (const balance_item& each : items) most = std::max(most, each.weight);
    for (unsigned shift = 0; shift < 64 and most >> shift > 0; shift += 8) {
        const auto digit = [&](std::uint32_t at) { return ~(items[at].weight >> shift) & 255; };
        std::array<std::uint32_t, 257> begins{};
        for (const std::uint32_t at : order) ++begins[digit(at) + 1];
        for (std::size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
        for (const std::uint32_t at : order) next[begins[digit(at)]++] = at;
        std::swap(order, next);
    }
    return order;
}

/// One round robin over all items.
inline balanced_items deal(std::span<const balance_item> items, std::span<const std::uint32_t> slots) {
    balanced_items made{.layouts = {}, .items = std::vector<balanced_item>(items.size())};
    layout line{.spaced = spacing::level};
    line.boundaries.reserve(slots.size() + 1);
    std::uint64_t end = 0;
    for (const std::uint32_t each : slots)
        line.boundaries.push_back(static_cast<std::uint32_t>(
            std::min<std::uint64_t>(end += each, std::numeric_limits<std::uint32_t>::max())));
    std::map<std::uint32_t, std::uint32_t> of_grain;  // a layout's nodes share one, so that its check is exact
    std::uint64_t next = 0;
    const auto place = [&](std::size_t at) {
        const auto [found, is_first] =
            of_grain.try_emplace(items[at].grain, static_cast<std::uint32_t>(made.layouts.size()));
        if (is_first) made.layouts.push_back(line);
        made.items[at] = {.layout = found->second, .offset = static_cast<std::uint32_t>(next)};
        next = (next + items[at].units) % slots.size();
    };
    if (std::ranges::adjacent_find(items, std::not_equal_to<>{}, &balance_item::weight) == items.end())
        for (std::size_t i = 0; i < items.size(); ++i) place(i);
    else
        for (const std::uint32_t at : heaviest_first(items)) place(at);
    return made;
}

}  // namespace headgate::inline v1::detail
