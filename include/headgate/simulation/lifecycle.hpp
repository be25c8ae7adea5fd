#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: one run of a world from a seed: jobs are submitted, things go wrong, all is healed, and every job must
// get where its user wants it.

#include <headgate/machine/worst_case.hpp>
#include <headgate/simulation/world.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

struct lifecycle_settings {
    fault_set allowed = fault_set{}.set();
    std::uint32_t jobs = 1;
    bool keeps_lines = false;  ///< of the trace
    duration wall_clock_ahead{};  ///< of the time of the world
};

struct lifecycle_result {
    std::optional<violation> broken{};
    std::uint64_t events{};
    duration lasted{};        ///< of virtual time
    std::uint64_t digest{};   ///< of the trace
    std::uint32_t injected{};
    std::uint32_t wished{};   ///< jobs whose last wish was to run
    std::uint32_t running{};  ///< of them, those that ran after all was healed, or had finished
    probes reached{};
    std::size_t asked{};  ///< decisions that the run asked for
    std::vector<std::uint32_t> decisions{};
    std::vector<trace::line> lines{};
};

/// After healing every job is where its user wants it within so long (L2): the worst case of SPEC 9.
inline constexpr duration recovers_within = std::chrono::minutes(45);
static_assert(worst_case_until_failed(policies<>{}) < recovers_within);
/// Its workers are gone so soon after its user wants it to stop (L3), whatever the mode: another controller may have to
/// take it, 30 s after the last sign of life of the one that had it, and pauses and calls have to end.
inline constexpr duration stops_within = std::chrono::minutes(2);
/// It stays there for so long.
inline constexpr duration stays_for = std::chrono::minutes(2);

/// Eight subtasks on three workers.
std::shared_ptr<const program> program_of_lifecycles();

template <class Policies = policies<>, backend_rules Backend = cluster>
lifecycle_result live(decisions by, const lifecycle_settings& settings, Policies policy = {},
                      Backend backend = Backend{});

// Implementation ------------------------------------------------------------------------------------------------------

inline std::shared_ptr<const program> program_of_lifecycles() {
    return std::make_shared<const program>(
        program{.nodes = {{{1}, 3, {{{"read"}, ""}}}, {{2}, 3, {{{"map"}, ""}}}, {{3}, 2, {{{"count"}, ""}}}},
                .edges = {{{1}, {2}, edge_kind::forward}, {{2}, {3}, edge_kind::shuffle}}});
}

namespace detail {

/// What the user of one job says in the course of a run.
template <class World>
void plan_words(World& in, const job_id& job, const std::shared_ptr<const program>& what) {
    outside& o = in.around();
    instant at = o.now;
    headgate::wish next{.name = job.value, .program = what};
    if (o.chosen.choose(16) == 15) next.time_to_live = duration(1 + o.chosen.choose(1'200'000));
    next.waits_for_slots = o.chosen.choose(4) == 3;
    const auto say = [&] { in.will_say({at, job, next}); };
    say();
    const auto later = [&] {
        // Soon, within the bringing up, or when it runs.
        constexpr std::array<std::uint32_t, 3> most{100, 2'000, 120'000};
        at += duration(1 + o.chosen.choose(most[o.chosen.choose(3)]));
    };
    const std::uint32_t count = o.chosen.choose(2) == 0 ? 0 : 1 + o.chosen.choose(3);
    for (std::uint32_t i = 0; i < count; ++i) {
        later();
        if (o.strikes(fault::configuration_changes)) {
            switch (o.chosen.choose(5)) {
                case 0: next.parallelism = {{node_id{3}, 1 + o.chosen.choose(3)}}; break;
                case 1: next.environment = {{"A", std::to_string(i)}}; break;
                case 2: next.waits_for_slots = not next.waits_for_slots; break;
                case 3: next.checkpoint_interval = std::chrono::seconds(5 + o.chosen.choose(10)); break;
                case 4: next.ignore_state_before_epoch = epoch{1 + o.chosen.choose(4)}; break;
            }
        }
        switch (o.chosen.choose(4)) {
            case 0:
            case 1: next.stop = static_cast<stop_mode>(1 + o.chosen.choose(4)); break;
            case 2:
                next.stop = stop_mode::run;
                ++next.restart_nonce;
                if (o.chosen.choose(2) == 1) next.ignore_state_before_epoch = epoch{1 + o.chosen.choose(4)};
                break;
            case 3: next.stop = stop_mode::run; break;
        }
        say();
    }
    if (o.chosen.choose(4) < 3) return;
    std::vector<word> at_a_cue;
    next.stop = static_cast<stop_mode>(1 + o.chosen.choose(4));
    at_a_cue.push_back({.job = job, .wish = next});
    if (o.chosen.choose(4) > 0) {
        next.stop = stop_mode::run;
        ++next.restart_nonce;
        at_a_cue.push_back({.job = job, .wish = next});
    }
    const auto effect = static_cast<std::uint8_t>(o.chosen.choose(no_effect));
    in.will_say(std::move(at_a_cue), effect, 1 + o.chosen.choose(4));
}

template <class World>
void plan_troubles(World& in, duration until) {
    outside& o = in.around();
    const auto at_some_time = [&](fault which, world_turn::kind what, std::uint32_t most) {
        if (not o.wrong.is_possible(which)) return;
        for (std::uint32_t n = 1 + o.chosen.choose(most); n > 0; --n)
            o.put_after(duration(o.chosen.choose(static_cast<std::uint32_t>(until.count()) + 1)), world_turn{what});
    };
    at_some_time(fault::database_away, world_turn::kind::database_goes, 2);
    at_some_time(fault::slots_taken, world_turn::kind::slots_go, 2);
    at_some_time(fault::wall_clock_jumps, world_turn::kind::wall_clock_jumps, 3);
    at_some_time(fault::controller_is_cut_off, world_turn::kind::cuts_off, 2);
    at_some_time(fault::owner_said_gone, world_turn::kind::says_gone, 2);
    o.put_after(until, world_turn{world_turn::kind::heals});
}

/// Faults but those by which nobody is restarted: what comes twice, or from somewhere else, or in another word of the
/// user.
inline std::uint32_t harmful(const fault_plan& wrong) {
    std::uint32_t all = wrong.injected();
    for (const fault one :
         {fault::database_repeats, fault::scheduler_repeats, fault::states_repeat, fault::call_repeats,
          fault::call_misdirected, fault::message_repeated, fault::report_misdirected, fault::stranger_knocks,
          fault::wall_clock_jumps, fault::configuration_changes})
        all -= wrong.injected(one);
    return all;
}

/// Generations are not used up by themselves (L8).
inline void look_for_livelock(outside& o, const job_id& job) {
    const std::uint32_t used = o.rules.generations(job);
    o.rules.expect(used <= 2 * (harmful(o.wrong) + o.rules.words(job)) + 1, invariant::no_livelock, o.now, [&] {
        return std::to_string(used) + " generations, after " + std::to_string(harmful(o.wrong)) + " faults and " +
               std::to_string(o.rules.words(job)) + " words of the user";
    });
}

/// How many jobs the slots are for, and whether there are few more than they need.
struct room {
    std::uint32_t jobs = 1;
    bool is_tight = false;
};

/// Whether the world gave a job cause to end as failed, by the error that stands in its row (L2). `since_healed`: how
/// long nothing has gone wrong any more.
template <class Policies>
bool may_have_failed(const std::string& error, const fault_plan& wrong, const Policies& policy, room among,
                     duration since_healed) {
    const auto sum = [&](std::initializer_list<fault> which) {
        std::uint32_t all = 0;
        for (const fault one : which) all += wrong.injected(one);
        return all;
    };
    const auto says = [&](std::string_view text) { return error.starts_with(text); };
    const patience& wait = policy.wait;
    // A worker that starts slowly may come long after, and be one too many: then an attempt begins anew.
    const duration late = wrong.injected(fault::worker_starts_slowly) > 0 ? 2 * wait.worker_start_up : duration{};
    const bool is_soon =
        since_healed <= late + wait.worker_start_up + wait.task_start_up + state_backoff.base.most + wait.call;
    if (says("permanent: forbidden")) return sum({fault::scheduler_gives_up}) > 0;
    if (says("permanent: node ")) return sum({fault::task_fails_for_good}) > 0;
    // Who had the slots may have had them for as long as this one tried: in a tight room another job, whose given-up
    // workers live as long as their generation.
    const bool others_have_slots = among.is_tight and among.jobs > 1;
    if (says("not enough slots: "))
        return among.is_tight ? harmful(wrong) > 0 and (is_soon or others_have_slots)
                              : sum({fault::slots_taken}) > 0 and is_soon;
    if (says("state backend: checkpoint of "))
        return sum({fault::states_refuse, fault::states_lose_request, fault::states_lose_answer, fault::states_slow}) >=
               policy.budget[error_kind::state_backend];
    if (says("permanent: gave up after too long without a healthy run"))
        return harmful(wrong) > 0 and
               (is_soon or (others_have_slots and error.find("not enough slots: ") != std::string::npos));
    if (says("permanent: gave up after ")) return harmful(wrong) >= policy.restart.within.restarts;
    return false;
}

/// It waits for slots without limit, as its user wants, and there are too few (L1).
template <class World>
bool waits(const World& in, const job_id& job) {
    const auto* const has = in.machine_of(job);
    const auto* const attempt = has ? std::get_if<scheduling>(&has->phase()) : nullptr;
    return attempt and attempt->lacking and has->job().wish->waits_for_slots and
           in.around().backend.free() < attempt->lacking->needed;
}

}  // namespace detail

template <class Policies, backend_rules Backend>
lifecycle_result live(decisions by, const lifecycle_settings& settings, Policies policy, Backend backend) {
    using world_type = world<Policies, Backend>;
    if constexpr (std::same_as<Backend, cluster>)
        if (by.choose(8) == 7 and backend.worker_slots() == 1) backend = cluster(2);
    const std::uint32_t each = std::max(std::uint32_t{backend.worker_slots()}, 1u);
    const std::uint32_t crew = (3 + each - 1) / each * each;  // slots of the workers of a job
    // Start-up is also tried with less patience: three times the usual is as long as a job may go unhealthy.
    if (by.choose(8) == 7) policy.wait.worker_start_up = std::chrono::minutes(1);
    // Outages and waits of minutes are long where a job is given up soon.
    if (by.choose(16) == 15) {
        policy.restart.within.without_healthy_run = std::chrono::minutes(1 + by.choose(4));
        policy.wait.healthy = std::chrono::seconds(30);
        policy.wait.checkpoint = std::chrono::minutes(1);
    }
    const auto made =
        std::make_unique<world_type>(std::move(by), settings.allowed, std::move(policy), std::move(backend));
    world_type& in = *made;
    outside& o = in.around();
    if (settings.keeps_lines) o.seen.keep_lines();
    o.wall_offset = settings.wall_clock_ahead;
    const instant begun = o.now;
    // One draw an expression: compilers order operands differently.
    duration trouble(o.chosen.choose(4) * 60'000);
    trouble += duration(o.chosen.choose(60'000));
    if (o.wrong.is_relentless()) trouble += duration(o.chosen.choose(40) * 60'000);
    // Some runs have more than one job.
    const std::uint32_t count = settings.jobs + (o.chosen.choose(16) == 15 ? 1 + o.chosen.choose(2) : 0);
    // Room for one crew of each and little more, or plenty.
    const bool is_tight = o.chosen.choose(4) == 3;
    if (is_tight)
        o.backend.most_room = o.backend.room = crew * count + o.chosen.choose(2);
    else
        o.backend.most_room = o.backend.room = std::max<std::uint64_t>(o.backend.room, 2 * crew * count);

    std::vector<job_id> jobs;
    for (std::uint32_t i = 0; i < count; ++i) jobs.push_back({"job-" + std::to_string(i + 1)});
    for (const job_id& job : jobs) detail::plan_words(in, job, program_of_lifecycles());
    if (o.chosen.choose(8) == 7) {
        o.sources_end_after = duration(o.chosen.choose(o.chosen.choose(4) == 3 ? 2'000 : 180'000));
        if (o.chosen.choose(2) == 1) o.drains_for = duration(o.chosen.choose(90'000));
    }
    detail::plan_troubles(in, trouble);
    in.start_controller(0);
    if (o.chosen.choose(4) == 3)
        o.put_after(duration(o.chosen.choose(20'000)), controller_turn{o.host_of(1), controller_turn::kind::starts});

    // Each job is followed until it has been where it should be for long enough.
    struct followed {
        instant right_since = never;
        instant wished_at{};
        std::uint64_t wish{};
        bool has_failed = false;
        bool is_failing = false;
        instant stop_since = never;
        bool is_right = false;
        bool is_wanted = false;
        bool runs = false;
    };
    std::vector<followed> follow(jobs.size());
    const instant end = begun + trouble + recovers_within + std::chrono::minutes(10);
    bool is_done = false;
    std::uint64_t claims = 0, changes = 0;
    while (not in.broken() and not is_done and o.now < end and in.step()) {
        if (o.rules.claims() != claims) {
            claims = o.rules.claims();
            for (const job_id& job : jobs) detail::look_for_livelock(o, job);
        }
        if (o.rows.changes() != changes) {
            changes = o.rows.changes();
            for (std::size_t i = 0; i < jobs.size(); ++i) {
                const auto entry = o.rows.jobs().find(jobs[i]);
                if (entry == o.rows.jobs().end()) continue;
                followed& f = follow[i];
                if (std::exchange(f.wish, entry->second.wish->version) != f.wish) f.wished_at = o.now;
                const job_row& row = entry->second.row;
                const bool was_failing = std::exchange(f.is_failing, row.state == state_name::failing);
                if (f.is_failing and not was_failing and o.chosen.choose(8) == 7) {
                    // Its user does not want to wait for the rest of it.
                    headgate::wish forced = *entry->second.wish;
                    forced.stop = stop_mode::force;
                    in.will_say({o.now + duration(o.chosen.choose(4'000)), jobs[i], std::move(forced)});
                }
                const bool had_failed = std::exchange(f.has_failed, row.state == state_name::failed);
                if (had_failed or not f.has_failed) continue;
                const duration since_healed = o.wrong.is_healed() ? o.now - o.healed_at : duration{};
                const bool has_cause =
                    detail::may_have_failed(row.last_error, o.wrong, in.policy(), {count, is_tight}, since_healed);
                o.rules.expect(has_cause, invariant::no_cause_to_fail, o.now,
                               [&] { return jobs[i].value + ": " + row.last_error; });
            }
        }
        if (not o.wrong.is_healed()) continue;
        is_done = true;
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            const auto entry = o.rows.jobs().find(jobs[i]);
            followed& f = follow[i];
            if (entry == o.rows.jobs().end()) {
                is_done = false;
                continue;
            }
            const job_row& row = entry->second.row;
            const auto* const has = in.machine_of(jobs[i]);
            const bool is_wished = entry->second.wish->stop == stop_mode::run;
            // The time of a job that has one is over when its controller says so: the wall clock jumps.
            const bool is_wanted = is_wished and not(entry->second.wish->time_to_live and
                                                     (has ? has->job().live_until <= o.now : is_terminal(row.state)));
            if (is_wished) f.stop_since = never;
            if (not is_wished and f.stop_since == never) f.stop_since = o.now;
            if (f.stop_since != never and o.now - f.stop_since >= stops_within) {
                f.stop_since = o.now;
                o.rules.ended(jobs[i], o.backend, o.now);
            }
            f.is_wanted = is_wanted;
            f.runs = in.runs(row, has);
            const bool rests = is_terminal(row.state) and
                               (not has or not(is_wanted and row.state == state_name::stopped and
                                               row.applied < entry->second.wish->version)) and
                               not(is_wanted and row.state == state_name::failed and
                                   row.restart_nonce != entry->second.wish->restart_nonce);
            const bool is_right = is_wanted
                                      ? f.runs or row.state == state_name::finished or detail::waits(in, jobs[i]) or
                                            (rests and row.state == state_name::failed)
                                      : rests and not has;
            if (not is_right) f.right_since = never;
            if (is_right and f.right_since == never) f.right_since = o.now;
            f.is_right = is_right and (f.right_since + stays_for <= o.now or is_terminal(row.state));
            is_done = is_done and f.is_right;
        }
    }

    lifecycle_result result;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto entry = o.rows.jobs().find(jobs[i]);
        const bool is_wanted = follow[i].is_wanted;
        result.wished += is_wanted ? 1u : 0u;
        if (is_wanted and (follow[i].runs or entry->second.row.state == state_name::finished)) ++result.running;
        if (follow[i].is_right and follow[i].runs)
            o.rules.settled(jobs[i], entry->second.row.generation, o.backend, o.now);
        const instant since = std::max(o.healed_at, follow[i].wished_at);
        const bool is_in_time = follow[i].is_right and follow[i].right_since <= since + recovers_within;
        o.rules.expect(is_in_time, is_wanted ? invariant::converges : invariant::stops, o.now, [&] {
            const auto* const has = in.machine_of(jobs[i]);
            return jobs[i].value + " is " +
                   (entry == o.rows.jobs().end() ? std::string("not there")
                                                 : std::string(text_of(entry->second.row.state))) +
                   (has ? ", its machine " + std::string(text_of(has->state())) : ", no controller has it");
        });
    }
    result.broken = in.broken();
    result.events = in.events();
    result.lasted = o.now - begun;
    result.digest = o.seen.digest();
    result.injected = o.wrong.injected();
    result.reached = o.reached;
    result.asked = o.chosen.count();
    result.decisions = o.chosen.taken();
    result.lines = o.seen.lines();
    return result;
}

}  // namespace headgate::inline v1::simulation
