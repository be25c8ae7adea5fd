#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: short names for what the laws of `database` do with a model.

#include <headgate/conformance/laws/pending.hpp>
#include <headgate/vocabulary/record.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::laws {

/// A new model. Each word asks one operation, settles it and answers what came, if it was applied.
template <class Database, class Settle>
class database_trial {
public:
    database_trial(Database& model, Settle& settle) : model_(model), settle_(settle) {}

    static constexpr job_id job() { return {"job"}; }
    static constexpr incarnation ours{{1, 1}}, theirs{{2, 2}};

    /// A wish that keeps the rules of `check`.
    static wish some_wish();
    static job_row some_row(generation number, incarnation owner, state_name state = state_name::compiling);

    bool expect(bool happened, std::string_view expected) { return found_.expect(happened, expected, last_); }
    const findings& found() const { return found_; }

    std::optional<std::uint64_t> put(std::uint64_t expected, wish next, job_id of = job());
    std::optional<claimed> claim(std::uint64_t expected, generation number, incarnation owner, epoch threshold = {},
                                 job_id of = job());
    std::optional<job_row> store(std::uint64_t expected, job_row next, job_id of = job());
    std::optional<checkpoint_written> write(generation number, incarnation owner, checkpoint_row row,
                                            std::uint32_t keep = 0, job_id of = job());
    std::optional<job_news> watch(cursor since);
    auto begin_watch(cursor since);
    std::optional<std::vector<controller_seen>> lease(incarnation self, std::uint64_t counter);
    bool tell(std::vector<log_line> lines, std::string waits_for, std::uint32_t workers, job_id of = job(),
              generation number = {}, incarnation owner = ours);
    std::optional<std::vector<log_line>> log(std::uint64_t after, std::uint32_t most, job_id of = job());

    /// The job as a watch from the beginning shows it.
    std::optional<job_record> record(const job_id& of = job());

    /// Submits the job and claims it for `ours`: revision 1, generation 1.
    bool has_claimed(job_id of = job());
    /// Takes the checkpoint (`at`, `number`) to each of `states` in turn, as `ours` of generation 1.
    bool takes(std::uint32_t at, std::uint32_t number, std::vector<checkpoint_state> states);
    /// The owner of generation `by`'s write of this state is applied.
    bool may(std::uint32_t at, std::uint32_t number, checkpoint_state state, std::uint32_t by = 1);
    /// What can be told of a row's state by writing, which may move one that is in another state.
    bool is(std::uint32_t at, std::uint32_t number, checkpoint_state state, std::uint32_t by = 1);

    template <class Effect, class Call>
    auto begin(Effect what, Call call);
    template <class Pending>
    Pending settled(Pending asked);
    Database& model() { return model_; }

private:
    template <class Effect, class Call>
    std::optional<typename Effect::result> result(Effect what, Call call);

    Database& model_;
    Settle& settle_;
    findings found_{};
    std::string last_{};
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Database, class Settle>
wish database_trial<Database, Settle>::some_wish() {
    program one{.nodes = {{.id = {1}, .parallelism = 2, .operators = {{.id = {"source"}, .what = "{}"}}}}};
    return {.name = "word count",
            .organization = "tests",
            .program = std::make_shared<const program>(std::move(one)),
            .environment = {{"GREETING", "hello"}},
            .tags = {{"team", "a"}}};
}

template <class Database, class Settle>
job_row database_trial<Database, Settle>::some_row(generation number, incarnation owner, state_name state) {
    return {.generation = number, .owner = owner, .state = state, .applied = 1};
}

template <class Database, class Settle>
template <class Effect, class Call>
auto database_trial<Database, Settle>::begin(Effect what, Call call) {
    return found_.ask(std::move(what), call);
}

template <class Database, class Settle>
template <class Pending>
Pending database_trial<Database, Settle>::settled(Pending asked) {
    settle_(model_, [&asked] { return asked->came(); });
    last_ = describe(*asked);
    return asked;
}

template <class Database, class Settle>
template <class Effect, class Call>
std::optional<typename Effect::result> database_trial<Database, Settle>::result(Effect what, Call call) {
    using answered_with = std::optional<typename Effect::result>;
    const auto asked = settled(begin(std::move(what), call));
    if (not asked->came()) return std::nullopt;
    if constexpr (requires { asked->answer().has_value(); }) {
        return asked->answer().has_value() ? answered_with(*asked->answer()) : std::nullopt;
    } else {
        const auto none = [](const error&) { return answered_with(); };
        return asked->answer().match([](const auto& applied) { return answered_with(applied); }, none, none);
    }
}

template <class Database, class Settle>
std::optional<std::uint64_t> database_trial<Database, Settle>::put(std::uint64_t expected, wish next, job_id of) {
    next.version = expected + 1;
    return result(put_wish{.job = of, .expected = expected, .next = std::move(next)},
                  [this](const auto& r, auto done) { model_.put_wish(r, done); });
}

template <class Database, class Settle>
std::optional<claimed> database_trial<Database, Settle>::claim(std::uint64_t expected, generation number,
                                                               incarnation owner, epoch threshold, job_id of) {
    job_row next = some_row(number, owner);
    next.revision = expected + 1;
    return result(headgate::claim{.job = of, .expected = expected, .next = std::move(next), .threshold = threshold},
                  [this](const auto& r, auto done) { model_.claim(r, done); });
}

template <class Database, class Settle>
std::optional<job_row> database_trial<Database, Settle>::store(std::uint64_t expected, job_row next, job_id of) {
    next.revision = expected + 1;
    return result(store_row{.job = of, .expected = expected, .next = std::move(next)},
                  [this](const auto& r, auto done) { model_.store(r, done); });
}

template <class Database, class Settle>
std::optional<checkpoint_written> database_trial<Database, Settle>::write(generation number, incarnation owner,
                                                                          checkpoint_row row, std::uint32_t keep,
                                                                          job_id of) {
    return result(write_checkpoint{.job = of, .generation = number, .owner = owner, .row = row, .keep = keep},
                  [this](const auto& r, auto done) { model_.write_checkpoint(r, done); });
}

template <class Database, class Settle>
auto database_trial<Database, Settle>::begin_watch(cursor since) {
    return begin(watch_jobs{.since = since}, [this](const auto& r, auto done) { model_.watch(r, done); });
}

template <class Database, class Settle>
std::optional<job_news> database_trial<Database, Settle>::watch(cursor since) {
    return result(watch_jobs{.since = since}, [this](const auto& r, auto done) { model_.watch(r, done); });
}

template <class Database, class Settle>
std::optional<std::vector<controller_seen>> database_trial<Database, Settle>::lease(incarnation self,
                                                                                    std::uint64_t counter) {
    return result(advance_lease{.self = self, .counter = counter},
                  [this](const auto& r, auto done) { model_.advance_lease(r, done); });
}

template <class Database, class Settle>
bool database_trial<Database, Settle>::tell(std::vector<log_line> lines, std::string waits_for, std::uint32_t workers,
                                            job_id of, generation number, incarnation owner) {
    return result(headgate::tell{.job = of,
                                 .generation = number,
                                 .owner = owner,
                                 .lines = std::move(lines),
                                 .waits_for = std::move(waits_for),
                                 .workers = workers},
                  [this](const auto& r, auto done) { model_.tell(r, done); })
        .has_value();
}

template <class Database, class Settle>
std::optional<std::vector<log_line>> database_trial<Database, Settle>::log(std::uint64_t after, std::uint32_t most,
                                                                           job_id of) {
    return result(read_log{.job = of, .after = after, .most = most},
                  [this](const auto& r, auto done) { model_.read_log(r, done); });
}

template <class Database, class Settle>
std::optional<job_record> database_trial<Database, Settle>::record(const job_id& of) {
    const std::optional<job_news> news = watch({});
    if (not news) return std::nullopt;
    const auto at = std::ranges::find(news->jobs, of, &job_record::id);
    return at == news->jobs.end() ? std::nullopt : std::optional(*at);
}

template <class Database, class Settle>
bool database_trial<Database, Settle>::has_claimed(job_id of) {
    const auto version = put(0, some_wish(), of);
    const auto row = version ? claim(0, {1}, ours, {}, of) : std::nullopt;
    return expect(row and row->row.revision == 1 and row->row.owner == ours, "a submitted job to be claimed");
}

template <class Database, class Settle>
bool database_trial<Database, Settle>::may(std::uint32_t at, std::uint32_t number, checkpoint_state state,
                                           std::uint32_t by) {
    return write({by}, ours, {{{at}, {number}}, state}).has_value();
}

template <class Database, class Settle>
bool database_trial<Database, Settle>::takes(std::uint32_t at, std::uint32_t number,
                                             std::vector<checkpoint_state> states) {
    const auto each = [&](checkpoint_state state) { return may(at, number, state); };
    return expect(std::ranges::all_of(states, each), "a checkpoint's steps forward to be applied");
}

template <class Database, class Settle>
bool database_trial<Database, Settle>::is(std::uint32_t at, std::uint32_t number, checkpoint_state state,
                                          std::uint32_t by) {
    using enum checkpoint_state;
    const auto refused = [&](checkpoint_state other) { return not may(at, number, other, by); };
    switch (state) {
        case in_progress: return may(at, number, committing, by) and may(at, number, ready, by);
        case committing: return refused(in_progress) and may(at, number, committing, by);
        case ready: return refused(in_progress) and refused(committing) and may(at, number, ready, by);
        case compacting: return refused(ready) and may(at, number, compacting, by);
        case compacted: return refused(ready) and refused(compacting) and may(at, number, compacted, by);
        case failed:
        case abandoned: return refused(ready) and refused(compacted) and may(at, number, state, by);
    }
    return false;
}

}  // namespace headgate::inline v1::laws
