#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a machine tells whoever watches it (S18). Notes decide nothing.

#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/state.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace headgate::inline v1 {

struct transition {
    state_name from{}, to{};
    headgate::generation generation{};
    std::optional<error> why{};
};

/// What an attempt of Scheduling goes through; most overlap.
enum class phase : std::uint8_t {
    claiming,
    stopping_old,
    starting,
    loading,
    registering,
    dialling,
    launching,
    starting_tasks,
    backing_off,  ///< of a retry; the claim goes on meanwhile
};

inline constexpr std::size_t phase_count = static_cast<std::size_t>(phase::backing_off) + 1;

constexpr std::string_view text_of(phase what);

struct phase_ended {
    phase what{};
    headgate::generation generation{};
    duration began{};  ///< since the attempt began
    duration ended{};  ///< likewise
};

struct retried {
    error why{};
    headgate::attempt attempt{};      ///< the one that failed
    std::uint32_t budget{};           ///< attempts allowed; 0: without limit
    std::optional<duration> pause{};  ///< before the next; nothing: a budget is spent, and there is none
};

/// Something a person should read.
struct remark {
    enum class severity : std::uint8_t { info, warning, alarm };

    severity how = severity::info;
    std::string text{};
};

using note = std::variant<transition, phase_ended, retried, remark>;

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(phase what) {
    switch (what) {
        case phase::claiming: return "claiming";
        case phase::stopping_old: return "stopping old workers";
        case phase::starting: return "starting workers";
        case phase::loading: return "loading the checkpoint";
        case phase::registering: return "waiting for workers";
        case phase::dialling: return "dialling";
        case phase::launching: return "launching";
        case phase::starting_tasks: return "waiting for tasks";
        case phase::backing_off: return "backing off";
    }
    return "no such phase";
}

}  // namespace headgate::inline v1
