// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any bytes on the streams of workers, of those that have proven themselves and of strangers, while a
// job comes up or runs. Whatever they say, the controller goes on, and the job is there or has ended by the table.
#include "must.hpp"

#include "../controller/bring_up.hpp"

#include <headgate/protobuf/messages.hpp>

#include <google/protobuf/stubs/logging.h>

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

using namespace headgate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    FuzzedDataProvider from(data, size);
    tests::small_world of;
    of.wish_for({.version = 1});
    enum class how_far { launched, registered, running };
    const auto begin = static_cast<how_far>(from.ConsumeIntegralInRange(0, 2));
    if (begin == how_far::running)
        must(of.come_up(), "the job did not come up");
    else
        must(of.until([&] { return of.scheduler.pool().all().size() == 2; }), "the workers were not launched");
    if (begin == how_far::registered) of.workers_come();

    while (from.remaining_bytes() > 0) {
        const stream_id stream{from.ConsumeIntegralInRange<std::uint64_t>(1, 6)};  // 1 and 2 are the workers'
        const auto said = protobuf::decode_worker_message(from.ConsumeRandomLengthString(4'096));
        if (said)
            of.channel.say(stream, *said);
        else
            of.channel.end(stream);
        if (from.ConsumeBool()) {
            of.controller.poll();
            of.clock.advance_to(std::min(of.controller.next_deadline(), of.clock.now() + std::chrono::minutes(1)));
        }
    }
    of.controller.poll();
    must(of.row().has_value(), "the job is not there any more");
    must(of.controller.metrics(of.job).nodes.size() <= 2, "more nodes are counted than there are");
    must(of.state() or is_terminal(of.row()->state), "the job was let go, and nobody else has it");
    return 0;
}
