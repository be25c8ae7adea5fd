#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: the calls that a worker's service takes from its controller, as the worker sees them.

#include <headgate/vocabulary/execution.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <memory>
#include <variant>

namespace headgate::inline v1 {

/// One call that waits for its answer; drawn by the link, never used twice in its life.
using call_id = strong<struct call_tag>;

/// "Who are you?" The first call on every connection.
struct identify {
    headgate::nonce nonce{};
};

struct execute {
    std::shared_ptr<const execution> what{};
    digest256 data_token{};  ///< for connections between workers of this generation
};

struct checkpoint {
    headgate::generation generation{};
    checkpoint_name name{};
};

struct stop {
    headgate::generation generation{};
};

struct called {
    call_id id{};
    digest256 token{};  ///< as the caller showed it: nothing is done for another than the worker's own
    std::variant<identify, execute, checkpoint, stop> what{};
};

struct identified {
    worker_id worker{};
    headgate::incarnation incarnation{};
    digest256 mac{};  ///< label "dialled"
};

/// To `identify`: identified. To the others: applied, or refused with the reason (another generation, another digest).
using call_answer = std::variant<identified, applied, refused>;

}  // namespace headgate::inline v1
