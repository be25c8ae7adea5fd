// SPDX-License-Identifier: BSL-1.0
#include <headgate/vocabulary/plan.hpp>
#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;

void add_worker(plan& to, std::uint64_t id, std::uint32_t slots) {
    to.workers.push_back({.id = {id}, .slots = slots});
    BOOST_REQUIRE(to.machines.push_back("machine-" + std::to_string(id % 3)));
    BOOST_REQUIRE(to.data_addresses.push_back("10.0.0." + std::to_string(id) + ":6121"));
}

/// Every slot of a layout, one after the other.
std::vector<std::uint32_t> owners_by_slot(const layout& of) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t run = 0; run + 1 < of.boundaries.size(); ++run)
        found.insert(found.end(), of.boundaries[run + 1] - of.boundaries[run],
                     of.owners.empty() ? run : of.owners[run]);
    return found;
}

/// The obvious version: the owner of every subtask of a node.
std::vector<std::uint32_t> owners_by_subtask(const plan& of, std::size_t position) {
    const placed_node& node = of.nodes[position];
    const layout& line = of.layouts[node.layout];
    const auto slots = owners_by_slot(line);
    const std::size_t units = node.parallelism / node.grain, runs = line.boundaries.size() - 1;
    std::vector<std::uint32_t> found;
    if (line.spaced == spacing::level) {
        std::vector<std::uint32_t> counts(runs);
        for (std::size_t i = 0; i < units; ++i) ++counts[i % runs];
        for (std::size_t i = 0; i < runs; ++i) {
            const std::size_t run = (i + node.offset) % runs;
            found.insert(found.end(), counts[i] * node.grain,
                         line.owners.empty() ? static_cast<std::uint32_t>(run) : line.owners[run]);
        }
        return found;
    }
    for (std::size_t i = 0; i < units; ++i) {
        std::size_t slot = i;
        if (line.spaced == spacing::even) {
            slot = 0;
            while ((slot + 1) * units < (i + 1) * slots.size()) ++slot;
        }
        found.insert(found.end(), node.grain, slots[(slot + node.offset) % slots.size()]);
    }
    return found;
}

std::vector<subtask_range> obvious_shares(const std::vector<std::uint32_t>& owners, std::uint32_t worker) {
    std::vector<subtask_range> found;
    for (std::uint32_t i = 0; i < owners.size(); ++i) {
        if (owners[i] != worker) continue;
        if (not found.empty() and found.back().last == i)
            ++found.back().last;
        else
            found.push_back({i, i + 1});
    }
    return found;
}

/// Whether all that can be asked of a node is answered as the obvious version would.
bool answers_are_obvious(const plan& of, std::size_t node) {
    const auto owners = owners_by_subtask(of, node);
    const std::uint32_t parallelism = of.nodes[node].parallelism;
    for (std::uint32_t i = 0; i < parallelism; ++i)
        if (worker_of(of, node, i) != owners[i]) return false;
    for (std::uint32_t worker = 0; worker < of.workers.size(); ++worker) {
        const auto expected_shares = obvious_shares(owners, worker);
        std::vector<subtask_range> got;
        shares(of, node, worker, [&](subtask_range range) { got.push_back(range); });
        if (got != expected_shares) return false;
        const auto count = static_cast<std::uint64_t>(std::ranges::count(owners, worker));
        if (load(of, node, worker) != count or count > of.workers[worker].slots) return false;
        for (std::uint32_t first = 0; first <= parallelism + 1; ++first)
            for (std::uint32_t last = 0; last <= parallelism + 1; ++last) {
                bool all = first <= last and last <= parallelism;
                for (std::uint32_t i = first; all and i < last; ++i) all = owners[i] == worker;
                if (holds(of, node, worker, {first, last}) != all) return false;
            }
    }
    return true;
}

/// One node on `slots`, in the interval form and as runs in another order.
plan one_node(const std::vector<std::uint32_t>& slots, std::uint32_t parallelism, spacing spaced, std::uint32_t offset,
              std::uint32_t run_length) {
    plan made;
    layout line{.spaced = spaced};
    for (std::uint32_t i = 0; i < slots.size(); ++i) add_worker(made, i + 1, slots[i]);
    if (run_length == 0) {
        for (const std::uint32_t each : slots) line.boundaries.push_back(line.boundaries.back() + each);
    } else {
        auto left = slots;
        while (std::ranges::any_of(left, [](std::uint32_t each) { return each > 0; }))
            for (std::uint32_t i = 0; i < slots.size(); ++i) {
                const std::uint32_t taken = std::min(left[i], run_length);
                left[i] -= taken;
                if (taken == 0) continue;
                line.boundaries.push_back(line.boundaries.back() + taken);
                line.owners.push_back(i);
            }
    }
    made.layouts.push_back(line);
    made.nodes.push_back({.id = {7}, .parallelism = parallelism, .layout = 0, .offset = offset});
    return made;
}

program program_of(const plan& of) {
    program made;
    for (const placed_node& each : of.nodes)
        made.nodes.push_back({.id = each.id, .parallelism = each.parallelism, .operators = {{{"o"}, {}}}});
    return made;
}

BOOST_AUTO_TEST_CASE(every_small_plan_answers_as_the_obvious_version_does_A1_A4) {
    std::uint64_t plans = 0, wrong = 0;
    for (std::uint32_t coded = 0; coded < 4 * 4 * 4 * 4; ++coded) {
        const std::vector<std::uint32_t> slots{coded % 4, coded / 4 % 4, coded / 16 % 4, coded / 64};
        const std::uint32_t all = slots[0] + slots[1] + slots[2] + slots[3];
        for (std::uint32_t parallelism = 1; parallelism <= all; ++parallelism)
            for (std::uint32_t offset = 0; offset < all; ++offset)
                for (const spacing spaced : {spacing::dense, spacing::even})
                    for (std::uint32_t run_length = 0; run_length <= 2; ++run_length) {
                        const plan made = one_node(slots, parallelism, spaced, offset, run_length);
                        ++plans;
                        wrong += not answers_are_obvious(made, 0) or not check(made, program_of(made));
                    }
    }
    BOOST_TEST(plans == 62'976u);
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(every_small_level_plan_answers_as_the_obvious_version_does_A1_A4) {
    std::uint64_t plans = 0, wrong = 0;
    for (std::uint32_t workers = 1; workers <= 4; ++workers)
        for (std::uint32_t parallelism = 1; parallelism <= 3 * workers; ++parallelism)
            for (std::uint32_t offset = 0; offset < workers; ++offset) {
                plan made = one_node(std::vector<std::uint32_t>(workers, 3), parallelism, spacing::level, offset, 0);
                wrong += not answers_are_obvious(made, 0) or not check(made, program_of(made));
                for (std::uint32_t i = 0; i < workers; ++i) made.layouts[0].owners.push_back(workers - 1 - i);
                wrong += not answers_are_obvious(made, 0) or not check(made, program_of(made));
                plans += 2;
            }
    BOOST_TEST(plans == 180u);
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(subtasks_of_a_grain_stay_together_A1_A4) {
    std::uint64_t plans = 0, wrong = 0;
    for (const spacing spaced : {spacing::dense, spacing::even, spacing::level})
        for (std::uint32_t grain = 1; grain <= 3; ++grain)
            for (std::uint32_t units = 1; units <= 6; ++units)
                for (std::uint32_t offset = 0; offset < 3; ++offset) {
                    plan made = one_node({2, 2, 2}, units * grain, spaced, offset, 0);
                    made.nodes[0].grain = grain;
                    for (placed_worker& each : made.workers) each.slots *= grain;
                    ++plans;
                    wrong += not answers_are_obvious(made, 0) or not check(made, program_of(made));
                }
    BOOST_TEST(plans == 162u);
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(random_larger_plans_answer_as_the_obvious_version_does_A1_A4) {
    std::mt19937_64 random(20'240'311);
    std::uint64_t wrong = 0;
    for (int round = 0; round < 500; ++round) {
        std::vector<std::uint32_t> slots(1 + random() % 12);
        for (std::uint32_t& each : slots) each = static_cast<std::uint32_t>(random() % 9);
        slots.back() = 1 + slots.back();
        std::uint32_t all = 0;
        for (const std::uint32_t each : slots) all += each;
        const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
        const plan made =
            one_node(slots, 1 + below(all), below(2) == 0 ? spacing::dense : spacing::even, below(all), below(4));
        wrong += not answers_are_obvious(made, 0) or not check(made, program_of(made));
    }
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(even_spacing_gives_each_worker_its_share_rounded_down_or_up) {
    for (std::uint32_t parallelism = 1; parallelism <= 12; ++parallelism) {
        const plan made = one_node({4, 0, 3, 5}, parallelism, spacing::even, 2, 0);
        for (std::uint32_t worker = 0; worker < 4; ++worker) {
            const std::uint64_t least = parallelism * made.workers[worker].slots / 12;
            BOOST_TEST((load(made, 0, worker) == least or load(made, 0, worker) == least + 1));
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_wraps_at_the_largest_numbers) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    for (const spacing spaced : {spacing::dense, spacing::even}) {
        plan made = one_node({most - 5, 5}, most, spaced, most - 1, 0);
        BOOST_TEST(worker_of(made, 0, 0) == 1u);
        BOOST_TEST(worker_of(made, 0, 1) == 0u);
        BOOST_TEST(worker_of(made, 0, most - 1) == 1u);
        BOOST_TEST(holds(made, 0, 0, {1, most - 4}));
        BOOST_TEST(not holds(made, 0, 0, {1, most - 3}));
        BOOST_TEST(holds(made, 0, 1, {most - 4, most}));
        BOOST_TEST(load(made, 0) == most - 5);
        made.nodes.push_back(made.nodes.front());
        BOOST_TEST(subtasks(made) == 2 * std::uint64_t{most});
        BOOST_TEST(load(made, 0) == 2 * std::uint64_t{most - 5});
    }
}

BOOST_AUTO_TEST_CASE(a_worker_is_found_by_its_id) {
    const plan made = one_node({1, 2, 3}, 4, spacing::dense, 0, 0);
    BOOST_TEST((position_of(made, {2}) == 1u));
    BOOST_TEST((position_of(made, {4}) == std::nullopt));
    BOOST_TEST((position_of({}, {4}) == std::nullopt));
}

BOOST_AUTO_TEST_CASE(packed_strings_are_the_strings_that_were_added) {
    packed_strings list;
    for (const std::string_view each : {"", "one", "", "three", "\xff"}) BOOST_TEST(list.push_back(each));
    BOOST_TEST(list.size() == 5u);
    BOOST_TEST(list[0] == "");
    BOOST_TEST(list[1] == "one");
    BOOST_TEST(list[2] == "");
    BOOST_TEST(list[3] == "three");
    BOOST_TEST(list[4] == "\xff");
    list.clear();
    BOOST_TEST((list == packed_strings{}));
}

plan sample() {
    plan made = one_node({2, 3, 1}, 4, spacing::dense, 1, 0);
    made.layouts.push_back({.spaced = spacing::even, .boundaries = {0, 1, 3}, .owners = {2, 1}});
    made.nodes.push_back({.id = {9}, .parallelism = 2, .layout = 1, .offset = 2});
    return made;
}

packed_strings packed(const std::vector<std::string>& texts) {
    packed_strings made;
    for (const std::string& each : texts) BOOST_REQUIRE(made.push_back(each));
    return made;
}

struct change {
    std::string_view expect;  // part of the error of `check`
    std::function<void(plan&)> make;
};

BOOST_AUTO_TEST_CASE(check_names_every_rule_that_a_plan_breaks_A1) {
    const limits most{.id = 10, .address = 14, .nodes = 2, .materialised_subtasks = 7, .workers = 3, .slots = 3};
    const program of = program_of(sample());
    BOOST_TEST(check(sample(), of, most).has_value());
    const std::string long_text(15, 'x');
    const std::vector<change> changes{
        {"1 nodes, the program has 2", [](plan& p) { p.nodes.pop_back(); }},
        {"nodes 3 is above the limit of 2", [](plan& p) { p.nodes.push_back(p.nodes[0]); }},
        {"3 layouts for 2 nodes", [](plan& p) { p.layouts.push_back(p.layouts[0]); }},
        {"workers 4 is above the limit of 3", [](plan& p) { add_worker(p, 9, 1); }},
        {"3 workers, but 0 machines", [](plan& p) { p.machines.clear(); }},
        {"3 workers, but 3 machines and 1 data", [](plan& p) { p.data_addresses = packed({"a:1"}); }},
        {"worker 1 follows worker 2", [](plan& p) { std::swap(p.workers[0], p.workers[1]); }},
        {"worker 1 follows worker 1; ids must", [](plan& p) { p.workers[1].id = p.workers[0].id; }},
        {"worker 1: slots 4 is above", [](plan& p) { p.workers[0].slots = 4; }},
        {"worker 2: bytes of the machine's id 15",
         [&](plan& p) {
             p.machines = packed({"a", long_text, "c"});
         }},
        {"worker 3: bytes of the data address 15",
         [&](plan& p) {
             p.data_addresses = packed({"", "", long_text});
         }},
        {"runs 8 is above the limit of 7",
         [](plan& p) {
             p.layouts[1] = {.boundaries = {0, 1, 2, 3}, .owners = {0, 1, 0}};
         }},
        {"layout 1: no such spacing", [](plan& p) { p.layouts[1].spaced = static_cast<spacing>(3); }},
        {"layout 0 does not begin with slot 0", [](plan& p) { p.layouts[0].boundaries[0] = 1; }},
        {"layout 0 does not begin with slot 0", [](plan& p) { p.layouts[0].boundaries.clear(); }},
        {"layout 0: 2 runs, but 3 owners", [](plan& p) { p.layouts[0].boundaries.pop_back(); }},
        {"layout 1: 2 runs, but 1 owners", [](plan& p) { p.layouts[1].owners.pop_back(); }},
        {"layout 0: boundary 2 descends",
         [](plan& p) {
             p.layouts[0].boundaries = {0, 2, 1, 6};
         }},
        {"layout 0: boundary 3 descends",
         [](plan& p) {
             p.layouts[0].boundaries = {0, 5, 7, 3};
         }},
        {"layout 1: run 0 is of worker number 3", [](plan& p) { p.layouts[1].owners[0] = 3; }},
        {"layout 0 hands out more slots of worker 1 than its 2",
         [](plan& p) {
             p.layouts[0].boundaries = {0, 3, 4, 5};
         }},
        {"layout 1 hands out more slots of worker 3 than its 1",
         [](plan& p) {
             p.layouts[1].owners = {2, 2};
         }},
        {"node 8 stands where the program has node 7", [](plan& p) { p.nodes[0].id = {8}; }},
        {"node 9 stands where the program has node 7", [](plan& p) { std::swap(p.nodes[0], p.nodes[1]); }},
        {"node 7: parallelism 3, the program's is 4", [](plan& p) { p.nodes[0].parallelism = 3; }},
        {"node 7: there is no layout 2", [](plan& p) { p.nodes[0].layout = 2; }},
        {"node 7: parallelism 4, its layout has 3 slots",
         [](plan& p) {
             p.nodes[0].layout = 1;
             p.layouts[1].spaced = spacing::dense;
         }},
        {"layout 1 hands out more slots of worker 3 than its 1", [](plan& p) { p.nodes[0].layout = 1; }},
        {"layout 0 hands out more slots of worker 1 than its 2",
         [](plan& p) {
             p.layouts[0].spaced = spacing::even;
             p.layouts[0].boundaries = {0, 4, 5, 6};
         }},
        {"layout 1 hands out more slots of worker 3 than its 1",
         [](plan& p) {
             p.layouts[1].spaced = spacing::level;
             p.layouts[1].owners = {2, 2};
             p.nodes[1].offset = 1;
         }},
        {"node 9: offset 2, its layout has 2 runs", [](plan& p) { p.layouts[1].spaced = spacing::level; }},
        {"node 7: grain 3 does not divide parallelism 4", [](plan& p) { p.nodes[0].grain = 3; }},
        {"node 7: grain 0 does not divide", [](plan& p) { p.nodes[0].grain = 0; }},
        {"layout 0 hands out more slots of worker 1 than its 2", [](plan& p) { p.nodes[0].grain = 2; }},
        {"node 9: offset 3, its layout has 3 slots", [](plan& p) { p.nodes[1].offset = 3; }},
    };
    for (const change& each : changes) {
        plan broken = sample();
        each.make(broken);
        const auto answer = check(broken, of, most);
        BOOST_TEST_REQUIRE(not answer.has_value(), each.expect);
        BOOST_TEST((answer.error().kind == error_kind::invalid));
        BOOST_TEST(answer.error().text.find(each.expect) != std::string::npos, answer.error().text);
    }
    BOOST_TEST(not check(plan{}, of).has_value());
    BOOST_TEST(not check(sample(), program{}).has_value());
    BOOST_TEST(check(plan{}, program{}).has_value());
}

BOOST_AUTO_TEST_CASE(whatever_check_accepts_can_be_asked_and_assigns_every_subtask_once_A1) {
    std::mt19937_64 random(7);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    int accepted = 0, wrong = 0;
    for (int round = 0; round < 200'000; ++round) {
        plan made;
        for (std::uint32_t i = 0, count = below(4); i < count; ++i) add_worker(made, 1 + i + below(2), below(4));
        for (std::uint32_t i = 0, count = below(3); i < count; ++i) {
            layout line{.spaced = static_cast<spacing>(below(3))};
            for (std::uint32_t run = 0, runs = below(4); run < runs; ++run) {
                line.boundaries.push_back(line.boundaries.back() + below(3));
                if (i == 1) line.owners.push_back(below(4));
            }
            made.layouts.push_back(line);
        }
        for (std::uint32_t i = 0, count = below(3); i < count; ++i)
            made.nodes.push_back(
                {.id = {i}, .parallelism = below(5), .layout = below(3), .offset = below(4), .grain = 1 + below(2)});
        if (not check(made, program_of(made))) continue;
        ++accepted;
        for (std::size_t node = 0; node < made.nodes.size(); ++node) wrong += not answers_are_obvious(made, node);
    }
    BOOST_TEST(accepted > 1'000);
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(of_a_level_line_a_worker_needs_no_more_slots_than_the_nodes_ask_of_its_runs_A1) {
    std::mt19937_64 random(8);
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    int wrong = 0;
    for (int round = 0; round < 20'000; ++round) {
        const std::uint32_t workers = 1 + below(4), runs = 1 + below(9), nodes = 1 + below(3);
        plan made;
        for (std::uint32_t i = 0; i < workers; ++i) add_worker(made, 1 + i, 0);
        layout& line = made.layouts.emplace_back(layout{.spaced = spacing::level});
        for (std::uint32_t run = 0; run < runs; ++run) {
            line.boundaries.push_back(line.boundaries.back() + below(3));
            line.owners.push_back(below(workers));
        }
        // The most that any node asks, run by run.
        std::vector<std::uint32_t> asked(runs);
        for (std::uint32_t i = 0; i < nodes; ++i) {
            made.nodes.push_back({.id = {i}, .parallelism = 1 + below(3 * runs), .offset = below(runs)});
            for (std::uint32_t run = 0; run < runs; ++run) {
                const std::uint32_t turn = (run + runs - made.nodes[i].offset) % runs,
                                    units = made.nodes[i].parallelism;
                asked[run] = std::max(asked[run], units / runs + (turn < units % runs ? 1 : 0));
            }
        }
        for (std::uint32_t run = 0; run < runs; ++run) made.workers[line.owners[run]].slots += asked[run];
        wrong += not check(made, program_of(made));
        std::uint32_t& slots = made.workers[line.owners[below(runs)]].slots;
        if (slots == 0) continue;
        --slots;
        wrong += check(made, program_of(made)).has_value();
    }
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(the_digest_is_the_same_everywhere_and_tells_all_that_matters_I5) {
    BOOST_TEST(digest(sample()) == digest(sample()));
    // Another value here means that plans of an earlier version are no longer recognised.
    BOOST_TEST(digest(sample()) == 4'620'636'540'047'653'757u);
    const std::vector<std::function<void(plan&)>> changes{
        [](plan& p) { p.workers[0].id = {0}; },
        [](plan& p) { p.workers[0].slots = 3; },
        [](plan& p) {
            p.machines = packed({"machine-1", "machine-2", "machine-3"});
        },
        [](plan& p) {
            p.machines = packed({"machine-1m", "achine-2", "machine-0"});
        },
        [](plan& p) {
            p.data_addresses = packed({"10.0.0.1:6121", "10.0.0.2:6121", "10.0.0.3:6122"});
        },
        [](plan& p) { p.layouts[0].spaced = spacing::even; },
        [](plan& p) { p.layouts[0].boundaries[1] = 1; },
        [](plan& p) { p.layouts[1].owners[0] = 0; },
        [](plan& p) { p.layouts[1].owners.clear(); },
        [](plan& p) { std::swap(p.layouts[0], p.layouts[1]); },
        [](plan& p) { p.nodes[0].id = {8}; },
        [](plan& p) { p.nodes[0].parallelism = 3; },
        [](plan& p) { p.nodes[0].layout = 1; },
        [](plan& p) { p.nodes[0].offset = 0; },
        [](plan& p) { p.nodes[0].grain = 2; },
        [](plan& p) { p.layouts[0].spaced = spacing::level; },
        [](plan& p) { p.nodes.pop_back(); },
    };
    std::vector<std::uint64_t> seen{digest(sample())};
    for (const auto& make : changes) {
        plan other = sample();
        make(other);
        BOOST_TEST((other != sample()));
        seen.push_back(digest(other));
    }
    std::ranges::sort(seen);
    BOOST_TEST((std::ranges::adjacent_find(seen) == seen.end()));
}

}  // namespace
