#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the arithmetic of balanced plans, on numbers only, so that any controller's types will do (A7).

#include <headgate/assignment/balance_item.hpp>
#include <headgate/assignment/dealing.hpp>
#include <headgate/assignment/pouring.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <cstdint>
#include <span>
#include <utility>

namespace headgate::inline v1 {

/// Places items, each of which `fits`, on workers of `slots`, all at least 1.
///
/// Equal slots: one round robin that goes on where the last item stopped, heavy units first. Every item is on every
/// worker with its share, rounded down or up, and so is the sum of items of one weight.
/// Over zones the round goes around them, where that keeps each zone within its share of every item.
/// Unequal slots, and other zones: items that are alike are a class, and classes are poured one after the other; a
/// class of n items with c(w) units on worker w is a line of all c(w) on which item k begins at slot k, so that every
/// item has c(w) / n of them, rounded down or up, and all n exactly c(w) (Hermite's identity). With more classes than
/// `most_classes`, or for load or over zones `most_layouts`, those of weight 1 that are rare, or for load small, are
/// put on a line of their own, one densely behind the other. With items of weight 1 the largest load per slot is the
/// proven bound; so is the largest load, if that was asked for and nothing had to be joined. `invalid` for more classes
/// than `most_layouts` where slots are 2^32 or more in all: they have no line. O(items log items + classes * workers);
/// layouts: 1 for each grain, or one a class.
expected<balanced_items> balance(std::span<const balance_item> items, std::span<const std::uint32_t> slots,
                                 const balance_options& how = {});

// Implementation ------------------------------------------------------------------------------------------------------

inline expected<balanced_items> balance(std::span<const balance_item> items, std::span<const std::uint32_t> slots,
                                        const balance_options& how) {
    if (detail::are_equal(slots)) {
        if (how.zones.empty()) return detail::deal(items, slots);
        if (auto made = detail::deal_around(items, slots, how.turns, how.zones)) return *std::move(made);
    }
    return detail::pouring(items, slots, how).run();
}

}  // namespace headgate::inline v1
