// SPDX-License-Identifier: BSL-1.0
#include "transport.hpp"

#include <headgate/concepts/credentials.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>
#include <variant>

namespace headgate::inline v1::grpc {

namespace {

// A refusal's reason travels as a header, in which a byte takes up to three.
int header_bytes(const limits& most) { return static_cast<int>(3 * most.error_text + (std::size_t{16} << 10)); }

int as_int(std::size_t value) { return static_cast<int>(std::min<std::size_t>(value, 1u << 30)); }

// A peer that is silent for so long is asked whether it lives, and has a third of it for its answer. Heartbeats come
// more often, so this finds those that hang with nothing said.
constexpr int keepalive_ms = 20'000;

std::optional<digest256> token_in(const std::multimap<::grpc::string_ref, ::grpc::string_ref>& metadata) {
    digest256 token;
    if (metadata.count(token_key) != 1) return std::nullopt;
    const ::grpc::string_ref found = metadata.find(token_key)->second;
    if (found.size() != token.size()) return std::nullopt;
    std::memcpy(token.data(), found.data(), token.size());
    return token;
}

// Made by one thread, used and destroyed by others: gRPC orders that, and the lock shows it to ThreadSanitizer.
class token_plugin : public ::grpc::MetadataCredentialsPlugin {
public:
    explicit token_plugin(const digest256& token) {
        const std::lock_guard held(lock_);
        token_.assign(reinterpret_cast<const char*>(token.data()), token.size());
    }
    ~token_plugin() override {
        const std::lock_guard held(lock_);
        token_ = {};
    }
    token_plugin(const token_plugin&) = delete;
    token_plugin& operator=(const token_plugin&) = delete;

    bool IsBlocking() const override { return false; }
    const char* GetType() const override { return "headgate call token"; }
    ::grpc::string DebugString() override { return "headgate call token"; }  // the token is in no log
    ::grpc::Status GetMetadata(::grpc::string_ref, ::grpc::string_ref, const ::grpc::AuthContext&,
                               std::multimap<::grpc::string, ::grpc::string>* to) override {
        const std::lock_guard held(lock_);
        to->emplace(token_key, token_);
        return ::grpc::Status::OK;
    }

private:
    std::mutex lock_;
    std::string token_;
};

// Likewise.
class doorkeeper : public ::grpc::AuthMetadataProcessor {
public:
    doorkeeper(const security& by, const std::optional<digest256>& token) {
        const std::lock_guard held(lock_);
        by_.other_role = by.other_role;
        token_ = token;
    }
    ~doorkeeper() override {
        const std::lock_guard held(lock_);
        by_ = {};
        token_ = {};
    }
    doorkeeper(const doorkeeper&) = delete;
    doorkeeper& operator=(const doorkeeper&) = delete;

    bool IsBlocking() const override { return false; }
    ::grpc::Status Process(const InputMetadata& shown, ::grpc::AuthContext* peer, OutputMetadata*,
                           OutputMetadata*) override {
        const std::lock_guard held(lock_);
        const auto refuse = [](const char* why) { return ::grpc::Status(::grpc::StatusCode::UNAUTHENTICATED, why); };
        if (not is_trusted(*peer, by_)) return refuse("an untrusted transport");
        if (not token_) return ::grpc::Status::OK;
        const auto token = token_in(shown);
        if (not token) return refuse(no_token);
        return equal_in_constant_time(*token, *token_) ? ::grpc::Status::OK : refuse("the token is not this worker's");
    }

private:
    std::mutex lock_;
    security by_;
    std::optional<digest256> token_;
};

/// What the system says against binding; gRPC itself says it to a log only.
expected<applied> try_to_bind(const endpoint& at) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (at.is_ipv6) {
        auto& address = reinterpret_cast<sockaddr_in6&>(storage);
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(at.port);
        inet_pton(AF_INET6, at.host.c_str(), &address.sin6_addr);
        size = sizeof address;
    } else {
        auto& address = reinterpret_cast<sockaddr_in&>(storage);
        address.sin_family = AF_INET;
        address.sin_port = htons(at.port);
        inet_pton(AF_INET, at.host.c_str(), &address.sin_addr);
        size = sizeof address;
    }
    const int made = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed_with = made < 0 ? errno : 0;
    if (made >= 0) {
        const int yes = 1;
        static_cast<void>(::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
        if (::bind(made, reinterpret_cast<const sockaddr*>(&storage), size) != 0) failed_with = errno;
        if (failed_with == 0 and ::listen(made, 1) != 0) failed_with = errno;  // binding alone may share the port
        ::close(made);
    }
    if (failed_with == 0) return applied{};
    return failure(error_kind::invalid,
                   "cannot listen on " + at.text() + ": " + std::generic_category().message(failed_with));
}

constexpr const char* name_of(::grpc::StatusCode code) {
    switch (code) {
        case ::grpc::StatusCode::OK: return "ok";
        case ::grpc::StatusCode::CANCELLED: return "cancelled";
        case ::grpc::StatusCode::UNKNOWN: return "unknown";
        case ::grpc::StatusCode::INVALID_ARGUMENT: return "invalid argument";
        case ::grpc::StatusCode::DEADLINE_EXCEEDED: return "deadline exceeded";
        case ::grpc::StatusCode::NOT_FOUND: return "not found";
        case ::grpc::StatusCode::ALREADY_EXISTS: return "already exists";
        case ::grpc::StatusCode::PERMISSION_DENIED: return "permission denied";
        case ::grpc::StatusCode::UNAUTHENTICATED: return "unauthenticated";
        case ::grpc::StatusCode::RESOURCE_EXHAUSTED: return "resource exhausted";
        case ::grpc::StatusCode::FAILED_PRECONDITION: return "failed precondition";
        case ::grpc::StatusCode::ABORTED: return "aborted";
        case ::grpc::StatusCode::OUT_OF_RANGE: return "out of range";
        case ::grpc::StatusCode::UNIMPLEMENTED: return "unimplemented";
        case ::grpc::StatusCode::INTERNAL: return "internal";
        case ::grpc::StatusCode::UNAVAILABLE: return "unavailable";
        case ::grpc::StatusCode::DATA_LOSS: return "data loss";
        case ::grpc::StatusCode::DO_NOT_USE: break;
    }
    return "no such status";
}

}  // namespace

std::string endpoint::text() const { return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port); }

namespace {

expected<std::string> read_pem(const std::string& file, const char* what) {
    constexpr std::size_t most = std::size_t{1} << 20;
    std::string text(most, '\0');
    std::error_code wrong;
    std::ifstream in;
    if (std::filesystem::is_regular_file(file, wrong)) in.open(file, std::ios::binary);
    // Read whole before its end was seen: longer than it may be.
    if (not in.is_open() or in.read(text.data(), static_cast<std::streamsize>(most)) or in.bad())
        return failure(error_kind::invalid, std::string(what) + " cannot be read: " + file);
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.find("-----BEGIN ") == std::string::npos)
        return failure(error_kind::invalid, std::string(what) + " is not PEM: " + file);
    return text;
}

/// As ssh asks of a key: nobody but its user may do anything with it. Where it is root's, its group may read it.
expected<applied> is_kept_secret(const std::string& file) {
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) return applied{};  // reading it says why
    const mode_t allowed = about.st_uid == 0 and ::geteuid() != 0 ? 040 : 0;
    if ((about.st_mode & 077 & ~allowed) == 0) return applied{};
    std::array<char, 8> mode{};
    std::to_chars(mode.data(), mode.data() + mode.size(), about.st_mode & 0777, 8);
    return failure(error_kind::invalid, "the certificate's key has mode 0" + std::string(mode.data()) +
                                            ", so that others may use it: chmod 600 " + file);
}

expected<security> secure(const mutual_tls& by, const char* other_role) {
    const auto authority = read_pem(by.authority, "the authority's certificate");
    if (not authority) return tl::unexpected(authority.error());
    const auto certificate = read_pem(by.certificate, "the certificate");
    if (not certificate) return tl::unexpected(certificate.error());
    if (const auto ok = is_kept_secret(by.key); not ok) return tl::unexpected(ok.error());
    const auto key = read_pem(by.key, "the certificate's key");
    if (not key) return tl::unexpected(key.error());
    ::grpc::SslServerCredentialsOptions server(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    server.pem_root_certs = *authority;
    server.pem_key_cert_pairs.push_back({*key, *certificate});
    return security{.server = ::grpc::SslServerCredentials(server),
                    .client = ::grpc::SslCredentials({*authority, *key, *certificate}),
                    .other_role = other_role,
                    .files = by.authority + ", " + by.certificate + ", " + by.key};
}

}  // namespace

expected<security> secure(const transport& by, const char* other_role) {
    if (const auto* const tls = std::get_if<mutual_tls>(&by)) return secure(*tls, other_role);
    return security{.server = ::grpc::experimental::LocalServerCredentials(LOCAL_TCP),
                    .client = ::grpc::experimental::LocalCredentials(LOCAL_TCP),
                    .other_role = {},
                    .files = {}};
}

expected<endpoint> endpoint_of(std::string_view address, const security& by) {
    const std::string shown = "address \"" + std::string(address.substr(0, 256)) + "\"";
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos)
        return failure(error_kind::invalid, shown + " is not host:port, as in 127.0.0.1:7070");
    endpoint found;
    const std::string_view port = address.substr(colon + 1);
    const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), found.port);
    if (wrong != std::errc() or end != port.data() + port.size())
        return failure(error_kind::invalid, shown + ": the port is not a number up to 65535");
    std::string_view host = address.substr(0, colon);
    if (host.size() > 2 and host.front() == '[' and host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        found.is_ipv6 = true;
    }
    found.host = host == "localhost" ? "127.0.0.1" : std::string(host);
    in_addr four{};
    in6_addr six{};
    const bool is_numeric = found.is_ipv6 ? inet_pton(AF_INET6, found.host.c_str(), &six) == 1
                                          : inet_pton(AF_INET, found.host.c_str(), &four) == 1;
    const bool is_loopback = found.is_ipv6 ? IN6_IS_ADDR_LOOPBACK(&six) : ntohl(four.s_addr) >> 24 == 127;
    const bool is_unspecified = found.is_ipv6 ? IN6_IS_ADDR_UNSPECIFIED(&six) : four.s_addr == INADDR_ANY;
    if (by.is_local() and not(is_numeric and is_loopback))
        return failure(error_kind::unsupported,
                       shown + " is not on loopback (127.0.0.1, [::1] or localhost); others need mutual TLS");
    if (not is_numeric) return failure(error_kind::invalid, shown + ": the host is not numeric, as in 10.0.0.7:7070");
    if (is_unspecified)
        return failure(error_kind::invalid, shown + " is every address; name the one that the other end reaches");
    return found;
}

expected<std::unique_ptr<::grpc::Server>> serve(const std::function<void(::grpc::ServerBuilder&)>& registers,
                                                endpoint& at, const security& by, const limits& most) {
    if (const auto ok = try_to_bind(at); not ok) return tl::unexpected(ok.error());
    ::grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(at.text(), by.server, &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // else two servers share a port, and workers
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, header_bytes(most));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms / 3);
    // Clients of ours ask as often as above; the default would take that for an attack.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, keepalive_ms / 2);
    builder.SetMaxReceiveMessageSize(as_int(most.message));
    builder.SetMaxSendMessageSize(as_int(most.message));
    registers(builder);
    auto server = builder.BuildAndStart();
    if (not server or port <= 0)
        return failure(
            error_kind::invalid,
            "cannot listen on " + at.text() +
                (by.is_local() ? "" : "; one of these cannot be used, or the key is another's: " + by.files));
    at.port = static_cast<std::uint16_t>(port);
    return server;
}

std::shared_ptr<::grpc::Channel> connect(const endpoint& to, const security& by, const limits& most, duration timeout) {
    ::grpc::ChannelArguments arguments;
    // Whatever its address, the certificate there has to name the role.
    if (not by.is_local()) arguments.SetSslTargetNameOverride(by.other_role);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // One attempt to connect takes at most this long, and whoever asks again is not made to wait for gRPC's backoff.
    const int milliseconds = static_cast<int>(std::clamp<duration::rep>(timeout.count(), 1, 3'600'000));
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, milliseconds);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, std::max(milliseconds, 100));
    arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, header_bytes(most));
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms / 3);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // what is tried again is decided by policies
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(as_int(most.message));
    arguments.SetMaxSendMessageSize(as_int(most.message));
    return ::grpc::CreateCustomChannel(to.target(), by.client, arguments);
}

bool is_trusted(const ::grpc::AuthContext& peer, const security& by) {
    const auto says = [&](const char* property, std::string_view value) {
        return std::ranges::any_of(peer.FindPropertyValues(property), [&](const ::grpc::string_ref& one) {
            return std::string_view(one.data(), one.size()) == value;
        });
    };
    if (by.is_local()) return says(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME, "local");
    return says(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME, "ssl") and says(GRPC_X509_SAN_PROPERTY_NAME, by.other_role);
}

std::string host_of(std::string_view peer) {
    peer.remove_prefix(std::min(peer.find(':') + 1, peer.size()));
    peer = peer.substr(0, peer.rfind(':'));
    for (const std::string_view bracket : {"%5B", "["})
        if (peer.starts_with(bracket)) peer.remove_prefix(bracket.size());
    for (const std::string_view bracket : {"%5D", "]"})
        if (peer.ends_with(bracket)) peer.remove_suffix(bracket.size());
    return std::string(peer);
}

std::shared_ptr<::grpc::CallCredentials> credentials_of(const digest256& token) {
    return ::grpc::MetadataCredentialsFromPlugin(std::make_unique<token_plugin>(token));
}

std::optional<digest256> token_of(const ::grpc::ServerContextBase& context) {
    return token_in(context.client_metadata());
}

void keep_door(const security& by, const std::optional<digest256>& token) {
    by.server->SetAuthMetadataProcessor(std::make_shared<doorkeeper>(by, token));
}

::grpc::ByteBuffer buffer_of(const std::string& bytes) {
    const ::grpc::Slice slice(bytes);
    return {&slice, 1};
}

std::string describe(const ::grpc::Status& status, const limits& most) {
    std::string text = name_of(status.error_code());
    if (not status.error_message().empty()) text += ": " + one_line(status.error_message(), most.error_text);
    return text;
}

}  // namespace headgate::inline v1::grpc
