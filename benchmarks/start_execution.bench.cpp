// SPDX-License-Identifier: BSL-1.0
// needs: headgate::protobuf
// What StartExecution tells each of 100 workers, as bytes, beside a record for each subtask with node, subtask, worker
// and address (field by field by Protobuf's own streams). Goal: flat, and under 64 KiB. `bytes` is what each worker is
// sent; `times` says how many times as long, and `times_bytes` how many times as much, the records take.

#include <headgate/assignment/balanced.hpp>
#include <headgate/protobuf/messages.hpp>
#include <headgate/vocabulary/execution.hpp>

#include <benchmark/benchmark.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t workers = 100, nodes = 10;

/// Ten nodes of one parallelism in a row of shuffles.
execution made(std::uint32_t subtasks) {
    program graph;
    for (std::uint32_t i = 0; i < nodes; ++i)
        graph.nodes.push_back(
            {.id = {i + 1}, .parallelism = subtasks / nodes, .operators = {{{"operator-" + std::to_string(i)}, "{}"}}});
    for (std::uint32_t i = 1; i < nodes; ++i) graph.edges.push_back({{i}, {i + 1}, edge_kind::shuffle});
    std::vector<offer> offers;
    for (std::uint32_t i = 0; i < workers; ++i)
        offers.push_back({.id = id_of({1}, {i}),
                          .machine = {"machine-" + std::to_string(i)},
                          .zone = "a",
                          .slots = subtasks / nodes / workers,
                          .data_address = "10.0.0." + std::to_string(i) + ":6121"});
    auto planned = balanced{}(graph, offers);
    if (not planned) return {};
    execution what{.job = {"a job of ten nodes"}, .generation = {1}, .program = {}, .plan = {}};
    what.digest = digest(*planned);
    what.program = std::make_shared<const program>(std::move(graph));
    what.plan = std::make_shared<const plan>(*std::move(planned));
    what.checkpoint_interval = std::chrono::seconds(10);
    return what;
}

const execution& execution_of(const benchmark::State& state) {
    static std::map<std::int64_t, execution> all;
    const auto at = all.find(state.range(0));
    return at != all.end()
               ? at->second
               : all.emplace(state.range(0), made(static_cast<std::uint32_t>(state.range(0)))).first->second;
}

std::string request_of(const execution& what) {
    return protobuf::encode(what) + protobuf::encode_data_token(digest256{std::byte{1}});
}

/// What each worker would be sent, in the place of a plan.
struct record {
    std::uint32_t node{}, subtask{};
    std::uint64_t worker{};
    std::string address{};
};

std::vector<record> records_of(const execution& what) {
    std::vector<record> all;
    for (std::size_t node = 0; node < what.plan->nodes.size(); ++node)
        for (std::size_t worker = 0; worker < what.plan->workers.size(); ++worker)
            shares(*what.plan, node, worker, [&](subtask_range range) {
                for (std::uint32_t i = range.first; i < range.last; ++i)
                    all.push_back({what.plan->nodes[node].id.value, i, what.plan->workers[worker].id.value,
                                   std::string(what.plan->data_addresses[worker])});
            });
    return all;
}

// repeated record = 1, of uint32 node = 1, uint32 subtask = 2, uint64 worker = 3, bytes address = 4.
constexpr std::uint32_t number_tag(std::uint32_t field) { return field << 3; }
constexpr std::uint32_t bytes_tag(std::uint32_t field) { return field << 3 | 2; }

std::string encoded(const std::vector<record>& all) {
    std::string bytes;
    google::protobuf::io::StringOutputStream into(&bytes);
    CodedOutputStream out(&into);
    for (const record& one : all) {
        const auto length = static_cast<std::uint32_t>(one.address.size());
        out.WriteTag(bytes_tag(1));
        out.WriteVarint32(static_cast<std::uint32_t>(
            4 + CodedOutputStream::VarintSize32(one.node) + CodedOutputStream::VarintSize32(one.subtask) +
            CodedOutputStream::VarintSize64(one.worker) + CodedOutputStream::VarintSize32(length) + length));
        out.WriteTag(number_tag(1)), out.WriteVarint32(one.node);
        out.WriteTag(number_tag(2)), out.WriteVarint32(one.subtask);
        out.WriteTag(number_tag(3)), out.WriteVarint64(one.worker);
        out.WriteTag(bytes_tag(4)), out.WriteVarint32(length), out.WriteString(one.address);
    }
    out.Trim();
    return bytes;
}

bool read_one(CodedInputStream& in, record& one) {
    std::uint32_t length = 0;
    if (not in.ReadVarint32(&length)) return false;
    const CodedInputStream::Limit end = in.PushLimit(static_cast<int>(length));
    for (std::uint32_t tag = in.ReadTag(); tag != 0; tag = in.ReadTag()) {
        std::uint32_t size = 0;
        const bool is_read = tag == number_tag(1)   ? in.ReadVarint32(&one.node)
                             : tag == number_tag(2) ? in.ReadVarint32(&one.subtask)
                             : tag == number_tag(3) ? in.ReadVarint64(&one.worker)
                             : tag == bytes_tag(4)
                                 ? in.ReadVarint32(&size) and in.ReadString(&one.address, static_cast<int>(size))
                                 : false;
        if (not is_read) return false;
    }
    in.PopLimit(end);
    return true;
}

std::vector<record> decoded(std::string_view bytes) {
    std::vector<record> all;
    CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
    while (in.ReadTag() == bytes_tag(1) and read_one(in, all.emplace_back())) {
    }
    return all;
}

/// Seconds that ours took, and its bytes.
struct cost {
    double seconds = 0, bytes = 0;
};
std::map<std::pair<std::string_view, std::int64_t>, cost> ours;

template <class Work>
double measured(benchmark::State& state, Work work) {
    const auto begun = std::chrono::steady_clock::now();
    for (auto _ : state) work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    return taken.count() / static_cast<double>(state.iterations());
}

template <class Work>
void measure(benchmark::State& state, std::string_view what, std::size_t bytes, Work work) {
    ours[{what, state.range(0)}] = {measured(state, work), static_cast<double>(bytes)};
    state.counters["bytes"] = static_cast<double>(bytes);
}

template <class Work>
void measure_baseline(benchmark::State& state, std::string_view what, std::size_t bytes, Work work) {
    const double seconds = measured(state, work);
    const cost beside = ours[{what, state.range(0)}];
    state.counters["bytes"] = static_cast<double>(bytes);
    state.counters["times"] = beside.seconds > 0 ? seconds / beside.seconds : 0;
    state.counters["times_bytes"] = beside.bytes > 0 ? static_cast<double>(bytes) / beside.bytes : 0;
}

void each_size(benchmark::internal::Benchmark* of) {
    of->Unit(benchmark::kMicrosecond)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
}

// Once for all workers: the large part of the request is the same.
void encode_start_execution(benchmark::State& state) {
    const execution& what = execution_of(state);
    if (not what.plan) return state.SkipWithError("there is no plan");
    measure(state, "encode", request_of(what).size(), [&] { benchmark::DoNotOptimize(request_of(what)); });
}
BENCHMARK(encode_start_execution)->Apply(each_size);

void baseline_encode_records(benchmark::State& state) {
    const std::vector<record> all = records_of(execution_of(state));
    measure_baseline(state, "encode", encoded(all).size(), [&] { benchmark::DoNotOptimize(encoded(all)); });
}
BENCHMARK(baseline_encode_records)->Apply(each_size);

// By each worker; with the check of program and plan, which the records go without.
void decode_start_execution(benchmark::State& state) {
    const std::string bytes = request_of(execution_of(state));
    if (not protobuf::decode_execute(bytes)) return state.SkipWithError("it cannot be read");
    measure(state, "decode", bytes.size(), [&] { benchmark::DoNotOptimize(protobuf::decode_execute(bytes)); });
}
BENCHMARK(decode_start_execution)->Apply(each_size);

void baseline_decode_records(benchmark::State& state) {
    const std::string bytes = encoded(records_of(execution_of(state)));
    if (decoded(bytes).size() != static_cast<std::size_t>(state.range(0)))
        return state.SkipWithError("they cannot be read");
    measure_baseline(state, "decode", bytes.size(), [&] { benchmark::DoNotOptimize(decoded(bytes)); });
}
BENCHMARK(baseline_decode_records)->Apply(each_size);

}  // namespace
