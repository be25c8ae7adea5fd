#include "system.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <system_error>
#include <utility>

namespace headgate::inline v1::process {

namespace {

constexpr std::size_t longest_file = std::size_t{4} << 20;  // an environment of the kernel's largest size

/// Of a file in /proc, as far as it can be read: a process may end meanwhile, which a stream would throw about.
std::string contents(const std::string& path) {
    std::string text;
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4'096> block{};
    ssize_t count = 0;
    while (file.is_open() and text.size() < longest_file and
           (count = ::read(file.get(), block.data(), block.size())) > 0)
        text.append(block.data(), static_cast<std::size_t>(count));
    return text;
}

struct stat_line {
    char state{};
    std::uint64_t started{};
};

/// Of /proc/<pid>/stat. The name, in parentheses, may hold anything; state is the field after it, the start the 22nd.
std::optional<stat_line> read_stat(pid_t pid) {
    const std::string text = contents("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = text.rfind(')');
    if (name_end == text.npos or name_end + 2 >= text.size()) return std::nullopt;
    std::string_view rest = std::string_view(text).substr(name_end + 2);
    stat_line line{.state = rest.front()};
    constexpr int fields_between = 22 - 3;
    for (int i = 0; i < fields_between; ++i) {
        const std::size_t space = rest.find(' ');
        if (space == rest.npos) return std::nullopt;
        rest.remove_prefix(space + 1);
    }
    if (std::from_chars(rest.data(), rest.data() + rest.size(), line.started).ec != std::errc()) return std::nullopt;
    return line;
}

bool may_help_to_try_again(int number) {
    return number == EAGAIN or number == ENOMEM or number == EMFILE or number == ENFILE;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

/// To the leader too, which as that of a session stays in its group. False if it leads none. -1 would be everybody.
bool send_to_group(pid_t leader, int signal) { return leader > 1 and ::kill(-leader, signal) == 0; }

/// The C structs of posix_spawn.
class spawn_arguments {
public:
    spawn_arguments() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    spawn_arguments(const spawn_arguments&) = delete;
    spawn_arguments& operator=(const spawn_arguments&) = delete;
    ~spawn_arguments() {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

}  // namespace

descriptor::descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
descriptor& descriptor::operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}
descriptor::~descriptor() {
    if (is_open()) ::close(number_);
}

std::string boot_id() {
    std::string id = contents("/proc/sys/kernel/random/boot_id");
    while (not id.empty() and id.back() == '\n') id.pop_back();
    return id;
}

std::optional<std::uint64_t> start_time(pid_t pid) {
    const std::optional line = read_stat(pid);
    if (not line or line->state == 'Z' or line->state == 'X') return std::nullopt;
    return line->started;
}

std::optional<std::uint64_t> start_time_even_dead(pid_t pid) {
    const std::optional line = read_stat(pid);
    return line ? std::optional(line->started) : std::nullopt;
}

// By number: the C library's header declares these without C linkage in some versions.
descriptor open_process(pid_t pid) { return descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

pid_t find_by_environment(std::string_view variable) {
    std::error_code problem;
    const std::string wanted = std::string(variable) + '\0';
    for (std::filesystem::directory_iterator folder("/proc", problem), end; not problem and folder != end;
         folder.increment(problem)) {
        const std::string name = folder->path().filename().string();
        pid_t pid = 0;
        const auto [last, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (wrong != std::errc() or last != name.data() + name.size()) continue;
        const std::string all = '\0' + contents("/proc/" + name + "/environ");
        if (all.find('\0' + wanted) != all.npos) return pid;
    }
    return 0;
}

bool send(const descriptor& by, pid_t pid, std::uint64_t started, int signal) {
    const auto send_by = [&](int which) { return ::syscall(SYS_pidfd_send_signal, by.get(), which, nullptr, 0) == 0; };
    if (not by.is_open()) return start_time(pid) == started and ::kill(pid, signal) == 0;
    // While the leader is there no other group has its number.
    return send_by(0) and (send_to_group(pid, signal) or send_by(signal));
}

std::string how_it_ended(pid_t pid, std::uint64_t started) {
    siginfo_t info{};
    // A zombie keeps its pid, so what has this start time is the one that is meant.
    if (start_time_even_dead(pid) != started or
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0 or info.si_pid != pid)
        return "ended; whoever started it knows how";
    switch (info.si_code) {
        case CLD_EXITED: return "exit status " + std::to_string(info.si_status);
        case CLD_KILLED: return "killed by signal " + std::to_string(info.si_status);
        case CLD_DUMPED: return "killed by signal " + std::to_string(info.si_status) + ", core dumped";
        default: return "ended";
    }
}

expected<pid_t> spawn(const launch& what) {
    std::vector<std::string> command = what.command, environment;
    for (const auto& [name, value] : what.environment) environment.push_back(name + "=" + value);

    descriptor output;
    if (not what.log.empty()) {
        output = descriptor(::open(what.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (not output.is_open())
            return failure(error_kind::scheduler,
                           "cannot open the log " + what.log.string() + ": " + std::generic_category().message(errno));
    }
    spawn_arguments with;
    ::posix_spawn_file_actions_addopen(&with.actions, 0, "/dev/null", O_RDONLY, 0);
    if (output.is_open())
        ::posix_spawn_file_actions_adddup2(&with.actions, output.get(), 1);
    else
        ::posix_spawn_file_actions_addopen(&with.actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&with.actions, 1, 2);
    // The controller's sockets and locks are not the workers'.
    ::posix_spawn_file_actions_addclosefrom_np(&with.actions, 3);

    sigset_t none{}, all{};
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&with.attributes, &none);
    ::posix_spawnattr_setsigdefault(&with.attributes, &all);
    ::posix_spawnattr_setflags(&with.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    pid_t pid = 0;
    const int number = ::posix_spawnp(&pid, command.front().c_str(), &with.actions, &with.attributes,
                                      pointers(command).data(), pointers(environment).data());
    if (number == 0) return pid;
    return failure(may_help_to_try_again(number) ? error_kind::scheduler : error_kind::permanent,
                   "cannot run " + command.front() + ": " + std::generic_category().message(number));
}

void kill_and_reap(pid_t child) {
    send_to_group(child, SIGKILL);
    ::kill(child, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED) != 0 and errno == EINTR) {
    }
}

}  // namespace headgate::inline v1::process
