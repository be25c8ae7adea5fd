// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any bytes as a plan, and as an execution from the wire. A plan that `check` passes is whole: every
// subtask has one worker, and what a worker is told of its own subtasks is what the plan says of it (A1). An execution
// that is accepted has such a plan.
#include "must.hpp"

#include <headgate/assignment/report.hpp>
#include <headgate/assignment/views.hpp>
#include <headgate/protobuf/codec.hpp>
#include <headgate/protobuf/messages.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/vocabulary/program.hpp>

#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace headgate;

namespace {

void is_whole(const plan& found) {
    if (subtasks(found) > 100'000) return;
    std::uint64_t owned = 0;
    for (std::uint32_t at = 0; at < found.workers.size(); ++at)
        for (std::size_t node = 0; node < found.nodes.size(); ++node)
            shares(found, node, at, [&](subtask_range range) {
                must(range.first < range.last and range.last <= found.nodes[node].parallelism, "a share that is none");
                owned += range.last - range.first;
                for (const std::uint32_t i : {range.first, range.last - 1})
                    must(worker_of(found, node, i) == at, "a subtask of two workers");
            });
    must(owned == subtasks(found), "a subtask without a worker, or with two");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (const auto found = protobuf::decode_plan(bytes)) {
        program of;
        for (const placed_node& one : found->nodes) of.nodes.push_back({.id = one.id, .parallelism = one.parallelism});
        if (check(*found, of)) is_whole(*found);
        const auto again = protobuf::decode_plan(protobuf::encode(*found));
        must(again and *again == *found, "a plan did not come back from its bytes");
    }
    if (const auto found = protobuf::decode_execute(bytes); found and found->what) is_whole(*found->what->plan);
    return 0;
}
