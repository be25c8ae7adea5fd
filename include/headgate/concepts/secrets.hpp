#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: what is asked of whoever draws secrets and signs with them.

#include <headgate/vocabulary/message.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace headgate::inline v1 {

namespace secrets_has {

template <class Secrets>
concept random = requires(Secrets& s, std::span<std::byte> bytes) {
    { s.random(bytes) } -> std::same_as<void>;
};
template <class Secrets>
concept mac = requires(Secrets& s, std::span<const std::byte> text) {
    { s.mac(text, text) } -> std::same_as<digest256>;
};

}  // namespace secrets_has

/// `random(bytes)` fills from the operating system's generator; `mac(key, text)` is HMAC-SHA256. Both answer at once
/// and from any thread. Laws: `fresh` two draws differ; `keyed` another key or text gives another code, the same the
/// same; `known` the test vectors of RFC 4231. Archetype `archetype::secrets`. Models: OpenSSL; the simulated one is a
/// cheap mixer and keeps all but `known`.
template <class Secrets>
concept secrets =
    secrets_has::random<Secrets> and secrets_has::mac<Secrets>;

/// Instantiated with a type that is none, says what it lacks: `template struct headgate::secrets_check<mine>;`.
/// A controller does so with each of its models.
template <class Secrets>
struct secrets_check {
    static_assert(secrets_has::random<Secrets>,
                  "secrets: it has no `void random(std::span<std::byte>)`, which fills from the operating system's "
                  "generator");
    static_assert(secrets_has::mac<Secrets>,
                  "secrets: it has no `digest256 mac(std::span<const std::byte> key, std::span<const std::byte> "
                  "text)`, which is HMAC-SHA256");
};

}  // namespace headgate::inline v1
