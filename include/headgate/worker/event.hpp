#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: what can happen to a worker. No secret is among it: the driver has checked codes and tokens.

#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/engine.hpp>
#include <headgate/vocabulary/event.hpp>
#include <headgate/vocabulary/message.hpp>

#include <memory>
#include <string>
#include <variant>

namespace headgate::inline v1 {

struct link_is_up {};

struct link_is_down {
    std::string why{};
};

/// The controller's answer to the hello of this stream.
struct challenged {
    bool holds = false;  ///< its code shows that it has the secret
};

/// `execute` without its token.
struct execution_offered {
    std::shared_ptr<const execution> what{};
};

struct call_heard {
    call_id id{};
    bool token_holds = false;
    std::variant<identify, execution_offered, checkpoint, stop> what{};
};

/// The program around the worker wants it to end.
struct end_wished {};

using worker_event = std::variant<tick, link_is_up, link_is_down, challenged, verdict, heartbeat_answer, call_heard,
                                  engine_event, end_wished>;

}  // namespace headgate::inline v1
