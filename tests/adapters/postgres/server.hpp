#pragma once
// A server for the tests of this executable: one for all of them, which ends with the process, however that ends.

#include <libpq-fe.h>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace headgate_test {

struct server {
    server() {
        const std::string up = "bash " HEADGATE_POSTGRES_SCRIPT " up --while " + std::to_string(::getpid());
        std::FILE* const output = ::popen(up.c_str(), "r");
        std::string line;
        for (int c; output != nullptr and (c = std::fgetc(output)) != EOF;) line += static_cast<char>(c);
        if (output == nullptr or ::pclose(output) != 0) throw std::runtime_error("scripts/postgres up failed");
        for (const char* name : {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "HEADGATE_POSTGRES"}) {
            const std::size_t at = line.find(std::string(name) + "=") + std::string(name).size() + 1;
            ::setenv(name, line.substr(at, line.find_first_of(" \n", at) - at).c_str(), 1);
        }
    }
    ~server() {
        if (std::system("bash " HEADGATE_POSTGRES_SCRIPT " down") != 0)
            std::fputs("scripts/postgres down failed\n", stderr);
    }
};

/// As somebody with psql does.
class by_hand {
public:
    by_hand() : open_(PQconnectdb("")) {
        BOOST_REQUIRE_MESSAGE(PQstatus(open_) == CONNECTION_OK, PQerrorMessage(open_));
    }
    ~by_hand() { PQfinish(open_); }
    by_hand(const by_hand&) = delete;
    by_hand& operator=(const by_hand&) = delete;

    /// The first value of the answer.
    std::string run(const std::string& sql) {
        PGresult* const result = PQexec(open_, sql.c_str());
        const ExecStatusType status = PQresultStatus(result);
        BOOST_REQUIRE_MESSAGE(status == PGRES_COMMAND_OK or status == PGRES_TUPLES_OK,
                              sql << ": " << PQerrorMessage(open_));
        const std::string first = PQntuples(result) > 0 and PQnfields(result) > 0 ? PQgetvalue(result, 0, 0) : "";
        PQclear(result);
        return first;
    }

    /// Whether somebody notified a channel that this session listens to.
    bool is_notified() {
        PQconsumeInput(open_);
        PGnotify* const note = PQnotifies(open_);
        PQfreemem(note);
        return note != nullptr;
    }

private:
    PGconn* open_;
};

}  // namespace headgate_test
