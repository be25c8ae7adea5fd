#pragma once
// SPDX-License-Identifier: BSL-1.0
// Whoever speaks HTTP/2 by hand, and reads nothing of what it is told.

#include <headgate/protobuf/messages.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::grpc_test {

/// One connection that lets the other end send nothing on its streams: their window is 0 (RFC 9113, 6.9).
class raw_peer {
public:
    /// `address`: 127.0.0.1:port.
    explicit raw_peer(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        BOOST_REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        const std::string no_window = {'\0', '\4', '\0', '\0', '\0', '\0'};
        write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, no_window));
    }
    ~raw_peer() { ::close(socket_); }
    raw_peer(const raw_peer&) = delete;
    raw_peer& operator=(const raw_peer&) = delete;

    /// Opens one more stream and says so on it.
    void open(const worker_message& first) {
        const std::string bytes = protobuf::encode(first);
        const std::uint32_t stream = next_;
        next_ += 2;
        constexpr char end_of_headers = 4;
        write(frame(headers, end_of_headers, stream,
                    field(":method", "POST") + field(":scheme", "http") +
                        field(":path", "/headgate.wire.v1.Controller/Work") + field(":authority", "127.0.0.1") +
                        field("te", "trailers") + field("content-type", "application/grpc")) +
              frame(data, 0, stream, '\0' + number(bytes.size(), 4) + bytes));
    }

private:
    static constexpr char data = 0, headers = 1, settings = 4;

    static std::string number(std::size_t value, int bytes) {
        std::string made;
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) made += static_cast<char>(value >> shift & 0xff);
        return made;
    }
    static std::string frame(char kind, char flags, std::uint32_t stream, const std::string& of) {
        return number(of.size(), 3) + kind + flags + number(stream, 4) + of;
    }
    /// HPACK: a literal with a new name, not indexed (RFC 7541, 6.2.2).
    static std::string field(std::string_view name, std::string_view value) {
        return '\0' + number(name.size(), 1) + std::string(name) + number(value.size(), 1) + std::string(value);
    }
    void write(const std::string& bytes) {
        BOOST_REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }

    int socket_;
    std::uint32_t next_ = 1;
};

}  // namespace headgate::grpc_test
