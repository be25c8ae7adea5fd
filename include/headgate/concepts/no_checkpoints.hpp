#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: the state backend of a controller whose jobs have no state.

#include <headgate/concepts/state_backend.hpp>

namespace headgate::inline v1 {

/// Keeps nothing, and says so. A checkpoint is never stored (`permanent`), so none becomes ready and there is none to
/// restore from: a job begins anew with each generation, and a stop with a checkpoint ends without one (J4).
///
/// Every load answers null, also for a checkpoint that another backend once stored: then scheduling ends with "missing"
/// (S9), and not with a job that silently lost its state. To go on without it, raise `ignore_state_before_epoch`.
struct no_checkpoints {
    static constexpr bool keeps_nothing = true;  ///< a controller takes none then

    static void load(const request<load_checkpoint>&, completion_for<load_checkpoint> auto done) { done(nullptr); }
    static void prepare(const request<prepare_checkpoint>&, completion_for<prepare_checkpoint> auto done) {
        done(not_applied{why()});
    }
    static void store(const request<store_checkpoint>&, completion_for<store_checkpoint> auto done) {
        done(not_applied{why()});
    }
    static void remove(const request<remove_checkpoint>&, completion_for<remove_checkpoint> auto done) {
        done(applied{});
    }

private:
    static error why() {
        return {.kind = error_kind::permanent,
                .text = "this controller has no_checkpoints, which keeps none; give it a state backend"};
    }
};

static_assert(state_backend<no_checkpoints>);

}  // namespace headgate::inline v1
