#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: what Scheduling knows of its present attempt. `want.hpp` says what follows from it.

#include <headgate/fact/fact.hpp>
#include <headgate/machine/event.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/note.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace headgate::inline v1 {

/// When each phase of an attempt began and ended, for people (S18).
struct timeline {
    instant start{};
    std::array<instant, phase_count> began{};
    std::array<bool, phase_count> is_begun{};
    std::array<bool, phase_count> is_over{};

    bool has_begun(phase what) const { return is_begun[static_cast<std::size_t>(what)]; }

    bool has_ended(phase what) const { return is_over[static_cast<std::size_t>(what)]; }

    /// The attempt begins, with its claim; a retry with backing off as well.
    template <class Context>
    void begin(const Context& c, bool backs_off);

    /// Notes what has become true, and tells of a phase that ended.
    template <class Context>
    void note(Context& c, phase what, bool begun, bool over);

    friend bool operator==(const timeline&, const timeline&) = default;
};

struct scheduling {
    using ignored = ignores<answered<begin_checkpoint>, answered<stop_execution>, answered<write_checkpoint>,
                            answered<store_checkpoint>, answered<remove_checkpoint>, fenced<checkpoint_report>>;

    instant not_before{};       ///< backing off until then
    instant until = never;      ///< worker start-up, then task start-up; armed when the attempt acts first
    instant clean_until = never;

    fact<> asked{};
    std::optional<error> lacking{};  ///< the last answer was: not enough slots
    instant lacking_since = never;   ///< the first of these answers since workers were started
    instant lacked_at = never;       ///< and the last

    fact<shared<checkpoint_metadata>> loaded{};
    fact<> prepared{};

    bool is_placed = false;
    bool is_launching = false;

    timeline phases{};

    friend bool operator==(const scheduling&, const scheduling&) = default;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Context>
void timeline::begin(const Context& c, bool backs_off) {
    start = c.from_now(duration::zero());
    began.fill(start);
    is_begun[static_cast<std::size_t>(phase::claiming)] = true;
    is_begun[static_cast<std::size_t>(phase::backing_off)] = backs_off;
}

template <class Context>
void timeline::note(Context& c, phase what, bool begun, bool over) {
    const auto i = static_cast<std::size_t>(what);
    if (is_over[i]) return;
    if (not is_begun[i] and (begun or over)) {
        is_begun[i] = true;
        began[i] = c.from_now(duration::zero());
    }
    if (not over) return;
    is_over[i] = true;
    c.tell(phase_ended{what, c.current(), began[i] - start, c.since(start)});
}

}  // namespace headgate::inline v1
