#pragma once
// SPDX-License-Identifier: BSL-1.0
// concepts: the codes by which a worker and its controller know each other (G3), over any `secrets`.
//
// Every code is an HMAC-SHA256 over a label, which names direction and purpose, and all fields, each with its length.

#include <headgate/concepts/secrets.hpp>
#include <headgate/vocabulary/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// Drawn for each claim from the operating system's generator; never traced.
using generation_secret = digest256;

/// Whether two codes are the same, in a time that does not depend on where they differ.
constexpr bool equal_in_constant_time(const digest256& left, const digest256& right);

/// What the worker of this identity is given and proves to have.
template <secrets Secrets>
digest256 worker_token(Secrets& with, const generation_secret& secret, const job_id& job, generation of,
                       worker_identity who);

/// The controller's answer to a hello, before the worker tells it anything.
template <secrets Secrets>
digest256 challenge_mac(Secrets& with, const digest256& token, const hello& said, const nonce& drawn);

template <secrets Secrets>
digest256 proof_mac(Secrets& with, const digest256& token, const hello& said, const nonce& drawn,
                    const worker_profile& profile);

/// Answers `identify`.
template <secrets Secrets>
digest256 dialled_mac(Secrets& with, const digest256& token, worker_id who, const incarnation& of, const nonce& drawn);

/// Carried by every call to the worker.
template <secrets Secrets>
digest256 call_token(Secrets& with, const digest256& token);

/// Carried by connections between the workers of a generation.
template <secrets Secrets>
digest256 data_token(Secrets& with, const generation_secret& secret, const job_id& job, generation of);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr bool equal_in_constant_time(const digest256& left, const digest256& right) {
    std::byte differs{};
    for (std::size_t i = 0; i < left.size(); ++i) differs |= left[i] ^ right[i];
    return differs == std::byte{};
}

namespace detail {

/// Fields one after the other, each with its length, so that no two lists of fields make the same bytes.
class signed_text {
public:
    explicit signed_text(std::string_view label) {
        bytes_.reserve(256);  // most are shorter
        add(label);
    }

    signed_text& add(std::string_view field) { return add(std::as_bytes(std::span(field))); }
    signed_text& add(std::span<const std::byte> field) {
        number(field.size());
        bytes_.insert(bytes_.end(), field.begin(), field.end());
        return *this;
    }
    signed_text& add(std::uint64_t field) {
        number(sizeof field);
        number(field);
        return *this;
    }
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    void number(std::uint64_t value) {
        std::array<std::byte, sizeof value> little{};
        for (std::byte& each : little) each = static_cast<std::byte>(std::exchange(value, value >> 8));
        bytes_.insert(bytes_.end(), little.begin(), little.end());
    }

    std::vector<std::byte> bytes_;
};

inline signed_text signed_hello(std::string_view label, const hello& said, const nonce& drawn) {
    signed_text text(label);
    text.add(said.protocol).add(said.job.value).add(said.generation.value).add(said.worker.value);
    text.add(said.incarnation.value[0]).add(said.incarnation.value[1]).add(said.nonce).add(drawn);
    return text;
}

}  // namespace detail

template <secrets Secrets>
digest256 worker_token(Secrets& with, const generation_secret& secret, const job_id& job, generation of,
                       worker_identity who) {
    detail::signed_text text("headgate worker token");
    text.add(job.value).add(of.value).add(who.id.value).add(who.slots);
    return with.mac(secret, text.bytes());
}

template <secrets Secrets>
digest256 challenge_mac(Secrets& with, const digest256& token, const hello& said, const nonce& drawn) {
    return with.mac(token, detail::signed_hello("headgate controller", said, drawn).bytes());
}

template <secrets Secrets>
digest256 proof_mac(Secrets& with, const digest256& token, const hello& said, const nonce& drawn,
                    const worker_profile& profile) {
    detail::signed_text text = detail::signed_hello("headgate worker", said, drawn);
    text.add(profile.id.value).add(profile.incarnation.value[0]).add(profile.incarnation.value[1]);
    text.add(profile.slots).add(profile.machine.value).add(profile.zone);
    text.add(profile.rpc_address).add(profile.data_address);
    return with.mac(token, text.bytes());
}

template <secrets Secrets>
digest256 dialled_mac(Secrets& with, const digest256& token, worker_id who, const incarnation& of,
                      const nonce& drawn) {
    detail::signed_text text("headgate dialled");
    text.add(who.value).add(of.value[0]).add(of.value[1]).add(drawn);
    return with.mac(token, text.bytes());
}

template <secrets Secrets>
digest256 call_token(Secrets& with, const digest256& token) {
    return with.mac(token, detail::signed_text("headgate call").bytes());
}

template <secrets Secrets>
digest256 data_token(Secrets& with, const generation_secret& secret, const job_id& job, generation of) {
    detail::signed_text text("headgate data");
    text.add(job.value).add(of.value);
    return with.mac(secret, text.bytes());
}

}  // namespace headgate::inline v1
