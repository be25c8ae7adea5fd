#include <headgate/process/scheduler.hpp>

#include <headgate/conformance/laws/scheduler.hpp>
#include <headgate/hosting/directory.hpp>

#include <boost/test/unit_test.hpp>

#include "support.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace {

using namespace headgate_tests;
using process::options;

const job_id job{"job"};
constexpr generation first{1}, second{2};

/// Waits for the lock: another thread has it for a moment only.
hosting::held_directory locked(const std::filesystem::path& at) {
    std::optional<hosting::held_directory> held;
    wait_until([&] {
        auto got = hosting::directory(at).try_lock();
        if (got and *got) held.emplace(std::move(**got));
        return held.has_value();
    });
    return std::move(held).value();
}

std::vector<hosting::record> records(const std::filesystem::path& at) { return locked(at).records().value(); }

pid_t pid_of(const std::filesystem::path& at, const job_id& of_job, worker_id id) {
    for (const hosting::record& one : records(at))
        if (one.of.job == of_job and one.of.worker == id) return static_cast<pid_t>(one.pid);
    return 0;
}

std::string contents(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string text(1 << 16, '\0');
    const ssize_t size = ::read(file, text.data(), text.size());
    ::close(file);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
}

/// Of a process; it is empty for a moment while the program is loaded.
std::string environment_of(pid_t pid) {
    std::string text;
    wait_until([&] { return not(text = contents("/proc/" + std::to_string(pid) + "/environ")).empty(); });
    return text;
}

/// Waits until it stands still: a signal that comes before would be acted on first.
void pause_process(pid_t pid) {
    ::kill(pid, SIGSTOP);
    BOOST_REQUIRE(wait_until(
        [&] { return contents("/proc/" + std::to_string(pid) + "/stat").find(") T ") != std::string::npos; }));
}

/// A scheduler with a directory of its own, or in one that is shared; its workers end with it.
struct machine {
    explicit machine(options what = {}, std::shared_ptr<folder> shared = std::make_shared<folder>())
        : at(std::move(shared)), scheduler(completed(std::move(what))) {}
    ~machine() {
        for (const hosting::record& one : records(at->path())) ask.stop(one.of.job, {1'000}, true);
    }
    options completed(options what) const {
        if (what.command.empty()) what.command = {TEST_WORKER};
        what.directory = at->path();
        what.controller = "127.0.0.1:7070";
        if (what.capacity == limits{}.workers) what.capacity = 64;
        return what;
    }

    std::uint32_t worker_slots() const { return scheduler.worker_slots(); }
    void start_workers(const auto& r, auto done) { scheduler.start_workers(r, done); }
    void stop_workers(const auto& r, auto done) { scheduler.stop_workers(r, done); }
    void workers(const auto& r, auto done) { scheduler.workers(r, done); }
    void watch(const auto& r, auto done) { scheduler.watch(r, done); }

    std::shared_ptr<folder> at;
    process::scheduler scheduler;
    caller<process::scheduler> ask{scheduler};
};

BOOST_AUTO_TEST_CASE(processes_keep_every_law_of_a_scheduler) {
    laws::check_scheduler(
        [] { return machine(); }, wait_for,
        [](machine& m, const job_id& of_job, generation, worker_id id) {
            const pid_t pid = pid_of(m.at->path(), of_job, id);
            BOOST_REQUIRE(pid > 0);
            ::kill(pid, SIGKILL);
        },
        [](std::string_view law, bool holds, const std::string& detail) { BOOST_TEST(holds, law << ": " << detail); });
}

BOOST_AUTO_TEST_CASE(a_paused_controller_cannot_start_what_its_successor_stopped_S3) {
    machine old, next({}, old.at);
    BOOST_TEST(old.ask.start(job, first, 2) == "started");
    BOOST_TEST(next.ask.count(job, first) == 2u);
    BOOST_TEST(next.ask.stop(job, first) == 0);
    BOOST_TEST(old.ask.count(job, first) == 0u);
    BOOST_TEST(old.ask.start(job, first, 2).find("was stopped") != std::string::npos);
    BOOST_TEST(records(old.at->path()).empty());
    BOOST_TEST(next.ask.start(job, second, 1) == "started");
    BOOST_TEST(old.ask.count(job, second) == 1u);
}

BOOST_AUTO_TEST_CASE(the_floor_outlives_every_scheduler_S3) {
    const auto at = std::make_shared<folder>();
    { BOOST_TEST(machine({}, at).ask.stop(job, second) == 0); }
    machine later({}, at);
    BOOST_TEST(later.ask.start(job, second, 1).find("was stopped") != std::string::npos);
    BOOST_TEST(later.ask.start(job, {3}, 1) == "started");
}

BOOST_AUTO_TEST_CASE(the_end_of_a_scheduler_leaves_its_workers_and_the_next_one_sees_and_stops_them) {
    const auto at = std::make_shared<folder>();
    {
        process::scheduler gone({.command = {TEST_WORKER}, .directory = at->path()});
        BOOST_TEST(caller(gone).start(job, first, 2) == "started");
    }
    machine next({}, at);
    BOOST_TEST(next.ask.count(job, first) == 2u);
    ::kill(pid_of(at->path(), job, id_of(first, {1})), SIGKILL);
    BOOST_TEST(next.ask.next_exit().substr(0, 8) == "job 1 1:");
    BOOST_TEST(next.ask.stop(job, first) == 0);
}

BOOST_AUTO_TEST_CASE(capacity_is_that_of_the_machine_whoever_started_the_workers_S6) {
    machine one, other({}, one.at);
    BOOST_TEST(one.ask.start(job, first, 3) == "started");
    BOOST_TEST(other.ask.start({"other"}, first, 2) == "not enough slots: needed 32, available 16");
}

BOOST_AUTO_TEST_CASE(an_exit_is_noticed_at_once_with_how_it_came_S6) {
    machine m;
    BOOST_TEST(m.ask.start(job, first, 1, {{"SCRIPT", "exit 3"}}) == "started");
    BOOST_TEST(m.ask.next_exit() == "job 1 0: exit status 3");
    BOOST_TEST(m.ask.start(job, second, 1) == "started");
    ::kill(pid_of(m.at->path(), job, id_of(second, {0})), SIGKILL);
    BOOST_TEST(m.ask.next_exit() == "job 2 0: killed by signal 9");
    BOOST_TEST(m.ask.count(job, second) == 0u);
    BOOST_TEST(m.ask.start(job, second, 1) == "started");  // anew
    BOOST_TEST(m.ask.count(job, second) == 1u);
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_fails_the_start_at_once_and_is_named_S6) {
    machine m({.command = {"./no-such-worker"}});
    BOOST_TEST(m.ask.start(job, first, 2) == "permanent: cannot run ./no-such-worker: No such file or directory");
    BOOST_TEST(records(m.at->path()).empty());
    BOOST_TEST(std::filesystem::is_empty(m.at->path() / "workers"));
    machine refused({.command = {m.at->path()}});
    BOOST_TEST(refused.ask.start(job, first, 1).find("permanent: cannot run ") == 0u);
    machine nothing({.command = {""}});
    BOOST_TEST(nothing.ask.start(job, first, 1) == "permanent: options name no command");
}

BOOST_AUTO_TEST_CASE(a_paused_worker_is_left_by_a_stop_until_its_deadline_and_ended_by_force_J4) {
    hand clock;
    machine m({.now = [&] { return clock.read(); }});
    BOOST_TEST(m.ask.start(job, first, 2) == "started");
    pause_process(pid_of(m.at->path(), job, id_of(first, {0})));
    const auto stop = m.ask.begin(stop_workers{.job = job, .up_to = first}, clock.read() + duration(60'000));
    BOOST_TEST(wait_until([&] { return m.ask.count(job, first) == 1; }));
    BOOST_TEST(not stop->came());
    clock.advance(duration(60'000));
    BOOST_TEST(m.ask.left_of(m.ask.answer(stop)) == 1);
    BOOST_TEST(m.ask.stop(job, first, true) == 0);
}

BOOST_AUTO_TEST_CASE(a_stop_by_force_ends_what_a_script_started_without_exec_gone) {
    const auto at = std::make_shared<folder>();
    const std::filesystem::path script = at->path() / "script", pipe = at->path() / "pipe";
    std::ofstream(script) << "#!/bin/sh\nexec 9>" << pipe << "\n" << TEST_WORKER << " &\necho >&9\nwait\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int alive = ::open(pipe.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    machine m({.command = {script.string()}}, at);
    BOOST_TEST(m.ask.start(job, first, 1) == "started");
    char byte = 0;
    BOOST_TEST(wait_until([&] { return ::read(alive, &byte, 1) == 1; }));
    BOOST_TEST(m.ask.stop(job, first, true) == 0);
    BOOST_TEST(wait_until([&] { return ::read(alive, &byte, 1) == 0; }));  // nobody has its other end
    ::close(alive);
}

BOOST_AUTO_TEST_CASE(identities_are_readable_by_this_user_only_and_go_with_the_worker_G3) {
    machine m;
    const job_id nasty{"../../x\n"};
    BOOST_TEST(m.ask.start(nasty, first, 1) == "started");
    const std::filesystem::path path =
        hosting::directory(m.at->path()).identity_path({nasty, first, id_of(first, {0})});
    struct stat file {
    }, parent{};
    BOOST_TEST(::stat(path.c_str(), &file) == 0);
    BOOST_TEST(::stat(path.parent_path().c_str(), &parent) == 0);
    BOOST_TEST((file.st_mode & 0777u) == 0600u);
    BOOST_TEST((parent.st_mode & 0777u) == 0700u);
    BOOST_TEST(path.parent_path() == m.at->path() / "workers");
    const auto read = parse_identity(contents(path));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((read->job == nasty and read->generation == first and read->worker.slots == 16));
    BOOST_TEST(read->controller == "127.0.0.1:7070");
    BOOST_TEST(m.ask.stop(nasty, first) == 0);
    BOOST_TEST(not std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(no_token_is_in_arguments_environment_records_or_logs_G3) {
    machine m;
    BOOST_TEST(m.ask.start(job, first, 1, {{"MINE", "yes"}}) == "started");
    const pid_t pid = pid_of(m.at->path(), job, id_of(first, {0}));
    const std::string environment = environment_of(pid);
    const std::string token = "c5c5c5c5";
    BOOST_TEST(environment.find("HEADGATE_IDENTITY=" + m.at->path().string()) != std::string::npos);
    BOOST_TEST(environment.find("MINE=yes") != std::string::npos);
    BOOST_TEST(environment.find(token) == std::string::npos);
    BOOST_TEST(contents("/proc/" + std::to_string(pid) + "/cmdline").find(token) == std::string::npos);
    for (const auto& file : std::filesystem::recursive_directory_iterator(m.at->path()))
        if (file.is_regular_file() and file.path().extension() != ".identity")
            BOOST_TEST(contents(file.path()).find(token) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_worker_has_a_small_environment_in_which_headgates_variables_win_with_a_warning_S6) {
    ::setenv("SECRET_OF_THE_CONTROLLER", "1", 1);
    std::string warned;
    const auto logs = std::make_shared<folder>();
    machine m({.logs = logs->path(), .warn = [&](std::string_view line) { warned = line; }});
    BOOST_TEST(m.ask.start(job, first, 1, {{"HEADGATE_JOB", "mine"}, {"SCRIPT", "spill"}}) == "started");
    BOOST_TEST(m.ask.next_exit() == "job 1 0: exit status 0");
    BOOST_TEST(contents(logs->path() / ("job.1." + std::to_string(id_of(first, {0}).value) + ".log")) == "job");
    BOOST_TEST(warned == "job job: its environment variable HEADGATE_JOB is replaced by headgate's");
    const job_id odd{"a\n\x1b[31m"};
    BOOST_TEST(m.ask.start(odd, first, 1, {{"HEADGATE_JOB", "mine"}}) == "started");
    BOOST_TEST(warned == "job a\\n\\x1b[31m: its environment variable HEADGATE_JOB is replaced by headgate's");
    BOOST_TEST(m.ask.start(job, second, 1) == "started");
    const pid_t pid = pid_of(m.at->path(), job, id_of(second, {0}));
    BOOST_TEST(environment_of(pid).find("SECRET_OF_THE_CONTROLLER") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_of_variables_are_checked_once_more_S6) {
    machine m;
    for (const char* name : {"LD_PRELOAD", "DYLD_X", "A=B", "1A", ""})
        BOOST_TEST(m.ask.start(job, first, 1, {{name, "x"}}).find("permanent: environment variable") == 0u);
}

BOOST_AUTO_TEST_CASE(a_start_that_was_cut_off_is_found_and_stopped_gone) {
    machine m;
    const hosting::key lost{job, first, id_of(first, {0})}, never_ran{job, first, id_of(first, {1})};
    locked(m.at->path()).write({.of = lost, .slots = 16}).value();
    locked(m.at->path()).write({.of = never_ran, .slots = 16}).value();
    const std::string variable = "HEADGATE_IDENTITY=" + hosting::directory(m.at->path()).identity_path(lost).string();
    const pid_t pid = ::fork();
    if (pid == 0) {
        char* const arguments[] = {const_cast<char*>("worker"), nullptr};
        char* const environment[] = {const_cast<char*>(variable.c_str()), nullptr};
        ::execve(TEST_WORKER, arguments, environment);
        ::_exit(1);
    }
    // Until then it shows the environment of this test.
    BOOST_TEST(wait_until([&] { return environment_of(pid).find("HEADGATE_IDENTITY") == 0; }));
    BOOST_TEST(m.ask.count(job, first) == 1u);
    BOOST_TEST(pid_of(m.at->path(), job, lost.worker) == pid);
    BOOST_TEST(m.ask.stop(job, first) == 0);
    BOOST_TEST(::kill(pid, 0) == -1);
    if (::waitpid(pid, nullptr, WNOHANG) == 0) ::kill(pid, SIGKILL);  // still there, so leave none behind
}

BOOST_AUTO_TEST_CASE(another_process_with_the_pid_of_a_worker_is_not_touched) {
    machine m;
    locked(m.at->path())
        .write({.of = {job, first, {1}}, .slots = 16, .pid = ::getpid(), .started = 1, .boot = "this one"})
        .value();
    BOOST_TEST(m.ask.stop(job, first, true) == 0);  // or this test would end here
    BOOST_TEST(records(m.at->path()).empty());
}

BOOST_AUTO_TEST_CASE(while_another_controller_holds_the_directory_calls_wait_until_their_deadline) {
    hand clock;
    machine m({.now = [&] { return clock.read(); }});
    std::optional held(locked(m.at->path()));
    const auto start = m.ask.begin(m.ask.start_of(job, first, 1), clock.read() + duration(1'000));
    const auto later = m.ask.begin(m.ask.start_of(job, second, 1));
    clock.advance(duration(1'000));
    BOOST_TEST(m.ask.text_of(m.ask.answer(start)).find("another controller holds") != std::string::npos);
    held.reset();
    BOOST_TEST(m.ask.text_of(m.ask.answer(later)) == "started");
    BOOST_TEST(m.ask.count(job, first) == 0u);
}

BOOST_AUTO_TEST_CASE(a_directory_that_others_can_read_is_refused_G3) {
    const auto at = std::make_shared<folder>();
    std::filesystem::create_directory(at->path() / "workers");
    ::chmod((at->path() / "workers").c_str(), 0755);
    process::scheduler model({.command = {TEST_WORKER}, .directory = at->path()});
    BOOST_TEST(caller(model).start(job, first, 1).find("permanent: " + at->path().string()) == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_scheduler_answers_all_that_is_held) {
    const auto at = std::make_shared<folder>();
    std::optional<machine> m(std::in_place, options{}, at);
    BOOST_TEST(m->ask.start(job, first, 1) == "started");
    pause_process(pid_of(at->path(), job, id_of(first, {0})));
    std::shared_ptr<laws::pending<stop_workers>> stop;
    std::shared_ptr<laws::pending<watch_workers>> watch;
    {
        process::scheduler other({.command = {TEST_WORKER}, .directory = at->path()});
        caller ask(other);
        watch = ask.begin(watch_workers{.since = {}});
        stop = ask.begin(stop_workers{.job = job, .up_to = first});
    }
    BOOST_TEST((stop->calls() == 1 and watch->calls() == 1));
    BOOST_TEST(m->ask.left_of(stop->answer()) == 1);
    m.reset();
}

}  // namespace
