// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any bytes in the columns of a job's row. What cannot be read is an error of that job alone. What can
// is claimed, and its workers come, report and beat; the controller neither throws nor stops, whatever it was, and goes
// on with the job beside it.
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
#include <memory>
#include <optional>
#include <utility>

using namespace headgate;

namespace {

/// One that a user could put, or nearly so.
wish a_wish(FuzzedDataProvider& from) {
    wish made{.version = 1, .program = tests::small_world::two_nodes()};
    const auto time = [&] { return duration(from.ConsumeIntegral<duration::rep>()); };
    if (from.ConsumeBool()) made.time_to_live = time();
    if (from.ConsumeBool()) made.checkpoint_interval = time();
    if (from.ConsumeBool()) made.ignore_state_before_epoch = epoch{from.ConsumeIntegral<std::uint32_t>()};
    if (from.ConsumeBool()) made.parallelism = {{{1}, from.ConsumeIntegral<std::uint32_t>()}};
    if (from.ConsumeBool()) made.environment = {{from.ConsumeRandomLengthString(20), "value"}};
    made.restart_nonce = from.ConsumeIntegral<std::uint8_t>();
    made.waits_for_slots = from.ConsumeBool();
    return made;
}

/// Columns as a controller writes them, of which any number are then overwritten.
columns::job a_row(FuzzedDataProvider& from) {
    columns::job made{.id = "beside"};
    columns::set(made, a_wish(from));
    columns::set(made, job_row{.generation = {5}});
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

/// Has one more job, as somebody with an editor left it.
struct edited : simulation::database {
    std::optional<job_record> damaged{};  ///< cannot be read, so calls find no row of it

    void keep(const job_record& found) {
        if (not found.wish) {
            damaged = found;
            return;
        }
        entry& made = jobs_[found.id];
        made.row = found.row;
        made.wish = *found.wish;
        made.submitted = made.since = now;
        if (found.last_ready) made.checkpoints[*found.last_ready] = checkpoint_state::ready;
        touch(made);
    }

    struct with_one_more {
        std::shared_ptr<const std::pair<held_completion<watch_jobs>, job_record>> of;
        ticket to{};

        void operator()(watch_jobs::answer answer) const {
            if (answer) answer->jobs.push_back(of->second);
            of->first(std::move(answer));
        }
    };
    void watch(const request<watch_jobs>& r, completion_for<watch_jobs> auto done) {
        if (damaged)
            simulation::database::watch(
                r, with_one_more{std::make_shared<const std::pair<held_completion<watch_jobs>, job_record>>(
                                     held_completion<watch_jobs>(done), *damaged),
                                 r.by});
        else
            simulation::database::watch(r, done);
    }
};

using world = tests::any_small_world<policies<>, edited>;

/// What workers do while the controller goes on for a while.
void pass(world& of, FuzzedDataProvider& from) {
    enum class deed { beat, checkpoint, finish, none };
    for (int polls = 0; polls < 30; ++polls) {
        of.controller.poll();
        of.workers_come();
        of.workers_report();
        switch (static_cast<deed>(from.ConsumeIntegralInRange(0, 3))) {
            case deed::beat: of.workers_beat(); break;
            case deed::checkpoint: of.workers_checkpoint(); break;
            case deed::finish: of.workers_report(true); break;
            case deed::none: break;
        }
        of.clock.advance_to(std::min(of.controller.next_deadline(), of.clock.now() + std::chrono::minutes(1)));
        of.database.now = of.clock.now();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    FuzzedDataProvider from(data, size);
    const columns::job row = a_row(from);
    const job_record found = columns::record_of(row);
    must(found.wish or not found.wish.error().text.empty(), "refused without a word");
    must(not found.wish or check(**found.wish), "read, though it breaks a rule");
    static_cast<void>(protobuf::decode_wish(row.wish));
    static_cast<void>(protobuf::decode_job_row(row.wish));
    static_cast<void>(protobuf::decode_checkpoint_metadata(row.wish));

    world of{.policy = {.most = {.workers = 64}}};  // so that no input takes seconds
    of.database.keep(found);
    if (found.id != of.job) of.wish_for({.version = 1});
    pass(of, from);
    const auto at = of.database.jobs().find(found.id);
    must(not found.wish or at->second.row.generation >= found.row.generation, "its generation fell");
    if (found.id != of.job)
        must(of.state() or is_terminal(of.database.jobs().at(of.job).row.state), "the job beside it was not taken up");
    return 0;
}
