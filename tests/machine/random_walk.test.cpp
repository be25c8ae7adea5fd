// SPDX-License-Identifier: BSL-1.0
// Whatever happens, in whatever order: the machine never asserts, always has a deadline unless it is over, and each
// tick moves it on (J7, L4, S19; the stage checks that after each step).
#include "stage.hpp"

namespace {

using namespace stages;

constexpr std::array all_kinds = [] {
    std::array<error_kind, error_kinds> kinds{};
    for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = static_cast<error_kind>(i);
    return kinds;
}();

class walker {
public:
    explicit walker(std::uint64_t seed) : seed_(seed), s(left_in(static_cast<state_name>(draw(state_count)))) {
        if (draw(2)) s.restore = ready_checkpoint();
        if (s.restore and draw(8) == 0) s.restore->state = checkpoint_state::committing;
        if (draw(4) == 0) s.workers_come = false;
        if (draw(4) == 0) s.tasks_start = false;
        if (draw(2)) s.obsolete = {{{1}, {1}}, {{2}, {1}}};
    }

    void go(int steps) {
        s.is_wished(wanted());
        // How often things go wrong differs from walk to walk, so that some get far.
        wrong_ = 1 + draw(60);
        for (int i = 0; i < steps and not s.job().is_let_go; ++i) {
            move();
            BOOST_REQUIRE(not s.said("internal"));
            BOOST_REQUIRE(s.out.asked.size() <= 64u);
            reached.insert(s.state());
            if (not s.job().is_owned()) continue;  // what it may be claiming it may not get
            BOOST_REQUIRE(s.current() >= highest_);
            highest_ = s.current();
        }
    }

    state_set reached{};

private:
    std::uint64_t draw(std::uint64_t below) {
        seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
        return (seed_ >> 33) % below;
    }
    bool goes_wrong() { return draw(100) < wrong_; }
    error some_error() { return {.kind = all_kinds[draw(all_kinds.size())], .text = "w", .needed = 4, .available = 1}; }

    wish wanted() {
        wish next = wants(++version_);
        if (draw(6) == 0) next.stop = static_cast<stop_mode>(draw(5));
        if (draw(12) == 0) next.parallelism = {{{2}, static_cast<std::uint32_t>(draw(9))}};
        if (draw(4) == 0) next.restart_nonce = draw(3);
        if (draw(8) == 0) next.waits_for_slots = true;
        if (draw(8) == 0) next.ignore_state_before_epoch = epoch{static_cast<std::uint32_t>(1 + draw(9))};
        return next;
    }

    template <class T>
    outcome<T> ended(T well) {
        if (not goes_wrong()) return well;
        return draw(2) ? outcome<T>(not_applied{some_error()}) : outcome<T>(unknown{some_error()});
    }
    template <class T>
    expected<T> read(T well) {
        if (not goes_wrong()) return well;
        return tl::unexpected(some_error());
    }
    job_row some_row() {
        if (not goes_wrong() or draw(4)) return s.stands;
        job_row row = s.stands;
        if (draw(2)) row.revision += draw(3);
        if (draw(4) == 0) row.owner = draw(2) ? them : us;
        if (draw(4) == 0) row.generation.value += static_cast<std::uint32_t>(draw(2));
        return row;
    }

    template <class Effect>
    typename Effect::answer some_answer(const request<Effect>& r) {
        if constexpr (std::same_as<Effect, claim> or std::same_as<Effect, store_row>)
            if (s.stands.revision == r.what.expected and draw(100) >= wrong_) s.stands = r.what.next;
        if constexpr (std::same_as<Effect, claim>)
            return ended(claimed{some_row(), s.restore});
        else if constexpr (std::same_as<Effect, store_row>)
            return ended(some_row());
        else if constexpr (std::same_as<Effect, write_checkpoint>)
            return ended(checkpoint_written{r.what.keep > 0 ? s.obsolete : std::vector<checkpoint_name>{}});
        else if constexpr (std::same_as<Effect, stop_workers>)
            return ended(static_cast<std::uint32_t>(goes_wrong() ? 2 : 0));
        else if constexpr (std::same_as<Effect, dial>)
            return ended(stage::reached(r));
        else if constexpr (std::same_as<Effect, load_checkpoint>)
            return read(goes_wrong() ? nullptr : std::make_shared<const checkpoint_metadata>());
        else
            return ended(applied{});
    }

    void answers() {
        if (s.open.empty()) return ticks();
        const std::size_t at = draw(s.open.size());
        const effect what = s.open[at];
        if (draw(8)) s.open.erase(s.open.begin() + static_cast<std::ptrdiff_t>(at));  // else it will be answered again
        if (s.open.size() > 50) s.open.erase(s.open.begin());
        if (goes_wrong()) return;  // lost
        std::visit(
            [&]<class Effect>(const request<Effect>& r) {
                ticket to = r.by;
                if (draw(100) == 0) to.attempt.value += 1;
                if (draw(100) == 0) to.visit += 1;
                s.step(answered<Effect>{to, some_answer(r)});
            },
            what);
    }

    void ticks() {
        if (not s.value.is_over()) s.advance_to_deadline();
    }

    session some_session() {
        session of = s.of(static_cast<std::uint32_t>(draw(draw(8) ? 2 : 5)));
        if (draw(60) == 0) --of.generation.value;
        if (draw(60) == 0) ++of.stream.value;
        return of;
    }

    std::vector<task_range> some_tasks(std::uint32_t number) {
        if (not goes_wrong() and number < s.job().workers.members().size() and s.job().running)
            return s.tasks_of(number);
        const auto first = static_cast<std::uint32_t>(draw(6));
        return {{{static_cast<std::uint32_t>(draw(4))}, first, first + static_cast<std::uint32_t>(draw(3)) - 1}};
    }

    void a_worker_speaks() {
        const session of = some_session();
        switch (draw(12)) {
            case 0:
            case 1:
            case 2: {
                worker_profile shown = s.profile(of.worker.value);
                if (goes_wrong()) shown.incarnation.value[1] += 100;
                if (goes_wrong()) shown.rpc_address = "127.0.0.1:9999";
                if (goes_wrong()) shown.slots = static_cast<std::uint32_t>(draw(4));
                return s.step(of.fence(registered{shown}));
            }
            case 3: return s.step(of.fence(initialized{goes_wrong() ? std::optional<std::string>("w") : std::nullopt}));
            case 4: return s.step(of.fence(stream_lost{}));
            case 5:
                if (goes_wrong()) return s.step(worker_exited{id_of(of.generation, of.worker), "w"});
                [[fallthrough]];
            case 6: {
                checkpoint_report said{.epoch = {static_cast<std::uint32_t>(draw(12))}, .subtasks = {}, .failure = {}};
                for (const task_range& range : some_tasks(of.worker.value))
                    said.subtasks.push_back({range.node, range.first, "h"});
                if (goes_wrong()) said.failure = "w";
                return s.step(of.fence(std::move(said)));
            }
            case 7:
            case 8: {
                task_report said{.started = some_tasks(of.worker.value), .finished = {}, .failures = {}};
                if (goes_wrong()) said.finished = said.started;
                if (goes_wrong()) said.failures.push_back({.node = {1}, .subtask = 0, .may_retry = draw(8) > 0});
                return s.step(of.fence(std::move(said)));
            }
            default:
                for (std::uint32_t i = 0; i < 4; ++i) s.says(i, heartbeat{});
        }
    }

    void move() {
        const std::uint64_t what = draw(100);
        if (what < 45) return answers();
        if (what < 65) return a_worker_speaks();
        if (what < 80) return ticks();
        if (what < 95) {
            if (draw(100) >= wrong_) s.settle();
            return s.advance(duration(static_cast<duration::rep>(draw(draw(8) ? 2'000 : 200'000))));
        }
        if (what < 97) return s.step(slots_freed{});
        if (what < 98) return s.step(restart_turn{s.now + duration(static_cast<duration::rep>(draw(100'000)))});
        if (what < 99 or draw(20))
            return s.is_wished(wanted(), draw(8) ? std::nullopt : std::optional(duration(50'000)));
        s.step(disowned{});
    }

    std::uint64_t seed_;
    std::uint64_t wrong_ = 0;
    std::uint64_t version_ = 0;
    generation highest_{};
    stage s;
};

BOOST_AUTO_TEST_CASE(no_order_of_events_makes_it_assert_hang_or_wait_without_a_deadline_J7_S19) {
    state_set reached{};
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            walker walk(seed);
            walk.go(500);
            for (std::size_t state = 0; state < state_count; ++state)
                if (walk.reached.contains(static_cast<state_name>(state)))
                    reached.insert(static_cast<state_name>(state));
        }
    }
    using enum state_name;
    for (const state_name state :
         {scheduling, running, recovering, stopping, finishing, failing, stopped, failed, finished})
        BOOST_TEST(reached.contains(state), "never came to " << text_of(state));
}

}  // namespace
