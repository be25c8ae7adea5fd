// SPDX-License-Identifier: BSL-1.0
#include "install.hpp"

#include "schema.hpp"

#include <headgate/columns/job.hpp>

#include <cstdint>
#include <string>

namespace headgate::inline v1::postgres {

namespace {

// Two controllers that come at once do not both make the tables. Any number that others are unlikely to use.
constexpr std::int64_t install_lock = 0x6865616467617465;

class installer {
public:
    installer(const options& how, const words& say) : how_(how), say_(say) {}

    std::optional<error> run() {
        const targets where(how_.connection);
        open_ = connection(PQconnectdbParams(where.names(), where.values(), 1));
        if (not open_) return say_.say(error_kind::database, "out of memory", "it is tried again");
        if (PQstatus(open_.get()) != CONNECTION_OK)
            return say_.refused(open_.get(), PQpingParams(where.names(), where.values(), 1) == PQPING_OK);
        // The names of what is there already are no notice to print.
        PQsetNoticeProcessor(
            open_.get(), [](void*, const char*) {}, nullptr);
        const std::string schema = quoted(how_.schema);
        if (not ask("BEGIN") or not ask("SELECT pg_advisory_xact_lock(" + std::to_string(install_lock) + ")"))
            return why_;
        // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where it exists.
        if (not ask("SELECT FROM pg_namespace WHERE nspname = " + literal(how_.schema))) return why_;
        if (rows_ == 0 and not ask("CREATE SCHEMA " + schema)) return why_;
        // Without it the schema's tables are not denied, but not there.
        if (not ask("SELECT has_schema_privilege(" + literal(how_.schema) + ", 'USAGE')")) return why_;
        if (not row(last_.get(), 0).truth())
            return say_.say(error_kind::permanent, "this user may not use the schema " + schema,
                            "GRANT this user ALL on the schema, its tables and functions");
        if (not ask("SET LOCAL search_path = " + schema)) return why_;
        if (not ask("SELECT FROM pg_tables WHERE schemaname = " + literal(how_.schema) +
                    " AND tablename = 'headgate_schema'"))
            return why_;
        std::int64_t found = 0;
        if (rows_ > 0) {
            if (not ask("SELECT coalesce(max(version), 0) FROM headgate_schema")) return why_;
            found = row(last_.get(), 0).number();
        }
        if (found > schema_version) return columns::newer_schema("schema " + schema, found, schema_version);
        if (found < schema_version and not bring_up(found)) return why_;
        return ask("COMMIT") ? std::nullopt : why_;
    }

private:
    /// From version `found`; 0: from nothing.
    bool bring_up(std::int64_t found) {
        if (found == 0 and not ask(tables)) return false;
        // Whoever uses the view now is waited for, and whoever comes meanwhile waits behind us.
        if (not ask("SET LOCAL lock_timeout = '5s'")) return false;
        if (not ask(code)) {
            const char* const state = PQresultErrorField(last_.get(), PG_DIAG_SQLSTATE);
            if (found > 0 and state != nullptr and std::string_view(state) == "42501")
                why_ = say_.say(error_kind::permanent,
                                "the schema " + quoted(how_.schema) + " is of version " + std::to_string(found) +
                                    " and not this user's",
                                "let its owner open it once with this headgate, or grant this user the owner's role");
            return false;
        }
        return (found > 0 or ask(trigger)) and
               ask("INSERT INTO headgate_schema VALUES (" + std::to_string(schema_version) + ")");
    }

    /// True: it was done. False: `why_` says what was wrong.
    bool ask(const std::string& sql) {
        last_ = result(PQexec(open_.get(), sql.c_str()));
        const ExecStatusType status = PQresultStatus(last_.get());
        rows_ = PQntuples(last_.get());
        if (status == PGRES_COMMAND_OK or status == PGRES_TUPLES_OK) return true;
        why_ = last_ and PQstatus(open_.get()) == CONNECTION_OK ? say_.failed(last_.get()) : say_.lost(open_.get());
        return false;
    }

    static std::string literal(const std::string& text) {
        std::string made = "'";
        for (const char c : text) made.append(c == '\'' ? 2u : 1u, c);
        return made + "'";
    }

    const options& how_;
    const words& say_;
    connection open_{};
    result last_{};
    int rows_ = 0;
    std::optional<error> why_{};
};

}  // namespace

std::optional<error> install(const options& how, const words& say) {
    if (say.wrong()) return say.wrong();
    if (how.schema.empty() or how.schema.size() > 40 or not is_text(how.schema))
        return error{.kind = error_kind::permanent, .text = "the name of a Postgres schema has 1 to 40 bytes"};
    return installer(how, say).run();
}

}  // namespace headgate::inline v1::postgres
