#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: a scheduler whose operations return what they did.

#include <headgate/vocabulary/identity.hpp>
#include <headgate/vocabulary/record.hpp>

#include <concepts>
#include <cstdint>
#include <vector>

namespace headgate::inline v1 {

namespace blocking_has {

template <class Model>
concept worker_slots = requires(Model& m) {
    { m.worker_slots() } -> std::convertible_to<std::uint32_t>;
};
template <class Model>
concept start_workers = requires(Model& m, const headgate::start_workers& what) {
    { m.start_workers(what) } -> std::convertible_to<outcome<applied>>;
};
template <class Model>
concept stop_workers = requires(Model& m, const headgate::stop_workers& what) {
    { m.stop_workers(what) } -> std::convertible_to<outcome<std::uint32_t>>;
};
template <class Model>
concept workers = requires(Model& m, const headgate::list_workers& what) {
    { m.workers(what) } -> std::convertible_to<expected<std::vector<worker_id>>>;
};

}  // namespace blocking_has

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
concept blocking_scheduler = blocking_has::worker_slots<Model> and blocking_has::start_workers<Model> and
    blocking_has::stop_workers<Model> and blocking_has::workers<Model>;

/// Says what a model that is none lacks; `blocking` does so with its own.
template <class Model>
struct blocking_check {
    static_assert(blocking_has::worker_slots<Model>,
                  "blocking: the model has no `std::uint32_t worker_slots()`: the slots of each worker that it starts");
    static_assert(
        blocking_has::start_workers<Model>,
        "blocking: the model has no `start_workers(const headgate::start_workers&)` that answers `outcome<applied>`");
    static_assert(blocking_has::stop_workers<Model>,
                  "blocking: the model has no `stop_workers(const headgate::stop_workers&)` that answers "
                  "`outcome<std::uint32_t>`, how many are left");
    static_assert(blocking_has::workers<Model>,
                  "blocking: the model has no `workers(const headgate::list_workers&)` that answers "
                  "`expected<std::vector<worker_id>>`");
};

}  // namespace headgate::inline v1
