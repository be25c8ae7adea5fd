#include <headgate/concepts/database.hpp>
#include <headgate/conformance/archetypes/database.hpp>
#include <headgate/conformance/laws/database.hpp>
#include <headgate/simulation/database.hpp>

#include <boost/core/demangle.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <set>
#include <string>
#include <typeinfo>
#include <vector>

namespace {

using namespace headgate;

// Refuters: each is the archetype less one thing, so each clause of the concept has a witness.
struct cannot_claim : archetype::database {
    void claim() = delete;
};
struct cannot_store : archetype::database {
    void store() = delete;
};
struct cannot_write_checkpoints : archetype::database {
    void write_checkpoint() = delete;
};
struct cannot_put_wishes : archetype::database {
    void put_wish() = delete;
};
struct cannot_tell : archetype::database {
    void tell() = delete;
};
struct has_no_leases : archetype::database {
    void advance_lease() = delete;
};
struct cannot_watch : archetype::database {
    void watch() = delete;
};
struct has_no_log : archetype::database {
    void read_log() = delete;
};
struct answers_by_value : archetype::database {
    outcome<job_row> store(const request<store_row>&, any_completion<store_row>);
};
struct changes_the_request : archetype::database {
    void claim(request<headgate::claim>&, any_completion<headgate::claim>);
};

static_assert(not database<cannot_claim>);
static_assert(not database<cannot_store>);
static_assert(not database<cannot_write_checkpoints>);
static_assert(not database<cannot_put_wishes>);
static_assert(not database<cannot_tell>);
static_assert(not database<has_no_leases>);
static_assert(not database<cannot_watch>);
static_assert(not database<has_no_log>);
static_assert(not database<answers_by_value>);
static_assert(not database<changes_the_request>);
static_assert(not database<int>);
static_assert(database<simulation::database>);

// Liars: the model, with one law broken. They test the laws.
struct honest : simulation::database {
    // What a liar does to a row before the honest model sees the request.
    entry& at(const job_id& job) { return *find(job); }
};

struct begins_at_revision_1 : honest {
    void put_wish(const request<headgate::put_wish>& r, auto done) {
        const auto answer = apply(r.what);
        if (r.what.expected == 0)
            if (entry* job = find(r.what.job)) job->row.restarts = 1;
        done(answer);
        answer_watch();
    }
};
struct lets_the_last_wish_win : honest {
    void put_wish(const request<headgate::put_wish>& r, auto done) {
        headgate::put_wish what = r.what;
        if (entry* job = find(what.job); job and what.expected > 0) what.expected = job->wish->version;
        done(apply(what));
        answer_watch();
    }
};
struct takes_another_wish_for_a_repeat : honest {
    void put_wish(const request<headgate::put_wish>& r, auto done) {
        const entry* job = find(r.what.job);
        if (job and job->wish->version == r.what.expected + 1)
            done(job->wish->version);
        else
            done(apply(r.what));
        answer_watch();
    }
};
struct moves_the_revision_with_a_wish : honest {
    void put_wish(const request<headgate::put_wish>& r, auto done) {
        const auto answer = apply(r.what);
        if (entry* job = find(r.what.job); job and r.what.expected > 0) ++job->row.revision;
        done(answer);
        answer_watch();
    }
};
struct moves_the_revision_with_a_lease : honest {
    void advance_lease(const request<headgate::advance_lease>& r, auto done) {
        for (auto& [id, job] : jobs_) ++job.row.revision;
        done(apply(r.what));
    }
};
struct forgets_the_plan : honest {
    void store(const request<store_row>& r, auto done) {
        store_row what = r.what;
        what.next.plan = nullptr;
        done(apply(what));
        answer_watch();
    }
};
struct stores_without_comparing : honest {
    void store(const request<store_row>& r, auto done) {
        store_row what = r.what;
        if (entry* job = find(what.job)) what.expected = job->row.revision;
        done(apply(what));
        answer_watch();
    }
};
struct compares_the_owner_only : honest {  // and so overwrites what an earlier owner wrote later
    void claim(const request<headgate::claim>& r, auto done) {
        headgate::claim what = r.what;
        if (entry* job = find(what.job); job and job->row.owner != what.next.owner) what.expected = job->row.revision;
        done(apply(what));
        answer_watch();
    }
};
struct forgets_the_restore_point_of_a_repeat : honest {
    void claim(const request<headgate::claim>& r, auto done) {
        const entry* job = find(r.what.job);
        const bool is_first = job and job->row.revision == r.what.expected;
        const auto answer = apply(r.what);
        done(answer.match(
            [&](const claimed& c) -> outcome<claimed> {
                return is_first ? c : claimed{c.row, {}};
            },
            [](const error& why) -> outcome<claimed> { return not_applied{why}; },
            [](const error& why) -> outcome<claimed> { return unknown{why}; }));
        answer_watch();
    }
};
struct marks_again_in_a_repeat : honest {
    void claim(const request<headgate::claim>& r, auto done) {
        const auto answer = apply(r.what);
        if (entry* job = find(r.what.job); job and job->row.revision == r.what.expected + 1)
            mark(*job, restore_point(*job, r.what.threshold), r.what.threshold);
        done(answer);
        answer_watch();
    }
};
/// A claim whose marking, or restore point, is another than it should be.
template <class Lie>
struct claims_with : honest {
    void claim(const request<headgate::claim>& r, auto done) {
        entry* job = find(r.what.job);
        if (job == nullptr or job->row.revision != r.what.expected) {
            done(apply(r.what));
        } else {
            replace(*job, r.what.next);
            done(claimed{job->row, Lie{}(*this, *job, r.what.threshold)});
        }
        answer_watch();
    }
    using database_rows::mark;
    using database_rows::restore_point;
};
using any_entry = simulation::database::entry;
using restored = std::optional<checkpoint_row>;
struct restores_below_the_threshold {
    restored operator()(auto& model, any_entry& job, epoch threshold) {
        const restored found = model.restore_point(job, {});
        model.mark(job, found, threshold);
        return found;
    }
};
struct restores_ready_ones_only {
    restored operator()(auto& model, any_entry& job, epoch threshold) {
        for (auto& [name, state] : job.checkpoints)
            if (state == checkpoint_state::committing) state = checkpoint_state::abandoned;
        const restored found = model.restore_point(job, threshold);
        model.mark(job, found, threshold);
        return found;
    }
};
struct marks_every_one_in_progress {
    restored operator()(auto& model, any_entry& job, epoch threshold) {
        model.mark(job, {}, threshold);
        return model.restore_point(job, threshold);
    }
};
struct marks_ready_ones_too {
    restored operator()(auto& model, any_entry& job, epoch threshold) {
        for (auto& [name, state] : job.checkpoints)
            if (state == checkpoint_state::ready and name.epoch < threshold) state = checkpoint_state::failed;
        const restored found = model.restore_point(job, threshold);
        model.mark(job, found, threshold);
        return found;
    }
};
struct marks_by_name {  // not by epoch: fails another generation's of the restored epoch
    restored operator()(auto& model, any_entry& job, epoch threshold) {
        const restored found = model.restore_point(job, threshold);
        model.mark(job, found, threshold);
        for (auto& [name, state] : job.checkpoints)
            if (state == checkpoint_state::in_progress and found and name > found->name)
                state = checkpoint_state::failed;
        return found;
    }
};
struct marks_nothing {
    restored operator()(auto& model, any_entry& job, epoch threshold) { return model.restore_point(job, threshold); }
};
struct abandons_nothing {
    restored operator()(auto& model, any_entry& job, epoch threshold) {
        const restored found = model.restore_point(job, threshold);
        model.mark(job, found, {});
        return found;
    }
};

/// Checkpoint writes with one thing changed on the way.
template <class Lie>
struct writes_with : honest {
    void write_checkpoint(const request<headgate::write_checkpoint>& r, auto done) {
        headgate::write_checkpoint what = r.what;
        if (entry* job = find(what.job)) Lie{}(*job, what);
        done(apply(what));
        answer_watch();
    }
};
struct fences_by_generation_only {
    void operator()(const any_entry& job, headgate::write_checkpoint& what) { what.owner = job.row.owner; }
};
struct fences_by_owner_only {
    void operator()(const any_entry& job, headgate::write_checkpoint& what) { what.generation = job.row.generation; }
};
struct steps_back {
    void operator()(any_entry& job, headgate::write_checkpoint& what) {
        if (const auto at = job.checkpoints.find(what.row.name); at != job.checkpoints.end())
            at->second = what.row.state;
    }
};
struct makes_rows_of_any_state {
    void operator()(any_entry& job, headgate::write_checkpoint& what) {
        job.checkpoints.try_emplace(what.row.name, what.row.state);
    }
};
struct keeps_one_less {
    void operator()(any_entry&, headgate::write_checkpoint& what) { what.keep -= what.keep > 1 ? 1 : 0; }
};
struct always_cleans {
    void operator()(any_entry&, headgate::write_checkpoint& what) { what.keep = what.keep == 0 ? 3 : what.keep; }
};
struct keeps_what_is_over : honest {
    void write_checkpoint(const request<headgate::write_checkpoint>& r, auto done) {
        entry* job = find(r.what.job);
        const auto before = job ? job->checkpoints : std::map<checkpoint_name, checkpoint_state>{};
        const auto answer = apply(r.what);
        if (job) job->checkpoints.insert(before.begin(), before.end());
        done(answer);
        answer_watch();
    }
};
/// A write after which the rows that were in this state before are so still, and are not listed.
template <checkpoint_state State>
struct never_cleans : honest {
    void write_checkpoint(const request<headgate::write_checkpoint>& r, auto done) {
        entry* job = find(r.what.job);
        std::map<checkpoint_name, checkpoint_state> kept;
        if (job)
            for (const auto& [name, state] : job->checkpoints)
                if (state == State and name != r.what.row.name) kept.emplace(name, state);
        done(apply(r.what).match(
            [&](checkpoint_written all) -> outcome<checkpoint_written> {
                std::erase_if(all.obsolete, [&](checkpoint_name each) { return kept.contains(each); });
                for (const auto& [name, state] : kept) job->checkpoints[name] = state;
                return all;
            },
            [](const error& why) -> outcome<checkpoint_written> { return not_applied{why}; },
            [](const error& why) -> outcome<checkpoint_written> { return unknown{why}; }));
        answer_watch();
    }
};
struct cleans_what_is_newer_too : honest {  // than the newest that is ready
    void write_checkpoint(const request<headgate::write_checkpoint>& r, auto done) {
        entry* job = find(r.what.job);
        if (job and r.what.keep > 0)
            for (auto& [name, state] : job->checkpoints)
                if (state == checkpoint_state::failed and name != r.what.row.name) state = checkpoint_state::compacting;
        done(apply(r.what));
        answer_watch();
    }
};
struct lists_obsolete_ones_once : honest {
    void write_checkpoint(const request<headgate::write_checkpoint>& r, auto done) {
        const auto before = find(r.what.job) ? at(r.what.job).checkpoints : decltype(entry::checkpoints){};
        done(apply(r.what).match(
            [&](checkpoint_written all) -> outcome<checkpoint_written> {
                std::erase_if(all.obsolete,
                              [&](checkpoint_name each) { return before.at(each) == checkpoint_state::compacting; });
                return all;
            },
            [](const error& why) -> outcome<checkpoint_written> { return not_applied{why}; },
            [](const error& why) -> outcome<checkpoint_written> { return unknown{why}; }));
        answer_watch();
    }
};

struct misses_what_is_told : honest {
    void tell(const request<headgate::tell>& r, auto done) {
        const auto before = find(r.what.job) ? at(r.what.job).changed : 0;
        const auto answer = apply(r.what);
        if (find(r.what.job)) at(r.what.job).changed = before;
        done(answer);
    }
};
struct forgets_held_watches : honest {
    void claim(const request<headgate::claim>& r, auto done) { done(apply(r.what)); }
};
struct answers_each_change_once : honest {  // to whoever asks first, whatever the cursor
    void watch(const request<watch_jobs>& r, auto done) {
        request<watch_jobs> later = r;
        if (later.what.since.value > 0) later.what.since.value = std::max(later.what.since.value, told_);
        if (const auto news = apply(later.what)) told_ = news->next.value;
        honest::watch(later, done);
    }
    std::uint64_t told_ = 0;
};
struct sets_counters_back : honest {
    void advance_lease(const request<headgate::advance_lease>& r, auto done) {
        controllers_.erase(r.what.self);
        done(apply(r.what));
    }
};
struct knows_itself_only : honest {
    void advance_lease(const request<headgate::advance_lease>& r, auto done) {
        std::erase_if(controllers_, [&](const auto& each) { return each.first != r.what.self; });
        done(apply(r.what));
    }
};
struct numbers_lines_from_0 : honest {
    void read_log(const request<headgate::read_log>& r, auto done) {
        auto lines = apply(r.what);
        if (lines)
            for (log_line& line : *lines) --line.number;
        done(lines);
    }
};
struct hears_anyone : honest {
    void tell(const request<headgate::tell>& r, auto done) {
        headgate::tell what = r.what;
        if (const entry* job = find(what.job)) what.owner = job->row.owner;
        done(apply(what));
        answer_watch();
    }
};
struct starts_anew_each_time : honest {
    void store(const request<store_row>& r, auto done) {
        now += duration(1);
        if (entry* job = find(r.what.job); job and r.what.next.state == state_name::running) job->started.reset();
        done(apply(r.what));
        answer_watch();
    }
};
struct counts_down_for_all : honest {
    void put_wish(const request<headgate::put_wish>& r, auto done) {
        headgate::put_wish what = r.what;
        if (what.job == job_id{"other"}) what.next.time_to_live = duration(1);
        done(apply(what));
        answer_watch();
    }
};
struct marks_all_jobs : honest {
    void claim(const request<headgate::claim>& r, auto done) {
        const entry* job = find(r.what.job);
        const bool is_first = job and job->row.revision == r.what.expected;
        const auto answer = apply(r.what);
        for (auto& [id, each] : jobs_)
            if (is_first) mark(each, restore_point(each, {}), {});
        done(answer);
        answer_watch();
    }
};
struct makes_jobs_on_the_way : honest {
    void tell(const request<headgate::tell>& r, auto done) {
        if (not find(r.what.job)) {
            entry& job = jobs_[r.what.job];
            job.wish = std::make_shared<const headgate::wish>();
            touch(job);
        }
        done(apply(r.what));
        answer_watch();
    }
};
struct has_a_log_of_no_job : honest {
    void read_log(const request<headgate::read_log>& r, auto done) {
        done(find(r.what.job) ? apply(r.what) : expected<std::vector<log_line>>(std::vector<log_line>()));
    }
};
struct takes_a_missing_job_for_trouble : honest {
    void read_log(const request<headgate::read_log>& r, auto done) {
        auto lines = apply(r.what);
        if (not lines) lines.error().kind = error_kind::database;
        done(lines);
    }
};
struct takes_an_empty_log_for_a_missing_job : honest {
    void read_log(const request<headgate::read_log>& r, auto done) {
        auto lines = apply(r.what);
        if (lines and find(r.what.job)->log.empty()) lines = failure(error_kind::invalid, "no lines");
        done(lines);
    }
};
struct answers_twice : honest {
    void read_log(const request<headgate::read_log>& r, auto done) {
        done(apply(r.what));
        done(apply(r.what));
    }
};

using laws_broken = std::set<std::string>;

template <database Database>
laws_broken broken_laws(auto make, auto settle) {
    laws_broken broken;
    laws::check_database(make, settle, [&](std::string_view law, bool holds, std::string detail) {
        BOOST_TEST(holds == detail.empty());
        BOOST_TEST_MESSAGE(law << ": " << detail);
        if (not holds) broken.emplace(law);
    });
    return broken;
}

constexpr auto at_once = [](auto&, auto) {};
constexpr auto run_until = [](auto& model, auto came) {
    while (not came() and model.run_one()) {
    }
};
constexpr auto queued = [] { return simulation::database(true); };

template <class Liar>
laws_broken broken_by() {
    return broken_laws<Liar>([] { return Liar{}; }, at_once);
}

template <class Liar>
void breaks(const laws_broken& expected) {
    BOOST_TEST_CONTEXT(boost::core::demangle(typeid(Liar).name())) {
        const laws_broken broken = broken_by<Liar>();
        BOOST_TEST(broken == expected, boost::test_tools::per_element());
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_database_in_memory_keeps_every_law_whether_it_completes_at_once_or_later) {
    breaks<simulation::database>({});
    BOOST_TEST((broken_laws<simulation::database>(queued, run_until) == laws_broken{}));
}

BOOST_AUTO_TEST_CASE(the_laws_of_databases_take_a_pointer_to_one_too) {
    const auto make = [] { return std::make_unique<simulation::database>(); };
    BOOST_TEST((broken_laws<simulation::database>(make, at_once) == laws_broken{}));
}

BOOST_AUTO_TEST_CASE(each_database_that_lies_about_rows_breaks_its_law_and_only_what_rests_on_it) {
    breaks<begins_at_revision_1>({"submits"});
    breaks<takes_another_wish_for_a_repeat>({"versions"});
    breaks<lets_the_last_wish_win>({"versions"});
    breaks<moves_the_revision_with_a_lease>({"wish_apart"});
    breaks<forgets_the_plan>({"exchanges"});
    breaks<compares_the_owner_only>({"marks", "stands"});
    breaks<forgets_the_restore_point_of_a_repeat>({"repeats"});
    breaks<marks_again_in_a_repeat>({"repeats"});
    breaks<starts_anew_each_time>({"dates"});
    breaks<counts_down_for_all>({"dates"});
    breaks<marks_all_jobs>({"scoped"});
    breaks<makes_jobs_on_the_way>({"refuses"});
    breaks<has_a_log_of_no_job>({"refuses"});
    breaks<takes_a_missing_job_for_trouble>({"refuses"});
    breaks<takes_an_empty_log_for_a_missing_job>({"refuses"});
}

BOOST_AUTO_TEST_CASE(each_database_that_lies_about_checkpoints_breaks_its_law_and_only_what_rests_on_it_S7_S8_I8) {
    breaks<claims_with<restores_below_the_threshold>>({"marks", "restores", "scoped"});
    breaks<claims_with<restores_ready_ones_only>>({"fences", "marks", "restores"});
    breaks<claims_with<marks_every_one_in_progress>>({"marks"});
    breaks<claims_with<marks_ready_ones_too>>({"marks", "restores"});
    breaks<claims_with<marks_by_name>>({"marks"});
    breaks<claims_with<marks_nothing>>({"marks"});
    breaks<claims_with<abandons_nothing>>({"marks"});
    breaks<writes_with<fences_by_generation_only>>({"fences"});
    breaks<writes_with<fences_by_owner_only>>({"fences"});
    breaks<writes_with<steps_back>>({"cleans", "forward", "marks"});
    breaks<writes_with<makes_rows_of_any_state>>({"cleans", "forward"});
    breaks<writes_with<keeps_one_less>>({"cleans"});
    breaks<writes_with<always_cleans>>({"cleans"});
    breaks<keeps_what_is_over>({"cleans"});
    breaks<never_cleans<checkpoint_state::failed>>({"cleans"});
    breaks<never_cleans<checkpoint_state::abandoned>>({"cleans"});
    breaks<never_cleans<checkpoint_state::in_progress>>({"cleans"});
    breaks<cleans_what_is_newer_too>({"cleans"});
    breaks<lists_obsolete_ones_once>({"cleans"});
}

BOOST_AUTO_TEST_CASE(each_database_that_lies_about_news_breaks_exactly_its_law) {
    breaks<misses_what_is_told>({"watches"});
    breaks<forgets_held_watches>({"watches"});
    breaks<answers_each_change_once>({"watches"});
    breaks<sets_counters_back>({"leases"});
    breaks<knows_itself_only>({"leases"});
    breaks<numbers_lines_from_0>({"tells"});
    breaks<hears_anyone>({"tells"});
    breaks<answers_twice>({"answers"});
}

BOOST_AUTO_TEST_CASE(a_database_that_lies_about_what_all_rests_on_breaks_its_law_and_others) {
    BOOST_TEST(broken_by<moves_the_revision_with_a_wish>().contains("wish_apart"));
    BOOST_TEST(broken_by<stores_without_comparing>().contains("stands"));
}

BOOST_AUTO_TEST_CASE(a_database_that_never_answers_keeps_no_law) {
    BOOST_TEST(broken_laws<simulation::database>(queued, at_once).size() == 18u);
}

namespace {

/// Notes what came, by value, so that a copy of a model with a call in flight answers into the same place.
template <class Effect>
struct noted {
    ticket to{};
    std::vector<typename Effect::answer>* into;

    void operator()(typename Effect::answer answer) const { into->push_back(std::move(answer)); }
};

headgate::put_wish submission() {
    program one{.nodes = {{.id = {1}, .operators = {{.id = {"source"}}}}}};
    return {.job = {"job"}, .next = {.program = std::make_shared<const program>(std::move(one))}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_copy_of_a_database_has_its_calls_in_flight_too) {
    simulation::database model(true);
    std::vector<put_wish::answer> put;
    std::vector<watch_jobs::answer> seen;
    model.watch({}, noted<watch_jobs>{{}, &seen});
    BOOST_TEST(model.run_one());
    model.put_wish({.what = submission()}, noted<put_wish>{{}, &put});
    simulation::database copy = model;
    BOOST_TEST(copy.waiting() == 1u);
    BOOST_TEST(model.run_one());
    BOOST_TEST(not model.run_one());
    BOOST_TEST(put.size() == 1u);
    BOOST_TEST(seen.size() == 1u);
    BOOST_TEST(copy.jobs().empty());
    BOOST_TEST(copy.run_one());
    BOOST_TEST(put.size() == 2u);
    BOOST_TEST(seen.size() == 2u);
    BOOST_TEST(seen[1]->jobs.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_of_the_database_is_unknown_and_a_repeat_finds_out_G6) {
    simulation::database model(true);
    for (const bool is_carried_out : {true, false}) {
        std::vector<put_wish::answer> put;
        model.put_wish({.what = submission()}, noted<put_wish>{{}, &put});
        BOOST_TEST(model.lose(0, is_carried_out));
        model.put_wish({.what = submission()}, noted<put_wish>{{}, &put});
        BOOST_TEST(model.run_one());
        const auto no = [](const auto&) { return false; };
        const auto yes = [](const auto&) { return true; };
        BOOST_TEST(put[0].match(no, no, yes));
        BOOST_TEST(put[1].match([](std::uint64_t version) { return version == 1; }, no, no));
    }
}

BOOST_AUTO_TEST_CASE(a_watch_of_jobs_ends_with_no_news_at_its_deadline) {
    simulation::database model;
    std::vector<watch_jobs::answer> seen;
    model.watch({.deadline = instant(duration(7))}, noted<watch_jobs>{{}, &seen});
    BOOST_TEST(model.has_held_watch());
    BOOST_TEST((model.watch_deadline() == instant(duration(7))));
    model.expire_watch();
    BOOST_TEST(not model.has_held_watch());
    BOOST_TEST(seen.size() == 1u);
    BOOST_TEST(seen[0]->jobs.empty());
}

BOOST_AUTO_TEST_CASE(a_controller_that_is_gone_is_shown_while_it_owns_a_job_and_then_forgotten_G5) {
    constexpr incarnation here{{1, 1}}, gone{{2, 2}};
    simulation::database model;
    const auto seen = [&] {
        const auto none = [](const error&) { return std::vector<controller_seen>(); };
        return model.apply(advance_lease{.self = here, .counter = 1})
            .match([](const auto& all) { return all; }, none, none);
    };
    BOOST_TEST((seen().size() == 1u));
    const auto lease = model.apply(advance_lease{.self = gone, .counter = 4});
    const auto put = model.apply(submission());
    const auto claim = model.apply(headgate::claim{.job = {"job"}, .next = {.generation = {1}, .owner = gone}});
    static_cast<void>(lease), static_cast<void>(put), static_cast<void>(claim);
    model.set_gone(gone);
    BOOST_TEST((seen() == std::vector<controller_seen>{{here, 1, false}, {gone, 4, true}}));
    const auto next = model.apply(headgate::claim{.job = {"job"}, .expected = 1, .next = {.owner = here}});
    static_cast<void>(next);
    BOOST_TEST((seen() == std::vector<controller_seen>{{here, 1, false}}));
}
