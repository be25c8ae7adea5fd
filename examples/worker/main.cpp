// SPDX-License-Identifier: BSL-1.0
// headgate-worker: runs the subtasks that a controller gives it, with the small dataflow engine beside this file.
#include "run_worker.hpp"

#include "../common/open_files.hpp"
#include "../common/transport_of.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::example;

enum exit_code : int { ended = 0, trouble = 1, usage = 2 };

constexpr const char* footer =
    R"(The identity is a secret: a file that only its user can read, made by the controller's scheduler.
A program's operators are read_files, split_words, count_by_key and write_counts; their configuration is JSON.

Faults, to see what becomes of a job; @1.0 means only worker 0 of generation 1:
  connecting  before it opens its stream      dialled   registered, nothing launched yet
  called      StartExecution has come         answered  StartExecution was answered
  starting    some subtasks have started      stopping  it was asked to stop
  HOW: kill (SIGKILL), halt (SIGSTOP) or withhold: what was to happen at that point does not

Exit codes:
  0  stopped as it was asked to (by its controller, SIGTERM, SIGINT), or its generation is over
  1  refused, never accepted, without a controller for longer than its lease, an address cannot be listened on, or the
     files of --tls cannot be used
  2  usage, or the identity cannot be read)";

struct flags {
    std::string identity{};
    std::string level = "info";
    std::vector<std::string> faults{};
    run_worker_options worker{};
};

/// Said, not refused: whoever has read it is kept out no more by a worker that does not come.
void warn_if_others_may_read(const std::string& file) {
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0 or (about.st_mode & 077) == 0) return;
    spdlog::warn("{} has mode {:04o}, so that others may use its token, which is a secret: chmod 600 {}", file,
                 about.st_mode & 0777, file);
}

expected<identity> read_identity(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (not in) return failure(error_kind::invalid, "cannot read the identity in " + file);
    warn_if_others_may_read(file);
    return parse_identity(text);
}

/// Asks for a stop at the first SIGTERM or SIGINT. No thread that is made later takes them.
class signals {
public:
    explicit signals(std::stop_source& stop) {
        sigemptyset(&taken_);
        sigaddset(&taken_, SIGTERM);
        sigaddset(&taken_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &taken_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
        waits_ = std::thread([this, &stop] {
            int which = 0;
            sigwait(&taken_, &which);
            stop.request_stop();
        });
    }
    signals(const signals&) = delete;
    signals& operator=(const signals&) = delete;
    ~signals() {
        pthread_kill(waits_.native_handle(), SIGTERM);
        waits_.join();
    }

private:
    sigset_t taken_{};
    std::thread waits_{};
};

int code_of(worker_end_kind how) {
    switch (how) {
        case worker_end_kind::stopped:
        case worker_end_kind::dismissed: return ended;
        case worker_end_kind::refused:
        case worker_end_kind::lease_over:
        case worker_end_kind::gave_up:
        case worker_end_kind::engine_ended: return trouble;
    }
    return trouble;
}

/// What is wrong with it, for CLI11; empty: nothing.
std::string fault_of_flag(const std::string& text) {
    const auto one = parse_fault(text);
    return one ? std::string() : describe(one.error());
}

int run(flags with) {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("headgate-worker", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
    spdlog::set_level(spdlog::level::from_str(with.level));
    if (with.identity.empty()) {
        spdlog::error("no identity: --identity FILE, or its path in {}", identity_variable);
        return usage;
    }
    const auto who = read_identity(with.identity);
    if (not who) {
        spdlog::error("{}", describe(who.error()));
        return usage;
    }
    for (const std::string& text : with.faults) with.worker.faults.push_back(*parse_fault(text));
    with.worker.identity = *who;
    with.worker.log = [](const std::string& line) { spdlog::info("{}", line); };
    std::stop_source stop;
    const signals watched(stop);
    const auto how = run_worker(std::move(with.worker), stop.get_token());
    if (how) return code_of(how->kind);
    spdlog::error("{}", describe(how.error()));
    return trouble;
}

}  // namespace

int main(int count, char** arguments) {
    // A wish sets variables of its workers (S6). With these gRPC would write what is sent, tokens too, into their logs.
    for (const char* const tracing : {"GRPC_TRACE", "GRPC_VERBOSITY"}) ::unsetenv(tracing);
    raise_limit_of_open_files();
    CLI::App app("A worker: registers with its controller and runs the subtasks that it is given.", "headgate-worker");
    app.footer(footer);
    flags with;
    app.add_option("--identity", with.identity, "file with the worker's identity")
        ->envname(std::string(identity_variable));
    app.add_option("--state", with.worker.state, "directory of the controller's checkpoints; none: none can be taken");
    app.add_option("--positions", with.worker.positions,
                   "directory where sources write how many lines they have read; default: they do not");
    app.add_option("--listen", with.worker.listen, "host:port for the controller's calls; default 127.0.0.1:0");
    app.add_option("--data-listen", with.worker.data_listen,
                   "host:port for other workers, on loopback unless there is --tls; default: any port at the host of "
                   "--listen");
    app.add_option("--tls", with.worker.tls, tls_help)->check(CLI::ExistingDirectory);
    app.add_option("--slots", with.worker.slots, "slots offered; default: all that were granted")
        ->check(CLI::Range(1U, limits{}.slots));
    app.add_option("--machine", with.worker.machine, "name of this machine; default: the host's");
    app.add_option("--zone", with.worker.zone, "where this machine is");
    app.add_option("--fault", with.faults,
                   "POINT=HOW or POINT=HOW@GENERATION.WORKER: goes wrong on purpose; may be repeated, see below")
        ->check(fault_of_flag);
    app.add_option("--log-level", with.level, "lines on standard error; default info")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong) == 0 ? ended : usage;
    }
    return run(std::move(with));
}
