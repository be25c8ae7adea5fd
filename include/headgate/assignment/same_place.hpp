#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how many pairs of subtasks of two nodes are on the same worker, machine or zone, where both nodes are on
// one line: in O(1) if it is dense or level, in a few instructions a place if it is even, or dense or level and few
// places come again.

#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_layout.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace headgate::inline v1::detail {

/// A slot of a line (of a level line, a run), and the run that it is in or that it ends.
struct slot_in_run {
    std::uint64_t slot{};
    std::size_t run{};
};

/// How often a node takes the slots of a line: each `whole` times, those before `end` once more, those before `begin`
/// once less. Sums wrap on the way and come out right.
struct slots_taken {
    std::uint64_t whole{};
    slot_in_run begin{};
    slot_in_run end{};
    std::uint64_t grain{};

    /// Precondition: the line is dense or level; `run_at` answers what `placement::run_at` does.
    template <class RunAt>
    slots_taken(const placement& of, RunAt run_at)
        : whole(of.units < of.slots ? 0 : of.units / of.slots), grain(of.grain) {
        const std::uint64_t more = of.units - whole * of.slots, last = of.offset + more;
        const bool is_around = last > of.slots;
        whole += is_around;
        begin.slot = of.offset;
        end.slot = is_around ? last - of.slots : last;
        begin.run = of.is_level() ? begin.slot : run_at(of.offset);
        end.run = of.is_level() ? end.slot : more == 0 ? begin.run : run_at(end.slot - 1);
    }
};

/// Where a node begins on an even line: it has floor((s - offset) units / slots) units before slot s, which is
/// floor(s units / slots), less what the same says of the offset, less one if the rest of s is below that of the
/// offset.
struct even_begin {
    std::uint64_t rest{};
    std::uint64_t grain{};

    /// Precondition: the line is even.
    explicit even_begin(const placement& of) : rest(of.offset * of.units % of.slots), grain(of.grain) {}
};

/// The runs of a line by place: of a dense or level one sums of squares, because two nodes that take all slots of a
/// place of n meet n^2 times; of an even one the share of a node that begins with it. Where places come again on a
/// dense or level line, as zones do where turns go around them, a table of what few places have before each run.
class places_on_line {
public:
    /// `places` are of workers, by position in the plan; none: every worker is one. `units`, if the line is even, are
    /// those of the nodes that `pairs` will be asked about. `blank` has a zero for each number of a place, before and
    /// after.
    places_on_line(const layout& line, std::span<const std::uint32_t> places, std::uint64_t units,
                   std::span<std::uint64_t> blank)
        : line_(line) {
        const std::size_t runs = line.boundaries.size() - 1;
        std::vector<std::uint32_t> met;
        place_of_run_.reserve(runs + 1);
        for (std::size_t run = 0; run < runs; ++run) {
            const std::uint32_t worker = line.owners.empty() ? static_cast<std::uint32_t>(run) : line.owners[run];
            const std::uint32_t number = places.empty() ? worker : places[worker];
            if (met.empty() or met.back() != number) {
                met.push_back(number);
                add_place(begin_of(run));
            }
            place_of_run_.push_back(static_cast<std::uint32_t>(met.size() - 1));
        }
        place_of_run_.push_back(static_cast<std::uint32_t>(met.size()));
        end_ = {begin_of(runs), runs};
        add_place(end_.slot);
        if (line.spaced == spacing::even) share_out(units);
        add_place(end_.slot);
        std::uint32_t count = 0;
        for (const std::uint32_t each : met)
            if (blank[each] == 0) blank[each] = ++count;
        is_in_a_row_ = count == met.size();
        met_ = met.size();
        if (is_in_a_row_ and line.spaced == spacing::even) {
            bool counts_up = true;
            for (std::uint32_t i = 0; counts_up and i < met.size(); ++i) counts_up = met[i] == i;
            if (not counts_up) {
                share_of_number_.resize(blank.size());
                for (std::uint32_t i = 0; i < met.size(); ++i) share_of_number_[met[i]] = i + 1;
            }
        }
        is_run_by_run_ = is_in_a_row_ and line.spaced == spacing::level and met.size() == runs;
        if (not is_in_a_row_) {
            number_of_place_.reserve(met.size() + 1);
            for (const std::uint32_t each : met)
                number_of_place_.push_back(static_cast<std::uint32_t>(blank[each] - 1));
            come_again(count);
        }
        for (const std::uint32_t each : met) blank[each] = 0;
    }

    /// Pairs of a subtask of each that are at the same place. Nothing if places come again, are not few, and the nodes
    /// are not apart: who asks must count.
    std::optional<std::uint64_t> pairs(const slots_taken& a, const slots_taken& b) {
        if (are_apart(a, b) or (not is_in_a_row_ and are_apart_by_turn(a, b))) return 0;
        if (is_in_a_row_) return pairs_in_a_row(a, b);
        // Not before the answers without it went over as many runs as the table does, by and large.
        if (before_run_.empty() and (few_ == 0 or (walked_ += runs_of(a) + runs_of(b)) < 8 * end_.run))
            return std::nullopt;
        if (before_run_.empty()) make_table();
        return pairs_of_few(a, b);
    }
    /// The same, but nothing wherever places come again.
    std::optional<std::uint64_t> pairs(const even_begin& a, const even_begin& b) const {
        if (not is_in_a_row_) return std::nullopt;
        std::uint64_t sum = 0;
        bool a_less = a.rest > 0, b_less = b.rest > 0;  // whether one less is before the place
        for (std::size_t i = 1; i < shares_.size(); ++i) {
            const even_share& each = shares_[i];
            const bool a_then = each.rest < a.rest, b_then = each.rest < b.rest;
            const std::uint64_t units = each.units;
            sum += (units + a_less - a_then) * (units + b_less - b_then);
            a_less = a_then;
            b_less = b_then;
        }
        return sum * a.grain * b.grain;
    }

    /// Whether `at` may be asked: the line is even, and no place comes again.
    bool tells_by_number() const { return is_in_a_row_ and not shares_.empty(); }
    /// How many subtasks a node has at the place of this number.
    std::uint64_t at(const even_begin& node, std::uint32_t number) const {
        const bool counts_up = share_of_number_.empty();
        const std::size_t share = not counts_up ? share_of_number_[number] : number < met_ ? number + 1 : 0;
        if (share == 0) return 0;
        const std::uint64_t units = shares_[share].units;
        return (units + (shares_[share - 1].rest < node.rest) - (shares_[share].rest < node.rest)) * node.grain;
    }

private:
    /// Units of a place, and the rest of the slot at its end.
    struct even_share {
        std::uint32_t units;
        std::uint32_t rest;
    };

    /// So that a row of the table is a line of the processor's cache.
    static constexpr std::size_t most_few_places = 16;

    std::uint64_t begin_of(std::size_t run) const {
        return line_.spaced == spacing::level ? run : line_.boundaries[run];
    }

    void come_again(std::uint32_t count) {
        std::vector<std::uint64_t> first(count, end_.slot);
        for (std::size_t i = number_of_place_.size(); i-- > 0;) first[number_of_place_[i]] = places_[i].begin;
        std::uint64_t least = end_.slot;
        for (std::size_t i = number_of_place_.size(); i-- > 0;)
            places_[i].begin = least = std::min(least, first[number_of_place_[i]]);
        std::vector<std::uint32_t> turn(count, count);
        for (std::size_t i = number_of_place_.size(), left = count; i-- > 0;)
            if (std::uint32_t& mine = turn[number_of_place_[i]]; mine == count)
                mine = static_cast<std::uint32_t>(--left);
        turns_.reserve(number_of_place_.size());
        for (const std::uint32_t each : number_of_place_) {
            const bool is_later = turns_.empty() or turns_.back().turn < turn[each];
            const std::uint32_t round = turns_.empty() ? 0 : turns_.back().round;
            turns_.push_back({.turn = turn[each], .round = is_later ? round : round + 1});
        }
        number_of_place_.push_back(0);
        if (count <= most_few_places and line_.spaced != spacing::even) few_ = count;
    }

    std::uint64_t runs_of(const slots_taken& node) const {
        const bool is_around = node.whole > 0 or node.end.run < node.begin.run;
        return is_around ? end_.run : node.end.run - node.begin.run + 1;
    }

    void make_table() {
        before_run_.reserve((end_.run + 1) * few_);
        std::vector<std::uint32_t> sums(few_);
        for (std::size_t run = 0; run < end_.run; ++run) {
            before_run_.insert(before_run_.end(), sums.begin(), sums.end());
            sums[number_at(run)] += static_cast<std::uint32_t>(begin_of(run + 1) - begin_of(run));
        }
        before_run_.insert(before_run_.end(), sums.begin(), sums.end());
    }
    std::uint32_t number_at(std::size_t run) const { return number_of_place_[place_of_run_[run]]; }

    std::uint64_t pairs_of_few(const slots_taken& a, const slots_taken& b) const {
        const std::uint32_t* const all = &before_run_[end_.run * few_];
        const auto row = [&](slot_in_run at) { return &before_run_[at.run * few_]; };
        const std::uint32_t *a_begin = row(a.begin), *a_end = row(a.end), *b_begin = row(b.begin), *b_end = row(b.end);
        std::array<std::uint64_t, most_few_places> of_a{}, of_b{};
        const auto in_run = [&](slot_in_run at) { return at.slot - begin_of(at.run); };
        of_a[number_at(a.end.run)] += in_run(a.end);
        of_a[number_at(a.begin.run)] -= in_run(a.begin);
        of_b[number_at(b.end.run)] += in_run(b.end);
        of_b[number_at(b.begin.run)] -= in_run(b.begin);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < few_; ++i)
            sum += (of_a[i] + a.whole * all[i] + a_end[i] - a_begin[i]) *
                   (of_b[i] + b.whole * all[i] + b_end[i] - b_begin[i]);
        return sum * a.grain * b.grain;
    }

    std::uint64_t pairs_in_a_row(const slots_taken& a, const slots_taken& b) const {
        std::uint64_t sum = before(a.end, b.end);
        if (a.begin.slot > 0 or b.begin.slot > 0)
            sum += before(a.begin, b.begin) - before(a.end, b.begin) - before(a.begin, b.end);
        if (a.whole > 0) sum += a.whole * (before(b.end, end_) - before(b.begin, end_));
        if (b.whole > 0) sum += b.whole * (before(a.end, end_) - before(a.begin, end_));
        sum += a.whole * b.whole * places_.back().squares;
        return sum * a.grain * b.grain;
    }

    void share_out(std::uint64_t units) {
        std::uint64_t before = 0;
        shares_.reserve(places_.size());
        shares_.push_back({});  // no slot is before the first place
        for (std::size_t i = 1; i < places_.size(); ++i) {
            const std::uint64_t of_slots = places_[i].begin * units, all = of_slots / end_.slot;
            shares_.push_back({static_cast<std::uint32_t>(all - std::exchange(before, all)),
                               static_cast<std::uint32_t>(of_slots % end_.slot)});
        }
    }

    struct place_in_turn {
        std::uint32_t turn{};   ///< of its last coming
        std::uint32_t round{};  ///< in which each has a later turn than the one before
    };
    struct place {
        std::uint64_t begin;    ///< slot; where places come again, the first of any that is here or later
        std::uint64_t squares;  ///< of the sizes of all places before
    };

    void add_place(std::uint64_t begin) {
        const std::uint64_t size = places_.empty() ? 0 : begin - places_.back().begin;
        places_.push_back({begin, places_.empty() ? 0 : places_.back().squares + size * size});
    }

    /// Whether one ends before the place in which the other begins: mostly so where nodes are small.
    bool are_apart(const slots_taken& a, const slots_taken& b) const {
        if (a.whole + b.whole > 0 or a.begin.slot > a.end.slot or b.begin.slot > b.end.slot) return false;
        const slot_in_run later = a.begin.slot < b.begin.slot ? b.begin : a.begin;
        const std::uint64_t end = std::min(a.end.slot, b.end.slot);
        return end <= (is_run_by_run_ ? later.slot : places_[place_of_run_[later.run]].begin);
    }

    /// Whether places come in the order in which they come last, as long as each node lasts, and one ends before the
    /// other begins: mostly so where lines go around the workers twice.
    bool are_apart_by_turn(const slots_taken& a, const slots_taken& b) const {
        if (a.whole + b.whole > 0) return false;
        const place_in_turn a_first = turn_at(a.begin.run), a_last = turn_at(a.end.run);
        const place_in_turn b_first = turn_at(b.begin.run), b_last = turn_at(b.end.run);
        return a_first.round == a_last.round and b_first.round == b_last.round and
               (a_last.turn < b_first.turn or b_last.turn < a_first.turn);
    }
    /// Of a level line the run behind the last will do: it makes a node seem longer.
    place_in_turn turn_at(std::size_t run) const { return turns_[place_of_run_[std::min(run, end_.run - 1)]]; }

    /// Of two nodes of which one takes all slots before `x`, the other all before `y`. No branch depends on them.
    std::uint64_t before(slot_in_run x, slot_in_run y) const {
        if (is_run_by_run_) return std::min(x.slot, y.slot);  // looks nothing up
        const place* const at = &places_[place_of_run_[std::min(x.run, y.run)]];
        return at[0].squares + (std::min(x.slot, y.slot) - at[0].begin) *
                                   (std::min(std::max(x.slot, y.slot), at[1].begin) - at[0].begin);
    }

    const layout& line_;
    std::vector<place> places_{};                   // two more for the end
    std::vector<even_share> shares_{};              // of an even line; behind one for what is before it
    std::vector<std::uint32_t> share_of_number_{};  // likewise; 0: no place; empty where numbers count up
    std::size_t met_ = 0;                           // places
    std::vector<std::uint32_t> place_of_run_{};     // in the order in which they come; one more for the end
    // Where places come again, by number from 0:
    std::vector<std::uint32_t> number_of_place_{};  // likewise one more
    std::vector<place_in_turn> turns_{};            // by place
    std::vector<std::uint32_t> before_run_{};       // by run, and number, if there are few: slots that lie before
    std::size_t few_ = 0;                           // numbers, if they are few and the line not even
    std::uint64_t walked_ = 0;                      // runs of those that had no answer here
    slot_in_run end_{};
    bool is_in_a_row_ = false;
    bool is_run_by_run_ = false;  // places are the runs of a level line: all have one slot
};

}  // namespace headgate::inline v1::detail
