// SPDX-License-Identifier: BSL-1.0
#include "text.hpp"

#include <headgate/vocabulary/note_text.hpp>
#include <headgate/vocabulary/utf8.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace headgate::inline v1::postgres {

bool is_text(std::string_view from) { return is_utf8(from) and from.find('\0') == from.npos; }

std::string as_text(std::string_view from) {
    constexpr std::string_view replacement = "\xef\xbf\xbd";
    std::string made = as_utf8(from);
    for (std::size_t at = 0; (at = made.find('\0', at)) != made.npos;) made.replace(at, 1, replacement);
    return made;
}

arguments& arguments::add(std::string_view text) {
    values_.push_back({as_text(text), 0});
    return *this;
}

arguments& arguments::add(std::int64_t number) {
    values_.push_back({std::to_string(number), 0});
    return *this;
}

arguments& arguments::add_bytes(const std::optional<std::string>& bytes) {
    values_.push_back({bytes, 1});
    return *this;
}

arguments& arguments::add_list(const std::vector<std::int64_t>& numbers) {
    std::string list = "{";
    for (const std::int64_t each : numbers) list.append(list.size() > 1 ? "," : "").append(std::to_string(each));
    return add(list + "}");
}

arguments& arguments::add_list(const std::vector<std::string>& texts) {
    std::string list = "{";
    for (const std::string& each : texts) {
        list.append(list.size() > 1 ? ",\"" : "\"");
        for (const char c : as_text(each)) {
            if (c == '"' or c == '\\') list += '\\';
            list += c;
        }
        list += '"';
    }
    return add(list + "}");
}

bool arguments::send(PGconn* to, const char* name) const {
    std::vector<const char*> values;
    std::vector<int> sizes, formats;
    for (const value& each : values_) {
        values.push_back(each.bytes ? each.bytes->data() : nullptr);
        sizes.push_back(each.bytes ? static_cast<int>(each.bytes->size()) : 0);
        formats.push_back(each.format);
    }
    return PQsendQueryPrepared(to, name, static_cast<int>(values.size()), values.data(), sizes.data(), formats.data(),
                               0) == 1 and
           PQpipelineSync(to) == 1;
}

std::string row::text() {
    const int column = column_++;
    return {PQgetvalue(of_, at_, column), static_cast<std::size_t>(PQgetlength(of_, at_, column))};
}

std::int64_t row::number() { return maybe_number().value_or(0); }

std::optional<std::int64_t> row::maybe_number() {
    const bool is_none = is_null();
    const std::string digits = text();
    std::int64_t value = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (is_none or wrong != std::errc()) return std::nullopt;
    return value;
}

bool row::truth() { return text() == "t"; }

std::optional<std::string> row::bytes() {
    const bool is_none = is_null();
    const int column = column_++;
    if (is_none) return std::nullopt;
    const auto* const escaped = reinterpret_cast<const unsigned char*>(PQgetvalue(of_, at_, column));
    std::size_t size = 0;
    unsigned char* const plain = PQunescapeBytea(escaped, &size);
    if (plain == nullptr) return std::nullopt;
    std::string made(reinterpret_cast<const char*>(plain), size);
    PQfreemem(plain);
    return made;
}

words::words(const std::string& to) {
    char* message = nullptr;
    PQconninfoOption* const options = PQconninfoParse(to.c_str(), &message);
    if (options == nullptr) {
        // What libpq says quotes what it could not read, which may be the password.
        PQfreemem(message);
        wrong_ = error{.kind = error_kind::permanent,
                       .text =
                           "the connection string for Postgres cannot be read; write it as \"host=... dbname=... "
                           "user=...\" or \"postgresql://user@host/dbname\""};
        return;
    }
    std::string host, port;
    for (const PQconninfoOption* each = options; each->keyword != nullptr; ++each) {
        if (each->val == nullptr) continue;
        if (std::strcmp(each->keyword, "password") == 0) password_ = each->val;
        if (std::strcmp(each->keyword, "host") == 0) host = each->val;
        if (std::strcmp(each->keyword, "port") == 0) port = each->val;
    }
    PQconninfoFree(options);
    where_ = "Postgres" + (host.empty() ? "" : " on " + host) + (port.empty() ? "" : " port " + port);
}

error words::say(error_kind kind, std::string_view what, std::string_view to_do) const {
    std::string text(what.substr(0, what.find_last_not_of(" \n") + 1));
    for (std::size_t at = 0; not password_.empty() and (at = text.find(password_, at)) != std::string::npos; at += 3)
        text.replace(at, password_.size(), "***");
    std::ranges::replace_if(
        text, [](char c) { return c == '\n' or c == '\t'; }, ' ');  // libpq's own lines
    return {.kind = kind, .text = where_ + ": " + one_line(text) + "; " + std::string(to_do)};
}

error words::refused(PGconn* by, bool is_up) const {
    const std::string_view text = PQerrorMessage(by);
    if (not is_up) return say(error_kind::database, text, "start the server, or mend host and port");
    if (PQconnectionNeedsPassword(by) != 0)
        return say(error_kind::permanent, text, "give a password, in PGPASSWORD or the file ~/.pgpass");
    // The server's own words; a translated one is taken for permanent, which a person will look at.
    if (text.find("too many") != text.npos or text.find("remaining connection slots") != text.npos or
        text.find("starting up") != text.npos or text.find("shutting down") != text.npos)
        return say(error_kind::database, text, "raise max_connections, or end other connections");
    if (PQconnectionUsedPassword(by) != 0) return say(error_kind::permanent, text, "mend user, password or database");
    return say(error_kind::permanent, text, "mend user or database, or let this user in (pg_hba.conf)");
}

error words::lost(PGconn* which) const {
    return say(error_kind::database, PQerrorMessage(which), "the connection is made again");
}

error words::failed(const PGresult* how) const {
    const char* const field = PQresultErrorField(how, PG_DIAG_SQLSTATE);
    const std::string_view code = field == nullptr ? "" : field;
    const char* const primary = PQresultErrorField(how, PG_DIAG_MESSAGE_PRIMARY);
    const std::string_view text = primary == nullptr ? PQresultErrorMessage(how) : primary;
    if (code == "42501")
        return say(error_kind::permanent, text, "GRANT this user ALL on the schema, its tables and functions");
    if (code.starts_with("42") or code == "3F000")
        return say(error_kind::permanent, text, "the schema is not as headgate made it; put it back, or name another");
    if (code == "25006")
        return say(error_kind::database, text, "this server is a standby; name the primary as the host");
    if (code.starts_with("22") or code.starts_with("23") or code.starts_with("54"))
        return say(error_kind::invalid, text, "the value cannot be kept");
    if (code == "53100") return say(error_kind::database, text, "make room on the server's disk");
    if (code == "55P03" or code == "57014")
        return say(error_kind::database, text, "another session holds the lock; end its transaction");
    return say(error_kind::database, text, "it is tried again");
}

bool is_end_of_connection(const PGresult* how) {
    const char* const severity = PQresultErrorField(how, PG_DIAG_SEVERITY_NONLOCALIZED);
    // Without a severity the error is libpq's own: the connection broke.
    return severity == nullptr or std::strcmp(severity, "FATAL") == 0 or std::strcmp(severity, "PANIC") == 0;
}

targets::targets(const std::string& to) {
    const auto add = [this](const char* name, const char* value) {
        names_.push_back(name);
        values_.push_back(value);
    };
    add("application_name", "headgate");
    add("client_encoding", "UTF8");
    add("connect_timeout", "5");
    // A server that went away without a word is noticed within half a minute.
    add("keepalives_idle", "10");
    add("keepalives_interval", "5");
    add("keepalives_count", "3");
    add("tcp_user_timeout", "20000");
    add("dbname", to.c_str());
    // The last word counts; 0 is for ever.
    PQconninfoOption* const said = PQconninfoParse(to.c_str(), nullptr);
    for (const PQconninfoOption* one = said; one != nullptr and one->keyword != nullptr; ++one)
        if (std::string_view(one->keyword) == "connect_timeout" and one->val != nullptr and std::atoi(one->val) < 1)
            add("connect_timeout", "5");
    PQconninfoFree(said);
    add(nullptr, nullptr);
}

std::string quoted(std::string_view name) {
    std::string made = "\"";
    for (const char c : name) made.append(c == '"' ? 2u : 1u, c);
    return made + '"';
}

}  // namespace headgate::inline v1::postgres
