#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the job as one copyable value. It performs no I/O, reads no clock, draws no randomness, starts no thread.

#include <headgate/machine/compiling.hpp>
#include <headgate/machine/context.hpp>
#include <headgate/machine/event.hpp>
#include <headgate/machine/finishing.hpp>
#include <headgate/machine/job.hpp>
#include <headgate/machine/later.hpp>
#include <headgate/machine/ownership.hpp>
#include <headgate/machine/policies.hpp>
#include <headgate/machine/recovering.hpp>
#include <headgate/machine/running.hpp>
#include <headgate/machine/scheduling.hpp>
#include <headgate/machine/step.hpp>
#include <headgate/machine/stopping.hpp>
#include <headgate/machine/table.hpp>
#include <headgate/machine/terminal.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

/// Whether a state may act before its row is durable: because nothing of it is outside, or because it only takes away
/// and the job is owned (T4).
template <class State>
concept silent_state = requires {
    requires State::is_silent;
};
template <class State>
concept taking_away = requires {
    requires State::takes_away;
};

/// One job under the control of this controller. Feed it events; carry its effects out; call it with `tick` at
/// `deadline()`. Every event is answered in every state; nothing throws (S19).
template <class Policies = policies<>>
class machine {
public:
    using policies_type = Policies;
    using any_state = std::variant<created, compiling, scheduling, running, rescaling, restarting, recovering,
                                   checkpoint_stopping, stopping, finishing, failing, stopped, failed, finished>;

    /// Takes up the job `id` where its row says it was (T2, J6). `worker_slots` is the size of the workers that the
    /// backend starts. The first event should be the wish as it stands.
    machine(job_id id, incarnation self, job_row found, std::uint32_t worker_slots, Policies policy = {});

    /// Changes the machine, and names in `out` what it wants; `out` is cleared first.
    void on(const event& e, moment at, effects& out);

    /// When to be called with `tick` at the latest; `never` only when it is over.
    instant deadline() const { return is_over() ? never : deadline_; }
    /// The job's end is stored and its workers are gone, or it is let go: another controller has it, or the database
    /// refuses its row (I15); or its row is gone, or another one, and the workers that it had are gone too.
    bool is_over() const;

    state_name state() const { return static_cast<state_name>(state_.index()); }
    const any_state& phase() const { return state_; }
    const headgate::job& job() const { return job_; }
    const Policies& policy() const { return policy_; }

    friend bool operator==(const machine&, const machine&) = default;

private:
    using context_type = context<Policies>;

    // What is common to all states. Each answers whether something may follow from the event.
    bool take(const tick&, context_type&) { return true; }
    bool take(const wished& e, context_type& c);
    bool take(const fenced<registered>& m, context_type& c);
    bool take(const fenced<heartbeat>& m, context_type& c);
    bool take(const fenced<stream_lost>& m, context_type& c);
    bool take(const worker_exited& e, context_type& c);
    bool take(const slots_freed& e, context_type& c) { return dispatch(e, c); }
    bool take(const restart_turn& e, context_type& c) { return dispatch(e, c); }
    bool take(const disowned& e, context_type& c);
    bool take(const answered<write_checkpoint>& a, context_type& c);
    bool take(const answered<claim>& a, context_type& c) { return stands(headgate::on(c, a), c); }
    bool take(const answered<store_row>& a, context_type& c) { return stands(headgate::on(c, a), c); }
    bool take(const answered<stop_workers>& a, context_type& c);
    template <class Message>
    bool take(const fenced<Message>& m, context_type& c);
    template <class Effect>
    bool take(const answered<Effect>& a, context_type& c) {
        return dispatch(a, c);
    }

    void tell_refused(const event& e, context_type& c);
    worker* speaker(const session& of);
    void lose(worker& w, bool for_good, std::string why, context_type& c);
    bool stands(standing how, context_type& c);
    template <class StateEvent>
    bool dispatch(const StateEvent& e, context_type& c);
    template <class State>
    bool follow(const step<State>& answer, context_type& c);

    void end_orphaned(context_type& c);
    void settle(context_type& c);
    bool settles_within(std::uint32_t turns, context_type& c);
    void end_inconsistent(context_type& c);
    bool act(context_type& c);
    template <class State>
    void leave_out_outage(State& s, context_type& c);
    void watch(context_type& c);
    void serve_teardown(context_type& c);
    bool look_at_wish(context_type& c);

    void adopt();
    void resume_as(state_name state);
    void enter(state_name to, const std::optional<error>& why, context_type& c);
    void prepare_scheduling(bool is_retry, const std::optional<error>& why, context_type& c);

    [[no_unique_address]] Policies policy_;
    headgate::job job_;
    any_state state_;
    instant deadline_{};  // at once: nothing was looked at yet
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Policies>
machine<Policies>::machine(job_id id, incarnation self, job_row found, std::uint32_t worker_slots, Policies policy)
    : policy_(std::move(policy)) {
    job_.id = std::move(id);
    job_.self = self;
    job_.worker_slots = std::max(worker_slots, std::uint32_t{1});
    job_.durable = std::move(found);
    adopt();
}

template <class Policies>
bool machine<Policies>::is_over() const {
    const bool is_torn_down = job_.stop.up_to.value == 0 or job_.stop.gone;
    if (job_.is_orphaned and job_.is_owned()) return is_torn_down;
    return job_.is_let_go or (is_terminal(state()) and job_.persisted and is_torn_down);
}

template <class Policies>
void machine<Policies>::on(const event& e, moment at, effects& out) {
    out.clear();
    if (job_.is_let_go and is_over()) return;
    context_type c(job_, policy_, at, out);
    if (job_.is_orphaned) {
        if (const auto* const stop = std::get_if<answered<stop_workers>>(&e)) take(*stop, c);
        return end_orphaned(c);
    }
    const bool may_follow = std::visit([&](const auto& what) { return take(what, c); }, e);
    if (may_follow and not job_.is_let_go) settle(c);
    tell_refused(e, c);
    if (job_.is_let_go) out.asked.clear();
    if (job_.is_orphaned) end_orphaned(c);
}

}  // namespace headgate::inline v1
