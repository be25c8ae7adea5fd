// SPDX-License-Identifier: BSL-1.0
// The laws of `scheduler` and `channel` on what controllers and workers of worlds are bound to: backend and network of
// a world in which neither runs.
#include <headgate/conformance/laws/channel.hpp>
#include <headgate/conformance/laws/scheduler.hpp>
#include <headgate/simulation/worker_pool.hpp>
#include <headgate/simulation/world.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::simulation;

/// The backend of worlds. With it, a world keeps what workers hear: the laws speak for them.
struct cluster_alone : cluster {
    using cluster::cluster;

    std::vector<to_worker> heard{};
};

}  // namespace

/// As in any world, up to the worker's driver.
template <>
void headgate::simulation::world<policies<>, cluster_alone>::arrive(const to_worker& what) {
    process& to = around_.backend.all()[what.to];
    if (not to.listens_to(what.stream)) return;
    if (to.unheard != 0 and std::holds_alternative<link_ended>(what.what)) to.unheard = 0;
    backend_.heard.push_back(what);
}

namespace {

template <class Effect>
const answered<Effect>* answer_in(const mail& what) {
    if constexpr (std::constructible_from<event, answered<Effect>>) {
        const auto* const one = std::get_if<job_mail>(&what);
        return one ? std::get_if<answered<Effect>>(&one->event) : nullptr;
    } else {
        return std::get_if<answered<Effect>>(&what);
    }
}

/// A world in which nothing fails, and in the place of its controller whoever asks here.
class quiet_world {
public:
    explicit quiet_world(const decisions& by) : in_(by, fault_set{}) {
        in_.around().places[0] = {.boot = 1, .runs = true};
    }
    quiet_world(const quiet_world&) = delete;

    outside& around() { return in_.around(); }
    port here() { return {&around(), around().host_of(0)}; }
    void happen(const on_its_way& what) { in_.happen(what); }

    /// As a controller's completion: it says no more than where the answer is to go.
    template <class Effect>
    any_completion<Effect> await(const request<Effect>& r, completion_for<Effect> auto done) {
        waiting_.push_back([by = r.by, done](const mail& came) {
            const auto* const mine = answer_in<Effect>(came);
            if (mine and mine->to == by) done(mine->result);
        });
        return {r.by};
    }
    void listen(auto hear) {
        waiting_.push_back([hear](const mail& came) {
            if (const auto* const said = std::get_if<stream_event>(&came)) hear(*said);
        });
    }
    void listen(process_number at, auto hear) {
        ears_.push_back([at, hear](const to_worker& came) {
            if (came.to == at) hear(came.what);
        });
    }

    bool run_one() {
        outside& o = around();
        if (o.queue.next() == never) return false;
        o.now = std::max(o.now, o.queue.next());
        const on_its_way next = o.queue.take();
        if (const auto* const mine = std::get_if<to_controller>(&next)) {
            const auto asked = waiting_;  // a completion may ask again
            for (const auto& each : asked) each(mine->what);
        } else {
            in_.happen(next);
        }
        for (; told_ < in_.backend().heard.size(); ++told_) {
            const to_worker came = in_.backend().heard[told_];
            for (const auto& each : ears_) each(came);
        }
        return true;
    }

private:
    world<policies<>, cluster_alone> in_;
    std::vector<std::function<void(const mail&)>> waiting_;
    std::vector<std::function<void(const to_worker&)>> ears_;
    std::size_t told_ = 0;
};

constexpr auto run_until = [](auto& model, auto came) {
    while (not came() and model.run_one()) {
    }
};

// The backend ---------------------------------------------------------------------------------------------------------

class world_scheduler : public quiet_world {
public:
    explicit world_scheduler(const decisions& by, std::uint32_t delay = 1) : quiet_world(by) {
        around().backend.room = around().backend.most_room = 4;
        around().usual_delay = delay;
    }

    std::uint32_t worker_slots() const { return 1; }
    void start_workers(const request<headgate::start_workers>& r, completion_for<headgate::start_workers> auto done) {
        ask().start_workers(r, await(r, done));
    }
    void stop_workers(const request<headgate::stop_workers>& r, completion_for<headgate::stop_workers> auto done) {
        ask().stop_workers(r, await(r, done));
    }
    void workers(const request<list_workers>& r, completion_for<list_workers> auto done) { ask().workers(r, done); }
    void watch(const request<watch_workers>& r, completion_for<watch_workers> auto done) {
        ask().watch(r, await(r, done));
    }

    std::optional<process_number> living(const job_id& job, worker_id id) {
        for (process_number at = 0; at < around().backend.all().size(); ++at) {
            const process& one = around().backend.all()[at];
            if (one.lives() and not one.is_extra and one.job == job and one.identity.id == id) return at;
        }
        return std::nullopt;
    }
    bool exit(const job_id& job, generation, worker_id id, const std::string&) {
        const auto at = living(job, id);
        if (at) happen(process_turn{*at, process_turn::kind::exits});
        return at.has_value();
    }

private:
    scheduler_port ask() { return {here(), worker_slots()}; }
};

std::string broken_by(auto make) {
    std::set<std::string> broken;
    laws::check_scheduler(
        make, run_until,
        [](auto& model, const job_id& job, generation of, worker_id id) {
            BOOST_TEST(model.exit(job, of, id, "exit status 1"));
        },
        [&](std::string_view law, bool holds, const std::string& detail) {
            if (holds) return;
            BOOST_TEST_MESSAGE(law << ": " << detail);
            broken.emplace(law);
        });
    std::string text;
    for (const std::string& name : broken) text += name + " ";
    return text;
}

BOOST_AUTO_TEST_CASE(the_backend_of_worlds_keeps_every_law_of_scheduler) {
    BOOST_TEST(broken_by([] { return world_scheduler(decisions(std::vector<std::uint32_t>{})); }) == "");
}

BOOST_AUTO_TEST_CASE(it_does_so_in_whatever_order_what_is_asked_for_arrives) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const std::string broken = broken_by([&] { return world_scheduler(decisions(seed), 16); });
        // Of two watches the later one may arrive first, and is ended then.
        BOOST_TEST((broken == "" or broken == "answers "), "seed " << seed << ": " << broken);
    }
}

// What the laws leave open has one rule in both models.

const job_id job{"job"};
constexpr generation first{1};
constexpr worker_id a = id_of(first, {0}), b = id_of(first, {1});

start_workers start_of(std::initializer_list<worker_id> ids) {
    start_workers what{.job = job, .generation = first, .wish = {}};
    for (const worker_id id : ids) what.workers.push_back({.id = id, .slots = 1});
    what.tokens.resize(ids.size());
    return what;
}

/// As one whose operations return what they did, as `worker_pool` is.
class blocking_world {
public:
    bool start_workers(const headgate::start_workers& what) {
        return laws::is_applied(*settled(what, [&](const auto& r, auto done) { in.start_workers(r, done); }));
    }
    expected<std::vector<worker_id>> workers(const list_workers& what) {
        return settled(what, [&](const auto& r, auto done) { in.workers(r, done); })->answer();
    }
    bool exit(const job_id& of, generation number, worker_id id, const std::string& how) {
        return in.exit(of, number, id, how);
    }

    world_scheduler in{decisions(std::vector<std::uint32_t>{})};

private:
    template <class Effect>
    std::shared_ptr<laws::pending<Effect>> settled(const Effect& what, auto call) {
        const auto came = laws::ask(what, ++asked_, call);
        run_until(in, [&] { return came->came(); });
        return came;
    }

    std::uint32_t asked_ = 0;
};

bool is_applied(bool is) { return is; }
bool is_applied(const outcome<applied>& what) {
    const auto no = [](const error&) { return false; };
    return what.match([](applied) { return true; }, no, no);
}

std::vector<worker_id> listed(auto& model) {
    std::vector<worker_id> found = model.workers({.job = job, .generation = first}).value();
    std::ranges::sort(found);
    return found;
}

void check_starts_what_does_not_live(auto&& model) {
    BOOST_TEST(is_applied(model.start_workers(start_of({a, b, a}))));
    BOOST_TEST((listed(model) == std::vector{a, b}), "each identity is started once, however often it is named");
    BOOST_TEST(model.exit(job, first, a, "exit status 1"));
    BOOST_TEST((listed(model) == std::vector{b}));
    BOOST_TEST(is_applied(model.start_workers(start_of({a, b}))));
    BOOST_TEST((listed(model) == std::vector{a, b}), "whoever repeats a start gets a worker for each identity");
}

BOOST_AUTO_TEST_CASE(a_start_that_is_repeated_starts_what_has_ended_and_not_what_lives) {
    check_starts_what_does_not_live(worker_pool(4, 1));
    check_starts_what_does_not_live(blocking_world());
}

BOOST_AUTO_TEST_CASE(another_process_of_an_identity_does_not_stand_for_it) {
    processes on;
    on.all().push_back({.job = job, .generation = first, .identity = {.id = a, .slots = 1}, .is_extra = true});
    BOOST_TEST(is_applied(cluster().start_workers(start_of({a}), on)));
    BOOST_TEST(on.take_started().size() == 1u);
}

// The network ---------------------------------------------------------------------------------------------------------

class world_channel {
public:
    explicit world_channel(quiet_world& in) : in_(in) {}

    void listen(stream_receiver auto hear) { in_.listen(hear); }
    void send(stream_id to, const controller_message& message) { ask().send(to, message); }
    void close(stream_id which) { ask().close(which); }
    void dial(const request<headgate::dial>& r, completion_for<headgate::dial> auto done) {
        ask().dial(r, in_.await(r, done));
    }
    void hang_up(connection_id which) { ask().hang_up(which); }
    void start_execution(const request<headgate::start_execution>& r,
                         completion_for<headgate::start_execution> auto done) {
        ask().start_execution(r, in_.await(r, done));
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>& r,
                          completion_for<headgate::begin_checkpoint> auto done) {
        ask().begin_checkpoint(r, in_.await(r, done));
    }
    void stop_execution(const request<headgate::stop_execution>& r,
                        completion_for<headgate::stop_execution> auto done) {
        ask().stop_execution(r, in_.await(r, done));
    }

private:
    channel_port ask() { return {in_.here()}; }

    quiet_world& in_;
};

struct world_link : link_port {
    quiet_world& in;

    void listen(link_receiver auto hear) { in.listen(of, hear); }
};

/// A world with two processes and no worker in them.
class world_rig {
public:
    explicit world_rig(const decisions& by, std::uint32_t delay = 1) : in_(by) {
        in_.around().usual_delay = delay;
        in_.around().backend.all().resize(2, process{.job = {"words"}, .is = process::phase::running});
    }

    world_channel& channel() { return channel_; }
    world_link& link(std::size_t n) { return links_[n]; }
    std::string nobody() const { return address_of(2); }
    void wake() {}
    bool run_one() { return in_.run_one(); }

private:
    quiet_world in_;
    world_channel channel_{in_};
    world_link links_[2] = {{{&in_.around(), 0}, in_}, {{&in_.around(), 1}, in_}};
};

std::string channel_broken_by(auto make) {
    std::string text;
    laws::check_channel(make, run_until, [&](std::string_view law, bool holds, const std::string& detail) {
        if (holds) return;
        BOOST_TEST_MESSAGE(law << ": " << detail);
        text.append(law).append(" ");
    });
    return text;
}

BOOST_AUTO_TEST_CASE(the_network_of_worlds_keeps_every_law_of_channel) {
    BOOST_TEST(channel_broken_by([] { return world_rig(decisions(std::vector<std::uint32_t>{})); }) == "");
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
        BOOST_TEST(channel_broken_by([&] { return world_rig(decisions(seed), 16); }) == "", "delays of seed " << seed);
}

}  // namespace
