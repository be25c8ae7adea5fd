#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: controllers and workers, the very templates of production, in a world of values and virtual time.

#include <headgate/controller/controller.hpp>
#include <headgate/simulation/describe.hpp>
#include <headgate/simulation/ports.hpp>
#include <headgate/worker/driver.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// One controller and all that it is bound to.
template <class Policies>
struct controller_host {
    using controller_type = controller<scheduler_port, database_port, channel_port, clock_port, states_port, secrets,
                                       Policies, observer_port>;

    controller_host(outside& of, host at, std::uint32_t slots, std::uint64_t seed, const Policies& policy)
        : scheduler{{&of, at}, slots}, database{{&of, at}}, channel{{&of, at}}, clock{&of}, states{{&of, at}},
          hidden(seed), observer{{&of, at}},
          drive(scheduler, database, channel, clock, states, hidden, policy, observer) {}
    controller_host(const controller_host& other, outside& of)
        : scheduler(other.scheduler), database(other.database), channel(other.channel), clock{&of},
          states(other.states), hidden(other.hidden), observer(other.observer),
          drive(other.drive, bind(scheduler, of), bind(database, of), bind(channel, of), clock, bind(states, of),
                hidden, bind(observer, of)) {}

    scheduler_port scheduler;
    database_port database;
    channel_port channel;
    clock_port clock;
    states_port states;
    secrets hidden;
    observer_port observer;
    controller_type drive;

private:
    template <class Port>
    static Port& bind(Port& one, outside& of) {
        one.to = &of;
        return one;
    }
};

/// One worker's process.
struct worker_host {
    worker_host(outside& of, process_number at, std::uint64_t seed);
    worker_host(const worker_host& other, outside& of)
        : link{&of, other.link.of}, clock{&of}, hidden(other.hidden), engine{&of, other.engine.of, other.engine.share},
          drive(other.drive, link, clock, hidden, engine) {}

    worker_host(const worker_host&) = delete;
    worker_host& operator=(const worker_host&) = delete;
    // Whatever it was bound to may be gone by now, and has nothing more to hear.
    ~worker_host() { link.to = engine.to = nullptr; }

    link_port link;
    clock_port clock;
    secrets hidden;
    engine_port engine;
    worker_driver<link_port, clock_port, secrets, engine_port> drive;
};

/// What a user says, and when: `wish` as it is to stand then.
struct word {
    instant at{};
    job_id job{};
    headgate::wish wish{};
};

template <class Policies = policies<>, backend_rules Backend = cluster>
class world {
public:
    world(decisions by, const fault_set& allowed, Policies policy = {}, Backend backend = Backend{});
    /// Everything is copied, what is on its way too. Controllers and workers are copied, and bound to this world, when
    /// they go on.
    world(const world& other) = default;
    world& operator=(const world&) = delete;

    outside& around() { return around_; }
    const outside& around() const { return around_; }
    const std::optional<violation>& broken() const { return around_.rules.broken(); }
    const Policies& policy() const { return policy_; }
    const Backend& backend() const { return backend_; }

    /// A controller starts at that place. Precondition: none runs there.
    void start_controller(std::uint32_t slot);
    void crash_controller(std::uint32_t slot);
    /// Null if none runs there.
    const typename controller_host<Policies>::controller_type* controller_at(std::uint32_t slot) const {
        return controllers_[slot] ? &controllers_[slot]->drive : nullptr;
    }
    /// The machine of a job, at the controller that owns it or at any that has it and is not stranded; null if none
    /// has.
    const machine<Policies>* machine_of(const job_id& job) const;
    const worker_driver<link_port, clock_port, secrets, engine_port>* worker_at(process_number at) const {
        return workers_[at] ? &workers_[at]->drive : nullptr;
    }

    void will_say(word what);
    /// Likewise, one after the other, when an effect of this number is asked for the so manieth time; the words' times
    /// do not count. The last cue of a world replaces the ones before.
    void will_say(std::vector<word> what, std::uint8_t effect, std::uint32_t times);

    /// What happens next, at its time: something arrives, or somebody's deadline has come. False if nothing ever will.
    bool step();
    /// When that is.
    instant next() const;
    /// Handles what was taken out of `around().queue`.
    void happen(const on_its_way& what);
    /// Time passes until the next deadline of a controller or worker, which is then polled. False if there is none.
    bool pass();
    /// For whoever tries every order: those whose deadlines there are, by number, and one of them being polled at its
    /// time.
    std::uint32_t pollable() const { return static_cast<std::uint32_t>(most_controllers + workers_.size()); }
    instant deadline_of(std::uint32_t which) const;
    void pass(std::uint32_t which);
    /// Nothing goes wrong any more, but for what stays so for ever outside of a core: the first controller and what it
    /// needs.
    void heal();
    /// Its row and its machine say that it runs, and each worker of its plan does.
    bool runs(const job_id& job) const;
    bool runs(const job_row& row, const machine<Policies>* has) const;

    std::uint64_t events() const { return events_; }

private:
    struct due {
        instant at = never;
        std::uint32_t which = 0;  ///< a controller's place, or after those a process
    };
    template <class Host>
    Host& own(std::shared_ptr<Host>& one) {
        if (one.use_count() > 1 or one->clock.of != &around_) one = std::make_shared<Host>(*one, around_);
        return *one;
    }
    due first_due() const;
    void poll(const due& one);
    void poll_controller(std::uint32_t slot);
    void poll_worker(process_number at);
    void look(std::uint32_t slot);
    void glance(const machine<Policies>& of, glimpse& before);
    void time_attempt(const machine<Policies>& of, glimpse& before);
    bool is_row_refused(incarnation by, const job_id& job);
    bool look_at_refused(std::uint32_t slot, const job_id& job, const job_row& row, bool is_here);
    void look_at_giving_up(const machine<Policies>& of, glimpse& before);
    void deliver(const to_controller& what);
    enum class demand : std::uint8_t { none, is_told, lets_go, attempt_stays, attempt_ends, job_fails };
    demand demand_of(const to_controller& what, const machine<Policies>& of) const;
    bool is_executed(const execution& what, bool all_started) const;
    std::uint64_t slots_of_given_up(const headgate::job& of) const;
    void look_at_leases(std::uint32_t slot);
    void look_at_plan(const machine<Policies>& of);
    void look_at_channels(const machine<Policies>& of);
    void hear_a_stranger(const to_worker& what);

    void arrive(const to_outside& what);
    void arrive(const to_controller& what);
    void arrive(const to_worker& what);
    void arrive(const from_engine& what);
    void arrive(const process_turn& what);
    void arrive(const controller_turn& what);
    void arrive(const wait_over& what);
    void arrive(const user_turn& what);
    void arrive(const world_turn& what);

    template <class Effect>
    void carry_out(const to_outside& from, const request<Effect>& r);
    template <class Effect>
    bool is_refused(const to_outside& from, const request<Effect>& r);
    template <class Effect>
    void write(const to_outside& from, const request<Effect>& r);
    template <class Effect>
    void call_worker(const to_outside& from, const request<Effect>& r);

    void strand();
    void begin(process one);
    void end_process(process_number at, const std::string& how, bool is_news);
    void serve_stops();
    void carry_stops(const stop_workers& asked);
    void tell_watchers();

    outside around_;
    Policies policy_;
    Backend backend_;
    std::uint64_t seed_;
    // Shared with copies of this world until one of them goes on: then `own` makes it its own.
    std::array<std::shared_ptr<controller_host<Policies>>, most_controllers> controllers_{};
    std::vector<std::shared_ptr<worker_host>> workers_{};  // by process; null where it does not run
    std::vector<word> words_{};
    std::uint64_t events_ = 0;
    std::uint32_t idle_polls_ = 0;
};

}  // namespace headgate::inline v1::simulation

#include <headgate/simulation/world/steps.hpp>
