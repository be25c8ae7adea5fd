#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever watches.

#include <headgate/vocabulary/note.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

namespace headgate::inline v1 {

/// `o.on(job, at, what)` is called for every note, on the controller's thread, in the order of the notes. It may do
/// nothing, must not block for long, and cannot fail. Archetype `archetype::observer`. Models: `silent`, spdlog.
template <class Observer>
concept observer = requires(Observer& o, const job_id& job, instant at, const note& what) { o.on(job, at, what); };

/// Costs nothing.
struct silent {
    static constexpr void on(const job_id&, instant, const note&) {}
};

}  // namespace headgate::inline v1
