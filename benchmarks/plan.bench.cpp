// SPDX-License-Identifier: BSL-1.0
// Plans beside what they replace: 10,000,000 subtasks (100 nodes of 100,000) on 1,000 workers of 100 slots.
#include <headgate/assignment/materialise.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace headgate;

constexpr std::uint32_t nodes = 100, parallelism = 100'000, workers = 1'000, slots = 100;
constexpr std::uint64_t all = std::uint64_t{nodes} * parallelism;

const program& graph() {
    static const program made = [] {
        program p;
        for (std::uint32_t i = 0; i < nodes; ++i)
            p.nodes.push_back({.id = {i}, .parallelism = parallelism, .operators = {{{"o" + std::to_string(i)}, {}}}});
        return p;
    }();
    return made;
}

const std::vector<offer>& offers() {
    static const std::vector<offer> made = [] {
        std::vector<offer> o;
        for (std::uint32_t i = 0; i < workers; ++i)
            o.push_back({.id = {i + 1},
                         .machine = {"machine-" + std::to_string(i / 4)},
                         .zone = "a",
                         .slots = slots,
                         .data_address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":6121"});
        return o;
    }();
    return made;
}

const plan& planned() {
    static const plan made = slot_filling{}(graph(), offers()).value();
    return made;
}

/// Seconds of one iteration of what ran last; a baseline beside it says how many times as long it takes.
double last_seconds = 0;

template <class Work>
void measure(benchmark::State& state, Work work) {
    const auto begun = std::chrono::steady_clock::now();
    for (auto _ : state) work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    last_seconds = taken.count() / static_cast<double>(state.iterations());
}

/// `scale`: how much more of it what ran before does.
template <class Work>
void measure_baseline(benchmark::State& state, double scale, Work work) {
    const double ours = last_seconds;
    measure(state, work);
    state.counters["times"] = ours > 0 ? scale * last_seconds / ours : 0;
    last_seconds = ours;
}

/// Of everything that a plan holds, itself included.
std::size_t bytes_of(const plan& p) {
    std::size_t sum = sizeof p + p.workers.capacity() * sizeof(placed_worker) +
                      p.nodes.capacity() * sizeof(placed_node) + p.layouts.capacity() * sizeof(layout);
    for (const layout& each : p.layouts)
        sum += (each.boundaries.capacity() + each.owners.capacity()) * sizeof(std::uint32_t);
    for (const packed_strings* each : {&p.machines, &p.data_addresses})
        sum += each->characters().size() + each->size() * sizeof(std::uint32_t);
    return sum;
}

void plan_as_intervals(benchmark::State& state) {
    measure(state, [&] {
        auto made = slot_filling{}(graph(), offers());
        benchmark::DoNotOptimize(made);
    });
    state.counters["plan_bytes"] = static_cast<double>(bytes_of(planned()));
    state.counters["subtasks"] = static_cast<double>(subtasks(planned()));
}
BENCHMARK(plan_as_intervals)->Unit(benchmark::kMicrosecond);

/// As the reference does it: a record for each subtask, made while walking the workers of a hash map.
struct record {
    std::string operator_id;
    std::uint64_t subtask;
    std::uint64_t worker;
    std::string address;
};

/// One tenth of the nodes: all would be a gigabyte of records.
void baseline_record_for_each_subtask_tenth(benchmark::State& state) {
    constexpr std::uint32_t some = nodes / 10;
    std::unordered_map<std::uint64_t, offer> by_id;
    for (const offer& each : offers()) by_id.emplace(each.id.value, each);
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < some; ++i) ids.push_back("operator_" + std::to_string(i));
    measure_baseline(state, nodes / some, [&] {
        std::vector<const offer*> order;
        for (const auto& each : by_id) order.push_back(&each.second);
        std::vector<record> made;
        for (const std::string& id : ids) {
            std::size_t worker = 0;
            std::uint32_t used = 0;
            for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
                made.push_back({id, subtask, order[worker]->id.value, order[worker]->data_address});
                if (++used == order[worker]->slots) ++worker, used = 0;
            }
        }
        benchmark::DoNotOptimize(made.data());
    });
    state.counters["times_10_bytes"] = static_cast<double>(all * sizeof(record));
}
BENCHMARK(baseline_record_for_each_subtask_tenth)->Unit(benchmark::kMicrosecond)->Iterations(3);

/// Subtasks in an order that no branch predictor knows.
std::uint32_t next_subtask(std::uint64_t& bits) {
    bits = bits * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return static_cast<std::uint32_t>((bits >> 32) * parallelism >> 32);
}

void worker_of_a_subtask(benchmark::State& state) {
    const plan& made = planned();
    std::uint64_t bits = 1;
    measure(state, [&] { benchmark::DoNotOptimize(worker_of(made, 7, next_subtask(bits))); });
}
BENCHMARK(worker_of_a_subtask);

void baseline_upper_bound(benchmark::State& state) {
    const auto& boundaries = planned().layouts[0].boundaries;
    std::uint64_t bits = 1;
    measure_baseline(state, 1, [&] {
        benchmark::DoNotOptimize(std::upper_bound(boundaries.begin(), boundaries.end(), next_subtask(bits)) - 1);
    });
}
BENCHMARK(baseline_upper_bound);

void worker_holds_a_range(benchmark::State& state) {
    const plan& made = planned();
    std::uint64_t bits = 1;
    for (auto _ : state) {
        const std::uint32_t subtask = next_subtask(bits);
        benchmark::DoNotOptimize(holds(made, 7, subtask / slots, {subtask, subtask + 1}));
    }
}
BENCHMARK(worker_holds_a_range);

void plan_checked(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(check(planned(), graph()));
}
BENCHMARK(plan_checked)->Unit(benchmark::kMicrosecond);

void plan_digest(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(digest(planned()));
}
BENCHMARK(plan_digest)->Unit(benchmark::kMicrosecond);

void plan_copied(benchmark::State& state) {
    for (auto _ : state) {
        plan copy = planned();
        benchmark::DoNotOptimize(copy);
    }
}
BENCHMARK(plan_copied)->Unit(benchmark::kMicrosecond);

std::vector<placed_subtask>& buffer() {
    static std::vector<placed_subtask> made(all);
    return made;
}

void list_of_all_subtasks(benchmark::State& state) {
    measure(state, [&] {
        const auto count = materialise(planned(), buffer());
        benchmark::DoNotOptimize(count);
        benchmark::ClobberMemory();
    });
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(all * sizeof(placed_subtask)));
}
BENCHMARK(list_of_all_subtasks)->Unit(benchmark::kMillisecond);

void baseline_fill_of_the_same_bytes(benchmark::State& state) {
    measure_baseline(state, 1, [&] {
        std::fill(buffer().begin(), buffer().end(), placed_subtask{.node = {1}, .subtask = 2, .worker = {3}});
        benchmark::ClobberMemory();
    });
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(all * sizeof(placed_subtask)));
}
BENCHMARK(baseline_fill_of_the_same_bytes)->Unit(benchmark::kMillisecond);

}  // namespace
