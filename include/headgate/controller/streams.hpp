#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: the workers' streams from hello to proven session (G3, G4, S11).

#include <headgate/concepts/credentials.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/vocabulary/fenced.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/limits.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace headgate::inline v1 {

/// A stream whose worker has proven itself: what comes on it is fenced by `as` and goes to `job`.
struct proven {
    job_handle job{};
    session as{};
};

/// A stream whose worker has said who it claims to be, and was challenged.
struct claiming {
    job_handle job{};
    hello said{};
    nonce drawn{};
};

/// Streams that are open, by id. A stream that has said nothing yet is not in it.
class streams {
public:
    using standing = std::variant<claiming, proven>;

    /// Null if the stream has not said hello.
    standing* find(stream_id id) {
        const auto at = open_.find(id);
        return at == open_.end() ? nullptr : &at->second;
    }
    void put(stream_id id, standing how) { open_.insert_or_assign(id, std::move(how)); }
    void remove(stream_id id) { open_.erase(id); }
    std::size_t size() const { return open_.size(); }
    auto begin() const { return open_.begin(); }
    auto end() const { return open_.end(); }

private:
    friend fields;
    static constexpr std::size_t field_count = 1;

    std::map<stream_id, standing> open_;
};

/// What is wrong with a hello before any secret is looked at; empty: nothing.
inline std::string fault_of(const hello& said, const limits& most) {
    if (said.protocol != protocol_version)
        return "protocol version " + std::to_string(said.protocol) + " is spoken here as version " +
               std::to_string(protocol_version) + "; use a worker of the controller's release";
    if (said.job.value.empty() or said.job.value.size() > most.id) return "the job id is empty or too long";
    if (generation_of(said.worker) != said.generation) return "the worker id is not of this generation";
    return {};
}

/// The session that `shown` is good for, or why it is refused (S11). `token` is what the launched worker was given.
template <secrets Secrets>
expected<session> prove(Secrets& with, const claiming& claim, const proof& shown, const digest256& token,
                        const worker_identity& granted, stream_id stream, const limits& most) {
    if (not equal_in_constant_time(shown.mac, proof_mac(with, token, claim.said, claim.drawn, shown.profile)))
        return failure(error_kind::invalid, "the proof does not hold: this is not a worker that was launched");
    if (shown.profile.id != claim.said.worker or shown.profile.incarnation != claim.said.incarnation)
        return failure(error_kind::invalid, "hello and proof name different workers");
    if (const auto ok = check(shown.profile, granted, most); not ok) return tl::unexpected(ok.error());
    return session{claim.said.generation, ordinal_of(claim.said.worker), stream};
}

}  // namespace headgate::inline v1
