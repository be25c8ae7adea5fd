#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: which runs of a line must have another worker, and which worker that is. Made for `mending`.

#include <headgate/assignment/shared_line.hpp>
#include <headgate/assignment/zones.hpp>
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

/// In which zone there must be a taker for a part of a line: in that of the workers before and behind it, so that a
/// node has as much in a zone as it had; where these differ, in the one that has least of the line for its slots.
class zone_of_part {
public:
    zone_of_part(const layout& line, std::span<const std::uint32_t> zone_of, std::span<const zone_of_workers> zones)
        : zones_(zones), given_(zones.size()) {
        if (zones.size() == 1) return;
        const std::size_t runs = line.owners.size();
        before_.assign(runs, no_worker);
        behind_.assign(runs, no_worker);
        std::uint32_t last = no_worker, next = no_worker;
        for (std::size_t i = 0; i < 2 * runs; ++i) {
            const std::size_t up = i % runs, down = runs - 1 - up;
            const auto zone = [&](std::size_t run) {
                return line.owners[run] == no_worker ? no_worker : zone_of[line.owners[run]];
            };
            if (zone(up) != no_worker) last = zone(up);
            if (zone(down) != no_worker) next = zone(down);
            before_[up] = last;
            behind_[down] = next;
            if (i < runs and zone(up) != no_worker) give(last, line.boundaries[up + 1] - line.boundaries[up]);
        }
    }

    std::uint32_t operator()(std::size_t run) const {
        if (zones_.size() == 1) return 0;
        if (before_[run] == behind_[run] and before_[run] != no_worker) return before_[run];
        std::uint32_t least = 0;
        for (std::uint32_t zone = 1; zone < zones_.size(); ++zone)
            if (given_[zone] * zones_[least].all_slots < given_[least] * zones_[zone].all_slots) least = zone;
        return least;
    }

    void give(std::uint32_t zone, std::uint64_t slots) { given_[zone] += slots; }

private:
    std::span<const zone_of_workers> zones_;
    std::vector<std::uint64_t> given_;
    std::vector<std::uint32_t> before_{}, behind_{};  ///< zones next to a run; `no_worker`: nobody has any of the line
};

/// The room that workers have below their caps, and what they have above. What a part of a run is worth is told from
/// the mean of the run, and so may be somewhat more: that is seen when the loads are counted again.
class takers {
public:
    takers(std::span<const std::uint32_t> slots, std::span<const std::uint64_t> caps,
           std::span<const zone_of_workers> zones, std::uint64_t room_in)
        : slots_(slots),
          caps_(caps),
          zones_(zones),
          zone_of_(slots.size(), no_worker),
          handed_out_(slots.size()),
          room_in_(room_in) {
        for (std::uint32_t zone = 0; zone < zones.size(); ++zone)
            for (const std::uint32_t worker : zones[zone].workers) zone_of_[worker] = zone;
    }

    void count(std::span<const std::uint64_t> loads) {
        room_.assign(slots_.size(), 0);
        excess_.assign(slots_.size(), 0);
        by_room_.assign(zones_.size(), {});
        std::uint64_t all_room = 0;
        for (std::uint32_t w = 0; w < loads.size(); ++w) {
            room_[w] = caps_[w] - std::min(caps_[w], loads[w]);
            excess_[w] = loads[w] - std::min(caps_[w], loads[w]);
            all_room += std::min<std::uint64_t>(room_[w], std::numeric_limits<std::uint32_t>::max());
            if (zone_of_[w] != no_worker) queue_up(w);
        }
        most_at_once_ = std::max<std::uint64_t>(1, all_room / slots_.size() / room_in_);
    }

    /// Load of what is indivisible, so that it finds room: so much fits `room_in` times into what a worker has left.
    std::uint64_t most_at_once() const { return most_at_once_; }

    /// Whether `mark_runs` would find anything.
    bool wants_change(const shared_line& level) {
        bool wants = false;
        for (std::size_t run = 0; run < level.line.owners.size() and not wants; ++run) {
            const std::uint32_t owner = level.line.owners[run];
            wants = owner == no_worker or goes(level, run);
            if (not wants) handed_out_[owner] += level.units_of(run);
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
                handed_out_[owner] += level.units_of(run);
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
                handed_out_[owner] += what.units_of(run);
        const bool is_done = what.is_level() ? hand_out_whole(what, line) : hand_out_split(what, line);
        forget_handed_out(what.line);
        forget_handed_out(line);
        look_at_the_full_again();
        if (not is_done) return std::nullopt;
        return line;
    }

private:
    std::uint64_t most_of_a_node(std::uint32_t worker, const shared_line& line) const {
        return slots_[worker] / line.asked.grain;
    }

    bool goes(const shared_line& level, std::size_t run) const {
        const std::uint32_t owner = level.line.owners[run];
        return handed_out_[owner] + level.units_of(run) > most_of_a_node(owner, level) or
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
        handed_out_[owner] += what.units_in(run, stays);
        return stays;
    }

    /// Those runs first that have a unit more: who cannot take one of them may take another.
    bool hand_out_whole(const shared_line& what, layout& line) {
        line = what.line;
        zone_of_part part(line, zone_of_, zones_);
        const std::uint64_t least = what.asked.units / line.owners.size();
        for (const std::uint64_t units : {least + 1, least}) {
            for (std::size_t run = 0; run < line.owners.size(); ++run) {
                if (line.owners[run] != no_worker or what.units_of(run) != units) continue;
                const std::uint32_t zone = part(run);
                const std::optional<std::uint32_t> taker = most_room_for(what, units, zone);
                if (not taker or room_[*taker] < what.loads[run]) return false;
                line.owners[run] = *taker;
                part.give(zone, what.length(run));
                take(*taker, units, what.loads[run]);
            }
            look_at_the_full_again();
        }
        return true;
    }

    bool hand_out_split(const shared_line& what, layout& line) {
        zone_of_part part(what.line, zone_of_, zones_);
        for (std::size_t run = 0; run < what.line.owners.size(); ++run)
            if (what.line.owners[run] != no_worker)
                append_run(line, what.line.owners[run], what.length(run));
            else if (not hand_out_split(what, run, part, line))
                return false;
        return true;
    }

    bool hand_out_split(const shared_line& what, std::size_t run, zone_of_part& part, layout& line) {
        std::uint64_t left = what.length(run);
        const double each = static_cast<double>(what.loads[run]) / static_cast<double>(left);
        while (left > 0) {
            const std::uint32_t zone = part(run);
            const std::optional<std::uint32_t> taker = most_room_for(what, what.units_in(run, 1), zone);
            if (not taker or static_cast<double>(room_[*taker]) < each) return false;
            std::uint64_t takes = std::min(left, what.pieces_of(most_of_a_node(*taker, what) - handed_out_[*taker]));
            if (const double half = static_cast<double>(room_[*taker]) / 2 / each; half < static_cast<double>(takes))
                takes = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(half));
            append_run(line, *taker, takes);
            part.give(zone, takes);
            take(*taker, what.units_in(run, takes),
                 static_cast<std::uint64_t>(std::ceil(each * static_cast<double>(takes))));
            left -= takes;
        }
        return true;
    }

    /// Of those who can have `units` more of a node. Takes it out of the queue.
    std::optional<std::uint32_t> most_room_for(const shared_line& what, std::uint64_t units, std::uint32_t zone) {
        while (not by_room_[zone].empty()) {
            const std::uint32_t worker = by_room_[zone].top().second;
            by_room_[zone].pop();
            if (handed_out_[worker] + units <= most_of_a_node(worker, what)) return worker;
            full_.push_back(worker);
        }
        return std::nullopt;
    }

    void take(std::uint32_t taker, std::uint64_t units, std::uint64_t load) {
        handed_out_[taker] += units;
        room_[taker] -= std::min(room_[taker], load);
        queue_up(taker);
    }

    void queue_up(std::uint32_t worker) { by_room_[zone_of_[worker]].push({room_[worker], worker}); }

    void look_at_the_full_again() {
        for (const std::uint32_t worker : std::exchange(full_, {})) queue_up(worker);
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

    using queue = std::priority_queue<std::pair<std::uint64_t, std::uint32_t>,
                                      std::vector<std::pair<std::uint64_t, std::uint32_t>>, less_room>;

    std::span<const std::uint32_t> slots_;
    std::span<const std::uint64_t> caps_;
    std::span<const zone_of_workers> zones_;
    std::vector<std::uint32_t> zone_of_;  ///< by worker; `no_worker`: in none, and takes nothing
    std::vector<std::uint64_t> room_{}, excess_{};
    std::vector<std::uint64_t> handed_out_;  ///< units by worker, of the line that is looked at; else 0
    std::vector<std::uint32_t> full_{};      ///< that can take no more of that line
    std::uint64_t room_in_;
    std::uint64_t most_at_once_ = 1;
    std::vector<queue> by_room_{};  ///< by zone
};

}  // namespace headgate::inline v1::detail
