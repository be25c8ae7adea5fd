#pragma once
// SPDX-License-Identifier: BSL-1.0
// manual: workers that a person starts, on whatever machine.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/scheduler.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::manual {

struct options {
    std::vector<std::string> command{};  ///< how a worker is started: program and arguments, for the printed line
    std::string controller{};            ///< host:port that workers register at
    /// Of all controllers of one database: records, floors, identity files. Not that of another kind of scheduler.
    std::filesystem::path directory = "headgate-manual";
    std::uint32_t slots_per_worker = 16;
    std::uint64_t capacity = limits{}.workers;           ///< slots of all machines together
    duration lease = std::chrono::seconds(30);           ///< after which a worker that is not answered has ended (G7)
    std::function<instant()> now{};                      ///< empty: std::chrono::steady_clock
    std::function<void(std::string_view line)> print{};  ///< from the scheduler's thread; empty: std::cout
    std::function<void(std::string_view line)> warn{};   ///< the same; empty: std::clog
};

/// Writes an identity file for each worker and prints the command that starts it, a line that a shell takes; where the
/// worker runs on another machine the person copies the file there (SPEC 8). A start is applied when the files are
/// there: the person, or nobody, does the rest before the worker start-up time is over. The command has the wish's
/// environment and headgate's own variables, which win, with a warning (S6).
///
/// A stop raises the floor and revokes (removes) the identity files. Nobody here can see or end a process elsewhere, so
/// a worker is left until its lease has passed since its file was revoked and its stream ended, whichever came last.
/// Streams are known by `note_stream_...` alone; a worker of which none was noted counts as without. Outside a stop, a
/// worker whose stream ended and was not opened again within the lease has exited. `force` changes nothing.
///
/// Lease and deadlines are by this object's clock: one that finds a revoked file counts the lease from then on.
/// Threads    one of its own, which calls all completions. `note_stream_...` from any.
class scheduler {
public:
    explicit scheduler(options what);
    scheduler(scheduler&&) noexcept;
    ~scheduler();

    std::uint32_t worker_slots() const;
    void start_workers(const request<headgate::start_workers>& r, completion_for<headgate::start_workers> auto done) {
        start(r, std::move(done));
    }
    void stop_workers(const request<headgate::stop_workers>& r, completion_for<headgate::stop_workers> auto done) {
        stop(r, std::move(done));
    }
    void workers(const request<list_workers>& r, completion_for<list_workers> auto done) { list(r, std::move(done)); }
    void watch(const request<watch_workers>& r, completion_for<watch_workers> auto done) { hold(r, std::move(done)); }

    void note_stream_opened(const job_id& job, generation of, worker_id worker);
    void note_stream_ended(const job_id& job, generation of, worker_id worker);

private:
    class state;

    void start(const request<headgate::start_workers>& r, held_completion<headgate::start_workers> done);
    void stop(const request<headgate::stop_workers>& r, held_completion<headgate::stop_workers> done);
    void list(const request<list_workers>& r, held_completion<list_workers> done);
    void hold(const request<watch_workers>& r, held_completion<watch_workers> done);

    std::unique_ptr<state> state_;
};

static_assert(headgate::scheduler<scheduler>);

}  // namespace headgate::inline v1::manual
