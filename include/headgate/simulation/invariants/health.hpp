#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: how long jobs have not been healthy, summed up in the obvious way, and what must follow from it (R3, T5).

#include <headgate/machine/machine.hpp>
#include <headgate/simulation/traffic.hpp>
#include <headgate/vocabulary/time.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace headgate::inline v1::simulation {

/// Between two looks at a machine nothing in it changes, so that time either counts or does not: not while its row
/// waits for the database, nor while it waits for slots without limit. What is the same for everybody outside may
/// differ here, so this is not part of what a world is.
class health {
public:
    /// Says what is wrong, if anything. After each step of a controller, for each job that it has.
    template <class Policies>
    std::optional<std::string> looked(std::uint32_t slot, const machine<Policies>& now, instant at);
    /// In this step a checkpoint was given up for its time.
    void gave_up_checkpoint(std::uint32_t slot, const job_id& job) { jobs_[slot][job].is_checkpoint_late = true; }
    void left(std::uint32_t slot, const job_id& job) { jobs_[slot].erase(job); }
    void crashed(std::uint32_t slot) { jobs_[slot].clear(); }

private:
    struct clock {
        instant at{};  ///< of the last look
        state_name state{};
        std::uint32_t visit{};  ///< of the state
        bool is_armed = false;  ///< it is not healthy
        bool is_away = false;   ///< its row waits for the database
        bool lacks_slots = false;
        bool takes_checkpoint = false;
        instant lacked_at = never;  ///< when the scheduler said so last
        instant runs_since = never;
        instant late_since = never;  ///< it should have been given up, but for a pause
        duration unhealthy{};
        duration lacking{};  ///< since `lacked_at`
        duration taking{};   ///< the present checkpoint
        bool is_checkpoint_late = false;
    };

    template <class Policies>
    static void advance(clock& was, const machine<Policies>& now, instant at);

    std::array<std::map<job_id, clock>, most_controllers> jobs_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Policies>
void health::advance(clock& was, const machine<Policies>& now, instant at) {
    const headgate::job& job = now.job();
    const duration step = was.is_away ? duration{} : at - was.at;
    if (was.is_armed) (was.lacks_slots ? was.lacking : was.unhealthy) += step;
    if (was.takes_checkpoint) was.taking += step;

    const auto* const attempt = std::get_if<headgate::scheduling>(&now.phase());
    const bool is_same = attempt and was.visit == job.visit;
    const bool is_answered = is_same and (attempt->lacking_since == never or attempt->lacked_at != was.lacked_at);
    if (is_answered or not is_same) {
        // If the attempt has ended as well, it alone knows whether the answer came first.
        const bool has_come = is_answered or (job.healthy_at != never and at - job.healthy_at == was.unhealthy);
        const bool is_left_out = has_come and job.wish->waits_for_slots;
        if (not is_left_out) was.unhealthy += was.lacking;
        was.lacking = {};
    }
    using enum state_name;
    const auto ends = [](state_name one) {
        return one == failing or one == failed or one == stopping or one == stopped or one == finished;
    };
    const bool begins_anew = ends(was.state) and not ends(now.state());
    if (job.healthy_at == never or begins_anew) was.unhealthy = was.lacking = {};
    // After a standstill it was healthy and failed, or failed alone, whichever came first.
    const bool has_run = was.runs_since != never and later(was.runs_since, now.policy().wait.healthy) <= at;
    if (has_run and job.healthy_at != never) {
        const bool is_away = job.unwritten_since != never;
        was.unhealthy = (is_away ? std::max(job.unwritten_since, job.healthy_at) : at) - job.healthy_at;
    }
}

template <class Policies>
std::optional<std::string> health::looked(std::uint32_t slot, const machine<Policies>& now, instant at) {
    const headgate::job& job = now.job();
    clock& was = jobs_[slot][job.id];
    advance(was, now, at);
    using enum state_name;
    const state_name state = now.state();
    const duration limit = now.policy().restart.within.without_healthy_run;
    const patience& wait = now.policy().wait;
    const auto in_ms = [](duration one) { return std::to_string(one.count()) + " ms"; };
    std::optional<std::string> wrong;

    const bool gives_up = state == failing and was.state != failing and job.last_error and
                          job.last_error->text.starts_with("gave up after too long");
    if (gives_up and was.unhealthy < limit)
        wrong = "it is given up after " + in_ms(was.unhealthy) + " without a healthy run, the limit is " + in_ms(limit);
    const auto* const attempt = std::get_if<headgate::scheduling>(&now.phase());
    const bool lacks = attempt and attempt->lacking_since != never;
    const bool is_tried = (attempt or state == recovering) and not(lacks and job.wish->waits_for_slots);
    const bool is_late = is_tried and job.persisted and job.is_owned() and was.unhealthy > limit;
    was.late_since = is_late ? std::min(was.late_since, at) : never;
    if (is_late and at > later(was.late_since, state_backoff.base.most))
        wrong = "it is tried on after " + in_ms(was.unhealthy) + " without a healthy run, the limit is " + in_ms(limit);

    const bool is_counted = job.healthy_at != never and job.unwritten_since == never and not lacks;
    if (is_counted and at - job.healthy_at != was.unhealthy)
        wrong = "it counts " + in_ms(at - job.healthy_at) + " without a healthy run, which are " + in_ms(was.unhealthy);

    const bool runs = (state == running or state == finishing) and job.is_owned();
    if (not runs) was.runs_since = never;
    if (runs and was.runs_since == never and job.persisted) was.runs_since = at;
    if (runs and job.persisted and at >= later(was.runs_since, wait.healthy) and job.healthy_at != never)
        wrong = "it has run for " + in_ms(at - was.runs_since) + " and is not healthy";

    const bool is_healthy_now = runs and was.is_armed and job.healthy_at == never;
    if (is_healthy_now and job.restarts != now.policy().restart.after_running(job.restarts, wait.healthy))
        wrong = "it has become healthy, and " + std::to_string(job.restarts.restarts) + " restarts count still";

    if (std::exchange(was.is_checkpoint_late, false) and was.taking < wait.checkpoint)
        wrong = "a checkpoint is given up after " + in_ms(was.taking) + ", its time is " + in_ms(wait.checkpoint);
    const auto* const ran = std::get_if<headgate::running>(&now.phase());
    was.takes_checkpoint =
        ran and (ran->taken.stage == checkpoint_stage::collecting or ran->taken.stage == checkpoint_stage::storing);
    if (not was.takes_checkpoint) was.taking = {};

    was.at = at;
    was.state = state;
    was.visit = job.visit;
    was.is_armed = job.healthy_at != never;
    was.is_away = job.unwritten_since != never;
    was.lacks_slots = lacks;
    was.lacked_at = attempt ? attempt->lacked_at : never;
    return wrong;
}

}  // namespace headgate::inline v1::simulation
