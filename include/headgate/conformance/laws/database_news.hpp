#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `database` about what is told: watches, leases, histories, completions.

#include <headgate/conformance/laws/database_trial.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace headgate::inline v1::laws::detail {

void watches(auto& t);
void leases(auto& t);
void tells(auto& t);
void answers(auto& t);

// Implementation ------------------------------------------------------------------------------------------------------

void watches(auto& t) {
    const job_id a{"a"}, b{"b"}, c{"c"};
    for (const job_id& each : {c, a, b}) t.expect(t.put(0, t.some_wish(), each) == 1u, "three jobs");
    const auto ids = [](const job_news& news) {
        std::vector<job_id> found;
        for (const job_record& each : news.jobs) found.push_back(each.id);
        return found;
    };
    using list = std::vector<job_id>;
    const auto all = t.watch({});
    if (not t.expect(all and ids(*all) == list{a, b, c}, "all jobs, by id")) return;
    // A watch that waits is answered by each kind of change; one that begins after it answers at once.
    cursor at = all->next;
    const auto news_of = [&](const job_id& job, std::string_view what, auto change) {
        const auto held = t.begin_watch(at);
        change();
        const auto came = t.settled(held);
        const bool is_news = came->came() and came->answer().has_value();
        t.expect(is_news and ids(*came->answer()) == list{job}, std::string("a held watch to hear of ").append(what));
        const auto again = t.watch(at);
        t.expect(again and ids(*again) == list{job}, std::string("a later watch to hear of ").append(what));
        if (again) at = again->next;
        return again and not again->jobs.empty() ? again->jobs.front() : job_record{};
    };
    wish stop = t.some_wish();
    stop.stop = stop_mode::immediate;
    const auto wished = news_of(b, "a new wish", [&] { t.put(1, stop, b); });
    t.expect(wished.wish and *wished.wish and (*wished.wish)->stop == stop_mode::immediate, "the wish as it stands");
    const auto claimed = news_of(a, "a claim", [&] { t.claim(0, {1}, t.ours, {}, a); });
    t.expect(claimed.row.owner == t.ours, "the row as it stands");
    const auto stored = news_of(a, "a store", [&] { t.store(1, t.some_row({1}, t.ours, state_name::running), a); });
    t.expect(stored.row.state == state_name::running, "the stored row");
    const auto told = news_of(c, "what a job waits for", [&] { t.tell({}, "slots", 3, c); });
    t.expect(told.waits_for == "slots" and told.workers == 3, "the told words");
    // Several changes of one job, and of others, between two watches: each job once, as it stands.
    t.put(2, t.some_wish(), b);
    t.tell({}, "first", 1, c);
    t.tell({}, "second", 2, c);
    const auto both = t.watch(at);
    t.expect(both and ids(*both) == list{b, c} and both->jobs.back().waits_for == "second",
             "each job once, as it stands");
    if (not both) return;
    // The cursor before stays good: an answer that nobody read is no loss.
    const auto unread = t.watch(at);
    t.expect(unread and ids(*unread) == list{b, c}, "an older cursor to show the same again");
    const auto older = t.begin_watch(both->next);
    const auto newer = t.begin_watch(both->next);
    t.expect(t.settled(older)->came(), "a newer watch to end an older");
    t.put(3, stop, b);
    const auto last = t.settled(newer);
    t.expect(last->came() and last->answer() and ids(*last->answer()) == list{b}, "the newer watch to hear the change");
    t.expect(older->calls() == 1 and newer->calls() == 1, "each watch to be answered once");
}

void leases(auto& t) {
    const auto counter = [&](const auto& seen, incarnation who) -> std::uint64_t {
        if (not seen) return 0;
        const auto at = std::ranges::find(*seen, who, &controller_seen::incarnation);
        return at == seen->end() or at->is_gone ? 0 : at->counter;
    };
    const auto first = t.lease(t.ours, 5);
    t.expect(first and first->size() == 1 and counter(first, t.ours) == 5, "this controller's counter");
    const auto second = t.lease(t.theirs, 1);
    t.expect(second and second->size() == 2 and counter(second, t.ours) == 5 and counter(second, t.theirs) == 1,
             "both controllers' counters");
    const auto third = t.lease(t.ours, 6);
    t.expect(counter(third, t.ours) == 6 and counter(third, t.theirs) == 1, "the counter to advance, and only its own");
    const auto late = t.lease(t.ours, 5);
    t.expect(counter(late, t.ours) == 6, "a late repeat not to set the counter back");
}

void tells(auto& t) {
    if (not t.expect(t.put(0, t.some_wish()) == 1u, "a job")) return;
    t.expect(t.tell({{.generation = {1}, .text = "one"}, {.generation = {1}, .text = "two"}}, "", 0) and
                 t.tell({{.generation = {2}, .text = "three \"3\"\n"}}, "workers", 7),
             "lines to be told");
    const auto lines = t.log(0, 1'000);
    if (not t.expect(lines and lines->size() == 3, "three lines")) return;
    const auto is = [&](std::size_t i, generation number, std::string_view text) {
        const log_line& line = (*lines)[i];
        return line.number == i + 1 and line.generation == number and line.text == text;
    };
    t.expect(is(0, {1}, "one") and is(1, {1}, "two") and is(2, {2}, "three \"3\"\n"), "them in order, numbered from 1");
    const auto rest = t.log(1, 1);
    t.expect(rest and rest->size() == 1 and rest->front().number == 2,
             "the line after the first, and no more than asked");
    const auto none = t.log(3, 10);
    t.expect(none and none->empty(), "nothing after the last");
    const auto seen = t.record();
    t.expect(seen and seen->waits_for == "workers" and seen->workers == 7, "the newest words");

    const auto job = t.job();
    if (not t.expect(t.claim(0, {3}, t.theirs).has_value(), "another's claim")) return;
    for (const std::uint32_t number : {0u, 3u})
        t.expect(not t.tell({{.text = "late"}}, "late", 1, job, {number}, t.ours),
                 "nothing to be told of another's job");
    t.expect(t.tell({{.text = "four"}}, "theirs", 2, job, {3}, t.theirs), "its owner to be heard");
    job_row released = t.some_row({3}, {}, state_name::stopped);
    if (not t.expect(t.store(1, released).has_value(), "the job to be released")) return;
    t.expect(not t.tell({{.text = "late"}}, "late", 1, job, {2}, t.ours), "nothing of an earlier generation");
    t.expect(t.tell({{.text = "five"}}, "nobody's", 0, job, {3}, t.ours),
             "anyone to be heard of a job that nobody has");
    const auto all = t.log(3, 1'000);
    const auto last = t.record();
    t.expect(all and all->size() == 2 and all->front().text == "four" and all->back().text == "five" and last and
                 last->waits_for == "nobody's",
             "what was not applied to have changed nothing");
}

void answers(auto& t) {
    const auto job = t.job();
    const auto put = t.settled(t.begin(put_wish{.job = job, .next = t.some_wish()},
                                       [&](const auto& r, auto done) { t.model().put_wish(r, done); }));
    const auto claimed_now = t.settled(t.begin(claim{.job = job, .next = t.some_row({1}, t.ours)},
                                               [&](const auto& r, auto done) { t.model().claim(r, done); }));
    const auto stored = t.settled(t.begin(store_row{.job = job, .expected = 1, .next = t.some_row({1}, t.ours)},
                                          [&](const auto& r, auto done) { t.model().store(r, done); }));
    const auto written =
        t.settled(t.begin(write_checkpoint{.job = job, .generation = {1}, .owner = t.ours, .row = {{{1}, {1}}, {}}},
                          [&](const auto& r, auto done) { t.model().write_checkpoint(r, done); }));
    const auto told = t.settled(t.begin(tell{.job = job, .lines = {{.text = "x"}}},
                                        [&](const auto& r, auto done) { t.model().tell(r, done); }));
    const auto leased = t.settled(t.begin(advance_lease{.self = t.ours, .counter = 1},
                                          [&](const auto& r, auto done) { t.model().advance_lease(r, done); }));
    const auto seen = t.settled(t.begin_watch({}));
    const auto read =
        t.settled(t.begin(read_log{.job = job}, [&](const auto& r, auto done) { t.model().read_log(r, done); }));
    const auto refused =
        t.settled(t.begin(read_log{.job = {"none"}}, [&](const auto& r, auto done) { t.model().read_log(r, done); }));
    const auto once = [](const auto&... each) { return ((each->calls() == 1) and ...); };
    t.expect(once(put, claimed_now, stored, written, told, leased, seen, read, refused), "one call of each completion");
}

}  // namespace headgate::inline v1::laws::detail
