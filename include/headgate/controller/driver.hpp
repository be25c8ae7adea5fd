#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: carries the effects of one job's machine out over the models, and completes them with secrets (G3).

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/clock.hpp>
#include <headgate/concepts/credentials.hpp>
#include <headgate/concepts/database.hpp>
#include <headgate/concepts/observer.hpp>
#include <headgate/concepts/points.hpp>
#include <headgate/concepts/scheduler.hpp>
#include <headgate/concepts/secrets.hpp>
#include <headgate/concepts/state_backend.hpp>
#include <headgate/controller/mailbox.hpp>
#include <headgate/machine/machine.hpp>
#include <headgate/vocabulary/fields.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace headgate::inline v1 {

/// The models that a controller is bound to, lvalues that outlive it, and the box that they answer into.
// The parameters are not constrained, so that a model that lacks something is told what by its check.
template <class Scheduler, class Database, class Channel, class Clock, class StateBackend, class Secrets,
          class Observer>
struct bindings {
    static_assert(not detail::points<Scheduler, Database, Channel, Clock, StateBackend, Secrets, Observer>,
                  "controller: one of the models is a pointer or an expected; pass what it points to: *model");
    static_assert(sizeof(scheduler_check<Scheduler>) > 0);
    static_assert(sizeof(database_check<Database>) > 0);
    static_assert(sizeof(channel_check<Channel>) > 0);
    static_assert(sizeof(clock_check<Clock>) > 0);
    static_assert(sizeof(state_backend_check<StateBackend>) > 0);
    static_assert(sizeof(secrets_check<Secrets>) > 0);
    static_assert(sizeof(observer_check<Observer>) > 0);

    Scheduler& scheduler;
    Database& database;
    Channel& channel;
    Clock& clock;
    StateBackend& states;
    Secrets& secrets;
    Observer& observer;
    std::shared_ptr<controller_mailbox> box;
};

/// One job: its machine, and what the machine may not know. A copyable value.
template <class Bindings, class Policies>
class driver {
public:
    driver(job_handle handle, machine<Policies> value) : handle_(handle), machine_(std::move(value)) {}

    /// Gives the event to the machine and carries out what it wants. `bits` are uniform over all 64-bit values.
    void on(const event& e, std::uint64_t bits, const Bindings& to);

    const machine<Policies>& value() const { return machine_; }
    job_handle handle() const { return handle_; }

    /// The token of a worker that was launched for the present generation; nothing for any other.
    std::optional<digest256> token_of(worker_id worker, const Bindings& to) const;

    /// What was told since this was last asked; for the history of the job.
    std::vector<note> take_notes() { return std::exchange(notes_, {}); }
    bool has_notes() const { return not notes_.empty(); }

    /// Ends its connections: the job is over, or was let go.
    void hang_up(const Bindings& to);

private:
    template <class Effect>
    into_mailbox<Effect> done(const request<Effect>& r, const Bindings& to) const {
        return {r.by, handle_, to.box};
    }

    void carry_out(const request<claim>& r, const Bindings& to);
    void carry_out(const request<store_row>& r, const Bindings& to) { to.database.store(r, done(r, to)); }
    void carry_out(const request<write_checkpoint>& r, const Bindings& to) {
        to.database.write_checkpoint(r, done(r, to));
    }
    void carry_out(request<start_workers> r, const Bindings& to);
    void carry_out(const request<stop_workers>& r, const Bindings& to) { to.scheduler.stop_workers(r, done(r, to)); }
    void carry_out(request<dial> r, const Bindings& to);
    void carry_out(request<start_execution> r, const Bindings& to);
    void carry_out(const request<begin_checkpoint>& r, const Bindings& to) {
        to.channel.begin_checkpoint(r, done(r, to));
    }
    void carry_out(const request<stop_execution>& r, const Bindings& to) { to.channel.stop_execution(r, done(r, to)); }
    void carry_out(const request<load_checkpoint>& r, const Bindings& to) { to.states.load(r, done(r, to)); }
    void carry_out(const request<prepare_checkpoint>& r, const Bindings& to) { to.states.prepare(r, done(r, to)); }
    void carry_out(const request<store_checkpoint>& r, const Bindings& to) { to.states.store(r, done(r, to)); }
    void carry_out(const request<remove_checkpoint>& r, const Bindings& to) { to.states.remove(r, done(r, to)); }

    bool is_proven(const answered<dial>& a, const Bindings& to);

    static constexpr std::size_t most_notes = 1'000;  ///< kept for the history; the observer hears all

    struct dialling {
        ticket by{};
        headgate::nonce nonce{};
        worker_id worker{};
        headgate::incarnation incarnation{};
        std::optional<connection_id> connection{};  ///< of whoever was dialled last and showed what was asked for
    };

    friend fields;
    static constexpr std::size_t field_count = 7;

    job_handle handle_;
    machine<Policies> machine_;
    effects out_{};
    std::vector<note> notes_{};
    generation_secret secret_{};
    generation secret_of_{};
    std::vector<dialling> dialling_{};  // the last of each worker, by ordinal
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Bindings, class Policies>
void driver<Bindings, Policies>::on(const event& e, std::uint64_t bits, const Bindings& to) {
    const instant now = to.clock.now();
    if (const auto* const answer = std::get_if<answered<dial>>(&e); answer and not is_proven(*answer, to)) {
        const event impostor = answered<dial>{
            answer->to, not_applied{{.kind = error_kind::dial, .text = "another worker answers at this address"}}};
        machine_.on(impostor, {now, bits}, out_);
    } else {
        machine_.on(e, {now, bits}, out_);
    }
    for (note& told : out_.told) {
        to.observer.on(machine_.job().id, now, told);
        if (notes_.size() < most_notes) notes_.push_back(std::move(told));
    }
    for (effect& wanted : out_.asked)
        std::visit([&](auto& r) { carry_out(std::move(r), to); }, wanted);
    if (machine_.is_over()) hang_up(to);
}

template <class Bindings, class Policies>
std::optional<digest256> driver<Bindings, Policies>::token_of(worker_id worker, const Bindings& to) const {
    const headgate::job& job = machine_.job();
    const auto& members = job.workers.members();
    const ordinal number = ordinal_of(worker);
    if (generation_of(worker) != secret_of_ or secret_of_ != job.next.generation or number.value >= members.size())
        return std::nullopt;
    return worker_token(to.secrets, secret_, job.id, secret_of_, members[number.value].identity);
}

template <class Bindings, class Policies>
void driver<Bindings, Policies>::hang_up(const Bindings& to) {
    for (const dialling& one : std::exchange(dialling_, {}))
        if (one.connection) to.channel.hang_up(*one.connection);
}

/// A new generation: a secret of its own, and no more connections to the workers of the last.
template <class Bindings, class Policies>
void driver<Bindings, Policies>::carry_out(const request<claim>& r, const Bindings& to) {
    if (secret_of_ != r.what.next.generation) {
        to.secrets.random(secret_);
        secret_of_ = r.what.next.generation;
        hang_up(to);
    }
    to.database.claim(r, done(r, to));
}

template <class Bindings, class Policies>
void driver<Bindings, Policies>::carry_out(request<start_workers> r, const Bindings& to) {
    for (const worker_identity& one : r.what.workers)
        r.what.tokens.push_back(worker_token(to.secrets, secret_, r.what.job, r.what.generation, one));
    to.scheduler.start_workers(r, done(r, to));
}

template <class Bindings, class Policies>
void driver<Bindings, Policies>::carry_out(request<dial> r, const Bindings& to) {
    to.secrets.random(r.what.nonce);
    if (const auto token = token_of(r.what.worker, to)) r.what.call_token = call_token(to.secrets, *token);
    if (dialling_.size() <= r.by.worker.value) dialling_.resize(std::size_t{r.by.worker.value} + 1);
    dialling& last = dialling_[r.by.worker.value];
    if (last.connection) to.channel.hang_up(*last.connection);  // to who it was, or where
    last = {r.by, r.what.nonce, r.what.worker, r.what.incarnation, {}};
    to.channel.dial(r, done(r, to));
}

template <class Bindings, class Policies>
void driver<Bindings, Policies>::carry_out(request<start_execution> r, const Bindings& to) {
    r.what.data_token = data_token(to.secrets, secret_, r.what.what->job, r.what.what->generation);
    to.channel.start_execution(r, done(r, to));
}

/// Whether the dialled side showed the identity that was asked for. Keeps the connection if so, ends it if not.
template <class Bindings, class Policies>
bool driver<Bindings, Policies>::is_proven(const answered<dial>& a, const Bindings& to) {
    const auto otherwise = [](const error&) { return true; };
    return a.result.match(
        [&](const dialled& made) {
            const std::size_t number = a.to.worker.value;
            const dialling asked = number < dialling_.size() ? dialling_[number] : dialling{};
            const auto token = asked.by == a.to ? token_of(asked.worker, to) : std::nullopt;
            const bool is_proven =
                token and made.worker == asked.worker and made.incarnation == asked.incarnation and
                equal_in_constant_time(
                    made.mac, dialled_mac(to.secrets, *token, made.worker, made.incarnation, asked.nonce));
            if (is_proven)
                dialling_[number].connection = made.connection;
            else
                to.channel.hang_up(made.connection);
            return is_proven;
        },
        otherwise, otherwise);
}

}  // namespace headgate::inline v1
