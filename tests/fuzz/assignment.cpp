// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any bytes as a program, workers and a past; every policy must answer, and its plans must pass `check`.
#include "must.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;

class source {
public:
    source(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    std::uint32_t byte() { return left_ > 0 ? --left_, *data_++ : 0; }
    std::uint32_t word() { return byte() | byte() << 8 | byte() << 16 | byte() << 24; }
    std::uint64_t wide() { return std::uint64_t{word()} << 32 | word(); }
    /// Mostly small, sometimes near the end of 32 bits.
    std::uint32_t number() {
        const std::uint32_t kind = byte();
        return kind < 200   ? kind % 20
               : kind < 230 ? word() % 5'000
               : kind < 245 ? word()
                            : std::numeric_limits<std::uint32_t>::max() - kind % 4;
    }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

/// Many nodes of small parallelisms, so that classes and lines are many too.
program a_wide_program(source& from) {
    program made;
    const std::uint32_t nodes = 20 + from.byte() % 200, most = 1 + from.byte() % 60;
    std::uint32_t state = from.word();
    for (std::uint32_t i = 0; i < nodes; ++i) {
        state = state * 1'664'525 + 1'013'904'223;
        made.nodes.push_back({.id = {i}, .parallelism = 1 + (state >> 16) % most, .operators = {{{"o"}, {}}}});
    }
    return made;
}

program a_program(source& from) {
    program made;
    const std::uint32_t kind = from.byte();
    if (kind >= 240) return a_wide_program(from);
    for (std::uint32_t i = kind % 12; i > 0; --i)
        made.nodes.push_back({.id = {from.byte() % 32}, .parallelism = from.number(), .operators = {{{"o"}, {}}}});
    for (std::uint32_t i = from.byte() % 16; i > 0; --i)
        made.edges.push_back(
            {{from.byte() % 32}, {from.byte() % 32}, from.byte() % 2 == 0 ? edge_kind::forward : edge_kind::shuffle});
    return made;
}

std::vector<offer> some_offers(source& from) {
    std::vector<offer> made;
    const std::uint32_t kind = from.byte();
    if (kind >= 240) {
        const std::uint32_t workers = 8 + from.byte() % 60, slots = 1 + from.byte() % 8, more = 1 + from.byte() % 4;
        for (std::uint32_t i = 0; i < workers; ++i)
            made.push_back({.id = {i},
                            .machine = {"m" + std::to_string(i % 20)},
                            .zone = std::to_string(i % 3),
                            .slots = slots + i * 7 % more,
                            .data_address = "h:1"});
        return made;
    }
    for (std::uint32_t i = kind % 12; i > 0; --i)
        made.push_back({.id = {from.byte() % 64},
                        .machine = {"m" + std::to_string(from.byte() % 4)},
                        .zone = std::to_string(from.byte() % 3),
                        .slots = from.number(),
                        .data_address = "h:1"});
    return made;
}

plan any_plan(source& from) {
    plan made;
    for (std::uint32_t i = from.byte() % 5; i > 0; --i) {
        made.workers.push_back({.id = {from.byte()}, .slots = from.number()});
        static_cast<void>(made.machines.push_back("m" + std::to_string(from.byte() % 4)));
        static_cast<void>(made.data_addresses.push_back("h:1"));
    }
    for (std::uint32_t i = from.byte() % 4; i > 0; --i) {
        layout& line = made.layouts.emplace_back(layout{.spaced = static_cast<spacing>(from.byte() % 4)});
        for (std::uint32_t k = from.byte() % 6; k > 0; --k)
            line.boundaries.push_back(line.boundaries.back() + from.number() % 100);
        for (std::uint32_t k = from.byte() % 6; k > 0; --k) line.owners.push_back(from.byte() % 6);
    }
    for (std::uint32_t i = from.byte() % 6; i > 0; --i)
        made.nodes.push_back(
            {{from.byte() % 32}, from.number() % 200, from.byte() % 4, from.byte() % 16, 1 + from.byte() % 2});
    return made;
}

constexpr auto most = std::numeric_limits<std::uint32_t>::max();
constexpr limits none{.parallelism = most, .slots = most};

/// A program and workers for which there must be a plan: what policies refuse is not in them, and the slots are enough.
bool has_a_plan(const program& of, const std::vector<offer>& offers) {
    std::uint64_t available = 0;
    std::set<std::uint64_t> ids;
    for (const offer& each : offers) {
        available += each.slots;
        if (not ids.insert(each.id.value).second) return false;
    }
    std::set<std::uint32_t> nodes;
    for (const node& each : of.nodes)
        if (each.parallelism == 0 or not nodes.insert(each.id.value).second) return false;
    return not of.nodes.empty() and available >= slots_needed(of);
}

/// The same nodes with other parallelisms.
program rescaled(const program& of, source& from) {
    program made = of;
    for (node& each : made.nodes) each.parallelism = from.byte() % 2 == 0 ? each.parallelism : from.number();
    return made;
}

/// `may_refuse`: the numbers of the policy, or what it is told of the past, are such that it may.
template <class Policy>
void try_policy(const Policy& policy, const program& of, const program& other, const std::vector<offer>& offers,
                const past& before, bool may_refuse = false) {
    const bool must_plan = not may_refuse and has_a_plan(of, offers);
    for (const past& then : {past{}, before}) {
        const auto made = policy(of, offers, then);
        must(made or not must_plan or (then.previous and not check(then)), "slots suffice, but there is no plan");
        if (not made) continue;
        must(check(*made, of, none).has_value(), "a policy made a plan that is none");
        static_cast<void>(judge(*made, of, offers, then, none));
        const auto again =
            policy(of, offers, past{.previous = &*made, .sizes = before.sizes, .troubles = before.troubles});
        must(not again or check(*again, of, none).has_value(), "a policy made a plan that is none of its own");
        // On rescale what it made is the past of the same program with other parallelisms.
        const past ours{.previous = &*made, .sizes = before.sizes, .troubles = before.troubles};
        const auto larger = policy(other, offers, ours);
        must(not larger or check(*larger, other, none).has_value(), "a policy made a plan that is none on rescale");
        must(larger or may_refuse or not check(ours) or not has_a_plan(other, offers),
             "slots suffice, but there is no plan on rescale");
        if (larger) static_cast<void>(judge(*larger, other, offers, ours, none));
    }
}

/// The plan is within its balance, or the answer says that it is not, and never less moves than must. `keeps_back`: the
/// balance may be of fewer slots than there are.
std::optional<sticky_answer> try_answer(const sticky& policy, const program& of, const std::vector<offer>& offers,
                                        const past& before, bool keeps_back) {
    auto answer = policy.decide(of, offers, before);
    if (not answer) return std::nullopt;
    must(check(answer->made, of, none).has_value(), "sticky answered with a plan that is none");
    const auto found = judge(answer->made, of, offers, before, none);
    if (found and not keeps_back and (answer->keeps_balance or policy.aim == balance_by::load_per_slot)) {
        const double gap = policy.aim == balance_by::load ? found->gap() : found->gap_per_slot();
        must(answer->keeps_balance ? gap <= policy.balance * (1 + 1e-9) : gap <= policy.balance * (1 + 1e-6),
             "sticky is above its balance");
    }
    must(not answer->least_bytes or *answer->least_bytes <= answer->moved_bytes, "less moved than must");
    return *std::move(answer);
}

/// Whichever way it goes, no plan within the balance moves less than the flow says.
void try_sticky(sticky policy, const program& of, const std::vector<offer>& offers, const past& before) {
    const bool keeps_back = policy.zones and not before.troubles.empty();
    policy.most_arcs = 10'000;
    const auto exact = try_answer(policy, of, offers, before, keeps_back);
    policy.most_arcs = 0;
    const auto quick = try_answer(policy, of, offers, before, keeps_back);
    const auto line = line_up(of, offers);
    if (not line or not exact or not before.previous) return;
    double largest = 1;
    for (const state_size& each : before.sizes) largest = std::max(largest, each.bytes);
    const auto is_enough = [&](double moved) {
        return not exact->least_bytes or
               *exact->least_bytes <=
                   moved * (1 + 1e-9) + largest * 0x1p-48 * static_cast<double>(subtasks(exact->made));
    };
    must(not quick or not quick->keeps_balance or is_enough(quick->moved_bytes), "the approximation moves too little");
    plan made = *plan_on(offers, line->order);
    const auto caps = caps_of(of, line->slots, policy.aim, policy.balance);
    if (not headgate::detail::mending(made, of, line->slots, caps)
                .run(*before.previous, corresponding(*before.previous, made)))
        return;
    must(check(made, of, none).has_value(), "mended layouts are no plan");
    must(std::ranges::equal(loads_of(made), caps, std::ranges::less_equal{}), "mended layouts are above the balance");
    must(is_enough(moves_of(made, before)->bytes), "mended layouts move too little");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    source from(data, size);
    const program of = a_program(from);
    const std::vector<offer> offers = some_offers(from);
    const plan previous = any_plan(from);
    std::vector<state_size> sizes;
    for (std::uint32_t i = from.byte() % 4; i > 0; --i) {
        const double bytes = from.byte() % 4 > 0 ? from.byte() : std::bit_cast<double>(from.wide());
        sizes.push_back({.node = {from.byte() % 32},
                         .bytes = bytes,
                         .subtasks = {from.byte() % 3, from.byte() % 2 == 0 ? from.number() : 4'294'967'295u}});
    }
    std::vector<trouble> troubles;
    for (std::uint32_t i = from.byte() % 3; i > 0; --i)
        troubles.push_back({.machine = {"m" + std::to_string(from.byte() % 4)},
                            .ago = duration(static_cast<duration::rep>(from.wide()))});
    const double any = from.byte() % 2 == 0 ? from.byte() / 64.0 : std::bit_cast<double>(from.wide());
    const past before{.previous = &previous, .sizes = sizes, .troubles = troubles};
    const program other = rescaled(of, from);
    const bool is_slack = std::isfinite(any) and any >= 1, is_penalty = any >= 0 and any <= 1;
    const auto half_life = duration(from.byte());
    try_policy(slot_filling{}, of, other, offers, before);
    try_policy(slot_filling{.order = filling_order::largest_first}, of, other, offers, before);
    for (const balance_by aim : {balance_by::load_per_slot, balance_by::load}) {
        try_policy(balanced{.aim = aim}, of, other, offers, before);
        try_policy(balanced{.aim = aim, .together = keep_together::forward_joined}, of, other, offers, before);
        try_policy(local{.slack = any, .aim = aim}, of, other, offers, before, not is_slack);
        try_policy(sticky{.balance = any, .aim = aim}, of, other, offers, before, not is_slack);
        try_sticky({.balance = any, .aim = aim}, of, offers, before);
    }
    // What was there has lost a worker.
    std::vector<offer> fewer = offers;
    if (not fewer.empty()) fewer.erase(fewer.begin() + from.byte() % fewer.size());
    const double slack = 1 + from.byte() % 8 / 16.0;
    for (const auto& made : {balanced{}(of, offers), spread{}(of, offers), slot_filling{}(of, offers)}) {
        if (not made) continue;
        const past then{.previous = &*made, .sizes = sizes, .troubles = troubles};
        for (const balance_by aim : {balance_by::load_per_slot, balance_by::load})
            try_sticky({.balance = slack, .aim = aim}, of, fewer, then);
        try_sticky({.balance = slack, .zones = spread{.penalty = 0.5}}, of, fewer, then);
    }
    try_policy(spread{.penalty = any, .half_life = half_life}, of, other, offers, before,
               not is_penalty or half_life <= duration(0));
    try_policy(sticky{.balance = 1.1, .zones = spread{.penalty = any}, .most_arcs = from.byte()}, of, other, offers,
               before, not is_penalty);
    return 0;
}
