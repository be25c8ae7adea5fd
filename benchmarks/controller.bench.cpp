// SPDX-License-Identifier: BSL-1.0
// What many idle running jobs cost one controller: processor time of a second, an event of one of them, memory. Models
// in memory, virtual time; each job has one worker of four slots, which sends a heartbeat every 5 s, and takes no
// checkpoints. `times` says how many times as long an event takes as with a job alone.

#include <headgate/concepts/credentials.hpp>
#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/simulation/clock.hpp>
#include <headgate/simulation/database.hpp>
#include <headgate/simulation/scheduler.hpp>
#include <headgate/simulation/secrets.hpp>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

std::uint64_t held = 0;  // bytes of the heap, with what malloc rounds up

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    if (void* const p = std::malloc(size)) {
        held += ::malloc_usable_size(p);
        return p;
    }
    std::abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    held -= ::malloc_usable_size(p);
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    held -= ::malloc_usable_size(p);
    std::free(p);
}

namespace {

using namespace headgate;
using namespace std::chrono_literals;

constexpr std::uint32_t many = 10'000;
constexpr const char* host = "127.0.0.1";

/// Jobs are numbered; so is everything of theirs, and their streams and connections from 1.
std::uint32_t number_of(const job_id& job) { return static_cast<std::uint32_t>(std::stoul(job.value.substr(4))); }
job_id job_of(std::uint32_t number) { return {"job-" + std::to_string(number)}; }
stream_id stream_of(std::uint32_t job) { return {std::uint64_t{job} + 1}; }

/// What is known of a job's worker.
struct played {
    digest256 token{};
    hello said{};
    nonce challenged{};
    bool runs = false;
};

/// Hands tokens out and starts nothing.
class starter : public simulation::scheduler {
public:
    explicit starter(std::vector<played>& workers)
        : simulation::scheduler(simulation::worker_pool(4, 4)), all_(workers) {}

    void start_workers(const request<headgate::start_workers>& r, auto done) {
        all_[number_of(r.what.job)].token = r.what.tokens.front();
        all_[number_of(r.what.job)].said.worker = r.what.workers.front().id;
        done(applied{});
    }

private:
    std::vector<played>& all_;
};

/// Answers every call at once.
class carrier {
public:
    carrier(simulation::secrets& with, std::vector<played>& workers) : secrets_(with), all_(workers) {}

    void listen(auto receiver) { hear_ = receiver; }
    void send(stream_id to, const controller_message& message) {
        if (const auto* const first = std::get_if<challenge>(&message)) all_[to.value - 1].challenged = first->nonce;
    }
    void close(stream_id) {}
    void hang_up(connection_id) {}
    void dial(const request<headgate::dial>& r, auto done) {
        const std::uint32_t job = number_of(r.what.job);
        done(dialled{{std::uint64_t{job} + 1},
                     r.what.worker,
                     r.what.incarnation,
                     dialled_mac(secrets_, all_[job].token, r.what.worker, r.what.incarnation, r.what.nonce)});
    }
    void start_execution(const request<headgate::start_execution>& r, auto done) {
        all_[r.what.connection.value - 1].runs = true;
        done(applied{});
    }
    void begin_checkpoint(const request<headgate::begin_checkpoint>&, auto done) { done(applied{}); }
    void stop_execution(const request<headgate::stop_execution>&, auto done) { done(applied{}); }

    void say(std::uint32_t job, worker_message what) { hear_(stream_event{stream_of(job), host, std::move(what)}); }

private:
    simulation::secrets& secrets_;
    std::vector<played>& all_;
    std::function<void(stream_event)> hear_;
};

/// A controller and `jobs` jobs that run, and have for longer than a restart policy remembers.
class world {
public:
    explicit world(std::uint32_t jobs) : workers_(jobs) {
        wish wanted;
        wanted.program = program_;
        for (std::uint32_t i = 0; i < jobs; ++i)
            database_.put_wish(request<put_wish>{.what = {job_of(i), 0, wanted}}, any_completion<put_wish>{});
        const auto everyone = [&](auto is_so) { return until([&] { return std::ranges::all_of(workers_, is_so); }); };
        if (not everyone([](const played& one) { return one.said.worker != worker_id{}; })) return;
        for (std::uint32_t i = 0; i < jobs; ++i) {
            workers_[i].said.job = job_of(i);
            workers_[i].said.generation = generation_of(workers_[i].said.worker);
            workers_[i].said.incarnation = {{i, 99}};
            carrier_.say(i, workers_[i].said);
        }
        if (not everyone([](const played& one) { return one.challenged != nonce{}; })) return;
        for (std::uint32_t i = 0; i < jobs; ++i) {
            const worker_profile shown{.id = workers_[i].said.worker,
                                       .incarnation = workers_[i].said.incarnation,
                                       .slots = 4,
                                       .machine = {"here"},
                                       .zone = {},
                                       .rpc_address = "127.0.0.1:1",
                                       .data_address = "127.0.0.1:2"};
            carrier_.say(i, proof{shown, proof_mac(secrets_, workers_[i].token, workers_[i].said,
                                                   workers_[i].challenged, shown)});
        }
        if (not everyone([](const played& one) { return one.runs; })) return;
        for (std::uint32_t i = 0; i < jobs; ++i) {
            carrier_.say(i, initialized{});
            report(i);
        }
        is_up_ = until([&] { return all_run(); });
        for (int i = 0; is_up_ and i < 200; ++i) pass_a_second();
    }

    bool all_run() const {
        for (std::uint32_t i = 0; i < workers_.size(); ++i) {
            const auto* const one = controller_->find(job_of(i));
            if (one == nullptr or one->state() != state_name::running or not one->job().persisted) return false;
        }
        return true;
    }
    bool is_up() const { return is_up_; }
    std::uint32_t jobs() const { return static_cast<std::uint32_t>(workers_.size()); }
    void poll() { controller_->poll(); }
    void beat(std::uint32_t job) { carrier_.say(job, heartbeat{.sequence = ++beats_, .counters = {}}); }
    void report(std::uint32_t job) {
        carrier_.say(job, task_report{.started = {{{1}, 0, 4}, {{2}, 0, 4}}, .finished = {}, .failures = {}});
    }

    /// A heartbeat of every fifth worker, one after the other, and each wakes the loop; a millisecond has at most
    /// `jobs() / 5'000` of them. Watches without news are answered at their deadlines.
    void pass_a_second() {
        for (std::uint32_t millisecond = 0; millisecond < 1'000; ++millisecond) {
            clock_.advance(1ms);
            database_.now = clock_.now();
            if (database_.watch_deadline() <= clock_.now()) database_.expire_watch();
            scheduler_.expire(clock_.now());
            if (controller_->next_deadline() <= clock_.now()) poll();
            for (owed_ += jobs(); owed_ >= 5'000; owed_ -= 5'000) {
                beat(next_++ % jobs());
                poll();
            }
        }
    }

    /// Bytes that a controller gives back at its end, less its copies of programs.
    std::uint64_t end_controller() {
        std::uint64_t programs = 0;
        for (std::uint32_t i = 0; i < jobs(); ++i) {
            const headgate::job& one = controller_->find(job_of(i))->job();
            if (std::shared_ptr<const program>(one.program) == program_) continue;
            const std::uint64_t before = held;
            const auto copy = std::make_shared<const program>(*one.program);
            programs += held - before;
        }
        const std::uint64_t before = held;
        controller_.reset();
        return before - held - programs;
    }

private:
    bool until(auto is_reached) {
        const instant end = clock_.now() + 1min;
        while (clock_.now() < end) {
            poll();
            if (is_reached()) return true;
            clock_.advance_to(std::max(clock_.now(), std::min(controller_->next_deadline(), end)));
        }
        return false;
    }

    std::shared_ptr<const program> program_ = std::make_shared<const program>(program{
        .nodes = {{{1}, 4, {{{"read"}, ""}}}, {{2}, 4, {{{"count"}, ""}}}}, .edges = {{{1}, {2}, edge_kind::shuffle}}});
    std::vector<played> workers_;
    simulation::clock clock_{instant{} + 1h};
    simulation::secrets secrets_{7};
    simulation::database database_{};
    starter scheduler_{workers_};
    carrier carrier_{secrets_, workers_};
    no_checkpoints states_{};
    using controller_type =
        controller<starter, simulation::database, carrier, simulation::clock, no_checkpoints, simulation::secrets>;
    std::optional<controller_type> controller_{std::in_place, scheduler_, database_, carrier_,
                                               clock_,        states_,    secrets_};
    std::uint64_t beats_ = 0;
    std::uint32_t next_ = 0, owed_ = 0;
    bool is_up_ = false;
};

/// Made once for each number of jobs.
world& world_of(std::uint32_t jobs) {
    static std::vector<std::unique_ptr<world>> made;
    for (const auto& one : made)
        if (one->jobs() == jobs) return *one;
    return *made.emplace_back(std::make_unique<world>(jobs));
}

/// Processor time of one iteration of what ran last, in clock ticks.
double last_cost = 0;

template <class Work>
void measure(benchmark::State& state, world& in, Work work) {
    if (not in.is_up()) return state.SkipWithError("a job does not run");
    const std::clock_t start = std::clock();
    for (auto _ : state) work();
    last_cost = static_cast<double>(std::clock() - start) / static_cast<double>(state.iterations());
    if (not in.all_run()) state.SkipWithError("a job does not run any more");
}

template <class Work>
void measure_beside_one_alone(benchmark::State& state, world& in, Work work) {
    const double alone = last_cost;
    measure(state, in, work);
    state.counters["times"] = alone > 0 ? last_cost / alone : 0;
    last_cost = alone;
}

// Goal: 2 % of one core for 10,000.
void a_virtual_second(benchmark::State& state) {
    world& in = world_of(static_cast<std::uint32_t>(state.range(0)));
    measure(state, in, [&] { in.pass_a_second(); });
    state.counters["percent"] = 100 * last_cost / CLOCKS_PER_SEC;
}
BENCHMARK(a_virtual_second)->Unit(benchmark::kMillisecond)->Arg(1)->Arg(many);

// Goal: among 10,000 at most 1.5 times as long as alone. In turn, nothing of a job is in a cache any more.
void a_heartbeat_alone(benchmark::State& state) {
    world& in = world_of(1);
    measure(state, in, [&] { in.beat(0), in.poll(); });
}
BENCHMARK(a_heartbeat_alone);

void a_heartbeat_of_one_among_10000(benchmark::State& state) {
    world& in = world_of(many);
    measure_beside_one_alone(state, in, [&] { in.beat(many / 2), in.poll(); });
}
BENCHMARK(a_heartbeat_of_one_among_10000);

void a_heartbeat_of_10000_in_turn(benchmark::State& state) {
    world& in = world_of(many);
    std::uint32_t at = 0;
    measure_beside_one_alone(state, in, [&] { in.beat(at = (at + 6'113) % many), in.poll(); });
}
BENCHMARK(a_heartbeat_of_10000_in_turn);

void a_started_report_alone(benchmark::State& state) {
    world& in = world_of(1);
    measure(state, in, [&] { in.report(0), in.poll(); });
}
BENCHMARK(a_started_report_alone);

void a_started_report_of_one_among_10000(benchmark::State& state) {
    world& in = world_of(many);
    measure_beside_one_alone(state, in, [&] { in.report(many / 2), in.poll(); });
}
BENCHMARK(a_started_report_of_one_among_10000);

void a_started_report_of_10000_in_turn(benchmark::State& state) {
    world& in = world_of(many);
    std::uint32_t at = 0;
    measure_beside_one_alone(state, in, [&] { in.report(at = (at + 6'113) % many), in.poll(); });
}
BENCHMARK(a_started_report_of_10000_in_turn);

/// `bytes_a_job` of heap: all that the controller holds, what it last saw of each job's row included, less programs.
/// The time is that of its end.
void memory(benchmark::State& state) {
    world in(many);
    if (not in.is_up()) return state.SkipWithError("a job does not run");
    std::uint64_t bytes = 0;
    for (auto _ : state) bytes = in.end_controller();
    state.counters["bytes_a_job"] = static_cast<double>(bytes) / many;
}
BENCHMARK(memory)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
