#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: how far a source is, where it can be read also after the worker was killed.

#include <cstdint>
#include <filesystem>

namespace dataflow {

/// A file that holds one number as text. For people: nothing is restored from it, and nothing waits for the disk.
class position_file {
public:
    /// None: nothing is written.
    position_file() = default;
    /// Makes the folder. A file that cannot be written is left out.
    explicit position_file(const std::filesystem::path& file);
    position_file(const position_file&) = delete;
    position_file& operator=(const position_file&) = delete;
    position_file(position_file&& other) noexcept;
    position_file& operator=(position_file&& other) noexcept;
    ~position_file();

    /// One system call.
    void note(std::uint64_t lines);

private:
    int open_ = -1;
};

}  // namespace dataflow
