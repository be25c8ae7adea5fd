#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: load that is poured on zones, and in each zone on its workers.

#include <headgate/assignment/water.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <vector>

namespace headgate::inline v1 {

/// Nodes on workers in zones: of each node a zone has at most its share by slots, rounded up, or as little more as is
/// needed to keep every worker below the largest load per slot that is best for all nodes together.
class water_by_zone {
public:
    /// `zones` of workers ascend from 0; `amount` is all that will be poured. Precondition: slots are at least 1, and
    /// their sum is below 2^32. O(workers).
    water_by_zone(std::span<const std::uint32_t> slots, std::span<const std::uint32_t> zones, std::uint64_t amount);

    /// What was poured in another way, by worker.
    void add(std::span<const std::uint64_t> loads);

    /// Adds `nodes` that are alike; answers how many of their subtasks each worker got. Nothing if they find no room
    /// below the best load per slot. Precondition: `parallelism` is at most the sum of slots. O(workers).
    std::optional<std::vector<std::uint64_t>> pour(std::uint64_t nodes, std::uint32_t parallelism);

private:
    struct zone {
        std::size_t first;  // workers of a zone are neighbours
        std::size_t last;
        std::uint64_t slots;
        water inside;
    };

    std::span<const std::uint32_t> slots_;
    std::uint64_t all_slots_ = 0;
    std::vector<std::uint64_t> free_;  // by worker, up to the best load per slot
    std::vector<zone> zones_{};
    std::vector<std::uint32_t>
        widths_{};                        // of zones: what was free at first; with small workers it is not as the slots
    std::vector<std::uint64_t> loads_{};  // of zones
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// By worker, what it may hold if the largest load per slot is to be the best for `amount` subtasks.
inline std::vector<std::uint64_t> room_at_best(std::span<const std::uint32_t> slots, std::uint64_t amount) {
    water level(slots, balance_by::load_per_slot);
    std::vector<std::uint64_t> room = level.pour(amount, 1, std::vector<std::uint64_t>(slots.size(), amount));
    double load = 0, width = 1;
    for (std::size_t i = 0; i < slots.size(); ++i)
        if (const auto mine = static_cast<double>(room[i]); mine * width > load * slots[i])
            load = mine, width = slots[i];
    for (std::size_t i = 0; i < slots.size(); ++i) room[i] = static_cast<std::uint64_t>(load * slots[i] / width);
    return room;
}

}  // namespace detail

inline water_by_zone::water_by_zone(std::span<const std::uint32_t> slots, std::span<const std::uint32_t> zones,
                                    std::uint64_t amount)
    : slots_(slots), free_(detail::room_at_best(slots, amount)) {
    std::vector<std::uint64_t> free;
    for (std::size_t first = 0, last = 0; first < slots.size(); first = last) {
        std::uint64_t sum = 0;
        free.push_back(0);
        for (; last < slots.size() and zones[last] == zones[first]; ++last) {
            sum += slots[last];
            free.back() += free_[last];
        }
        zones_.push_back({first, last, sum, water(slots.subspan(first, last - first), balance_by::load_per_slot)});
        all_slots_ += sum;
    }
    loads_.resize(zones_.size());
    const int bits = zones_.empty() ? 0 : static_cast<int>(std::bit_width(std::ranges::max(free)));
    for (const std::uint64_t each : free)
        widths_.push_back(std::max(1u, static_cast<std::uint32_t>(each >> std::max(0, bits - 32))));
}

inline void water_by_zone::add(std::span<const std::uint64_t> loads) {
    for (std::size_t z = 0; z < zones_.size(); ++z) {
        std::vector<std::uint64_t> inside(zones_[z].inside.loads().begin(), zones_[z].inside.loads().end());
        for (std::size_t i = zones_[z].first; i < zones_[z].last; ++i) {
            inside[i - zones_[z].first] += loads[i];
            loads_[z] += loads[i];
            free_[i] -= loads[i];
        }
        zones_[z].inside.set(std::move(inside));
    }
}

inline std::optional<std::vector<std::uint64_t>> water_by_zone::pour(std::uint64_t nodes, std::uint32_t parallelism) {
    const std::uint64_t amount = nodes * parallelism;
    std::vector<std::vector<std::uint64_t>> room(zones_.size());
    std::vector<std::uint64_t> in_zone(zones_.size()), share(zones_.size());
    for (std::size_t z = 0; z < zones_.size(); ++z) {
        room[z].reserve(zones_[z].last - zones_[z].first);
        for (std::size_t i = zones_[z].first; i < zones_[z].last; ++i) {
            room[z].push_back(std::min(free_[i], nodes * slots_[i]));
            in_zone[z] += room[z].back();
        }
        share[z] = (parallelism * zones_[z].slots + all_slots_ - 1) / all_slots_;
    }
    const auto room_of = [&](std::size_t z, std::uint64_t more) {
        return std::min(in_zone[z], nodes * (share[z] + more));
    };
    const auto is_short = [&](std::uint64_t more) {
        std::uint64_t sum = 0;
        for (std::size_t z = 0; z < zones_.size(); ++z) sum += room_of(z, more);
        return sum < amount;
    };
    if (is_short(parallelism)) return {};
    const std::uint64_t more =
        *std::ranges::partition_point(std::views::iota(std::uint64_t{0}, std::uint64_t{parallelism}), is_short);

    std::vector<std::uint64_t> in_zone_at_most(zones_.size());
    for (std::size_t z = 0; z < zones_.size(); ++z) in_zone_at_most[z] = room_of(z, more);
    water among(widths_, balance_by::load_per_slot);
    among.set(std::move(loads_));
    const auto of_zone = among.pour(amount, 1, std::move(in_zone_at_most));
    loads_.assign(among.loads().begin(), among.loads().end());
    std::vector<std::uint64_t> got;
    got.reserve(slots_.size());
    for (std::size_t z = 0; z < zones_.size(); ++z)
        for (const std::uint64_t each : zones_[z].inside.pour(of_zone[z], 1, std::move(room[z]))) {
            free_[got.size()] -= each;
            got.push_back(each);
        }
    return got;
}

}  // namespace headgate::inline v1
