#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: load that is poured on workers and finds its level.

#include <headgate/vocabulary/mixed.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_map>
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
    void set(std::vector<std::uint64_t> loads) {
        loads_ = std::move(loads);
        kinds_.clear();
        times_ = 0;
    }

    /// Adds `amount` units of `weight` each, at most `room[w]` of them to worker w, so that the highest level is as low
    /// as it can be; answers how many each worker got. Precondition: that many fit, and are below 2^63. O(workers), and
    /// O(log workers) for each of at most as many units as there are workers; from the second time on, where few
    /// workers differ in slots and load, the latter for those that do.
    std::vector<std::uint64_t> pour(std::uint64_t amount, std::uint64_t weight, std::vector<std::uint64_t> room);

private:
    /// Workers of the same slots and load, and so of the same room, mostly.
    struct kind {
        std::uint32_t slots{};
        std::uint64_t load{};
        std::uint64_t workers{};
        std::uint64_t room{};
        std::uint64_t got{};  ///< by each
        bool is_cut = false;  ///< some get one more, who they are their turns say

        friend auto operator<=>(const kind& a, const kind& b) {
            return std::tuple(a.slots, a.load) <=> std::tuple(b.slots, b.load);
        }
        friend bool operator==(const kind& a, const kind& b) { return a.slots == b.slots and a.load == b.load; }
    };
    struct next_unit {
        double level;
        std::uint64_t turn;
        std::size_t worker;
    };

    static double width(balance_by aim, std::uint32_t slots) { return aim == balance_by::load ? 1.0 : slots; }
    static constexpr std::uint64_t most = std::uint64_t{1} << 63;  // that is told apart
    static std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return std::min(a + b, most); }
    static std::uint64_t times(std::uint64_t a, std::uint64_t b) { return a > most / b ? most : a * b; }

    /// A level that is just too low for `amount`, or is short of few. `each` calls what it is given with slots, load,
    /// room and number of workers that are alike.
    template <class Each>
    std::optional<double> level_below(std::uint64_t amount, std::uint64_t weight, Each each) const;
    static std::uint64_t up_to(double level, double width, std::uint64_t load, double unit, std::uint64_t room) {
        const double units = (level * width - static_cast<double>(load)) / unit;
        if (not(units >= 1)) return 0;
        return units < static_cast<double>(room) ? static_cast<std::uint64_t>(units) : room;
    }

    /// As many units as fit below a level that is just too low for `amount`, or is short of few.
    std::vector<std::uint64_t> below_a_level(std::uint64_t amount, std::uint64_t weight,
                                             std::span<const std::uint64_t> room) const;

    bool are_few_kinds() const { return not kinds_.empty() and kinds_.size() * 8 <= loads_.size(); }
    bool find_kinds();
    /// False if workers of a kind differ.
    bool take_room(std::span<const std::uint64_t> room);
    std::vector<std::uint64_t> pour_by_kind(std::uint64_t amount, std::uint64_t weight);
    /// What is left of `amount` goes to the kinds that are cut.
    std::uint64_t give_by_kind(std::uint64_t amount, std::uint64_t weight);
    /// By old kind, the new ones of those that got no more and of those that got one.
    std::vector<std::uint32_t> next_kinds(std::uint64_t weight);
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
    double width(std::size_t worker) const { return width(aim_, slots_[worker]); }
    std::uint64_t turn(std::size_t worker) const { return turns_.empty() ? worker : turns_[worker]; }

    std::span<const std::uint32_t> slots_;
    balance_by aim_;
    std::span<const std::uint32_t> turns_;
    std::vector<std::uint64_t> loads_;
    std::uint64_t times_ = 0;
    std::vector<kind> kinds_{};  // empty: not known
    std::vector<std::uint32_t> kind_of_{};
    std::vector<std::uint32_t> in_turn_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Each>
std::optional<double> water::level_below(std::uint64_t amount, std::uint64_t weight, Each each) const {
    const std::uint64_t workers = loads_.size();
    const auto unit = static_cast<double>(weight);
    double low = std::numeric_limits<double>::infinity(), high = 0;
    std::uint64_t at_low = 0, at_high = 0;
    each([&](std::uint32_t slots, std::uint64_t load, std::uint64_t room, std::uint64_t count) {
        low = std::min(low, static_cast<double>(load) / width(aim_, slots));
        high = std::max(high, static_cast<double>(load + weight * room) / width(aim_, slots));
        at_high = plus(at_high, times(room, count));
    });
    // A secant that is not trusted twice in a row: loads that begin late and end early bend the line both ways.
    // What is left to pour singly is at most a unit a worker.
    for (int round = 0; round < 128 and amount - at_low > workers and at_high - at_low > workers; ++round) {
        double slope = 0;
        each([&](std::uint32_t slots, std::uint64_t load, std::uint64_t room, std::uint64_t count) {
            if (up_to(low, width(aim_, slots), load, unit, room) < room)
                slope += width(aim_, slots) / unit * static_cast<double>(count);
        });
        const double guess = low + static_cast<double>(amount - at_low) / slope;
        const double level = round % 2 == 0 and guess < high ? guess : low + (high - low) / 2;
        if (not(level > low and level < high)) break;
        std::uint64_t sum = 0;
        each([&](std::uint32_t slots, std::uint64_t load, std::uint64_t room, std::uint64_t count) {
            sum = plus(sum, times(up_to(level, width(aim_, slots), load, unit, room), count));
        });
        if (sum <= amount) {
            low = level;
            at_low = sum;
        } else {
            high = level;
            at_high = sum;
        }
    }
    return at_low > 0 ? std::optional(low) : std::nullopt;
}

inline std::vector<std::uint64_t> water::below_a_level(std::uint64_t amount, std::uint64_t weight,
                                                       std::span<const std::uint64_t> room) const {
    const std::size_t workers = loads_.size();
    const auto level = level_below(amount, weight, [&](auto with) {
        for (std::size_t i = 0; i < workers; ++i) with(slots_[i], loads_[i], room[i], 1);
    });
    std::vector<std::uint64_t> got(workers);
    if (level)
        for (std::size_t i = 0; i < workers; ++i)
            got[i] = up_to(*level, width(i), loads_[i], static_cast<double>(weight), room[i]);
    return got;
}

inline bool water::find_kinds() {
    const auto hash = [](const std::pair<std::uint32_t, std::uint64_t>& of) {
        return static_cast<std::size_t>(detail::mixed(of.second, of.first));
    };
    std::unordered_map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t, decltype(hash)> numbers(64, hash);
    kind_of_.resize(loads_.size());
    for (std::size_t i = 0; i < loads_.size(); ++i) {
        const auto number = static_cast<std::uint32_t>(kinds_.size());
        const auto [at, is_new] = numbers.try_emplace({slots_[i], loads_[i]}, number);
        if (is_new) kinds_.push_back({.slots = slots_[i], .load = loads_[i]});
        if (not are_few_kinds()) return false;
        ++kinds_[at->second].workers;
        kind_of_[i] = at->second;
    }
    return true;
}

inline bool water::take_room(std::span<const std::uint64_t> room) {
    for (std::size_t i = 0; i < room.size(); ++i) kinds_[kind_of_[i]].room = room[i];
    bool are_alike = true;
    for (std::size_t i = 0; i < room.size(); ++i) are_alike = are_alike and kinds_[kind_of_[i]].room == room[i];
    return are_alike;
}

inline std::uint64_t water::give_by_kind(std::uint64_t amount, std::uint64_t weight) {
    const auto next = [&](std::uint32_t each) -> next_unit {
        const kind& mine = kinds_[each];
        return {static_cast<double>(mine.load + weight * (mine.got + 1)) / width(aim_, mine.slots), 0, each};
    };
    std::vector<next_unit> waiting;
    for (std::uint32_t i = 0; i < kinds_.size(); ++i)
        if (kinds_[i].workers > 0 and kinds_[i].got < kinds_[i].room) waiting.push_back(next(i));
    std::ranges::make_heap(waiting, later);
    std::vector<std::uint32_t> same;  // whose next units come to the same level
    while (amount > 0 and not waiting.empty()) {
        const double level = waiting.front().level;
        std::uint64_t workers = 0;
        same.clear();
        while (not waiting.empty() and waiting.front().level == level) {
            std::ranges::pop_heap(waiting, later);
            same.push_back(static_cast<std::uint32_t>(waiting.back().worker));
            workers += kinds_[same.back()].workers;
            waiting.pop_back();
        }
        for (const std::uint32_t each : same) {
            kinds_[each].is_cut = workers > amount;
            if (workers > amount or ++kinds_[each].got == kinds_[each].room) continue;
            waiting.push_back(next(each));
            std::ranges::push_heap(waiting, later);
        }
        if (workers > amount) break;
        amount -= workers;
    }
    return amount;
}

inline std::vector<std::uint32_t> water::next_kinds(std::uint64_t weight) {
    std::vector<kind> made;
    for (const kind& each : kinds_)
        for (const bool more : {false, true})
            made.push_back({.slots = each.slots, .load = each.load + weight * (each.got + (each.is_cut and more))});
    std::vector<kind> all;
    for (std::size_t i = 0; i < made.size(); ++i)
        if (kinds_[i / 2].workers > 0) all.push_back(made[i]);
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::vector<std::uint32_t> then;
    for (const kind& each : made)
        then.push_back(static_cast<std::uint32_t>(std::ranges::lower_bound(all, each) - all.begin()));
    kinds_ = std::move(all);
    return then;
}

inline std::vector<std::uint64_t> water::pour_by_kind(std::uint64_t amount, std::uint64_t weight) {
    const std::size_t workers = loads_.size();
    const auto level = level_below(amount, weight, [&](auto with) {
        for (const kind& each : kinds_)
            if (each.workers > 0) with(each.slots, each.load, each.room, each.workers);
    });
    for (kind& each : kinds_) {
        each.got =
            level ? up_to(*level, width(aim_, each.slots), each.load, static_cast<double>(weight), each.room) : 0;
        each.is_cut = false;
        amount -= each.got * each.workers;
    }
    std::uint64_t left = give_by_kind(amount, weight);
    if (in_turn_.empty()) {
        in_turn_.resize(workers);
        std::iota(in_turn_.begin(), in_turn_.end(), 0);
        if (not turns_.empty()) std::ranges::sort(in_turn_, {}, [&](std::uint32_t each) { return turn(each); });
    }
    const std::vector<kind> before = kinds_;
    const std::vector<std::uint32_t> then = next_kinds(weight);
    std::vector<std::uint64_t> got(workers);
    for (const std::uint32_t worker : in_turn_) {
        const std::uint32_t mine = kind_of_[worker];
        const bool more = before[mine].is_cut and left > 0;
        left -= more;
        got[worker] = before[mine].got + more;
        loads_[worker] += weight * got[worker];
        kind_of_[worker] = then[2 * mine + more];
        ++kinds_[kind_of_[worker]].workers;
    }
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
    ++times_;
    if ((times_ == 2 ? find_kinds() : are_few_kinds()) and take_room(room)) return pour_by_kind(amount, weight);
    kinds_.clear();
    std::vector<std::uint64_t> got = below_a_level(amount, weight, room);
    std::uint64_t left = amount;
    for (const std::uint64_t each : got) left -= each;
    if (left > 0) left = pour_one_each(left, weight, room, got);
    if (left > 0) pour_singly(left, weight, room, got);
    for (std::size_t i = 0; i < loads_.size(); ++i) loads_[i] += weight * got[i];
    return got;
}

}  // namespace headgate::inline v1
