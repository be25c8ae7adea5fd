// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any bytes in the columns of a job's row. What cannot be read is an error of that job alone; a
// controller that finds what can be neither throws nor stops, and goes on with the job beside it.
#include "must.hpp"

#include "../controller/bring_up.hpp"

#include <headgate/columns/job.hpp>
#include <headgate/protobuf/codec.hpp>

#include <google/protobuf/stubs/logging.h>

#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <memory>

using namespace headgate;

namespace {

/// Columns as a controller writes them, of which any number are then overwritten.
columns::job a_row(FuzzedDataProvider& from) {
    columns::job made{.id = "beside"};
    columns::set(made, wish{.version = 1, .program = tests::small_world::two_nodes()});
    columns::set(made, job_row{});
    const auto number = [&](std::int64_t& column) {
        if (from.ConsumeBool()) column = from.ConsumeIntegral<std::int64_t>();
    };
    const auto text = [&](std::string& column) {
        if (from.ConsumeBool()) column = from.ConsumeRandomLengthString(300);
    };
    for (std::string* column : {&made.id, &made.name, &made.owner, &made.last_error, &made.waits_for}) text(*column);
    for (std::int64_t* column : {&made.version, &made.revision, &made.generation, &made.applied, &made.restart_nonce,
                                 &made.restarts, &made.tasks, &made.workers, &made.submitted, &made.since, &made.now})
        number(*column);
    if (from.ConsumeBool())
        made.state = text_of(static_cast<state_name>(from.ConsumeIntegralInRange<int>(0, 13)));
    else
        text(made.state);
    if (from.ConsumeBool())
        made.stop = text_of(static_cast<stop_mode>(from.ConsumeIntegralInRange<int>(0, 4)));
    else
        text(made.stop);
    made.is_complete = from.ConsumeBool();
    if (from.ConsumeBool()) made.plan = from.ConsumeRandomLengthString(300);
    if (from.ConsumeBool()) made.ready_epoch = from.ConsumeIntegral<std::int64_t>();
    if (from.ConsumeBool()) made.ready_generation = from.ConsumeIntegral<std::int64_t>();
    text(made.wish);
    return made;
}

/// Tells of one more job than it has, whose calls find no row.
struct edited : simulation::database {
    job_record beside{};

    struct kept {
        held_completion<watch_jobs> done;
        job_record beside;
    };
    struct with_one_more {
        std::shared_ptr<const kept> of;
        ticket to{};

        void operator()(watch_jobs::answer answer) const {
            if (answer) answer->jobs.push_back(of->beside);
            of->done(std::move(answer));
        }
    };
    void watch(const request<watch_jobs>& r, completion_for<watch_jobs> auto done) {
        simulation::database::watch(r, with_one_more{std::make_shared<const kept>(kept{done, beside}), r.by});
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    FuzzedDataProvider from(data, size);
    const columns::job row = a_row(from);
    const job_record found = columns::record_of(row);
    must(found.wish or not found.wish.error().text.empty(), "refused without a word");
    static_cast<void>(protobuf::decode_wish(row.wish));
    static_cast<void>(protobuf::decode_job_row(row.wish));
    static_cast<void>(protobuf::decode_checkpoint_metadata(row.wish));

    tests::any_small_world<policies<>, edited> of;
    of.database.beside = found;
    of.wish_for({.version = 1});
    for (int polls = 0; polls < 40; ++polls) {
        of.controller.poll();
        of.clock.advance_to(std::min(of.controller.next_deadline(), of.clock.now() + std::chrono::minutes(1)));
    }
    if (found.id != of.job) must(of.state().has_value(), "the job beside it was not taken up");
    return 0;
}
