#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: the tables are there, or what to do.

#include "text.hpp"

#include <headgate/postgres/database.hpp>

#include <optional>

namespace headgate::inline v1::postgres {

/// Connects, makes schema and tables where they are missing and brings older ones up, in one transaction, and
/// disconnects. Blocks.
std::optional<error> install(const options& how, const words& say);

}  // namespace headgate::inline v1::postgres
