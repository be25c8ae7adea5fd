#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: how another thread wakes the one that waits for the server.

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace headgate::inline v1::postgres {

/// Wakes poll(2).
class bell {
public:
    bell() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~bell() { ::close(file_); }
    bell(const bell&) = delete;
    bell& operator=(const bell&) = delete;

    int file() const { return file_; }
    void ring() const {
        const std::uint64_t one = 1;
        // It fails where it was rung 2^64 - 1 times, and then it rings.
        [[maybe_unused]] const auto written = ::write(file_, &one, sizeof one);
    }
    void hush() const {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto read = ::read(file_, &count, sizeof count);
    }

private:
    int file_;
};

}  // namespace headgate::inline v1::postgres
