#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `state_backend`, for any model and any test framework.

#include <headgate/concepts/state_backend.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report(law, holds, detail)` once for each law, each on a new and empty model from `make()`.
///
/// `settle(model, came)` runs the model until `came()` is true, or for as long as the caller has patience; for a model
/// that completes within its calls it does nothing. `damage(model, job, name)` makes what is kept of a checkpoint
/// unreadable. The requests have no deadline; a law whose answers do not come does not hold.
template <class Make, class Settle, class Damage, law_report Report>
    requires state_backend<std::invoke_result_t<Make&>>
void check_state_backend(Make make, Settle settle, Damage damage, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

/// Names that a careless model would take for one another, or for a path.
inline std::vector<std::pair<job_id, checkpoint_name>> hostile_checkpoint_names() {
    std::vector<std::pair<job_id, checkpoint_name>> names;
    for (const char* job : {"job", "Job", "job.", "job/1", "job%2F1", "..", ".", "/", "a b", "7-1", "\xc3\xa4\x01"})
        names.push_back({{job}, {.epoch = {1}, .generation = {1}}});
    names.push_back({{"job"}, {.epoch = {1}, .generation = {2}}});
    names.push_back({{"job"}, {.epoch = {2}, .generation = {1}}});
    names.push_back({{"job"}, {.epoch = {11}, .generation = {1}}});
    names.push_back({{"job"}, {.epoch = {1}, .generation = {11}}});
    names.push_back({{"job"}, {.epoch = {4'294'967'295}, .generation = {4'294'967'295}}});
    names.push_back({{std::string(64, 'x')}, {.epoch = {1}, .generation = {1}}});
    names.push_back({{std::string(64, '/')}, {.epoch = {1}, .generation = {1}}});
    return names;
}

inline std::shared_ptr<const checkpoint_metadata> metadata_of(checkpoint_name name, std::uint32_t parallelism) {
    checkpoint_metadata made{.name = name};
    made.nodes.push_back({.node = {1}, .parallelism = 2, .operators = {{"source"}, {"map"}}});
    made.nodes.back().handles = {std::string("\0\xff\n", 3), ""};
    made.nodes.push_back({.node = {4'000'000'000}, .parallelism = parallelism, .operators = {{"\xc3\xa4/.."}}});
    for (std::uint32_t i = 0; i < parallelism; ++i) made.nodes.back().handles.push_back("part " + std::to_string(i));
    return std::make_shared<const checkpoint_metadata>(std::move(made));
}

/// A new model, and short names for what the laws do with it.
template <class StateBackend, class Settle>
class state_backend_trial : public findings {
public:
    state_backend_trial(StateBackend& model, Settle& settle) : model_(model), settle_(settle) {}

    StateBackend& model() { return model_; }

    auto load(const job_id& job, checkpoint_name name) {
        return call(load_checkpoint{job, name}, [this](const auto& r, auto done) { model_.load(r, done); });
    }
    auto prepare(const job_id& job, checkpoint_name name) {
        return call(prepare_checkpoint{job, name}, [this](const auto& r, auto done) { model_.prepare(r, done); });
    }
    auto store(const job_id& job, std::shared_ptr<const checkpoint_metadata> what) {
        return call(store_checkpoint{job, std::move(what)},
                    [this](const auto& r, auto done) { model_.store(r, done); });
    }
    auto remove(const job_id& job, checkpoint_name name) {
        return call(remove_checkpoint{job, name}, [this](const auto& r, auto done) { model_.remove(r, done); });
    }

    template <class Pending>
    void applies(const Pending& asked, std::string_view what) {
        expect(is_applied(*asked), std::string(what) + " is applied", describe(*asked));
    }

    void is_missing(const job_id& job, checkpoint_name name) {
        const auto asked = load(job, name);
        const bool is_null = asked->came() and asked->answer().has_value() and *asked->answer() == nullptr;
        expect(is_null, "null for a checkpoint that is not there", is_null ? "" : describe(*asked));
    }

    void is_loaded(const job_id& job, const checkpoint_metadata& stored) {
        const auto asked = load(job, stored.name);
        const bool is_there = asked->came() and asked->answer().has_value();
        if (not expect(is_there, "the metadata", describe(*asked))) return;
        const auto& loaded = *asked->answer();
        expect(loaded != nullptr and *loaded == stored, "the metadata of job " + job.value + " as it was stored",
               loaded ? "another" : "null");
    }

private:
    template <class Effect, class CallModel>
    std::shared_ptr<pending<Effect>> call(Effect what, CallModel call_model) {
        const auto asked = this->ask(std::move(what), call_model);
        settle_(model_, [&asked] { return asked->came(); });
        return asked;
    }

    StateBackend& model_;
    Settle& settle_;
};

template <class Trial>
void a_damaged_checkpoint_is_named(Trial& t, const job_id& job, checkpoint_name name) {
    const auto asked = t.load(job, name);
    const bool fails = asked->came() and not asked->answer().has_value();
    if (not t.expect(fails, "an error for damaged metadata", describe(*asked))) return;
    const error& why = asked->answer().error();
    const bool is_kind = why.kind == error_kind::state_backend or why.kind == error_kind::permanent;
    t.expect(is_kind, "kind state backend or permanent", describe(why));
    for (const std::uint32_t number : {name.epoch.value, name.generation.value})
        t.expect(why.text.find(std::to_string(number)) != std::string::npos, "epoch and generation in the text",
                 why.text);
}

}  // namespace detail

template <class Make, class Settle, class Damage, law_report Report>
    requires state_backend<std::invoke_result_t<Make&>>
void check_state_backend(Make make, Settle settle, Damage damage, Report report) {
    using model_type = std::invoke_result_t<Make&>;
    const job_id job{"job"};
    const checkpoint_name name{.epoch = {4'711}, .generation = {29}};
    const auto metadata = detail::metadata_of(name, 3);

    const auto law = [&](std::string_view of, auto tried) {
        model_type model = make();
        detail::state_backend_trial<model_type, Settle> trial(model, settle);
        tried(trial);
        report(of, trial.empty(), trial.text());
    };

    law("missing", [&](auto& t) {
        t.is_missing(job, name);
        const auto asked = t.prepare(job, name);
        const auto no = [](const auto&) { return false; };
        t.expect(asked->came() and asked->answer().match(
                                       no, [](const error&) { return true; }, no),
                 "not applied for preparing what is not there", describe(*asked));
    });

    law("loads", [&](auto& t) {
        t.applies(t.store(job, metadata), "store");
        t.is_loaded(job, *metadata);
        t.applies(t.prepare(job, name), "prepare");
        t.is_loaded(job, *metadata);
    });

    law("repeats", [&](auto& t) {
        for (int time = 0; time < 2; ++time) t.applies(t.store(job, metadata), "store");
        for (int time = 0; time < 2; ++time) t.applies(t.prepare(job, name), "prepare");
        t.is_loaded(job, *metadata);
        for (int time = 0; time < 2; ++time) t.applies(t.remove(job, name), "remove");
    });

    law("removes", [&](auto& t) {
        t.applies(t.store(job, metadata), "store");
        t.applies(t.remove(job, name), "remove");
        t.is_missing(job, name);
        t.applies(t.store(job, metadata), "store after remove");
        t.is_loaded(job, *metadata);
    });

    law("apart", [&](auto& t) {
        const auto all = detail::hostile_checkpoint_names();
        std::uint32_t number = 0;
        for (const auto& [of, named] : all) {
            t.is_missing(of, named);
            t.applies(t.store(of, detail::metadata_of(named, number++)), "store");
        }
        for (std::uint32_t removed = 0; removed < all.size(); ++removed) {
            for (std::uint32_t i = removed; i < all.size(); ++i)
                t.is_loaded(all[i].first, *detail::metadata_of(all[i].second, i));
            t.applies(t.remove(all[removed].first, all[removed].second), "remove");
            t.is_missing(all[removed].first, all[removed].second);
        }
    });

    law("damaged", [&](auto& t) {
        t.applies(t.store(job, metadata), "store");
        damage(t.model(), job, name);
        detail::a_damaged_checkpoint_is_named(t, job, name);
    });

    law("answers", [&](auto& t) {
        const auto once = [&t](const auto& asked, std::string_view what) {
            t.expect(asked->calls() == 1, "one answer to " + std::string(what), std::to_string(asked->calls()));
        };
        // Each is looked at after the others have run, so that a second answer had its time.
        const auto load = t.load(job, name);
        const auto early = t.prepare(job, name);
        const auto store = t.store(job, metadata);
        const auto prepare = t.prepare(job, name);
        const auto again = t.load(job, name);
        const auto remove = t.remove(job, name);
        const auto last = t.load(job, name);
        for (const auto& asked : {load, again, last}) once(asked, "load");
        for (const auto& asked : {early, prepare}) once(asked, "prepare");
        once(store, "store");
        once(remove, "remove");
    });
}

}  // namespace headgate::inline v1::laws
