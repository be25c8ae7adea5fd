#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `channel` and `controller_link`, for any pair of models and any test framework.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/conformance/laws/channel_trial.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report(law, holds, detail)` once for each law, each on a new rig from `make()`: `channel_rig` says what it
/// has.
///
/// `settle(rig, came)` runs the rig until `came()` is true, or for as long as the caller has patience. The requests
/// have no deadline; a law whose answers do not come does not hold. At most 32 words wait to be sent on a stream at a
/// time.
template <class Make, class Settle, law_report Report>
    requires channel_rig<std::invoke_result_t<Make&>>
void check_channel(Make make, Settle settle, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

template <class Trial>
void law_carries(Trial& t) {
    const stream_id first = t.opened(0), second = t.opened(1);
    t.expect(first != second, "each stream has an id of its own");
    std::vector<worker_message> said = every_worker_message();
    std::vector<controller_message> told = every_controller_message();
    for (std::uint64_t i = 0; i < 16; ++i) {
        said.push_back(heartbeat{.sequence = i, .counters = {}});
        told.push_back(heartbeat_answer{.sequence = i});
    }
    const controller_message yes = verdict(accepted{std::chrono::seconds(5), std::chrono::seconds(30)});
    t.channel().send(first, yes);
    t.channel().send(second, yes);
    for (const worker_message& each : said) t.link(0).send(each);
    t.link(1).send(heartbeat{.sequence = 99, .counters = {}});
    for (const controller_message& each : told) t.channel().send(first, each);
    t.channel().send(second, heartbeat_answer{.sequence = 98});
    t.settle([&] {
        return t.messages(first).size() > said.size() and t.messages(second).size() > 1 and
               t.told(0).size() > told.size() and t.told(1).size() > 1;
    });
    said.insert(said.begin(), t.hello_of(0));
    told.insert(told.begin(), yes);
    t.expect(t.messages(first) == said, "all a worker says, in order", t.count(t.messages(first)));
    t.expect(
        t.messages(second) == std::vector<worker_message>({t.hello_of(1), heartbeat{.sequence = 99, .counters = {}}}),
        "each stream carries its own worker's words");
    t.expect(t.told(0) == told, "all a controller says, in order", t.count(t.told(0)));
    t.expect(t.told(1) == std::vector<controller_message>({yes, heartbeat_answer{.sequence = 98}}),
             "each worker hears what its own stream carries");
    for (const stream_event& each : t.heard())
        t.expect(not each.peer_host.empty() and each.peer_host.find('/') == std::string::npos, "the peer's host",
                 each.peer_host);
}

template <class Trial>
void law_ends(Trial& t) {
    const stream_id by_worker = t.opened(0);
    t.link(0).send(every_worker_message().front());
    t.link(0).close();
    t.settle([&] { return t.ends(by_worker) > 0 and t.link_ends(0) > 0; });
    t.expect(t.messages(by_worker).size() == 2, "what a worker said before it closed is heard");

    const stream_id by_controller = t.opened(0);
    t.expect(by_controller != by_worker, "a stream's id is never used twice");
    const std::size_t before = t.told(0).size();
    t.channel().send(by_controller, heartbeat_answer{.sequence = 7});
    t.channel().close(by_controller);
    t.settle([&] { return t.ends(by_controller) > 0 and t.link_ends(0) > 1; });
    t.expect(t.told(0).size() == before + 1, "what a controller said before it closed is heard");

    t.channel().send(by_controller, heartbeat_answer{.sequence = 8});
    t.channel().close(by_controller);
    t.link(0).send(heartbeat{.sequence = 2, .counters = {}});
    const stream_id last = t.opened(0);  // by now all that came has come
    t.expect(t.told(0).size() == before + 1 and t.messages(last).size() == 1,
             "what is said on a stream that has ended is lost");
    t.expect(t.ends(by_worker) == 1 and t.ends(by_controller) == 1 and t.ends(last) == 0 and t.link_ends(0) == 2,
             "each end is heard once by both sides");
    t.expect(t.ends_are_last(), "nothing is heard of a stream after its end");

    t.link(0).close();
    t.link(0).open();
    t.settle([&] { return t.link_ends(0) > 2; });
    t.expect(t.link_ends(0) == 3 and t.hears_streams_apart(0),
             "a worker that opens anew before it hears of the end hears nothing of two streams at once");
}

template <class Trial>
void law_dials(Trial& t) {
    const auto first = t.begin_dial(0, digest256{std::byte{1}});
    const called asked = t.next_call(0);
    const auto* who = std::get_if<identify>(&asked.what);
    t.expect(who != nullptr and who->nonce == t.nonce(), "the dialled worker is asked who it is, with the nonce");
    t.expect(asked.token == digest256{std::byte{1}}, "the dial's call token is shown");
    t.link(0).answer(asked.id, t.identity_of(0));
    t.settle([&] { return first->came(); });
    t.expect(is_applied(*first), "the dial is applied", describe(*first));
    const dialled shown = t.result_of(*first);
    t.expect(shown.worker == t.identity_of(0).worker and shown.incarnation == t.identity_of(0).incarnation and
                 shown.mac == t.identity_of(0).mac,
             "the dial answers what the worker shows");
    t.expect(t.connected(0, {}) != shown.connection, "each connection has an id of its own");

    const auto nobody = t.begin_dial(t.nobody(), {});
    t.settle([&] { return nobody->came(); });
    t.expect(nobody->came() and not is_applied(*nobody), "a dial to nobody is answered, and not applied",
             describe(*nobody));
}

template <class Trial>
void law_calls(Trial& t) {
    const digest256 token{std::byte{1}}, other_token{std::byte{2}}, data{std::byte{3}};
    const connection_id one = t.connected(0, token), other = t.connected(1, other_token);

    const auto start = t.begin(start_execution{one, t.an_execution(), data});
    const called started = t.next_call(0);
    const auto* what = std::get_if<execute>(&started.what);
    t.expect(what != nullptr and what->what and same(*what->what, *t.an_execution()) and what->data_token == data,
             "an execution arrives as it was sent");
    t.expect(started.token == token, "a call shows its dial's token");
    t.expect(t.calls(1) == 1, "a call reaches the worker of its connection alone");

    const checkpoint_name name{.epoch = {5}, .generation = {7}};
    const auto begin = t.begin(begin_checkpoint{other, name});
    const called begun = t.next_call(1);
    const auto* barrier = std::get_if<checkpoint>(&begun.what);
    t.expect(barrier != nullptr and barrier->name == name and barrier->generation == name.generation,
             "a checkpoint arrives as it was sent");
    t.expect(begun.token == other_token, "each connection has its own token");

    const auto end = t.begin(stop_execution{one, {9}});
    const called ended = t.next_call(0);
    const auto* last = std::get_if<stop>(&ended.what);
    t.expect(last != nullptr and last->generation == generation{9}, "a stop arrives as it was sent");

    // Answered in another order than asked, each finds its own.
    t.link(0).answer(ended.id, refused{"not now"});
    t.link(1).answer(begun.id, applied{});
    t.link(0).answer(started.id, applied{});
    t.settle([&] { return start->came() and begin->came() and end->came(); });
    t.expect(is_applied(*start), "the start's answer is the start's", describe(*start));
    t.expect(is_applied(*begin), "the checkpoint's answer is the checkpoint's", describe(*begin));
    t.expect(end->came() and not is_applied(*end), "the stop's answer is the stop's", describe(*end));
}

template <class Trial>
void law_refusals(Trial& t) {
    const connection_id on = t.connected(0, {});
    const auto refused_call = [&](auto what) {
        const auto asked = t.begin(what);
        t.link(0).answer(t.next_call(0).id, refused{"generation 3 is over"});
        t.settle([&] { return asked->came(); });
        t.expect(says_no(*asked, error_kind::permanent, "generation 3 is over"),
                 "not applied, permanent, with the worker's reason", describe(*asked));
    };
    refused_call(start_execution{on, t.an_execution(), {}});
    refused_call(begin_checkpoint{on, {}});
    refused_call(stop_execution{on, {}});

    const auto dial = t.begin_dial(0, {});
    t.link(0).answer(t.next_call(0).id, refused{"a stranger"});
    t.settle([&] { return dial->came(); });
    t.expect(says_no(*dial, error_kind::permanent, "a stranger"), "a refused dial is not applied, with the reason",
             describe(*dial));
}

template <class Trial>
void law_hung_up(Trial& t) {
    const connection_id on = t.connected(0, {}), other = t.connected(0, {});
    const auto waiting = t.begin(stop_execution{on, {}});
    const called late = t.next_call(0);
    t.channel().hang_up(on);
    t.settle([&] { return waiting->came(); });
    t.expect(waiting->came() and not is_applied(*waiting), "a call that waits is answered, and not applied",
             describe(*waiting));
    t.link(0).answer(late.id, applied{});

    for (const connection_id gone : {on, connection_id{0}, connection_id{1u << 30}}) {
        const auto after = t.begin(stop_execution{gone, {}});
        t.settle([&] { return after->came(); });
        t.expect(after->came() and not is_applied(*after), "a call on no connection is answered, and not applied",
                 describe(*after));
    }
    t.channel().hang_up(on);
    const auto still = t.begin(stop_execution{other, {}});
    t.link(0).answer(t.next_call(0).id, applied{});
    t.settle([&] { return still->came(); });
    t.expect(is_applied(*still), "other connections go on", describe(*still));
}

template <class Trial>
void law_answers(Trial& t) {
    const connection_id on = t.connected(0, {});
    const auto nobody = t.begin_dial(t.nobody(), {});
    const auto start = t.begin(start_execution{on, t.an_execution(), {}});
    const called first = t.next_call(0);
    t.link(0).answer(first.id, applied{});
    t.link(0).answer(first.id, refused{"no"});
    const auto begin = t.begin(begin_checkpoint{on, {}});
    t.link(0).answer(t.next_call(0).id, refused{"no"});
    t.settle([&] { return nobody->came() and start->came() and begin->came(); });
    const auto stop = t.begin(stop_execution{on, {}});
    static_cast<void>(t.next_call(0));
    t.channel().hang_up(on);
    t.settle([&] { return stop->came(); });
    static_cast<void>(t.connected(0, {}));  // by now a second answer would have come
    for (const int calls : {nobody->calls(), start->calls(), begin->calls(), stop->calls()})
        t.expect(calls == 1, "each completion is called once", std::to_string(calls) + " calls");
    t.expect(is_applied(*start), "the first answer to a call is the one", describe(*start));
}

}  // namespace detail

template <class Make, class Settle, law_report Report>
    requires channel_rig<std::invoke_result_t<Make&>>
void check_channel(Make make, Settle settle, Report report) {
    const auto law = [&](std::string_view name, auto check) {
        auto rig = make();
        detail::channel_trial trial(rig, settle);
        check(trial);
        report(name, trial.empty(), trial.text());
    };
    law("carries", [](auto& t) { detail::law_carries(t); });
    law("ends", [](auto& t) { detail::law_ends(t); });
    law("dials", [](auto& t) { detail::law_dials(t); });
    law("calls", [](auto& t) { detail::law_calls(t); });
    law("refusals", [](auto& t) { detail::law_refusals(t); });
    law("hung_up", [](auto& t) { detail::law_hung_up(t); });
    law("answers", [](auto& t) { detail::law_answers(t); });
}

}  // namespace headgate::inline v1::laws
