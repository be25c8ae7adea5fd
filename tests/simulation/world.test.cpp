// SPDX-License-Identifier: BSL-1.0
#include <headgate/concepts/credentials.hpp>
#include <headgate/simulation/campaign.hpp>
#include <headgate/simulation/matrix.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::simulation;

const lifecycle_settings everything{};

/// One job, one controller, and every fault.
std::unique_ptr<world<>> some_world(std::uint64_t seed) {
    auto made = std::make_unique<world<>>(decisions(seed), fault_set{}.set());
    made->will_say({made->around().now, {"job-1"}, {.name = "job-1", .program = program_of_lifecycles()}});
    made->start_controller(0);
    return made;
}

void go_on(world<>& in, int steps) {
    for (int i = 0; i < steps and in.step(); ++i) {
    }
}

BOOST_AUTO_TEST_CASE(the_same_seed_and_the_same_decisions_give_the_same_run_I18) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const lifecycle_result first = live(decisions(seed), everything);
        BOOST_TEST(first.digest == live(decisions(seed), everything).digest);
        BOOST_TEST(first.digest == live(decisions(first.decisions), everything).digest);
    }
}

BOOST_AUTO_TEST_CASE(every_compiler_and_build_gives_these_runs_I18) {
    campaign all;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) BOOST_TEST((not all.run(seed, everything)));
    // Of decisions_version: whoever changes what a run does puts in what is printed here.
    BOOST_TEST(all.digest == 0x97403498480deaa1u, "the digest of seeds 1 to 100 is " << std::hex << all.digest);
}

BOOST_AUTO_TEST_CASE(
    a_worker_that_closes_a_stream_opens_another_when_it_has_heard_of_its_end_and_hears_nothing_of_it_then) {
    const auto in = std::make_unique<world<>>(decisions(std::vector<std::uint32_t>{}), fault_set{});
    in->will_say({in->around().now, {"job-1"}, {.name = "job-1", .program = program_of_lifecycles()}});
    in->start_controller(0);
    outside& o = in->around();
    const auto all = [&] { return o.backend.all(); };
    while ((all().empty() or all()[0].stream == 0) and in->step()) {
    }
    const stream_id first{all()[0].stream};
    o.close(0);
    o.open(0);
    BOOST_TEST((all()[0].stream == 0u and all()[0].listens_to(first)));
    while (all()[0].listens_to(first) and in->step()) {
    }
    o.open(0);
    BOOST_TEST((all()[0].stream > first.value and not all()[0].listens_to(first)));
}

/// Its first bytes, as they are or in hexadecimal.
bool tells(const std::string& text, const digest256& secret) {
    const std::string raw(reinterpret_cast<const char*>(secret.data()), 8);
    std::string digits;
    for (const char byte : raw) {
        constexpr std::string_view hex = "0123456789abcdef";
        digits += hex[static_cast<unsigned char>(byte) / 16];
        digits += hex[static_cast<unsigned char>(byte) % 16];
    }
    return text.find(raw) != text.npos or text.find(digits) != text.npos;
}

BOOST_AUTO_TEST_CASE(no_token_stands_in_any_line_row_or_history_G3_I17) {
    BOOST_TEST((tells("token 0102030405060708", digest256{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                                          std::byte{5}, std::byte{6}, std::byte{7}, std::byte{8}})));
    std::size_t of_workers = 0, of_data = 0, texts = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const auto in = some_world(seed);
        outside& o = in->around();
        o.seen.keep_lines();
        simulation::secrets with(seed);
        std::set<digest256> hidden;
        for (int step = 0; step < 1'000; ++step) {
            go_on(*in, 1);
            o.queue.for_each([&](std::size_t, instant, const on_its_way& what) {
                const auto* const asked = std::get_if<to_outside>(&what);
                const auto* const r = asked ? std::get_if<request<start_execution>>(&asked->what) : nullptr;
                if (r) of_data += hidden.insert(r->what.data_token).second ? 1u : 0u;
            });
        }
        for (const process& one : o.backend.all()) {
            of_workers += hidden.insert(one.token).second ? 1u : 0u;
            hidden.insert(call_token(with, one.token));
        }
        std::vector<std::string> said;
        for (const trace::line& one : o.seen.lines()) said.push_back(one.text);
        for (const auto& [job, entry] : o.rows.jobs()) {
            said.push_back(entry.row.last_error + entry.waits_for);
            for (const log_line& one : entry.log) said.push_back(one.text);
        }
        for (const digest256& secret : hidden)
            for (const std::string& text : said) BOOST_REQUIRE(not tells(text, secret));
        texts += said.size();
    }
    BOOST_TEST((of_workers >= 120u and of_data >= 20u and texts > 10'000u), of_data << " data tokens");
}

BOOST_AUTO_TEST_CASE(any_list_of_numbers_is_a_run_and_zeros_are_one_where_nothing_goes_wrong) {
    const lifecycle_result none = live(decisions(std::vector<std::uint32_t>{}), everything);
    BOOST_TEST((not none.broken and none.injected == 0u and none.running == 1u));
    std::vector<std::uint32_t> numbers = live(decisions(5), everything).decisions;
    std::ranges::reverse(numbers);
    numbers.resize(numbers.size() / 2);
    BOOST_TEST((not live(decisions(numbers), everything).broken));
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_world_goes_on_as_the_world_does_with_all_that_is_on_its_way) {
    int different = 0;  // but for worlds whose controller is gone for good by then
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto original = some_world(seed);
        go_on(*original, 150);
        world<> copy(*original);
        go_on(*original, 300);
        different += copy.around().seen.digest() != original->around().seen.digest();
        go_on(copy, 300);
        BOOST_TEST(copy.around().seen.digest() == original->around().seen.digest());
    }
    BOOST_TEST(different >= 18);
}

BOOST_AUTO_TEST_CASE(another_wall_clock_changes_nothing_I18) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto here = some_world(seed), there = some_world(seed);
        there->around().wall_offset = std::chrono::hours(1'000);
        go_on(*here, 400);
        go_on(*there, 400);
        BOOST_TEST(here->around().seen.digest() == there->around().seen.digest());
    }
}

BOOST_AUTO_TEST_CASE(decisions_are_printed_and_read_and_nonsense_says_where_it_is) {
    const std::vector<std::uint32_t> taken{0, 17, 0, 0, 4'294'967'295};
    const std::string head = print(std::vector<std::uint32_t>{});
    BOOST_TEST(print(taken) == head + "1=17,4=4294967295");
    BOOST_TEST((parse_decisions(print(taken)) == taken));
    BOOST_TEST((parse_decisions(head)->empty()));
    const auto wrong = [](const std::string& text, std::string_view says) {
        const auto read = parse_decisions(text);
        BOOST_TEST((not read and read.error().text.find(says) != std::string::npos));
    };
    wrong("", "character 1");
    wrong("x", "a list is needed");
    wrong("v2:1=1", "version 2, this program replays");
    wrong(head + "1", "position=number");
    wrong(head + "1=", "position=number");
    wrong(head + "1=2;", "comma");
    wrong(head + "99999999999=1", "above");
    wrong(head + "1=4294967296", "position=number");
}

BOOST_AUTO_TEST_CASE(decisions_are_shrunk_to_those_that_matter) {
    std::vector<std::uint32_t> taken(1'000);
    for (std::uint32_t i = 0; i < 1'000; ++i) taken[i] = i;
    const auto least = shrunk(taken, [](const auto& tried) { return tried.size() > 700 and tried[3] == 3 and tried[700] > 0; });
    BOOST_TEST(print(least) == print(std::vector<std::uint32_t>{}) + "3=3,700=700");
}

BOOST_AUTO_TEST_CASE(every_single_fault_of_an_attempt_is_got_over_J6) {
    for (std::size_t number = 0; number < single_faults; ++number) {
        const planned_fault one = fault_number(number);
        const matrix_result result = run_attempt(std::span(&one, 1));
        BOOST_TEST((not result.broken and result.struck == 1u), text_of(one));
    }
}

BOOST_AUTO_TEST_CASE(every_fault_and_every_probe_has_a_name_of_its_own) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < faults; ++i) {
        names.emplace_back(simulation::name_of(static_cast<fault>(i)));
        BOOST_TEST((fault_of(names.back()) == static_cast<fault>(i)));
    }
    for (std::size_t i = 0; i < probe_count; ++i) names.emplace_back(text_of(static_cast<probe>(i)));
    for (std::size_t i = 0; i < invariants; ++i) names.emplace_back(sentence_of(static_cast<invariant>(i)));
    std::ranges::sort(names);
    BOOST_TEST((std::ranges::adjacent_find(names) == names.end()));
}

BOOST_AUTO_TEST_CASE(a_chart_has_a_column_for_each_who_acts) {
    lifecycle_settings settings = everything;
    settings.keeps_lines = true;
    const lifecycle_result run = live(decisions(3), settings);
    const auto chart = sequence_chart(run.lines, 10);
    BOOST_TEST((chart.size() > 11u and chart.front().find("controller 1") != std::string::npos));
}

}  // namespace
