// SPDX-License-Identifier: BSL-1.0
#include "lives.hpp"

#include <headgate/columns/job.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace headgate::inline v1::sqlite {

namespace {

tl::unexpected<error> failed(const std::string& path) {
    return failure(error_kind::database,
                   path + ": " + std::system_category().message(errno) + "; look at the folder and its rights");
}

int lock_without_waiting(int file, int how) {
    int result;
    do result = ::flock(file, how | LOCK_NB);
    while (result != 0 and errno == EINTR);
    return result;
}

}  // namespace

std::string lives::path_of(incarnation who) const { return folder_ + "/" + columns::text_of(who); }

lives::~lives() {
    for (const auto& [who, file] : held_) ::close(file);
}

expected<applied> lives::hold(incarnation self) {
    if (held_.contains(self)) return applied{};
    if (::mkdir(folder_.c_str(), 0777) != 0 and errno != EEXIST) return failed(folder_);
    const std::string path = path_of(self);
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return failed(path);
    if (lock_without_waiting(file, LOCK_EX) != 0) {
        const auto why = failed(path);
        ::close(file);
        return why;
    }
    held_.emplace(self, file);
    return applied{};
}

bool lives::is_gone(incarnation who) const {
    if (held_.contains(who)) return false;
    const int file = ::open(path_of(who).c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool is_free = lock_without_waiting(file, LOCK_SH) == 0;
    ::close(file);
    return is_free;
}

void lives::forget(incarnation who) const { ::unlink(path_of(who).c_str()); }

}  // namespace headgate::inline v1::sqlite
