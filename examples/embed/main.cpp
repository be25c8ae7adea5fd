// SPDX-License-Identifier: BSL-1.0
// headgate inside of a controller that has its own loop, cluster, messages, graph and screen. Ends with 0 if the job
// has come to its end.
#include "floor.hpp"
#include "loop.hpp"
#include "presses.hpp"
#include "wire.hpp"

#include <headgate/concepts/blocking.hpp>
#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/controller/controller.hpp>
#include <headgate/openssl/secrets.hpp>
#include <headgate/simulation/database.hpp>
#include <headgate/vocabulary/note_text.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace mine {

using namespace std::chrono_literals;

/// An observer: what happens is shown on a screen that was there before.
struct screen {
    bool is_over = false, is_finished = false;

    void on(const headgate::job_id& job, headgate::instant, const headgate::note& what) {
        std::printf("%s: %s\n", job.value.c_str(), headgate::one_line(text_of(what)).c_str());
        if (const auto* moved = std::get_if<headgate::transition>(&what)) {
            is_over = headgate::is_terminal(moved->to);
            is_finished = moved->to == headgate::state_name::finished;
        }
    }
};

headgate::program program_of(const std::vector<stage>& stages) {
    headgate::program made;
    for (const stage& each : stages) {
        const headgate::node_id id{static_cast<std::uint32_t>(made.nodes.size() + 1)};
        if (not made.nodes.empty())
            made.edges.push_back({.from = made.nodes.back().id, .to = id, .kind = headgate::edge_kind::shuffle});
        made.nodes.push_back({.id = id, .parallelism = each.copies, .operators = {{{each.name}, ""}}});
    }
    return made;
}

struct said {
    headgate::ticket to;

    void operator()(const headgate::outcome<std::uint64_t>&) const {}
};

int run() {
    const std::vector<stage> stages{{"cut", 3}, {"print", 5}};
    const std::vector<machine> machines{{"a1", 2}, {"a2", 2}, {"b7", 2}};

    // Before anything is asked for: would it fit?
    const auto copies = preview(stages, machines);
    if (not copies) return std::puts(headgate::describe(copies.error()).c_str()), 1;
    for (std::size_t i = 0; i < machines.size(); ++i)
        std::printf("%s would run %u\n", machines[i].serial.c_str(), (*copies)[i]);

    loop events;
    steady_clock clock;
    wire channel;
    headgate::blocking scheduler{presses(channel)};
    headgate::simulation::database jobs;  // in memory; yours keeps them
    headgate::no_checkpoints states;
    headgate::openssl::secrets secrets;
    screen shown;

    headgate::controller controller{
        scheduler,
        jobs,
        channel,
        clock,
        states,
        secrets,
        headgate::policies{.assignment = by_stage{stages}, .dial = headgate::exponential{50ms, 1s}},
        shown};

    const auto program = std::make_shared<const headgate::program>(program_of(stages));
    const headgate::request<headgate::put_wish> submit{
        .what = {.job = {"posters"}, .next = {.version = 1, .name = "posters", .program = program}}};
    jobs.put_wish(submit, said{submit.by});

    drive(events, controller, [&shown] { return shown.is_over; });
    return shown.is_finished ? 0 : 1;
}

}  // namespace mine

int main() { return mine::run(); }
