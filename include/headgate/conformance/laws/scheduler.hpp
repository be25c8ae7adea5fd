#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `scheduler`, for any model and any test framework.

#include <headgate/concepts/scheduler.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report(law, holds, detail)` once for each law, each on a new model from `make()`, which has room for exactly
/// 4 workers of `worker_slots()` slots each.
///
/// `settle(model, came)` runs the model until `came()` is true, or for as long as the caller has patience; for a model
/// that completes within its calls it does nothing. `end(model, job, generation, worker)` makes a worker that was
/// started exit by itself. The requests have no deadline; a law whose answers do not come does not hold.
template <class Make, class Settle, class End, law_report Report>
    requires scheduler<std::invoke_result_t<Make&>>
void check_scheduler(Make make, Settle settle, End end, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline bool is_gone(const pending<stop_workers>& stop) {
    const auto no = [](const error&) { return false; };
    return stop.came() and stop.answer().match([](std::uint32_t left) { return left == 0; }, no, no);
}

inline const error* refused(const pending<start_workers>& start) {
    using found = const error*;
    if (not start.came()) return nullptr;
    return start.answer().match([](applied) -> found { return nullptr; },
                                [](const error& why) -> found { return &why; },
                                [](const error&) -> found { return nullptr; });
}

/// A new model, and short names for what the laws do with it. A step that fails notes what was expected.
template <class Scheduler, class Settle>
class scheduler_trial {
public:
    /// A watch that sees more news than this without the one it waits for has failed.
    static constexpr int most_news = 16;

    scheduler_trial(Scheduler& model, Settle& settle, findings& found)
        : model_(model), settle_(settle), found_(found), slots_(model.worker_slots()) {}

    std::uint64_t slots() const { return slots_; }

    auto begin_start(const job_id& job, generation number, std::initializer_list<worker_id> ids) {
        start_workers what{.job = job, .generation = number, .wish = std::make_shared<const wish>()};
        for (const worker_id id : ids) {
            what.workers.push_back({.id = id, .slots = slots_});
            what.tokens.push_back({static_cast<std::byte>(id.value)});
        }
        return found_.ask(std::move(what),
                          [this](const auto& r, auto done) { model_.start_workers(r, std::move(done)); });
    }
    auto begin_stop(const job_id& job, generation up_to) {
        return found_.ask(stop_workers{.job = job, .up_to = up_to},
                          [this](const auto& r, auto done) { model_.stop_workers(r, std::move(done)); });
    }
    auto begin_list(const job_id& job, generation number) {
        return found_.ask(list_workers{.job = job, .generation = number},
                          [this](const auto& r, auto done) { model_.workers(r, std::move(done)); });
    }
    auto begin_watch(cursor since) {
        return found_.ask(watch_workers{.since = since},
                          [this](const auto& r, auto done) { model_.watch(r, std::move(done)); });
    }

    bool start(const job_id& job, generation number, std::initializer_list<worker_id> ids) {
        const auto start = settled(begin_start(job, number, ids));
        return expect(is_applied(*start), "a start that is applied", describe(*start));
    }
    bool stop(const job_id& job, generation up_to) { return gone(settled(begin_stop(job, up_to))); }

    bool gone(const std::shared_ptr<pending<stop_workers>>& stop) {
        return expect(is_gone(*stop), "a stop that answers gone", describe(*stop));
    }

    /// Whether the model lists exactly `ids`.
    bool lists(const job_id& job, generation number, const std::vector<worker_id>& ids) {
        const auto list = settled(begin_list(job, number));
        if (not list->came() or not list->answer()) return expect(false, "a list", describe(*list));
        return expect(std::ranges::is_permutation(*list->answer(), ids), "the workers " + listed(ids),
                      listed(*list->answer()));
    }

    /// Whether a start of `ids` is refused for want of slots, with these numbers.
    bool refuses(const job_id& job, generation number, std::initializer_list<worker_id> ids, std::uint64_t needed,
                 std::uint64_t available) {
        const auto start = settled(begin_start(job, number, ids));
        const error* const why = refused(*start);
        const error wanted{.kind = error_kind::not_enough_slots, .needed = needed, .available = available};
        return expect(why and why->kind == wanted.kind and why->needed == needed and why->available == available,
                      "not applied: " + headgate::describe(wanted), describe(*start));
    }

    /// Whether the exit of this worker, once, is what `watch` and those after it tell. `since` moves on.
    bool sees_exit(std::shared_ptr<pending<watch_workers>> watch, const job_id& job, generation number, worker_id id,
                   cursor& since) {
        for (int i = 0; i < most_news; ++i) {
            settled(watch);
            if (not watch->came() or not watch->answer()) return expect(false, "news of an exit", describe(*watch));
            const worker_news& news = *watch->answer();
            since = news.next;
            if (not news.exits.empty()) {
                const worker_news::exited& exit = news.exits.front();
                return expect(news.exits.size() == 1 and exit.job == job and exit.generation == number and
                                  exit.worker == id and not exit.how.empty(),
                              "the exit of worker " + std::to_string(id.value) + ", once, and how",
                              std::to_string(news.exits.size()) + " exits, the first of worker " +
                                  std::to_string(exit.worker.value) + ": " + exit.how);
            }
            watch = begin_watch(since);
        }
        return expect(false, "news of an exit", "other news only");
    }

    /// `end` makes this worker exit by itself.
    void end(auto end_worker, const job_id& job, generation number, worker_id id) {
        end_worker(model_, job, number, id);
        found_.note_call("worker " + std::to_string(id.value) + " exits by itself");
    }

    template <class Pending>
    Pending settled(Pending pending) {
        settle_(model_, [&pending] { return pending->came(); });
        return pending;
    }

    bool expect(bool happened, std::string_view expected, std::string_view came = {}) {
        return found_.expect(happened, expected, came);
    }

    template <class Pending>
    bool once(const Pending& asked, std::string_view what) {
        settled(asked);
        return expect(asked->calls() == 1, "one answer to " + std::string(what), std::to_string(asked->calls()));
    }

private:
    Scheduler& model_;
    Settle& settle_;
    findings& found_;
    std::uint32_t slots_;
};

}  // namespace detail

template <class Make, class Settle, class End, law_report Report>
    requires scheduler<std::invoke_result_t<Make&>>
void check_scheduler(Make make, Settle settle, End end, Report report) {
    const job_id job{"job"}, other{"other"};
    constexpr generation first{1}, second{2}, third{3};
    constexpr worker_id a = id_of(first, {0}), b = id_of(first, {1}), c = id_of(first, {2}), d = id_of(first, {3}),
                        e = id_of(first, {4}), later = id_of(second, {0}), last = id_of(third, {0});

    const auto law = [&](std::string_view name, auto holds) {
        auto model = make();
        findings found;
        detail::scheduler_trial trial(model, settle, found);
        const bool held = holds(trial);
        report(name, held and found.empty(), found.text());
    };

    law("fresh", [&](auto& t) { return t.lists(job, first, {}); });

    law("starts", [&](auto& t) { return t.start(job, first, {a, b, c, d}) and t.lists(job, first, {a, b, c, d}); });

    law("repeats", [&](auto& t) {
        return t.start(job, first, {a, b}) and t.start(job, first, {a, b}) and t.lists(job, first, {a, b});
    });

    law("adds", [&](auto& t) {
        return t.start(job, first, {a}) and t.start(job, first, {b}) and t.lists(job, first, {a, b});
    });

    law("scoped", [&](auto& t) {
        return t.start(job, first, {a}) and t.start(job, second, {later}) and t.start(other, first, {a}) and
               t.stop(job, first) and t.lists(job, first, {}) and t.lists(job, second, {later}) and
               t.lists(other, first, {a});
    });

    law("gone", [&](auto& t) {
        const auto start = t.begin_start(job, first, {a});
        const auto stop = t.begin_stop(job, first);
        // The start may be refused, but its answer must have come before "will not appear" can be seen.
        return t.gone(t.settled(stop)) and
               t.expect(t.settled(start)->came(), "an answer to the start that was on the way") and
               t.lists(job, first, {}) and t.start(job, second, {later}) and t.stop(job, third) and
               t.lists(job, second, {});
    });

    law("floor", [&](auto& t) {
        if (not t.start(job, first, {a}) or not t.stop(job, second)) return false;
        const auto old = t.settled(t.begin_start(job, first, {b}));
        const auto never_seen = t.settled(t.begin_start(job, second, {later}));
        const error* const why = detail::refused(*old);
        const generation named{why ? static_cast<std::uint32_t>(why->needed) : 0};
        return t.expect(not is_applied(*old) and not is_applied(*never_seen), "late starts that are refused",
                        detail::listed({b, later}) + " started") and
               t.expect(named == generation{} or named == third,
                        "the lowest generation that may start, or none, to be named", describe(*old)) and
               t.lists(job, first, {}) and t.lists(job, second, {}) and t.start(job, third, {last}) and
               t.lists(job, third, {last});
    });

    law("idempotent", [&](auto& t) {
        return t.start(job, first, {a}) and t.stop(job, first) and t.stop(job, first) and t.lists(job, first, {});
    });

    law("refuses", [&](auto& t) {
        return t.refuses(job, first, {a, b, c, d, e}, 5 * t.slots(), 4 * t.slots()) and t.lists(job, first, {}) and
               t.start(job, first, {a, b, c}) and t.refuses(job, first, {d, e}, 2 * t.slots(), t.slots()) and
               t.lists(job, first, {a, b, c}) and t.start(job, first, {d});
    });

    law("watches", [&](auto& t) {
        cursor since{};
        if (not t.start(job, first, {a, b})) return false;
        const auto held = t.begin_watch(since);
        t.end(end, job, first, b);
        if (not t.sees_exit(held, job, first, b, since) or not t.lists(job, first, {a})) return false;
        t.end(end, job, first, a);  // while nobody watches
        return t.sees_exit(t.begin_watch(since), job, first, a, since) and t.lists(job, first, {});
    });

    law("answers", [&](auto& t) {
        const auto watch = t.begin_watch({});
        const auto newer = t.begin_watch({});
        return t.once(watch, "a watch that a newer one ends") and t.once(t.begin_start(job, first, {a}), "a start") and
               t.once(t.begin_list(job, first), "a list") and t.once(t.begin_stop(job, first), "a stop") and
               t.expect(newer->calls() <= 1 and watch->calls() == 1, "one answer to each watch");
    });
}

}  // namespace headgate::inline v1::laws
