#pragma once
// A server for the tests of this executable: one for all of them, which ends with the process, however that ends.

#include <libpq-fe.h>

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
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

/// Its system takes connections on 127.0.0.1, and nobody ever answers on them.
class silent_server {
public:
    silent_server() : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        at_.sin_family = AF_INET;
        at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at_;
        auto* const address = reinterpret_cast<sockaddr*>(&at_);
        BOOST_REQUIRE(::bind(file_, address, size) == 0 and ::listen(file_, 8) == 0);
        BOOST_REQUIRE(::getsockname(file_, address, &size) == 0);
    }
    ~silent_server() { ::close(file_); }
    silent_server(const silent_server&) = delete;
    silent_server& operator=(const silent_server&) = delete;

    int port() const { return ntohs(at_.sin_port); }

private:
    int file_;
    sockaddr_in at_{};
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
