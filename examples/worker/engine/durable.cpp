// SPDX-License-Identifier: BSL-1.0
#include "durable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

namespace dataflow {

namespace {

using headgate::applied;
using headgate::expected;

constexpr off_t largest_file = off_t{1} << 31;

tl::unexpected<headgate::error> failed(const char* what, const std::filesystem::path& at, int number) {
    const bool is_hopeless = number == EACCES or number == EPERM or number == EROFS or number == ENOTDIR;
    return headgate::failure(is_hopeless ? headgate::error_kind::permanent : headgate::error_kind::state_backend,
                             std::string(what) + " " + at.string() + ": " + std::generic_category().message(number));
}

class file {
public:
    explicit file(int number) : number_(number) {}
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() {
        if (number_ >= 0) ::close(number_);
    }

    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    int close() { return ::close(std::exchange(number_, -1)); }

private:
    int number_;
};

bool write_all(int to, std::string_view bytes) {
    while (not bytes.empty()) {
        const ssize_t wrote = ::write(to, bytes.data(), bytes.size());
        if (wrote < 0 and errno == EINTR) continue;
        if (wrote < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

/// An errno, or 0.
int synchronise(const std::filesystem::path& folder) {
    const file opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.is_open() and ::fsync(opened.number()) == 0 ? 0 : errno;
}

/// With what is missing above it; each name that it makes is durable. An errno, or 0.
int make_folder(const std::filesystem::path& folder) {
    const std::filesystem::path above = folder.has_parent_path() ? folder.parent_path() : ".";
    std::error_code ignored;
    if (folder == above or std::filesystem::is_directory(folder, ignored)) return 0;
    if (const int number = make_folder(above); number != 0) return number;
    if (::mkdir(folder.c_str(), 0777) != 0 and errno != EEXIST) return errno;
    return synchronise(above);
}

}  // namespace

expected<applied> write_durably(const std::filesystem::path& at, std::string_view bytes, unsigned permissions) {
    const std::filesystem::path folder = at.parent_path();
    if (const int number = make_folder(folder); number != 0) return failed("cannot make", folder, number);
    std::filesystem::path beside = at;
    beside += ".new";
    file out(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions));
    if (not out.is_open()) return failed("cannot write", beside, errno);
    if (not write_all(out.number(), bytes) or ::fsync(out.number()) != 0 or out.close() != 0)
        return failed("cannot write", beside, errno);
    if (::rename(beside.c_str(), at.c_str()) != 0) return failed("cannot name", at, errno);
    if (const int number = synchronise(folder); number != 0) return failed("cannot make durable", at, number);
    return applied{};
}

expected<std::string> read_whole(const std::filesystem::path& at) {
    const file in(::open(at.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about {};
    if (not in.is_open() or ::fstat(in.number(), &about) != 0) return failed("cannot read", at, errno);
    if (about.st_size > largest_file) return failed("cannot read", at, EFBIG);
    std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(in.number(), bytes.data() + have, bytes.size() - have);
        if (got < 0 and errno == EINTR) continue;
        if (got < 0) return failed("cannot read", at, errno);
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

}  // namespace dataflow
