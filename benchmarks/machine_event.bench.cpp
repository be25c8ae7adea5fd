// What one event costs a job of 1,000 workers and a million subtasks, beside a set of pairs and a hash map that do the
// same (DESIGN, cost). `allocations` counts calls of operator new in one event, and one is an error; `times` says how
// many of the events above would fit into one of the baseline's.

#include <headgate/machine/machine.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <new>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace {

std::uint64_t allocated = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocated;
    if (void* const p = std::malloc(size)) return p;
    std::abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace {

using namespace headgate;

constexpr std::uint32_t workers = 1'000;
constexpr std::uint32_t subtasks_of_a_node = 500'000;
constexpr std::uint32_t slots = subtasks_of_a_node / workers;
constexpr incarnation self{{1, 1}};
constexpr std::size_t a_round = 1u << 16;  // of events
constexpr moment now{instant{duration{1'000}}, 42};

std::shared_ptr<const program> two_nodes() {
    return std::make_shared<const program>(
        program{.nodes = {{.id = {1}, .parallelism = subtasks_of_a_node, .operators = {{.id = {"a"}, .what = {}}}},
                          {.id = {2}, .parallelism = subtasks_of_a_node, .operators = {{.id = {"b"}, .what = {}}}}},
                .edges = {{.from = {1}, .to = {2}, .kind = edge_kind::forward}}});
}

session of(std::uint32_t worker) { return {{1}, {worker}, {worker + 1}}; }

/// Brought up to where every worker was told its plan, and nothing has started.
machine<> launched() {
    wish wanted;
    wanted.version = 1;
    wanted.program = two_nodes();
    machine<> value({"job"}, self, {}, slots);
    effects out;
    std::vector<effect> open;
    const auto step = [&](const event& e) {
        value.on(e, now, out);
        open.insert(open.end(), out.asked.begin(), out.asked.end());
    };
    step(wished{std::make_shared<const wish>(wanted), {}});
    while (not open.empty()) {
        const effect next = std::move(open.back());
        open.pop_back();
        if (const auto* const r = std::get_if<request<claim>>(&next))
            step(answered<claim>{r->by, claimed{r->what.next, {}}});
        if (const auto* const r = std::get_if<request<start_workers>>(&next)) {
            step(answered<start_workers>{r->by, applied{}});
            for (std::uint32_t i = 0; i < workers; ++i)
                step(of(i).fence(registered{{.id = id_of({1}, {i}),
                                             .incarnation = {{2, i}},
                                             .slots = slots,
                                             .machine = {"m"},
                                             .zone = {},
                                             .rpc_address = "h:1",
                                             .data_address = "h:2"}}));
        }
        if (const auto* const r = std::get_if<request<dial>>(&next))
            step(answered<dial>{r->by, dialled{{r->by.worker.value}, r->what.worker, r->what.incarnation, {}}});
        if (const auto* const r = std::get_if<request<start_execution>>(&next))
            step(answered<start_execution>{r->by, applied{}});
    }
    return value;
}

/// One subtask each, in an order that is not that of memory. Enough of them that no round sees the last.
std::vector<event> reports() {
    std::vector<event> made;
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < a_round; ++i) {
        at = (at + 611'953) % subtasks_of_a_node;
        const auto subtask = static_cast<std::uint32_t>(at);
        made.push_back(
            of(subtask / slots)
                .fence(task_report{.started = {{{static_cast<std::uint32_t>(1 + i % 2)}, subtask, subtask + 1}},
                                   .finished = {},
                                   .failures = {}}));
    }
    return made;
}

/// Processor time of one event, of the benchmark that ran last.
double last_cost = 0;

/// Calls `work(i)` for 0 <= i < `round`, again and again; before each round `begin()`, which is not measured.
template <class Begin, class Work>
void measure(benchmark::State& state, std::size_t round, Begin begin, Work work) {
    std::uint64_t allocations = 0;
    std::clock_t ticks = 0;
    std::size_t next = 0;
    std::uint64_t before = 0;
    std::clock_t start = 0;
    const auto stop = [&] {
        ticks += std::clock() - start;
        allocations += allocated - before;
    };
    const auto go_on = [&] {
        before = allocated;
        start = std::clock();
    };
    begin();
    go_on();
    for (auto _ : state) {
        if (next == round) {
            state.PauseTiming();
            stop();
            begin();
            next = 0;
            go_on();
            state.ResumeTiming();
        }
        work(next++);
    }
    stop();
    const auto count = static_cast<double>(state.iterations());
    last_cost = static_cast<double>(ticks) / count;
    state.counters["allocations"] = static_cast<double>(allocations) / count;
}

template <class Begin, class Work>
void measure_baseline(benchmark::State& state, std::size_t round, Begin begin, Work work) {
    const double ours = last_cost;
    measure(state, round, begin, work);
    state.counters["times"] = ours > 0 ? last_cost / ours : 0;
    last_cost = ours;
}

/// One after the other, as time goes on, on a machine that was brought up for a round of them; none may allocate.
void each_of(benchmark::State& state, const std::vector<event>& events) {
    const machine<> brought_up = launched();
    machine<> value = brought_up;
    effects out;
    if (value.state() != state_name::scheduling) return state.SkipWithError("it is not waiting for tasks");
    measure(
        state, a_round,
        [&] {
            value = brought_up;
            value.on(events.back(), now, out);  // `out` has its room, and what is told of the first is told
        },
        [&](std::size_t i) {
            value.on(events[i % events.size()], {now.now + duration(i / 64), now.bits}, out);
            benchmark::DoNotOptimize(out);
        });
    if (value.state() != state_name::scheduling) state.SkipWithError("it went on");
    if (state.counters["allocations"] > 0) state.SkipWithError("it allocates");
}

// Goal: 50 ns, no allocation.
void a_started_report(benchmark::State& state) { each_of(state, reports()); }
BENCHMARK(a_started_report);

// The same with sets of (node, subtask), and a map from subtask to worker.
void a_started_report_in_a_set_of_pairs(benchmark::State& state) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> started;
    std::unordered_map<std::uint64_t, std::uint32_t> owner;
    for (std::uint32_t node = 1; node <= 2; ++node)
        for (std::uint32_t i = 0; i < subtasks_of_a_node; ++i) owner.emplace(std::uint64_t{node} << 32 | i, i / slots);
    const std::vector<event> events = reports();
    const auto take = [&](const event& e) {
        const auto& m = std::get<fenced<task_report>>(e);
        for (const task_range& range : m.value().started)
            for (std::uint32_t i = range.first; i < range.last; ++i)
                if (const auto at = owner.find(std::uint64_t{range.node.value} << 32 | i);
                    at != owner.end() and at->second == m.of().worker.value)
                    started.emplace(range.node.value, i);
        return started.size() == 2 * subtasks_of_a_node;
    };
    measure_baseline(
        state, events.size(), [&] { started.clear(); },
        [&](std::size_t i) { benchmark::DoNotOptimize(take(events[i])); });
}
BENCHMARK(a_started_report_in_a_set_of_pairs);

// Goal: 30 ns.
void a_heartbeat(benchmark::State& state) {
    std::vector<event> events;
    for (std::uint32_t i = 0; i < workers; ++i) events.push_back(of(i * 611 % workers).fence(heartbeat{}));
    each_of(state, events);
}
BENCHMARK(a_heartbeat);

void a_heartbeat_in_a_hash_map(benchmark::State& state) {
    std::unordered_map<std::uint64_t, instant> heard;
    for (std::uint32_t i = 0; i < workers; ++i) heard[id_of({1}, {i}).value] = {};
    measure_baseline(
        state, a_round, [] {},
        [&](std::size_t i) { heard[id_of({1}, {static_cast<std::uint32_t>(i * 611 % workers)}).value] = now.now; });
}
BENCHMARK(a_heartbeat_in_a_hash_map);

// What changes nothing. Goal: 100 ns each.
void a_message_of_an_old_stream(benchmark::State& state) {
    session old = of(3);
    ++old.stream.value;
    each_of(state, {old.fence(task_report{})});
}
BENCHMARK(a_message_of_an_old_stream);

void a_late_answer(benchmark::State& state) { each_of(state, {answered<dial>{{{1}, self, 1, {9}, {4}}, dialled{}}}); }
BENCHMARK(a_late_answer);

void an_older_wish(benchmark::State& state) { each_of(state, {wished{std::make_shared<const wish>(), {}}}); }
BENCHMARK(an_older_wish);

void a_tick_before_its_time(benchmark::State& state) { each_of(state, {tick{}}); }
BENCHMARK(a_tick_before_its_time);

void an_initialized_worker_again(benchmark::State& state) { each_of(state, {of(5).fence(initialized{})}); }
BENCHMARK(an_initialized_worker_again);

}  // namespace
