#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: as many open files as a process of this user may have.

#include <sys/resource.h>

#include <cstdint>

namespace headgate::example {

/// A controller has three for each worker, and a worker one or two for each that it sends to: more than the usual soft
/// limit of 1,024. Stays as it is where it cannot be raised. What it is then; 0: unknown.
inline std::uint64_t raise_limit_of_open_files() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 0;
}

}  // namespace headgate::example
