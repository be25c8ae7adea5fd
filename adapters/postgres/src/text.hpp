#pragma once
// SPDX-License-Identifier: BSL-1.0
// postgres: how values are written for the server, and how its errors are told to people.

#include <headgate/vocabulary/outcome.hpp>

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::postgres {

struct ends_result {
    void operator()(PGresult* result) const { PQclear(result); }
};
using result = std::unique_ptr<PGresult, ends_result>;

struct ends_connection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using connection = std::unique_ptr<PGconn, ends_connection>;

/// The server takes no NUL in a text and nothing that is not UTF-8: each such byte becomes U+FFFD.
std::string as_text(std::string_view from);
bool is_text(std::string_view from);

/// What a statement is given: bytes as they are, all else as text.
class arguments {
public:
    arguments& add(std::string_view text);
    arguments& add(std::int64_t number);
    arguments& add_bytes(const std::optional<std::string>& bytes);  ///< none: null
    arguments& add_list(const std::vector<std::int64_t>& numbers);
    arguments& add_list(const std::vector<std::string>& texts);

    /// Puts the statement of that name, and the end of its transaction, on its way. False: the connection broke.
    bool send(PGconn* to, const char* name) const;

private:
    struct value {
        std::optional<std::string> bytes{};
        int format{};  // 1: as they are
    };
    std::vector<value> values_{};
};

/// Reads one row of a result, one column after the other.
class row {
public:
    row(const PGresult* of, int at) : of_(of), at_(at) {}

    bool is_null() const { return PQgetisnull(of_, at_, column_) != 0; }
    std::string text();
    std::int64_t number();  ///< 0 for null
    std::optional<std::int64_t> maybe_number();
    bool truth();
    std::optional<std::string> bytes();
    void skip() { ++column_; }

private:
    const PGresult* of_;
    int at_;
    int column_ = 0;
};

/// Knows how to name the server, and keeps the password out of every text.
class words {
public:
    explicit words(const std::string& to);

    /// Whether libpq can read the connection string. If not there is nothing to try.
    const std::optional<error>& wrong() const { return wrong_; }
    /// Why no connection could be made. `is_up`: the server takes connections, but not ours.
    error refused(PGconn* by, bool is_up) const;
    /// Why a connection ended.
    error lost(PGconn* which) const;
    /// Why a statement failed.
    error failed(const PGresult* how) const;
    error say(error_kind kind, std::string_view what, std::string_view to_do) const;

private:
    std::string where_{};
    std::string password_{};
    std::optional<error> wrong_{};
};

/// Whether the server ended the connection with this result, so that what became of the statement is not known.
bool is_end_of_connection(const PGresult* how);

/// Arguments of PQconnectdbParams and the like: the connection string, with defaults that it may override.
class targets {
public:
    explicit targets(const std::string& to);
    const char* const* names() const { return names_.data(); }
    const char* const* values() const { return values_.data(); }

private:
    std::vector<const char*> names_{};
    std::vector<const char*> values_{};
};

/// "headgate", in quotes and as a name.
std::string quoted(std::string_view name);

}  // namespace headgate::inline v1::postgres
