// SPDX-License-Identifier: BSL-1.0
#include "position_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <utility>

namespace dataflow {

position_file::position_file(const std::filesystem::path& file) {
    std::error_code problem;  // then it cannot be opened either
    std::filesystem::create_directories(file.parent_path(), problem);
    open_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

position_file::position_file(position_file&& other) noexcept : open_(std::exchange(other.open_, -1)) {}

position_file& position_file::operator=(position_file&& other) noexcept {
    std::swap(open_, other.open_);
    return *this;
}

position_file::~position_file() {
    if (open_ >= 0) ::close(open_);
}

// Always as long, so that the newest number covers the one before.
void position_file::note(std::uint64_t lines) {
    if (open_ < 0) return;
    std::array<char, 21> text{};
    text.fill('0');
    text.back() = '\n';
    for (std::size_t i = 20; i-- > 0; lines /= 10) text[i] = static_cast<char>('0' + lines % 10);
    if (::pwrite(open_, text.data(), text.size(), 0) < 0) ::close(std::exchange(open_, -1));
}

}  // namespace dataflow
