#pragma once
// SPDX-License-Identifier: BSL-1.0
// openssl: secrets from OpenSSL's generator and its HMAC-SHA256, a model of `secrets`.

#include <headgate/concepts/secrets.hpp>

#include <cstddef>
#include <span>

namespace headgate::inline v1::openssl {

/// Holds nothing; any number of them, and any threads, may draw and sign at a time.
///
/// Neither operation can fail: a secret that is not random, or a code that is not one, would be accepted silently, so
/// there is nothing safe to go on with. `random` draws from OpenSSL's private generator, which the operating system
/// seeds, and if that fails from the operating system itself (getrandom); only if neither has any does the process end
/// (`std::abort`) with a line on standard error. So does `mac` where OpenSSL has no HMAC or SHA-256, or no memory.
struct secrets {
    void random(std::span<std::byte> bytes) const;
    /// HMAC-SHA256 (RFC 2104, FIPS 198-1) with a key of less than 2 GiB (precondition). About 1 us.
    digest256 mac(std::span<const std::byte> key, std::span<const std::byte> text) const;
};

static_assert(headgate::secrets<secrets>);

}  // namespace headgate::inline v1::openssl
