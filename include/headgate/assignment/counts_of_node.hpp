#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: how many subtasks of a node each worker, machine and zone has, by its ranges, and who talks to whom on a
// forward edge.

#include <headgate/assignment/loads.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace headgate::inline v1 {

/// Where workers are: by position in a plan, numbers of their machines and zones, below the number of workers.
struct worker_places {
    std::vector<std::uint32_t> machines{};
    std::vector<std::uint32_t> zones{};
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Workers, machines and zones.
inline constexpr std::array<std::size_t, 3> kinds_of_places{0, 1, 2};

/// How many subtasks of a node are at a place; it may come again.
struct count_at {
    std::uint32_t place{};
    std::uint32_t subtasks{};
};

/// Subtasks by kind of place, in the order of their ranges, of which it knows nothing more.
struct counts_of_node {
    std::array<std::vector<count_at>, 3> by_kind{};

    void count(std::span<const range_on_worker> ranges, const worker_places& at) {
        std::vector<count_at>& workers = by_kind[0];
        workers.resize(ranges.size());
        for (std::size_t i = 0; i < ranges.size(); ++i) workers[i] = {ranges[i].worker, ranges[i].range.size()};
        join(at.machines, by_kind[1]);
        join(at.zones, by_kind[2]);
    }

private:
    /// Workers of one place that follow each other are one.
    void join(std::span<const std::uint32_t> place_of, std::vector<count_at>& into) const {
        const std::vector<count_at>& workers = by_kind[0];
        into.resize(workers.size());
        std::size_t size = 0;
        for (std::size_t i = 0; i < workers.size();) {
            count_at& made = into[size++] = {place_of[workers[i].place], 0};
            for (; i < workers.size() and place_of[workers[i].place] == made.place; ++i)
                made.subtasks += workers[i].subtasks;
        }
        into.resize(size);
    }
};

/// Calls `each(from worker, to worker, channels)` for the stretches of a forward edge. Both are ascending.
template <class Each>
void forward_stretches(std::span<const range_on_worker> from, std::uint64_t from_count,
                       std::span<const range_on_worker> to, std::uint64_t to_count, Each each) {
    const std::uint64_t all = std::max(from_count, to_count);
    const auto scaled = [all](std::uint64_t count) {  // divides once where it can
        return [all, count, times = all % count == 0 ? all / count : 0](std::uint64_t end) {
            return times > 0 ? end * times : end * all / count;
        };
    };
    const auto of_from = scaled(from_count), of_to = scaled(to_count);
    std::uint64_t begin = 0;
    for (std::size_t a = 0, b = 0; a < from.size() and b < to.size();) {
        const std::uint64_t a_end = of_from(from[a].range.last), b_end = of_to(to[b].range.last);
        const std::uint64_t end = std::min(a_end, b_end);
        if (end > begin) each(from[a].worker, to[b].worker, end - begin);
        begin = std::max(begin, end);
        a += a_end == end;
        b += b_end == end;
    }
}

}  // namespace detail

}  // namespace headgate::inline v1
