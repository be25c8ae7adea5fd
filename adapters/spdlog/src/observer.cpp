// SPDX-License-Identifier: BSL-1.0
#include <headgate/spdlog/observer.hpp>

#include <headgate/vocabulary/note_text.hpp>

#include <spdlog/spdlog.h>

#include <cassert>
#include <utility>
#include <variant>

namespace headgate::inline v1::logging {

namespace {

spdlog::level::level_enum level_of_transition(const transition& moved) {
    if (moved.to == state_name::failing or moved.to == state_name::failed) return spdlog::level::err;
    return moved.why ? spdlog::level::warn : spdlog::level::info;
}

spdlog::level::level_enum level_of_severity(remark::severity how) {
    switch (how) {
        case remark::severity::info: return spdlog::level::info;
        case remark::severity::warning: return spdlog::level::warn;
        case remark::severity::alarm: return spdlog::level::err;
    }
    return spdlog::level::err;
}

std::string generation_in(const note& what) {
    const auto named = [](generation of) { return ", generation " + std::to_string(of.value); };
    return std::visit(detail::overloaded{
                          [&](const transition& t) { return named(t.generation); },
                          [&](const phase_ended& p) { return named(p.generation); },
                          [](const retried&) { return std::string(); },
                          [](const remark&) { return std::string(); },
                      },
                      what);
}

}  // namespace

std::string line(const job_id& job, const note& what) {
    return one_line("job " + job.value + generation_in(what) + ": " + text_of(what));
}

spdlog::level::level_enum level_of(const note& what) {
    return std::visit(detail::overloaded{
                          [](const transition& t) { return level_of_transition(t); },
                          [](const phase_ended&) { return spdlog::level::info; },
                          [](const retried&) { return spdlog::level::warn; },
                          [](const remark& r) { return level_of_severity(r.how); },
                      },
                      what);
}

observer::observer() : observer(spdlog::default_logger()) {}

observer::observer(std::shared_ptr<spdlog::logger> log) : log_(std::move(log)) { assert(log_); }

void observer::on(const job_id& job, instant, const note& what) const {
    const spdlog::level::level_enum level = level_of(what);
    if (not log_->should_log(level)) return;
    // As a text and not as a format: it may hold braces from the outside.
    log_->log(level, spdlog::string_view_t(line(job, what)));
}

}  // namespace headgate::inline v1::logging
