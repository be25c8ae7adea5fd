#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever watches.

#include <headgate/vocabulary/note.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

namespace headgate::inline v1 {

/// `o.on(job, at, what)` is called for every note, in order, on the controller's thread; a transition is not stored
/// yet. May do nothing, must not block for long or fail. Archetype `archetype::observer`. Models: `silent`, spdlog.
template <class Observer>
concept observer = requires(Observer& o, const job_id& job, instant at, const note& what) { o.on(job, at, what); };

/// As for every model, says what it lacks.
template <class Observer>
struct observer_check {
    static_assert(observer<Observer>, "observer: it has no `void on(const job_id&, instant, const note&)`");
};

/// Costs nothing.
struct silent {
    static constexpr void on(const job_id&, instant, const note&) {}
};

}  // namespace headgate::inline v1
