#pragma once
// SPDX-License-Identifier: BSL-1.0
// filesystem: files that are whole or not there, over POSIX. Not installed.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace headgate::inline v1::filesystem {

/// How an operation ended. `number` is an errno, 0 for success.
struct file_result {
    int number{};
    std::filesystem::path where{};
    bool may_have_happened = false;

    bool is_good() const { return number == 0; }
};

/// Makes `folder` and what is missing above it; each new name is durable, and that of `folder` also if it was there.
file_result make_folder(const std::filesystem::path& folder);

/// Replaces `folder`/`name` by these bytes, whole and durable, or leaves what is there.
file_result write_file(const std::filesystem::path& folder, const std::string& name, std::string_view bytes);

/// EFBIG above `most` bytes.
file_result read_file(const std::filesystem::path& file, std::size_t most, std::string& bytes);

/// Takes the folder and all in it away. It is out of sight at once, whatever interrupts the deleting.
file_result remove_folder(const std::filesystem::path& folder);

/// What a file of ours begins with, and its checksum: a changed bit anywhere is seen.
std::string sealed(std::string_view content);
/// The content, a view into `file`. False, and `why`, if it is not what `sealed` made.
bool unseal(std::string_view file, std::string_view& content, std::string& why);

}  // namespace headgate::inline v1::filesystem
