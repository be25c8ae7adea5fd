#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: `balance` on unequal slots, or over zones. Made for it.

#include <headgate/assignment/balance_item.hpp>
#include <headgate/assignment/water.hpp>
#include <headgate/assignment/water_by_zone.hpp>
#include <headgate/vocabulary/mixed.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// A line for each class of items, poured one after the other.
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

    /// By item, the number of its kind, in the order in which they first come.
    std::vector<std::uint32_t> kinds() const {
        const auto hash = [](const balance_item& of) {
            return static_cast<std::size_t>(mixed(of.weight, std::uint64_t{of.units} << 32 | of.grain));
        };
        std::unordered_map<balance_item, std::uint32_t, decltype(hash)> numbers(64, hash);  // looked up only
        std::vector<std::uint32_t> made;
        made.reserve(items_.size());
        for (const balance_item& each : items_)
            made.push_back(numbers.try_emplace(each, static_cast<std::uint32_t>(numbers.size())).first->second);
        return made;
    }

    /// Heavy and large ones first: the largest nodes need the small workers too, the others can go around them.
    void sort_classes() {
        const std::vector<std::uint32_t> numbers = kinds();
        std::vector<std::uint32_t> first_of, by_size, next;
        for (std::uint32_t i = 0; i < numbers.size(); ++i)
            if (numbers[i] == first_of.size()) first_of.push_back(i);
        std::vector<std::uint32_t> counts(first_of.size());
        for (const std::uint32_t each : numbers) ++counts[each];
        by_size = counted_up(first_of.size());
        std::ranges::sort(by_size, std::greater<>{}, [&](std::uint32_t each) {
            const balance_item& one = items_[first_of[each]];
            return std::tuple(one.weight, one.units, one.grain);
        });
        next.resize(first_of.size());
        std::uint32_t sum = 0;
        for (const std::uint32_t each : by_size) next[each] = std::exchange(sum, sum + counts[each]);
        for (std::uint32_t i = 0; i < numbers.size(); ++i) order_[next[numbers[i]]++] = i;
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
        std::vector<bool> is_joined(items_.size());
        std::vector<members> kept;
        for (const members each : classes_)
            if (items_[each[0]].weight == 1 and (size(each) < least or kept.size() >= most))
                for (const std::uint32_t at : each) is_joined[at] = true;
            else
                kept.push_back(each);
        classes_ = std::move(kept);
        std::vector<std::uint32_t> joined;
        for (std::uint32_t i = 0; i < is_joined.size(); ++i)
            if (is_joined[i]) joined.push_back(i);
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
        if (one.grain > 1)
            for (std::uint64_t& each : room) each /= one.grain;
        for (std::uint64_t& each : room) each *= of.size();
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

}  // namespace headgate::inline v1::detail
