#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the least that must move, by a flow of least cost from nodes to workers.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// What is to be placed: of node n `parallelism[n]` subtasks that cost `cost[n]` each where they were not before, of
/// which `kept[n * workers + w]` were on worker w; at most `slots[w]` of a node and `caps[w]` of all nodes on worker w.
struct least_moves {
    std::span<const std::uint32_t> parallelism{};
    std::span<const double> cost{};  ///< finite, not negative
    std::span<const std::uint64_t> kept{};
    std::span<const std::uint32_t> slots{};
    std::span<const std::uint64_t> caps{};
};

struct least_moved {
    std::vector<std::uint64_t> placed{};  ///< by node * workers + worker
    double cost{};                        ///< no placement costs less, but for the units below
};

/// Nothing if they cannot be placed. Costs are compared as they are if they are whole and at most 2^48, else in units
/// of the largest / 2^48. Precondition: at most 16,000 nodes or at most 16,000 workers, so that sums along a path fit.
/// What stays for nothing is placed at once; then shortest paths, one after the other (Jewell 1958): O(paths * nodes *
/// workers), mostly, and few more paths than what moves has to squeeze through.
std::optional<least_moved> place_with_least_moves(const least_moves& what);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Vertices are nodes, then workers.
class moving_flow {
public:
    explicit moving_flow(const least_moves& what)
        : what_(what),
          nodes_(what.parallelism.size()),
          workers_(what.slots.size()),
          placed_(nodes_ * workers_),
          left_(what.parallelism.begin(), what.parallelism.end()),
          room_(what.caps.begin(), what.caps.end()) {
        double most = 0;
        for (const double each : what.cost) most = std::max(most, each);
        constexpr double whole = 0x1p48;
        const bool are_whole =
            most <= whole and std::ranges::all_of(what.cost, [](double each) { return each == std::floor(each); });
        for (const double each : what.cost)
            cost_.push_back(static_cast<std::int64_t>(are_whole ? each : std::round(each / most * whole)));
    }

    std::optional<least_moved> run() {
        for (std::size_t n = 0; n < nodes_; ++n)
            for (std::size_t w = 0; w < workers_; ++w) {
                const std::uint64_t stays =
                    std::min({what_.kept[at(n, w)], std::uint64_t{what_.slots[w]}, room_[w], left_[n]});
                add(n, w, stays);
                left_[n] -= stays;
                room_[w] -= stays;
            }
        while (std::ranges::any_of(left_, [](std::uint64_t each) { return each > 0; }))
            if (not augment()) return std::nullopt;
        least_moved found{.placed = std::move(placed_)};
        for (std::size_t n = 0; n < nodes_; ++n)
            for (std::size_t w = 0; w < workers_; ++w)
                if (const std::size_t i = at(n, w); found.placed[i] > what_.kept[i])
                    found.cost += what_.cost[n] * static_cast<double>(found.placed[i] - what_.kept[i]);
        return found;
    }

private:
    static constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();
    static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

    std::size_t at(std::size_t n, std::size_t w) const { return n * workers_ + w; }
    void add(std::size_t n, std::size_t w, std::uint64_t amount) { placed_[at(n, w)] += amount; }

    /// One more subtask of n on w: its price, and how many at that price. What was there comes first and is free.
    std::int64_t price(std::size_t n, std::size_t w) const {
        return placed_[at(n, w)] < what_.kept[at(n, w)] ? 0 : cost_[n];
    }
    std::uint64_t more(std::size_t n, std::size_t w) const {
        const std::uint64_t now = placed_[at(n, w)], slots = what_.slots[w];
        const std::uint64_t free = std::min(what_.kept[at(n, w)], slots);
        return now < free ? free - now : slots - now;
    }
    /// One less.
    std::int64_t refund(std::size_t n, std::size_t w) const {
        return placed_[at(n, w)] > what_.kept[at(n, w)] ? cost_[n] : 0;
    }
    std::uint64_t less(std::size_t n, std::size_t w) const {
        const std::uint64_t now = placed_[at(n, w)], kept = what_.kept[at(n, w)];
        return now > kept ? now - kept : now;
    }

    /// Places more along the cheapest way from a node that has subtasks left to a worker that has room.
    bool augment() {
        std::vector<std::int64_t> distance(nodes_ + workers_, far);
        std::vector<std::size_t> from(nodes_ + workers_, nowhere);
        std::vector<bool> is_open(nodes_ + workers_);
        std::deque<std::size_t> open;
        const auto reach = [&](std::size_t to, std::int64_t sum, std::size_t by) {
            if (sum >= distance[to]) return;
            distance[to] = sum;
            from[to] = by;
            if (not is_open[to]) open.push_back(to);
            is_open[to] = true;
        };
        for (std::size_t n = 0; n < nodes_; ++n)
            if (left_[n] > 0) reach(n, 0, nowhere);
        for (; not open.empty(); open.pop_front()) {
            const std::size_t v = open.front();
            is_open[v] = false;
            if (v < nodes_) {
                for (std::size_t w = 0; w < workers_; ++w)
                    if (more(v, w) > 0) reach(nodes_ + w, distance[v] + price(v, w), v);
            } else {
                for (std::size_t n = 0; n < nodes_; ++n)
                    if (placed_[at(n, v - nodes_)] > 0) reach(n, distance[v] - refund(n, v - nodes_), v);
            }
        }
        std::size_t end = nowhere;
        for (std::size_t w = 0; w < workers_; ++w)
            if (room_[w] > 0 and distance[nodes_ + w] < far and
                (end == nowhere or distance[nodes_ + w] < distance[end]))
                end = nodes_ + w;
        if (end == nowhere) return false;

        std::uint64_t amount = room_[end - nodes_];
        std::size_t first = end;
        for (std::size_t to = end; from[to] != nowhere; to = first) {
            first = from[to];
            amount = std::min(amount, first < nodes_ ? more(first, to - nodes_) : less(to, first - nodes_));
        }
        amount = std::min(amount, left_[first]);
        for (std::size_t to = end; from[to] != nowhere; to = from[to]) {
            const std::size_t by = from[to];
            if (by < nodes_)
                placed_[at(by, to - nodes_)] += amount;
            else
                placed_[at(to, by - nodes_)] -= amount;
        }
        left_[first] -= amount;
        room_[end - nodes_] -= amount;
        return true;
    }

    const least_moves& what_;
    std::size_t nodes_;
    std::size_t workers_;
    std::vector<std::uint64_t> placed_;
    std::vector<std::uint64_t> left_;
    std::vector<std::uint64_t> room_;
    std::vector<std::int64_t> cost_{};
};

}  // namespace detail

inline std::optional<least_moved> place_with_least_moves(const least_moves& what) {
    return detail::moving_flow(what).run();
}

}  // namespace headgate::inline v1
