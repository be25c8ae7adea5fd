#include "open_database.hpp"

#include <headgate/postgres/database.hpp>
#include <headgate/sqlite/database.hpp>

namespace headgate::example {

namespace {

constexpr std::string_view sqlite_scheme = "sqlite:", postgres_scheme = "postgres:";

template <class Opened>
expected<any_database> erased(Opened opened) {
    if (not opened) return tl::unexpected(opened.error());
    return any_database(*std::move(opened));
}

}  // namespace

expected<any_database> open_database(const std::string& address) {
    if (address.starts_with(sqlite_scheme))
        return erased(sqlite::database::open({.path = address.substr(sqlite_scheme.size())}));
    if (address.starts_with(postgres_scheme))
        return erased(postgres::database::open({.connection = address.substr(postgres_scheme.size())}));
    return failure(error_kind::invalid, "database \"" + address + "\": it is " + database_help);
}

std::string file_of(const std::string& address) {
    return address.starts_with(sqlite_scheme) ? address.substr(sqlite_scheme.size()) : std::string();
}

}  // namespace headgate::example
