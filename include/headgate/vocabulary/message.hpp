#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a worker and its controller say to each other (G3, S14, S15). proto/headgate/v1 is its wire form.
//
//   worker                        controller
//   hello               ->
//                       <-        challenge        shows that the controller has the secret
//   proof               ->                         shows that the worker has its token
//                       <-        verdict          accepted, refused (why), or go (another generation, G4)
//   initialized, heartbeat, report, checkpointed ->
//                       <-        heartbeat_answer renews the worker's lease (G7)

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/error.hpp>
#include <headgate/vocabulary/time.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

/// Of the wire; a newer one is refused with what to do.
inline constexpr std::uint32_t protocol_version = 1;

using nonce = std::array<std::byte, 32>;
using digest256 = std::array<std::byte, 32>;  ///< an HMAC-SHA256

struct hello {
    std::uint32_t protocol = protocol_version;
    job_id job{};
    headgate::generation generation{};
    worker_id worker{};
    headgate::incarnation incarnation{};
    headgate::nonce nonce{};

    friend bool operator==(const hello&, const hello&) = default;
};

struct challenge {
    headgate::nonce nonce{};
    digest256 mac{};  ///< over the hello and this nonce, label "controller"

    friend bool operator==(const challenge&, const challenge&) = default;
};

struct proof {
    worker_profile profile{};
    digest256 mac{};  ///< over hello, both nonces and the profile, label "worker"

    friend bool operator==(const proof&, const proof&) = default;
};

struct accepted {
    duration heartbeat{};  ///< send one as often as this
    duration lease{};      ///< end all effects on the outside when none was answered for so long

    friend bool operator==(const accepted&, const accepted&) = default;
};
/// It will not be accepted; trying again cannot help.
struct refused {
    std::string why{};

    friend bool operator==(const refused&, const refused&) = default;
};
/// Its generation is over: end.
struct go {
    friend bool operator==(const go&, const go&) = default;
};
using verdict = std::variant<accepted, refused, go>;

/// After StartExecution: its subtasks are being started, or why not.
struct initialized {
    std::optional<std::string> failure{};  ///< names node and operator, where it is one's
    bool may_retry = true;                 ///< of the failure; false: starting it again cannot help, the job fails

    friend bool operator==(const initialized&, const initialized&) = default;
};

/// Since the start of the generation, summed over a node's subtasks on this worker (S15).
struct node_counters {
    node_id node{};
    std::uint64_t records_in{}, records_out{};
    std::uint64_t bytes_in{}, bytes_out{};
    std::uint32_t backpressure{};  ///< share of the last heartbeat interval spent waiting, in thousandths

    friend bool operator==(const node_counters&, const node_counters&) = default;
};

struct heartbeat {
    std::uint64_t sequence{};
    std::vector<node_counters> counters{};

    friend bool operator==(const heartbeat&, const heartbeat&) = default;
};
struct heartbeat_answer {
    std::uint64_t sequence{};

    friend bool operator==(const heartbeat_answer&, const heartbeat_answer&) = default;
};

/// Subtasks [first, last) of a node.
struct task_range {
    node_id node{};
    std::uint32_t first{}, last{};

    friend constexpr auto operator<=>(const task_range&, const task_range&) = default;
};

enum class error_domain : std::uint8_t { user, internal, external };

struct task_failure {
    node_id node{};
    std::uint32_t subtask{};
    std::string operator_name{};
    error_domain domain{};
    bool may_retry = true;
    std::string text{};

    friend bool operator==(const task_failure&, const task_failure&) = default;
};

/// Cumulative since the start of the generation: the newest of a worker replaces the older ones (S14).
struct task_report {
    std::vector<task_range> started{};   ///< ascending, disjoint
    std::vector<task_range> finished{};  ///< ascending, disjoint
    std::vector<task_failure> failures{};

    friend bool operator==(const task_report&, const task_report&) = default;
};

/// Subtasks that stored their state for `epoch`; not cumulative, repeated until the next epoch after a lost stream.
struct checkpoint_report {
    headgate::epoch epoch{};
    std::vector<subtask_state> subtasks{};
    std::optional<std::string> failure{};

    friend bool operator==(const checkpoint_report&, const checkpoint_report&) = default;
};

using worker_message = std::variant<hello, proof, initialized, heartbeat, task_report, checkpoint_report>;
using controller_message = std::variant<challenge, verdict, heartbeat_answer>;

/// What it is, for people.
constexpr std::string_view text_of(const worker_message& what);
constexpr std::string_view text_of(const controller_message& what);

// Implementation ------------------------------------------------------------------------------------------------------

constexpr std::string_view text_of(const worker_message& what) {
    constexpr std::string_view names[] = {"hello", "proof", "initialized", "heartbeat", "report", "checkpoint report"};
    static_assert(std::size(names) == std::variant_size_v<worker_message>);
    return names[what.index()];
}

constexpr std::string_view text_of(const controller_message& what) {
    constexpr std::string_view names[] = {"challenge", "verdict", "heartbeat answer"};
    static_assert(std::size(names) == std::variant_size_v<controller_message>);
    return names[what.index()];
}

}  // namespace headgate::inline v1
