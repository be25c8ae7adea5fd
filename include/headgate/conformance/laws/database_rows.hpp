#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `database` about wishes and rows.

#include <headgate/conformance/laws/database_trial.hpp>

#include <memory>
#include <string>

namespace headgate::inline v1::laws::detail {

// What a law says stands on the page of the concept.

void submits(auto& t);
void versions(auto& t);
void wish_apart(auto& t);
void exchanges(auto& t);
void stands(auto& t);
void repeats(auto& t);
void dates(auto& t);
void scoped(auto& t);
void refuses(auto& t);

// Implementation ------------------------------------------------------------------------------------------------------

void submits(auto& t) {
    const wish first = t.some_wish();
    t.expect(t.put(0, first) == 1u, "version 1 of a new job");
    const auto seen = t.record();
    if (not t.expect(seen.has_value(), "the job to be seen")) return;
    t.expect(seen->row == job_row{}, "state created, revision 0, generation 0, no owner");
    wish stored = first;
    stored.version = 1;
    t.expect(seen->wish and *seen->wish and **seen->wish == stored, "the wish as it was put");
    t.expect(not seen->last_ready and seen->workers == 0 and seen->waits_for.empty(), "nothing else to be there");
}

void versions(auto& t) {
    wish first = t.some_wish(), second = first, third = first;
    second.stop = stop_mode::checkpoint;
    third.stop = stop_mode::force;
    t.expect(t.put(0, first) == 1u and t.put(1, second) == 2u, "versions 1 and 2");
    t.expect(t.put(1, second) == 2u, "a repeat to answer the version that it made");
    t.expect(t.put(1, third) == std::nullopt, "another change from version 1 not to be applied");
    t.expect(t.put(0, third) == 2u, "a late submission to answer the version that stands");
    t.expect(t.put(5, third) == 2u, "a change from a version that is not there yet to answer the one that stands");
    const auto seen = t.record();
    t.expect(seen and seen->wish and (*seen->wish)->version == 2 and (*seen->wish)->stop == stop_mode::checkpoint,
             "the second wish to stand");
}

void wish_apart(auto& t) {
    if (not t.has_claimed()) return;
    wish next = t.some_wish();
    next.stop = stop_mode::graceful;
    t.expect(t.put(1, next) == 2u, "version 2");
    const auto seen = t.record();
    t.expect(seen and seen->row.revision == 1 and seen->row.owner == t.ours, "revision and owner to stay");
    const auto row = t.store(1, t.some_row({1}, t.ours, state_name::scheduling));
    t.expect(row and row->revision == 2, "a store after a new wish to find the revision unmoved");
    t.expect(t.lease(t.ours, 1).has_value(), "a lease");
    const auto leased = t.record();
    t.expect(leased and leased->row.revision == 2, "the lease not to move the revision");
}

void exchanges(auto& t) {
    if (not t.has_claimed()) return;
    job_row next{.generation = {1},
                 .owner = t.ours,
                 .state = state_name::running,
                 .is_complete = true,
                 .applied = 7,
                 .restart_nonce = 8,
                 .restarts = 9,
                 .tasks = 10,
                 .last_error = "it \"broke\"\n",
                 .plan = std::make_shared<const plan>(
                     plan{.layouts = {{.boundaries = {0, 2}}}, .nodes = {{.id = {1}, .parallelism = 2}}})};
    const auto row = t.store(1, next);
    next.revision = 2;
    t.expect(row == next, "the stored row, whole, as revision 2");
    const auto seen = t.record();
    t.expect(seen and seen->row == next, "a watch to show the stored row");
    const auto second = t.claim(2, {2}, t.theirs);
    t.expect(second and second->row.revision == 3 and second->row.generation == generation{2} and
                 second->row.owner == t.theirs and second->row.plan == nullptr,
             "a claim to replace the row, as revision 3");
}

void stands(auto& t) {
    if (not t.has_claimed()) return;
    // The last write of ours lands after theirs has read revision 1.
    t.expect(t.store(1, t.some_row({1}, t.ours, state_name::running)).has_value(), "a store");
    const auto late = t.claim(1, {2}, t.theirs);
    t.expect(late and late->row.revision == 2 and late->row.owner == t.ours and
                 late->row.state == state_name::running and not late->restore,
             "a claim of an old revision to answer the later row of the earlier owner");
    const auto taken = t.claim(2, {2}, t.theirs);
    t.expect(taken and taken->row.revision == 3 and taken->row.owner == t.theirs, "the claim of what stands");
    const auto lost = t.store(2, t.some_row({1}, t.ours, state_name::stopping));
    t.expect(lost and lost->revision == 3 and lost->owner == t.theirs and lost->state == state_name::compiling,
             "a store of the earlier owner to answer the new owner's row");
    const auto early = t.store(9, t.some_row({9}, t.ours, state_name::stopping));
    t.expect(early and early->revision == 3, "a store from a revision that is not there yet to change nothing");
    const auto seen = t.record();
    t.expect(seen and lost and seen->row == *lost, "nothing to have changed");
}

void repeats(auto& t) {
    using enum checkpoint_state;
    if (not t.has_claimed() or not t.takes(3, 1, {in_progress, ready})) return;
    const auto first = t.claim(1, {2}, t.ours);
    const auto again = t.claim(1, {2}, t.ours);
    t.expect(first and again == first, "a repeated claim to answer row and restore point of the first");
    t.expect(first and first->restore == checkpoint_row{{{3}, {1}}, ready}, "the restore point");
    t.expect(t.write({2}, t.ours, {{{4}, {2}}, in_progress}).has_value(), "a checkpoint after the claim");
    t.expect(t.claim(1, {2}, t.ours).has_value() and t.is(4, 2, in_progress, 2),
             "a late repeat of the claim to mark nothing");
    const job_row next = t.some_row({2}, t.ours, state_name::running);
    const auto stored = t.store(2, next);
    t.expect(stored and stored->revision == 3 and t.store(2, next) == stored, "a repeated store to answer its row");
    const auto later = t.claim(1, {2}, t.ours);
    t.expect(later and stored and later->row == *stored and later->restore,
             "a claim repeated after a later write to answer the later row, and a restore point too");
}

void dates(auto& t) {
    wish timed = t.some_wish();
    timed.time_to_live = std::chrono::hours(1);
    if (not t.expect(t.put(0, timed) == 1u and t.put(0, t.some_wish(), {"other"}) == 1u, "two jobs")) return;
    const auto first = t.record(), other = t.record({"other"});
    if (not t.expect(first and other, "both to be seen")) return;
    t.expect(first->time_left and *first->time_left <= std::chrono::hours(1) and
                 *first->time_left > std::chrono::minutes(50),
             "an hour left of an hour's time to live");
    t.expect(not other->time_left, "no time left to be said without a time to live");
    t.expect(not first->started and first->since == first->submitted, "a submitted job not to have started");
    t.store(0, t.some_row({1}, t.ours, state_name::running));
    const auto running = t.record();
    t.expect(running and running->started and running->submitted == first->submitted and
                 running->since >= first->since and *running->started == running->since,
             "the first store of running to set started and since");
    t.store(1, t.some_row({1}, t.ours, state_name::recovering));
    t.store(2, t.some_row({1}, t.ours, state_name::running));
    const auto later = t.record();
    t.expect(later and running and later->started == running->started, "started to stay as it was first");
}

void scoped(auto& t) {
    using enum checkpoint_state;
    const job_id other{"other"};
    if (not t.has_claimed() or not t.has_claimed(other)) return;
    t.expect(t.write({1}, t.ours, {{{5}, {1}}, in_progress}, 0, other).has_value() and
                 t.write({1}, t.ours, {{{4}, {1}}, in_progress}, 0, other).has_value() and
                 t.write({1}, t.ours, {{{4}, {1}}, ready}, 0, other).has_value() and
                 t.tell({{.text = "theirs"}}, "theirs", 2, other),
             "another job's checkpoints and lines");
    const auto before = t.record(other);
    t.takes(5, 1, {in_progress});
    t.takes(9, 1, {in_progress, ready});
    t.expect(t.write({1}, t.ours, {{{9}, {1}}, ready}, 1).has_value() and t.put(1, t.some_wish()) == 2u and
                 t.tell({{.text = "ours"}}, "ours", 1) and
                 t.store(1, t.some_row({1}, t.ours, state_name::running)).has_value(),
             "every kind of write to the first job");
    const auto claim = t.claim(2, {2}, t.ours, {10});
    t.expect(claim and not claim->restore, "a claim that restores nothing");
    const auto after = t.record(other);
    t.expect(before and after and after->row == before->row and after->waits_for == "theirs" and
                 after->last_ready == checkpoint_name{{4}, {1}} and after->wish and (*after->wish)->version == 1,
             "the other job's record to stay");
    t.expect(t.write({1}, t.ours, {{{5}, {1}}, committing}, 0, other).has_value(),
             "the other job's checkpoint to be in progress");
    const auto lines = t.log(0, 10, other);
    t.expect(lines and lines->size() == 1 and lines->front().text == "theirs", "the other job's lines");
}

void refuses(auto& t) {
    const job_id none{"none"};
    t.expect(not t.claim(0, {1}, t.ours, {}, none), "no claim of a job that is not there");
    t.expect(not t.store(0, t.some_row({1}, t.ours), none), "no store of a job that is not there");
    t.expect(not t.write({}, {}, {{{1}, {}}, checkpoint_state::in_progress}, 0, none), "no checkpoint of such a job");
    t.expect(not t.tell({}, "", 0, none), "nobody to tell of such a job");
    const auto read = [&](job_id of) {
        return t.settled(t.begin(read_log{.job = of}, [&](const auto& r, auto done) { t.model().read_log(r, done); }));
    };
    const auto lines = read(none);
    t.expect(lines->came() and not lines->answer() and lines->answer().error().kind == error_kind::invalid,
             "no lines of such a job, as `invalid`");
    t.expect(not t.put(3, t.some_wish(), none), "no changed wish of such a job");
    t.expect(not t.put(0, t.some_wish(), {std::string(65, 'x')}), "no id of 65 bytes");
    t.expect(not t.put(0, t.some_wish(), {""}), "no empty id");
    wish empty = t.some_wish();
    empty.program = nullptr;
    t.expect(not t.put(0, empty, none), "no wish without a program");
    const auto news = t.begin_watch({});
    t.expect(t.put(0, t.some_wish(), {std::string(64, 'x')}) == 1u, "an id of 64 bytes to be taken");
    const auto seen = t.settled(news);
    t.expect(seen->came() and seen->answer() and seen->answer()->jobs.size() == 1, "none of the refused to be there");
    const auto untold = read({std::string(64, 'x')});
    t.expect(untold->came() and untold->answer() and untold->answer()->empty(), "no lines of a job that has a row");
}

}  // namespace headgate::inline v1::laws::detail
