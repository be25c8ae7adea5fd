#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: files that are there whole or not at all.

#include <headgate/vocabulary/outcome.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace dataflow {

/// Makes the folder and what is missing above it, each with an fsync of where its name is; writes beside the file
/// ("NAME.new"), fsync, rename, fsync of the folder. `permissions` as for open(2).
/// The error is `permanent` where another try cannot help, else `state_backend`; it names the file.
headgate::expected<headgate::applied> write_durably(const std::filesystem::path& file, std::string_view bytes,
                                                    unsigned permissions);

/// All of a file of at most 2 GiB.
headgate::expected<std::string> read_whole(const std::filesystem::path& file);

}  // namespace dataflow
