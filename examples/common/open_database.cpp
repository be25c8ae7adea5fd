#include "open_database.hpp"

#include <headgate/postgres/database.hpp>
#include <headgate/sqlite/database.hpp>

namespace headgate::example {

namespace {

constexpr std::string_view sqlite_scheme = "sqlite:", postgres_scheme = "postgres:";

template <class Database>
expected<any_database> opened(auto how, std::optional<std::chrono::milliseconds> look_every) {
    if (look_every) how.look_every = *look_every;
    auto database = Database::open(std::move(how));
    if (not database) return tl::unexpected(database.error());
    return any_database(*std::move(database));
}

}  // namespace

expected<any_database> open_database(const std::string& address, if_missing then,
                                     std::optional<std::chrono::milliseconds> look_every) {
    if (address.starts_with(sqlite_scheme))
        return opened<sqlite::database>(
            sqlite::options{.path = address.substr(sqlite_scheme.size()), .may_create = then == if_missing::make},
            look_every);
    if (address.starts_with(postgres_scheme))
        return opened<postgres::database>(postgres::options{.connection = address.substr(postgres_scheme.size())},
                                          look_every);
    // Not what it is: it may be a connection, with a password in it, that lacks its scheme.
    return failure(error_kind::invalid, std::string("the database is ") + database_help + "; this is neither");
}

bool is_server(const std::string& address) { return address.starts_with(postgres_scheme); }

std::string without_secrets(const std::string& address) { return is_server(address) ? "Postgres" : address; }

std::string file_of(const std::string& address) {
    return address.starts_with(sqlite_scheme) ? address.substr(sqlite_scheme.size()) : std::string();
}

}  // namespace headgate::example
