// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/conformance/assignment/graphs.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

/// Workers of a job that ran, of which one is gone.
struct after_a_loss {
    program of;
    plan before;
    std::vector<offer> offers;
    std::vector<state_size> sizes;

    explicit after_a_loss(std::mt19937_64& random, std::uint32_t nodes, std::uint32_t workers, std::uint32_t slots) {
        do {
            const random_job job(random, nodes, workers, slots);
            lose(job.parallelisms, job.slots, random() % 2 == 0, random() % job.slots.size());
        } while (not is_enough());
        for (const node& each : of.nodes)
            sizes.push_back({.node = each.id, .bytes = static_cast<double>(random() % 9)});
    }
    after_a_loss(const numbers& parallelisms, const numbers& slots, bool was_filled, std::size_t lost) {
        lose(parallelisms, slots, was_filled, lost);
        for (const node& each : of.nodes)
            sizes.push_back({.node = each.id, .bytes = static_cast<double>(1 + each.id.value * 5 % 7)});
    }

    bool is_enough() const {
        std::uint64_t left = 0;
        for (const offer& each : offers) left += each.slots;
        return left >= slots_needed(of);
    }
    past then() const { return {.previous = &before, .sizes = sizes}; }

    /// The least that any placement within the slack moves, or `known` if none moves less.
    double least_bytes(double slack, double known, balance_by aim = balance_by::load_per_slot) const {
        numbers parallelisms, slots;
        for (const node& each : of.nodes) parallelisms.push_back(each.parallelism);
        for (const offer& each : offers) slots.push_back(each.slots);
        std::vector<numbers> kept(parallelisms.size(), numbers(slots.size()));
        for (std::size_t n = 0; n < parallelisms.size(); ++n)
            for (std::size_t w = 0; w < before.workers.size(); ++w)
                for (std::size_t now = 0; now < slots.size(); ++now)
                    if (offers[now].machine.value == before.machines[w])
                        kept[n][now] = static_cast<std::uint32_t>(load(before, n, w));
        return least_cost(parallelisms, slots, caps_of(of, slots, aim, slack), known,
                          [&](const std::vector<numbers>& placed, std::size_t node, double so_far) {
                              for (std::size_t w = 0; w < slots.size(); ++w)
                                  so_far +=
                                      sizes[node].bytes * (placed[node][w] - std::min(placed[node][w], kept[node][w]));
                              return so_far;
                          });
    }

private:
    void lose(const numbers& parallelisms, const numbers& slots, bool was_filled, std::size_t lost) {
        of = program_with(parallelisms);
        offers = offers_with(slots);
        before = was_filled ? *slot_filling{}(of, offers) : *balanced{}(of, offers);
        for (offer& each : offers) each.id.value += 1'000;  // a new generation
        offers.erase(offers.begin() + static_cast<std::ptrdiff_t>(lost));
    }
};

bool within(const plan& made, const program& of, const std::vector<offer>& offers, double slack,
            balance_by aim = balance_by::load_per_slot) {
    const auto found = judge(made, of, offers);
    return found and (aim == balance_by::load ? found->gap() : found->gap_per_slot()) <= slack + 1e-9;
}

struct tally {
    int tried = 0, wrong = 0, exact = 0, moved = 0;

    void judge_loss(const after_a_loss& input, double slack, balance_by aim = balance_by::load_per_slot) {
        ++tried;
        const auto answer = sticky{.balance = slack, .aim = aim}.decide(input.of, input.offers, input.then());
        if (not answer or not check(answer->made, input.of) or
            not within(answer->made, input.of, input.offers, slack, aim)) {
            ++wrong;
            return;
        }
        if (answer->way != sticky_way::exact) return;
        ++exact;
        const double least = input.least_bytes(slack, answer->moved_bytes + 0.5, aim);
        wrong += std::abs(least - answer->moved_bytes) > 1e-9 or std::abs(least - *answer->least_bytes) > 1e-9;
        moved += least > 0;
    }
};

BOOST_AUTO_TEST_CASE(after_every_small_loss_sticky_moves_as_few_bytes_as_any_plan_within_its_slack) {
    tally all;
    each_small_job([&](const numbers& parallelisms, const numbers& slots) {
        if (not std::ranges::is_sorted(parallelisms)) return;
        for (std::size_t lost = 0; lost < slots.size(); ++lost)
            if (const after_a_loss input(parallelisms, slots, all.tried % 2 == 0, lost); input.is_enough())
                all.judge_loss(input, 1 + static_cast<double>(all.tried % 3) / 4);
    });
    BOOST_TEST(all.wrong == 0);
    BOOST_TEST(all.exact > all.tried * 9 / 10);
    BOOST_TEST(all.moved > all.tried / 3);
    BOOST_TEST_MESSAGE(all.exact << " of " << all.tried << " exact, " << all.moved << " had to move something");
}

BOOST_AUTO_TEST_CASE(after_random_losses_sticky_moves_as_few_bytes_as_any_plan_within_its_slack) {
    std::mt19937_64 random(21);
    tally all;
    for (int round = 0; round < rounds(3'000); ++round)
        all.judge_loss(after_a_loss(random, 3, 4, 3), 1 + static_cast<double>(random() % 3) / 4);
    BOOST_TEST(all.wrong == 0);
    BOOST_TEST(all.exact > all.tried * 2 / 3);
    BOOST_TEST(all.moved > all.tried / 3);
}

BOOST_AUTO_TEST_CASE(asked_for_the_largest_load_sticky_keeps_its_slack_of_that_and_moves_as_few_bytes_as_any_plan) {
    std::mt19937_64 random(24);
    tally all;
    for (int round = 0; round < rounds(3'000); ++round)
        all.judge_loss(after_a_loss(random, 3, 4, 3), 1 + static_cast<double>(random() % 3) / 4, balance_by::load);
    BOOST_TEST(all.wrong == 0);
    BOOST_TEST(all.exact > all.tried * 2 / 3);
    BOOST_TEST(all.moved > all.tried / 3);
}

BOOST_AUTO_TEST_CASE(the_approximation_stays_within_its_slack_and_is_never_better_than_the_flow) {
    std::mt19937_64 random(22);
    int wrong = 0;
    double least = 0, moved = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        const after_a_loss input(random, 8, 12, 9);
        const sticky exact{.balance = 1.1}, quick{.balance = 1.1, .most_arcs = 0};
        const auto a = exact.decide(input.of, input.offers, input.then());
        const auto b = quick.decide(input.of, input.offers, input.then());
        BOOST_TEST_REQUIRE((a and b));
        wrong += not check(b->made, input.of) or not within(b->made, input.of, input.offers, 1.1);
        wrong += b->moved_bytes < a->moved_bytes - 1e-6;
        wrong += b->way != sticky_way::approximate;
        least += a->moved_bytes;
        moved += b->moved_bytes;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE("moved " << moved << ", at least " << least);
    BOOST_TEST(moved < 2 * least);
}

BOOST_AUTO_TEST_CASE(with_nothing_lost_nothing_moves) {
    std::mt19937_64 random(23);
    for (int round = 0; round < rounds(2'000); ++round) {
        const random_job job(random, 8, 12, 9);
        const program of = program_with(job.parallelisms);
        const auto offers = offers_with(job.slots);
        const plan before = *balanced{}(of, offers);
        for (const std::size_t arcs : {std::size_t{0}, std::size_t{10'000}}) {
            const auto answer = sticky{.balance = 1, .most_arcs = arcs}.decide(of, offers, {.previous = &before});
            BOOST_TEST_REQUIRE(answer.has_value());
            BOOST_TEST(answer->moved_bytes == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(where_what_stays_needs_more_layouts_than_a_message_holds_the_plan_is_fresh_and_says_so_A4) {
    const auto after_one_is_lost = [](std::uint32_t nodes, std::uint32_t parallelism, std::uint32_t step,
                                      const numbers& slots) {
        program of;
        for (std::uint32_t i = 0; i < nodes; ++i)
            of.nodes.push_back({.id = {i}, .parallelism = parallelism + i * step, .operators = {{{"o"}, {}}}});
        auto offers = offers_with(slots);
        const plan before = *balanced{}(of, offers);
        offers.pop_back();
        const auto answer = sticky{}.decide(of, offers, {.previous = &before});
        BOOST_TEST_REQUIRE(answer.has_value());
        BOOST_TEST(check(answer->made, of).has_value());
        BOOST_TEST(total_runs(answer->made.layouts) <= 400'000u);
        BOOST_TEST((answer->way != sticky_way::fresh or answer->made == balanced{}(of, offers)));
        return answer->way;
    };
    BOOST_TEST((after_one_is_lost(1'100, 8'800, 1, numbers(10'000, 1)) == sticky_way::fresh));  // check: 11 M runs
    BOOST_TEST((after_one_is_lost(100, 90'001, 0, numbers(10'000, 10)) == sticky_way::fresh));  // a message: 5 MB
    BOOST_TEST((after_one_is_lost(30, 90'001, 0, numbers(10'000, 10)) == sticky_way::approximate));
    BOOST_TEST((after_one_is_lost(5'000, 20, 1, numbers(40, 200)) == sticky_way::approximate));
}

BOOST_AUTO_TEST_CASE(of_two_sizes_of_many_terabytes_that_differ_by_a_byte_the_smaller_one_moves) {
    constexpr double large = 0x1p46;
    const numbers parallelisms{1, 1}, slots{1, 1};
    const std::vector<std::uint64_t> kept{1, 0, 1, 0}, caps{1, 1};  // both were on the first worker, one can stay
    for (const std::vector<double>& sizes : {std::vector{large, large + 1}, std::vector{large + 1, large}}) {
        const auto found = place_with_least_moves({parallelisms, sizes, kept, slots, caps});
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST(found->cost == large);
    }
}

BOOST_AUTO_TEST_CASE(on_rescale_state_follows_its_keys) {
    const program small = program_with({4, 4}), large = program_with({8, 8});
    const auto offers = offers_with({4, 4});
    const plan before = *balanced{}(small, offers);
    const auto answer = sticky{}.decide(large, offers, {.previous = &before});
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST((answer->way == sticky_way::approximate));
    BOOST_TEST(answer->moved_bytes == 0);
    const auto back = sticky{}.decide(small, offers, {.previous = &answer->made});
    BOOST_TEST_REQUIRE(back.has_value());
    BOOST_TEST(back->moved_bytes == 0);
}

/// By subtask of `node`, the worker of today that has its first key, or `no_worker`.
numbers where_its_keys_were(const plan& old, const plan& now, std::size_t node) {
    const auto corresponds = corresponding(old, now);
    numbers found;
    for (std::uint64_t i = 0; i < now.nodes[node].parallelism; ++i)
        found.push_back(corresponds[worker_of(
            old, node, static_cast<std::uint32_t>(i * old.nodes[node].parallelism / now.nodes[node].parallelism))]);
    return found;
}

/// How many subtasks are not where their keys were, though their worker, which has slots for so many, could have them.
int not_kept(const plan& old, const plan& now) {
    int wrong = 0;
    for (std::size_t node = 0; node < now.nodes.size(); ++node) {
        const auto was = where_its_keys_were(old, now, node);
        numbers kept(now.workers.size());
        for (std::uint32_t i = 0; i < was.size(); ++i) {
            if (was[i] == no_worker or kept[was[i]] == now.workers[was[i]].slots) continue;
            ++kept[was[i]];
            wrong += worker_of(now, node, i) != was[i];
        }
    }
    return wrong;
}

/// A job with other parallelisms than before, as often as not without one of its workers.
/// Whether a fresh plan within the slack moves fewer bytes than `answer`.
bool moves_less_afresh(const sticky_answer& answer, const program& of, const std::vector<offer>& offers,
                       const past& before, double slack) {
    const plan fresh = *balanced{}(of, offers, before);
    return within(fresh, of, offers, slack) and moves_of(fresh, before)->bytes < answer.moved_bytes - 1e-6;
}

struct after_a_rescale {
    program of;
    plan before;
    std::vector<offer> offers;

    explicit after_a_rescale(std::mt19937_64& random) {
        const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
        const random_job job(random, 6, 8, 6);
        of = program_with(job.parallelisms);
        offers = offers_with(job.slots);
        before = below(2) == 0 ? *slot_filling{}(of, offers) : *balanced{}(of, offers);
        for (offer& each : offers) each.id.value += 1'000;
        if (offers.size() > 1 and below(2) == 0)
            offers.erase(offers.begin() + below(static_cast<std::uint32_t>(offers.size())));
        std::uint32_t left = 0;
        for (const offer& each : offers) left += each.slots;
        for (node& each : of.nodes) each.parallelism = 1 + below(left);
    }
};

BOOST_AUTO_TEST_CASE(after_random_rescales_every_subtask_is_where_its_first_key_was_or_fewer_bytes_move_afresh) {
    std::mt19937_64 random(25);
    int wrong = 0, tried = 0, moved = 0, afresh = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        const after_a_rescale input(random);
        const past then{.previous = &input.before};
        // With slots alone to keep it from that, then with a balance too.
        const auto free = sticky{.balance = 1e6}.decide(input.of, input.offers, then);
        const auto tight = sticky{.balance = 1.2}.decide(input.of, input.offers, then);
        BOOST_TEST_REQUIRE((free and tight));
        wrong += not check(free->made, input.of) or not check(tight->made, input.of);
        wrong += free->way != sticky_way::fresh and not_kept(input.before, free->made) > 0;
        wrong += moves_less_afresh(*free, input.of, input.offers, then, 1e6) or
                 moves_less_afresh(*tight, input.of, input.offers, then, 1.2);
        afresh += free->way == sticky_way::fresh;
        wrong += not within(tight->made, input.of, input.offers, 1.2);
        ++tried;
        moved += free->moved_bytes > 0;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(moved > tried / 3);
    BOOST_TEST(afresh < tried / 10);
}

/// What is of `each` node by one entry, said in other words.
template <class Words>
std::vector<state_size> said_otherwise(const after_a_loss& input, Words words) {
    std::vector<state_size> made;
    for (std::size_t n = 0; n < input.sizes.size(); ++n)
        words(input.sizes[n].node, input.sizes[n].bytes, input.of.nodes[n].parallelism, made);
    return made;
}

BOOST_AUTO_TEST_CASE(of_equal_bytes_within_each_node_sticky_is_exact_however_the_entries_say_so) {
    std::mt19937_64 random(27);
    int wrong = 0, exact = 0;
    for (int round = 0; round < rounds(1'000); ++round) {
        after_a_loss input(random, 4, 5, 4);
        const auto wanted = sticky{.balance = 1}.decide(input.of, input.offers, input.then());
        BOOST_TEST_REQUIRE(wanted.has_value());
        exact += wanted->way == sticky_way::exact;
        const auto of_one_range = [](node_id node, double bytes, std::uint32_t parallelism, auto& into) {
            into.push_back({.node = node, .bytes = bytes, .subtasks = {0, parallelism}});
        };
        const auto of_each_subtask = [](node_id node, double bytes, std::uint32_t parallelism, auto& into) {
            for (std::uint32_t i = parallelism; i-- > 0;)
                into.push_back({.node = node, .bytes = bytes, .subtasks = {i, i + 1}});
        };
        const auto of_two_that_add_up = [](node_id node, double bytes, std::uint32_t parallelism, auto& into) {
            into.push_back({.node = node, .bytes = bytes});
            into.push_back({.node = node, .bytes = bytes, .subtasks = {0, parallelism + 1}});
        };
        const auto of_the_rest_by_no_entry = [](node_id node, double bytes, std::uint32_t parallelism, auto& into) {
            if (bytes > 0) into.push_back({.node = node, .bytes = bytes, .subtasks = {0, parallelism}});
            into.push_back({.node = node, .bytes = 7, .subtasks = {parallelism, parallelism + 3}});
        };
        const auto is_as_wanted = [&](const std::vector<state_size>& sizes, double times) {
            const auto found =
                sticky{.balance = 1}.decide(input.of, input.offers, {.previous = &input.before, .sizes = sizes});
            return found and found->way == wanted->way and found->moved_bytes == times * wanted->moved_bytes and
                   found->least_bytes.has_value() == wanted->least_bytes.has_value();
        };
        wrong += not is_as_wanted(said_otherwise(input, of_one_range), 1);
        wrong += not is_as_wanted(said_otherwise(input, of_each_subtask), 1);
        wrong += not is_as_wanted(said_otherwise(input, of_two_that_add_up), 2);
        wrong += not is_as_wanted(said_otherwise(input, of_the_rest_by_no_entry), 1);
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(exact > rounds(1'000) * 9 / 10);
}

BOOST_AUTO_TEST_CASE(of_a_node_with_unequal_bytes_sticky_is_approximate_says_so_and_keeps_what_fits) {
    std::mt19937_64 random(26);
    int wrong = 0, fitted = 0, as_lost = 0;
    for (int round = 0; round < rounds(2'000); ++round) {
        after_a_loss input(random, 8, 12, 9);
        double lost = 0;
        input.sizes.clear();
        const node& first = input.of.nodes[0];
        const std::uint32_t cut = first.parallelism / 2;
        if (cut == 0) continue;  // one subtask has one size
        for (const node& each : input.of.nodes) input.sizes.push_back({.node = each.id, .bytes = 1});
        input.sizes[0].subtasks = {0, cut};
        input.sizes.push_back({.node = first.id, .bytes = 7, .subtasks = {cut, first.parallelism}});
        const auto answer = sticky{.balance = 1.1}.decide(input.of, input.offers, input.then());
        BOOST_TEST_REQUIRE(answer.has_value());
        wrong += answer->way == sticky_way::exact or answer->least_bytes;
        wrong += moves_less_afresh(*answer, input.of, input.offers, input.then(), 1.1);
        wrong += not check(answer->made, input.of) or not within(answer->made, input.of, input.offers, 1.1);
        std::vector<std::uint64_t> stays(input.offers.size());
        for (std::size_t n = 0; n < input.of.nodes.size(); ++n) {
            const auto was = where_its_keys_were(input.before, answer->made, n);
            for (std::uint32_t i = 0; i < was.size(); ++i)
                if (was[i] == no_worker)
                    lost += n == 0 and i >= cut ? 7 : 1;
                else
                    ++stays[was[i]];
        }
        wrong += answer->moved_bytes < lost - 1e-6;
        numbers slots;
        for (const offer& each : input.offers) slots.push_back(each.slots);
        const auto caps = caps_of(input.of, slots, balance_by::load_per_slot, 1.1);
        if (not std::ranges::equal(stays, caps, std::ranges::less_equal{})) continue;
        ++fitted;
        as_lost += answer->moved_bytes < lost + 1e-6;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE("where all could stay, " << as_lost << " of " << fitted << " moved what was lost and no more");
    BOOST_TEST(fitted > rounds(2'000) / 3);
    BOOST_TEST(as_lost > fitted * 9 / 10);
}

BOOST_AUTO_TEST_CASE(a_past_that_is_none_is_refused_by_name) {
    const program of = program_with({4});
    const auto offers = offers_with({4, 4});
    const auto why = [&](const sticky& policy, const past& before) {
        const auto answer = policy(of, offers, before);
        return answer ? std::string("fine") : answer.error().text;
    };
    const std::vector<state_size> negative{{.node = {100}, .bytes = -1}};
    BOOST_TEST(why({}, {.sizes = negative}).starts_with("state of node 100: -1"));
    plan broken;
    broken.nodes.push_back({.id = {1}, .parallelism = 1});
    BOOST_TEST(why({}, {.previous = &broken}).starts_with("the previous plan: node 1: there is no layout 0"));
    BOOST_TEST(why({.balance = 0.5}, {}).starts_with("sticky: a balance of 0.5"));
    BOOST_TEST(why({.balance = std::numeric_limits<double>::quiet_NaN()}, {}).starts_with("sticky: a balance of nan"));
    BOOST_TEST(why({.zones = spread{.penalty = 2}}, {}).starts_with("spread: a penalty of 2"));
    BOOST_TEST(why({.zones = spread{}, .aim = balance_by::load}, {}).starts_with("sticky: zones share out the load"));
    const program other = program_with({1, 2, 3});
    const plan of_another = *slot_filling{}(other, offers_with({3}));
    BOOST_TEST(why({}, {.previous = &of_another}) == "fine");
}

BOOST_AUTO_TEST_CASE(where_slots_are_kept_back_there_is_no_bound_on_what_moves) {
    const program of = program_with({8, 8});
    const auto offers = offers_with({8, 8, 8, 8});
    const plan before = *balanced{}(of, offers);
    const std::vector<trouble> troubles{{.machine = {"machine 2"}}};
    const sticky policy{.zones = spread{.penalty = 1}};
    const auto without = policy.decide(of, offers, {.previous = &before});
    BOOST_TEST_REQUIRE((without and without->least_bytes));
    BOOST_TEST(*without->least_bytes == 0);
    const auto answer = policy.decide(of, offers, {.previous = &before, .troubles = troubles});
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->moved_bytes == 4);  // plain `sticky` moves nothing
    BOOST_TEST(not answer->least_bytes);
}

/// Odd layouts as nobody makes them, and valid: runs of any length and owner, offsets and grains as they come.
plan any_plan(std::mt19937_64& random, const program& of, const std::vector<offer>& offers) {
    const auto below = [&](std::uint64_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    for (int attempt = 0; attempt < 100; ++attempt) {
        plan made = *slot_filling{}(of, offers);
        made.layouts.clear();
        const std::uint32_t layouts = 1 + below(of.nodes.size());
        for (std::uint32_t i = 0; i < layouts; ++i) {
            layout& line = made.layouts.emplace_back(layout{.spaced = static_cast<spacing>(below(3))});
            const bool is_fine = below(2) == 0;
            for (std::uint32_t run = is_fine ? static_cast<std::uint32_t>(made.workers.size()) : 1 + below(12); run > 0;
                 --run) {
                line.owners.push_back(is_fine ? run - 1 : below(made.workers.size()));
                line.boundaries.push_back(line.boundaries.back() + below(5));
            }
        }
        for (placed_node& each : made.nodes) {
            each.layout = below(layouts);
            each.grain = each.parallelism % 2 == 0 and below(4) == 0 ? 2 : 1;
            const layout& line = made.layouts[each.layout];
            each.offset = below(1 + (line.spaced == spacing::level ? line.owners.size() : line.boundaries.back()));
        }
        if (check(made, of)) return made;
    }
    return *balanced{}(of, offers);
}

/// What `mending` comes to, if it does.
std::optional<plan> mended(const program& of, const std::vector<offer>& offers, const plan& before, double slack) {
    const auto line = line_up(of, offers);
    plan made = *plan_on(offers, line->order);
    const auto caps = caps_of(of, line->slots, balance_by::load_per_slot, slack);
    const headgate::detail::zone_order zones(*line, offers, line->slots);
    if (not headgate::detail::mending(made, of, line->slots, caps, &zones).run(before, corresponding(before, made)))
        return std::nullopt;
    return made;
}

BOOST_AUTO_TEST_CASE(old_layouts_of_anyone_are_mended_into_plans_within_the_slack_or_not_at_all) {
    std::mt19937_64 random(27);
    const auto below = [&](std::uint64_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    int tried = 0, done = 0, wrong = 0;
    double least = 0, moved = 0;
    for (int round = 0; round < rounds(5'000); ++round) {
        random_job job(random, 1 + below(20), 10, 8);
        if (below(2) == 0)
            for (std::uint32_t& each : job.parallelisms) each = 1 + each / 3;
        program of = program_with(job.parallelisms);
        auto offers = offers_with(job.slots);
        const std::uint32_t kind = below(4);
        const plan before = kind == 0   ? *slot_filling{.order = filling_order::largest_first}(of, offers)
                            : kind == 1 ? *balanced{}(of, offers)
                            : kind == 2 ? *spread{}(of, offers)
                                        : any_plan(random, of, offers);
        for (offer& each : offers) each.id.value += 1'000;
        if (const std::uint32_t lost = below(offers.size() + 1); lost < offers.size())
            offers.erase(offers.begin() + lost);
        if (below(4) == 0)
            offers.push_back({.id = {1}, .machine = {"new"}, .slots = 1 + below(8), .data_address = "h"});
        if (below(4) == 0 and not offers.empty()) offers[below(offers.size())].slots += below(3);
        if (below(4) == 0 and not offers.empty()) offers[below(offers.size())].slots = 1 + below(8);
        if (below(3) == 0) of.nodes[below(of.nodes.size())].parallelism = 1 + below(20);
        if (below(4) == 0) of.nodes.push_back({.id = {9}, .parallelism = 1 + below(20), .operators = {{{"o"}, {}}}});
        if (below(4) == 0 and of.nodes.size() > 1) of.nodes.erase(of.nodes.begin());
        if (below(3) == 0)
            for (offer& each : offers) each.zone = std::string(1, static_cast<char>('a' + below(3)));
        if (not line_up(of, offers)) continue;
        ++tried;
        const double slack = 1 + below(6) / 10.0;
        const auto made = mended(of, offers, before, slack);
        if (not made) continue;
        ++done;
        const auto ok = check(*made, of);
        wrong += not ok or not within(*made, of, offers, slack);
        const auto exact = sticky{.balance = slack}.decide(of, offers, {.previous = &before});
        BOOST_TEST_REQUIRE(exact.has_value());
        const double mine = moves_of(*made, {.previous = &before})->bytes;
        if (not exact->least_bytes) continue;
        wrong += mine < *exact->least_bytes - 1e-6;
        least += *exact->least_bytes;
        moved += mine;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(done > tried / 2);
    BOOST_TEST_MESSAGE(done << " of " << tried << " mended, moved " << moved << ", at least " << least);
    BOOST_TEST(moved < 3 * least);
}

BOOST_AUTO_TEST_CASE(of_ten_thousand_nodes_no_more_moves_than_thrice_what_a_lost_worker_had) {
    for (const bool is_equal : {false, true})
        for (const std::string_view graph : {"dag", "lattice", "heavy_tail"}) {
            program of = *graphs::make(graph, 1'000'000);
            for (node& each : of.nodes) each.parallelism = std::min(each.parallelism, 7'000u);
            auto offers = graphs::workers(1'000, 14);
            std::mt19937_64 random(28);
            if (not is_equal)
                for (offer& each : offers) each.slots = static_cast<std::uint32_t>(8 + random() % 14);
            BOOST_TEST_REQUIRE(line_up(of, offers).has_value());
            const plan before = *balanced{}(of, offers);
            for (offer& each : offers) each.id.value += 1'000'000;
            const std::size_t lost = 4 * 61 + 3;  // the last of its machine, so that the others correspond
            offers.erase(offers.begin() + lost);
            const auto answer = sticky{.balance = 1.05}.decide(of, offers, {.previous = &before});
            BOOST_TEST_REQUIRE(answer.has_value());
            BOOST_TEST((answer->way == sticky_way::approximate));
            BOOST_TEST(answer->moved_bytes <= 3 * static_cast<double>(load(before, lost)));
            BOOST_TEST(answer->keeps_balance);
            BOOST_TEST(check(answer->made, of).has_value());
            BOOST_TEST(within(answer->made, of, offers, 1.05));
            BOOST_TEST(total_runs(answer->made.layouts) <= most_runs);
        }
}

/// Without those of `offers` whose number times `lost` / all passes a whole number: spread over the machines.
std::vector<offer> without(std::vector<offer> offers, std::size_t lost) {
    std::vector<offer> left;
    for (std::size_t i = 0; i < offers.size(); ++i)
        if ((i + 1) * lost / offers.size() == i * lost / offers.size()) left.push_back(std::move(offers[i]));
    return left;
}

/// So many of `offers` are lost: what was on them moves, and no more.
void loses(std::size_t lost, const program& of, const std::vector<offer>& offers, const plan& before) {
    const auto left = without(offers, lost);
    const auto answer = sticky{}.decide(of, left, {.previous = &before});
    BOOST_TEST_REQUIRE(answer.has_value());
    double had = 0;
    for (std::uint32_t w = 0; w < before.workers.size(); ++w)
        if (not position_of(answer->made, before.workers[w].id)) had += static_cast<double>(load(before, w));
    BOOST_TEST_CONTEXT(lost << " lost") {
        BOOST_TEST((answer->way == sticky_way::approximate));
        BOOST_TEST(answer->moved_bytes == had);
        BOOST_TEST(answer->keeps_balance);
        BOOST_TEST(check(answer->made, of).has_value());
        BOOST_TEST(within(answer->made, of, left, 1.1));
        BOOST_TEST(total_runs(answer->made.layouts) <= most_runs);
    }
}

BOOST_AUTO_TEST_CASE(of_many_nodes_with_more_than_a_subtask_on_a_worker_only_what_was_lost_moves) {
    const program of = *graphs::make("lattice", 1'000'000);  // 900 nodes of 1,111
    for (const std::uint32_t slots : {3u, 4u, 14u}) {
        const auto offers = graphs::workers(1'000, slots);
        const plan before = *balanced{}(of, offers);
        BOOST_TEST_CONTEXT(slots << " slots")
        for (const std::size_t lost : {1u, 10u, 300u, 500u, 600u}) loses(lost, of, offers, before);
    }
}

BOOST_AUTO_TEST_CASE(of_ten_thousand_workers_with_room_only_what_was_lost_moves_whatever_the_graph) {
    for (const std::string_view graph : graphs::names) {
        const program of = *graphs::make(graph, 1'000'000);
        const auto offers = graphs::workers(10'000, 200);
        const plan before = *balanced{}(of, offers);
        BOOST_TEST_CONTEXT(graph)
        for (const std::size_t lost : {1u, 100u}) loses(lost, of, offers, before);
    }
}

/// By node and zone.
std::vector<std::map<std::string, std::uint64_t>> zone_counts(const plan& what, const std::vector<offer>& offers) {
    std::map<std::uint64_t, std::string> zones;
    for (const offer& each : offers) zones[each.id.value] = each.zone;
    std::vector<std::map<std::string, std::uint64_t>> counts(what.nodes.size());
    std::vector<range_on_worker> ranges;
    for (std::size_t node = 0; node < counts.size(); ++node, ranges.clear()) {
        headgate::append_ranges(what, node, ranges);
        for (const range_on_worker& each : ranges)
            counts[node][zones.at(what.workers[each.worker].id.value)] += each.range.size();
    }
    return counts;
}

BOOST_AUTO_TEST_CASE(of_many_nodes_none_has_more_of_a_zone_than_its_share_or_what_it_had_but_for_a_few) {
    program of = *graphs::make("lattice", 1'000'000);
    const auto offers = graphs::workers(1'000, 4, 4);
    const plan before = *spread{}(of, offers);
    const auto was = zone_counts(before, offers);
    for (const std::size_t lost : {1u, 10u, 100u}) {
        const auto left = without(offers, lost);
        const auto answer = sticky{.zones = spread{}}.decide(of, left, {.previous = &before});
        BOOST_TEST_REQUIRE(answer.has_value());
        BOOST_TEST((answer->way == sticky_way::approximate));
        BOOST_TEST(answer->moved_bytes <= 1.001 * static_cast<double>(lost) * 1'000);
        BOOST_TEST(check(answer->made, of).has_value());
        BOOST_TEST(within(answer->made, of, left, 1.1));
        std::map<std::string, std::uint64_t> slots;
        for (const offer& each : left) slots[each.zone] += each.slots;
        std::uint64_t above = 0;
        const auto is = zone_counts(answer->made, left);
        for (std::size_t node = 0; node < is.size(); ++node)
            for (const auto& [zone, count] : is[node]) {
                const std::uint64_t share = (1'111 * slots[zone] + 4 * left.size() - 1) / (4 * left.size());
                const std::uint64_t most = std::max(was[node].at(zone), share);
                above = std::max(above, count - std::min(count, most));
            }
        BOOST_TEST_MESSAGE(lost << " lost, above its share and what it had: " << above);
        BOOST_TEST(above <= 4u);
    }
}

BOOST_AUTO_TEST_CASE(of_many_nodes_a_rescaled_one_has_its_share_of_each_zone) {
    program of = *graphs::make("lattice", 1'000'000);
    const auto offers = graphs::workers(1'000, 4, 4);
    const plan before = *spread{}(of, offers);
    of.nodes[7].parallelism = 1'201;
    const auto answer = sticky{.zones = spread{}}.decide(of, offers, {.previous = &before});
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST((answer->way == sticky_way::approximate));
    BOOST_TEST(answer->moved_bytes <= 1'201);
    const auto is = zone_counts(answer->made, offers);
    for (const auto& [zone, count] : is[7]) BOOST_TEST((count == 300 or count == 301), zone);
}

BOOST_AUTO_TEST_CASE(of_many_nodes_a_lost_zone_is_shared_out_over_the_others) {
    const program of = *graphs::make("lattice", 1'000'000);
    auto offers = graphs::workers(1'000, 8, 4);
    const plan before = *spread{}(of, offers);
    std::erase_if(offers, [](const offer& each) { return each.zone == "rack-1"; });
    const auto answer = sticky{.zones = spread{}}.decide(of, offers, {.previous = &before});
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_TEST((answer->way == sticky_way::approximate));
    std::uint64_t most = 0;
    for (const auto& counts : zone_counts(answer->made, offers))
        for (const auto& [zone, count] : counts) most = std::max(most, count);
    BOOST_TEST_MESSAGE("share 371, largest " << most << ", moved " << answer->moved_bytes);
    BOOST_TEST(answer->moved_bytes < 251'000);
    BOOST_TEST(most <= 371 + 8);
}

/// Most bytes that can stay, by how many subtasks each worker has.
using kept_by_counts = std::map<numbers, double>;

void keep_better(kept_by_counts& into, const numbers& counts, double bytes) {
    const auto [at, is_new] = into.emplace(counts, bytes);
    if (not is_new) at->second = std::max(at->second, bytes);
}

/// Bytes that any plan within `caps` must move; nothing if there is none. `stays[n][i][w]`: of subtask i of node n.
std::optional<double> least_moved(const std::vector<std::vector<std::vector<double>>>& stays, const numbers& slots,
                                  const std::vector<std::uint64_t>& caps, double all) {
    kept_by_counts so_far{{numbers(slots.size()), 0.0}};
    for (const auto& node : stays) {
        kept_by_counts mine{{numbers(slots.size()), 0.0}};
        for (const auto& subtask : node) {
            kept_by_counts next;
            for (const auto& [counts, bytes] : mine)
                for (std::size_t w = 0; w < slots.size(); ++w) {
                    if (counts[w] == slots[w]) continue;
                    numbers then = counts;
                    ++then[w];
                    keep_better(next, then, bytes + subtask[w]);
                }
            mine = std::move(next);
        }
        kept_by_counts next;
        for (const auto& [before, bytes] : so_far)
            for (const auto& [counts, more] : mine) {
                numbers sum = before;
                bool fits = true;
                for (std::size_t w = 0; w < sum.size(); ++w) fits = fits and (sum[w] += counts[w]) <= caps[w];
                if (fits) keep_better(next, sum, bytes + more);
            }
        so_far = std::move(next);
    }
    if (so_far.empty()) return {};
    double kept = 0;
    for (const auto& [counts, bytes] : so_far) kept = std::max(kept, bytes);
    return all - kept;
}

BOOST_AUTO_TEST_CASE(on_a_rescale_with_or_without_a_loss_sticky_moves_little_more_than_the_least_of_all_plans) {
    std::mt19937_64 random(71);
    const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
    double ours = 0, least = 0, worst = 1;
    int tried = 0, below_least = 0;
    for (int round = 0; round < rounds(500); ++round) {
        const random_job job(random, 2, 3, 4);
        if (job.slots.size() < 2) continue;
        auto offers = offers_with(job.slots);
        program of = program_with(job.parallelisms);
        const plan before = *balanced{}(of, offers);
        numbers slots = job.slots;
        if (below(2) == 0) offers.pop_back(), slots.pop_back();
        const auto all_slots = static_cast<std::uint32_t>(sum_of(slots));
        for (node& each : of.nodes) each.parallelism = 1 + below(std::min(all_slots, 10u));
        std::vector<state_size> sizes;
        for (const node& each : of.nodes) sizes.push_back({.node = each.id, .bytes = 1.0 + below(5)});
        const past then{.previous = &before, .sizes = sizes};
        const auto answer = sticky{}.decide(of, offers, then);
        BOOST_TEST_REQUIRE(answer.has_value());
        const auto corresponds = corresponding(before, answer->made);
        std::vector<std::vector<std::vector<double>>> stays(of.nodes.size());
        double all = 0;
        for (std::size_t n = 0; n < stays.size(); ++n) {
            const std::uint32_t p = before.nodes[n].parallelism, q = of.nodes[n].parallelism;
            all += p * sizes[n].bytes;
            stays[n].assign(q, std::vector<double>(slots.size()));
            for (std::uint32_t key = 0; key < p * q; ++key)  // the common parts of old and new subtasks
                if (const std::uint32_t w = corresponds[worker_of(before, n, key / q)]; w != no_worker)
                    stays[n][key / p][w] += sizes[n].bytes / q;
        }
        const auto caps = caps_of(of, slots, balance_by::load_per_slot, sticky{}.balance);
        const std::optional<double> fewest = least_moved(stays, slots, caps, all);
        if (not fewest or not answer->keeps_balance) continue;
        ++tried;
        below_least += answer->moved_bytes < *fewest - 1e-6;
        ours += answer->moved_bytes;
        least += *fewest;
        if (*fewest > 0.5) worst = std::max(worst, answer->moved_bytes / *fewest);
    }
    BOOST_TEST_MESSAGE(tried << " rescales: " << ours / least << " times the least, at worst " << worst);
    BOOST_TEST(tried > rounds(500) / 2);
    BOOST_TEST(below_least == 0);
    BOOST_TEST(ours < 1.25 * least);
    BOOST_TEST(worst < 12);
}

}  // namespace
