#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `assignment_policy`, for any policy and any test framework.

#include <headgate/assignment/policy.hpp>
#include <headgate/conformance/laws/pending.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report(law, holds, detail)` once for each law of `assignment_policy`; `detail` tells what was expected,
/// what came and the first input that breaks it. Tries up to 3 nodes with parallelism 1 to 4 on up to 3 workers with 0
/// to 4 slots in two zones in every order, each also with a past: the plan before, sizes of state and a machine that
/// had trouble; and what is no program: 135,000 plans, and 13,000 more where a bound is promised.
template <assignment_policy Policy, law_report Report>
void check_assignment(const Policy& policy, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline program program_with(const std::vector<std::uint32_t>& parallelisms) {
    program made;
    for (const std::uint32_t each : parallelisms) {
        const auto number = static_cast<std::uint32_t>(made.nodes.size());
        made.nodes.push_back({.id = {10 - number}, .parallelism = each, .operators = {{{std::to_string(number)}, {}}}});
        if (number > 0) made.edges.push_back({.from = {11 - number}, .to = {10 - number}, .kind = edge_kind::shuffle});
    }
    return made;
}

inline std::vector<offer> offers_with(const std::vector<std::uint32_t>& slots) {
    std::vector<offer> made;
    for (const std::uint32_t each : slots) {
        const std::string number = std::to_string(made.size());
        made.push_back({.id = {3 + made.size()},
                        .machine = {"machine " + std::to_string(made.size() / 2)},
                        .zone = "zone " + std::to_string(made.size() % 2),
                        .slots = each,
                        .data_address = "host:" + number});
    }
    return made;
}

/// All lists of 1 to `longest` numbers from `least` to `most`.
inline std::vector<std::vector<std::uint32_t>> lists(std::size_t longest, std::uint32_t least, std::uint32_t most) {
    std::vector<std::vector<std::uint32_t>> made{{}};
    for (std::size_t begin = 0; made[begin].size() < longest; ++begin)
        for (std::uint32_t next = least; next <= most; ++next) {
            made.push_back(made[begin]);
            made.back().push_back(next);
        }
    made.erase(made.begin());
    return made;
}

/// Whether every worker of `made` is an offer, unchanged, and none that offers no slots has a subtask.
inline bool is_of_offers(const plan& made, const std::vector<offer>& offers) {
    for (std::size_t at = 0; at < made.workers.size(); ++at) {
        const auto from = std::ranges::find(offers, made.workers[at].id, &offer::id);
        if (from == offers.end() or from->slots != made.workers[at].slots or from->machine.value != made.machines[at] or
            from->data_address != made.data_addresses[at])
            return false;
        if (from->slots == 0 and load(made, at) > 0) return false;
    }
    return true;
}

inline std::uint64_t largest_load(const plan& made) {
    std::uint64_t most = 0;
    for (std::size_t at = 0; at < made.workers.size(); ++at) most = std::max(most, load(made, at));
    return most;
}

/// "parallelism 2 3 on slots 1 4"
inline std::string input(const std::vector<std::uint32_t>& parallelisms, const std::vector<std::uint32_t>& slots) {
    std::string made = "parallelism";
    for (const std::uint32_t each : parallelisms) made.append(" ").append(std::to_string(each));
    made += " on slots";
    for (const std::uint32_t each : slots) made.append(" ").append(std::to_string(each));
    return made;
}

/// The first input that broke a law, and what came.
struct broken_by {
    std::string_view law;
    findings found{};

    void expect(bool holds, auto describe_input, auto describe_answer) {
        if (holds or not found.empty()) return;
        found.note_call("assign(" + std::string(describe_input()) + ")");
        found.expect(false, law, describe_answer());
    }
};

/// "a plan", "a plan that is none: ...", "a plan of workers that are not the offers' ...", "an error: ...".
inline std::string answer_text(const expected<plan>& answer, const program& of, const std::vector<offer>& offers,
                               const limits& most = {}) {
    if (not answer) return "an error: " + describe(answer.error());
    if (const auto checked = check(*answer, of, most); not checked)
        return "a plan that is none: " + describe(checked.error());
    return is_of_offers(*answer, offers) ? "a plan"
                                         : "a plan with a worker, or slots, machine or address of one, that was not "
                                           "offered, or with load on a worker of no slots";
}

/// ", offered in the order 5 3 4": of ids.
inline std::string order_text(const std::vector<offer>& offers) {
    std::string made = ", offered in the order";
    for (const offer& each : offers) made.append(" ").append(std::to_string(each.id.value));
    return made;
}

inline bool is_right_refusal(const error& why, std::uint64_t needed, std::uint64_t available) {
    return available < needed and why.kind == error_kind::not_enough_slots and why.needed == needed and
           why.available == available;
}

}  // namespace detail

template <assignment_policy Policy, law_report Report>
void check_assignment(const Policy& policy, Report report) {
    detail::broken_by valid{"a plan that `check` accepts, of workers among the offers"},
        enough{"a plan if the slots cover the largest parallelism, else not_enough_slots with needed and available"},
        same{"the same plan for the offers in another order"},
        total{"an answer to every input, `invalid` to what is no program"},
        bound{"no load above what largest_load promises"};
    const auto all_slots = detail::lists(3, 0, 4);
    std::optional<plan> strange;  // of the program before, so mostly of another one
    for (const auto& parallelisms : detail::lists(3, 1, 4)) {
        const program of = detail::program_with(parallelisms);
        const std::uint32_t needed = slots_needed(of);
        std::vector<state_size> sizes;
        for (const node& each : of.nodes) sizes.push_back({.node = each.id, .bytes = 1.0 + each.id.value % 2});
        for (const auto& slots : all_slots) {
            const auto input = [&] { return detail::input(parallelisms, slots); };
            std::vector<offer> offers = detail::offers_with(slots);
            std::uint64_t available = 0;
            for (const std::uint32_t each : slots) available += each;
            const auto is_valid = [&](const expected<plan>& made) {
                return check(*made, of).has_value() and detail::is_of_offers(*made, offers);
            };

            const auto first = policy(of, offers, past{});
            const auto came = [&](const expected<plan>& made) {
                return [&] { return detail::answer_text(made, of, offers); };
            };
            if (first) valid.expect(is_valid(first), input, came(first));
            enough.expect(first ? available >= needed : detail::is_right_refusal(first.error(), needed, available),
                          input, came(first));
            const trouble failed{.machine = offers.back().machine, .ago = std::chrono::minutes(5)};
            const past before{.previous = first ? &*first : nullptr, .sizes = sizes, .troubles = std::span(&failed, 1)};
            const auto second = policy(of, offers, before);
            if (second) valid.expect(is_valid(second), input, came(second));
            enough.expect(second.has_value() == first.has_value(), input, came(second));
            if (strange) {
                const auto third = policy(of, offers, past{.previous = &*strange});
                total.expect(third.has_value() == first.has_value(), input, came(third));
                if (third) valid.expect(is_valid(third), input, came(third));
            }
            if constexpr (bounded_assignment_policy<Policy>) {
                const std::uint64_t promised = policy.largest_load(parallelisms, slots);
                const auto keeps = [&](const expected<plan>& made, std::string_view when) {
                    bound.expect(not made or detail::largest_load(*made) <= promised, input, [&] {
                        return "a load of " + std::to_string(detail::largest_load(*made)) + std::string(when) +
                               ", promised " + std::to_string(promised);
                    });
                };
                keeps(first, "");
                if (first) keeps(policy(of, offers, past{.previous = &*first, .sizes = sizes}), " after its own plan");
            }
            while (std::ranges::next_permutation(offers, {}, &offer::id).found)
                same.expect(
                    policy(of, offers, past{}) == first and policy(of, offers, before) == second,
                    [&] { return input() + detail::order_text(offers); }, [] { return "another plan"; });
            if (first) strange = *first;
        }
    }

    const std::vector<offer> two = detail::offers_with({2, 2});
    const auto refuses = [&](const program& of, const std::vector<offer>& offers, std::string_view what) {
        const auto answer = policy(of, offers, past{});
        total.expect(
            not answer and answer.error().kind == error_kind::invalid, [&] { return what; },
            [&] { return detail::answer_text(answer, of, offers); });
    };
    refuses({}, two, "no nodes");
    refuses(detail::program_with({1, 0}), two, "parallelism 0");
    refuses(detail::program_with({2}), {two[0], two[0]}, "two offers with one id");
    const auto without = policy(detail::program_with({2}), {}, past{});
    total.expect(
        not without and detail::is_right_refusal(without.error(), 2, 0), [] { return "no offers"; },
        [&] { return detail::answer_text(without, detail::program_with({2}), {}); });
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    const std::vector<std::uint32_t> parallelisms{most, 3, most - 1}, slots{most, 7, most};
    const program large = detail::program_with(parallelisms);
    const std::vector<offer> offers = detail::offers_with(slots);
    const auto on_large = policy(large, offers, past{});
    const limits no_limits{.parallelism = most, .slots = most};
    const auto of_32_bits = [&] { return detail::input(parallelisms, slots); };
    const auto came = [&] { return detail::answer_text(on_large, large, offers, no_limits); };
    total.expect(on_large.has_value(), of_32_bits, came);
    if (on_large) valid.expect(check(*on_large, large, no_limits).has_value(), of_32_bits, came);

    report("valid", valid.found.empty(), valid.found.text());
    report("enough", enough.found.empty(), enough.found.text());
    report("same", same.found.empty(), same.found.text());
    report("total", total.found.empty(), total.found.text());
    report("bound", bound.found.empty(), bound.found.text());
}

}  // namespace headgate::inline v1::laws
