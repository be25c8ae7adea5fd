#pragma once
// headgate-job: jobs and histories as people read them.

#include <headgate/vocabulary/record.hpp>

#include <string>
#include <vector>

namespace headgate::example {

/// JOB STATE SINCE TASKS RESTARTS CHECKPOINT WORKERS WHY, one job a line.
std::string table_of(const std::vector<job_record>& jobs, wall_time now, bool with_colors);

/// Everything about one job, a line for each.
std::string page_of(const job_record& job, wall_time now);

/// "12:31:07.042  generation 1  Scheduling -> Running"
std::string line_of(const log_line& line);

/// What it waits for, or why it failed: WHY of the table.
std::string why_of(const job_record& job);

/// That ran last, and so the one that finished. The row's own is a later one where another controller took the job over
/// just to see its workers gone.
generation ran_last(const job_row& row);

bool wants_colors();

}  // namespace headgate::example
