#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: as many open files as a process of this user may have.

#include <sys/resource.h>

namespace headgate::example {

/// A controller has three for each worker, and a worker one or two for each that it sends to: more than the usual soft
/// limit of 1,024. Stays as it is where it cannot be raised.
inline void raise_limit_of_open_files() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace headgate::example
