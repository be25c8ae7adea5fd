#pragma once
// SPDX-License-Identifier: BSL-1.0
// hosting: the directory that controllers share: a record for each worker, a floor for each job (SPEC 8).

#include <headgate/vocabulary/identity.hpp>

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::hosting {

/// Which worker.
struct key {
    job_id job{};
    headgate::generation generation{};
    worker_id worker{};

    friend auto operator<=>(const key&, const key&) = default;
};

struct record {
    key of{};
    std::uint32_t slots{};
    std::int64_t pid = 0;       ///< 0: none was written, because the start was cut off or there is no process here
    std::uint64_t started = 0;  ///< of the process, as /proc has it: guards against another with this pid
    std::string boot{};         ///< of the machine; pids of another boot say nothing
    bool is_revoked = false;    ///< its identity file was taken away

    friend bool operator==(const record&, const record&) = default;
};

/// A job's id, or any text, as a file name of at most three times its length: letters, digits, - and _ are kept, all
/// else is %XX. Distinct texts have distinct names, none is a path.
std::string file_name(std::string_view text);

/// What may be done while the lock is held; ends with it. Errors are `scheduler` and name the file.
class held_directory {
public:
    held_directory(held_directory&& other) noexcept;
    held_directory& operator=(held_directory&&) = delete;
    ~held_directory();

    /// 0: none was ever raised.
    expected<generation> floor(const job_id& job) const;
    /// Where that is kept.
    std::string floor_file(const job_id& job) const;
    /// No generation of the job up to this one starts any more. Durable when it answers.
    expected<applied> raise_floor(const job_id& job, generation to) const;

    /// Of all jobs, ordered. One whose text is damaged is there without a process; one that cannot be read is an error.
    expected<std::vector<record>> records() const;
    /// Null if there is none.
    std::optional<record> read(const key& of) const;
    /// Replaces the one with this key.
    expected<applied> write(const record& what) const;
    /// With the identity file.
    void remove(const key& of) const;

    /// Writes the identity file, mode 0600. Answers its absolute path.
    expected<std::filesystem::path> hand_over(const identity& to) const;
    /// Takes the identity file away: no worker comes to life by it any more.
    void revoke(const key& of) const;

private:
    friend class directory;
    held_directory(const std::filesystem::path& at, int lock) : at_(at), lock_(lock) {}

    std::filesystem::path at_;
    int lock_;
};

class directory {
public:
    /// Made when it is first needed. The parts with secrets have mode 0700 and must belong to this user.
    explicit directory(const std::filesystem::path& at);

    const std::filesystem::path& path() const { return at_; }
    /// Where the worker's identity is, or would be.
    std::filesystem::path identity_path(const key& of) const;
    /// Null if another holds the lock, in this process or another. Never waits.
    expected<std::optional<held_directory>> try_lock() const;

private:
    std::filesystem::path at_;
};

}  // namespace headgate::inline v1::hosting
