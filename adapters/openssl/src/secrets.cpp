// SPDX-License-Identifier: BSL-1.0
#include <headgate/openssl/secrets.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
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
    unsigned length = 0;
    // HMAC() takes a null key for "the key of the last call", so an empty one needs an address.
    const std::byte none{};
    const void* const with = key.empty() ? &none : key.data();
    assert(key.size() <= INT_MAX);
    const unsigned char* const made =
        HMAC(EVP_sha256(), with, static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
             text.size(), reinterpret_cast<unsigned char*>(code.data()), &length);
    if (made == nullptr or length != code.size()) give_up("OpenSSL has no HMAC-SHA256");
    return code;
}

}  // namespace headgate::inline v1::openssl
