#pragma once
// SPDX-License-Identifier: BSL-1.0
// A worker's machine with a hand on its clock, and an execution for it.

#include <headgate/worker/machine.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace worker_tests {

using namespace headgate;
using namespace std::chrono_literals;

inline constexpr headgate::generation mine{3};

/// `nodes` nodes, ids 1 and up, each of parallelism 4, slots 0 and 1 this worker's, 2 and 3 another's.
inline std::shared_ptr<const execution> execution_for(worker_id self, std::uint32_t nodes = 2,
                                                      headgate::generation of = mine, std::uint32_t parallelism = 4) {
    auto wanted = std::make_shared<program>();
    auto placed = std::make_shared<plan>();
    placed->workers = {{.id = self, .slots = 65'536}, {.id = {self.value + 1}, .slots = 65'536}};
    for (int i = 0; i < 2; ++i) {
        BOOST_REQUIRE(placed->machines.push_back("machine"));
        BOOST_REQUIRE(placed->data_addresses.push_back("10.0.0.1:7"));
    }
    placed->layouts = {{.boundaries = {0, parallelism / 2, parallelism}}};
    for (std::uint32_t i = 1; i <= nodes; ++i) {
        const std::string operator_name = "operator-" + std::to_string(i);
        wanted->nodes.push_back({.id = {i}, .parallelism = parallelism, .operators = {{.id = {operator_name}}}});
        placed->nodes.push_back({.id = {i}, .parallelism = parallelism});
    }
    execution made{.job = {"job"}, .generation = of, .program = wanted, .plan = placed, .digest = digest(*placed)};
    made.start_epoch = {4};
    return std::make_shared<const execution>(made);
}

struct worker_fixture {
    static inline const worker_id self = id_of(mine, {0});

    worker_settings settings{
        .job = {"job"},
        .generation = mine,
        .profile = {.id = self, .incarnation = {{1, 2}}, .slots = 65'536, .rpc_address = "127.0.0.1:1"},
    };
    instant now{1h};
    worker_machine machine{settings, now};
    worker_effects out;
    std::uint64_t calls = 0;

    void happens(const worker_event& what, duration after = 0ms) {
        now += after;
        machine.on(what, {now, 7}, out);
    }
    /// Ticks as a loop would, whatever `out` held is gone; effects of all ticks are kept.
    void wait(duration length) {
        worker_effects all;
        const instant until = now + length;
        while (machine.deadline() <= until) {
            now = std::max(now, machine.deadline());
            machine.on(tick{}, {now, 7}, out);
            all.insert(all.end(), out.begin(), out.end());
        }
        now = until;
        out = all;
    }

    template <class Effect>
    std::vector<Effect> every() const {
        std::vector<Effect> found;
        for (const worker_effect& each : out)
            if (const auto* one = std::get_if<Effect>(&each)) found.push_back(*one);
        return found;
    }
    template <class Effect>
    std::size_t count() const {
        return every<Effect>().size();
    }
    /// Empty: applied.
    std::string answer() const {
        const auto answers = every<answer_call>();
        BOOST_REQUIRE(answers.size() == 1u and answers.front().id == call_id{calls});
        if (const auto* no = std::get_if<refused>(&answers.front().what)) return no->why;
        return "";
    }

    void call(std::variant<identify, execution_offered, checkpoint, stop> what, bool token_holds = true) {
        happens(call_heard{{++calls}, token_holds, std::move(what)});
    }

    void connects() {
        happens(tick{});
        BOOST_REQUIRE(count<open_link>() == 1u);
        happens(link_is_up{});
        BOOST_REQUIRE(count<say_hello>() == 1u);
    }
    void proves() {
        connects();
        happens(challenged{true});
        BOOST_REQUIRE(count<say_proof>() == 1u);
    }
    void registers() {
        proves();
        happens(verdict(accepted{5s, 30s}));
        BOOST_REQUIRE(machine.is_accepted());
    }
    /// After a lost stream.
    void registers_again() {
        BOOST_REQUIRE(not machine.is_over() and not machine.is_accepted());
        now = std::max(now, machine.deadline());
        registers();
    }
    void starts(std::uint32_t parallelism = 4) {
        registers();
        call(execution_offered{execution_for(self, 2, mine, parallelism)});
        BOOST_REQUIRE(answer().empty() and count<start_engine>() == 1u);
        happens(engine_event(engine_initialized{}));
    }

    bool ended(worker_end_kind kind) const {
        return machine.is_over() and machine.end().kind == kind and machine.deadline() == never;
    }
};

}  // namespace worker_tests
