#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: what outlives a state.

#include <headgate/fact/fact.hpp>
#include <headgate/machine/crew.hpp>
#include <headgate/machine/tasks.hpp>
#include <headgate/machine/told_count.hpp>
#include <headgate/machine/troubled_machines.hpp>
#include <headgate/policy/restart.hpp>
#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/execution.hpp>
#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/shared.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace headgate::inline v1 {

struct counters {
    std::uint64_t stale{};     ///< answers and messages that nobody waited for any more (G1)
    std::uint64_t ignored{};   ///< events that mean nothing in the state they came in
    std::uint64_t rejected{};  ///< messages that claim what is not the worker's to claim

    friend constexpr bool operator==(const counters&, const counters&) = default;
};

/// The stop of all workers up to a generation: one for the whole job, served in every state, terminal ones included,
/// until the backend says gone (S3). It rises: whoever asks for more, or was not answered with "gone", brings force.
struct teardown {
    headgate::generation up_to{};
    bool with_force = false;
    bool is_wished_by_force = false;  ///< since the job was tried first: the strongest stop is carried out (I13)
    std::uint32_t visit{};
    fact<std::uint32_t> gone{};

    friend bool operator==(const teardown&, const teardown&) = default;
};

/// The checkpoints of one generation that became ready: how long each took, from its row to its row (S15).
struct checkpoint_times {
    std::uint64_t count{};
    epoch newest{};
    duration last{}, longest{}, total{};

    friend constexpr bool operator==(const checkpoint_times&, const checkpoint_times&) = default;
};

struct job {
    job_id id{};
    headgate::incarnation self{};   ///< of this controller
    std::uint32_t worker_slots{};  ///< of each worker that the backend starts

    // Ownership (G2, S2): `durable` is the row as it was last seen to stand, `next` as it is to stand.
    job_row durable{};
    job_row next{};
    fact<> persisted{};
    std::uint32_t writes{};  ///< visit of `persisted`: a new one for each new `next`
    instant unwritten_since = never;  ///< when the write that is not durable yet was first asked for
    bool is_let_go = false;
    bool is_refused = false;  ///< that is why: the database does not take the row, and says so in `last_error`
    bool is_orphaned = false;  ///< that is why: its row is gone, or another one; its own workers are stopped still

    shared<headgate::wish> wish{};      ///< null until the first one came
    shared<headgate::wish> compiled{};  ///< the one that `program` was made from
    instant live_until = never;                    ///< time to live
    shared<headgate::program> program{};  ///< with the overrides; null before Compiling
    std::uint64_t program_digest{};                      ///< of `program`
    std::optional<checkpoint_row> restore{};             ///< found by the claim of this generation

    bool is_generation_used = false;  ///< a StartExecution of it was sent, or its workers were told to stop (S2)
    crew workers{};
    shared<execution> running{};  ///< null until placed
    task_board tasks{};
    teardown stop{};
    checkpoint_times checkpointed{};  ///< of this generation; for people

    std::uint32_t visit{};  ///< of the present state
    std::array<std::uint32_t, error_kinds> spent{};
    std::optional<error> exhausted{};  ///< the error that spent a budget; left behind with the state
    std::optional<error> last_error{};
    instant overdue_look = never;      ///< when to look for workers that were not heard
    restart_memory restarts{};         ///< R3
    troubled_machines troubled{};
    instant healthy_at = never;        ///< when it last ran healthily or was first tried; never: it runs healthily
    std::uint64_t noticed_wish{};      ///< version that was said to be not supported yet
    counters count{};
    told_count told_stale{};
    told_count told_rejected{};

    bool is_owned() const { return durable.owner == self; }
    bool wants_to_stop() const { return wish and wish->stop != stop_mode::run; }
    const headgate::plan& plan() const { return *running->plan; }

    friend bool operator==(const job&, const job&) = default;
};

/// Whether two rows say the same, whatever their revisions.
inline bool same_content(const job_row& left, job_row right) {
    right.revision = left.revision;
    return left == right;
}

}  // namespace headgate::inline v1
