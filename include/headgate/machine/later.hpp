#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: Rescaling, Restarting and CheckpointStopping have their rows in the table and are not entered yet: no state
// answers an edge to them. A wish for one stays open and is shown as not supported yet.

#include <headgate/machine/event.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/vocabulary/job.hpp>

#include <string>

namespace headgate::inline v1 {

struct rescaling {
    using ignored = ignores_all;

    friend bool operator==(const rescaling&, const rescaling&) = default;
};

struct restarting {
    using ignored = ignores_all;

    friend bool operator==(const restarting&, const restarting&) = default;
};

struct checkpoint_stopping {
    using ignored = ignores_all;

    friend bool operator==(const checkpoint_stopping&, const checkpoint_stopping&) = default;
};

template <class Context>
step<rescaling> want(rescaling&, Context&) {
    return stay;
}
template <class Context>
step<restarting> want(restarting&, Context&) {
    return stay;
}
template <class Context>
step<checkpoint_stopping> want(checkpoint_stopping&, Context&) {
    return stay;
}

/// What of `wished` a job that was compiled from `compiled` would have to be rescaled or restarted for; empty: nothing.
inline std::string needs_restart(const wish& compiled, const wish& wished) {
    std::string what;
    const auto differs = [&](bool is_same, const char* name) {
        if (not is_same) what.append(what.empty() ? "" : ", ").append(name);
    };
    differs(compiled.program == wished.program, "program");
    differs(compiled.parallelism == wished.parallelism, "parallelism");
    differs(compiled.environment == wished.environment, "environment");
    differs(compiled.backend_configuration == wished.backend_configuration, "backend configuration");
    differs(compiled.ignore_state_before_epoch == wished.ignore_state_before_epoch, "state to ignore");
    differs(compiled.restart_nonce == wished.restart_nonce, "restart");
    return what;
}

}  // namespace headgate::inline v1
