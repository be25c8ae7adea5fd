#pragma once
// SPDX-License-Identifier: BSL-1.0
// tests: a machine, and an outside that does what it asks as well as can be, but for what a test keeps back.

#include <headgate/machine/machine.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace stages {

using namespace headgate;
using namespace std::chrono_literals;

/// A source of 2 subtasks and a sink of 4: with 2 slots a worker, 2 workers.
inline std::shared_ptr<const program> two_nodes() {
    return std::make_shared<const program>(
        program{.nodes = {{.id = {1}, .parallelism = 2, .operators = {{.id = {"source"}, .what = {}}}},
                          {.id = {2}, .parallelism = 4, .operators = {{.id = {"sink"}, .what = {}}}}},
                .edges = {{.from = {1}, .to = {2}, .kind = edge_kind::shuffle}}});
}

inline wish wants(std::uint64_t version = 1, stop_mode stop = stop_mode::run) {
    wish made;
    made.version = version;
    made.program = two_nodes();
    made.stop = stop;
    return made;
}

inline constexpr incarnation us{{7, 7}};
inline constexpr incarnation them{{8, 8}};
inline const error broken{.kind = error_kind::scheduler, .text = "broken"};

/// A row that another controller left.
inline job_row left_in(state_name state, std::uint32_t of_generation = 3) {
    job_row row;
    row.revision = 5;
    row.generation = {of_generation};
    row.owner = them;
    row.state = state;
    return row;
}

/// A checkpoint to restore from.
inline checkpoint_row ready_checkpoint(std::uint32_t at = 4, std::uint32_t of_generation = 2) {
    return {.name = {{at}, {of_generation}}, .state = checkpoint_state::ready};
}

template <class Policies = policies<>>
struct stage_of {
    explicit stage_of(job_row found = {}, Policies policy = {})
        : stands(found), value({"job"}, us, found, 2, std::move(policy)) {}

    // The outside.
    job_row stands;                             ///< the database's row
    std::optional<checkpoint_row> restore{};    ///< what a claim finds
    std::vector<checkpoint_row> checkpoints{};  ///< written, one entry a write
    std::vector<checkpoint_name> obsolete{};    ///< what cleaning lists
    bool workers_come = true;                   ///< once asked for
    bool tasks_start = true;                    ///< once StartExecution was sent
    bool subtasks_store = true;                 ///< at a barrier

    // The machine.
    machine<Policies> value;
    instant now{1'000'000ms};
    effects out{};                   ///< of the last step
    std::vector<effect> open{};      ///< asked and not answered, oldest first
    std::vector<note> told{};        ///< all
    std::vector<std::string> log{};  ///< the states that were entered

    const headgate::job& job() const { return value.job(); }
    state_name state() const { return value.state(); }
    generation current() const { return job().next.generation; }
    template <class State>
    const State& in() const {
        BOOST_REQUIRE(std::holds_alternative<State>(value.phase()));
        return std::get<State>(value.phase());
    }

    /// One step, now. Whatever it is, a deadline stands afterwards unless all is over (L4).
    void step(const event& e) {
        value.on(e, {now, bits()}, out);
        open.insert(open.end(), out.asked.begin(), out.asked.end());
        for (const effect& one : out.asked)
            if (not std::visit([&](const auto& r) { return r.deadline > now and r.deadline != never; }, one))
                BOOST_FAIL("in " << text_of(state()) << " it asks without a deadline (S16)");
        for (const note& one : out.told) {
            if (const auto* const moved = std::get_if<transition>(&one)) log.emplace_back(text_of(moved->to));
            told.push_back(one);
        }
        if (value.is_over() != (value.deadline() == never))
            BOOST_FAIL("in " << text_of(state()) << " it waits without a deadline");
        if (std::holds_alternative<tick>(e) and value.deadline() <= now)
            BOOST_FAIL("a tick did not move the deadline on in " << text_of(state()));
    }
    /// Ticks at every deadline on the way.
    void advance(duration by) {
        const instant end = now + by;
        for (int ticks = 0; value.deadline() <= end; ++ticks) {
            BOOST_REQUIRE(ticks < 100'000);
            now = std::max(now, value.deadline());
            step(tick{});
        }
        now = end;
    }
    void advance_to_deadline() { advance(value.deadline() - now); }
    void happens(duration after, const event& e) {
        advance(after);
        step(e);
    }

    void is_wished(wish what, std::optional<duration> time_left = {}) {
        step(wished{std::make_shared<const wish>(std::move(what)), time_left});
    }

    /// What the last step asked, if it asked it; at most once.
    template <class Effect>
    const request<Effect>* asked() const {
        const request<Effect>* found = nullptr;
        for (const effect& one : out.asked)
            if (const auto* const r = std::get_if<request<Effect>>(&one)) {
                BOOST_REQUIRE(not found);
                found = r;
            }
        return found;
    }
    /// The oldest that is not answered.
    template <class Effect>
    request<Effect> pending() const {
        for (const effect& one : open)
            if (const auto* const r = std::get_if<request<Effect>>(&one)) return *r;
        BOOST_REQUIRE_MESSAGE(false, "nothing of the kind is pending");
        return {};
    }
    template <class Effect>
    std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            open, [](const effect& one) { return std::holds_alternative<request<Effect>>(one); }));
    }
    /// Answers the oldest of the kind.
    template <class Effect>
    void answer(typename Effect::answer result) {
        const request<Effect> r = take_out<Effect>();
        step(answered<Effect>{r.by, std::move(result)});
    }
    /// Loses it.
    template <class Effect>
    request<Effect> take_out() {
        const request<Effect> r = pending<Effect>();
        open.erase(
            std::ranges::find_if(open, [](const effect& one) { return std::holds_alternative<request<Effect>>(one); }));
        return r;
    }

    /// From now on `settle` leaves these unanswered.
    template <class... Effects>
    stage_of& without() {
        ((is_kept_back[position<Effects>] = true), ...);
        return *this;
    }
    template <class... Effects>
    stage_of& with() {
        ((is_kept_back[position<Effects>] = false), ...);
        return *this;
    }
    /// Answers whatever is asked, in order, until only what is kept back is pending.
    stage_of& settle() {
        for (int steps = 0; not value.is_over(); ++steps) {
            BOOST_REQUIRE(steps < 10'000);
            const auto at =
                std::ranges::find_if(open, [&](const effect& one) { return not is_kept_back[one.index()]; });
            if (at == open.end()) break;
            const effect next = *at;
            open.erase(at);
            std::visit([&](const auto& r) { carry_out(r); }, next);
        }
        return *this;
    }
    /// Settles, and goes on at each deadline for so long.
    stage_of& run(duration length) {
        const instant end = now + length;
        for (int steps = 0; settle(), value.deadline() <= end; ++steps) {
            BOOST_REQUIRE(steps < 100'000);
            now = std::max(now, value.deadline());
            step(tick{});
        }
        now = end;
        return *this;
    }
    /// The first wish, and all that follows from it.
    stage_of& start(wish what = wants()) {
        is_wished(std::move(what));
        return settle();
    }
    /// Running, all well.
    stage_of& run_up(wish what = wants()) {
        start(std::move(what));
        BOOST_REQUIRE(state() == state_name::running);
        return *this;
    }

    // What workers say.
    session of(std::uint32_t worker) const { return {current(), {worker}, {current().value * 1'000u + worker + 1}}; }
    template <class Message>
    void says(std::uint32_t worker, Message message) {
        step(of(worker).fence(std::move(message)));
    }
    worker_profile profile(std::uint32_t worker) const {
        return {.id = id_of(current(), {worker}),
                .incarnation = {{current().value, worker + 1}},
                .slots = 2,
                .machine = {"machine"},
                .zone = {},
                .rpc_address = "127.0.0.1:" + std::to_string(1'000 + worker),
                .data_address = "127.0.0.1:" + std::to_string(2'000 + worker)};
    }
    void comes(std::uint32_t worker) { says(worker, registered{profile(worker)}); }
    /// The subtasks that the plan gives to a worker.
    std::vector<task_range> tasks_of(std::uint32_t number) const {
        std::vector<task_range> all;
        if (not job().running or number >= job().workers.members().size()) return all;
        const worker& w = job().workers.members()[number];
        for (std::size_t node = 0; w.is_placed() and node < job().plan().nodes.size(); ++node)
            shares(job().plan(), node, w.position, [&](subtask_range range) {
                all.push_back({job().plan().nodes[node].id, range.first, range.last});
            });
        return all;
    }
    void starts(std::uint32_t number) {
        says(number, task_report{.started = tasks_of(number), .finished = {}, .failures = {}});
    }
    void finishes(std::uint32_t number) {
        says(number, task_report{.started = tasks_of(number), .finished = tasks_of(number), .failures = {}});
    }
    const worker& member(std::uint32_t number) const { return job().workers.members().at(number); }

    /// Whether a remark was made that holds this text.
    bool said(const std::string& text) const {
        return std::ranges::any_of(told, [&](const note& one) {
            const auto* const r = std::get_if<remark>(&one);
            return r and r->text.find(text) != std::string::npos;
        });
    }
    bool raised_alarm() const {
        return std::ranges::any_of(told, [](const note& one) {
            const auto* const r = std::get_if<remark>(&one);
            return r and r->how == remark::severity::alarm;
        });
    }
    /// How often a state was entered.
    std::size_t entered(state_name which) const {
        return static_cast<std::size_t>(std::ranges::count(log, text_of(which)));
    }

    void carry_out(const request<claim>& r) {
        if (stands.revision == r.what.expected) stands = r.what.next;
        step(answered<claim>{r.by, claimed{stands, stands == r.what.next ? restore : std::nullopt}});
    }
    void carry_out(const request<store_row>& r) {
        if (stands.revision == r.what.expected) stands = r.what.next;
        step(answered<store_row>{r.by, stands});
    }
    void carry_out(const request<write_checkpoint>& r) {
        checkpoints.push_back(r.what.row);
        step(answered<write_checkpoint>{
            r.by, checkpoint_written{r.what.keep > 0 ? obsolete : std::vector<checkpoint_name>{}}});
    }
    void carry_out(const request<start_workers>& r) {
        step(answered<start_workers>{r.by, applied{}});
        if (workers_come)
            for (const worker_identity& one : r.what.workers) comes(ordinal_of(one.id).value);
    }
    void carry_out(const request<stop_workers>& r) { step(answered<stop_workers>{r.by, 0u}); }
    void carry_out(const request<dial>& r) { step(answered<dial>{r.by, reached(r)}); }
    static dialled reached(const request<dial>& r) {
        return {
            .connection = {r.what.worker.value}, .worker = r.what.worker, .incarnation = r.what.incarnation, .mac = {}};
    }
    void carry_out(const request<start_execution>& r) {
        step(answered<start_execution>{r.by, applied{}});
        says(r.by.worker.value, initialized{});
        if (tasks_start) starts(r.by.worker.value);
    }
    void carry_out(const request<begin_checkpoint>& r) {
        step(answered<begin_checkpoint>{r.by, applied{}});
        if (subtasks_store) stores(r.by.worker.value, r.what.name.epoch);
    }
    void stores(std::uint32_t number, epoch at) {
        checkpoint_report all{.epoch = at, .subtasks = {}, .failure = {}};
        for (const task_range& range : tasks_of(number))
            for (std::uint32_t subtask = range.first; subtask < range.last; ++subtask)
                all.subtasks.push_back({range.node, subtask, "handle"});
        says(number, std::move(all));
    }
    void carry_out(const request<stop_execution>& r) { step(answered<stop_execution>{r.by, applied{}}); }
    void carry_out(const request<load_checkpoint>& r) {
        step(answered<load_checkpoint>{
            r.by, std::make_shared<const checkpoint_metadata>(checkpoint_metadata{.name = r.what.name, .nodes = {}})});
    }
    void carry_out(const request<prepare_checkpoint>& r) { step(answered<prepare_checkpoint>{r.by, applied{}}); }
    void carry_out(const request<store_checkpoint>& r) { step(answered<store_checkpoint>{r.by, applied{}}); }
    void carry_out(const request<remove_checkpoint>& r) { step(answered<remove_checkpoint>{r.by, applied{}}); }

    std::uint64_t bits() { return drawn = drawn * 6364136223846793005u + 1442695040888963407u; }

    template <class Effect>
    static constexpr std::size_t position = [] {
        return []<class... All>(const std::variant<All...>*) {
            const std::array is_same{std::is_same_v<request<Effect>, All>...};
            return static_cast<std::size_t>(std::ranges::find(is_same, true) - is_same.begin());
        }(static_cast<const effect*>(nullptr));
    }();
    std::array<bool, std::variant_size_v<effect>> is_kept_back{};
    std::uint64_t drawn = 1;
};

using stage = stage_of<>;

}  // namespace stages

// Instantiated once, in stage.support.cpp, which halves the time that each test takes to compile.
extern template class headgate::machine<headgate::policies<>>;
extern template struct stages::stage_of<headgate::policies<>>;

namespace stages {

/// Without an answer: the call may have been carried out.
inline unknown no_answer(error_kind kind = error_kind::scheduler) { return {{.kind = kind, .text = "no answer"}}; }
inline not_applied refused_by(error_kind kind, std::string text = "no") {
    return {{.kind = kind, .text = std::move(text)}};
}

}  // namespace stages
