#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: load that is poured on workers and finds its level.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// What is to be as small as possible. With equal slots both are the same.
enum class balance_by : std::uint8_t {
    load_per_slot,  ///< the largest load per slot: a worker of twice the slots takes twice as much
    load,           ///< the largest load
};

/// Loads of workers, and what is added to them. Levels are compared as doubles, which is exact while slots are at most
/// 2^16 and loads 2^36 (SPEC 10 allows no more); beyond that two levels a millionth of a millionth apart may be mixed
/// up.
class water {
public:
    /// `turns`, if not empty, says who goes first among workers whose level would be the same; the default is the
    /// first.
    water(std::span<const std::uint32_t> slots, balance_by aim, std::span<const std::uint32_t> turns = {})
        : slots_(slots), aim_(aim), turns_(turns), loads_(slots.size()) {}

    std::span<const std::uint64_t> loads() const { return loads_; }
    void set(std::vector<std::uint64_t> loads) { loads_ = std::move(loads); }

    /// Adds `amount` units of `weight` each, at most `room[w]` of them to worker w, so that the highest level is as low
    /// as it can be; answers how many each worker got. Precondition: that many fit, and are below 2^63. O(workers), and
    /// O(log workers) for each of at most as many units as there are workers.
    std::vector<std::uint64_t> pour(std::uint64_t amount, std::uint64_t weight, std::vector<std::uint64_t> room);

private:
    struct next_unit {
        double level;
        std::uint64_t turn;
        std::size_t worker;
    };

    /// As many units as fit below a level that is just too low for `amount`, or is short of few.
    std::vector<std::uint64_t> below_a_level(std::uint64_t amount, std::uint64_t weight,
                                             std::span<const std::uint64_t> room) const;
    /// The unit after those that worker `i` got, which comes before others that raise it more.
    next_unit next(std::size_t i, std::uint64_t weight, std::uint64_t got) const {
        return {static_cast<double>(loads_[i] + weight * (got + 1)) / width(i), turn(i), i};
    }
    static bool later(const next_unit& a, const next_unit& b) {
        return a.level != b.level ? a.level > b.level : a.turn > b.turn;
    }
    static bool sooner(const next_unit& a, const next_unit& b) { return later(b, a); }

    /// A unit to each who has his next before anybody has one more; answers what is left of `amount`. These need no
    /// order among themselves.
    std::uint64_t pour_one_each(std::uint64_t amount, std::uint64_t weight, std::span<const std::uint64_t> room,
                                std::vector<std::uint64_t>& got) const;
    /// One after the other to whom it raises least.
    void pour_singly(std::uint64_t amount, std::uint64_t weight, std::span<const std::uint64_t> room,
                     std::vector<std::uint64_t>& got) const;
    double width(std::size_t worker) const { return aim_ == balance_by::load ? 1.0 : slots_[worker]; }
    std::uint64_t turn(std::size_t worker) const { return turns_.empty() ? worker : turns_[worker]; }

    std::span<const std::uint32_t> slots_;
    balance_by aim_;
    std::span<const std::uint32_t> turns_;
    std::vector<std::uint64_t> loads_;
};

// Implementation ------------------------------------------------------------------------------------------------------

inline std::vector<std::uint64_t> water::below_a_level(std::uint64_t amount, std::uint64_t weight,
                                                       std::span<const std::uint64_t> room) const {
    const std::size_t workers = loads_.size();
    const auto unit = static_cast<double>(weight);
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (std::size_t i = 0; i < workers; ++i) {
        low = std::min(low, static_cast<double>(loads_[i]) / width(i));
        high = std::max(high, static_cast<double>(loads_[i] + weight * room[i]) / width(i));
    }
    const auto up_to = [&](double level, std::size_t i) -> std::uint64_t {
        const double units = (level * width(i) - static_cast<double>(loads_[i])) / unit;
        if (not(units >= 1)) return 0;
        return units < static_cast<double>(room[i]) ? static_cast<std::uint64_t>(units) : room[i];
    };
    // A secant that is not trusted twice in a row: loads that begin late and end early bend the line both ways.
    // What is left to pour singly is at most a unit a worker.
    const auto plus = [](std::uint64_t a, std::uint64_t b) { return std::min(a + b, std::uint64_t{1} << 63); };
    std::uint64_t at_low = 0, at_high = std::accumulate(room.begin(), room.end(), std::uint64_t{0}, plus);
    for (int round = 0; round < 128 and amount - at_low > workers and at_high - at_low > workers; ++round) {
        double slope = 0;
        for (std::size_t i = 0; i < workers; ++i)
            if (up_to(low, i) < room[i]) slope += width(i) / unit;
        const double guess = low + static_cast<double>(amount - at_low) / slope;
        const double level = round % 2 == 0 and guess < high ? guess : low + (high - low) / 2;
        if (not(level > low and level < high)) break;
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < workers; ++i) sum = plus(sum, up_to(level, i));
        if (sum <= amount) {
            low = level;
            at_low = sum;
        } else {
            high = level;
            at_high = sum;
        }
    }
    std::vector<std::uint64_t> got(workers);
    if (at_low > 0)
        for (std::size_t i = 0; i < workers; ++i) got[i] = up_to(low, i);
    return got;
}

inline std::uint64_t water::pour_one_each(std::uint64_t amount, std::uint64_t weight,
                                          std::span<const std::uint64_t> room, std::vector<std::uint64_t>& got) const {
    next_unit second{std::numeric_limits<double>::infinity(), 0, 0};
    for (std::size_t i = 0; i < loads_.size(); ++i)
        if (got[i] + 1 < room[i]) second = std::min(second, next(i, weight, got[i] + 1), sooner);
    std::vector<next_unit> first;
    first.reserve(loads_.size());
    for (std::size_t i = 0; i < loads_.size(); ++i)
        if (const next_unit mine = next(i, weight, got[i]); got[i] < room[i] and sooner(mine, second))
            first.push_back(mine);
    if (first.size() > amount) {
        std::ranges::nth_element(first, first.begin() + static_cast<std::ptrdiff_t>(amount), sooner);
        first.resize(amount);
    }
    for (const next_unit& each : first) ++got[each.worker];
    return amount - first.size();
}

inline void water::pour_singly(std::uint64_t amount, std::uint64_t weight, std::span<const std::uint64_t> room,
                               std::vector<std::uint64_t>& got) const {
    std::vector<next_unit> waiting;
    waiting.reserve(loads_.size());
    for (std::size_t i = 0; i < loads_.size(); ++i)
        if (got[i] < room[i]) waiting.push_back(next(i, weight, got[i]));
    std::ranges::make_heap(waiting, later);
    for (; amount > 0 and not waiting.empty(); --amount) {
        std::ranges::pop_heap(waiting, later);
        const std::size_t worker = waiting.back().worker;
        if (++got[worker] < room[worker]) {
            waiting.back() = next(worker, weight, got[worker]);
            std::ranges::push_heap(waiting, later);
        } else {
            waiting.pop_back();
        }
    }
}

inline std::vector<std::uint64_t> water::pour(std::uint64_t amount, std::uint64_t weight,
                                              std::vector<std::uint64_t> room) {
    for (std::uint64_t& each : room) each = std::min(each, amount);
    std::vector<std::uint64_t> got = below_a_level(amount, weight, room);
    std::uint64_t left = amount;
    for (const std::uint64_t each : got) left -= each;
    if (left > 0) left = pour_one_each(left, weight, room, got);
    if (left > 0) pour_singly(left, weight, room, got);
    for (std::size_t i = 0; i < loads_.size(); ++i) loads_[i] += weight * got[i];
    return got;
}

}  // namespace headgate::inline v1
