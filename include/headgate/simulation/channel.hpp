#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: words carried in memory, a model of `channel` and of `controller_link`.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/concepts/held_completion.hpp>
#include <headgate/simulation/kept.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::simulation {

/// The controller's end, and what is on its way to both ends. A copyable value; everything arrives in the order in
/// which it was sent, within the call or when `run_one()` is called. No faults; deadlines are not looked at.
class channel {
public:
    /// Words that may be on their way; one more is lost, and one more call is answered at once, as not applied.
    static constexpr std::size_t most_waiting = 65'536;

    channel() = default;
    explicit channel(bool queues) : queues_(queues) {}

    void listen(stream_receiver auto hear) { hear_.emplace(std::move(hear)); }
    void send(stream_id to, const controller_message& message);
    void close(stream_id which);
    void dial(const request<headgate::dial>& r, completion_for<headgate::dial> auto done);
    void hang_up(connection_id which);
    void start_execution(const request<headgate::start_execution>& r,
                         completion_for<headgate::start_execution> auto done) {
        call<headgate::start_execution>(r.what.connection, execute{r.what.what, r.what.data_token}, std::move(done));
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>& r,
                          completion_for<headgate::begin_checkpoint> auto done) {
        call<headgate::begin_checkpoint>(r.what.connection, checkpoint{r.what.name.generation, r.what.name},
                                         std::move(done));
    }
    void stop_execution(const request<headgate::stop_execution>& r,
                        completion_for<headgate::stop_execution> auto done) {
        call<headgate::stop_execution>(r.what.connection, stop{r.what.generation}, std::move(done));
    }

    /// Delivers what waits longest; false if nothing does.
    bool run_one();
    std::size_t waiting() const { return on_its_way_.size(); }

private:
    friend class controller_link;

    struct worker {
        std::string address;
        std::optional<kept<link_event>> hear{};
        stream_id stream{};  ///< 0: none
    };
    struct stream {
        std::size_t worker;
        bool has_hello = false;
    };
    struct connection {
        std::size_t worker;
        digest256 token;
        bool is_open = false;  ///< identified itself
    };
    template <class Effect>
    struct answering {
        held_completion<Effect> done;
        typename Effect::answer with;
    };
    struct to_worker {
        std::size_t worker;
        link_event what;
    };
    struct waiting_call {
        connection_id on;
        std::variant<held_completion<headgate::dial>, held_completion<headgate::start_execution>,
                     held_completion<headgate::begin_checkpoint>, held_completion<headgate::stop_execution>>
            done;
    };
    using delivery =
        std::variant<stream_event, to_worker, answering<headgate::dial>, answering<headgate::start_execution>,
                     answering<headgate::begin_checkpoint>, answering<headgate::stop_execution>>;

    template <class Effect>
    void call(connection_id on, auto what, held_completion<Effect> done);
    void put(delivery what);
    void deliver_all();
    void end(stream_id which, const std::string& why);
    outcome<dialled> read_identified(connection_id on, const call_answer& with);

    std::size_t add_worker(std::string address);
    void open(std::size_t which);
    void say(std::size_t which, const worker_message& message);
    void answer(call_id to, const call_answer& with);

    bool queues_ = false;
    bool is_delivering_ = false;
    std::optional<kept<stream_event>> hear_;
    std::vector<worker> workers_;
    std::map<stream_id, stream> streams_;
    std::map<connection_id, connection> connections_;
    std::map<call_id, waiting_call> calls_;
    std::uint64_t last_ = 0;  ///< number drawn, for streams, connections and calls
    std::deque<delivery> on_its_way_;
};

/// A worker's end of a channel, which outlives it. A copy is the same end.
class controller_link {
public:
    /// Precondition: no other worker of `carrier` has this address.
    controller_link(channel& carrier, std::string address)
        : carrier_(&carrier), number_(carrier.add_worker(std::move(address))) {}
    /// The same worker's end of a copy of its channel.
    controller_link of(channel& copy) const { return {copy, number_}; }

    void listen(link_receiver auto hear) { carrier_->workers_[number_].hear.emplace(std::move(hear)); }
    const std::string& rpc_address() const { return carrier_->workers_[number_].address; }
    void open() { carrier_->open(number_); }
    void send(const worker_message& message) { carrier_->say(number_, message); }
    void close() { carrier_->close(carrier_->workers_[number_].stream); }
    void answer(call_id to, const call_answer& with) { carrier_->answer(to, with); }

private:
    controller_link(channel& carrier, std::size_t number) : carrier_(&carrier), number_(number) {}

    channel* carrier_;
    std::size_t number_;
};

static_assert(headgate::channel<channel>);
static_assert(headgate::controller_link<controller_link>);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline error unreached(error_kind kind, std::string text) { return {.kind = kind, .text = std::move(text)}; }

}  // namespace detail

inline void channel::put(delivery what) {
    if (on_its_way_.size() < most_waiting) on_its_way_.push_back(std::move(what));
}

inline bool channel::run_one() {
    if (on_its_way_.empty()) return false;
    const delivery next = std::move(on_its_way_.front());
    on_its_way_.pop_front();  // first: who hears it may say more
    std::visit(headgate::detail::overloaded{
                   [&](const stream_event& heard) {
                       if (hear_) (*hear_)(heard);
                   },
                   [&](const to_worker& heard) {
                       if (const auto hear = workers_[heard.worker].hear)
                           (*hear)(heard.what);  // a copy: workers may be added
                   },
                   [](const auto& one) { one.done(one.with); },
               },
               next);
    return true;
}

inline void channel::deliver_all() {
    if (queues_ or is_delivering_) return;
    is_delivering_ = true;
    while (run_one()) {
    }
    is_delivering_ = false;
}

inline std::size_t channel::add_worker(std::string address) {
    assert(std::ranges::find(workers_, address, &worker::address) == workers_.end());
    workers_.push_back({.address = std::move(address)});
    return workers_.size() - 1;
}

inline void channel::open(std::size_t which) {
    if (workers_[which].stream != stream_id{}) return;
    const stream_id drawn{++last_};
    workers_[which].stream = drawn;
    streams_.emplace(drawn, stream{.worker = which});
    put(to_worker{which, link_opened{}});
    deliver_all();
}

inline void channel::say(std::size_t which, const worker_message& message) {
    const auto found = streams_.find(workers_[which].stream);
    if (found == streams_.end()) return;
    if (not found->second.has_hello and not std::holds_alternative<hello>(message))
        return end(found->first, "a stream begins with a hello");
    found->second.has_hello = true;
    put(stream_event{.stream = found->first, .peer_host = "127.0.0.1", .what = message});
    deliver_all();
}

inline void channel::send(stream_id to, const controller_message& message) {
    const auto found = streams_.find(to);
    if (found == streams_.end()) return;
    put(to_worker{found->second.worker,
                  std::visit([](const auto& one) { return link_event(controller_message(one)); }, message)});
    deliver_all();
}

inline void channel::close(stream_id which) { end(which, "closed"); }

inline void channel::end(stream_id which, const std::string& why) {
    const auto found = streams_.extract(which);
    if (not found) return;
    const stream& ended = found.mapped();
    workers_[ended.worker].stream = {};
    if (ended.has_hello) put(stream_event{.stream = which, .peer_host = "127.0.0.1", .what = stream_ended{}});
    put(to_worker{ended.worker, link_ended{why}});
    deliver_all();
}

void channel::dial(const request<headgate::dial>& r, completion_for<headgate::dial> auto done) {
    const auto found = std::ranges::find(workers_, r.what.address, &worker::address);
    if (found == workers_.end() or not found->hear or waiting() >= most_waiting)
        return done(not_applied{detail::unreached(error_kind::dial, "nobody answers at " + r.what.address)});
    const connection_id drawn{++last_};
    const auto which = static_cast<std::size_t>(found - workers_.begin());
    connections_.emplace(drawn, connection{.worker = which, .token = r.what.call_token});
    const call_id id{++last_};
    calls_.emplace(id, waiting_call{drawn, held_completion<headgate::dial>(std::move(done))});
    put(to_worker{which, called{.id = id, .token = r.what.call_token, .what = identify{r.what.nonce}}});
    deliver_all();
}

template <class Effect>
void channel::call(connection_id on, auto what, held_completion<Effect> done) {
    const auto found = connections_.find(on);
    if (found == connections_.end() or not found->second.is_open or waiting() >= most_waiting)
        return done(not_applied{
            detail::unreached(Effect::fails_as, "there is no connection " + std::to_string(on.value) + " any more")});
    const call_id id{++last_};
    calls_.emplace(id, waiting_call{on, std::move(done)});
    put(to_worker{found->second.worker, called{.id = id, .token = found->second.token, .what = std::move(what)}});
    deliver_all();
}

inline outcome<dialled> channel::read_identified(connection_id on, const call_answer& with) {
    if (const auto* me = std::get_if<identified>(&with)) {
        connections_.at(on).is_open = true;
        return dialled{.connection = on, .worker = me->worker, .incarnation = me->incarnation, .mac = me->mac};
    }
    connections_.erase(on);
    const auto* no = std::get_if<refused>(&with);
    return not_applied{no ? detail::unreached(error_kind::permanent, no->why)
                          : detail::unreached(error_kind::dial, "the worker answered another question")};
}

inline void channel::answer(call_id to, const call_answer& with) {
    const auto found = calls_.extract(to);
    if (not found) return;
    const waiting_call& asked = found.mapped();
    std::visit(headgate::detail::overloaded{
                   [&](const held_completion<headgate::dial>& done) {
                       put(answering<headgate::dial>{done, read_identified(asked.on, with)});
                   },
                   [&]<class Effect>(const held_completion<Effect>& done) {
                       outcome<applied> told = applied{};
                       if (const auto* no = std::get_if<refused>(&with))
                           told = not_applied{detail::unreached(error_kind::permanent, no->why)};
                       if (std::holds_alternative<identified>(with))
                           told = unknown{detail::unreached(Effect::fails_as, "the worker answered another question")};
                       put(answering<Effect>{done, told});
                   },
               },
               asked.done);
    deliver_all();
}

inline void channel::hang_up(connection_id which) {
    const auto found = connections_.find(which);
    if (found == connections_.end() or not found->second.is_open) return;
    connections_.erase(found);
    for (auto at = calls_.begin(); at != calls_.end();) {
        const auto next = std::next(at);
        if (at->second.on == which) {
            const waiting_call asked = std::move(calls_.extract(at).mapped());
            std::visit(
                [&]<class Effect>(const held_completion<Effect>& done) {
                    put(answering<Effect>{done, unknown{detail::unreached(Effect::fails_as, "hung up")}});
                },
                asked.done);
        }
        at = next;
    }
    deliver_all();
}

}  // namespace headgate::inline v1::simulation
