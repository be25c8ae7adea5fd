// headgate-controller: brings jobs up and keeps them up. Any number of them share a database.
#include "console.hpp"

#include "../common/chosen_assignment.hpp"
#include "../common/open_database.hpp"
#include "../common/open_files.hpp"
#include "../common/seconds.hpp"
#include "../common/transport_of.hpp"
#include "../worker/run_worker.hpp"

#include <utility>  // boost/asio.hpp 1.81 needs it first

#include <boost/asio.hpp>
#include <headgate/asio/clock.hpp>
#include <headgate/asio/drive.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/embedded/scheduler.hpp>
#include <headgate/filesystem/path.hpp>
#include <headgate/filesystem/state_backend.hpp>
#include <headgate/grpc/channel.hpp>
#include <headgate/manual/noted_channel.hpp>
#include <headgate/manual/scheduler.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/process/scheduler.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::example;

struct options {
    std::string database = "sqlite:headgate.db";
    std::string listen = "127.0.0.1:0";
    std::string scheduler = "process";
    std::string assignment{assignments.front().name};
    std::string worker{};
    std::string directory{};
    std::string state{};
    std::string logs{};
    std::string positions{};
    std::string tls{};
    std::uint32_t slots = 16;
    std::uint64_t capacity = 10'000;
    std::vector<std::string> patience{};
    std::optional<double> look_every{};
    std::optional<std::uint32_t> restarts{};
    verbosity says = verbosity::normal;
    std::uint64_t open_files = 0;  ///< that this process may have
};

enum exit_code : int { ended = 0, usage = 2, no_database = 3, no_address = 4, trouble = 5 };

constexpr const char* footer = R"(Exit codes:
  0  asked to end (SIGTERM, SIGINT); jobs and workers go on, another controller takes them over
  2  usage
  3  the database cannot be used
  4  the address cannot be listened on, or the files of --tls cannot be used
  5  anything else
NO_COLOR in the environment turns colours off, CLICOLOR_FORCE turns them on where this is no terminal.)";

/// NAME=SECONDS: how long the controller waits for what (machine/policies.hpp).
bool set_patience(patience& to, const std::string& text) {
    const std::pair<const char*, duration*> names[] = {
        {"worker-start-up", &to.worker_start_up},
        {"task-start-up", &to.task_start_up},
        {"heartbeat", &to.heartbeat},
        {"overdue", &to.overdue},
        {"lease", &to.lease},
        {"lease-step", &to.lease_step},
        {"roll-call", &to.roll_call},
        {"owner-gone", &to.owner_gone},
        {"healthy", &to.healthy},
        {"checkpoint", &to.checkpoint},
        {"stop", &to.stop},
        {"graceful", &to.graceful},
        {"old-workers", &to.old_workers},
    };
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return false;
    for (const auto& [name, value] : names) {
        if (text.substr(0, equals) != name) continue;
        double seconds = 0;
        const char* const end = text.data() + text.size();
        const auto [rest, problem] = std::from_chars(text.data() + equals + 1, end, seconds);
        if (problem != std::errc() or rest != end or not(seconds > 0 and seconds < 1e9)) return false;
        *value = std::max(duration(1), duration(static_cast<duration::rep>(seconds * 1'000)));
        return true;
    }
    return false;
}

/// If they are fewer than so many workers need.
void warn_of_open_files(std::uint64_t workers, std::uint64_t of_a_worker, std::uint64_t files) {
    constexpr std::uint64_t of_its_own = 50;
    if (files == 0 or workers <= (files - std::min(files, of_its_own)) / of_a_worker) return;
    const std::string said = fmt::format(
        "headgate-controller: warning: this process may have {} open files; the {} workers of --capacity need {} for "
        "each: raise its hard limit (ulimit -Hn), or lower --capacity\n",
        files, workers, of_a_worker);
    std::fputs(said.c_str(), stderr);
}

/// What cannot work, or nothing. A worker's heartbeats come three times in a lease at least.
std::string fault_of(const patience& wait) {
    if (wait.lease < 3 * wait.lease_step) return "lease is at least three times lease-step, which is 2 by default";
    if (wait.overdue < 2 * std::min(wait.heartbeat, wait.lease / 3))
        return "overdue is at least twice heartbeat, which is 5 by default";
    return {};
}

int fail(exit_code code, const std::string& why) {
    std::fprintf(stderr, "headgate-controller: %s\n", why.c_str());
    return code;
}

/// The worker program beside this one.
std::string worker_beside() {
    std::error_code problem;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", problem);
    for (const char* const place : {"headgate-worker", "../worker/headgate-worker"})
        if (const auto path = self.parent_path() / place; std::filesystem::exists(path, problem))
            return std::filesystem::weakly_canonical(path, problem).string();
    return "headgate-worker";
}

/// Where workers on this machine listen. They are dialled at the host that they come from, and whoever connects to an
/// address of its own machine comes from that.
std::string listen_beside(const std::string& controller) { return controller.substr(0, controller.rfind(':')) + ":0"; }

/// A worker on this thread; its lines go to a file of its own.
void run_embedded(const identity& who, const options& o, std::stop_token stop) {
    std::mutex guard;
    std::ofstream file;
    if (not o.logs.empty())
        file.open(std::filesystem::path(o.logs) /
                  (filesystem::folder_name(who.job) + "." + std::to_string(who.generation.value) + "." +
                   std::to_string(who.worker.id.value) + ".log"));
    const auto log = [&](const std::string& line) {
        const std::lock_guard lock(guard);
        file << line << std::endl;
    };
    const auto end = run_worker({.identity = who,
                                 .state = o.state,
                                 .positions = o.positions,
                                 .listen = listen_beside(who.controller),
                                 .tls = o.tls,
                                 .log = log},
                                std::move(stop));
    if (not end) log(describe(end.error()));
}

struct schedulers {
    any_scheduler all;
    manual::scheduler* by_hand = nullptr;  ///< the same one, if it is
};

/// What controllers of one database share is beside its file by default. Answers the flag that has no default, or null.
const char* complete(options& o) {
    const bool has_records = o.scheduler != "embedded";
    if (is_server(o.database)) {
        if (o.state.empty()) return "--state";
        return has_records and o.directory.empty() ? "--directory" : nullptr;
    }
    if (o.state.empty()) o.state = file_of(o.database) + ".checkpoints";
    if (o.directory.empty()) o.directory = file_of(o.database) + ".workers";
    return nullptr;
}

/// `o` is complete, with absolute paths.
schedulers scheduler_of(const options& o, const std::string& address, const patience& wait,
                        std::function<instant()> now) {
    std::vector<std::string> command{o.worker, "--state", o.state};
    if (not o.positions.empty()) command.insert(command.end(), {"--positions", o.positions});
    if (not o.tls.empty()) command.insert(command.end(), {"--tls", o.tls});
    if (o.scheduler == "embedded")
        return {any_scheduler(std::make_unique<embedded::scheduler>(embedded::options{
            .run = [o](const identity& who, std::stop_token stop) { run_embedded(who, o, std::move(stop)); },
            .controller = address,
            .slots_per_worker = o.slots,
            .capacity = o.capacity,
            .now = now}))};
    const std::string beside = listen_beside(address);
    if (o.scheduler == "manual") {
        // On another machine it is that one's own address.
        if (not o.tls.empty()) command.insert(command.end(), {"--listen", beside});
        auto made = std::make_unique<manual::scheduler>(manual::options{.command = command,
                                                                        .controller = address,
                                                                        .directory = o.directory,
                                                                        .slots_per_worker = o.slots,
                                                                        .capacity = o.capacity,
                                                                        .lease = wait.lease,
                                                                        .now = now});
        manual::scheduler* const by_hand = made.get();
        return {any_scheduler(std::move(made)), by_hand};
    }
    command.insert(command.end(), {"--listen", beside});
    return {any_scheduler(std::make_unique<process::scheduler>(process::options{.command = command,
                                                                                .controller = address,
                                                                                .directory = o.directory,
                                                                                .slots_per_worker = o.slots,
                                                                                .capacity = o.capacity,
                                                                                .logs = o.logs,
                                                                                .now = now}))};
}

/// The controller, and the console that looks at it after each poll.
template <class Controller>
struct watched {
    Controller& controller;
    console& shown;
    headgate::asio::clock& clock;

    void poll() {
        controller.poll();
        shown.look_at(controller, clock.now());
    }
    instant next_deadline() const { return controller.next_deadline(); }
    void on_wake(auto wake) { controller.on_wake(std::move(wake)); }
};

int run(options o) {
    policies chosen{.assignment = assignment_of(o.assignment)};
    for (const std::string& one : o.patience)
        if (not set_patience(chosen.wait, one)) return fail(usage, "--patience " + one + ": NAME=SECONDS; see --help");
    if (const std::string wrong = fault_of(chosen.wait); not wrong.empty()) return fail(usage, "--patience: " + wrong);
    if (o.restarts) chosen.restart.within.restarts = *o.restarts;
    if (const char* const missing = complete(o))
        return fail(usage,
                    std::string(missing) + " DIR is needed with Postgres, one for all controllers of the database");
    for (std::string* const path : {&o.state, &o.positions, &o.tls})
        if (not path->empty()) *path = std::filesystem::absolute(*path).string();

    std::optional<duration> look_every;
    if (o.look_every) look_every = std::max(duration(1), duration(static_cast<duration::rep>(*o.look_every * 1'000)));
    auto database = open_database(o.database, if_missing::make, look_every);
    if (not database)
        return fail(database.error().kind == error_kind::invalid ? usage : no_database,
                    describe(database.error()));

    std::error_code problem;
    if (not o.logs.empty()) std::filesystem::create_directories(o.logs, problem);
    boost::asio::io_context loop;
    headgate::asio::clock clock{loop};
    const auto now = [&clock] { return clock.now(); };
    auto opened =
        headgate::grpc::channel::open({.listen = o.listen, .transport = transport_of(o.tls, "controller"), .now = now});
    if (not opened) return fail(no_address, describe(opened.error()));
    const std::string address = (*opened)->address();
    schedulers scheduler = scheduler_of(o, address, chosen.wait, now);
    manual::noted_channel channel{**opened, scheduler.by_hand};
    filesystem::state_backend states{o.state};
    openssl::secrets secrets;
    console shown{o.says};

    controller controller{scheduler.all, *database, channel, clock, states, secrets, chosen, shown};
    watched<decltype(controller)> driven{controller, shown, clock};

    // Embedded workers have both ends of each connection here.
    warn_of_open_files(o.capacity / o.slots, o.scheduler == "embedded" ? 10 : 3, o.open_files);
    put("headgate-controller: workers register at {}{}, jobs in {}, {} slots a worker, assignment {}\n", address,
        o.tls.empty() ? "" : " over mutual TLS", without_secrets(o.database), o.slots, o.assignment);
    std::fflush(stdout);
    boost::asio::signal_set signals{loop, SIGTERM, SIGINT};
    signals.async_wait([&](auto, int) { loop.stop(); });
    headgate::asio::drive(loop, driven);
    loop.run();
    return ended;
}

}  // namespace

int main(int count, char** arguments) {
    options o;
    o.open_files = raise_limit_of_open_files();
    std::signal(SIGPIPE, SIG_IGN);  // its output may be a pipe whose reader has gone
    CLI::App app{"Brings distributed jobs up and keeps them up.", "headgate-controller"};
    app.footer(footer);
    app.add_option("-d,--database", o.database, std::string("where the jobs are: ") + database_help)
        ->envname("HEADGATE_DATABASE");
    app.add_option("--look-every", o.look_every,
                   "seconds between two looks into the database for new wishes; default 0.05 with SQLite; Postgres tells "
                   "of wishes by itself, default 1 for rows that were edited by hand")
        ->check(seconds_in(0.001, 3'600));
    app.add_option("--listen", o.listen,
                   "host:port for workers, on loopback unless there is --tls; default 127.0.0.1:0");
    app.add_option("--tls", o.tls, tls_help)->check(CLI::ExistingDirectory);
    app.add_option("--scheduler", o.scheduler, "what starts workers: process (default), embedded or manual")
        ->check(CLI::IsMember({"process", "embedded", "manual"}));
    app.add_option("--assignment", o.assignment,
                   "which worker runs what: slot_filling (default), balanced, local, sticky, spread, spread_penalty or "
                   "sticky_zones")
        ->check(CLI::IsMember(assignment_names()));
    app.add_option("--worker", o.worker, "the worker program; default: headgate-worker beside this one");
    app.add_option("--directory", o.directory,
                   "records of workers, of all controllers of the database; default FILE.workers, none with Postgres");
    app.add_option("--state", o.state,
                   "checkpoints, of all controllers of the database; default FILE.checkpoints, none with Postgres");
    app.add_option("--logs", o.logs, "directory for the workers' output; default: discarded");
    app.add_option("--positions", o.positions,
                   "directory where sources write how many lines they have read; default: they do not");
    app.add_option("--slots", o.slots, "slots a worker; default 16")->check(CLI::Range(1U, 65'536U));
    app.add_option("--capacity", o.capacity, "slots on this machine; default 10000")->check(CLI::PositiveNumber);
    app.add_option(
        "--patience", o.patience,
        "NAME=SECONDS, may be repeated: worker-start-up, task-start-up, heartbeat, overdue, lease, "
        "lease-step, roll-call, owner-gone, healthy, checkpoint, stop, graceful, old-workers; a lease is at least "
        "three lease-steps, overdue two heartbeats");
    app.add_option("--restarts", o.restarts, "restarts of a job before it is given up; default 20")
        ->check(CLI::NonNegativeNumber);
    app.add_flag_callback(
        "-q,--quiet", [&] { o.says = verbosity::quiet; }, "print nothing about jobs");
    app.add_flag_callback(
        "-v,--verbose", [&] { o.says = verbosity::verbose; }, "print each phase when it ends");
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : usage;
    }
    if (o.worker.empty()) o.worker = worker_beside();
    try {
        return run(o);
    } catch (const std::exception& problem) {
        return fail(exit_code::trouble, problem.what());
    }
}
