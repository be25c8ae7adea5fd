#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: what a plan moves against the one before.

#include <headgate/assignment/loads.hpp>
#include <headgate/assignment/nodes_by_id.hpp>
#include <headgate/assignment/past.hpp>
#include <headgate/assignment/run_finder.hpp>
#include <headgate/assignment/shifted_line.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace headgate::inline v1 {

struct moves_report {
    std::uint64_t subtasks{};  ///< of nodes that were there before, and not wholly on their worker
    double bytes{};            ///< of state that is on another worker than before

    friend bool operator==(const moves_report&, const moves_report&) = default;
};

/// Workers correspond as `corresponding` says, nodes by id. On rescale a subtask i of p has the keys from i /
/// p up to (i + 1) / p, and state moves with its keys. Without a previous plan nothing moves. `invalid` for sizes that
/// are negative or no numbers, or a previous plan that no program could have. Precondition: `made` passes `check`.
/// O(ranges + sizes log sizes) for each node. For those that lie on their line as they did on the one before (dense or
/// level, in the same units, at the distance of the line's first node) O(log runs) takes the place of the ranges, where
/// there are enough of them to pay for a look at both lines, and if each subtask has the same whole number of bytes.
expected<moves_report> moves_of(const plan& made, const past& before);

/// By worker of `old`, the corresponding one in `now`, or `no_worker`: the one with its id, which is the same worker
/// since ids of two generations never meet; if no id is in both plans, by (machine, ordinal on it) (A8).
std::vector<std::uint32_t> corresponding(const plan& old, const plan& now);

inline constexpr std::uint32_t no_worker = std::numeric_limits<std::uint32_t>::max();

/// What a policy asks before it looks at the past: see `moves_of`.
expected<applied> check(const past& before);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::vector<std::uint32_t> corresponding(const plan& old, const plan& now) {
    std::vector<std::uint32_t> found(old.workers.size(), no_worker);
    bool is_same_generation = false;
    for (std::size_t i = 0; i < old.workers.size(); ++i)
        if (const auto at = position_of(now, old.workers[i].id)) {
            found[i] = *at;
            is_same_generation = true;
        }
    if (is_same_generation) return found;
    // Both are looked up only, never walked.
    std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_machine;
    for (std::uint32_t i = 0; i < now.workers.size(); ++i) by_machine[now.machines[i]].push_back(i);
    std::unordered_map<std::string_view, std::size_t> met;
    for (std::size_t i = 0; i < old.workers.size(); ++i) {
        const std::size_t nth = met[old.machines[i]]++;
        if (const auto at = by_machine.find(old.machines[i]); at != by_machine.end() and nth < at->second.size())
            found[i] = at->second[nth];
    }
    return found;
}

inline expected<applied> check(const past& before) {
    double all = 0;  // of as many subtasks as there can be
    for (const state_size& each : before.sizes) {
        if (not(std::isfinite(each.bytes) and each.bytes >= 0))
            return detail::invalid("state of " + detail::name(each.node) + ": " + std::to_string(each.bytes) +
                                   " bytes; a number that is not negative is needed");
        all += each.bytes * 0x1p32;
        if (not std::isfinite(all))
            return detail::invalid("state of " + detail::name(each.node) + ": more bytes than can be added up");
    }
    if (not before.previous) return applied{};
    program same;
    same.nodes.reserve(before.previous->nodes.size());
    for (const placed_node& each : before.previous->nodes)
        same.nodes.push_back({.id = each.id, .parallelism = each.parallelism});
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    const limits none{.id = most,
                      .address = most,
                      .nodes = most,
                      .parallelism = most,
                      .materialised_subtasks = std::numeric_limits<std::uint64_t>::max(),
                      .workers = most,
                      .slots = most};
    if (const auto ok = check(*before.previous, same, none); not ok)
        return detail::invalid("the previous " + ok.error().text);
    return applied{};
}

namespace detail {

/// What is said of each node; to be looked up only, never walked.
inline std::unordered_map<std::uint32_t, std::vector<const state_size*>> sizes_by_node(const past& before) {
    std::unordered_map<std::uint32_t, std::vector<const state_size*>> made;
    for (const state_size& each : before.sizes) made[each.node.value].push_back(&each);
    return made;
}

/// Of subtasks: the largest size, and whether it is the size of each.
struct largest_size {
    double bytes{};
    bool is_of_all = true;
};

/// The sizes of one node as ranges that ascend: where entries overlap, their bytes are added, to the 53 bits of the
/// largest.
class sizes_in_a_row {
public:
    explicit sizes_in_a_row(std::span<const state_size* const> sizes) {
        std::vector<change> changes;
        for (const state_size* each : sizes)
            if (each->subtasks.first < each->subtasks.last) {
                changes.push_back({each->subtasks.first, +1, each->bytes});
                changes.push_back({each->subtasks.last, -1, -each->bytes});
            }
        // What ends comes first, so that ranges that only touch are not added and taken away again.
        std::ranges::sort(changes, [](const change& a, const change& b) {
            return a.at != b.at ? a.at < b.at : a.entries < b.entries;
        });
        change now{};
        for (const change& each : changes) {
            if (now.entries > 0 and each.at > now.at) ranges_.push_back({{now.at, each.at}, now.bytes});
            now = {each.at, now.entries + each.entries, std::max(0.0, now.bytes + each.bytes)};
            if (now.entries == 0) now.bytes = 0;  // not what rounding left of it
        }
    }

    /// Of the subtasks below `end`.
    largest_size largest_below(std::uint32_t end) const {
        double largest = 0, least = std::numeric_limits<double>::infinity();
        std::uint32_t covered = 0;
        for (const sized& each : ranges_) {
            if (each.subtasks.first >= end) break;
            largest = std::max(largest, each.bytes);
            least = std::min(least, each.subtasks.first > covered ? 0 : each.bytes);
            covered = each.subtasks.last;
        }
        if (covered < end) least = 0;
        return {.bytes = largest, .is_of_all = least == largest};
    }

    /// Bytes from `first` up to `last`, which are no less than in the calls before.
    double next(double first, double last) {
        while (at_ < ranges_.size() and ranges_[at_].subtasks.last <= first) ++at_;
        double sum = 0;
        for (std::size_t i = at_; i < ranges_.size() and ranges_[i].subtasks.first < last; ++i)
            sum += ranges_[i].bytes * (std::min<double>(last, ranges_[i].subtasks.last) -
                                       std::max<double>(first, ranges_[i].subtasks.first));
        return sum;
    }

private:
    struct change {
        std::uint32_t at{};
        std::int64_t entries{};
        double bytes{};
    };
    struct sized {
        subtask_range subtasks;
        double bytes;
    };

    std::vector<sized> ranges_{};
    std::size_t at_ = 0;
};

/// Keys are counted in old parallelism times new parallelism, so that both kinds of subtasks end at whole numbers.
struct key_moves {
    std::uint64_t old_count;
    std::uint64_t new_count;
    std::uint64_t kept_subtasks{};
    double moved_bytes{};

    void compare(std::span<const range_on_worker> old, std::span<const range_on_worker> now,
                 std::span<const std::uint32_t> corresponds, sizes_in_a_row sizes) {
        std::uint64_t begin = 0, kept_from = 0;
        std::uint32_t keeper = no_worker;
        const auto settle = [&] {  // whole subtasks of the stretch from `kept_from` that one worker kept
            const std::uint64_t first = (kept_from + old_count - 1) / old_count, last = begin / old_count;
            if (keeper != no_worker and last > first) kept_subtasks += last - first;
        };
        for (std::size_t a = 0, b = 0; a < old.size() and b < now.size();) {
            const std::uint64_t a_end = old[a].range.last * new_count, b_end = now[b].range.last * old_count;
            const std::uint64_t end = std::min(a_end, b_end);
            const std::uint32_t worker = corresponds[old[a].worker];
            const bool keeps = worker == now[b].worker;
            if (not keeps or worker != keeper) {
                settle();
                kept_from = begin;
                keeper = keeps ? worker : no_worker;
            }
            if (not keeps)
                moved_bytes += sizes.next(static_cast<double>(begin) / static_cast<double>(new_count),
                                          static_cast<double>(end) / static_cast<double>(new_count));
            begin = end;
            a += a_end == end;
            b += b_end == end;
        }
        settle();
    }
};

/// What each subtask of a node has, if that is one whole number: then sums come out the same in any order.
inline std::optional<double> whole_bytes(const sizes_in_a_row& sizes, std::uint32_t parallelism) {
    const largest_size each = sizes.largest_below(parallelism);
    const bool is_exact = each.bytes * parallelism <= 0x1p53 and std::trunc(each.bytes) == each.bytes;
    return each.is_of_all and is_exact ? std::optional(each.bytes) : std::nullopt;
}

/// `moves_of` for a past that passed `check` and has a previous plan, and workers that correspond so.
inline moves_report moves_since(const plan& made, const past& before, std::span<const std::uint32_t> corresponds) {
    moves_report found;
    const plan& old = *before.previous;
    const nodes_by_id old_nodes(old.nodes);
    std::vector<line_with_past> lines(made.layouts.size());
    for (std::size_t node = 0; node < made.nodes.size(); ++node)
        if (const std::optional<std::uint32_t> was = old_nodes.find(made.nodes[node].id)) {
            const placement now = placed(made, node);
            if (const auto shift = shift_of(placed(old, *was), now))
                lines[made.nodes[node].layout].add(old.nodes[*was].layout, *shift, std::min(now.units, now.slots));
        }
    const auto sizes = sizes_by_node(before);
    const state_size one_byte{.bytes = 1};
    const state_size* const each_one = &one_byte;
    const sizes_in_a_row unnamed(std::span(&each_one, std::size_t{before.sizes.empty()}));
    std::uint64_t left = 0;
    for (const plan* each : {&old, &made})
        for (const layout& line : each->layouts) left += most_times_over * line.boundaries.size();
    std::vector<range_on_worker> from, to;
    finders_of_plan of_old(old), of_made(made);
    for (std::size_t node = 0; node < made.nodes.size(); ++node) {
        const placed_node& mine = made.nodes[node];
        const std::optional<std::uint32_t> was = old_nodes.find(mine.id);
        if (not was) continue;
        const auto named = sizes.find(mine.id.value);
        const auto own = named == sizes.end() ? std::nullopt : std::optional<sizes_in_a_row>(named->second);
        const sizes_in_a_row& bytes = own ? *own : unnamed;
        const placement now = placed(made, node);
        if (const auto shift = shift_of(placed(old, *was), now))
            if (const auto* changed = lines[mine.layout].changed(old.nodes[*was].layout, *shift, placed(old, *was).line,
                                                                 now.line, corresponds, left))
                if (const std::optional<double> each = whole_bytes(bytes, mine.parallelism)) {
                    const std::uint64_t count = changed->of(now);
                    found.subtasks += count;
                    found.bytes += static_cast<double>(count) * *each;
                    continue;
                }
        from.clear();
        to.clear();
        of_old.append_ranges(*was, from);
        of_made.append_ranges(node, to);
        key_moves keys{.old_count = old.nodes[*was].parallelism, .new_count = mine.parallelism};
        keys.compare(from, to, corresponds, bytes);
        found.subtasks += mine.parallelism - keys.kept_subtasks;
        found.bytes += keys.moved_bytes;
    }
    return found;
}

}  // namespace detail

inline expected<moves_report> moves_of(const plan& made, const past& before) {
    if (const auto ok = check(before); not ok) return tl::unexpected(ok.error());
    if (not before.previous) return moves_report{};
    return detail::moves_since(made, before, corresponding(*before.previous, made));
}

}  // namespace headgate::inline v1
