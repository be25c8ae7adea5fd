#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: what must hold of what controllers ask for, and of what they write.

#include <headgate/simulation/invariants.hpp>

namespace headgate::inline v1::simulation {

inline void checks::act(const job_id& job, const ticket& by, instant at, std::string_view what) {
    expect(attempt_of(job, by.generation).claimant == by.incarnation, invariant::one_claimant, at,
           [&] { return std::string(what) + " by " + detail::text_of(by) + ", which has not claimed it"; });
}

/// The obvious version of A1, of what each worker would run; `worker_of` is what others take it to run.
inline std::optional<std::string> misplaced(const plan& what, const program& of) {
    const auto is_same = [](const placed_node& placed, const node& wanted) {
        return placed.id == wanted.id and placed.parallelism == wanted.parallelism;
    };
    if (not std::ranges::equal(what.nodes, of.nodes, is_same)) return "its nodes are not those of the program";
    const auto is_above = [](const placed_worker& one, const placed_worker& next) { return one.id >= next.id; };
    if (std::ranges::adjacent_find(what.workers, is_above) != what.workers.end()) return "its workers do not ascend";
    for (std::uint32_t n = 0; n < what.nodes.size(); ++n) {
        const std::string name = "node " + std::to_string(what.nodes[n].id.value);
        std::map<std::uint32_t, std::vector<std::uint32_t>> workers;  // by subtask
        for (std::uint32_t w = 0; w < what.workers.size(); ++w) {
            std::uint64_t load = 0;
            shares(what, n, w, [&](subtask_range range) {
                for (std::uint32_t i = range.first; i < range.last; ++i, ++load) workers[i].push_back(w);
            });
            if (load > what.workers[w].slots) return name + ": a worker runs more subtasks than it has slots";
        }
        for (std::uint32_t i = 0; i < what.nodes[n].parallelism; ++i)
            if (workers[i] != std::vector{worker_of(what, n, i)})
                return name + ", subtask " + std::to_string(i) + " is not on one worker alone";
        if (workers.size() > what.nodes[n].parallelism) return name + ": a worker runs a subtask that does not exist";
    }
    return std::nullopt;
}

/// The parts of a wish that a job has to be started anew for.
inline bool starts_alike(const wish& one, const wish& other) {
    const auto differing = [](const wish& of) {
        return std::tie(of.program, of.parallelism, of.environment, of.backend_configuration,
                        of.ignore_state_before_epoch, of.restart_nonce);
    };
    return differing(one) == differing(other);
}

/// Of a claim or a store: which wish the row calls applied (I13).
template <class Effect>
void checks::wrote_row(const request<Effect>& r, const job_row& before, const job_row& after, instant at) {
    attempt_seen& one = attempt_of(r.what.job, r.by.generation);
    expect(after.applied >= before.applied, invariant::wish_is_latched, at,
           [] { return std::string("the row calls an earlier wish applied"); });
    if (not one.what) one.applied = after.applied;
    if (after.state != state_name::running or after.applied == before.applied) return;
    const wish *const runs = wish_of(r.what.job, one.applied), *const said = wish_of(r.what.job, after.applied);
    expect(runs and said and starts_alike(*runs, *said), invariant::wish_is_latched, at, [&] {
        return "wish " + std::to_string(after.applied) + " is called applied, and the job runs as wish " +
               std::to_string(one.applied) + " wanted";
    });
}

inline void checks::asked(const request<start_workers>& r, const database_rows&, instant at) {
    act(r.what.job, r.by, at, "start_workers");
    const wish* const wanted = wish_of(r.what.job, attempt_of(r.what.job, r.by.generation).applied);
    expect(wanted and r.what.wish and starts_alike(*r.what.wish, *wanted), invariant::wish_is_latched, at,
           [] { return std::string("workers are started for another wish than the row calls applied"); });
    expect(r.what.generation == r.by.generation, invariant::one_claimant, at,
           [] { return std::string("workers of another generation are started"); });
}

/// A controller ends the workers of its own generations, and of those before one of its own.
inline void checks::stopped(const request<stop_workers>& r, instant at) {
    bool is_anothers = false;
    for (const auto& [name, one] : attempts_)
        if (name.first == r.what.job and name.second >= r.what.up_to and one.claimant != incarnation{})
            is_anothers = one.claimant == r.by.incarnation ? false : is_anothers or name.second == r.what.up_to;
    expect(not is_anothers, invariant::one_claimant, at, [&] {
        return "stop_workers up to generation " + std::to_string(r.what.up_to.value) + " by " + detail::text_of(r.by);
    });
}

inline void checks::asked(const request<start_execution>& r, const database_rows&, instant at) {
    const execution& what = *r.what.what;
    act(what.job, r.by, at, "start_execution");
    attempt_seen& one = attempt_of(what.job, r.by.generation);
    if (not one.what) {
        one.what = r.what.what;
        one.digest = what.digest;
        const auto wrong = misplaced(*what.plan, *what.program);
        expect(not wrong, invariant::plan_is_valid, at, [&] { return *wrong; });
        for (const placed_worker& worker : what.plan->workers) {
            const auto granted = one.granted.find(ordinal_of(worker.id));
            expect(granted != one.granted.end() and generation_of(worker.id) == r.by.generation,
                   invariant::plan_is_valid, at, [&] { return "a worker was never accepted in this generation"; });
            expect(granted == one.granted.end() or worker.slots <= granted->second, invariant::plan_is_valid, at,
                   [&] { return "a worker has more slots than it was granted"; });
        }
        const auto restore = one.restore ? std::optional(one.restore->name) : std::nullopt;
        expect(not one.has_restore or what.restore == restore, invariant::restores_the_newest, at, [&] {
            return detail::text_of(what.restore) + " is restored, the claim answered " + detail::text_of(restore);
        });
        expect(not what.restore or what.restore == one.prepared, invariant::restores_the_newest, at,
               [&] { return detail::text_of(what.restore) + " is restored, and was not prepared"; });
        // The obvious version of overrides.
        const wish* const wanted = wish_of(what.job, one.applied);
        program placed = wanted ? *wanted->program : program{};
        for (node& of : placed.nodes)
            for (const parallelism_override& other : wanted->parallelism)
                if (other.node == of.id) of.parallelism = other.parallelism;
        expect(*what.program == placed, invariant::wish_is_latched, at,
               [] { return std::string("the program is not that of the wish that the row calls applied"); });
        expect(wanted and what.checkpoint_interval == wanted->checkpoint_interval and
                   what.minimum_epoch == wanted->ignore_state_before_epoch.value_or(epoch{}),
               invariant::wish_is_latched, at,
               [] { return std::string("checkpoints are not those of the wish that the row calls applied"); });
        expect(not what.restore or what.restore->epoch >= what.minimum_epoch, invariant::restores_the_newest, at,
               [&] { return detail::text_of(what.restore) + " is restored, and the user said to ignore it"; });
    }
    expect(one.digest == what.digest and digest(*what.plan) == what.digest, invariant::one_plan_a_generation, at,
           [] { return std::string("another digest is sent"); });
}

inline void checks::asked(const request<begin_checkpoint>& r, const job_id& of, const database_rows& rows, instant at) {
    act(of, r.by, at, "begin_checkpoint");
    const auto entry = rows.jobs().find(of);
    const auto has_row = [&] {
        const auto row = entry->second.checkpoints.find(r.what.name);
        // Whoever claimed the job since has marked it, and this one does not know yet.
        return row != entry->second.checkpoints.end() and
               (row->second == checkpoint_state::in_progress or entry->second.row.generation > r.by.generation);
    };
    const bool is_named = entry != rows.jobs().end() and has_row();
    expect(is_named and r.what.name.generation == r.by.generation, invariant::names_are_unique, at, [&] {
        return "barriers of epoch " + std::to_string(r.what.name.epoch.value) + " without a row in progress";
    });
}

inline void checks::asked(const request<store_checkpoint>& r, const database_rows&, instant at) {
    const checkpoint_metadata& what = *r.what.what;
    const attempt_seen& one = attempt_of(r.what.job, r.by.generation);
    expect(what.name.generation == r.by.generation, invariant::names_are_unique, at,
           [] { return std::string("an object is named by another generation"); });
    if (not one.what) return;
    const plan& placed = *one.what->plan;
    bool is_whole = what.nodes.size() == placed.nodes.size();
    for (std::uint32_t n = 0; is_whole and n < placed.nodes.size(); ++n) {
        const node_state& node = what.nodes[n];
        is_whole = node.node == placed.nodes[n].id and node.parallelism == placed.nodes[n].parallelism and
                   node.handles.size() == node.parallelism;
        for (std::uint32_t i = 0; is_whole and i < node.parallelism; ++i)
            is_whole = node.handles[i] == handle_of(what.name, placed.workers[worker_of(placed, n, i)].id);
    }
    expect(is_whole, invariant::one_effective_executor, at, [&] {
        return "the metadata of epoch " + std::to_string(what.name.epoch.value) +
               " is not made of one state for each subtask, stored by its worker in this generation";
    });
}

inline void checks::asked(const request<remove_checkpoint>& r, const database_rows& rows, instant at) {
    const auto job = rows.jobs().find(r.what.job);
    if (job == rows.jobs().end()) return;
    const auto row = job->second.checkpoints.find(r.what.name);
    const bool is_obsolete = row == job->second.checkpoints.end() or row->second == checkpoint_state::compacting or
                             row->second == checkpoint_state::compacted;
    const std::optional<checkpoint_row>& restored = attempt_of(r.what.job, job->second.row.generation).restore;
    const bool is_anothers = r.by.generation != job->second.row.generation;
    expect(is_obsolete and not(is_anothers and restored and restored->name == r.what.name), invariant::removal_is_safe,
           at, [&] { return detail::text_of(r.what.name) + " by " + detail::text_of(r.by); });
}

inline void checks::wrote(const request<claim>& r, const database_rows::entry& before,
                          const database_rows::entry& after, const outcome<claimed>& answer, instant at) {
    if (after.row.revision == before.row.revision) {
        if (after.checkpoints != before.checkpoints)
            expect(false, invariant::marking_is_narrow, at, [] { return std::string("a claim that lost marks"); });
        return;
    }
    expect(after.row.generation >= before.row.generation, invariant::generations_grow, at,
           [] { return std::string("by a claim"); });
    if (after.row.owner != before.row.owner)
        expect(after.row.generation > before.row.generation, invariant::one_claimant, at,
               [] { return std::string("a job is taken without a new generation"); });
    if (attempt_seen& one = attempt_of(r.what.job, r.by.generation); one.claimant == incarnation{})
        one.claimant = r.by.incarnation;
    act(r.what.job, r.by, at, "claim");
    const bool has_failed = before.row.state == state_name::failing or before.row.state == state_name::failed;
    // The nonce is that of the wish it started again for, which may have been taken back since.
    expect(not has_failed or after.row.state != state_name::scheduling or
               (after.row.restart_nonce != before.row.restart_nonce and
                std::ranges::any_of(users_[r.what.job],
                                    [&](const auto& one) { return one->restart_nonce == after.row.restart_nonce; })),
           invariant::wish_is_latched, at,
           [] { return std::string("a failed job starts again, and nobody wished it"); });
    if (after.row.generation > before.row.generation) ++claims_;
    wrote_row(r, before.row, after.row, at);
    const auto ignores = [&](const std::shared_ptr<const wish>& one) {
        return one->ignore_state_before_epoch.value_or(epoch{}) == r.what.threshold;
    };
    const wish* const said = wish_of(r.what.job, after.row.applied);
    expect(after.row.state == state_name::scheduling
               ? said and said->ignore_state_before_epoch.value_or(epoch{}) == r.what.threshold
               : r.what.threshold == epoch{} or std::ranges::any_of(users_[r.what.job], ignores),
           invariant::restores_the_newest, at, [&] {
               return "all before epoch " + std::to_string(r.what.threshold.value) +
                      " is ignored, which is not what was wished";
           });
    // The obvious version of S7 and S8.
    std::optional<checkpoint_row> newest;
    for (const auto& [name, state] : before.checkpoints)
        if ((state == checkpoint_state::ready or state == checkpoint_state::committing) and
            name.epoch >= r.what.threshold)
            newest = checkpoint_row{name, state};
    for (const auto& [name, state] : before.checkpoints) {
        const bool is_unfinished =
            state == checkpoint_state::in_progress and (not newest or name.epoch > newest->name.epoch);
        const bool is_skipped = state == checkpoint_state::committing and name.epoch < r.what.threshold;
        const checkpoint_state wanted = is_unfinished ? checkpoint_state::failed
                                        : is_skipped  ? checkpoint_state::abandoned
                                                      : state;
        const auto now = after.checkpoints.find(name);
        expect(now != after.checkpoints.end() and now->second == wanted, invariant::marking_is_narrow, at,
               [&] { return "epoch " + std::to_string(name.epoch.value); });
    }
    attempt_seen& one = attempt_of(r.what.job, r.by.generation);
    if (not one.has_restore or after.row.generation != before.row.generation) {
        one.restore = newest;
        one.has_restore = true;
    }
    const auto no = [](const error&) { return false; };
    expect(answer.match([&](const claimed& won) { return won.restore == newest; }, no, no),
           invariant::restores_the_newest, at, [] { return std::string("by the claim's answer"); });
}

inline void checks::wrote(const request<store_row>& r, const database_rows::entry& before,
                          const database_rows::entry& after, instant at) {
    if (after.row.revision == before.row.revision) return;
    // A job at rest is nobody's.
    const bool is_left = after.row.owner == incarnation{} and is_terminal(after.row.state);
    expect(r.by.generation >= before.row.generation and r.by.incarnation == before.row.owner and
               (after.row.owner == before.row.owner or is_left) and after.row.generation == before.row.generation,
           invariant::stale_writes_change_nothing, at, [&] { return "a row is stored by " + detail::text_of(r.by); });
    act(r.what.job, r.by, at, "store_row");
    wrote_row(r, before.row, after.row, at);
}

inline void checks::wrote(const request<write_checkpoint>& r, const database_rows::entry& before,
                          const database_rows::entry& after, instant at) {
    if (after.checkpoints == before.checkpoints) return;
    expect(r.by.generation == before.row.generation and r.by.incarnation == before.row.owner,
           invariant::stale_writes_change_nothing, at,
           [&] { return "a checkpoint's row is written by " + detail::text_of(r.by); });
    expect(r.what.row.name.generation == before.row.generation or before.checkpoints.contains(r.what.row.name),
           invariant::names_are_unique, at, [] { return std::string("a name of another generation is made"); });
}

}  // namespace headgate::inline v1::simulation
