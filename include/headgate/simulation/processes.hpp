#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the workers' processes of a world, and a backend that starts and stops them: as plain values.

#include <headgate/vocabulary/effect.hpp>
#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/message.hpp>
#include <headgate/vocabulary/time.hpp>
#include <headgate/vocabulary/worker.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

struct process {
    enum class phase : std::uint8_t { starting, running, hanging, ended };

    job_id job{};
    headgate::generation generation{};
    worker_identity identity{};
    digest256 token{};
    std::uint32_t dials{};   ///< the slot of the controller that launched it
    bool is_genuine = true;  ///< the token is that of the identity
    phase is{};
    bool is_told_to_stop = false;
    std::uint32_t stream{};         ///< number of the open one; 0: none
    std::uint32_t unheard{};        ///< number of the one whose end it has not heard of; 0: none
    bool is_extra = false;   ///< another of an identity that the backend knows: it does not count it
    bool has_engine = false;        ///< subtasks run, or may
    std::uint32_t unstarted{};      ///< subtasks of it that have not, or never will
    std::uint64_t runs_digest{};    ///< of the plan; 0: none yet
    epoch begun{};                  ///< the newest checkpoint that its engine was told to begin
    epoch failed{};                 ///< the newest of which its engine said that something could not be stored
    // Seen from outside: an answer renews the lease from when it arrived, which is later than the worker may count
    // from.
    duration lease{};  ///< 0: nobody said one
    instant lease_over = never;
    bool has_lease = false;  ///< it was accepted, and heard of it in time

    /// Something arrived at it.
    void hears(const controller_message& what, instant at);

    bool lives() const { return is != phase::ended; }
    /// What is said on a stream is heard up to its end and not after it; of what is on none, all.
    bool listens_to(stream_id on) const { return on.value == 0 or on.value == stream or on.value == unheard; }
};

/// What a backend may do with processes. What it does takes effect when its operation has returned.
class processes {
public:
    /// More than jobs that keep their budgets and pauses can start in a run: a world that reaches it is a violation.
    static constexpr std::size_t most = 1 << 14;

    const std::vector<process>& all() const { return all_; }
    std::vector<process>& all() { return all_; }

    /// Room for workers, in slots; what is used by those that live.
    std::uint64_t room = 64;
    std::uint64_t most_room = 64;  ///< when nobody else has slots
    std::uint64_t used() const;
    std::uint64_t free() const { return room - std::min(room, used()); }

    void start(process one) {
        if (all_.size() + started_.size() < most) started_.push_back(std::move(one));
    }
    /// Asked to end, or ended.
    void stop(std::uint32_t number, bool force) { stopped_.emplace_back(number, force); }

    // For the world.
    std::vector<process> take_started() { return std::exchange(started_, {}); }
    std::vector<std::pair<std::uint32_t, bool>> take_stopped() { return std::exchange(stopped_, {}); }

private:
    std::vector<process> all_{};
    std::vector<process> started_{};
    std::vector<std::pair<std::uint32_t, bool>> stopped_{};
};

/// The rules of a backend, as a copyable value that holds no process itself. A bug in one is found by a world:
/// `examples/find_a_bug` puts one of 30 lines into it.
///
///     expression                      answer
///     ------------------------------  -----------------------------------------------------------------------
///     m.worker_slots()                std::uint32_t, always the same
///     m.start_workers(what, on)       outcome<applied>; `on` is a `processes&`
///     m.stop_workers(what, on)        outcome<std::uint32_t>: how many are left. Asked again when a process ends,
///                                     until there are none or the deadline has come
template <class Model>
concept backend_rules =
    std::copyable<Model> and requires(Model& m, const start_workers& start, const stop_workers& stop, processes& on) {
        { m.worker_slots() } -> std::convertible_to<std::uint32_t>;
        { m.start_workers(start, on) } -> std::convertible_to<outcome<applied>>;
        { m.stop_workers(stop, on) } -> std::convertible_to<outcome<std::uint32_t>>;
    };

/// Starts each identity that does not live, once; nothing at or below a generation that was stopped, and nothing
/// where slots are lacking. Keeps the laws of `scheduler`, in a world too.
class cluster {
public:
    explicit cluster(std::uint32_t slots_of_a_worker = 1) : worker_slots_(slots_of_a_worker) {}

    std::uint32_t worker_slots() const { return worker_slots_; }
    outcome<applied> start_workers(const headgate::start_workers& what, processes& on);
    outcome<std::uint32_t> stop_workers(const headgate::stop_workers& what, processes& on);

private:
    friend fields;
    static constexpr std::size_t field_count = 2;

    std::uint32_t worker_slots_;
    std::map<job_id, generation> floors_{};
};

static_assert(backend_rules<cluster>);

// Implementation ------------------------------------------------------------------------------------------------------

inline void process::hears(const controller_message& what, instant at) {
    const auto* const said = std::get_if<verdict>(&what);
    const auto* const terms = said ? std::get_if<accepted>(said) : nullptr;
    if (terms) lease = terms->lease;
    if (lease > duration{} and (terms or std::holds_alternative<heartbeat_answer>(what))) lease_over = at + lease;
}

inline std::uint64_t processes::used() const {
    std::uint64_t sum = 0;
    for (const process& one : all_) sum += one.lives() and not one.is_extra ? one.identity.slots : 0;
    return sum;
}

inline outcome<applied> cluster::start_workers(const headgate::start_workers& what, processes& on) {
    if (what.generation <= floors_[what.job])
        return not_applied{{.kind = error_kind::scheduler, .text = "this generation was stopped"}};
    std::vector<process> added;
    std::uint64_t needed = 0;
    for (std::size_t i = 0; i < what.workers.size(); ++i) {
        // Not one that has ended: whoever repeats a start wants a worker for each identity.
        const auto is_there = [&](const process& one) {
            return one.lives() and not one.is_extra and one.job == what.job and one.identity.id == what.workers[i].id;
        };
        const auto is_added = [&](const process& one) { return one.identity.id == what.workers[i].id; };
        if (std::ranges::any_of(on.all(), is_there) or std::ranges::any_of(added, is_added)) continue;
        added.push_back({.job = what.job,
                         .generation = what.generation,
                         .identity = what.workers[i],
                         .token = what.tokens[i]});
        needed += what.workers[i].slots;
    }
    if (needed > on.free())
        return not_applied{{.kind = error_kind::not_enough_slots, .needed = needed, .available = on.free()}};
    for (process& one : added) on.start(std::move(one));
    return applied{};
}

inline outcome<std::uint32_t> cluster::stop_workers(const headgate::stop_workers& what, processes& on) {
    generation& floor = floors_[what.job];
    floor = std::max(floor, what.up_to);
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < on.all().size(); ++i) {
        const process& one = on.all()[i];
        if (not one.lives() or one.job != what.job or one.generation > what.up_to) continue;
        on.stop(i, what.force);
        ++left;
    }
    return left;
}

}  // namespace headgate::inline v1::simulation
