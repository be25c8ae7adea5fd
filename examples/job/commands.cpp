#include "commands.hpp"

#include "session.hpp"
#include "show.hpp"

#include <headgate/machine/table.hpp>
#include <headgate/protobuf/json.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace headgate::example {

namespace {

wall_time wall_now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

duration seconds(double value) { return duration(static_cast<duration::rep>(value * 1'000)); }

/// "NAME=VALUE" taken apart.
std::pair<std::string, std::string> pair_of(const std::string& flag, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos or equals == 0) end(usage, flag + " \"" + text + "\": NAME=VALUE is needed");
    return {text.substr(0, equals), text.substr(equals + 1)};
}

std::uint32_t number_of(const std::string& flag, const std::string& text) {
    try {
        std::size_t used = 0;
        const unsigned long value = std::stoul(text, &used);
        if (used == text.size() and value <= 0xffffffff and text.front() != '-')
            return static_cast<std::uint32_t>(value);
    } catch (const std::exception&) {
    }
    end(usage, flag + ": \"" + text + "\" is no number");
}

std::shared_ptr<const program> program_in(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    if (not file or std::filesystem::is_directory(path) or not(text << file.rdbuf()))
        end(usage, "program file " + path + " cannot be read");
    auto read = protobuf::program_from_json(text.str());
    if (not read) end(usage, path + ": " + read.error().text);
    return std::make_shared<const program>(*std::move(read));
}

wish wish_of(const options& o) {
    wish made{.version = 1,
              .name = o.name.empty() ? std::filesystem::path(o.program).stem().string() : o.name,
              .organization = o.organization,
              .program = program_in(o.program),
              .backend_configuration = o.backend_configuration,
              .stop = o.stopped ? stop_mode::immediate : stop_mode::run,
              .restart = o.restart_mode == "force" ? restart_mode::force : restart_mode::safe,
              .restart_nonce = o.restart_nonce,
              .waits_for_slots = o.wait_for_slots};
    for (const std::string& text : o.parallelism) {
        const auto [id, count] = pair_of("--parallelism", text);
        made.parallelism.push_back({{number_of("--parallelism", id)}, number_of("--parallelism", count)});
    }
    for (const std::string& text : o.environment) made.environment.push_back(pair_of("--env", text));
    for (const std::string& text : o.tags) made.tags.push_back(pair_of("--tag", text));
    if (o.ttl) made.time_to_live = seconds(*o.ttl);
    if (o.checkpoint_interval) made.checkpoint_interval = seconds(*o.checkpoint_interval);
    if (o.ignore_state_before) made.ignore_state_before_epoch = epoch{*o.ignore_state_before};
    if (const auto ok = check(made); not ok) end(usage, ok.error().text);
    return made;
}

bool is_time_over(const job_record& job) { return job.time_left and *job.time_left <= duration(0); }

/// Nothing will become of it any more as it is: it rests, and its wish is not one to start it again
/// (machine/terminal.hpp), or it is damaged, and no controller has it or would take it.
bool is_over(const job_record& job) {
    if (not job.wish) return job.row.owner == incarnation{};
    if (not is_terminal(job.row.state)) return false;
    const wish& wished = **job.wish;
    if (wished.stop != stop_mode::run or is_time_over(job)) return true;
    if (job.row.state == state_name::stopped) return wished.version <= job.row.applied;
    return job.row.state != state_name::failed or wished.restart_nonce == job.row.restart_nonce;
}

/// What a command answers: `text`, or the same in fields.
void answer(const options& o, const std::string& text, const nlohmann::json& fields) {
    std::cout << (o.output == "json" ? fields.dump() : text) << std::endl;
}

/// Prints what `all()` makes of the jobs, in text and JSON; with -w again whenever the JSON is another, and on a
/// terminal every second, since times go on.
template <class All>
int shows(session& at, const options& o, All all) {
    for (std::string shown;;) {
        const auto [text, fields] = all();
        const bool is_redrawn = o.output != "json" and o.watch and wants_colors();
        if (fields != shown or is_redrawn) {
            if (is_redrawn) std::cout << "\033[H\033[2J";
            std::cout << (o.output == "json" ? fields + "\n" : text) << std::flush;
        }
        if (not o.watch) return done;
        shown = fields;
        at.news(std::chrono::seconds(1));
    }
}

/// Ends the command with what became of the job.
int end_of(const job_record& job) {
    if (job.wish and job.row.state != state_name::failed) return done;
    std::cerr << "headgate-job: " << job.id.value
              << (job.wish ? " failed: " + one_line(job.row.last_error) : " is " + why_of(job)) << '\n';
    return failed_or_not;
}

bool has_checkpoint(const job_record& job, std::optional<std::uint32_t> epoch) {
    return not epoch or (job.last_ready and job.last_ready->epoch.value >= *epoch);
}

/// What a job's history has told so far.
class history {
public:
    history(session& at, std::string job) : at_(at), job_(std::move(job)) {}

    /// What it has told since the last call.
    std::vector<log_line> more() {
        std::vector<log_line> lines = at_.log(job_, last_);
        for (const log_line& line : lines) {
            last_ = line.number;
            if (line.text.find(" -> ") != std::string::npos) transition_ = line.text;
        }
        return lines;
    }

    /// Whether it has told how the job came to rest. It does so a moment after the row says that it rests, and never
    /// if its controller died in between: so what is not told within 5 s counts as told.
    bool is_whole(const job_record& record) {
        if (until_ == never) until_ = session::now() + std::chrono::seconds(5);
        return not record.wish or session::now() >= until_ or
               transition_.find(" -> " + std::string(text_of(record.row.state))) != std::string::npos;
    }

private:
    session& at_;
    std::string job_;
    std::uint64_t last_ = 0;
    std::string transition_;  // the newest
    instant until_ = never;
};

int follow(session& at, const std::string& job, const options& o, bool until_end) {
    history told(at, job);
    for (;;) {
        const job_record record = at.get(job);
        for (const log_line& line : told.more()) {
            if (o.output == "json")
                std::cout << nlohmann::json{{"number", line.number},
                                            {"at", line.at.time_since_epoch().count()},
                                            {"generation", line.generation.value},
                                            {"text", line.text}}
                                 .dump()
                          << std::endl;
            else
                std::cout << line_of(line) << std::endl;
        }
        if (not until_end) return done;
        if (is_over(record) and told.is_whole(record)) return end_of(record);
        at.news(session::look_again);
    }
}

template <class Command>
int guarded(Command command) {
    try {
        return command();
    } catch (const command_ended& ended) {
        return ended.code;
    }
}

}  // namespace

int submit(const options& o) {
    return guarded([&] {
        const wish made = wish_of(o);
        const std::string id = o.job.empty() ? made.name : o.job;
        if (id.empty() or id.size() > limits{}.id)
            end(usage, "--id \"" + id + "\": an id has 1 to " + std::to_string(limits{}.id) + " bytes");
        if (one_line(id) != id) end(usage, "--id \"" + one_line(id) + "\": an id is text in one line");
        session at(o.database, if_missing::make);
        at.put(id, made);  // or the same was there already
        const job_record stands = at.get(id);
        if (not o.stopped and is_over(stands))
            end(conflict, "there is a job \"" + id + "\" already, which is " + std::string(text_of(stands.row.state)) +
                              (stands.row.state == state_name::finished ? "" : "; `start` runs it again") +
                              "; choose another --id");
        answer(o, id, {{"job", id}});
        return o.watch ? follow(at, id, o, true) : done;
    });
}

int list(const options& o) {
    return guarded([&] {
        session at(o.database);
        return shows(at, o, [&] {
            const std::vector<job_record> jobs = at.all_anew();
            std::string all = "[";
            for (const job_record& one : jobs) all.append(all.size() > 1 ? ",\n" : "").append(protobuf::to_json(one));
            return std::pair(table_of(jobs, wall_now(), wants_colors()), all + "]");
        });
    });
}

int describe(const options& o) {
    return guarded([&] {
        session at(o.database);
        return shows(at, o, [&] {
            const job_record job = at.get_anew(o.job);
            return std::pair(page_of(job, wall_now()), protobuf::to_json(job));
        });
    });
}

int events(const options& o) {
    return guarded([&] {
        session at(o.database);
        at.get(o.job);
        return follow(at, o.job, o, o.watch);
    });
}

int wait(const options& o) {
    return guarded([&]() -> int {
        const bool is_for_all = not o.state and not o.epoch and o.event.empty() and o.why.empty();
        const std::string state = o.state.value_or(is_for_all ? "Finished" : "");
        if (not state.empty() and
            std::ranges::none_of(table, [&](const table_row& r) { return text_of(r.state) == state; }))
            end(usage, "--for \"" + state + "\": there is no such state");
        session at(o.database);
        const instant until = o.timeout ? session::now() + seconds(*o.timeout) : never;
        history told(at, o.job);
        bool was_told = o.event.empty();
        // A checkpoint is no news of a watch, but the history tells of it; unless the controller died in between.
        instant anew = session::now();
        for (;;) {
            const bool is_anew = o.epoch and session::now() >= anew;
            if (is_anew) anew = session::now() + std::chrono::seconds(2);
            const job_record job = is_anew ? at.get_anew(o.job) : at.get(o.job);
            bool has_more = false;
            // After the job, so that what led to its end is in it.
            if (o.epoch or not was_told)
                for (const log_line& line : told.more()) {
                    was_told = was_told or line.text.find(o.event) != std::string::npos;
                    has_more = true;
                }
            if (has_more) anew = session::now();
            if (was_told and (state.empty() or text_of(job.row.state) == state) and has_checkpoint(job, o.epoch) and
                why_of(job).find(o.why) != std::string::npos) {
                const bool is_finished = job.row.state == state_name::finished;
                const std::uint32_t with = (is_finished ? ran_last(job.row) : job.row.generation).value;
                const std::string now(text_of(job.row.state));
                answer(o, now + " generation " + std::to_string(with),
                       {{"job", o.job}, {"state", now}, {"generation", with}});
                return done;
            }
            if (is_over(job) and (was_told or told.is_whole(job))) {
                std::cerr << "headgate-job: " << o.job << " is "
                          << (job.wish ? std::string(text_of(job.row.state)) : why_of(job))
                          << (job.row.last_error.empty() ? "" : ": ") << one_line(job.row.last_error) << '\n';
                return failed_or_not;
            }
            if (session::now() >= until) {
                std::cerr << "headgate-job: " << o.job << " is still " << text_of(job.row.state) << " after "
                          << *o.timeout << " s" << (why_of(job).empty() ? "" : "; ") << why_of(job) << '\n';
                return failed_or_not;
            }
            if (has_more and o.epoch) continue;
            at.news(std::min(not o.epoch and o.event.empty() ? std::chrono::milliseconds(1'000) : session::look_again,
                             until == never ? std::chrono::milliseconds(1'000) : until - session::now()));
        }
    });
}

int stop(const options& o) {
    return guarded([&]() -> int {
        if (o.stop_mode == "checkpoint" or o.stop_mode == "graceful")
            end(later, "stop --mode " + o.stop_mode + " is not supported yet; use immediate or force");
        session at(o.database);
        const job_record job = at.get(o.job);
        if (not job.wish) end(usage, "the job is damaged: " + headgate::describe(job.wish.error()));
        const auto is_now = [&](const job_record& now, const std::string& so) {
            const std::string state(text_of(now.row.state));
            answer(o, o.job + " is " + state + so, {{"job", o.job}, {"state", state}});
            return done;
        };
        if (is_over(job)) return is_now(job, " already");
        wish next = **job.wish;
        ++next.version;
        // The strongest that was asked for is what is carried out (I13).
        next.stop = std::max(next.stop, o.stop_mode == "force" ? stop_mode::force : stop_mode::immediate);
        at.put(o.job, next);
        if (not o.watch) return done;
        for (;;) {
            const job_record now = at.get(o.job);
            if (not now.wish) return end_of(now);
            if (is_terminal(now.row.state)) return is_now(now, "");
            at.news(std::chrono::seconds(1));
        }
    });
}

int start(const options& o) {
    return guarded([&]() -> int {
        session at(o.database);
        const job_record job = at.get(o.job);
        if (not job.wish) end(usage, "the job is damaged: " + headgate::describe(job.wish.error()));
        if (job.row.state == state_name::finished)
            end(usage, o.job + " is Finished, and stays so; submit it under another --id");
        if (not is_terminal(job.row.state)) {
            if ((*job.wish)->stop == stop_mode::run) end(later, o.job + " runs; restarting is not supported yet");
            end(conflict, o.job + " is stopping; start it when it has stopped");
        }
        if (is_time_over(job)) end(usage, o.job + ": its time to live is over; submit it under another --id");
        wish next = **job.wish;
        ++next.version;
        next.stop = stop_mode::run;
        if (job.row.state == state_name::failed) ++next.restart_nonce;
        at.put(o.job, next);
        return o.watch ? follow(at, o.job, o, true) : done;
    });
}

}  // namespace headgate::example
