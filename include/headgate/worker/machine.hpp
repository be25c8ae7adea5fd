#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: the worker's side of the protocol as a value. It accepts one plan in its life and ends by itself when nobody
// answers for it any more (G3, G4, G7, I5).
//
//   part           fact                  after                                if it cannot be had
//   registration   accepted              link up, hello, challenge, proof     opened again, with backoff; before the
//                                                                             first time: gives up after start-up time
//   lease          renewed               each answered heartbeat              over: the engine is stopped, the end   G7
//   execution      started               accepted, execute of its own         --                                     I5
//                                        generation, a plan that names it
//   reports        told                  accepted; again on each new stream   --                                    S14
//   stopped        stopped               called, or the end wished            by force after its limit

#include <headgate/vocabulary/fields.hpp>
#include <headgate/vocabulary/plan_check.hpp>
#include <headgate/worker/context.hpp>
#include <headgate/worker/event.hpp>
#include <headgate/worker/lease.hpp>
#include <headgate/worker/registration.hpp>
#include <headgate/worker/reports.hpp>
#include <headgate/worker/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

/// Performs no I/O, reads no clock, draws nothing, knows no secret; can be copied and compared at any time.
///
/// Feed it events with the moment they happen at, `tick` at `deadline()` at the latest, and carry out the effects of
/// each step in their order. The first step is a tick; a step costs what changed.
class worker_machine {
public:
    worker_machine(worker_settings settings, instant launched)
        : settings_(std::move(settings)), give_up_(launched + settings_.times.start_up), deadline_(launched) {}

    /// `effects` is cleared first. After the end, calls are refused and all else does nothing.
    void on(const worker_event& happened, moment at, worker_effects& effects);

    /// `never` once it is over; before, each tick moves it on.
    instant deadline() const { return deadline_; }
    bool is_over() const { return end_.has_value(); }
    /// Precondition: over.
    const worker_end& end() const { return *end_; }

    bool is_accepted() const { return registration_.is_accepted(); }
    bool is_started() const { return execution_ != nullptr; }
    const worker_settings& settings() const { return settings_; }
    const worker_counts& counts() const { return counts_; }

    friend bool operator==(const worker_machine& a, const worker_machine& b);

private:
    struct early_call {
        call_id id{};
        std::shared_ptr<const execution> what{};

        friend bool operator==(const early_call&, const early_call&) = default;
    };

    void hear(const tick&, worker_context&) {}
    void hear(const link_is_up&, worker_context& c) { registration_.up(c, settings_.times, counts_); }
    void hear(const link_is_down& e, worker_context& c);
    void hear(const challenged& e, worker_context& c);
    void hear(const verdict& said, worker_context& c);
    void hear(const heartbeat_answer& said, worker_context& c);
    void hear(const call_heard& e, worker_context& c);
    void hear(const engine_event& e, worker_context&);
    void hear(const end_wished&, worker_context& c) { begin_stop(c); }

    void call(call_id id, const identify& what, worker_context& c) { c.ask(answer_identify{id, what.nonce}); }
    void call(call_id id, const execution_offered& what, worker_context& c);
    void call(call_id id, const checkpoint& what, worker_context& c);
    void call(call_id id, const stop& what, worker_context& c);
    void execute(call_id id, const std::shared_ptr<const execution>& what, worker_context& c);
    void yes(call_id id, worker_context& c) { c.ask(answer_call{id, applied{}}); }
    void no(call_id id, std::string why, worker_context& c);

    void want(worker_context& c);
    void begin_stop(worker_context& c);
    void finish(worker_end_kind kind, std::string text, worker_context& c);

    friend fields;
    static constexpr std::size_t field_count = 14;

    worker_settings settings_;
    instant give_up_;
    instant deadline_;
    worker_registration registration_{};
    worker_lease lease_{};
    worker_reports reports_{};
    std::vector<early_call> early_{};
    std::shared_ptr<const execution> execution_{};
    epoch begun_{};                  ///< the newest checkpoint that the engine was told to begin
    bool still_ = true;              ///< the engine runs nothing
    std::optional<instant> stop_{};  ///< asked to stop; by force from then on
    std::string engine_trouble_{};
    std::optional<worker_end> end_{};
    worker_counts counts_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace worker_detail {

/// Why a worker of these settings does not run `what`; empty: it does.
inline std::string refusal_of(const execution* what, const worker_settings& settings) {
    if (what == nullptr or what->program == nullptr or what->plan == nullptr) return "an execution without a plan";
    if (what->job != settings.job) return "this worker belongs to another job";
    if (what->generation != settings.generation)
        return "generation " + std::to_string(what->generation.value) + ", this worker is of generation " +
               std::to_string(settings.generation.value);
    return {};
}

/// Costs O(plan), so it is for the one that is to be started.
inline expected<std::uint32_t> checked_position(const execution& what, const worker_settings& settings) {
    if (digest(*what.plan) != what.digest) return failure(error_kind::invalid, "the digest is not the plan's");
    if (const auto ok = check(*what.plan, *what.program, settings.most); not ok) return tl::unexpected(ok.error());
    const auto position = position_of(*what.plan, settings.profile.id);
    if (not position) return failure(error_kind::invalid, "the plan does not name this worker");
    if (what.plan->workers[*position].slots > settings.profile.slots)
        return failure(error_kind::invalid, "the plan counts on more slots than this worker offers");
    return *position;
}

}  // namespace worker_detail

inline bool operator==(const worker_machine& a, const worker_machine& b) {
    return a.settings_.job == b.settings_.job and a.settings_.generation == b.settings_.generation and
           a.settings_.profile == b.settings_.profile and a.settings_.times == b.settings_.times and
           a.give_up_ == b.give_up_ and a.deadline_ == b.deadline_ and a.registration_ == b.registration_ and
           a.lease_ == b.lease_ and a.reports_ == b.reports_ and a.early_ == b.early_ and
           a.execution_ == b.execution_ and a.begun_ == b.begun_ and a.still_ == b.still_ and a.stop_ == b.stop_ and
           a.engine_trouble_ == b.engine_trouble_ and a.end_ == b.end_ and a.counts_ == b.counts_;
}

inline void worker_machine::on(const worker_event& happened, moment at, worker_effects& effects) {
    effects.clear();
    worker_context c(at, effects);
    if (is_over()) {
        if (const auto* late = std::get_if<call_heard>(&happened)) no(late->id, "this worker has ended", c);
        return;
    }
    // Nothing is begun after the lease, however late the event was handled. Only an answer may still have renewed it.
    const bool may_renew = std::holds_alternative<heartbeat_answer>(happened);
    if (lease_.runs() and not may_renew and lease_.is_over(c)) {
        finish(worker_end_kind::lease_over, registration_.trouble(), c);
        if (const auto* late = std::get_if<call_heard>(&happened)) no(late->id, "this worker has ended", c);
    } else {
        std::visit([&](const auto& e) { hear(e, c); }, happened);
        if (not is_over()) want(c);
    }
    deadline_ = is_over() ? never : c.deadline();
}

inline void worker_machine::want(worker_context& c) {
    registration_.want(c, settings_.times);
    if (const auto end = registration_.doubted(c)) return finish(end->kind, end->text, c);
    if (lease_.runs()) {
        if (lease_.is_over(c)) return finish(worker_end_kind::lease_over, registration_.trouble(), c);
    } else if (c.reached(give_up_)) {
        return finish(worker_end_kind::gave_up, registration_.trouble(), c);
    }
    if (stop_ and (still_ or c.reached(*stop_))) {
        const bool is_left_out = not is_accepted() and not execution_;
        return finish(worker_end_kind::stopped, is_left_out ? registration_.trouble() : engine_trouble_, c);
    }
    if (execution_ and still_) return finish(worker_end_kind::engine_ended, engine_trouble_, c);
    if (not is_accepted()) return;
    lease_.beat(c, is_started());
    reports_.tell(c, settings_);
}

inline void worker_machine::finish(worker_end_kind kind, std::string text, worker_context& c) {
    worker_detail::cut(text, settings_.most.error_text);
    end_ = {kind, std::move(text)};
    if (not still_) c.ask(stop_engine{.force = true});
    for (const early_call& each : early_) no(each.id, "this worker has ended", c);
    early_.clear();
    // When the lease is over, another may be at work: nothing is told any more.
    if (is_accepted() and kind != worker_end_kind::lease_over) reports_.tell_now(c, settings_);
    registration_.end(c);
}

inline void worker_machine::hear(const link_is_down& e, worker_context& c) {
    ++counts_.lost_streams;
    std::string why = e.why;
    worker_detail::cut(why, settings_.most.error_text);
    registration_.down(c, settings_.times, std::move(why));
    lease_.stream_lost();
}

inline void worker_machine::hear(const challenged& e, worker_context& c) {
    registration_.challenge(e.holds, c, settings_.times, counts_);
}

inline void worker_machine::hear(const verdict& said, worker_context& c) {
    const auto believed = registration_.judge(said, c, settings_.times, counts_);
    if (not believed) return;
    if (const auto* no = std::get_if<refused>(&*believed)) return finish(worker_end_kind::refused, no->why, c);
    if (std::holds_alternative<go>(*believed)) return finish(worker_end_kind::dismissed, "its generation is over", c);
    lease_.begin(std::get<accepted>(*believed), registration_.proven(), c);
    if (lease_.is_over(c)) return finish(worker_end_kind::lease_over, registration_.trouble(), c);
    reports_.repeat();
    for (const early_call& each : std::exchange(early_, {})) execute(each.id, each.what, c);
}

inline void worker_machine::hear(const heartbeat_answer& said, worker_context&) {
    if (not is_accepted() or not lease_.answered(said.sequence)) {
        ++counts_.strange;
        return;
    }
    registration_.goes_well();
}

inline void worker_machine::hear(const call_heard& e, worker_context& c) {
    if (not e.token_holds) {
        ++counts_.strangers;
        return c.ask(answer_call{e.id, refused{"the token is not this worker's"}});
    }
    std::visit([&](const auto& what) { call(e.id, what, c); }, e.what);
}

inline void worker_machine::hear(const engine_event& e, worker_context&) {
    const auto in_place = detail::overloaded{
        [&](const engine_initialized& said) { return reports_.add(said, settings_.most); },
        [&](const subtask_started& said) { return reports_.add(said); },
        [&](const subtask_finished& said) { return reports_.add(said); },
        [&](const task_failure& said) { return reports_.add(said, settings_.most); },
        [&](const subtask_checkpointed& said) { return reports_.add(said, settings_.most); },
        [&](const checkpoint_failed& said) { return reports_.add(said, settings_.most); },
        [&](const engine_stopped& said) {
            if (still_) return false;
            engine_trouble_ = said.why;
            worker_detail::cut(engine_trouble_, settings_.most.error_text);
            return still_ = true;
        },
    };
    if (not std::visit(in_place, e)) ++counts_.strange;
}

inline void worker_machine::call(call_id id, const execution_offered& what, worker_context& c) {
    // The call may overtake the verdict, which goes another way. Without a lease nothing may run, so it waits.
    if (lease_.runs()) return execute(id, what.what, c);
    if (early_.size() == most_early_calls) return no(id, "this worker is not accepted yet", c);
    early_.push_back({id, what.what});
}

inline void worker_machine::execute(call_id id, const std::shared_ptr<const execution>& what, worker_context& c) {
    if (std::string why = worker_detail::refusal_of(what.get(), settings_); not why.empty())
        return no(id, std::move(why), c);
    if (execution_ and execution_->digest == what->digest) return yes(id, c);
    if (execution_) return no(id, "this worker has another plan of this generation", c);
    if (stop_) return no(id, "this worker is stopping", c);
    const auto position = worker_detail::checked_position(*what, settings_);
    if (not position) return no(id, position.error().text, c);
    execution_ = what;
    still_ = false;
    reports_.begin(what, *position);
    yes(id, c);
    c.ask(start_engine{what, *position});
}

inline void worker_machine::call(call_id id, const checkpoint& what, worker_context& c) {
    if (what.generation != settings_.generation or what.name.generation != settings_.generation)
        return no(id, "a checkpoint of another generation", c);
    if (not execution_) return no(id, "nothing runs here yet", c);
    const std::string which = "epoch " + std::to_string(what.name.epoch.value);
    if (what.name.epoch <= execution_->start_epoch) return no(id, which + " is before the start", c);
    if (what.name.epoch == begun_) return yes(id, c);
    if (what.name.epoch < begun_ or what.name.epoch < reports_.newest()) return no(id, which + " is over", c);
    if (stop_) return no(id, "this worker is stopping", c);
    begun_ = what.name.epoch;
    reports_.checkpoint_begins(begun_);
    yes(id, c);
    c.ask(begin_engine_checkpoint{what.name});
}

inline void worker_machine::call(call_id id, const stop& what, worker_context& c) {
    if (what.generation != settings_.generation) return no(id, "a stop of another generation", c);
    yes(id, c);
    begin_stop(c);
}

inline void worker_machine::no(call_id id, std::string why, worker_context& c) {
    ++counts_.refused_calls;
    c.ask(answer_call{id, refused{std::move(why)}});
}

inline void worker_machine::begin_stop(worker_context& c) {
    if (stop_) return;
    stop_ = c.after(settings_.times.stop);
    if (not still_) c.ask(stop_engine{.force = false});
}

}  // namespace headgate::inline v1
