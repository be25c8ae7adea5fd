#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever draws secrets and signs with them.

#include <headgate/vocabulary/message.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace headgate::inline v1 {

/// `random(bytes)` fills from the operating system's generator; `mac(key, text)` is HMAC-SHA256. Both answer at once
/// and from any thread. Laws: `fresh` two draws differ; `keyed` another key or text gives another code, the same the
/// same; `known` the test vectors of RFC 4231. Archetype `archetype::secrets`. Models: OpenSSL; the simulated one is a
/// cheap mixer and keeps all but `known`.
template <class Secrets>
concept secrets = requires(Secrets& s, std::span<std::byte> bytes, std::span<const std::byte> text) {
    { s.random(bytes) } -> std::same_as<void>;
    { s.mac(text, text) } -> std::same_as<digest256>;
};

}  // namespace headgate::inline v1
