#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: layouts of the plan before, of which only the runs change hands that must. Made for `sticky`.

#include <headgate/assignment/balance_item.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/moves.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/assignment/shared_line.hpp>
#include <headgate/assignment/takers.hpp>
#include <headgate/assignment/water.hpp>
#include <headgate/assignment/zones.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// The finer the pieces that are handed out, the less is in the way of a taker, and the more runs the plan has.
struct mended_pieces {
    std::uint64_t level_parts = 8;  ///< of a level line, that are handed out one by one
    std::uint64_t room_in = 4;      ///< see `takers::most_at_once`
    bool divides_levels = false;    ///< as far as there are runs for it, else not at all
};

/// Where each node would want a line of its own, the old lines are kept: parts of them whose worker is gone, or has
/// more than it may, are handed to those with the most room. A dense line has no slots to spare for that, so it is cut
/// into windows around such parts, each for the nodes that are there.
class mending {
public:
    mending(plan& made, const program& of, std::span<const std::uint32_t> slots, std::span<const std::uint64_t> caps,
            const zone_order* zones = nullptr, mended_pieces how = {})
        : made_(made),
          of_(of),
          slots_(slots),
          caps_(caps),
          how_(how),
          zones_(by_zone(slots, zones)),
          takers_(slots, caps, zones_, how.room_in) {}

    /// False if that does not come to an end within `caps` and `most_runs`. O(rounds * (runs + nodes) log), and
    /// O(runs) for each node of an even line whose nodes do not begin at 0, 1, 2 ...
    bool run(const plan& old, std::span<const std::uint32_t> corresponds) {
        made_.nodes.resize(of_.nodes.size());
        if (not pour(take_over(old, corresponds))) return false;
        for (int round = 0; round < most_rounds; ++round) {
            if (runs_ > most_runs) return false;
            bool is_mended = true;
            if (not mend(is_mended)) return false;
            if (is_mended) {
                settle();
                return true;
            }
        }
        return false;
    }

private:
    static constexpr int most_rounds = 8;

    /// Answers the nodes that have no place on an old line: new ones and rescaled ones.
    std::vector<std::uint32_t> take_over(const plan& old, std::span<const std::uint32_t> corresponds) {
        std::vector<std::uint32_t> others;
        std::vector<std::vector<std::uint32_t>> members(old.layouts.size());
        const nodes_by_id old_nodes(old.nodes);
        for (std::uint32_t i = 0; i < of_.nodes.size(); ++i) {
            const auto at = old_nodes.find(of_.nodes[i].id);
            if (not at or old.nodes[*at].parallelism != of_.nodes[i].parallelism) {
                others.push_back(i);
                continue;
            }
            made_.nodes[i] = old.nodes[*at];
            members[old.nodes[*at].layout].push_back(i);
        }
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (members[i].empty()) continue;
            const layout& was = old.layouts[i];
            layout line{.spaced = was.spaced};
            for (std::size_t run = 0; run + 1 < was.boundaries.size(); ++run) {
                const std::uint32_t owner = corresponds[owner_of(was, run)];
                if (was.spaced == spacing::level)
                    append_level(line, owner);
                else
                    append_run(line, owner, was.boundaries[run + 1] - was.boundaries[run]);
            }
            keep(shared(std::move(line), std::move(members[i])));
        }
        return others;
    }

    /// Nodes of one parallelism are a line, as `balance` has it, on what the old lines leave low; each zone has its
    /// part of that by slots.
    bool pour(std::span<const std::uint32_t> others) {
        if (others.empty()) return true;
        std::map<std::uint32_t, std::vector<std::uint32_t>> by_parallelism;
        for (const std::uint32_t each : others) by_parallelism[~of_.nodes[each].parallelism].push_back(each);
        std::vector<std::uint64_t> loads = this->loads();
        for (auto& [key, all] : by_parallelism) {
            const std::uint32_t parallelism = ~key;
            const std::size_t most = std::numeric_limits<std::uint32_t>::max() / parallelism;
            for (std::size_t first = 0; first < all.size(); first += most) {
                if (runs_ > most_runs) return false;
                const std::size_t count = std::min(most, all.size() - first);
                layout line{.spaced = spacing::even};
                std::uint64_t left = count * parallelism, slots_left = 0;
                for (const zone_of_workers& zone : zones_) slots_left += zone.all_slots;
                for (const zone_of_workers& zone : zones_) {
                    if (zone.all_slots == 0) continue;
                    const std::uint64_t part = left * zone.all_slots / slots_left;
                    if (not pour(zone, part, count, parallelism, loads, line)) return false;
                    left -= part;
                    slots_left -= zone.all_slots;
                }
                std::vector<std::uint32_t> nodes(all.begin() + static_cast<std::ptrdiff_t>(first),
                                                 all.begin() + static_cast<std::ptrdiff_t>(first + count));
                for (std::uint32_t i = 0; i < count; ++i)
                    made_.nodes[nodes[i]] = {.id = of_.nodes[nodes[i]].id, .parallelism = parallelism, .offset = i};
                keep(shared(std::move(line), std::move(nodes)));
            }
        }
        return true;
    }

    /// `amount` of `count` nodes, which raises `loads` by worker.
    bool pour(const zone_of_workers& zone, std::uint64_t amount, std::uint64_t count, std::uint64_t parallelism,
              std::vector<std::uint64_t>& loads, layout& line) const {
        std::vector<std::uint64_t> level, room;
        std::uint64_t all_room = 0;
        for (const std::uint32_t w : zone.workers) {
            level.push_back(loads[w]);
            room.push_back(std::min(caps_[w] - std::min(caps_[w], loads[w]), count * slots_[w]));
            all_room += std::min(room.back(), count * parallelism);
        }
        if (all_room < amount) return false;
        water on(zone.slots, balance_by::load_per_slot);
        on.set(std::move(level));
        const auto got = on.pour(amount, 1, std::move(room));
        for (std::size_t i = 0; i < got.size(); ++i) {
            append_run(line, zone.workers[i], got[i]);
            loads[zone.workers[i]] += got[i];
        }
        return true;
    }

    shared_line shared(layout line, std::vector<std::uint32_t> nodes) {
        shared_line made{.line = std::move(line), .nodes = std::move(nodes)};
        layout_loads sums(made.line);
        for (const std::uint32_t each : made.nodes) {
            const placed_node& node = made_.nodes[each];
            made.asked.add(made.line, node);
            sums.add(placement(made.line, node));
        }
        made.asked.settle();
        made.loads = sums.by_run();
        return made;
    }

    void keep(shared_line line) {
        runs_ += line.line.boundaries.size();
        lines_.push_back(std::move(line));
    }

    std::vector<std::uint64_t> loads() const {
        std::vector<std::uint64_t> sums(slots_.size());
        for (const shared_line& each : lines_)
            for (std::size_t run = 0; run < each.loads.size(); ++run)
                if (each.line.owners[run] != no_worker) sums[each.line.owners[run]] += each.loads[run];
        return sums;
    }

    /// `is_mended`: nothing was left to do.
    bool mend(bool& is_mended) {
        takers_.count(loads());
        std::vector<shared_line> before;
        std::swap(before, lines_);
        runs_ = 0;
        for (shared_line& each : before) {
            if (each.line.spaced == spacing::level ? not takers_.wants_change(each) : not takers_.mark(each)) {
                keep(std::move(each));
                continue;
            }
            is_mended = false;
            switch (each.line.spaced) {
                case spacing::level:
                    if (not change_level(each)) return false;
                    break;
                case spacing::even:
                    if (not hand_out_even(std::move(each))) return false;
                    break;
                case spacing::dense:
                    if (not hand_out_dense(each)) return false;
                    break;
            }
        }
        return true;
    }

    /// A level line gives a node of no more units than runs one a run, as a dense line does whose runs have a slot
    /// each. Others have a dense line for those that are alike, the largest first; or stay, and only whole runs change
    /// hands, if such lines would be too many.
    bool change_level(const shared_line& level) {
        const std::size_t runs = level.line.owners.size();
        std::vector<std::uint32_t> small, others;
        std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::uint32_t>> large;
        for (const std::uint32_t each : level.nodes) {
            const placed_node& node = made_.nodes[each];
            const std::uint64_t units = node.parallelism / node.grain;
            if (units <= runs)
                small.push_back(each);
            else
                large[{~units, node.offset}].push_back(each);
        }
        if (not small.empty()) {
            layout line{.spaced = spacing::dense, .boundaries = counted_up(runs + 1), .owners = level.line.owners};
            keep(shared(std::move(line), std::move(small)));
        }
        const bool all_fit = runs_ + large.size() * (runs + 1) <= most_runs / 2;
        for (auto& [key, nodes] : large) {
            const bool fits = all_fit or (how_.divides_levels and runs_ + runs + 1 <= most_runs / 2);
            if (not fits) {
                others.insert(others.end(), nodes.begin(), nodes.end());
                continue;
            }
            const std::uint64_t units = ~key.first;
            layout line{.spaced = spacing::dense};
            for (std::size_t i = 0; i < runs; ++i)
                append_run(line, level.line.owners[(key.second + i) % runs], units / runs + (i < units % runs ? 1 : 0));
            for (const std::uint32_t each : nodes) made_.nodes[each].offset = 0;
            keep(shared(std::move(line), std::move(nodes)));
        }
        return others.empty() or hand_out_level(level.line, std::move(others));
    }

    /// Nodes whose offsets are near have their unit more on the same runs, and leave the others to those who take two.
    bool hand_out_level(const layout& line, std::vector<std::uint32_t> nodes) {
        std::ranges::sort(nodes, {}, [&](std::uint32_t each) { return std::pair(made_.nodes[each].offset, each); });
        shared_line what = shared(line, std::move(nodes));
        takers_.mark_runs(what);
        return hand_out_in_parts(what, how_.level_parts);
    }

    /// Slots of a line that has fewer than a node has units can be divided: it is the same line with more of them.
    bool hand_out_even(shared_line what) {
        const std::uint64_t slots = what.slots();
        if (slots < what.asked.units) {
            const std::uint64_t times =
                std::min((what.asked.units + slots - 1) / slots, std::numeric_limits<std::uint32_t>::max() / slots);
            for (std::uint32_t& each : what.line.boundaries) each *= static_cast<std::uint32_t>(times);
            for (const std::uint32_t each : what.nodes) made_.nodes[each].offset *= static_cast<std::uint32_t>(times);
        }
        const shared_line whole = shared(std::move(what.line), std::move(what.nodes));
        return hand_out_in_parts(whole, 1);
    }

    /// What is too much for one taker at once is shared out by node, so that each part has takers of its own.
    bool hand_out_in_parts(const shared_line& whole, std::uint64_t parts) {
        for (std::size_t run = 0; run < whole.loads.size(); ++run)
            if (whole.line.owners[run] == no_worker)
                parts = std::max(parts, whole.loads[run] / whole.pieces(run) / takers_.most_at_once() + 1);
        parts = std::min<std::uint64_t>(parts, whole.nodes.size());
        if (parts == 1) return hand_out(whole);
        for (std::uint64_t part = 0; part < parts; ++part) {
            const auto at = [&](std::uint64_t of) {
                return whole.nodes.begin() + static_cast<std::ptrdiff_t>(whole.nodes.size() * of / parts);
            };
            if (not hand_out(shared(whole.line, {at(part), at(part + 1)}))) return false;
        }
        return true;
    }

    bool hand_out_dense(const shared_line& what) {
        struct stretch {
            std::uint64_t first;
            std::uint64_t last;
            std::uint32_t node;
        };
        const turned_line line(what.line);
        std::vector<stretch> as_they_were, touched;
        for (const std::uint32_t each : what.nodes) {
            const placed_node& node = made_.nodes[each];
            const std::uint64_t first = line.turned(node.offset), last = first + node.parallelism / node.grain;
            (line.wanted_before(first) == line.wanted_before(last) ? as_they_were : touched)
                .push_back({first, last, each});
        }
        const auto by_first = [](const stretch& a, const stretch& b) {
            return a.first != b.first ? a.first < b.first : a.node < b.node;
        };
        const auto window = [&](std::span<const stretch> members) {
            std::uint64_t last = 0;
            std::vector<std::uint32_t> nodes;
            for (const stretch& each : members) {
                last = std::max(last, each.last);
                nodes.push_back(each.node);
                made_.nodes[each.node].offset = static_cast<std::uint32_t>(each.first - members[0].first);
            }
            return shared(line.window(members[0].first, last), std::move(nodes));
        };
        std::ranges::sort(as_they_were, by_first);
        for (std::size_t first = 0, last = 0; first < as_they_were.size(); first = last) {
            const std::uint64_t before = line.wanted_before(as_they_were[first].first);
            while (last < as_they_were.size() and line.wanted_before(as_they_were[last].first) == before) ++last;
            keep(window(std::span(as_they_were).subspan(first, last - first)));
        }
        std::ranges::sort(touched, by_first);
        for (std::size_t first = 0, last = 0; first < touched.size(); first = last) {
            std::uint64_t at_once = 0;
            for (; last < touched.size(); ++last) {
                at_once += made_.nodes[touched[last].node].grain;
                if (last > first and
                    (at_once > takers_.most_at_once() or touched[last].last - touched[first].first > line.slots()))
                    break;
            }
            const shared_line mine = window(std::span(touched).subspan(first, last - first));
            if (not hand_out(mine)) return false;
        }
        return true;
    }

    bool hand_out(const shared_line& what) {
        std::optional<layout> line = takers_.hand_out(what);
        if (line) keep(shared(*std::move(line), what.nodes));
        return line.has_value() and runs_ <= most_runs;
    }

    void settle() {
        const std::vector<std::uint32_t> all = counted_up(slots_.size());
        made_.layouts.clear();
        for (shared_line& each : lines_) {
            const auto number = static_cast<std::uint32_t>(made_.layouts.size());
            for (const std::uint32_t node : each.nodes) made_.nodes[node].layout = number;
            if (each.line.owners == all) each.line.owners.clear();
            made_.layouts.push_back(std::move(each.line));
        }
    }

    plan& made_;
    const program& of_;
    std::span<const std::uint32_t> slots_;
    std::span<const std::uint64_t> caps_;
    mended_pieces how_;
    std::vector<zone_of_workers> zones_;
    std::vector<shared_line> lines_{};
    std::uint64_t runs_ = 0;
    takers takers_;
};

}  // namespace headgate::inline v1::detail
