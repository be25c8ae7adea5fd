#include "show.hpp"

#include <headgate/protobuf/json.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace headgate::example {

namespace {

std::string ago(wall_time then, wall_time now) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
    if (seconds < 1) return "now";
    if (seconds < 120) return fmt::format("{}s", seconds);
    if (seconds < 7'200) return fmt::format("{}m", seconds / 60);
    if (seconds < 172'800) return fmt::format("{}h", seconds / 3'600);
    return fmt::format("{}d", seconds / 86'400);
}

// What came from outside, as whoever can write to the database does, is shown in one line, without what a terminal
// obeys.

/// The id, and the name where it is another.
std::string called(const job_record& job) {
    const std::string id = one_line(job.id.value, 100), name = job.wish ? one_line((*job.wish)->name, 100) : "";
    return name.empty() or name == id ? id : id + " (" + name + ")";
}

std::string clock(wall_time at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (at - seconds).count());
}

const char* color_of(state_name state) {
    switch (state) {
        case state_name::running:
        case state_name::finished: return "\033[32m";
        case state_name::failed:
        case state_name::failing: return "\033[31m";
        case state_name::recovering:
        case state_name::restarting:
        case state_name::rescaling: return "\033[33m";
        case state_name::created:
        case state_name::compiling:
        case state_name::scheduling:
        case state_name::checkpoint_stopping:
        case state_name::stopping:
        case state_name::finishing:
        case state_name::stopped: return "";
    }
    return "";
}

}  // namespace

generation ran_last(const job_row& row) {
    return row.plan and not row.plan->workers.empty() ? generation_of(row.plan->workers.front().id) : row.generation;
}

std::string why_of(const job_record& job) {
    if (not job.wish) return "damaged: " + one_line(headgate::describe(job.wish.error()));
    if (not job.waits_for.empty()) return one_line(job.waits_for);
    if (job.row.state == state_name::failed) return one_line(job.row.last_error);
    if (job.row.state == state_name::created and job.row.owner == incarnation{}) return "a controller to take it";
    return {};
}

bool wants_colors() { return std::getenv("NO_COLOR") == nullptr and isatty(STDOUT_FILENO); }

std::string table_of(const std::vector<job_record>& jobs, wall_time now, bool with_colors) {
    std::size_t width = 4;
    for (const job_record& job : jobs) width = std::max(width, called(job).size());
    std::string text = fmt::format("{:<{}}  {:<18}  {:>5}  {:>7}  {:>8}  {:>10}  {:>7}  {}\n", "NAME", width, "STATE",
                                   "SINCE", "TASKS", "RESTARTS", "CHECKPOINT", "WORKERS", "WHY");
    for (const job_record& job : jobs) {
        const std::string state = fmt::format("{:<18}", text_of(job.row.state));
        const std::string color = with_colors ? color_of(job.row.state) : "";
        text +=
            fmt::format("{:<{}}  {}{}{}  {:>5}  {:>7}  {:>8}  {:>10}  {:>7}  {}\n", called(job), width, color, state,
                        color.empty() ? "" : "\033[0m", ago(job.since, now), job.row.tasks, job.row.restarts,
                        job.last_ready ? std::to_string(job.last_ready->epoch.value) : "-", job.workers, why_of(job));
    }
    return text;
}

std::string page_of(const job_record& job, wall_time now) {
    const auto line = [](const char* name, const std::string& value) { return fmt::format("{:<14} {}\n", name, value); };
    std::string text = line("job", one_line(job.id.value));
    text += line("state", fmt::format("{}, for {}", text_of(job.row.state), ago(job.since, now)));
    if (not why_of(job).empty()) text += line("why", why_of(job));
    if (not job.row.last_error.empty()) text += line("last error", one_line(job.row.last_error));
    text += line("submitted", clock(job.submitted));
    if (job.started) text += line("started", clock(*job.started));
    text += line("generation", std::to_string(job.row.generation.value));
    if (job.row.state == state_name::finished)
        text += line("finished", "by generation " + std::to_string(ran_last(job.row).value));
    text += line("restarts", std::to_string(job.row.restarts));
    text += line("tasks", std::to_string(job.row.tasks));
    text += line("workers", std::to_string(job.workers));
    text += line("checkpoint", job.last_ready ? fmt::format("epoch {}, taken by generation {}",
                                                             job.last_ready->epoch.value,
                                                             job.last_ready->generation.value)
                                              : "none yet");
    if (not job.wish) return text;
    const wish& wished = **job.wish;
    text += line("name", one_line(wished.name));
    if (not wished.organization.empty()) text += line("organization", one_line(wished.organization));
    text += line("wish", fmt::format("version {}, {} reflected", wished.version, job.row.applied));
    if (job.time_left) text += line("time left", fmt::format("{} s", job.time_left->count() / 1'000));
    for (const auto& [name, value] : wished.tags) text += line("tag", one_line(name + "=" + value));
    for (const node& each : wished.program->nodes) {
        std::string chain;
        for (const chained_operator& one : each.operators)
            chain.append(chain.empty() ? "" : " > ").append(one_line(one.id.value));
        text += line("node", fmt::format("{}: {} x {}", each.id.value, each.parallelism, chain));
    }
    return text;
}

std::string line_of(const log_line& line) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(line.at);
    return fmt::format("{:%H:%M:%S}.{:03}  generation {}  {}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), (line.at - seconds).count(),
                       line.generation.value, one_line(line.text));
}

}  // namespace headgate::example
