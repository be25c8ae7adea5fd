#pragma once
// SPDX-License-Identifier: BSL-1.0
// filesystem: where the objects of a checkpoint lie; for the controller and for worker programs.

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <filesystem>
#include <string>

namespace headgate::inline v1::filesystem {

/// A name of one component for any job: letters, digits, '_' and '-' stand for themselves, every other byte is "%2F",
/// and an empty id is "%". Two jobs never have one name; at most three times as long as the id (which has 64 bytes at
/// most), so it fits.
std::string folder_name(const job_id& job);

/// `directory`/<job>/<epoch>-<generation>. A worker stores its objects in this folder, under any names but "metadata"
/// and those that begin with '.', and makes the folder itself if it is not there yet. `remove` of the checkpoint takes
/// the whole folder.
std::filesystem::path checkpoint_folder(const std::filesystem::path& directory, const job_id& job,
                                        checkpoint_name name);

}  // namespace headgate::inline v1::filesystem
