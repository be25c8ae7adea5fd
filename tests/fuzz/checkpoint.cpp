// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any columns in the row of a checkpoint, and any bytes as what it holds. What cannot be read is an
// error that says so; what can comes back from its own text and bytes, and a controller that finds it as the restore
// point neither throws nor stops, whether or not the job is restored from it (S7, S9).
#include "must.hpp"

#include "../controller/bring_up.hpp"

#include <headgate/columns/job.hpp>
#include <headgate/protobuf/codec.hpp>

#include <google/protobuf/stubs/logging.h>

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

using namespace headgate;

namespace {

columns::checkpoint a_row(FuzzedDataProvider& from) {
    columns::checkpoint made;
    for (std::int64_t* column : {&made.epoch, &made.generation})
        *column =
            from.ConsumeBool() ? from.ConsumeIntegralInRange<std::int64_t>(0, 9) : from.ConsumeIntegral<std::int64_t>();
    const auto one = from.ConsumeIntegralInRange<int>(0, static_cast<int>(checkpoint_states));
    made.state = one < static_cast<int>(checkpoint_states) ? text_of(static_cast<checkpoint_state>(one))
                                                           : from.ConsumeRandomLengthString(32);
    return made;
}

void comes_back(const columns::checkpoint& row, const expected<checkpoint_row>& found) {
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto is_number = [](std::int64_t value) { return 0 <= value and value <= most; };
    must(found.has_value() == (is_number(row.epoch) and is_number(row.generation) and
                               columns::checkpoint_state_of(row.state).has_value()),
         "read, though it cannot be, or the other way round");
    if (not found) return must(not found.error().text.empty(), "refused without a word");
    must(found->name.epoch.value == row.epoch and found->name.generation.value == row.generation and
             text_of(found->state) == row.state,
         "a row was read as another");
}

/// Has this restore point, whatever the others say.
struct edited : simulation::database {
    std::optional<checkpoint_row> restore{};

    struct kept {
        held_completion<headgate::claim> done;
        std::optional<checkpoint_row> restore;
    };
    struct with_restore_point {
        std::shared_ptr<const kept> of;
        ticket to{};

        void operator()(headgate::claim::answer answer) const {
            answer.match([&](claimed won) { won.restore = of->restore, of->done(std::move(won)); },
                         [&](const error& why) { return of->done(not_applied{why}); },
                         [&](const error& why) { return of->done(unknown{why}); });
        }
    };
    void claim(const request<headgate::claim>& r, completion_for<headgate::claim> auto done) {
        simulation::database::claim(r, with_restore_point{std::make_shared<const kept>(kept{done, restore}), r.by});
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    FuzzedDataProvider from(data, size);
    const columns::checkpoint row = a_row(from);
    const bool is_there = from.ConsumeBool();
    const expected<checkpoint_row> found = columns::row_of({"words"}, row);
    comes_back(row, found);
    auto held = protobuf::decode_checkpoint_metadata(from.ConsumeRemainingBytesAsString());
    if (held) {
        const auto again = protobuf::decode_checkpoint_metadata(protobuf::encode(*held));
        must(again and *again == *held, "metadata did not come back from its bytes");
    } else {
        must(not held.error().text.empty(), "refused without a word");
    }

    if (not found or (found->state != checkpoint_state::ready and found->state != checkpoint_state::committing))
        return 0;
    tests::any_small_world<policies<>, edited> of;
    of.database.restore = *found;
    if (held and is_there) {
        held->name = found->name;
        const auto kept = std::make_shared<const checkpoint_metadata>(*held);
        of.states.store(request<store_checkpoint>{.what = {of.job, kept}}, any_completion<store_checkpoint>{});
    }
    of.wish_for({.version = 1});
    bool have_come = false;
    for (int polls = 0; polls < 24; ++polls) {
        of.controller.poll();
        if (not have_come and of.state() == state_name::scheduling and of.scheduler.pool().all().size() == 2) {
            of.workers_come();
            have_come = true;
        }
        of.workers_report();
        of.workers_checkpoint();
        of.clock.advance_to(std::min(of.controller.next_deadline(), of.clock.now() + std::chrono::seconds(10)));
    }
    must(of.row().has_value(), "the job is not there any more");
    must(of.state() or is_terminal(of.row()->state), "the job was let go, and nobody else has it");
    return 0;
}
