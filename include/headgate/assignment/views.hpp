#pragma once
// SPDX-License-Identifier: BSL-1.0
// assignment: the subtasks of a plan as lazy ranges. The only header that includes range-v3, which takes its time.

#include <headgate/vocabulary/plan.hpp>

#include <range/v3/view/facade.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace headgate::inline v1 {

/// A subtask by the position of its node in the plan.
struct subtask_at {
    std::uint32_t node{};
    std::uint32_t subtask{};

    friend constexpr auto operator<=>(const subtask_at&, const subtask_at&) = default;
};

/// The views refer to the plan, which must outlive them unchanged. They are forward ranges and allocate nothing, but
/// for `workers` of a node whose layout has owners.
namespace views {

/// The subtasks of `node` on `worker`, as std::uint32_t, ascending. All together cost what `shares` costs.
inline auto subtasks(const plan& in, std::uint32_t node, std::uint32_t worker);

/// All subtasks on `worker`, as `subtask_at`, ascending. Where layouts have owners that is O(runs) for each node: of
/// all workers one after the other O(workers * runs), where `append_ranges` (loads.hpp) goes over the runs once.
inline auto subtasks(const plan& in, std::uint32_t worker);

/// The workers that have a subtask of `node`, as positions, ascending. O(workers); where the layout has owners O(runs)
/// besides when it is made, and a bit a worker.
inline auto workers(const plan& in, std::uint32_t node);

}  // namespace views

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Walks the nodes, of each the runs of the worker behind the offset and then around the end, of each the subtasks.
/// A cursor of our own: views::join four deep is slow to compile, and g++ 12 warns about its caches.
class subtasks_view : public ::ranges::view_facade<subtasks_view> {
public:
    subtasks_view() = default;
    subtasks_view(const plan& in, std::uint32_t node, std::uint32_t last_node, std::uint32_t worker)
        : from_{.in = &in, .last_node = last_node, .worker = worker, .node = node} {}

private:
    friend ::ranges::range_access;

    struct cursor {
        const plan* in = nullptr;
        std::uint32_t last_node = 0;
        std::uint32_t worker = 0;
        std::uint32_t node = 0;
        bool is_around = false;
        std::size_t run = 0;
        subtask_range left{};

        subtask_at read() const { return {node, left.first}; }
        void next() {
            ++left.first;
            find();
        }
        bool equal(const cursor& other) const {
            return node == other.node and is_around == other.is_around and run == other.run and left == other.left;
        }
        bool equal(::ranges::default_sentinel_t) const { return node == last_node; }

        /// Goes on until there is a subtask, or no node. After that `run` is the next one to look at.
        void find() {
            while (left.empty() and node != last_node) {
                const placement placed = detail::placed(*in, node);
                const bool by_worker = placed.line.owners.empty();
                if (by_worker and run == 0) run = worker;
                const std::size_t end = by_worker ? std::size_t{worker} + 1 : placed.line.owners.size();
                while (run < end and placed.owner(run) != worker) ++run;
                if (run < end) {
                    left = is_around ? placed.around(run) : placed.behind(run);
                    ++run;
                    continue;
                }
                run = 0;
                node += is_around;
                is_around = not is_around;
            }
        }
    };

    cursor begin_cursor() const {
        cursor first = from_;
        first.find();
        return first;
    }
    ::ranges::default_sentinel_t end_cursor() const { return {}; }

    cursor from_{};
};

/// By worker, whether it has a subtask of `node`; null if the layout has no owners.
inline std::shared_ptr<const std::vector<bool>> owners_of(const plan& in, std::uint32_t node) {
    const placement placed = detail::placed(in, node);
    if (placed.line.owners.empty()) return nullptr;
    auto found = std::make_shared<std::vector<bool>>(in.workers.size());
    for (std::size_t run = 0; run < placed.runs(); ++run)
        if (not placed.behind(run).empty() or not placed.around(run).empty()) (*found)[placed.owner(run)] = true;
    return found;
}

}  // namespace detail

namespace views {

inline auto subtasks(const plan& in, std::uint32_t node, std::uint32_t worker) {
    return detail::subtasks_view(in, node, node + 1, worker) |
           ::ranges::views::transform([](subtask_at at) { return at.subtask; });
}

inline auto subtasks(const plan& in, std::uint32_t worker) {
    return detail::subtasks_view(in, 0, static_cast<std::uint32_t>(in.nodes.size()), worker);
}

inline auto workers(const plan& in, std::uint32_t node) {
    return ::ranges::views::iota(std::uint32_t{0}, static_cast<std::uint32_t>(in.workers.size())) |
           ::ranges::views::filter([&in, node, found = detail::owners_of(in, node)](std::uint32_t worker) {
               return found ? (*found)[worker] : load(in, node, worker) > 0;
           });
}

}  // namespace views

}  // namespace headgate::inline v1
