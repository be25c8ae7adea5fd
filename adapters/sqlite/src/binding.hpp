#pragma once
// SPDX-License-Identifier: BSL-1.0
// sqlite: values for the question marks of a statement.

#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::inline v1::sqlite {

struct bytes {
    const std::string& of;
};

inline void bind_one(SQLite::Statement& to, int at, const std::string& text) { to.bind(at, text); }
inline void bind_one(SQLite::Statement& to, int at, std::string_view text) { to.bind(at, std::string(text)); }
inline void bind_one(SQLite::Statement& to, int at, std::int64_t number) { to.bind(at, number); }
inline void bind_one(SQLite::Statement& to, int at, int number) { to.bind(at, number); }
inline void bind_one(SQLite::Statement& to, int at, std::uint32_t number) { to.bind(at, std::int64_t{number}); }
inline void bind_one(SQLite::Statement& to, int at, std::uint64_t number) {
    to.bind(at, static_cast<std::int64_t>(number));
}
inline void bind_one(SQLite::Statement& to, int at, bytes blob) {
    to.bind(at, static_cast<const void*>(blob.of.data()), static_cast<int>(blob.of.size()));
}

/// In the order of the question marks.
template <class... Values>
SQLite::Statement& bound(SQLite::Statement& to, const Values&... values) {
    int at = 0;
    (bind_one(to, ++at, values), ...);
    return to;
}

}  // namespace headgate::inline v1::sqlite
