#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the arithmetic of balanced plans, on numbers only, so that any controller's types will do (A7).

#include <headgate/assignment/water.hpp>
#include <headgate/assignment/water_by_zone.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan_layout.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
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
    /// By worker, ascending from 0. If not empty, items of the same size are shared out together even if all slots are
    /// equal, and over zones first, see `water_by_zone`; not those that are joined, which follow `turns`, nor any where
    /// some class finds no room for that. Precondition: all items are of grain and weight 1, the aim is
    /// `load_per_slot`.
    std::span<const std::uint32_t> zones{};
};

/// How many layouts `balance` cannot do without: one for each grain on equal slots, else one for each kind of items
/// that are heavier than 1, which it does not join. O(items log kinds).
std::size_t least_layouts(std::span<const balance_item> items, std::span<const std::uint32_t> slots);

/// Whether all units of an item find room: a worker of s slots has room for floor(s / grain).
bool fits(const balance_item& what, std::span<const std::uint32_t> slots);

/// Places items, each of which `fits`, on workers of `slots`, all at least 1.
///
/// Equal slots: one round robin that goes on where the last item stopped, heavy units first. Every item is on every
/// worker with its share, rounded down or up, and so is the sum of items of one weight.
/// Unequal slots: items that are alike are a class, and classes are poured one after the other; a class of n items with
/// c(w) units on worker w is a line of all c(w) on which item k begins at slot k, so that every item has c(w) / n of
/// them, rounded down or up, and all n exactly c(w) (Hermite's identity). With more classes than `most_classes`, or
/// for load or over zones `most_layouts`, those of weight 1 that are rare, or for load small, are put on a line of
/// their own, one densely behind the other. With items of weight 1 the largest load per slot is the proven bound; so is
/// the largest load, if that was asked for and nothing had to be joined. `invalid` for more classes than `most_layouts`
/// where slots are 2^32 or more in all: they have no line. O(items log items + classes * workers); layouts: 1 for each
/// grain, or one a class.
expected<balanced_items> balance(std::span<const balance_item> items, std::span<const std::uint32_t> slots,
                                 const balance_options& how = {});

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

/// `fits` for many items: mostly the smallest worker, the largest one, or what was counted for the item before is
/// enough to tell.
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
        if (std::exchange(grain_, what.grain) != what.grain) {
            room_ = 0;
            for (const std::uint32_t each : slots_) room_ += each / what.grain;
        }
        return room_ >= what.units;
    }

private:
    std::span<const std::uint32_t> slots_;
    std::uint32_t least_ = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t most_ = 0;
    std::uint32_t grain_ = 0;  ///< that `room_` is of
    std::uint64_t room_ = 0;
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

/// Equal slots.
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

/// Unequal slots.
class pouring {
public:
    pouring(std::span<const balance_item> items, std::span<const std::uint32_t> slots, const balance_options& how)
        : items_(items), slots_(slots), how_(how), level_(slots, how.aim, how.turns), order_(counted_up(items.size())) {
        made_.items.resize(items.size());
    }

    expected<balanced_items> run() {
        for (const std::uint32_t each : slots_) all_slots_ += each;
        sort_classes();
        if (all_slots_ <= std::numeric_limits<std::uint32_t>::max()) {
            if (const auto joined = join(); not joined.empty()) pour_joined(joined);
        } else if (classes_.size() > most_layouts(slots_.size())) {
            return failure(error_kind::invalid, std::to_string(classes_.size()) + " kinds of nodes on " +
                                                    std::to_string(slots_.size()) +
                                                    " workers of 2^32 slots or more in all make too large a plan");
        }
        if (not pour_by_zone())
            for (const members each : classes_) put(each, share_of(each));
        return std::move(made_);
    }

private:
    using members = std::span<const std::uint32_t>;

    /// Heavy and large ones first: the largest nodes need the small workers too, the others can go around them.
    void sort_classes() {
        std::vector<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::uint32_t>> keys;
        keys.reserve(items_.size());
        for (std::uint32_t i = 0; i < items_.size(); ++i)
            keys.emplace_back(~items_[i].weight, ~items_[i].units, ~items_[i].grain, i);
        if (not std::ranges::is_sorted(keys)) std::ranges::sort(keys);
        for (std::size_t i = 0; i < keys.size(); ++i) order_[i] = std::get<3>(keys[i]);
        for (std::size_t first = 0; first < order_.size();) {
            const balance_item& one = items_[order_[first]];
            // The line of a class has a slot for each of its units, and a line has fewer than 2^32.
            const std::size_t most = std::numeric_limits<std::uint32_t>::max() / one.units;
            std::size_t last = first + 1;
            while (last < order_.size() and last - first < most and items_[order_[last]] == one) ++last;
            classes_.push_back(members(order_).subspan(first, last - first));
            first = last;
        }
    }

    /// The members of the classes that are too many: of those with the fewest subtasks, or for load of the smallest,
    /// which need the fewest slots of any worker.
    std::vector<std::uint32_t> join() {
        const bool by_load = how_.aim == balance_by::load;
        const std::size_t most = by_load or not how_.zones.empty() ? most_layouts(slots_.size())
                                                                   : most_classes(items_.size(), slots_.size());
        if (classes_.size() <= most) return {};
        const auto size = [&](members of) { return (by_load ? 1 : std::uint64_t{of.size()}) * items_[of[0]].units; };
        std::vector<std::uint64_t> sizes;
        for (const members each : classes_) sizes.push_back(size(each));
        std::ranges::nth_element(sizes, sizes.begin() + static_cast<std::ptrdiff_t>(most) - 1, std::greater<>{});
        const std::uint64_t least = sizes[most - 1];
        std::vector<std::uint32_t> joined;
        std::vector<members> kept;
        for (const members each : classes_)
            if (items_[each[0]].weight == 1 and (size(each) < least or kept.size() >= most))
                joined.insert(joined.end(), each.begin(), each.end());
            else
                kept.push_back(each);
        classes_ = std::move(kept);
        std::ranges::sort(joined);
        return joined;
    }

    /// By worker, the slots of a line for what is joined: all, or for load as even as the largest of it allows.
    std::vector<std::uint32_t> slots_for(std::span<const std::uint32_t> joined) const {
        std::vector<std::uint32_t> slots(slots_.begin(), slots_.end());
        if (how_.aim == balance_by::load_per_slot) return slots;
        std::uint32_t largest = 0;
        for (const std::uint32_t at : joined) largest = std::max(largest, items_[at].units);
        const auto is_short = [&](std::uint32_t each) {
            std::uint64_t sum = 0;
            for (const std::uint32_t mine : slots_) sum += std::min(mine, each);
            return sum < largest;
        };
        const std::uint32_t most =
            *std::ranges::partition_point(std::views::iota(std::uint32_t{1}, std::ranges::max(slots_)), is_short);
        for (std::uint32_t& mine : slots) mine = std::min(mine, most);
        return slots;
    }

    /// One densely behind the other, around one line. Every slot of it is passed m times, and those that are to have
    /// more, once more: they stand first, and so are all passed when the rest is only half through.
    void pour_joined(std::span<const std::uint32_t> joined) {
        const std::vector<std::uint32_t> slots = slots_for(joined);
        std::uint64_t amount = 0, all = 0;
        for (const std::uint32_t at : joined) amount += items_[at].units;
        for (const std::uint32_t each : slots) all += each;
        water on_line(slots, balance_by::load_per_slot, how_.turns);
        auto got = on_line.pour(amount, 1, std::vector<std::uint64_t>(slots.size(), amount));
        layout line{.spaced = spacing::dense};
        std::vector<std::uint32_t> order = counted_up(slots.size());
        if (not how_.turns.empty())
            std::ranges::sort(order, {}, [&](std::uint32_t worker) { return how_.turns[worker]; });
        for (const bool is_first : {true, false})
            for (const std::uint32_t worker : order) {
                const auto more = static_cast<std::uint32_t>(got[worker] - amount / all * slots[worker]);
                const std::uint32_t run = is_first ? more : slots[worker] - more;
                if (run == 0) continue;
                line.boundaries.push_back(line.boundaries.back() + run);
                line.owners.push_back(worker);
            }
        std::uint64_t next = 0;
        for (const std::uint32_t at : joined) {
            made_.items[at] = {.layout = static_cast<std::uint32_t>(made_.layouts.size()),
                               .offset = static_cast<std::uint32_t>(next)};
            next = (next + items_[at].units) % all;
        }
        made_.layouts.push_back(std::move(line));
        level_.set(std::move(got));
    }

    /// Nothing is placed where that cannot be done for all.
    bool pour_by_zone() {
        if (how_.zones.empty() or all_slots_ > std::numeric_limits<std::uint32_t>::max()) return false;
        std::uint64_t amount = 0;
        for (const balance_item& each : items_) amount += each.units;
        water_by_zone zones(slots_, how_.zones, amount);
        zones.add(level_.loads());
        std::vector<std::vector<std::uint64_t>> shares;
        for (const members each : classes_) {
            auto share = zones.pour(each.size(), items_[each[0]].units);
            if (not share) return false;
            shares.push_back(*std::move(share));
        }
        for (std::size_t i = 0; i < classes_.size(); ++i) put(classes_[i], shares[i]);
        return true;
    }

    std::vector<std::uint64_t> share_of(members of) {
        const balance_item& one = items_[of[0]];
        std::vector<std::uint64_t> room(slots_.begin(), slots_.end());
        for (std::uint64_t& each : room) each = of.size() * (each / one.grain);
        return level_.pour(std::uint64_t{of.size()} * one.units, one.weight, std::move(room));
    }

    void put(members of, std::span<const std::uint64_t> got) {
        layout line{.spaced = spacing::even};
        line.boundaries.reserve(got.size() + 1);
        for (const std::uint64_t each : got)
            line.boundaries.push_back(line.boundaries.back() + static_cast<std::uint32_t>(each));
        for (std::uint32_t i = 0; i < of.size(); ++i)
            made_.items[of[i]] = {.layout = static_cast<std::uint32_t>(made_.layouts.size()), .offset = i};
        made_.layouts.push_back(std::move(line));
    }

    std::span<const balance_item> items_;
    std::span<const std::uint32_t> slots_;
    balance_options how_;
    std::uint64_t all_slots_ = 0;
    water level_;
    std::vector<std::uint32_t> order_;
    std::vector<members> classes_{};
    balanced_items made_{};
};

}  // namespace detail

inline expected<balanced_items> balance(std::span<const balance_item> items, std::span<const std::uint32_t> slots,
                                        const balance_options& how) {
    if (detail::are_equal(slots) and how.zones.empty()) return detail::deal(items, slots);
    return detail::pouring(items, slots, how).run();
}

}  // namespace headgate::inline v1
