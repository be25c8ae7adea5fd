#pragma once
// SPDX-License-Identifier: BSL-1.0
// spdlog: notes of jobs as lines of a log, a model of `observer`.

#include <headgate/concepts/observer.hpp>

#include <spdlog/common.h>

#include <memory>
#include <string>

namespace spdlog {
class logger;
}

// Not `headgate::spdlog`: it would hide `::spdlog` from everything in headgate.
namespace headgate::inline v1::logging {

/// "job orders, generation 3: Scheduling -> Running", "job orders: attempt 2 of 3 failed, again in 0.150 s: ...".
/// One line, fit for any terminal (`one_line`), at most 16 KiB. The generation is there where the note has one.
std::string line(const job_id& job, const note& what);

/// info: transitions without an error, phases, remarks; warn: transitions with one, retries, warnings; err: alarms, and
/// a job that goes on to Failing or Failed.
spdlog::level::level_enum level_of(const note& what);

/// Writes one line for each note. spdlog gives it the time; what goes wrong in writing goes to spdlog's error handler.
/// From any thread, if the logger is one of those (`_mt`). A copy writes to the same logger.
class observer {
public:
    /// Writes to spdlog's default logger, as it is now.
    observer();
    /// Precondition: not null.
    explicit observer(std::shared_ptr<spdlog::logger> log);

    void on(const job_id& job, instant at, const note& what) const;

private:
    std::shared_ptr<spdlog::logger> log_;
};

static_assert(headgate::observer<observer>);

}  // namespace headgate::inline v1::logging
