#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: the worlds that are explored: small, and with little that may go wrong.

#include <headgate/simulation/explorer.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

struct explored_world {
    std::string_view name;
    std::string_view what;
    std::uint32_t workers = 2;  ///< and subtasks of each node
    std::uint32_t nodes = 2;
    std::uint32_t controllers = 1;
    bool is_stopped = false;  ///< the user asks for it, at any time
    allowance goes_wrong{};
};

/// A job is brought up, from nothing and without checkpoints, on workers of one slot.
inline constexpr std::array<explored_world, 9> explored_worlds{{
    {.name = "bring-up",
     .what = "2 workers, 2 nodes; a stop, a lost answer",
     .is_stopped = true,
     .goes_wrong = {.lost = 1}},
    {.name = "crash",
     .what = "2 workers, 2 nodes; a stop, a worker dies, the controller crashes",
     .is_stopped = true,
     .goes_wrong = {.deaths = 1, .crashes = 1}},
    {.name = "two-controllers",
     .what = "2 workers, 2 nodes; one of two controllers crashes for good",
     .controllers = 2,
     .goes_wrong = {.crashes = 1, .restarts = false}},
    {.name = "strange-reports",
     .what = "2 workers, 2 nodes; a report comes twice, one is of what is another's",
     .goes_wrong = {.repeated = 1, .misdirected = 1}},
    {.name = "bring-up-small",
     .what = "bring-up with 1 worker and 1 node",
     .workers = 1,
     .nodes = 1,
     .is_stopped = true,
     .goes_wrong = {.lost = 1}},
    {.name = "crash-small",
     .what = "crash with 1 worker and 1 node",
     .workers = 1,
     .nodes = 1,
     .is_stopped = true,
     .goes_wrong = {.deaths = 1, .crashes = 1}},
    {.name = "two-controllers-small",
     .what = "two-controllers with 1 worker and 1 node",
     .workers = 1,
     .nodes = 1,
     .controllers = 2,
     .goes_wrong = {.crashes = 1, .restarts = false}},
    {.name = "strange-reports-small",
     .what = "strange-reports with 1 worker and 1 node",
     .workers = 1,
     .nodes = 1,
     .goes_wrong = {.repeated = 1, .misdirected = 1}},
    {.name = "late-small",
     .what = "1 worker, 1 node; a stop, and one deadline passes before what is on its way has come",
     .workers = 1,
     .nodes = 1,
     .is_stopped = true,
     .goes_wrong = {.late = 1}},
}};

/// The pauses of production, or without their jitter: in a world that is explored what is the same then goes on alike.
/// One type for both, since all that runs in a world is compiled anew for each type of its policies.
struct simulated_pause {
    equal_jitter<exponential> drawn{};
    bool jitters = true;

    constexpr duration operator()(attempt failed, duration previous, std::uint64_t bits) const {
        return jitters ? drawn(failed, previous, bits) : drawn.base(failed, previous, bits);
    }
    constexpr duration longest(attempt failed) const { return drawn.longest(failed); }
    friend constexpr bool operator==(const simulated_pause&, const simulated_pause&) = default;
};

template <assignment_policy Assignment = slot_filling>
using simulated_policies = policies<Assignment, simulated_pause, simulated_pause, restart_after<simulated_pause>>;

/// Those of production.
template <assignment_policy Assignment = slot_filling>
simulated_policies<Assignment> with_jitter(Assignment assignment = {}, bool jitters = true) {
    return {.assignment = std::move(assignment),
            .dial = {dial_backoff, jitters},
            .state_retry = {state_backoff, jitters},
            .restart = {.pause = {state_backoff, jitters}}};
}

/// Those of an explored world, which takes no checkpoints either: epochs have no end, and what is explored has to.
template <assignment_policy Assignment = slot_filling>
simulated_policies<Assignment> without_jitter(Assignment assignment = {}) {
    simulated_policies<Assignment> made = with_jitter(std::move(assignment), false);
    made.takes_checkpoints = false;
    made.wait.telling = duration::max();  // there is no history, and what it waits for changes with time alone
    return made;
}

/// Null if there is none of that name.
constexpr const explored_world* explored_world_of(std::string_view name);

/// As it begins: the job is submitted, its controllers start. `policy` and `backend` may be one's own; not an
/// assignment that minds where workers failed (`spread` with a penalty), because no world is told apart by that.
template <class Policies = simulated_policies<>, backend_rules Backend = cluster>
situation<Policies, Backend> begin(const explored_world& of, Policies policy = without_jitter(),
                                   Backend backend = Backend{});

// Implementation ------------------------------------------------------------------------------------------------------

constexpr const explored_world* explored_world_of(std::string_view name) {
    const auto at = std::ranges::find(explored_worlds, name, &explored_world::name);
    return at == explored_worlds.end() ? nullptr : &*at;
}

template <class Policies, backend_rules Backend>
situation<Policies, Backend> begin(const explored_world& of, Policies policy, Backend backend) {
    const auto in = std::make_unique<world<Policies, Backend>>(decisions(std::vector<std::uint32_t>{}), fault_set{},
                                                               std::move(policy), std::move(backend));
    outside& o = in->around();
    o.usual_delay = 1;
    o.rows.keeps_history = false;
    program what{.nodes = {}, .edges = {}};
    for (std::uint32_t i = 1; i <= of.nodes; ++i) {
        what.nodes.push_back(
            {.id = {i}, .parallelism = of.workers, .operators = {{{"step-" + std::to_string(i)}, ""}}});
        if (i > 1) what.edges.push_back({.from = {i - 1}, .to = {i}, .kind = edge_kind::shuffle});
    }
    const job_id job{"job-1"};
    wish wished{.name = job.value, .program = std::make_shared<const program>(std::move(what))};
    in->will_say({o.now, job, wished});
    in->happen(o.queue.take());
    if (of.is_stopped) {
        wished.stop = stop_mode::immediate;
        in->will_say({o.now, job, wished});
    }
    for (std::uint32_t slot = 0; slot < of.controllers; ++slot) in->start_controller(slot);
    return {*in, of.goes_wrong};
}

}  // namespace headgate::inline v1::simulation
