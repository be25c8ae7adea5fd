#pragma once
// SPDX-License-Identifier: BSL-1.0
// process: workers as child processes of the controller, on its machine.

#include <headgate/concepts/held_completion.hpp>
#include <headgate/concepts/scheduler.hpp>
#include <headgate/vocabulary/limits.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::process {

struct options {
    std::vector<std::string> command{};  ///< program, looked for in PATH if it has no /, and arguments; no shell
    std::string controller{};            ///< host:port that workers register at
    /// Of all controllers of one database: records, floors, identity files. Needs a file system with flock.
    std::filesystem::path directory = "headgate-workers";
    std::uint32_t slots_per_worker = 16;
    std::uint64_t capacity = limits{}.workers;  ///< slots of this machine, for all controllers of the directory
    std::filesystem::path logs{};    ///< a file for each worker's output, mode 0600; empty: output is discarded
    variables environment{};         ///< of every worker; PATH, HOME, LANG and TZ are the controller's, nothing else
    std::function<instant()> now{};  ///< the clock of the deadlines; empty: std::chrono::steady_clock
    std::function<void(std::string_view line)> warn{};  ///< from the scheduler's thread; empty: std::clog
};

/// Starts processes of this user, each in a session of its own, so that they outlive controller and terminal (SPEC 8).
///
/// A worker finds the path of its identity file in HEADGATE_IDENTITY (`parse_identity`), and about its job
/// HEADGATE_{JOB,JOB_NAME,ORGANIZATION,GENERATION,WORKER,SLOTS,PROGRAM_DIGEST,TAGS,BACKEND_CONFIGURATION}, which win
/// over the user's (S6). A stop is SIGTERM, by force SIGKILL, to the process and its process group. A script around a
/// worker is to exec it: the process that was started is what is waited for, not what that one started.
///
/// Several of these over one directory, in any processes of this user and machine, see and stop each other's workers:
/// a stop raises the floor of the job first and a start refuses at or below it, both under the directory's lock, so one
/// that was paused cannot start what its successor stopped. A worker that exits is seen at once and may be started
/// anew. The end of this object, or of its process, leaves the workers running.
///
/// Errors     `permanent` names a program that cannot be run, or a directory that others can read.
/// Threads    one of its own, which calls all completions.
/// Cost       a start is about 1 ms for each worker, a stop reads one record for each worker in the directory. A file
///            descriptor for each worker; above the process's limit they are looked at five times a second instead.
class scheduler {
public:
    explicit scheduler(options what);
    scheduler(scheduler&&) noexcept;
    scheduler& operator=(scheduler&&) noexcept;
    /// Answers what is held: stops with what is left.
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

private:
    class state;

    void start(const request<headgate::start_workers>& r, held_completion<headgate::start_workers> done);
    void stop(const request<headgate::stop_workers>& r, held_completion<headgate::stop_workers> done);
    void list(const request<list_workers>& r, held_completion<list_workers> done);
    void hold(const request<watch_workers>& r, held_completion<watch_workers> done);

    std::unique_ptr<state> state_;
};

static_assert(headgate::scheduler<scheduler>);

}  // namespace headgate::inline v1::process
