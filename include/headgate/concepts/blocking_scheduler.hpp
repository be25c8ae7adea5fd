#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: a scheduler whose operations return what they did.

#include <headgate/vocabulary/record.hpp>

#include <concepts>
#include <cstdint>
#include <vector>

namespace headgate::inline v1 {

/// What `blocking` makes a scheduler of. `m` is an lvalue of `Model`; the operations are one at a time, may take as
/// long as the executor can spare, and may not throw. A start that was not answered applied has started nothing.
///
///     expression                      answer
///     ------------------------------  ---------------------------------------------------------------------
///     m.worker_slots()                std::uint32_t, at once and from any thread, always the same
///     m.start_workers(start_workers)  outcome<applied>; skips the identities that it has already
///     m.stop_workers(stop_workers)    outcome<std::uint32_t>: how many are left
///     m.workers(list_workers)         expected<std::vector<worker_id>>
///     m.watch(cursor)                 std::optional<worker_news>: what there is by now (`worker_log`); may be missing
template <class Model>
concept blocking_scheduler = requires(Model& m, const start_workers& start, const stop_workers& stop,
                                      const list_workers& list) {
    { m.worker_slots() } -> std::convertible_to<std::uint32_t>;
    { m.start_workers(start) } -> std::convertible_to<outcome<applied>>;
    { m.stop_workers(stop) } -> std::convertible_to<outcome<std::uint32_t>>;
    { m.workers(list) } -> std::convertible_to<expected<std::vector<worker_id>>>;
};

}  // namespace headgate::inline v1
