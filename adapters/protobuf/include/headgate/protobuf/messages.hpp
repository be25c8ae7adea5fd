#pragma once
// SPDX-License-Identifier: BSL-1.0
// protobuf: what workers and controllers say to each other, as bytes (proto/headgate/v1/worker.proto).

#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/execution.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <string>
#include <string_view>

namespace headgate::inline v1::protobuf {

/// On the stream, as `WorkerMessage` and `ControllerMessage`. Equal values give equal bytes, which decode to the value;
/// only error texts are cut at `most.error_text`.
std::string encode(const worker_message& what);
std::string encode(const controller_message& what);

/// Any bytes are a question: `invalid` says what is wrong and where. Limits on sizes and counts are checked, and that
/// ranges ascend and are disjoint. Who says it, and whether it may be said, is for others to check.
expected<worker_message> decode_worker_message(std::string_view bytes, const limits& most = {});
expected<controller_message> decode_controller_message(std::string_view bytes, const limits& most = {});

/// Calls to the worker, as `IdentifyRequest` and so on. `Applied` has no bytes.
std::string encode(const identify& what);
std::string encode(const checkpoint& what);
std::string encode(const stop& what);
std::string encode(const identified& what);

/// A `StartExecutionRequest` in two parts, so that the large one is made once for all workers: the request's bytes are
/// the one after the other. Precondition: program and plan are there.
std::string encode(const execution& what);
std::string encode_data_token(const digest256& token);

/// As above; an execution's program and plan also keep their rules (`check`), since subtasks are made from them.
expected<identify> decode_identify(std::string_view bytes, const limits& most = {});
expected<execute> decode_execute(std::string_view bytes, const limits& most = {});
expected<checkpoint> decode_checkpoint(std::string_view bytes, const limits& most = {});
expected<stop> decode_stop(std::string_view bytes, const limits& most = {});
expected<identified> decode_identified(std::string_view bytes, const limits& most = {});

}  // namespace headgate::inline v1::protobuf
