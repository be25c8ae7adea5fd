#pragma once
// A channel in memory whose workers are played by hand, and a small world around a controller. No I/O, virtual time.

#include <headgate/concepts/channel.hpp>
#include <headgate/concepts/credentials.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/simulation/clock.hpp>
#include <headgate/simulation/database.hpp>
#include <headgate/simulation/scheduler.hpp>
#include <headgate/simulation/secrets.hpp>
#include <headgate/simulation/state_backend.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headgate::tests {

/// Counts what is drawn and what codes are made, so that a test sees who made it work.
struct hand_secrets : simulation::secrets {
    using simulation::secrets::secrets;

    void random(std::span<std::byte> bytes) {
        ++uses;
        simulation::secrets::random(bytes);
    }
    digest256 mac(std::span<const std::byte> key, std::span<const std::byte> text) {
        ++uses;
        return simulation::secrets::mac(key, text);
    }
    std::uint64_t uses = 0;
};

/// Hears what the controller says; answers dials and calls from a table of workers that the test fills.
class hand_channel {
public:
    struct played {
        digest256 token{};
        headgate::incarnation incarnation{};
        stream_id stream{};
        std::shared_ptr<const execution> runs{};
        std::vector<checkpoint_name> barriers{};
        bool is_stopped = false;
        digest256 call_token{};  ///< as it was dialled with
        digest256 data_token{};  ///< as it was told with its plan
    };

    explicit hand_channel(simulation::secrets& with) : secrets_(with) {}

    void listen(auto receiver) {
        if (lets_nobody_wait) receiver.box->let_go();
        hear_ = receiver;
    }
    void send(stream_id stream, controller_message message) { sent[stream].push_back(message); }
    void close(stream_id stream) {
        closed.push_back(stream);
        if (ends_when_closed) end(stream);
    }
    void hang_up(connection_id on) { hung_up.push_back(on); }

    void dial(const request<headgate::dial>& r, auto done) {
        const auto there = answers_at.find(r.what.address);
        const auto at = workers.find(there == answers_at.end() ? r.what.worker : there->second);
        if (at == workers.end()) return done(not_applied{{error_kind::dial, "nobody there"}});
        auto& [id, one] = *at;
        one.call_token = r.what.call_token;
        const auto mac = dialled_mac(secrets_, one.token, id, one.incarnation, r.what.nonce);
        dialled made{{id.value}, id, one.incarnation, mac};
        if (bends) bends(made);
        if (holds_dials)
            held_dials.emplace_back([=] { done(made); });
        else
            done(made);
    }
    void start_execution(const request<headgate::start_execution>& r, auto done) {
        played& of = workers.at({r.what.connection.value});
        of.runs = r.what.what;
        of.data_token = r.what.data_token;
        done(applied{});
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>& r, auto done) {
        workers.at({r.what.connection.value}).barriers.push_back(r.what.name);
        done(applied{});
    }
    void stop_execution(const request<headgate::stop_execution>& r, auto done) {
        workers.at({r.what.connection.value}).is_stopped = true;
        done(applied{});
    }

    void say(stream_id stream, worker_message what, std::string host = "127.0.0.1") {
        hear_(stream_event{stream, std::move(host), std::move(what)});
    }
    void end(stream_id stream) { hear_(stream_event{stream, "127.0.0.1", stream_ended{}}); }

    std::map<worker_id, played> workers;
    std::map<std::string, worker_id> answers_at;  ///< whoever is dialled there; at other addresses who is meant
    std::map<stream_id, std::vector<controller_message>> sent;
    std::vector<stream_id> closed;
    std::vector<connection_id> hung_up;
    bool holds_dials = false;
    bool ends_when_closed = false;
    bool lets_nobody_wait = false;  ///< what does not fit is dropped
    std::vector<std::function<void()>> held_dials;
    std::function<void(dialled&)> bends;  ///< what the dialled side answers

private:
    simulation::secrets& secrets_;
    std::function<void(stream_event)> hear_;
};

/// Keeps the tokens that the controller hands out, as a backend hands them to its workers.
class hand_scheduler : public simulation::scheduler {
public:
    using simulation::scheduler::scheduler;

    void start_workers(const request<headgate::start_workers>& r, auto done) {
        for (std::size_t i = 0; i < r.what.workers.size(); ++i) tokens[r.what.workers[i].id] = r.what.tokens[i];
        simulation::scheduler::start_workers(r, done);
    }
    void stop_workers(const request<headgate::stop_workers>& r, auto done) {
        if (on_stop) on_stop(r.what.job);
        simulation::scheduler::stop_workers(r, done);
    }

    std::map<worker_id, digest256> tokens;
    std::function<void(const job_id&)> on_stop;
};

/// Refuses rows while it is told to, as one does where a value cannot be kept, or the row is gone.
struct hand_database : simulation::database {
    bool refuses = false;
    bool is_deaf = false;  ///< to what it is told of a job
    std::size_t claims = 0;
    std::uint64_t looks = 0;  ///< at whether a row is there

    void claim(const request<headgate::claim>& r, completion_for<headgate::claim> auto done) {
        ++claims;
        refuses ? done(no()) : simulation::database::claim(r, done);
    }
    void store(const request<store_row>& r, completion_for<store_row> auto done) {
        refuses ? done(no()) : simulation::database::store(r, done);
    }
    void tell(const request<headgate::tell>& r, completion_for<headgate::tell> auto done) {
        is_deaf ? done(not_applied{{error_kind::ownership_lost, "another's"}}) : simulation::database::tell(r, done);
    }
    /// By hand; nobody is told.
    void remove(const job_id& job) { jobs_.erase(job); }
    /// By hand, in any way; whoever watches is told.
    void edit(const job_id& job, auto change) {
        change(jobs_.at(job).row);
        touch(jobs_.at(job));
        answer_watch();
    }
    void read_log(const request<headgate::read_log>& r, completion_for<headgate::read_log> auto done) {
        ++looks;
        simulation::database::read_log(r, done);
    }
    struct on_their_way : into_mailbox<watch_jobs> {
        hand_database* from = nullptr;

        void operator()(watch_jobs::answer answer) const {
            const into_mailbox<watch_jobs>& to_controller = *this;
            if (not from->holds_news) return to_controller(std::move(answer));
            from->held_news.emplace_back([to_controller, answer] { to_controller(answer); });
        }
        void operator()(completion_takes_the_answer_of<watch_jobs>) const;
    };
    void watch(const request<watch_jobs>& r, into_mailbox<watch_jobs> done) {
        simulation::database::watch(r, on_their_way{std::move(done), this});
    }
    void watch(const request<watch_jobs>& r, completion_for<watch_jobs> auto done) {
        simulation::database::watch(r, done);
    }
    bool holds_news = false;  ///< it has read them, and they are on their way
    std::vector<std::function<void()>> held_news;
    static not_applied no() { return {{.kind = error_kind::invalid, .text = "the value cannot be kept"}}; }
};

/// Counts: it is asked for each event that is handled.
struct hand_clock : simulation::clock {
    using simulation::clock::clock;

    instant now() const {
        ++asked;
        return simulation::clock::now();
    }
    mutable std::uint64_t asked = 0;
};

struct listener {
    std::string all{};

    void on(const job_id&, instant, const note& what) { all += text_of(what) + '\n'; }
};

template <class Policies, class Database = hand_database>
using hand_controller = controller<hand_scheduler, Database, hand_channel, hand_clock, simulation::state_backend,
                                   hand_secrets, Policies, listener>;

/// One controller, four slots a worker, and a job "words" of two nodes of parallelism 8.
template <class Policies = policies<>, class Database = hand_database>
struct any_small_world {
    Policies policy{};
    hand_clock clock{instant{} + std::chrono::hours(1)};
    hand_secrets secrets{7};
    Database database{};
    hand_scheduler scheduler{simulation::worker_pool(64, 4)};
    hand_channel channel{secrets};
    simulation::state_backend states{};
    listener watcher{};
    hand_controller<Policies, Database> controller{scheduler, database, channel, clock,
                                                   states,    secrets,  policy,  watcher};
    job_id job{"words"};
    std::uint64_t streams = 0;

    static std::shared_ptr<const program> two_nodes() {
        return std::make_shared<const program>(
            program{.nodes = {{{1}, 8, {{{"read"}, ""}}}, {{2}, 8, {{{"count"}, ""}}}},
                    .edges = {{{1}, {2}, edge_kind::shuffle}}});
    }

    struct no_answer {
        ticket to{};
        void operator()(const auto&) const {}
    };

    void wish_for(headgate::wish what) {
        what.program = two_nodes();
        const std::uint64_t expected = what.version - 1;
        database.put_wish(request<put_wish>{.what = {job, expected, what}}, any_completion<put_wish>{});
    }

    /// Polls, moving time on, until `is_reached` or for an hour of virtual time.
    bool until(auto is_reached) {
        const instant end = clock.now() + std::chrono::hours(1);
        for (int polls = 0; polls < 100'000; ++polls) {
            controller.poll();
            if (is_reached()) return true;
            if (clock.now() >= end) return false;
            clock.advance_to(std::max(clock.now(), std::min(controller.next_deadline(), end)));
        }
        return false;
    }

    std::optional<state_name> state() const {
        const auto* const value = controller.find(job);
        return value ? std::optional(value->state()) : std::nullopt;
    }

    /// Registers every launched worker that has not come yet.
    void workers_come() {
        for (const auto& one : scheduler.pool().all()) {
            if (channel.workers.contains(one.who.id)) continue;
            const stream_id stream{++streams};
            const incarnation of{{one.who.id.value, 99}};
            const digest256 token = scheduler.tokens.at(one.who.id);
            channel.workers[one.who.id] = {.token = token, .incarnation = of, .stream = stream};
            const hello said{.job = one.job, .generation = one.generation, .worker = one.who.id, .incarnation = of};
            channel.say(stream, said);
            controller.poll();
            const auto drawn = std::get<challenge>(channel.sent[stream].back()).nonce;
            const worker_profile profile{.id = one.who.id,
                                         .incarnation = of,
                                         .slots = one.who.slots,
                                         .machine = {"here"},
                                         .zone = {},
                                         .rpc_address = "127.0.0.1:1",
                                         .data_address = "127.0.0.1:2"};
            channel.say(stream, proof{profile, proof_mac(secrets, token, said, drawn, profile)});
        }
        controller.poll();
    }

    /// Each running worker says that all of its subtasks have started, or finished.
    void workers_report(bool finished = false) {
        for (auto& [id, one] : channel.workers) {
            if (not one.runs) continue;
            task_report report;
            const auto position = position_of(*one.runs->plan, id);
            for (std::size_t node = 0; node < one.runs->plan->nodes.size(); ++node)
                shares(*one.runs->plan, node, *position, [&](subtask_range range) {
                    report.started.push_back({one.runs->plan->nodes[node].id, range.first, range.last});
                });
            if (finished) report.finished = report.started;
            channel.say(one.stream, initialized{});
            channel.say(one.stream, report);
        }
        controller.poll();
    }
    void workers_beat() {
        for (auto& [id, one] : channel.workers) channel.say(one.stream, heartbeat{});
        controller.poll();
    }
    void workers_checkpoint() {
        for (auto& [id, one] : channel.workers) {
            if (one.barriers.empty() or not one.runs) continue;
            checkpoint_report report{.epoch = one.barriers.back().epoch, .subtasks = {}, .failure = {}};
            const auto position = position_of(*one.runs->plan, id);
            for (std::size_t node = 0; node < one.runs->plan->nodes.size(); ++node)
                shares(*one.runs->plan, node, *position, [&](subtask_range range) {
                    for (std::uint32_t i = range.first; i < range.last; ++i)
                        report.subtasks.push_back({one.runs->plan->nodes[node].id, i, "state"});
                });
            channel.say(one.stream, report);
        }
        controller.poll();
    }
    bool come_up() {
        if (not until([&] { return scheduler.pool().all().size() == 2; })) return false;
        workers_come();
        if (not until([&] { return state() == state_name::scheduling and
                                   std::ranges::count_if(channel.workers,
                                                         [](auto& w) { return bool(w.second.runs); }) == 2; }))
            return false;
        workers_report();
        return until([&] { return state() == state_name::running and controller.find(job)->job().persisted; });
    }
    std::optional<job_row> row() {
        const auto found = record();
        return found ? std::optional(found->row) : std::nullopt;
    }
    std::optional<job_record> record() {
        std::optional<job_record> found;
        struct reads {
            ticket to{};
            std::optional<job_record>* into;
            void operator()(const watch_jobs::answer& a) const {
                for (const auto& one : a->jobs) *into = one;
            }
        };
        auto copy = database;
        copy.watch(request<watch_jobs>{}, reads{{}, &found});
        return found;
    }
};

using small_world = any_small_world<>;

}  // namespace headgate::tests
