#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `database` about checkpoint rows.

#include <headgate/conformance/laws/database_trial.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace headgate::inline v1::laws::detail {

void restores(auto& t);
void marks(auto& t);
void fences(auto& t);
void forward(auto& t);
void cleans(auto& t);

// Implementation ------------------------------------------------------------------------------------------------------

void restores(auto& t) {
    using enum checkpoint_state;
    if (not t.has_claimed()) return;
    const auto restored = [&](std::uint32_t revision, epoch threshold) -> std::optional<checkpoint_row> {
        const auto claim = t.claim(revision, {1}, t.ours, threshold);
        t.expect(claim.has_value(), "a claim");
        return claim ? claim->restore : std::nullopt;
    };
    t.expect(not restored(1, {}), "nothing to restore where there is no checkpoint");
    t.takes(1, 1, {in_progress});
    t.takes(2, 1, {in_progress, ready});
    t.takes(3, 2, {in_progress, committing, ready});
    t.takes(3, 1, {in_progress, ready});
    t.takes(4, 1, {in_progress, failed});
    t.expect(restored(2, {}) == checkpoint_row{{{3}, {2}}, ready}, "the newest by epoch, then generation");
    t.expect(restored(3, {3}) == checkpoint_row{{{3}, {2}}, ready}, "a restore point at the threshold");
    t.expect(not restored(4, {4}), "nothing below the threshold");
    t.takes(12, 1, {in_progress, committing});
    t.expect(restored(5, {}) == checkpoint_row{{{12}, {1}}, committing}, "a committing one, if it is the newest");
    t.takes(12, 1, {ready, compacting});
    t.expect(restored(6, {}) == checkpoint_row{{{3}, {2}}, ready}, "none that is being compacted");
    const auto seen = t.record();
    t.expect(seen and seen->last_ready == checkpoint_name{{3}, {2}}, "the record to name the newest that is ready");
}

void marks(auto& t) {
    using enum checkpoint_state;
    if (not t.has_claimed()) return;
    t.takes(1, 1, {in_progress, ready});
    t.takes(2, 1, {in_progress});
    t.takes(3, 1, {in_progress, ready, compacting});
    t.takes(4, 1, {in_progress});
    t.takes(5, 1, {in_progress, ready});
    t.takes(5, 2, {in_progress});  // of the restored epoch, by another generation
    t.takes(6, 1, {in_progress});
    t.takes(7, 3, {in_progress});
    t.expect(t.claim(1, {1}, t.ours).has_value(), "a claim");
    t.expect(t.is(6, 1, failed) and t.is(7, 3, failed), "what was in progress after the restore point to be failed");
    t.expect(t.is(1, 1, ready) and t.is(5, 1, ready) and t.is(3, 1, compacting), "ready and compacting ones to stay");
    t.expect(t.may(2, 1, committing) and t.may(4, 1, committing), "older ones in progress to stay");
    t.expect(t.may(5, 2, committing), "one in progress of the restored epoch to stay");
    // Now 2, 4 and (5, 2) are committing.
    t.takes(8, 1, {in_progress});
    t.expect(t.may(2, 1, ready) and t.may(4, 1, failed), "commits to end");
    t.takes(9, 1, {in_progress, committing});
    const auto skipped = t.claim(2, {1}, t.ours, {10});
    t.expect(skipped and not skipped->restore, "nothing to restore");
    t.expect(t.is(9, 1, abandoned) and t.is(5, 2, abandoned), "skipped committing ones to be abandoned");
    t.expect(t.is(8, 1, failed), "with nothing restored, what was in progress to be failed");
    t.expect(t.is(1, 1, ready) and t.is(2, 1, ready) and t.is(5, 1, ready), "skipped ready ones to stay");
    t.takes(11, 1, {in_progress, committing});
    const auto kept = t.claim(3, {1}, t.ours, {11});
    t.expect(kept and kept->restore == checkpoint_row{{{11}, {1}}, committing} and t.is(11, 1, committing),
             "the committing restore point to stay");
    t.takes(12, 1, {in_progress});
    t.expect(t.claim(0, {2}, t.theirs).has_value() and t.may(12, 1, committing), "a claim that lost to mark nothing");
}

void fences(auto& t) {
    using enum checkpoint_state;
    if (not t.has_claimed() or not t.takes(1, 1, {in_progress})) return;
    const checkpoint_row ready_now{{{1}, {1}}, ready};
    t.expect(not t.write({1}, t.theirs, ready_now), "another owner to be refused");
    t.expect(not t.write({2}, t.ours, ready_now), "a later generation to be refused");
    t.expect(not t.write({0}, t.ours, ready_now), "an earlier generation to be refused");
    const auto asked = t.settled(
        t.begin(write_checkpoint{.job = t.job(), .generation = {1}, .owner = t.theirs, .row = ready_now, .keep = 1},
                [&](const auto& r, auto done) { t.model().write_checkpoint(r, done); }));
    const auto is_lost = [](const error& why) { return why.kind == error_kind::ownership_lost; };
    const auto no = [](const auto&) { return false; };
    t.expect(asked->came() and asked->answer().match(no, is_lost, no), "ownership_lost, not applied");
    t.expect(t.may(1, 1, committing), "nothing to have changed");
    t.expect(t.claim(1, {2}, t.theirs).has_value() and not t.may(1, 1, ready) and not t.may(2, 1, in_progress),
             "the earlier owner to be refused after a claim");
    t.expect(t.write({2}, t.theirs, ready_now).has_value(), "the new owner to end the earlier one's commit");
}

void forward(auto& t) {
    using enum checkpoint_state;
    constexpr std::array all{in_progress, committing, ready, failed, compacting, compacted, abandoned};
    struct way {
        std::vector<checkpoint_state> there, from_there;
    };
    const std::array<way, 8> ways{{{{}, {in_progress}},
                                   {{in_progress}, {in_progress, committing, ready, failed, abandoned}},
                                   {{in_progress, committing}, {committing, ready, failed, abandoned}},
                                   {{in_progress, committing, ready}, {ready, compacting}},
                                   {{in_progress, ready, compacting}, {compacting, compacted}},
                                   {{in_progress, ready, compacting, compacted}, {compacted}},
                                   {{in_progress, failed}, {failed, compacting}},
                                   {{in_progress, committing, abandoned}, {abandoned, compacting}}}};
    if (not t.has_claimed()) return;
    std::uint32_t at = 0;
    for (const way& each : ways) {
        for (const checkpoint_state to : all) {
            ++at;
            t.takes(at, 1, each.there);
            const bool is_allowed = std::ranges::count(each.from_there, to) == 1;
            const std::string step = "the step from " +
                                     std::to_string(each.there.empty() ? 9 : int(each.there.back())) + " to " +
                                     std::to_string(int(to));
            t.expect(t.may(at, 1, to) == is_allowed, step + (is_allowed ? " to be applied" : " to be refused"));
            if (not is_allowed and not each.there.empty())
                t.expect(t.may(at, 1, each.there.back()), step + " to change nothing");
        }
    }
}

void cleans(auto& t) {
    using enum checkpoint_state;
    if (not t.has_claimed()) return;
    const auto name = [](std::uint32_t at) { return checkpoint_name{{at}, {1}}; };
    constexpr std::uint32_t over = 103;
    for (std::uint32_t at = 1; at <= over; ++at)
        t.takes(at, 1, at % 2 == 0 ? std::vector{in_progress, failed} : std::vector{in_progress, abandoned});
    t.takes(110, 0, {in_progress});  // of an earlier generation: nobody goes on with it
    t.takes(110, 1, {in_progress});
    for (std::uint32_t at = 201; at <= 205; ++at) t.takes(at, 1, {in_progress, ready});
    t.takes(202, 1, {compacting});
    t.takes(206, 0, {in_progress, failed});
    t.takes(206, 1, {in_progress});
    t.takes(206, 2, {in_progress, failed});
    t.takes(207, 0, {in_progress});
    const auto kept = t.write({1}, t.ours, {name(206), ready}, 0);
    t.expect(kept and kept->obsolete.empty() and t.is(201, 1, ready) and t.is(1, 1, abandoned) and t.is(2, 1, failed),
             "nothing to be cleaned without `keep`");
    checkpoint_written all;
    for (std::uint32_t at = 1; at <= over; ++at) all.obsolete.push_back(name(at));
    all.obsolete.push_back({{110}, {0}});
    for (const std::uint32_t at : {201u, 202u, 203u}) all.obsolete.push_back(name(at));
    all.obsolete.push_back({{206}, {0}});
    checkpoint_written first = all, rest = all;
    first.obsolete.resize(most_obsolete);
    rest.obsolete.erase(rest.obsolete.begin(), rest.obsolete.begin() + most_obsolete);
    const auto cleaned = t.write({1}, t.ours, {name(206), ready}, 3);
    if (not t.expect(cleaned == first,
                     "the oldest 100 of what failed, was abandoned or cut off below the newest ready"))
        return;
    t.expect(t.is(201, 1, compacting) and t.is(203, 1, compacting) and t.is(2, 1, compacting) and t.is(204, 1, ready),
             "just those to be compacting");
    t.expect(t.is(206, 2, failed) and t.may(207, 0, in_progress) and t.may(110, 1, in_progress),
             "what is above the newest that is ready, or in progress, to stay");
    t.expect(t.write({1}, t.ours, {name(206), ready}, 3) == first, "a repeat to list the same");
    for (std::uint32_t at = 1; at <= most_obsolete; ++at) t.takes(at, 1, {compacted});
    if (not t.expect(
            t.write({1}, t.ours, {name(206), ready}, 3) == rest,
            "the others, with all but the 3 newest of 5 that are ready and the one that was compacting already"))
        return;
    for (std::uint32_t at = most_obsolete + 1; at <= over; ++at) t.takes(at, 1, {compacted});
    t.takes(201, 1, {compacted});
    const auto next = t.write({1}, t.ours, {name(206), ready}, 3);
    t.expect(next == checkpoint_written{{{{110}, {0}}, name(202), name(203), {{206}, {0}}}},
             "a compacted one to be listed no more");
    t.expect(not t.may(4, 1, compacted) and t.may(5, 1, compacted),
             "just the newest 100 of the compacted ones to be kept");
    t.takes(202, 1, {compacted});
    t.expect(t.write({1}, t.ours, {name(206), ready}, 3).has_value() and not t.may(5, 1, compacted) and
                 t.is(206, 2, failed),
             "a compacted one to take the place of the oldest, and none whose objects may be there");
}

}  // namespace headgate::inline v1::laws::detail
