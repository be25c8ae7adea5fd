#pragma once
// SPDX-License-Identifier: BSL-1.0
// process: what is asked of Linux about processes.

#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::process {

/// Closes what it holds; -1 is nothing.
class descriptor {
public:
    explicit descriptor(int number = -1) : number_(number) {}
    descriptor(descriptor&& other) noexcept;
    descriptor& operator=(descriptor&& other) noexcept;
    ~descriptor();

    int get() const { return number_; }
    bool is_open() const { return number_ >= 0; }

private:
    int number_;
};

/// Changes when the machine starts anew.
std::string boot_id();

/// When the process started, in ticks after the boot; null if it is gone or a zombie.
std::optional<std::uint64_t> start_time(pid_t pid);
/// The same of a zombie too.
std::optional<std::uint64_t> start_time_even_dead(pid_t pid);

/// A descriptor that is readable when the process has ended.
descriptor open_process(pid_t pid);

/// A process of this user that was started with `variable` in its environment; 0 if there is none. Reads all of /proc.
pid_t find_by_environment(std::string_view variable);

/// Whether the process has got the signal. `by` pins the process if it is open; its group, if it leads one, gets it
/// too.
bool send(const descriptor& by, pid_t pid, std::uint64_t started, int signal);

/// Reaps the process if it is a child of ours: "exit status 1", "killed by signal 9"; what else can be said if not.
std::string how_it_ended(pid_t pid, std::uint64_t started);

struct launch {
    std::vector<std::string> command{};
    variables environment{};
    std::filesystem::path log{};  ///< empty: discarded
};

/// Not a process of ours and no zombie is left if it fails. `permanent` if another try cannot help.
expected<pid_t> spawn(const launch& what);

/// Kills a child with its group and waits until it has ended.
void kill_and_reap(pid_t child);

}  // namespace headgate::inline v1::process
