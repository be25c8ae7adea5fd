#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: checks what must always hold in a world, after every event.

#include <headgate/machine/machine.hpp>
#include <headgate/simulation/database_rows.hpp>
#include <headgate/simulation/describe.hpp>
#include <headgate/simulation/invariant.hpp>
#include <headgate/simulation/processes.hpp>
#include <headgate/simulation/traffic.hpp>
#include <headgate/vocabulary/fields.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// The state of a subtask that `by` stored: a name that says so.
inline std::string handle_of(const checkpoint_name& name, worker_id by) {
    return std::to_string(name.epoch.value) + ":" + std::to_string(name.generation.value) + ":" +
           std::to_string(by.value);
}

/// Workers that a job needs.
inline std::size_t crew_of(const headgate::job& of) {
    return (std::size_t{slots_needed(*of.program)} + of.worker_slots - 1) / of.worker_slots;
}

/// Keeps what the world itself saw, apart from what any controller says, and compares. The first violation is kept.
class checks {
public:
    const std::optional<violation>& broken() const { return broken_; }
    void expect(bool holds, invariant which, instant at, auto what) {
        if (not holds and not broken_) broken_ = violation{which, at, what()};
    }

    // What is asked of the outside, before anything can happen to it.
    template <class Effect>
    void asked(const request<Effect>&, const database_rows&, instant) {}
    void asked(const request<start_workers>& r, const database_rows& rows, instant at);
    void asked(const request<start_execution>& r, const database_rows& rows, instant at);
    void asked(const request<begin_checkpoint>& r, const job_id& of, const database_rows& rows, instant at);
    void asked(const request<stop_workers>& r, const database_rows&, instant) {
        generation& newest = stops_[r.what.job];
        newest = std::max(newest, r.what.up_to);
    }
    void asked(const request<store_checkpoint>& r, const database_rows& rows, instant at);
    void asked(const request<remove_checkpoint>& r, const database_rows& rows, instant at);

    /// By the user.
    void wished(const job_id& job, const headgate::wish& what) {
        users_[job].push_back(std::make_shared<const headgate::wish>(what));
    }

    // A write at the database: `before` as it stood.
    void wrote(const request<claim>& r, const database_rows::entry& before, const database_rows::entry& after,
               const outcome<claimed>& answer, instant at);
    void wrote(const request<store_row>& r, const database_rows::entry& before, const database_rows::entry& after,
               instant at);
    void wrote(const request<write_checkpoint>& r, const database_rows::entry& before,
               const database_rows::entry& after, instant at);

    /// The state backend can hand it to workers of that generation.
    void prepared(const job_id& job, generation of, const checkpoint_name& what) {
        attempt_of(job, of).prepared = what;
    }

    /// Workers are ended, which may be long after it was asked for.
    void stopped(const request<stop_workers>& r, instant at);

    // What workers do.
    void started(const process& who, const execution& what, instant at);
    /// `who` is of `all`: nobody else of its identity, which names a generation, runs what it has just started.
    void runs_alone(const process& who, const processes& all, instant at);
    void begun(const process& who, const checkpoint_name& name, instant at);
    void reported(const process& who, stream_id on, const task_report& said);
    /// To a controller, whatever it was but a refusal.
    void spoke(const process& who, instant at);
    /// Nothing, if it was accepted on another stream since.
    void lost(const process& who, stream_id on);
    void accepted_by(const process& who, stream_id on, instant at);

    /// After each step of a controller, for each job that it has. `is_ticked`: the machine's deadline had come.
    template <class Policies>
    void looked(std::uint32_t slot, const machine<Policies>& now, instant at);
    /// The controller does not have the job any more.
    void left(std::uint32_t slot, const job_id& job, const database_rows& rows, const processes& all, instant at);
    /// The controller has let it go, as its row was refused.
    void refused(std::uint32_t slot, const job_id& job) { seen_[slot].erase(job); }
    /// The controller crashed.
    void crashed(std::uint32_t slot);
    void over(const job& of, const processes& all, instant at);
    /// Its plan is about to be sent. `is_early`: before workers of earlier generations may be left alone (S3).
    void launches(const job& of, const processes& all, bool is_early, instant at) {
        if (is_early) none_lives(of.id, {of.next.generation.value - 1}, all, invariant::one_effective_executor, at);
    }
    /// The job has run with this generation for longer than any lease, and nothing went wrong meanwhile.
    void settled(const job_id& job, generation with, const processes& all, instant at);

    /// Its user has long wanted it to stop.
    void ended(const job_id& job, const processes& all, instant at) {
        none_lives(job, {~std::uint32_t{0}}, all, invariant::stops, at);
    }

    /// Generations of a job that were claimed.
    std::uint32_t generations(const job_id& job) const;
    /// How often its user said something.
    std::uint32_t words(const job_id& job) const {
        const auto at = users_.find(job);
        return at == users_.end() ? 0 : static_cast<std::uint32_t>(at->second.size());
    }
    /// Whether the stop of workers of that generation was asked for.
    bool is_stop_asked(const job_id& job, generation of) const {
        const auto at = stops_.find(job);
        return at != stops_.end() and of <= at->second;
    }
    /// How often any job was claimed with a new generation.
    std::uint64_t claims() const { return claims_; }

private:
    struct attempt_seen {
        headgate::incarnation claimant{};
        std::uint64_t applied{};  ///< version of the wish that its row named before the launch
        std::uint64_t digest{};
        std::shared_ptr<const execution> what{};
        std::optional<checkpoint_row> restore{};
        bool has_restore = false;
        std::optional<checkpoint_name> prepared{};
        std::map<std::pair<node_id, std::uint32_t>, ordinal> reported{};  ///< as started
        std::set<std::pair<node_id, std::uint32_t>> finished{};
        std::optional<std::pair<node_id, std::uint32_t>> failed{};  ///< the first, said by its worker
        std::set<ordinal> lost{};
        std::map<ordinal, stream_id> accepted{};
        std::map<ordinal, std::uint32_t> granted{};  ///< slots of workers
    };
    struct seen_by_controller {
        incarnation self{};
        state_name state{};
        std::uint32_t visit{};
        std::uint64_t wish{};
        generation owned{};
        std::uint32_t restarts{};
        instant runs_since = never;
        bool has_pause = false;  ///< of the restart to come
        instant pauses_until{};
        bool has_finished = false;  ///< all subtasks
        bool is_forced = false;  ///< the stop under way was wished by force
        bool is_used = false;    ///< its generation: launched, stopped, or somebody of it is gone
    };

    template <class Policies>
    void restarted(seen_by_controller& before, const machine<Policies>& now, instant at);
    attempt_seen& attempt_of(const job_id& job, generation of) { return attempts_[{job, of}]; }
    void act(const job_id& job, const ticket& by, instant at, std::string_view what);
    const headgate::wish* wish_of(const job_id& job, std::uint64_t version) const {
        const auto of = users_.find(job);
        return of == users_.end() or version == 0 or version > of->second.size() ? nullptr
                                                                                 : of->second[version - 1].get();
    }
    template <class Effect>
    void wrote_row(const request<Effect>& r, const job_row& before, const job_row& after, instant at);
    void none_lives(const job_id& job, generation up_to, const processes& all, invariant which, instant at);

    friend fields;
    static constexpr std::size_t field_count = 6;

    std::optional<violation> broken_{};
    std::map<std::pair<job_id, generation>, attempt_seen> attempts_{};
    std::array<std::map<job_id, seen_by_controller>, most_controllers> seen_{};
    std::map<job_id, std::vector<std::shared_ptr<const headgate::wish>>> users_{};  ///< version k is at k - 1
    std::map<job_id, generation> stops_{};  ///< the newest that was asked for
    std::uint64_t claims_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline std::string text_of(const ticket& by) {
    return "generation " + std::to_string(by.generation.value) + ", incarnation " +
           std::to_string(by.incarnation.value[0] % 10'000);
}

}  // namespace detail

inline void checks::started(const process& who, const execution& what, instant at) {
    attempt_seen& one = attempt_of(who.job, who.generation);
    expect(what.generation == who.generation and what.job == who.job, invariant::one_effective_executor, at,
           [] { return std::string("a worker runs what is of another generation"); });
    expect(who.runs_digest == 0 and (one.digest == 0 or one.digest == what.digest), invariant::one_plan_a_generation,
           at, [] { return std::string("a worker runs a second plan"); });
    expect(who.lease > duration{} and at <= who.lease_over, invariant::within_lease, at,
           [] { return std::string("a worker runs something without a lease"); });
}

inline void checks::runs_alone(const process& who, const processes& all, instant at) {
    for (const process& other : all.all())
        expect(&other == &who or not other.lives() or not other.has_engine or other.job != who.job or
                   other.identity.id != who.identity.id,
               invariant::one_effective_executor, at, [&] {
                   return "worker " + std::to_string(&other - all.all().data() + 1) + " of the same identity runs too";
               });
}

inline void checks::begun(const process& who, const checkpoint_name& name, instant at) {
    expect(name.generation == who.generation, invariant::one_effective_executor, at,
           [] { return std::string("a worker begins a checkpoint of another generation"); });
    expect(name.epoch > who.begun, invariant::names_are_unique, at,
           [&] { return "epoch " + std::to_string(name.epoch.value) + " begins after a newer one"; });
}

inline void checks::reported(const process& who, stream_id on, const task_report& said) {
    attempt_seen& one = attempt_of(who.job, who.generation);
    if (not one.what) return;
    const auto position = position_of(*one.what->plan, who.identity.id);
    if (not position) return;
    const auto& nodes = one.what->plan->nodes;
    const auto each_of_its_own = [&](const std::vector<task_range>& ranges, auto take) {
        for (const task_range& range : ranges)
            for (std::uint32_t n = 0; n < nodes.size(); ++n) {
                if (nodes[n].id != range.node) continue;
                for (std::uint32_t i = range.first; i < range.last and i < nodes[n].parallelism; ++i)
                    if (worker_of(*one.what->plan, n, i) == *position) take(std::pair{range.node, i});
            }
    };
    each_of_its_own(said.started, [&](auto task) { one.reported.emplace(task, ordinal_of(who.identity.id)); });
    each_of_its_own(said.finished, [&](auto task) { one.finished.insert(task); });
    const auto last = one.accepted.find(ordinal_of(who.identity.id));
    const bool is_heard = last != one.accepted.end() and last->second == on and not one.lost.contains(last->first);
    for (const task_failure& failure : said.failures)
        for (std::uint32_t n = 0; is_heard and not one.failed and n < nodes.size(); ++n)
            if (nodes[n].id == failure.node and failure.subtask < nodes[n].parallelism and
                worker_of(*one.what->plan, n, failure.subtask) == *position)
                one.failed = std::pair{failure.node, failure.subtask};
}

inline void checks::spoke(const process& who, instant at) {
    expect(not who.has_lease or at <= who.lease_over, invariant::within_lease, at, [&] {
        return "worker " + std::to_string(who.identity.id.value) + " of generation " +
               std::to_string(who.generation.value);
    });
}

inline void checks::lost(const process& who, stream_id on) {
    attempt_seen& one = attempt_of(who.job, who.generation);
    const auto last = one.accepted.find(ordinal_of(who.identity.id));
    if (last != one.accepted.end() and last->second == on) one.lost.insert(last->first);
}

inline void checks::accepted_by(const process& who, stream_id on, instant at) {
    expect(who.is_genuine, invariant::authority, at,
           [&] { return "worker " + std::to_string(who.identity.id.value) + " has no valid token"; });
    attempt_seen& one = attempt_of(who.job, who.generation);
    one.accepted.insert_or_assign(ordinal_of(who.identity.id), on);
    one.granted.insert_or_assign(ordinal_of(who.identity.id), who.identity.slots);
    one.lost.erase(ordinal_of(who.identity.id));
}

inline void checks::left(std::uint32_t slot, const job_id& job, const database_rows& rows, const processes& all,
                         instant at) {
    const auto found = seen_[slot].find(job);
    if (found == seen_[slot].end()) return;
    const auto entry = rows.jobs().find(job);
    expect(entry != rows.jobs().end() and
               (entry->second.row.owner != found->second.self or is_terminal(entry->second.row.state)),
           invariant::no_silent_end, at, [&] { return "job " + job.value; });
    // It may have been over and forgotten within one poll.
    if (entry != rows.jobs().end() and is_terminal(entry->second.row.state) and
        entry->second.row.owner == incarnation{} and entry->second.row.generation == found->second.owned)
        none_lives(job, found->second.owned, all, invariant::accounted_for, at);
    seen_[slot].erase(found);
}

inline void checks::crashed(std::uint32_t slot) { seen_[slot].clear(); }

inline void checks::over(const job& of, const processes& all, instant at) {
    if (not of.is_let_go) none_lives(of.id, of.next.generation, all, invariant::accounted_for, at);
}

inline void checks::settled(const job_id& job, generation with, const processes& all, instant at) {
    none_lives(job, {with.value - 1}, all, invariant::zombies_drain, at);
}

inline void checks::none_lives(const job_id& job, generation up_to, const processes& all, invariant which,
                               instant at) {
    for (const process& one : all.all())
        expect(not one.lives() or one.job != job or one.generation > up_to, which, at, [&] {
            return "worker " + std::to_string(&one - all.all().data() + 1) + " of " + one.job.value +
                   ", of generation " + std::to_string(one.generation.value) + ", lives";
        });
}

inline std::uint32_t checks::generations(const job_id& job) const {
    std::uint32_t count = 0;
    for (const auto& [name, one] : attempts_)
        if (name.first == job and one.claimant != incarnation{}) ++count;
    return count;
}

}  // namespace headgate::inline v1::simulation

#include <headgate/simulation/invariants/machines.hpp>
#include <headgate/simulation/invariants/requests.hpp>
