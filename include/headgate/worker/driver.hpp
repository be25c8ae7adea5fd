#pragma once
// SPDX-License-Identifier: BSL-1.0
// worker: does the I/O of a worker: hears link and engine, carries out what the machine wants.

#include <headgate/concepts/clock.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/concepts/engine.hpp>
#include <headgate/concepts/mailbox.hpp>
#include <headgate/concepts/points.hpp>
#include <headgate/concepts/secrets.hpp>
#include <headgate/vocabulary/identity.hpp>
#include <headgate/worker/driver/handshake.hpp>
#include <headgate/worker/machine.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1 {

struct worker_options {
    headgate::identity identity{};  ///< holds a secret; the controller's address in it is the link's to use
    std::uint32_t slots = 0;        ///< offered; 0: all that were granted
    machine_id machine{};
    std::string zone{};
    /// host:port, where other workers connect to the engine. Empty: the link's own, for an engine to which none does.
    std::string data_address{};
    worker_times times{};
    limits most{};
};

/// A worker: its machine, bound to a link, a clock, secrets and an engine, all of which outlive it.
///
/// It has no thread. A loop calls `poll()` when woken and at `next_deadline()`, until `is_over()`; then the program
/// ends. The link is listened to from the constructor on. The destructor ends what runs, by force.
///
/// Threads   `post_stop`, `post` and what link and engine report from any thread; everything else on one at a time.
/// Cost      one poll handles 4,096 events at most; a worker at rest sends one heartbeat after the other.
// The parameters are not constrained, so that a model that lacks something is told what by its check.
template <class ControllerLink, class Clock, class Secrets, class Engine>
class worker_driver {
    static_assert(not detail::points<ControllerLink, Clock, Secrets, Engine>,
                  "worker_driver: one of the models is a pointer or an expected; pass what it points to: *model");
    static_assert(sizeof(controller_link_check<ControllerLink>) > 0);
    static_assert(sizeof(clock_check<Clock>) > 0);
    static_assert(sizeof(secrets_check<Secrets>) > 0);
    static_assert(sizeof(engine_check<Engine>) > 0);

public:
    /// Lvalues only: they outlive the driver.
    worker_driver(ControllerLink& link, Clock& clock, Secrets& secrets, Engine& engine, worker_options options);
    /// `other` as it is, bound to others: what a world holds in copies of itself. What had come to `other` and was not
    /// polled does not come here.
    worker_driver(const worker_driver& other, ControllerLink& link, Clock& clock, Secrets& secrets, Engine& engine);
    worker_driver(const worker_driver&) = delete;
    worker_driver& operator=(const worker_driver&) = delete;
    ~worker_driver();

    /// `wake()` says "poll soon": called from any thread, must not poll itself.
    template <class Wake>
    void on_wake(Wake wake) {
        mail_->on_wake(std::move(wake));
    }

    void poll();
    /// `never` once it is over.
    instant next_deadline() const { return machine_.deadline(); }

    /// The program wants to end: the engine is stopped, what it says is reported, then it is over.
    void post_stop() { mail_->post(end_wished{}); }
    /// What link or engine would say; from any thread.
    void post(link_event heard) { link_ear{mail_}(std::move(heard)); }
    void post(engine_event said) { mail_->post(std::move(said)); }

    bool is_over() const { return machine_.is_over(); }
    /// Precondition: over.
    const worker_end& end() const { return machine_.end(); }
    const worker_machine& machine() const { return machine_; }

private:
    using item = std::variant<link_opened, link_ended, controller_message, called, engine_event, end_wished>;
    using shared_mailbox = std::shared_ptr<mailbox<item>>;

    static constexpr std::size_t most_in_a_poll = 4'096;

    struct link_ear {
        shared_mailbox to;

        void operator()(link_event heard) const {
            std::visit([&](auto& what) { to->post(std::move(what)); }, heard);
        }
    };
    struct engine_ear {
        shared_mailbox to;

        void operator()(engine_event said) const { to->post(std::move(said)); }
    };

    void step(const worker_event& happened);
    worker_settings settings_of(const worker_options& options) const;

    worker_event heard(link_opened&) { return link_is_up{}; }
    worker_event heard(link_ended& what) { return link_is_down{std::move(what.why)}; }
    worker_event heard(controller_message& what);
    worker_event heard(called& what);
    worker_event heard(engine_event& what) { return std::move(what); }
    worker_event heard(end_wished& what) { return what; }

    void carry_out(const open_link&) { link_.open(); }
    void carry_out(const close_link&) { link_.close(); }
    void carry_out(const say_hello&) { link_.send(worker_message(handshake_.greet(secrets_))); }
    void carry_out(const say_proof&);
    void carry_out(const say_heartbeat& what);
    void carry_out(const initialized& what) { link_.send(worker_message(what)); }
    void carry_out(const task_report& what) { link_.send(worker_message(what)); }
    void carry_out(const checkpoint_report& what) { link_.send(worker_message(what)); }
    void carry_out(const answer_identify& what);
    void carry_out(const answer_call& what);
    void carry_out(const start_engine& what);
    void carry_out(const begin_engine_checkpoint& what) { engine_.begin_checkpoint(what.name); }
    void carry_out(const stop_engine& what);

    ControllerLink& link_;
    Clock& clock_;
    Secrets& secrets_;
    Engine& engine_;
    shared_mailbox mail_ = std::make_shared<mailbox<item>>();
    std::uint64_t bits_{};  ///< state of the generator of the moments' bits
    worker_handshake handshake_;
    worker_machine machine_;
    digest256 data_token_{};
    bool runs_ = false;  ///< the engine was started and not stopped by force
    worker_effects wanted_{};
    std::vector<item> batch_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace worker_detail {

template <class Value, secrets Secrets>
Value drawn(Secrets& with) {
    Value value{};
    with.random(std::as_writable_bytes(std::span<Value, 1>(&value, 1)));
    return value;
}

/// splitmix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t next_bits(std::uint64_t& state) {
    std::uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// As many nodes' counters as are sure to go into half a message: of a job with more (by default 32,768) those of the
/// first nodes are told.
inline std::size_t most_counters(const limits& most) { return most.message / 2 / 64; }

}  // namespace worker_detail

template <class ControllerLink, class Clock, class Secrets, class Engine>
worker_driver<ControllerLink, Clock, Secrets, Engine>::worker_driver(ControllerLink& link, Clock& clock,
                                                                     Secrets& secrets, Engine& engine,
                                                                     worker_options options)
    : link_(link),
      clock_(clock),
      secrets_(secrets),
      engine_(engine),
      bits_(worker_detail::drawn<std::uint64_t>(secrets)),
      handshake_(secrets, options.identity.token,
                 {.job = options.identity.job,
                  .generation = options.identity.generation,
                  .worker = options.identity.worker.id,
                  .incarnation = {worker_detail::drawn<decltype(incarnation::value)>(secrets)}}),
      machine_(settings_of(options), clock.now()) {
    link_.listen(link_ear{mail_});
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
worker_driver<ControllerLink, Clock, Secrets, Engine>::worker_driver(const worker_driver& other, ControllerLink& link,
                                                                     Clock& clock, Secrets& secrets, Engine& engine)
    : link_(link),
      clock_(clock),
      secrets_(secrets),
      engine_(engine),
      bits_(other.bits_),
      handshake_(other.handshake_),
      machine_(other.machine_),
      data_token_(other.data_token_),
      runs_(other.runs_) {
    link_.listen(link_ear{mail_});
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
worker_driver<ControllerLink, Clock, Secrets, Engine>::~worker_driver() {
    mail_->close();
    if (runs_) engine_.stop(true);
    if (not is_over()) link_.close();
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
worker_settings worker_driver<ControllerLink, Clock, Secrets, Engine>::settings_of(
    const worker_options& options) const {
    return {.job = options.identity.job,
            .generation = options.identity.generation,
            .profile = {.id = options.identity.worker.id,
                        .incarnation = handshake_.self().incarnation,
                        .slots = options.slots == 0 ? options.identity.worker.slots : options.slots,
                        .machine = options.machine,
                        .zone = options.zone,
                        .rpc_address = link_.rpc_address(),
                        .data_address = options.data_address.empty() ? link_.rpc_address() : options.data_address},
            .times = options.times,
            .most = options.most};
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::poll() {
    batch_.clear();
    const bool has_more = mail_->take(batch_, most_in_a_poll);
    for (item& each : batch_) step(std::visit([&](auto& what) { return heard(what); }, each));
    if (machine_.deadline() <= clock_.now()) step(tick{});
    if (has_more) mail_->wake();
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::step(const worker_event& happened) {
    machine_.on(happened, {clock_.now(), worker_detail::next_bits(bits_)}, wanted_);
    // What link and engine say meanwhile goes to the mailbox, so `wanted_` stays as it is.
    for (const worker_effect& each : wanted_) std::visit([&](const auto& what) { carry_out(what); }, each);
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
worker_event worker_driver<ControllerLink, Clock, Secrets, Engine>::heard(controller_message& what) {
    return std::visit(
        detail::overloaded{
            [&](challenge& said) -> worker_event { return challenged{handshake_.believes(secrets_, said)}; },
            [&](verdict& said) -> worker_event { return std::move(said); },
            [&](heartbeat_answer& said) -> worker_event { return said; },
        },
        what);
}

// The tokens stay here: the machine, which may be printed and traced, sees none.
template <class ControllerLink, class Clock, class Secrets, class Engine>
worker_event worker_driver<ControllerLink, Clock, Secrets, Engine>::heard(called& what) {
    call_heard out{.id = what.id, .token_holds = handshake_.admits(what.token)};
    std::visit(detail::overloaded{
                   [&](const execute& asked) {
                       if (out.token_holds and not machine_.is_started()) data_token_ = asked.data_token;
                       out.what = execution_offered{asked.what};
                   },
                   [&](const auto& asked) { out.what = asked; },
               },
               what.what);
    return out;
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::carry_out(const say_proof&) {
    link_.send(worker_message(handshake_.prove(secrets_, machine_.settings().profile)));
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::carry_out(const say_heartbeat& what) {
    heartbeat beat{.sequence = what.sequence};
    if (what.with_counters) {
        beat.counters = engine_.counters();
        const std::size_t most = worker_detail::most_counters(machine_.settings().most);
        beat.counters.resize(std::min(beat.counters.size(), most));
    }
    link_.send(worker_message(std::move(beat)));
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::carry_out(const answer_identify& what) {
    link_.answer(what.id, call_answer(handshake_.identify(secrets_, what.nonce)));
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::carry_out(const answer_call& what) {
    std::visit([&](const auto& said) { link_.answer(what.id, call_answer(said)); }, what.what);
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::carry_out(const start_engine& what) {
    runs_ = true;
    engine_.start(execution_share{what.what, what.position, data_token_}, engine_ear{mail_});
    data_token_ = {};
}

template <class ControllerLink, class Clock, class Secrets, class Engine>
void worker_driver<ControllerLink, Clock, Secrets, Engine>::carry_out(const stop_engine& what) {
    if (what.force) {
        // The engine may wait for threads that wait for room.
        mail_->let_go();
        runs_ = false;
    }
    engine_.stop(what.force);
}

}  // namespace headgate::inline v1
