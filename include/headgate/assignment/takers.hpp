#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: which runs of a line must have another worker, and which worker that is. Made for `mending`.

#include <headgate/assignment/shared_line.hpp>
#include <headgate/vocabulary/plan.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// The room that workers have below their caps, and what they have above. What a part of a run is worth is told from
/// the mean of the run, and so may be somewhat more: that is seen when the loads are counted again.
class takers {
public:
    takers(std::span<const std::uint32_t> slots, std::span<const std::uint64_t> caps)
        : slots_(slots), caps_(caps), handed_out_(slots.size()) {}

    void count(std::span<const std::uint64_t> loads) {
        room_.assign(slots_.size(), 0);
        excess_.assign(slots_.size(), 0);
        by_room_ = {};
        std::uint64_t all_room = 0;
        for (std::uint32_t w = 0; w < loads.size(); ++w) {
            room_[w] = caps_[w] - std::min(caps_[w], loads[w]);
            excess_[w] = loads[w] - std::min(caps_[w], loads[w]);
            all_room += std::min<std::uint64_t>(room_[w], std::numeric_limits<std::uint32_t>::max());
            by_room_.push({room_[w], w});
        }
        most_at_once_ = std::max<std::uint64_t>(1, all_room / slots_.size() / 4);
    }

    /// Load of what is indivisible, so that it finds room: there are four takers and more for it.
    std::uint64_t most_at_once() const { return most_at_once_; }

    /// Whether `mark_runs` would find anything.
    bool wants_change(const shared_line& level) {
        bool wants = false;
        for (std::size_t run = 0; run < level.line.owners.size() and not wants; ++run) {
            const std::uint32_t owner = level.line.owners[run];
            wants = owner == no_worker or goes(level, run);
            if (not wants) handed_out_[owner] += units_of_run(level);
        }
        forget_handed_out(level.line);
        return wants;
    }

    /// Leaves no owner to runs of a level line that must go: whole ones.
    void mark_runs(shared_line& level) {
        for (std::size_t run = 0; run < level.line.owners.size(); ++run) {
            std::uint32_t& owner = level.line.owners[run];
            if (owner == no_worker) continue;
            if (goes(level, run)) {
                excess_[owner] -= std::min(excess_[owner], level.loads[run]);
                owner = no_worker;
            } else {
                handed_out_[owner] += units_of_run(level);
            }
        }
        forget_handed_out(level.line);
    }

    /// Leaves no owner to what must go of a line that is not level. False if nothing must.
    bool mark(shared_line& what) {
        layout marked{.spaced = what.line.spaced};
        bool goes = false;
        for (std::size_t run = 0; run < what.line.owners.size(); ++run) {
            const std::uint32_t owner = what.line.owners[run];
            const std::uint64_t length = what.length(run);
            const std::uint64_t stays = owner == no_worker or length == 0 ? 0 : may_keep(what, run);
            append_run(marked, owner, stays);
            append_run(marked, no_worker, length - stays);
            goes = goes or stays < length;
        }
        forget_handed_out(what.line);
        if (goes) what.line = std::move(marked);
        return goes;
    }

    /// A new owner for whatever wants one: who has most room, for as much as half of it holds. Nothing if there is not
    /// enough.
    std::optional<layout> hand_out(const shared_line& what) {
        layout line{.spaced = what.line.spaced};
        for (std::size_t run = 0; run < what.line.owners.size(); ++run)
            if (const std::uint32_t owner = what.line.owners[run]; owner != no_worker)
                handed_out_[owner] += most_units(what.line, what.asked, what.length(run));
        bool is_done = true;
        for (std::size_t run = 0; run < what.line.owners.size() and is_done; ++run) {
            if (what.line.owners[run] != no_worker)
                append(line, what.line.owners[run], what.pieces(run));
            else
                is_done = hand_out(what, run, line);
        }
        forget_handed_out(what.line);
        forget_handed_out(line);
        for (const std::uint32_t worker : std::exchange(full_, {})) by_room_.push({room_[worker], worker});
        if (not is_done) return std::nullopt;
        return line;
    }

private:
    std::uint64_t most_of_a_node(std::uint32_t worker, const shared_line& line) const {
        return slots_[worker] / line.asked.grain;
    }
    static std::uint64_t units_of_run(const shared_line& level) { return most_units(level.line, level.asked, 1); }

    bool goes(const shared_line& level, std::size_t run) const {
        const std::uint32_t owner = level.line.owners[run];
        return handed_out_[owner] + units_of_run(level) > most_of_a_node(owner, level) or
               (excess_[owner] > 0 and level.loads[run] > 0);
    }

    /// How many slots of the run its owner keeps.
    std::uint64_t may_keep(const shared_line& what, std::size_t run) {
        const std::uint32_t owner = what.line.owners[run];
        const std::uint64_t length = what.length(run), load = what.loads[run];
        std::uint64_t stays = std::min(length, what.pieces_of(most_of_a_node(owner, what) - handed_out_[owner]));
        const double each = static_cast<double>(load) / static_cast<double>(length);
        const auto of = [&](std::uint64_t slots) {
            return static_cast<std::uint64_t>(each * static_cast<double>(slots));
        };
        excess_[owner] -= std::min(excess_[owner], of(length - stays));
        if (excess_[owner] > 0 and load > 0) {
            const double enough = std::ceil(static_cast<double>(excess_[owner]) / each);
            const std::uint64_t more = enough < static_cast<double>(stays) ? static_cast<std::uint64_t>(enough) : stays;
            excess_[owner] -= std::min(excess_[owner], of(more));
            stays -= more;
        }
        handed_out_[owner] += most_units(what.line, what.asked, stays);
        return stays;
    }

    bool hand_out(const shared_line& what, std::size_t run, layout& line) {
        std::uint64_t left = what.pieces(run);
        const double each = static_cast<double>(what.loads[run]) / static_cast<double>(left);
        while (left > 0) {
            const std::uint32_t taker = most_room();
            if (taker == no_worker or static_cast<double>(room_[taker]) < each) return false;
            const std::uint64_t most = most_of_a_node(taker, what);
            std::uint64_t takes = std::min(left, what.pieces_of(most - std::min(most, handed_out_[taker])));
            if (takes == 0) {
                full_.push_back(taker);
                continue;
            }
            if (const double half = static_cast<double>(room_[taker]) / 2 / each; half < static_cast<double>(takes))
                takes = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(half));
            append(line, taker, takes);
            handed_out_[taker] += most_units(what.line, what.asked, takes);
            const auto load = static_cast<std::uint64_t>(std::ceil(each * static_cast<double>(takes)));
            room_[taker] -= std::min(room_[taker], load);
            by_room_.push({room_[taker], taker});
            left -= takes;
        }
        return true;
    }

    static void append(layout& line, std::uint32_t owner, std::uint64_t pieces) {
        if (line.spaced == spacing::level)
            append_level(line, owner);
        else
            append_run(line, owner, pieces);
    }

    /// Takes it out of the queue.
    std::uint32_t most_room() {
        if (by_room_.empty()) return no_worker;
        const std::uint32_t worker = by_room_.top().second;
        by_room_.pop();
        return worker;
    }

    void forget_handed_out(const layout& line) {
        for (const std::uint32_t each : line.owners)
            if (each != no_worker) handed_out_[each] = 0;
    }

    struct less_room {
        bool operator()(const std::pair<std::uint64_t, std::uint32_t>& a,
                        const std::pair<std::uint64_t, std::uint32_t>& b) const {
            return a.first != b.first ? a.first < b.first : a.second > b.second;
        }
    };

    std::span<const std::uint32_t> slots_;
    std::span<const std::uint64_t> caps_;
    std::vector<std::uint64_t> room_{}, excess_{};
    std::vector<std::uint64_t> handed_out_;  ///< units by worker, of the line that is looked at; else 0
    std::vector<std::uint32_t> full_{};      ///< that can take no more of that line
    std::uint64_t most_at_once_ = 1;
    std::priority_queue<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::pair<std::uint64_t, std::uint32_t>>,
                        less_room>
        by_room_{};
};

}  // namespace headgate::inline v1::detail
