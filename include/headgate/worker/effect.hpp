#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: what a step of a worker wants done, in this order. None is answered; what follows from one is an event.

#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/execution.hpp>
#include <headgate/vocabulary/message.hpp>

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

struct open_link {};
struct close_link {};

/// With a new nonce.
struct say_hello {};

/// Answers the challenge of this stream that held.
struct say_proof {};

/// With the engine's counters, if it was started.
struct say_heartbeat {
    std::uint64_t sequence{};
    bool with_counters = false;
};

/// The driver adds the code that shows who answers.
struct answer_identify {
    call_id id{};
    headgate::nonce nonce{};
};

struct answer_call {
    call_id id{};
    std::variant<applied, refused> what{};
};

/// Once at most. The driver adds the data token.
struct start_engine {
    std::shared_ptr<const execution> what{};
    std::uint32_t position{};  ///< of this worker in the plan
};

struct begin_engine_checkpoint {
    checkpoint_name name{};
};

/// With force: once done, nothing has an effect on the outside (G7).
struct stop_engine {
    bool force = false;
};

/// A message is to be sent as it is.
using worker_effect =
    std::variant<open_link, close_link, say_hello, say_proof, say_heartbeat, initialized, task_report,
                 checkpoint_report, answer_identify, answer_call, start_engine, begin_engine_checkpoint, stop_engine>;

/// Cleared and filled by each step; keeps its capacity.
using worker_effects = std::vector<worker_effect>;

}  // namespace headgate::inline v1
