#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: the tables, the functions on the server and the statements that call them.

#include <array>
#include <cstddef>
#include <cstdint>

namespace headgate::inline v1::postgres {

/// Of what `tables`, `code` and `trigger` make, in this order, in the schema that is the search path. A schema of
/// version 1 lacks the `code` alone, one of version 2 has other `code`.
inline constexpr std::int64_t schema_version = 3;
extern const char tables[], code[], trigger[];

/// Prepared on each connection. The value is its place in `statements`.
enum class statement { claim, store, write_checkpoint, put_wish, tell, advance_lease, watch, read_log, notify };
inline constexpr std::size_t statement_count = static_cast<std::size_t>(statement::notify) + 1;

struct prepared {
    const char* name;
    const char* sql;
};
extern const std::array<prepared, statement_count> statements;

}  // namespace headgate::inline v1::postgres
