// headgate-job: submits jobs, shows them, changes what is wished of them. Speaks to controllers through the database.
#include "commands.hpp"

#include "../common/seconds.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

namespace {

using namespace headgate::example;

constexpr const char* footer = R"(Exit codes:
  0  done
  1  the job failed, is damaged, or did not become what was waited for
  2  usage: a flag, a program file or a wish is wrong, or what is to be changed is damaged
  3  the database cannot be used, or did not answer
  4  there is no such job
  5  there is another job of this id, or one that has ended; or somebody else changed it at the same time
  6  not supported yet
NO_COLOR in the environment turns colours off.)";

/// What fits in a `duration`, with room to add.
CLI::Validator seconds() { return seconds_in(0.001, 1e9); }

void add_submit(CLI::App& app, options& o, std::function<int()>& chosen) {
    CLI::App* const c = app.add_subcommand("submit", "make a job of a program");
    c->add_option("program", o.program, "program file (JSON of headgate.wire.v1.Program)")->required();
    c->add_option("--id", o.job, "the job's id; default: the name");
    c->add_option("--name", o.name, "what people call it; default: the file's name");
    c->add_option("--organization", o.organization, "whose it is");
    c->add_option("--parallelism", o.parallelism, "NODE=N: run this node with N subtasks; may be repeated");
    c->add_option("--ttl", o.ttl, "seconds after which it is stopped")->check(seconds());
    c->add_option("--ignore-state-before-epoch", o.ignore_state_before, "restore no epoch before this one")
        ->check(CLI::NonNegativeNumber);
    c->add_option("--checkpoint-interval", o.checkpoint_interval, "seconds between two checkpoints; default 10")
        ->check(seconds());
    c->add_option("--env", o.environment, "NAME=VALUE for the workers; may be repeated");
    c->add_option("--tag", o.tags, "NAME=VALUE, handed to the backend; may be repeated");
    c->add_option("--backend-configuration", o.backend_configuration, "handed to the backend as it is");
    c->add_option("--restart-mode", o.restart_mode, "safe or force")->check(CLI::IsMember({"safe", "force"}));
    c->add_option("--restart-nonce", o.restart_nonce,
                  "a number for the wish; `start` of a failed job raises it; default 0")
        ->check(CLI::NonNegativeNumber);
    c->add_flag("--wait-for-slots", o.wait_for_slots, "wait for slots without limit");
    c->add_flag("--stopped", o.stopped, "keep it stopped, until `start`");
    c->add_flag("-w,--watch", o.watch, "then show its history until it ends");
    c->callback([&] { chosen = [&] { return submit(o); }; });
}

void add_looks(CLI::App& app, options& o, std::function<int()>& chosen) {
    CLI::App* const list_command = app.add_subcommand("list", "all jobs, one a line");
    list_command->add_flag("-w,--watch", o.watch, "again whenever something has changed, looked at every second");
    list_command->callback([&] { chosen = [&] { return list(o); }; });

    CLI::App* const describe_command = app.add_subcommand("describe", "everything about one job");
    describe_command->add_option("job", o.job, "its id")->required();
    describe_command->add_flag("-w,--watch", o.watch, "again whenever something has changed, looked at every second");
    describe_command->callback([&] { chosen = [&] { return describe(o); }; });

    CLI::App* const events_command = app.add_subcommand("events", "a job's history");
    events_command->add_option("job", o.job, "its id")->required();
    events_command->add_flag("-f,--follow,-w,--watch", o.watch, "go on until it ends");
    events_command->callback([&] { chosen = [&] { return events(o); }; });

    CLI::App* const wait_command = app.add_subcommand(
        "wait", "wait until a job is in a state, has a checkpoint, ...: all that is asked for at once");
    wait_command->add_option("job", o.job, "its id")->required();
    wait_command->add_option("--for", o.state, "Running, Stopped, Finished, ...; default Finished, if nothing else is");
    wait_command->add_option("--checkpoint", o.epoch, "until the checkpoint of this epoch, or a later one, is ready")
        ->check(CLI::NonNegativeNumber);
    wait_command->add_option("--why", o.why, "until WHY of `list` has this text");
    wait_command->add_option("--event", o.event, "until a line of the history has this text");
    wait_command->add_option("--timeout", o.timeout, "seconds; default: without limit")->check(seconds());
    wait_command->callback([&] { chosen = [&] { return wait(o); }; });
}

void add_changes(CLI::App& app, options& o, std::function<int()>& chosen) {
    CLI::App* const stop_command = app.add_subcommand("stop", "end a job");
    stop_command->add_option("job", o.job, "its id")->required();
    stop_command->add_option("--mode", o.stop_mode, "immediate (default), force, checkpoint or graceful")
        ->check(CLI::IsMember({"immediate", "force", "checkpoint", "graceful"}));
    stop_command->add_flag_callback("--force", [&] { o.stop_mode = "force"; }, "the same as --mode force");
    stop_command->add_flag("-w,--watch", o.watch, "wait until it has stopped");
    stop_command->callback([&] { chosen = [&] { return stop(o); }; });

    CLI::App* const start_command = app.add_subcommand("start", "run a stopped or failed job again");
    start_command->add_option("job", o.job, "its id")->required();
    start_command->add_flag("-w,--watch", o.watch, "then show its history until it ends");
    start_command->callback([&] { chosen = [&] { return start(o); }; });
}

}  // namespace

int main(int count, char** arguments) {
    CLI::App app{"Submits jobs to headgate controllers and looks after them.", "headgate-job"};
    app.footer(footer);
    app.require_subcommand(1);
    app.fallthrough();
    options o;
    std::function<int()> chosen;
    app.add_option("-d,--database", o.database, std::string("where the jobs are: ") + database_help)
        ->envname("HEADGATE_DATABASE");
    app.add_option("-o,--output", o.output, "text (default) or json")->check(CLI::IsMember({"text", "json"}));
    add_submit(app, o, chosen);
    add_looks(app, o, chosen);
    add_changes(app, o, chosen);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : 2;
    }
    try {
        return chosen();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "headgate-job: %s\n", problem.what());
        return 3;
    }
}
