// SPDX-License-Identifier: BSL-1.0
#include "small_inputs.hpp"

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/least_moved_bytes.hpp>
#include <headgate/assignment/line_up.hpp>
#include <headgate/assignment/report.hpp>
#include <headgate/assignment/slot_filling.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::tests;

/// A program with a chain of edges and some more, on workers of machines and zones.
struct random_input {
    program of;
    std::vector<offer> offers;

    explicit random_input(std::mt19937_64& random, std::uint32_t most = 5) {
        const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
        const random_job job(random, most, most, 4);
        of = program_with(job.parallelisms);
        for (std::uint32_t to = 1; to < of.nodes.size(); ++to)
            for (std::uint32_t from = to > 2 ? to - 2 : 0; from < to; ++from) {
                const std::uint32_t p = of.nodes[from].parallelism, q = of.nodes[to].parallelism;
                const bool can_forward = p % q == 0 or q % p == 0;
                of.edges.push_back({.from = of.nodes[from].id,
                                    .to = of.nodes[to].id,
                                    .kind = can_forward and below(2) == 0 ? edge_kind::forward : edge_kind::shuffle});
            }
        offers = offers_with(job.slots);
        for (offer& each : offers) {
            each.machine.value = "machine " + std::to_string(below(3));
            each.zone = "zone " + std::to_string(below(2));
        }
    }
};

std::vector<std::vector<std::uint32_t>> owners(const plan& of) {
    std::vector<std::vector<std::uint32_t>> made(of.nodes.size());
    for (std::size_t node = 0; node < made.size(); ++node)
        for (std::uint32_t i = 0; i < of.nodes[node].parallelism; ++i) made[node].push_back(worker_of(of, node, i));
    return made;
}

/// Channel by channel.
channels_report obvious_channels(const plan& made, const program& of, const std::vector<offer>& offers) {
    const auto placed = owners(made);
    const auto offered = [&](std::uint32_t worker) {
        return *std::ranges::find(offers, made.workers[worker].id, &offer::id);
    };
    channels_report found;
    for (const edge& one : of.edges) {
        const auto& from = placed[one.from.value - 100];
        const auto& to = placed[one.to.value - 100];
        channel_counts& counts = found.by_edge.emplace_back();
        const auto channel = [&](std::size_t i, std::size_t j) {
            ++counts.all;
            counts.across_workers += from[i] != to[j];
            counts.across_machines += offered(from[i]).machine != offered(to[j]).machine;
            counts.across_zones += offered(from[i]).zone != offered(to[j]).zone;
        };
        if (one.kind == edge_kind::shuffle) {
            for (std::size_t i = 0; i < from.size(); ++i)
                for (std::size_t j = 0; j < to.size(); ++j) channel(i, j);
        } else {
            const std::size_t all = std::max(from.size(), to.size());
            for (std::size_t i = 0; i < all; ++i) channel(i * from.size() / all, i * to.size() / all);
        }
        found.total.all += counts.all;
        found.total.across_workers += counts.across_workers;
        found.total.across_machines += counts.across_machines;
        found.total.across_zones += counts.across_zones;
    }
    return found;
}

/// Key by key.
moves_report obvious_moves(const plan& now, const past& before) {
    moves_report found;
    const plan& old = *before.previous;
    const auto old_owners = owners(old), new_owners = owners(now);
    const bool by_id = std::ranges::any_of(old.workers, [&](auto& w) { return position_of(now, w.id).has_value(); });
    const auto name = [&](const plan& of, std::uint32_t worker) {
        if (by_id) return std::pair(std::string(), static_cast<int>(of.workers[worker].id.value));
        int ordinal = 0;
        for (std::uint32_t i = 0; i < worker; ++i) ordinal += of.machines[i] == of.machines[worker];
        return std::pair(std::string(of.machines[worker]), ordinal);
    };
    for (std::size_t node = 0; node < now.nodes.size(); ++node)
        for (std::size_t was = 0; was < old.nodes.size(); ++was) {
            if (old.nodes[was].id != now.nodes[node].id) continue;
            const std::size_t p = old.nodes[was].parallelism, q = now.nodes[node].parallelism;
            for (std::size_t i = 0; i < q; ++i) {
                bool kept = true;
                for (std::size_t key = i * p; key < (i + 1) * p; ++key) {
                    const bool stays = name(old, old_owners[was][key / q]) == name(now, new_owners[node][i]);
                    kept = kept and stays;
                    for (const state_size& size : before.sizes)
                        if (size.node == now.nodes[node].id and not stays and size.subtasks.first <= key / q and
                            key / q < size.subtasks.last)
                            found.bytes += size.bytes / static_cast<double>(q);
                }
                found.subtasks += not kept;
            }
        }
    return found;
}

/// Worker by worker, subtask by subtask; a worker that the plan leaves out has none.
load_spread obvious_loads(const plan& made, const std::vector<offer>& offers, bool is_by_slot) {
    load_spread found{.smallest = std::numeric_limits<double>::infinity()};
    double all = 0, places = 0;
    for (const offer& each : offers) {
        double mine = 0;
        for (const auto& of_node : owners(made))
            for (const std::uint32_t owner : of_node) mine += made.workers[owner].id == each.id;
        all += mine;
        places += is_by_slot ? each.slots : 1;
        if (is_by_slot) mine /= each.slots;
        found.largest = std::max(found.largest, mine);
        found.smallest = std::min(found.smallest, mine);
    }
    found.mean = all / places;
    return found;
}

bool near(const load_spread& a, const load_spread& b) {
    const auto are_near = [](double x, double y) { return std::abs(x - y) < 1e-9; };
    return are_near(a.largest, b.largest) and are_near(a.mean, b.mean) and are_near(a.smallest, b.smallest);
}

BOOST_AUTO_TEST_CASE(channels_loads_and_moves_are_what_counting_each_of_them_gives_A6) {
    std::mt19937_64 random(8);
    int wrong = 0, moved = 0, rescaled = 0;
    const std::vector<state_size> sizes{{.node = {100}, .bytes = 8},
                                        {.node = {101}, .bytes = 1, .subtasks = {0, 2}},
                                        {.node = {101}, .bytes = 5, .subtasks = {2, 3}},
                                        {.node = {102}, .bytes = 4},
                                        {.node = {102}, .bytes = 2, .subtasks = {1, 6}},
                                        {.node = {102}, .bytes = 1, .subtasks = {4, 2}},
                                        {.node = {102}, .bytes = 8, .subtasks = {3, 5}}};
    std::optional<plan> before;
    for (int round = 0; round < rounds(4'000); ++round) {
        random_input input(random);
        for (offer& each : input.offers)
            each.id.value += static_cast<std::uint64_t>(round % 3) * 1'000;  // a generation or two
        const auto made = random() % 2 == 0 ? slot_filling{}(input.of, input.offers)
                                            : balanced{.together = random() % 2 == 0 ? keep_together::nothing
                                                                                     : keep_together::forward_joined}(
                                                  input.of, input.offers);
        BOOST_TEST_REQUIRE(made.has_value());
        const past then{.previous = before ? &*before : nullptr, .sizes = sizes};
        const auto found = judge(*made, input.of, input.offers, then);
        BOOST_TEST_REQUIRE(found.has_value());
        wrong += found->channels != obvious_channels(*made, input.of, input.offers);
        wrong += not near(found->by_worker, obvious_loads(*made, input.offers, false));
        wrong += not near(found->by_slot, obvious_loads(*made, input.offers, true));
        if (before) {
            const moves_report obvious = obvious_moves(*made, then);
            wrong += found->moves.subtasks != obvious.subtasks;
            wrong += std::abs(found->moves.bytes - obvious.bytes) > 1e-6;
            moved += obvious.bytes > 0;
            rescaled += made->nodes[0].parallelism != before->nodes[0].parallelism;
        }
        before = *made;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(moved > rounds(1'000));
    BOOST_TEST(rescaled > rounds(1'000));
}

BOOST_AUTO_TEST_CASE(shuffles_on_one_line_have_the_channels_that_counting_gives_A6) {
    std::mt19937_64 random(10);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    int wrong = 0;
    for (int round = 0; round < rounds(3'000); ++round) {
        const std::uint32_t workers = below(4) > 0 ? 6 : 20;  // few places, or more than a table has
        auto offers = offers_with(numbers(workers, 60));
        const bool is_in_a_row = below(2) == 0;
        for (std::uint32_t i = 0; i < workers; ++i) {
            offers[i].machine.value = std::to_string(is_in_a_row ? i / 2 : below(workers / 2));
            offers[i].zone = std::to_string(is_in_a_row ? i / 4 : below(2));
        }
        auto made = plan_on(offers, detail::counted_up(workers));
        BOOST_TEST_REQUIRE(made.has_value());
        layout& line = made->layouts.emplace_back(layout{.spaced = static_cast<spacing>(below(3))});
        for (std::uint32_t run = 0; run < workers; ++run)
            line.boundaries.push_back(line.boundaries.back() + 1 + below(4));
        if (below(2) == 0) {
            line.owners = detail::counted_up(workers);
            if (below(2) == 0) std::ranges::shuffle(line.owners, random);
            if (below(2) == 0) line.owners.front() = line.owners.back();
        }
        const std::uint32_t slots = line.spaced == spacing::level ? workers : line.boundaries.back();
        const std::uint32_t most = line.spaced == spacing::dense ? slots : 20;
        const bool are_alike = below(2) == 0;
        std::uint32_t units = 1 + below(most);
        program of;
        for (std::uint32_t i = 0; i < 4; ++i) {
            const std::uint32_t grain = 1 + below(3);
            if (not are_alike) units = 1 + below(most);
            made->nodes.push_back(
                {.id = {100 + i}, .parallelism = grain * units, .offset = below(slots), .grain = grain});
            of.nodes.push_back({.id = {100 + i}, .parallelism = grain * units, .operators = {{{"o"}, {}}}});
            for (std::uint32_t from = 0; from < i; ++from)
                of.edges.push_back({.from = {100 + from}, .to = {100 + i}, .kind = edge_kind::shuffle});
        }
        const auto found = judge(*made, of, offers);
        BOOST_TEST_REQUIRE(found.has_value());
        wrong += found->channels != obvious_channels(*made, of, offers);
    }
    BOOST_TEST(wrong == 0);
}

/// As `obvious_channels`, but by place: for nodes that have many.
channels_report channels_by_place(const plan& made, const program& of, const worker_places& at) {
    const auto placed = owners(made);
    const numbers workers = detail::counted_up(made.workers.size());
    channels_report found;
    for (const edge& one : of.edges) {
        const auto& from = placed[one.from.value - 100];
        const auto& to = placed[one.to.value - 100];
        const std::uint64_t all = std::max(from.size(), to.size());
        const auto across = [&](const numbers& place_of) {
            std::uint64_t same = 0;
            numbers at_place(made.workers.size());
            if (one.kind == edge_kind::shuffle) {
                for (const std::uint32_t each : from) ++at_place[place_of[each]];
                for (const std::uint32_t each : to) same += at_place[place_of[each]];
                return from.size() * to.size() - same;
            }
            for (std::size_t i = 0; i < all; ++i)
                same += place_of[from[i * from.size() / all]] == place_of[to[i * to.size() / all]];
            return all - same;
        };
        found.by_edge.push_back({.all = one.kind == edge_kind::shuffle ? from.size() * to.size() : all,
                                 .across_workers = across(workers),
                                 .across_machines = across(at.machines),
                                 .across_zones = across(at.zones)});
        found.total.all += found.by_edge.back().all;
        found.total.across_workers += found.by_edge.back().across_workers;
        found.total.across_machines += found.by_edge.back().across_machines;
        found.total.across_zones += found.by_edge.back().across_zones;
    }
    return found;
}

BOOST_AUTO_TEST_CASE(edges_between_lines_that_many_nodes_share_have_the_channels_that_counting_gives_A6) {
    std::mt19937_64 random(12);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    int wrong = 0;
    for (int round = 0; round < rounds(300); ++round) {
        const std::uint32_t workers = 2 + below(below(2) == 0 ? 20 : 100);
        auto offers = offers_with(numbers(workers, 2'000));
        const bool is_in_a_row = below(3) > 0;
        for (std::uint32_t i = 0; i < workers; ++i) {
            offers[i].machine.value = std::to_string(is_in_a_row ? i / 2 : below(workers));
            offers[i].zone = std::to_string(is_in_a_row ? i * 3 / workers : below(3));
        }
        auto made = plan_on(offers, detail::counted_up(workers));
        BOOST_TEST_REQUIRE(made.has_value());
        const std::uint32_t alike = 1 + below(3 * workers);
        const std::uint32_t lines = 1 + below(4), shift = below(workers);
        for (std::uint32_t i = 0; i < lines; ++i) {
            layout& line = made->layouts.emplace_back(layout{.spaced = static_cast<spacing>(below(3))});
            const int times = below(3) == 0 ? 2 : 1;  // around the workers
            for (int round_of_workers = 0; round_of_workers < times; ++round_of_workers)
                for (std::uint32_t worker = 0; worker < workers; ++worker) {
                    line.boundaries.push_back(line.boundaries.back() + below(6) + (worker == 0));
                    line.owners.push_back(below(workers) == 0 ? below(workers) : worker);
                }
            if (below(4) == 0) std::ranges::shuffle(line.owners, random);
            if (times == 1 and below(2) == 0) line.owners.clear();
        }
        program of;
        for (std::uint32_t i = 0; i < 40; ++i) {
            const std::uint32_t on = below(lines);
            const layout& line = made->layouts[on];
            const std::uint32_t slots = line.spaced == spacing::level
                                            ? static_cast<std::uint32_t>(line.boundaries.size()) - 1
                                            : line.boundaries.back();
            std::uint32_t units = below(3) > 0 ? alike : 1 + below(3 * workers);
            if (line.spaced == spacing::dense) units = std::min(units, slots);
            const std::uint32_t grain = below(4) == 0 ? 2 : 1;
            made->nodes.push_back({.id = {100 + i},
                                   .parallelism = grain * units,
                                   .layout = on,
                                   .offset = below(4) > 0 ? i * shift % slots : below(slots),
                                   .grain = grain});
            of.nodes.push_back({.id = {100 + i}, .parallelism = grain * units, .operators = {{{"o"}, {}}}});
            for (std::uint32_t other = i > 4 ? i - 4 : 0; other < i; ++other) {
                const std::uint32_t p = made->nodes[other].parallelism, q = made->nodes[i].parallelism;
                const bool is_forward = (p % q == 0 or q % p == 0) and below(2) == 0;
                of.edges.push_back({.from = {100 + other},
                                    .to = {100 + i},
                                    .kind = is_forward ? edge_kind::forward : edge_kind::shuffle});
            }
        }
        const auto at = detail::places_of(*made, offers);
        BOOST_TEST_REQUIRE(at.has_value());
        wrong += channels_of(*made, of, *at) != channels_by_place(*made, of, *at);
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(nodes_that_lie_as_they_did_on_an_older_line_move_what_counting_gives_A6) {
    std::mt19937_64 random(11);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    const auto random_line = [&](spacing spaced) {
        layout line{.spaced = spaced};
        for (std::uint32_t run = 0; run < 7; ++run) {
            line.boundaries.push_back(line.boundaries.back() + below(4) + (run == 0 ? 1 : 0));
            line.owners.push_back(below(3) > 0 ? run % 6 : below(6));
        }
        return line;
    };
    int wrong = 0, moved = 0;
    for (int round = 0; round < rounds(3'000); ++round) {
        auto old = plan_on(offers_with(numbers(6, 200)), numbers{0, 1, 2, 3, 4, 5});
        BOOST_TEST_REQUIRE(old.has_value());
        plan now = *old;
        const auto spaced = [&] { return below(2) == 0 ? spacing::dense : spacing::level; };
        const layout& was = old->layouts.emplace_back(random_line(spaced()));
        layout& is = now.layouts.emplace_back(below(2) == 0 ? was : random_line(spaced()));
        for (std::uint32_t& owner : is.owners)
            if (below(6) == 0) owner = below(6);
        const auto slots = [](const layout& line) {
            return line.spaced == spacing::level ? 7 : line.boundaries.back();
        };
        const std::uint32_t most =
            std::min(was.spaced == spacing::dense ? slots(was) : 20, is.spaced == spacing::dense ? slots(is) : 20);
        const std::uint32_t shift = below(slots(was));
        const std::uint32_t nodes = 1 + below(30);
        for (std::uint32_t i = 0; i < nodes; ++i) {
            const std::uint32_t grain = 1 + below(3), offset = below(slots(is));
            now.nodes.push_back(
                {.id = {100 + i}, .parallelism = grain * (1 + below(most)), .offset = offset, .grain = grain});
            old->nodes.push_back(now.nodes.back());
            old->nodes.back().offset = below(8) > 0 ? (offset + shift) % slots(was) : below(slots(was));
        }
        const std::vector<state_size> sizes{{.node = {100}, .bytes = 8},
                                            {.node = {101}, .bytes = 1, .subtasks = {0, 2}},
                                            {.node = {102}, .bytes = 0.3},
                                            {.node = {103}, .bytes = 4}};
        const past then{.previous = &*old, .sizes = sizes};
        const auto found = moves_of(now, then);
        BOOST_TEST_REQUIRE(found.has_value());
        const moves_report obvious = obvious_moves(now, then);
        wrong += found->subtasks != obvious.subtasks;
        wrong += std::abs(found->bytes - obvious.bytes) > 1e-6;
        moved += obvious.subtasks > 0;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(moved > rounds(1'000));
}

BOOST_AUTO_TEST_CASE(loads_of_whole_plans_are_the_sums_over_their_nodes_A6) {
    std::mt19937_64 random(9);
    int wrong = 0;
    for (int round = 0; round < rounds(3'000); ++round) {
        plan made;
        const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
        for (std::uint32_t i = 0; i < 4; ++i) made.workers.push_back({.id = {i}, .slots = 30});
        for (std::uint32_t i = 0; i < 3; ++i) {
            layout& line = made.layouts.emplace_back(layout{.spaced = static_cast<spacing>(i)});
            for (int run = 0; run < 6; ++run) {
                line.boundaries.push_back(line.boundaries.back() + 1 + below(3));
                line.owners.push_back(below(4));
            }
        }
        for (std::uint32_t i = 0; i < 7; ++i) {
            const std::uint32_t grain = 1 + below(3);
            made.nodes.push_back({.id = {i},
                                  .parallelism = grain * (1 + below(5)),
                                  .layout = below(3),
                                  .offset = below(6),
                                  .grain = grain});
        }
        const auto all = loads_of(made);
        for (std::size_t worker = 0; worker < 4; ++worker) wrong += all[worker] != load(made, worker);
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_report_tells_how_far_a_plan_is_from_the_best_A6) {
    const program of = program_with({4, 4});
    const auto offers = offers_with({4, 4, 0, 4, 4});
    const auto filled = judge(*slot_filling{}(of, offers), of, offers);
    BOOST_TEST_REQUIRE(filled.has_value());
    BOOST_TEST((filled->subtasks == 8u and filled->workers == 4u and filled->workers_used == 1u));
    BOOST_TEST((filled->by_worker == load_spread{.largest = 8, .mean = 2, .smallest = 0}));
    BOOST_TEST((filled->by_slot == load_spread{.largest = 2, .mean = 0.5, .smallest = 0}));
    BOOST_TEST((filled->gap() == 4 and filled->gap_per_slot() == 4));
    const auto even = judge(*balanced{}(of, offers), of, offers);
    BOOST_TEST_REQUIRE(even.has_value());
    BOOST_TEST((even->by_worker == load_spread{.largest = 2, .mean = 2, .smallest = 2}));
    BOOST_TEST((even->gap() == 1 and even->gap_per_slot() == 1));
}

BOOST_AUTO_TEST_CASE(no_plan_of_the_same_balance_moves_less_than_is_proven_and_one_does_as_little_A6) {
    std::mt19937_64 random(20);
    int proven = 0, others = 0, reached = 0;
    for (int round = 0; round < rounds(500); ++round) {
        random_input one(random);
        const auto was = slot_filling{}(one.of, one.offers);
        if (not was or one.offers.size() < 2) continue;
        const past before{.previous = &*was};
        one.offers.erase(one.offers.begin() + static_cast<std::ptrdiff_t>(random() % one.offers.size()));
        const auto least = least_moved_bytes(one.of, one.offers, before);
        if (not least) continue;
        ++proven;
        const auto look_at = [&](const expected<plan>& made) {
            if (not made or not keeps_balance_of(*made, one.of)) return false;
            const double moved = judge(*made, one.of, one.offers, before).value().moves.bytes;
            BOOST_TEST_REQUIRE(moved >= *least);
            return moved == *least;
        };
        reached += look_at(sticky{}(one.of, one.offers, before)) ? 1 : 0;
        others += look_at(balanced{}(one.of, one.offers, before)) ? 0 : 1;
    }
    BOOST_TEST((proven > rounds(100) and reached == proven and others > 0),
               proven << ", " << reached << ", " << others);
    const random_input one(random);
    BOOST_TEST(not least_moved_bytes(one.of, one.offers, {}));
}

BOOST_AUTO_TEST_CASE(without_sizes_every_subtask_counts_as_one_byte) {
    const program of = program_with({4, 4});
    const plan before = *slot_filling{}(of, offers_with({4, 4}));
    const plan made = *balanced{}(of, offers_with({4, 4}));
    const auto found = judge(made, of, offers_with({4, 4}), {.previous = &before});
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((found->moves == moves_report{.subtasks = 4, .bytes = 4}));
}

BOOST_AUTO_TEST_CASE(small_state_beside_large_state_is_counted_to_the_byte) {
    const program of = program_with({4});
    auto offers = offers_with({2, 2});
    const plan before = *slot_filling{}(of, offers);
    offers[1].id.value = 3;
    const std::vector<state_size> sizes{{.node = {100}, .bytes = 1, .subtasks = {2, 4}},
                                        {.node = {100}, .bytes = 1e18, .subtasks = {0, 2}}};
    const auto found = moves_of(*slot_filling{}(of, offers), {.previous = &before, .sizes = sizes});
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((*found == moves_report{.subtasks = 2, .bytes = 2}));
}

BOOST_AUTO_TEST_CASE(a_size_for_each_subtask_and_a_worker_for_many_ranges_cost_their_sum_and_not_their_product) {
    constexpr std::uint32_t count = 1u << 20;
    const program of = program_with({count});
    const auto offers = offers_with(numbers(10'000, 200));
    const plan before = *balanced{}(of, offers), made = *slot_filling{}(of, offers);
    std::vector<state_size> sizes;
    double all = 0;
    std::uint64_t moved = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        sizes.push_back({.node = {100}, .bytes = static_cast<double>(i % 5), .subtasks = {i, i + 1}});
        if (worker_of(before, 0, i) == worker_of(made, 0, i)) continue;
        all += sizes.back().bytes;
        ++moved;
    }
    const auto found = moves_of(made, {.previous = &before, .sizes = sizes});
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((*found == moves_report{.subtasks = moved, .bytes = all}));
}

BOOST_AUTO_TEST_CASE(a_report_refuses_what_it_cannot_judge_and_says_why) {
    const program of = program_with({4, 2});
    const auto offers = offers_with({4, 4});
    const plan made = *balanced{}(of, offers);
    const auto why = [&](const plan& what, const std::vector<offer>& on, const past& before) {
        const auto answer = judge(what, of, on, before);
        return answer ? std::string("fine") : answer.error().text;
    };
    BOOST_TEST(why(made, offers, {}) == "fine");
    plan broken = made;
    broken.nodes[0].layout = 9;
    BOOST_TEST(why(broken, offers, {}) == "plan: node 100: there is no layout 9");
    BOOST_TEST(why(made, offers_with({4}), {}) == "plan: worker 2 is not among the workers");
    auto twins = offers_with({4, 4, 4});
    twins[2].id = twins[1].id;
    BOOST_TEST(why(made, twins, {}) == "worker 2 is offered twice");
    BOOST_TEST(why(made, offers_with({4, 5}), {}) == "plan: worker 2 has 4 slots, it offers 5");
    BOOST_TEST(why(made, offers, {.previous = &broken}) == "the previous plan: node 100: there is no layout 9");
    for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        const std::vector<state_size> sizes{{.node = {100}, .bytes = bad}};
        BOOST_TEST(why(made, offers, {.sizes = sizes}).starts_with("state of node 100: "));
    }
}

}  // namespace
