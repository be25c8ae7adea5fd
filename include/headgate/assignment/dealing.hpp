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
#include <optional>
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

/// How many workers of each zone there are before each place of a round that goes around the zones.
class zones_of_round {
public:
    /// More than this are not looked at, unless they are of one size.
    static constexpr std::size_t most_zones = 64;

    zones_of_round(std::span<const std::uint32_t> round, std::span<const std::uint32_t> zones)
        : sizes_(zones.empty() ? 0 : zones.back() + 1) {
        for (const std::uint32_t zone : zones) ++sizes_[zone];
        if (are_of_one_size() or sizes_.size() > most_zones) return;
        before_.assign(sizes_.size(), std::vector<std::uint32_t>(round.size() + 1));
        for (std::size_t i = 0; i < round.size(); ++i)
            for (std::size_t zone = 0; zone < sizes_.size(); ++zone)
                before_[zone][i + 1] = before_[zone][i] + (zones[round[i]] == zone);
    }

    /// Whether no zone has more than its share by workers, rounded up, of what is dealt from a place on. Zones of one
    /// size come in the same order again and again.
    bool are_within_shares(std::uint32_t first, std::uint64_t units) const {
        if (are_of_one_size()) return true;
        if (before_.empty()) return false;
        const std::uint64_t workers = before_.front().size() - 1, rest = units % workers;
        for (std::size_t zone = 0; zone < sizes_.size(); ++zone) {
            const std::vector<std::uint32_t>& before = before_[zone];
            const std::uint64_t last = first + rest, around = last > workers ? last - workers : 0;
            const std::uint64_t mine = before[last - around] - before[first] + before[around];
            if (mine > (rest * sizes_[zone] + workers - 1) / workers) return false;
        }
        return true;
    }

private:
    bool are_of_one_size() const { return std::ranges::adjacent_find(sizes_, std::not_equal_to<>{}) == sizes_.end(); }

    std::vector<std::uint64_t> sizes_;
    std::vector<std::vector<std::uint32_t>> before_{};
};

/// One round robin in the order of turns, which go around the zones. Nothing if that gave a zone more of an item than
/// its share. Precondition: items are of grain and weight 1. O(workers * zones + items * zones).
inline std::optional<balanced_items> deal_around(std::span<const balance_item> items,
                                                 std::span<const std::uint32_t> slots,
                                                 std::span<const std::uint32_t> turns,
                                                 std::span<const std::uint32_t> zones) {
    std::vector<std::uint32_t> round(turns.size());
    for (std::uint32_t worker = 0; worker < turns.size(); ++worker) round[turns[worker]] = worker;
    balanced_items made = deal(items, slots);
    const zones_of_round shares(round, zones);
    for (std::size_t i = 0; i < items.size(); ++i)
        if (not shares.are_within_shares(made.items[i].offset, items[i].units)) return std::nullopt;
    for (layout& line : made.layouts) line.owners = round;
    return made;
}

}  // namespace headgate::inline v1::detail
