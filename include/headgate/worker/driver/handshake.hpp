#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: the codes of a worker (G3): what it shows, and whom it believes.

#include <headgate/concepts/credentials.hpp>
#include <headgate/vocabulary/call.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

namespace headgate::inline v1 {

/// Holds the worker's token. A value; remembers the last hello and the last challenge.
class worker_handshake {
public:
    /// `self` is who says hello; its nonce is not used.
    template <secrets Secrets>
    worker_handshake(Secrets& with, const digest256& token, hello self);

    const hello& self() const { return self_; }

    /// A hello for a new stream, with a nonce of its own.
    template <secrets Secrets>
    hello greet(Secrets& with);

    /// Whether `answer` is that of a controller that has the secret, to the last hello.
    template <secrets Secrets>
    bool believes(Secrets& with, const challenge& answer);

    /// Precondition: the last challenge was believed.
    template <secrets Secrets>
    proof prove(Secrets& with, const worker_profile& profile) const;

    template <secrets Secrets>
    identified identify(Secrets& with, const nonce& drawn) const;

    /// Whether a call is the controller's. In constant time.
    bool admits(const digest256& token) const { return equal_in_constant_time(token, call_token_); }

private:
    digest256 token_{};
    digest256 call_token_{};
    hello self_{};
    std::optional<hello> said_{};  ///< the last one
    nonce drawn_{};                ///< of the last challenge that was believed
};

// Implementation ------------------------------------------------------------------------------------------------------

template <secrets Secrets>
worker_handshake::worker_handshake(Secrets& with, const digest256& token, hello self)
    : token_(token), call_token_(call_token(with, token)), self_(std::move(self)) {}

template <secrets Secrets>
hello worker_handshake::greet(Secrets& with) {
    said_ = self_;
    with.random(std::span<std::byte>(said_->nonce));
    return *said_;
}

template <secrets Secrets>
bool worker_handshake::believes(Secrets& with, const challenge& answer) {
    if (not said_) return false;
    if (not equal_in_constant_time(answer.mac, challenge_mac(with, token_, *said_, answer.nonce))) return false;
    drawn_ = answer.nonce;
    return true;
}

template <secrets Secrets>
proof worker_handshake::prove(Secrets& with, const worker_profile& profile) const {
    return {profile, proof_mac(with, token_, *said_, drawn_, profile)};
}

template <secrets Secrets>
identified worker_handshake::identify(Secrets& with, const nonce& drawn) const {
    return {self_.worker, self_.incarnation, dialled_mac(with, token_, self_.worker, self_.incarnation, drawn)};
}

}  // namespace headgate::inline v1
