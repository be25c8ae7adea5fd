#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what no plan can do better than, whoever makes it (FACTS, "Best possible balance").

#include <headgate/assignment/water.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// A load per slot, exactly.
struct load_per_slot {
    std::uint64_t load{};
    std::uint32_t slots = 1;

    double value() const { return static_cast<double>(load) / slots; }
    friend bool operator==(const load_per_slot& a, const load_per_slot& b) {
        return times(a.load, b.slots) == times(b.load, a.slots);
    }

private:
    /// All 96 bits, the high ones first.
    static std::pair<std::uint64_t, std::uint64_t> times(std::uint64_t load, std::uint32_t slots) {
        constexpr std::uint64_t low = 0xffff'ffff;
        const std::uint64_t lower = (load & low) * slots;
        return {(load >> 32) * slots + (lower >> 32), lower & low};
    }
};

/// Lower bounds that some plan reaches, each for itself, if the slots cover the largest parallelism.
struct proven_bounds {
    std::uint64_t largest{};   ///< of the largest load
    load_per_slot per_slot{};  ///< of the largest load per slot

    friend bool operator==(const proven_bounds&, const proven_bounds&) = default;
};

/// With P(k) the sum of the k largest parallelisms: a plan in which no worker w holds more than c(w) exists exactly if
/// P(k) <= sum over w of min(c(w), k s(w)) for every k. The bounds are the smallest c(w) = L, and the smallest q with
/// c(w) = floor(q s(w)), that pass. O((nodes + workers) log).
proven_bounds bounds_of(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Counted where there are many of few values, as parallelisms mostly are.
inline std::vector<std::uint32_t> descending(std::span<const std::uint32_t> values) {
    std::vector<std::uint32_t> made(values.begin(), values.end());
    const std::uint32_t largest = made.empty() ? 0 : *std::ranges::max_element(made);
    if (largest > made.size()) {
        std::ranges::sort(made, std::greater<>{});
        return made;
    }
    std::vector<std::uint32_t> counts(std::size_t{largest} + 1);
    for (const std::uint32_t each : made) ++counts[each];
    auto at = made.begin();
    for (std::uint32_t value = largest + 1; value-- > 0;) at = std::fill_n(at, counts[value], value);
    return made;
}

inline std::uint64_t largest_load_bound(std::span<const std::uint32_t> parallelisms,
                                        std::span<const std::uint32_t> slots) {
    const std::vector<std::uint32_t> nodes = descending(parallelisms);
    std::vector<std::uint32_t> line(slots.begin(), slots.end());
    std::ranges::sort(line);
    std::uint64_t full = 0;  // slots of the workers below `rest`, which take all they can
    for (const std::uint32_t each : line) full += each;
    std::size_t rest = line.size();
    std::uint64_t most = 0, sum = 0;
    for (std::uint64_t k = 1; k <= nodes.size(); ++k) {
        sum += nodes[k - 1];
        // Of k nodes fewer are a worker's share as k grows, so `rest` only falls.
        while (rest > 0) {
            const std::uint64_t below = full - line[rest - 1];
            const std::uint64_t of_one = below + (line.size() - rest + 1) * line[rest - 1];
            if (of_one < (sum + k - 1) / k) break;  // times k it may be beyond 64 bits
            full = below;
            --rest;
        }
        if (rest == line.size()) continue;  // not even all slots are enough
        const std::uint64_t left = sum - std::min(sum, k * full), sharing = line.size() - rest;
        most = std::max(most, (left + sharing - 1) / sharing);
    }
    return most;
}

}  // namespace detail

inline proven_bounds bounds_of(std::span<const std::uint32_t> parallelisms, std::span<const std::uint32_t> slots) {
    if (slots.empty()) return {};
    proven_bounds made{.largest = detail::largest_load_bound(parallelisms, slots)};
    std::uint64_t sum = 0;
    for (const std::uint32_t each : parallelisms) sum += each;
    // P(k) <= sum of floor(q s) for all nodes is the only condition that binds: for fewer than q nodes all slots do.
    water level(slots, balance_by::load_per_slot);
    std::vector<std::uint64_t> room;
    for (const std::uint32_t each : slots) room.push_back(std::min(sum, parallelisms.size() * std::uint64_t{each}));
    level.pour(sum, 1, std::move(room));
    for (std::size_t i = 0; i < slots.size(); ++i)
        if (slots[i] > 0 and static_cast<double>(level.loads()[i]) / slots[i] > made.per_slot.value())
            made.per_slot = {level.loads()[i], slots[i]};
    return made;
}

}  // namespace headgate::inline v1
