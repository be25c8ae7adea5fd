// SPDX-License-Identifier: BSL-1.0
#include <headgate/openssl/secrets.hpp>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace headgate::inline v1::openssl {

namespace {

[[noreturn]] void give_up(const char* why) {
    std::fprintf(stderr, "headgate: %s; nothing secret can be made without it\n", why);
    std::abort();
}

bool from_operating_system(std::span<std::byte> bytes) {
    while (not bytes.empty()) {
        const ssize_t came = ::getrandom(bytes.data(), bytes.size(), 0);
        if (came < 0 and errno != EINTR) return false;
        if (came > 0) bytes = bytes.subspan(static_cast<std::size_t>(came));
    }
    return true;
}

constexpr const char* no_hmac = "OpenSSL has no HMAC-SHA256";

/// With no key yet; copied for each code. To look the algorithms up takes several times as long as a code of a short text.
const EVP_MAC_CTX* hmac_sha256() {
    static const EVP_MAC_CTX* const made = [] {
        EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
        EVP_MAC_CTX* const with = EVP_MAC_CTX_new(hmac);
        EVP_MAC_free(hmac);  // `with` keeps it
        char digest[] = OSSL_DIGEST_NAME_SHA2_256;
        const std::array<OSSL_PARAM, 2> by{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                           OSSL_PARAM_construct_end()};
        if (with == nullptr or EVP_MAC_CTX_set_params(with, by.data()) != 1) give_up(no_hmac);
        return with;
    }();
    return made;
}

}  // namespace

void secrets::random(std::span<std::byte> bytes) const {
    constexpr std::size_t most = 1 << 20;  // at a time: OpenSSL counts by int
    while (not bytes.empty()) {
        const auto some = bytes.first(std::min(bytes.size(), most));
        auto* const out = reinterpret_cast<unsigned char*>(some.data());
        if (RAND_priv_bytes(out, static_cast<int>(some.size())) != 1 and not from_operating_system(some))
            give_up("neither OpenSSL nor the operating system has random numbers");
        bytes = bytes.subspan(some.size());
    }
}

digest256 secrets::mac(std::span<const std::byte> key, std::span<const std::byte> text) const {
    digest256 code{};
    std::size_t length = 0;
    // EVP_MAC_init() takes a null key for "the one it has", so an empty one needs an address.
    const std::byte none{};
    const auto* const with = reinterpret_cast<const unsigned char*>(key.empty() ? &none : key.data());
    EVP_MAC_CTX* const hmac = EVP_MAC_CTX_dup(hmac_sha256());
    const bool is_made = hmac != nullptr and EVP_MAC_init(hmac, with, key.size(), nullptr) == 1 and
                         EVP_MAC_update(hmac, reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1 and
                         EVP_MAC_final(hmac, reinterpret_cast<unsigned char*>(code.data()), &length, code.size()) == 1;
    EVP_MAC_CTX_free(hmac);
    if (not is_made or length != code.size()) give_up(no_hmac);
    return code;
}

}  // namespace headgate::inline v1::openssl
