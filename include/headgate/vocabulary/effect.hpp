#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: what a machine may ask of the outside, and how the answer finds back.

#include <headgate/vocabulary/checkpoint.hpp>
#include <headgate/vocabulary/execution.hpp>
#include <headgate/vocabulary/job.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/note.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/vocabulary/shared.hpp>
#include <headgate/vocabulary/strong.hpp>
#include <headgate/vocabulary/time.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

/// Names one asking of one fact. An answer with any other ticket is late and changes nothing.
// Type names are qualified where a member has the same name: `generation generation;` does not compile.
struct ticket {
    headgate::generation generation{};
    headgate::incarnation incarnation{};
    std::uint32_t visit{};  ///< of the state, or of the part of the job, that asked
    headgate::attempt attempt{};
    ordinal worker{};  ///< where the fact is a worker's

    friend constexpr bool operator==(const ticket&, const ticket&) = default;
};

/// An effect names its `result`, the `answer` that brings it (`outcome` for what changes something, `expected` for
/// what only reads) and the kind of error that an overdue one counts as.
template <class Effect>
struct request {
    ticket by{};
    instant deadline = never;  ///< the caller waits no longer
    Effect what{};
};

template <class Effect>
struct answered {
    ticket to{};
    typename Effect::answer result;
};

// Asked of the database ---------------------------------------------------------------------------------------------

/// The row that stands now and, if generation and owner are those that were asked for, what to restore (S2, S7).
struct claimed {
    job_row row{};
    std::optional<checkpoint_row> restore{};

    friend bool operator==(const claimed&, const claimed&) = default;
};

/// Compare-exchange of the row, restore point and marking in one commit (S2, S7, S8).
struct claim {
    using result = claimed;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::database;

    job_id job{};
    std::uint64_t expected{};  ///< revision
    job_row next{};            ///< its revision is `expected + 1`
    epoch threshold{};         ///< restore no epoch before this one
};

/// Compare-exchange of the row (G2). Answers the row that stands now, so a lost answer is found out by asking again.
struct store_row {
    using result = job_row;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::database;

    job_id job{};
    std::uint64_t expected{};  ///< revision
    job_row next{};
};

/// As many obsolete checkpoints as a cleaning lists at most.
inline constexpr std::uint32_t most_obsolete = 100;

/// Checkpoints that may be removed now: the database has marked them `compacting`.
struct checkpoint_written {
    std::vector<checkpoint_name> obsolete{};  ///< oldest first, at most `most_obsolete`

    friend bool operator==(const checkpoint_written&, const checkpoint_written&) = default;
};

/// Sets the state of one checkpoint row, fenced by (generation, incarnation) of the job's row (G2). May be repeated.
struct write_checkpoint {
    using result = checkpoint_written;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::database;

    job_id job{};
    headgate::generation generation{};
    headgate::incarnation owner{};
    checkpoint_row row{};
    /// Above 0: mark `ready` rows older than the `keep` newest as `compacting`, and those older than the newest `ready`
    /// one that nobody will ever read: failed, abandoned, or in progress by an earlier generation. List the oldest
    /// `most_obsolete` that are `compacting`; the others come with the next cleaning.
    std::uint32_t keep = 0;
};

// Asked of the scheduler ----------------------------------------------------------------------------------------------

/// `tokens` are the workers' secrets, by position in `workers`; the driver fills them in, so no trace ever shows one.
struct start_workers {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::scheduler;

    job_id job{};
    headgate::generation generation{};
    std::vector<worker_identity> workers{};
    std::shared_ptr<const headgate::wish> wish{};  ///< name, organization, environment, tags, backend configuration
    std::uint64_t program_digest{};  ///< of the program with the wished parallelisms
    std::vector<digest256> tokens{};
};

struct stop_workers {
    using result = std::uint32_t;  ///< workers left; 0 says gone
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::scheduler;

    job_id job{};
    headgate::generation up_to{};
    bool force = false;  ///< do not let them end by themselves
};

struct list_workers {
    using result = std::vector<worker_id>;
    using answer = expected<result>;
    static constexpr auto fails_as = error_kind::scheduler;

    job_id job{};
    headgate::generation generation{};
};

// Asked of the channel --------------------------------------------------------------------------------------------------

/// Drawn by the channel; holds until it is hung up.
using connection_id = strong<struct connection_tag>;

/// `shown` is what the dialled side showed; the driver compares it with what was asked for and checks `mac`.
struct dialled {
    connection_id connection{};
    worker_id worker{};
    headgate::incarnation incarnation{};
    digest256 mac{};  ///< over worker, incarnation and the request's nonce, label "dialled"

    friend bool operator==(const dialled&, const dialled&) = default;
};

/// `nonce` and `call_token` are filled in by the driver; each call on the connection carries the token (G3).
struct dial {
    using result = dialled;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::dial;

    job_id job{};
    worker_id worker{};
    headgate::incarnation incarnation{};
    std::string address{};
    headgate::nonce nonce{};
    digest256 call_token{};
};

/// May be repeated: a worker that has this digest answers applied, and refuses another.
struct start_execution {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::start_execution;

    connection_id connection{};
    std::shared_ptr<const headgate::execution> what{};
    digest256 data_token{};  ///< for connections between workers of the generation; filled in by the driver
};

/// Barriers of `name` into the worker's sources. May be repeated.
struct begin_checkpoint {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::checkpoint;

    connection_id connection{};
    checkpoint_name name{};
};

/// The worker ends by itself, soon. May be repeated.
struct stop_execution {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::scheduler;

    connection_id connection{};
    headgate::generation generation{};
};

// Asked of the state backend --------------------------------------------------------------------------------------------

/// Answers null if there is no such checkpoint.
struct load_checkpoint {
    using result = shared<checkpoint_metadata>;
    using answer = expected<result>;
    static constexpr auto fails_as = error_kind::state_backend;

    job_id job{};
    checkpoint_name name{};
};

/// Makes a checkpoint ready to be restored from; may be repeated.
struct prepare_checkpoint {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::state_backend;

    job_id job{};
    checkpoint_name name{};
};

/// Whole or not at all; may be repeated.
struct store_checkpoint {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::state_backend;

    job_id job{};
    std::shared_ptr<const checkpoint_metadata> what{};
};

/// All objects of the name; what is not there counts as removed.
struct remove_checkpoint {
    using result = applied;
    using answer = outcome<result>;
    static constexpr auto fails_as = error_kind::state_backend;

    job_id job{};
    checkpoint_name name{};
};

/// Everything a machine asks, once: `request` of each are its effects, `answered` of each its events.
template <template <class> class Of, template <class...> class List>
using every_effect =
    List<Of<claim>, Of<store_row>, Of<write_checkpoint>, Of<start_workers>, Of<stop_workers>, Of<dial>,
         Of<start_execution>, Of<begin_checkpoint>, Of<stop_execution>, Of<load_checkpoint>, Of<prepare_checkpoint>,
         Of<store_checkpoint>, Of<remove_checkpoint>>;

using effect = every_effect<request, std::variant>;

/// What one step of a machine wants. Cleared and filled by each step; keeps its capacity, so a warm step allocates
/// nothing for it.
struct effects {
    std::vector<effect> asked{};
    std::vector<note> told{};  ///< for the observer; needs no answer

    void clear() {
        asked.clear();
        told.clear();
    }
};

}  // namespace headgate::inline v1
