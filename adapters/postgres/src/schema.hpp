#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: the tables, the functions on the server and the statements that call them.

#include <array>
#include <string_view>

namespace headgate::inline v1::postgres {

/// All of version 1, for a schema without tables, which is the search path.
extern const char* const tables;

/// Prepared on each connection. The value is its place in `statements`.
enum class statement { claim, store, write_checkpoint, put_wish, tell, advance_lease, watch, read_log, notify };
inline constexpr std::size_t statement_count = static_cast<std::size_t>(statement::notify) + 1;

struct prepared {
    const char* name;
    const char* sql;
};
extern const std::array<prepared, statement_count> statements;

}  // namespace headgate::inline v1::postgres
