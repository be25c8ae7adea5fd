#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: a channel and two workers, and short names for what the laws of `channel` do with them.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/controller_link.hpp>
#include <headgate/conformance/laws/channel_calls.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::inline v1::laws {

/// A new channel and the links of two workers to it.
///
///     r.channel()   an lvalue that models `channel`
///     r.link(n)     an lvalue that models `controller_link`; n is 0 or 1
///     r.nobody()    std::string: an address where nobody listens
///     r.wake()      called, from any thread, after anything was heard, also while the rig ends: what waits in `settle`
///                   looks again. Nothing, for models that need no waiting.
template <class Rig>
concept channel_rig = requires(Rig& r, std::size_t n) {
    requires channel<std::remove_reference_t<decltype(r.channel())>>;
    requires controller_link<std::remove_reference_t<decltype(r.link(n))>>;
    { r.nobody() } -> std::convertible_to<std::string>;
    r.wake();
};

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// What was heard so far. Receivers may be called from any thread.
template <class Event>
class hearing {
public:
    void add(Event what) {
        const std::lock_guard held(lock_);
        all_.push_back(std::move(what));
    }
    std::vector<Event> all() const {
        const std::lock_guard held(lock_);
        return all_;
    }

private:
    mutable std::mutex lock_;
    std::vector<Event> all_;
};

template <class Event, class Rig>
struct ear {
    std::shared_ptr<hearing<Event>> into;
    Rig* rig;

    void operator()(Event heard) const {
        into->add(std::move(heard));
        rig->wake();
    }
};

template <class Effect, class Rig>
struct waking_completion : pending<Effect>::completion {
    Rig* rig;

    void operator()(typename Effect::answer answer) const {
        pending<Effect>::completion::operator()(std::move(answer));
        rig->wake();
    }
};

/// One message of each kind but the hello, with what a careless model would lose.
inline std::vector<worker_message> every_worker_message() {
    const proof shown{.profile = {.id = {1},
                                  .incarnation = {{1, 2}},
                                  .slots = 16,
                                  .machine = {"machine"},
                                  .zone = "zone",
                                  .rpc_address = "127.0.0.1:1",
                                  .data_address = "[::1]:2"},
                      .mac = {std::byte{0xff}}};
    const heartbeat beat{.sequence = ~std::uint64_t{},
                         .counters = {{{7}, 1, 2, 3, 4, 1'000}, {{4'000'000'000}, ~std::uint64_t{}, 0, 0, 0, 0}}};
    const task_report report{.started = {{{7}, 0, 2}, {{7}, 3, 4}},
                             .finished = {{{8}, 0, 1}},
                             .failures = {{{7}, 1, "map", error_domain::external, false, "no route"}}};
    const checkpoint_report stored{
        .epoch = {3}, .subtasks = {{{7}, 1, std::string("\0\xff", 2)}}, .failure = std::string("disk full")};
    return {shown,
            initialized{},
            initialized{.failure = std::string("no such file")},
            initialized{.failure = "", .may_retry = false},
            beat,
            report,
            stored,
            task_report{},
            checkpoint_report{}};
}

inline std::vector<controller_message> every_controller_message() {
    using std::chrono::seconds;
    return {challenge{.nonce = {std::byte{1}}, .mac = {std::byte{2}}}, verdict(accepted{seconds(5), seconds(30)}),
            verdict(refused{"zero slots"}), verdict(go{}), heartbeat_answer{.sequence = ~std::uint64_t{}}};
}

inline bool same(const execution& left, const execution& right) {
    return left == right and left.program and left.plan and *left.program == *right.program and
           *left.plan == *right.plan and left.minimum_epoch == right.minimum_epoch and
           left.checkpoint_interval == right.checkpoint_interval;
}

template <class Effect>
bool says_no(const pending<Effect>& asked, error_kind kind, std::string_view why) {
    if (not asked.came()) return false;
    return asked.answer().match(
        [](const auto&) { return false; },
        [&](const error& no) { return no.kind == kind and no.text.find(why) != std::string::npos; },
        [](const error&) { return false; });
}

template <class Rig, class Settle>
class channel_trial : public findings {
public:
    channel_trial(Rig& rig, Settle& settle) : rig_(rig), settle_(settle) {
        rig_.channel().listen(ear<stream_event, Rig>{heard_, &rig_});
        for (std::size_t n = 0; n < 2; ++n) rig_.link(n).listen(ear<link_event, Rig>{heard_by_[n], &rig_});
    }

    auto channel() { return noted_channel<std::remove_reference_t<decltype(rig_.channel())>>{rig_.channel(), *this}; }
    auto link(std::size_t n) {
        return noted_link<std::remove_reference_t<decltype(rig_.link(n))>>{rig_.link(n), *this, n};
    }
    std::string nobody() { return rig_.nobody(); }
    template <class Came>
    void settle(Came came) {
        settle_(rig_, came);
    }

    hello hello_of(std::size_t n) const {
        return {.job = {"words"}, .generation = {3}, .worker = {n + 1}, .incarnation = {{n, 5}}, .nonce = nonce()};
    }
    headgate::nonce nonce() const { return {std::byte{9}, std::byte{8}}; }
    identified identity_of(std::size_t n) const { return {{n + 1}, {{n, 5}}, {std::byte{4}}}; }
    std::shared_ptr<const execution> an_execution() const { return execution_; }

    /// Opens a stream of worker `n` and says hello.
    stream_id opened(std::size_t n) {
        const std::size_t before = count_of<link_opened>(heard_by_[n]->all());
        const std::size_t streams = heard().size();
        link(n).open();
        settle([&] { return count_of<link_opened>(heard_by_[n]->all()) > before; });
        expect(count_of<link_opened>(heard_by_[n]->all()) == before + 1, "the worker hears that its stream is open");
        const worker_message wanted = hello_of(n);
        link(n).send(wanted);
        const auto began = [&] {
            const auto all = heard();
            for (std::size_t i = streams; i < all.size(); ++i)
                if (const auto* said = std::get_if<worker_message>(&all[i].what); said and *said == wanted)
                    return all[i].stream;
            return stream_id{};
        };
        settle([&] { return began() != stream_id{}; });
        const stream_id found = began();
        expect(found != stream_id{}, "the channel hears the worker's hello");
        return found;
    }

    std::vector<stream_event> heard() const { return heard_->all(); }
    std::vector<worker_message> messages(stream_id on) const {
        std::vector<worker_message> found;
        for (const stream_event& each : heard())
            if (const auto* said = std::get_if<worker_message>(&each.what); said and each.stream == on)
                found.push_back(*said);
        return found;
    }
    std::size_t ends(stream_id of) const {
        return static_cast<std::size_t>(std::ranges::count_if(heard(), [&](const stream_event& each) {
            return each.stream == of and std::holds_alternative<stream_ended>(each.what);
        }));
    }
    bool ends_are_last() const {
        const auto all = heard();
        for (std::size_t i = 0; i < all.size(); ++i)
            if (std::holds_alternative<stream_ended>(all[i].what))
                for (std::size_t k = i + 1; k < all.size(); ++k)
                    if (all[k].stream == all[i].stream) return false;
        return true;
    }
    std::vector<controller_message> told(std::size_t n) const {
        std::vector<controller_message> found;
        for (const link_event& each : heard_by_[n]->all())
            if (const auto* said = std::get_if<controller_message>(&each)) found.push_back(*said);
        return found;
    }
    /// All of a stream between its opening and its end.
    bool hears_streams_apart(std::size_t n) const {
        bool is_open = false;
        for (const link_event& each : heard_by_[n]->all()) {
            const bool opens = std::holds_alternative<link_opened>(each);
            if (std::holds_alternative<called>(each)) continue;
            if (opens == is_open) return false;
            is_open = not std::holds_alternative<link_ended>(each);
        }
        return true;
    }
    std::size_t link_ends(std::size_t n) const { return count_of<link_ended>(heard_by_[n]->all()); }
    std::size_t calls(std::size_t n) const { return count_of<called>(heard_by_[n]->all()); }
    template <class List>
    static std::string count(const List& list) {
        return std::to_string(list.size()) + " messages";
    }

    auto begin_dial(std::size_t n, const digest256& token) {
        return begin_dial(std::string(link(n).rpc_address()), token);
    }
    auto begin_dial(const std::string& address, const digest256& token) {
        return begin(dial{.job = {"words"},
                          .worker = {},
                          .incarnation = {},
                          .address = address,
                          .nonce = nonce(),
                          .call_token = token});
    }
    auto begin(dial what) {
        return ask_waking(what, [&](const auto& r, auto done) { rig_.channel().dial(r, done); });
    }
    auto begin(start_execution what) {
        return ask_waking(what, [&](const auto& r, auto done) { rig_.channel().start_execution(r, done); });
    }
    auto begin(begin_checkpoint what) {
        return ask_waking(what, [&](const auto& r, auto done) { rig_.channel().begin_checkpoint(r, done); });
    }
    auto begin(stop_execution what) {
        return ask_waking(what, [&](const auto& r, auto done) { rig_.channel().stop_execution(r, done); });
    }

    /// The next call that worker `n` hears.
    called next_call(std::size_t n) {
        const std::size_t number = seen_[n]++;
        settle([&] { return calls(n) > number; });
        std::size_t at = 0;
        for (const link_event& each : heard_by_[n]->all())
            if (const auto* call = std::get_if<called>(&each); call and at++ == number) return *call;
        expect(false, "the worker hears a call");
        return {};
    }
    /// A connection to worker `n`, which identifies itself.
    connection_id connected(std::size_t n, const digest256& token) {
        const auto asked = begin_dial(n, token);
        link(n).answer(next_call(n).id, identity_of(n));
        settle([&] { return asked->came(); });
        expect(is_applied(*asked), "a dial is applied", describe(*asked));
        return result_of(*asked).connection;
    }
    static dialled result_of(const pending<dial>& asked) {
        const auto none = [](const error&) { return dialled{}; };
        return asked.came() ? asked.answer().match([](const dialled& shown) { return shown; }, none, none) : dialled{};
    }

private:
    template <class Kind>
    static std::size_t count_of(const std::vector<link_event>& in) {
        return static_cast<std::size_t>(
            std::ranges::count_if(in, [](const link_event& each) { return std::holds_alternative<Kind>(each); }));
    }

    template <class Effect, class Call>
    auto ask_waking(Effect what, Call call) {
        return this->ask(std::move(what), [&](const auto& r, auto done) {
            call(r, waking_completion<Effect, Rig>{done, &rig_});
        });
    }

    static std::shared_ptr<const execution> make_execution() {
        program what{.nodes = {{.id = {1}, .parallelism = 2, .operators = {{{"source"}, std::string("\0\xff", 2)}}},
                               {.id = {2}, .parallelism = 1, .operators = {{{"sink"}, "text"}}}},
                     .edges = {{{1}, {2}, edge_kind::shuffle}}};
        plan placed{
            .workers = {{.id = {1}, .slots = 2}}, .machines = {}, .data_addresses = {}, .layouts = {}, .nodes = {}};
        static_cast<void>(placed.machines.push_back("machine"));
        static_cast<void>(placed.data_addresses.push_back("127.0.0.1:1"));
        placed.layouts.push_back({.spaced = spacing::dense, .boundaries = {0, 2}, .owners = {}});
        placed.nodes = {{.id = {1}, .parallelism = 2}, {.id = {2}, .parallelism = 1, .layout = 0, .offset = 1}};
        execution made{.job = {"words"},
                       .generation = {3},
                       .program = std::make_shared<const program>(std::move(what)),
                       .plan = nullptr,
                       .digest = digest(placed),
                       .restore = checkpoint_name{{4}, {2}},
                       .start_epoch = {4},
                       .minimum_epoch = {1},
                       .checkpoint_interval = std::chrono::seconds(10)};
        made.plan = std::make_shared<const plan>(std::move(placed));
        return std::make_shared<const execution>(std::move(made));
    }

    Rig& rig_;
    Settle& settle_;
    std::shared_ptr<hearing<stream_event>> heard_ = std::make_shared<hearing<stream_event>>();
    std::shared_ptr<hearing<link_event>> heard_by_[2] = {std::make_shared<hearing<link_event>>(),
                                                         std::make_shared<hearing<link_event>>()};
    std::size_t seen_[2] = {};
    std::shared_ptr<const execution> execution_ = make_execution();
};

}  // namespace detail

}  // namespace headgate::inline v1::laws
