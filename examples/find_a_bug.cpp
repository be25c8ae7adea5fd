// A scheduler model of one's own, put into the world of faults: a run is found in which it leaks a worker.
#include <headgate/simulation/campaign.hpp>

#include <cstdio>

namespace {

using namespace headgate;

/// Looks right: starts what is not there, stops what it knows. But it forgets what was stopped, so a start that was on
/// its way while the stop overtook it starts workers that nobody will ever stop.
class forgetful_cluster {
public:
    std::uint32_t worker_slots() const { return 1; }

    outcome<applied> start_workers(const start_workers& what, simulation::processes& on) {
        if (what.workers.size() > on.free())
            return not_applied{
                {.kind = error_kind::not_enough_slots, .needed = what.workers.size(), .available = on.free()}};
        for (std::size_t i = 0; i < what.workers.size(); ++i) {
            const auto is_there = [&](const simulation::process& one) {
                return one.lives() and one.job == what.job and one.identity == what.workers[i];
            };
            if (std::ranges::any_of(on.all(), is_there)) continue;
            on.start({.job = what.job,
                      .generation = what.generation,
                      .identity = what.workers[i],
                      .token = what.tokens[i]});
        }
        return applied{};
    }

    outcome<std::uint32_t> stop_workers(const stop_workers& what, simulation::processes& on) {
        std::uint32_t left = 0;
        for (std::uint32_t number = 0; number < on.all().size(); ++number) {
            const simulation::process& one = on.all()[number];
            if (not one.lives() or one.job != what.job or one.generation > what.up_to) continue;
            on.stop(number, what.force);
            ++left;
        }
        return left;
    }
};

}  // namespace

int main() {
    simulation::campaign runs;
    // What can go wrong with a scheduler; without this, all that there is.
    using enum simulation::fault;
    const simulation::lifecycle_settings settings{.allowed = simulation::only({scheduler_slow, worker_dies})};
    for (std::uint64_t seed = 1; seed < 10'000; ++seed) {
        const auto found = runs.run(seed, settings, policies<>{}, forgetful_cluster{});
        if (not found) continue;
        const auto sentence = [](const simulation::violation& one) {
            return std::string(simulation::sentence_of(one.which)) + ": " + one.what;
        };
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), sentence(*found->broken).c_str());
        const auto least = simulation::shrink(*found, settings, policies<>{}, forgetful_cluster{});
        for (const std::string& line : simulation::sequence_chart(least.lines, 40)) std::printf("%s\n", line.c_str());
        std::printf("shrunk: %s\n", sentence(*least.broken).c_str());
        // As text for a report. Whoever reads it runs them again with the same settings, policies and model.
        const std::string text = simulation::print(least.decisions);
        const auto taken = simulation::parse_decisions(text);
        const auto again = live(simulation::decisions(*taken), settings, policies<>{}, forgetful_cluster{});
        std::printf("again, from %s: %s\n", text.c_str(), sentence(*again.broken).c_str());
        return 0;
    }
    std::puts("the bug was not found");
    return 1;
}
