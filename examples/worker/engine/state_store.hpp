#pragma once
// SPDX-License-Identifier: BSL-1.0
// engine: the state of subtasks in files, beside the metadata that the controller keeps of a checkpoint.

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dataflow {

/// What one operator of a subtask's chain remembers.
struct operator_state {
    std::string name{};  ///< its id in the program
    std::string bytes{};

    friend bool operator==(const operator_state&, const operator_state&) = default;
};

/// The handle of a subtask that remembers nothing.
inline constexpr std::string_view no_state = "none";

/// Files `directory`/<job>/<epoch>-<generation>/<node>-<subtask> (the filesystem adapter's layout), each whole or not
/// at all. A handle is "<file> <bytes> <checksum>". Any thread may call anything.
class state_store {
public:
    state_store(std::filesystem::path directory, headgate::job_id job)
        : directory_(std::move(directory)), job_(std::move(job)) {}

    bool is_there() const { return not directory_.empty(); }

    /// Durable when it answers the handle.
    headgate::expected<std::string> store(headgate::checkpoint_name name, headgate::node_id node, std::uint32_t subtask,
                                          const std::vector<operator_state>& what) const;

    /// What `store` was given; damage and absence are errors that name the file.
    headgate::expected<std::vector<operator_state>> load(headgate::checkpoint_name name, std::string_view handle) const;

    /// Null if there is no such checkpoint. Waits for the disk.
    headgate::expected<std::shared_ptr<const headgate::checkpoint_metadata>> metadata(
        headgate::checkpoint_name name) const;

private:
    std::filesystem::path directory_;
    headgate::job_id job_;
};

}  // namespace dataflow
