#pragma once
// SPDX-License-Identifier: BSL-1.0
#include <headgate/grpc/transport.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace headgate::grpc_test {

/// Three that know nothing of each other: "ours" and "theirs" of scripts/authority, and "odd" of odd_certificates.
class authorities {
public:
    authorities() {
        std::string made = "/tmp/headgate-tls.XXXXXX";
        BOOST_REQUIRE(::mkdtemp(made.data()) != nullptr);
        at_ = made;
        for (const char* const name : {"ours", "theirs"}) make(HEADGATE_SOURCE "/scripts/authority", name);
        make(HEADGATE_SOURCE "/tests/adapters/grpc/odd_certificates", "odd");
    }
    ~authorities() { std::filesystem::remove_all(at_); }
    authorities(const authorities&) = delete;
    authorities& operator=(const authorities&) = delete;

    std::string file(const std::string& name) const { return at_ + "/" + name; }
    grpc::mutual_tls of(const std::string& authority, const std::string& role) const {
        return {file(authority + "/authority.pem"), file(authority + "/" + role + ".pem"),
                file(authority + "/" + role + ".key")};
    }

private:
    void make(const std::string& script, const std::string& name) const {
        BOOST_REQUIRE(std::system(("bash " + script + " " + file(name)).c_str()) == 0);
    }

    std::string at_;
};

}  // namespace headgate::grpc_test
