#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the workers of each zone, and whose turn it is where turns go around them. Made for `spread` and
// `sticky`.

#include <headgate/assignment/balance_item.hpp>
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/offer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Positions of a line by zone and id, those without slots left out, and turns that go around the zones.
struct zone_order {
    std::vector<std::uint32_t> positions{};
    std::vector<std::uint32_t> turns{};  ///< by place in `positions`
    std::vector<std::uint32_t> zones{};  ///< by place in `positions`, ascending from 0

    zone_order(const line_of_workers& line, std::span<const offer> offers, std::span<const std::uint32_t> slots) {
        for (std::uint32_t i = 0; i < slots.size(); ++i)
            if (slots[i] > 0) positions.push_back(i);
        const auto zone = [&](std::uint32_t position) -> std::string_view { return offers[line.order[position]].zone; };
        std::ranges::sort(positions, [&](std::uint32_t a, std::uint32_t b) {
            return zone(a) != zone(b) ? zone(a) < zone(b) : a < b;
        });
        std::vector<double> keys(positions.size());
        for (std::size_t first = 0, number = 0; first < positions.size(); ++number) {
            std::size_t last = first;
            while (last < positions.size() and zone(positions[last]) == zone(positions[first])) ++last;
            for (std::size_t i = first; i < last; ++i) {
                keys[i] = (static_cast<double>(i - first) + 0.5) / static_cast<double>(last - first);
                zones.push_back(static_cast<std::uint32_t>(number));
            }
            first = last;
        }
        const std::vector<std::uint32_t> places = [&] {
            std::vector<std::uint32_t> made = counted_up(positions.size());
            std::ranges::sort(
                made, [&](std::uint32_t a, std::uint32_t b) { return keys[a] != keys[b] ? keys[a] < keys[b] : a < b; });
            return made;
        }();
        turns.resize(positions.size());
        for (std::uint32_t i = 0; i < places.size(); ++i) turns[places[i]] = i;
    }
};

/// The workers of a zone, by position, and their slots.
struct zone_of_workers {
    std::vector<std::uint32_t> workers{};
    std::vector<std::uint32_t> slots{};
    std::uint64_t all_slots{};
};

/// Without zones all are in one. Workers without slots are in none.
inline std::vector<zone_of_workers> by_zone(std::span<const std::uint32_t> slots, const zone_order* zones) {
    std::vector<zone_of_workers> made(zones and not zones->zones.empty() ? zones->zones.back() + 1 : 1);
    const auto add = [&](std::uint32_t zone, std::uint32_t worker) {
        made[zone].workers.push_back(worker);
        made[zone].slots.push_back(slots[worker]);
        made[zone].all_slots += slots[worker];
    };
    if (zones)
        for (std::size_t i = 0; i < zones->positions.size(); ++i) add(zones->zones[i], zones->positions[i]);
    else
        for (std::uint32_t w = 0; w < slots.size(); ++w) add(0, w);
    return made;
}

}  // namespace headgate::inline v1::detail
