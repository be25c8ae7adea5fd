#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what `balance` is asked about and what it answers, and what can have room at all.

#include <headgate/assignment/water.hpp>
#include <headgate/vocabulary/plan_layout.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

namespace headgate::inline v1 {

/// A node, or nodes whose unit i is to be on one worker. A unit holds at most `grain` subtasks of any of its nodes and
/// `weight` of all of them.
struct balance_item {
    std::uint32_t units{};
    std::uint32_t grain = 1;
    std::uint64_t weight = 1;

    friend auto operator<=>(const balance_item&, const balance_item&) = default;
};

/// Where an item went: what its nodes have in common as `placed_node`.
struct balanced_item {
    std::uint32_t layout{};
    std::uint32_t offset{};

    friend bool operator==(const balanced_item&, const balanced_item&) = default;
};

struct balanced_items {
    std::vector<layout> layouts{};       ///< over the workers asked about, by position
    std::vector<balanced_item> items{};  ///< in the order of the question

    friend bool operator==(const balanced_items&, const balanced_items&) = default;
};

struct balance_options {
    balance_by aim = balance_by::load_per_slot;
    std::span<const std::uint32_t> turns{};  ///< of workers whose level would be the same; default: by position
    /// By worker, ascending from 0. If not empty, one round around the zones on equal slots, where that keeps each
    /// within its share; else items of the same size are shared out together, over zones first, see `water_by_zone`;
    /// not those that are joined, which follow `turns`, nor any where some class finds no room for that. Precondition:
    /// all items are of grain and weight 1, the aim is `load_per_slot`.
    std::span<const std::uint32_t> zones{};
};

/// How many layouts `balance` cannot do without: one for each grain on equal slots, else one for each kind of items
/// that are heavier than 1, which it does not join. O(items log kinds).
std::size_t least_layouts(std::span<const balance_item> items, std::span<const std::uint32_t> slots);

/// Whether all units of an item find room: a worker of s slots has room for floor(s / grain).
bool fits(const balance_item& what, std::span<const std::uint32_t> slots);

/// Boundaries that the layouts of a plan of ours have together at most, for up to 100,000 workers: at 4 bytes for a
/// boundary and 2 for an owner a plan of 100,000 nodes on 10,000 workers with short names is below the 4 MiB of a
/// message.
inline constexpr std::uint64_t most_runs = 400'000;

/// Layouts over all workers that come to no more than that with one, of two runs a worker, for what is joined.
constexpr std::size_t most_layouts(std::size_t workers) {
    const std::size_t all = most_runs / (workers + 1);
    return all > 3 ? all - 2 : 1;
}

/// So that layouts are O(items + workers) where many parallelisms meet many workers.
constexpr std::size_t most_classes(std::size_t items, std::size_t workers) {
    return std::min(most_layouts(workers), 8 + (workers == 0 ? 0 : 8 * items / workers));
}

/// What is compared with `most_runs`.
std::uint64_t total_runs(std::span<const layout> layouts);

// Implementation ------------------------------------------------------------------------------------------------------

inline bool fits(const balance_item& what, std::span<const std::uint32_t> slots) {
    std::uint64_t room = 0;
    for (const std::uint32_t each : slots)
        if ((room += each / what.grain) >= what.units) return true;
    return false;
}

namespace detail {

inline bool are_equal(std::span<const std::uint32_t> slots) {
    return std::ranges::adjacent_find(slots, std::not_equal_to<>{}) == slots.end();
}

/// `fits` for many items: mostly the smallest worker, the largest one, or what was counted for an item of the same
/// grain is enough to tell.
class fitting {
public:
    explicit fitting(std::span<const std::uint32_t> slots) : slots_(slots) {
        for (const std::uint32_t each : slots) {
            least_ = std::min(least_, each);
            most_ = std::max(most_, each);
        }
    }

    bool operator()(const balance_item& what) {
        const std::uint64_t workers = slots_.size();
        if (workers * (least_ / what.grain) >= what.units) return true;
        if (workers * (most_ / what.grain) < what.units) return false;
        const auto [at, is_new] = room_by_grain_.try_emplace(what.grain, 0);
        if (is_new)
            for (const std::uint32_t each : slots_) at->second += each / what.grain;
        return at->second >= what.units;
    }

private:
    std::span<const std::uint32_t> slots_;
    std::uint32_t least_ = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t most_ = 0;
    std::unordered_map<std::uint32_t, std::uint64_t> room_by_grain_{};  // looked up only, never walked
};

}  // namespace detail

inline std::size_t least_layouts(std::span<const balance_item> items, std::span<const std::uint32_t> slots) {
    const bool by_grain = detail::are_equal(slots);
    std::set<balance_item> kinds;
    std::optional<balance_item> last;  // mostly one is as the one before
    for (const balance_item& each : items) {
        const balance_item kind = by_grain ? balance_item{.grain = each.grain} : each;
        if ((by_grain or each.weight > 1) and last != kind) kinds.insert(last.emplace(kind));
    }
    return kinds.size();
}

inline std::uint64_t total_runs(std::span<const layout> layouts) {
    std::uint64_t sum = 0;
    for (const layout& each : layouts) sum += each.boundaries.size();
    return sum;
}

namespace detail {

inline std::vector<std::uint32_t> counted_up(std::size_t count) {
    std::vector<std::uint32_t> made(count);
    for (std::uint32_t i = 0; i < made.size(); ++i) made[i] = i;
    return made;
}

}  // namespace detail

}  // namespace headgate::inline v1
