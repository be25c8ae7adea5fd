#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: "sqlite:FILE" or "postgres:CONNECTION" as a database.

#include "any_models.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace headgate::example {

inline constexpr const char* database_help =
    "sqlite:FILE, or postgres:CONNECTION as libpq reads it; a password belongs into PGPASSWORD or ~/.pgpass, since "
    "everybody on the machine can read arguments";

/// A file of SQLite that is not there: a mistyped path, for whoever only looks.
enum class if_missing : std::uint8_t { make, refuse };

/// What is wrong with the address, or with the database behind it, is an error that says what to do, and never a
/// password.
/// `look_every`: in place of the model's own default.
expected<any_database> open_database(const std::string& address, if_missing then,
                                     std::optional<std::chrono::milliseconds> look_every = {});

bool is_server(const std::string& address);

/// For a log, of an address that could be opened: a connection may hold a password.
std::string without_secrets(const std::string& address);

/// The file beside which controllers of this database keep what they share; empty for one that is not a file.
std::string file_of(const std::string& address);

}  // namespace headgate::example
