#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: layouts of the plan before, of which only the runs change hands that must. Made for `sticky`.

#include <headgate/assignment/balance.hpp>
#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/moves.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/assignment/shared_line.hpp>
#include <headgate/assignment/water.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <queue>
#include <span>
#include <utility>
#include <vector>

// Implementation ------------------------------------------------------------------------------------------------------

namespace headgate::inline v1::detail {

/// Where each node would want a line of its own, the old lines are kept: parts of them whose worker is gone, or has
/// more than it may, are handed to those with the most room. A dense line has no slots to spare for that, so it is cut
/// into windows around such parts, each for the nodes that are there.
class mending {
public:
    mending(plan& made, const program& of, std::span<const std::uint32_t> slots, std::span<const std::uint64_t> caps)
        : made_(made), of_(of), slots_(slots), caps_(caps), handed_out_(slots.size()) {}

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

    /// Nodes of one parallelism are a line, as `balance` has it, on what the old lines leave low.
    bool pour(std::span<const std::uint32_t> others) {
        if (others.empty()) return true;
        std::map<std::uint32_t, std::vector<std::uint32_t>> by_parallelism;
        for (const std::uint32_t each : others) by_parallelism[~of_.nodes[each].parallelism].push_back(each);
        water level(slots_, balance_by::load_per_slot);
        level.set(loads());
        std::vector<std::uint64_t> left(caps_.begin(), caps_.end());
        for (auto& [key, all] : by_parallelism) {
            const std::uint32_t parallelism = ~key;
            const std::size_t most = std::numeric_limits<std::uint32_t>::max() / parallelism;
            for (std::size_t first = 0; first < all.size(); first += most) {
                if (runs_ > most_runs) return false;
                const std::size_t count = std::min(most, all.size() - first);
                std::vector<std::uint64_t> room;
                std::uint64_t all_room = 0;
                for (std::size_t w = 0; w < slots_.size(); ++w)
                    all_room += std::min(room.emplace_back(std::min(left[w], count * slots_[w])), count * parallelism);
                if (all_room < count * parallelism) return false;
                const auto got = level.pour(count * parallelism, 1, std::move(room));
                layout line{.spaced = spacing::even};
                for (std::uint32_t w = 0; w < got.size(); ++w) {
                    append_run(line, w, got[w]);
                    left[w] -= got[w];
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

    shared_line shared(layout line, std::vector<std::uint32_t> nodes) {
        shared_line made{.line = std::move(line), .nodes = std::move(nodes)};
        layout_loads sums(made.line);
        for (const std::uint32_t each : made.nodes) {
            const placed_node& node = made_.nodes[each];
            made.asked.units = std::max<std::uint64_t>(made.asked.units, node.parallelism / node.grain);
            made.asked.grain = std::max<std::uint64_t>(made.asked.grain, node.grain);
            sums.add(placement(made.line, node));
        }
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

    /// `is_mended`: nothing was left to do. What takers get is told from the mean of what they take a part of, and so
    /// may be somewhat more: that is seen, and mended, in the next round.
    bool mend(bool& is_mended) {
        room_.assign(slots_.size(), 0);
        excess_.assign(slots_.size(), 0);
        takers_ = {};
        const std::vector<std::uint64_t> sums = loads();
        std::uint64_t all_room = 0;
        for (std::uint32_t w = 0; w < sums.size(); ++w) {
            room_[w] = caps_[w] - std::min(caps_[w], sums[w]);
            excess_[w] = sums[w] - std::min(caps_[w], sums[w]);
            all_room += std::min<std::uint64_t>(room_[w], std::numeric_limits<std::uint32_t>::max());
            takers_.push({room_[w], w});
        }
        // Four takers and more for what is indivisible, so that it finds room.
        most_at_once_ = std::max<std::uint64_t>(1, all_room / slots_.size() / 4);
        std::vector<shared_line> before;
        std::swap(before, lines_);
        runs_ = 0;
        for (shared_line& each : before) {
            if (each.line.spaced == spacing::level ? not wants_change(each) : not mark(each)) {
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

    std::uint64_t most_of_a_node(std::uint32_t worker, const shared_line& line) const {
        return slots_[worker] / line.asked.grain;
    }
    void forget_handed_out(const layout& line) {
        for (const std::uint32_t each : line.owners)
            if (each != no_worker) handed_out_[each] = 0;
    }

    bool wants_change(const shared_line& level) {
        bool wants = false;
        for (std::size_t run = 0; run < level.line.owners.size() and not wants; ++run) {
            const std::uint32_t owner = level.line.owners[run];
            if (owner == no_worker) wants = true;
            if (wants) break;
            handed_out_[owner] += most_units(level.line, level.asked, 1);
            wants = handed_out_[owner] > most_of_a_node(owner, level) or (excess_[owner] > 0 and level.loads[run] > 0);
        }
        forget_handed_out(level.line);
        return wants;
    }

    /// A level line gives a node of no more units than runs one a run, as a dense line does whose runs have a slot
    /// each. Others have a dense line for those that are alike; or stay, and only whole runs change hands, if such
    /// lines would be too many.
    bool change_level(const shared_line& level) {
        const std::size_t runs = level.line.owners.size();
        std::vector<std::uint32_t> small, others;
        std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::uint32_t>> large;
        for (const std::uint32_t each : level.nodes) {
            const placed_node& node = made_.nodes[each];
            const std::uint64_t units = node.parallelism / node.grain;
            if (units <= runs) {
                small.push_back(each);
            } else {
                large[{units, node.offset}].push_back(each);
                others.push_back(each);
            }
        }
        if (not small.empty()) {
            layout line{.spaced = spacing::dense, .boundaries = counted_up(runs + 1), .owners = level.line.owners};
            keep(shared(std::move(line), std::move(small)));
        }
        if (runs_ + large.size() * (runs + 1) > most_runs / 2) return hand_out_level(level.line, std::move(others));
        for (auto& [key, nodes] : large) {
            layout line{.spaced = spacing::dense};
            for (std::size_t i = 0; i < runs; ++i)
                append_run(line, level.line.owners[(key.second + i) % runs],
                           key.first / runs + (i < key.first % runs ? 1 : 0));
            for (const std::uint32_t each : nodes) made_.nodes[each].offset = 0;
            keep(shared(std::move(line), std::move(nodes)));
        }
        return true;
    }

    bool hand_out_level(const layout& line, std::vector<std::uint32_t> nodes) {
        shared_line what = shared(line, std::move(nodes));
        for (std::size_t run = 0; run < what.line.owners.size(); ++run) {
            std::uint32_t& owner = what.line.owners[run];
            if (owner == no_worker) continue;
            const std::uint64_t most = handed_out_[owner] + most_units(what.line, what.asked, 1);
            const bool goes = most > most_of_a_node(owner, what) or (excess_[owner] > 0 and what.loads[run] > 0);
            if (goes)
                excess_[owner] -= std::min(excess_[owner], what.loads[run]);
            else
                handed_out_[owner] = most;
            if (goes) owner = no_worker;
        }
        forget_handed_out(what.line);
        return hand_out_in_parts(what);
    }

    /// Leaves no owner to what must go. False if nothing must.
    bool mark(shared_line& what) {
        layout marked{.spaced = what.line.spaced};
        bool goes = false;
        for (std::size_t run = 0; run < what.line.owners.size(); ++run) {
            const std::uint32_t owner = what.line.owners[run];
            const std::uint64_t length = what.length(run), load = what.loads[run];
            std::uint64_t stays = 0;
            if (owner != no_worker and length > 0) {
                const std::uint64_t most = most_of_a_node(owner, what) - handed_out_[owner];
                stays = std::min(length, what.pieces_of(most));
                const double each = static_cast<double>(load) / static_cast<double>(length);
                const auto of = [&](std::uint64_t slots) {
                    return static_cast<std::uint64_t>(each * static_cast<double>(slots));
                };
                excess_[owner] -= std::min(excess_[owner], of(length - stays));
                if (excess_[owner] > 0 and load > 0) {
                    const double enough = std::ceil(static_cast<double>(excess_[owner]) / each);
                    const std::uint64_t more =
                        enough < static_cast<double>(stays) ? static_cast<std::uint64_t>(enough) : stays;
                    excess_[owner] -= std::min(excess_[owner], of(more));
                    stays -= more;
                }
                handed_out_[owner] += most_units(what.line, what.asked, stays);
            }
            append_run(marked, owner, stays);
            append_run(marked, no_worker, length - stays);
            goes = goes or stays < length;
        }
        forget_handed_out(what.line);
        if (goes) what.line = std::move(marked);
        return goes;
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
        return hand_out_in_parts(whole);
    }

    /// What is too much for one taker at once is shared out by node, so that each part has takers of its own.
    bool hand_out_in_parts(const shared_line& whole) {
        std::uint64_t parts = 1;
        for (std::size_t run = 0; run < whole.loads.size(); ++run)
            if (whole.line.owners[run] == no_worker)
                parts = std::max(parts, whole.loads[run] / whole.pieces(run) / most_at_once_ + 1);
        parts = std::min<std::uint64_t>(parts, whole.nodes.size());
        if (parts == 1) return hand_out(whole);
        for (std::uint64_t part = 0; part < parts; ++part) {
            std::vector<std::uint32_t> nodes;
            for (std::size_t i = part; i < whole.nodes.size(); i += parts) nodes.push_back(whole.nodes[i]);
            const shared_line mine = shared(whole.line, std::move(nodes));
            if (not hand_out(mine)) return false;
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
                    (at_once > most_at_once_ or touched[last].last - touched[first].first > line.slots()))
                    break;
            }
            const shared_line mine = window(std::span(touched).subspan(first, last - first));
            if (not hand_out(mine)) return false;
        }
        return true;
    }

    /// A new owner for whatever wants one: who has most room, for as much as half of it holds.
    bool hand_out(const shared_line& what) {
        layout line{.spaced = what.line.spaced};
        const auto add = [&](std::uint32_t owner, std::uint64_t pieces) {
            if (line.spaced == spacing::level)
                append_level(line, owner);
            else
                append_run(line, owner, pieces);
        };
        std::vector<std::uint32_t> full;
        for (std::size_t run = 0; run < what.line.owners.size(); ++run)
            if (const std::uint32_t owner = what.line.owners[run]; owner != no_worker)
                handed_out_[owner] += most_units(what.line, what.asked, what.length(run));
        bool is_done = true;
        for (std::size_t run = 0; run < what.line.owners.size() and is_done; ++run) {
            std::uint64_t left = what.pieces(run);
            if (what.line.owners[run] != no_worker) {
                add(what.line.owners[run], left);
                continue;
            }
            const double each = static_cast<double>(what.loads[run]) / static_cast<double>(left);
            while (left > 0 and is_done) {
                const std::uint32_t taker = most_room();
                if (taker == no_worker or static_cast<double>(room_[taker]) < each) {
                    is_done = false;
                    break;
                }
                const std::uint64_t most =
                    most_of_a_node(taker, what) - std::min(most_of_a_node(taker, what), handed_out_[taker]);
                std::uint64_t takes = std::min(left, what.pieces_of(most));
                if (takes == 0) {
                    full.push_back(taker);
                    continue;
                }
                if (const double half = static_cast<double>(room_[taker]) / 2 / each; half < static_cast<double>(takes))
                    takes = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(half));
                add(taker, takes);
                handed_out_[taker] += most_units(what.line, what.asked, takes);
                const auto load = static_cast<std::uint64_t>(std::ceil(each * static_cast<double>(takes)));
                room_[taker] -= std::min(room_[taker], load);
                takers_.push({room_[taker], taker});
                left -= takes;
            }
        }
        forget_handed_out(what.line);
        forget_handed_out(line);
        for (const std::uint32_t worker : full) takers_.push({room_[worker], worker});
        if (is_done) keep(shared(std::move(line), what.nodes));
        return is_done and runs_ <= most_runs;
    }

    /// Takes it out of the queue.
    std::uint32_t most_room() {
        if (takers_.empty()) return no_worker;
        const std::uint32_t worker = takers_.top().second;
        takers_.pop();
        return worker;
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

    struct less_room {
        bool operator()(const std::pair<std::uint64_t, std::uint32_t>& a,
                        const std::pair<std::uint64_t, std::uint32_t>& b) const {
            return a.first != b.first ? a.first < b.first : a.second > b.second;
        }
    };

    plan& made_;
    const program& of_;
    std::span<const std::uint32_t> slots_;
    std::span<const std::uint64_t> caps_;
    std::vector<shared_line> lines_{};
    std::uint64_t runs_ = 0;
    std::vector<std::uint64_t> room_{}, excess_{};
    std::vector<std::uint64_t> handed_out_;  ///< by worker, of the line that is looked at; else 0
    std::uint64_t most_at_once_ = 1;
    std::priority_queue<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::pair<std::uint64_t, std::uint32_t>>,
                        less_room>
        takers_{};
};

}  // namespace headgate::inline v1::detail
