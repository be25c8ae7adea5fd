#pragma once
// What a test's process asked to be durable. For one file of a test program: it defines fsync in place of the C
// library's.

#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <system_error>

#include <sys/syscall.h>
#include <unistd.h>

namespace headgate_tests {

/// The paths of what was given to fsync, thread-safe.
class synchronised {
public:
    void add(const std::filesystem::path& path) {
        const std::scoped_lock lock(guard_);
        seen_.insert(path);
    }
    bool has(const std::filesystem::path& path) {
        const std::scoped_lock lock(guard_);
        return seen_.contains(path);
    }

private:
    std::mutex guard_;
    std::set<std::filesystem::path> seen_;
};

inline synchronised& all_synchronised() {
    static synchronised all;
    return all;
}

}  // namespace headgate_tests

extern "C" int fsync(int number) {
    std::error_code ignored;
    headgate_tests::all_synchronised().add(
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(number), ignored));
    return static_cast<int>(::syscall(SYS_fsync, number));
}
