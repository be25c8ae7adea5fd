#pragma once
// SPDX-License-Identifier: BSL-1.0
// sqlite: whether a controller's process lives, by a lock on a file (G5).

#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/strong.hpp>

#include <map>
#include <string>

namespace headgate::inline v1::sqlite {

/// A folder with a file for each controller, which holds a lock on it for as long as its process lives.
// Locks of SQLite's own last one transaction. flock, not fcntl: the lock belongs to the open file, not to the process.
class lives {
public:
    explicit lives(std::string folder) : folder_(std::move(folder)) {}
    lives(lives&& other) noexcept : folder_(std::move(other.folder_)), held_(std::exchange(other.held_, {})) {}
    lives& operator=(lives&&) = delete;
    ~lives();

    /// From now on `self` is seen to live, until this is destroyed or the process ends. May be repeated.
    expected<applied> hold(incarnation self);
    /// No process holds it any more. False if that cannot be told.
    bool is_gone(incarnation who) const;
    void forget(incarnation who) const;

private:
    std::string path_of(incarnation who) const;

    std::string folder_;
    std::map<incarnation, int> held_{};  // open files; one, but for tests
};

}  // namespace headgate::inline v1::sqlite
