#include <headgate/conformance/laws/state_backend.hpp>

#include <headgate/concepts/no_checkpoints.hpp>
#include <headgate/conformance/archetypes/state_backend.hpp>
#include <headgate/simulation/state_backend.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <set>
#include <string>

namespace {

using namespace headgate;

// Refuters: each is the archetype less one thing, so each clause of the concept has a witness.
struct cannot_load : archetype::state_backend {
    void load() = delete;
};
struct cannot_prepare : archetype::state_backend {
    void prepare() = delete;
};
struct cannot_store : archetype::state_backend {
    void store() = delete;
};
struct cannot_remove : archetype::state_backend {
    void remove() = delete;
};
struct answers_by_value : archetype::state_backend {
    outcome<applied> store(const request<store_checkpoint>&, any_completion<store_checkpoint>);
};
struct changes_the_request : archetype::state_backend {
    void remove(request<remove_checkpoint>&, any_completion<remove_checkpoint>);
};

static_assert(not state_backend<cannot_load>);
static_assert(not state_backend<cannot_prepare>);
static_assert(not state_backend<cannot_store>);
static_assert(not state_backend<cannot_remove>);
static_assert(not state_backend<answers_by_value>);
static_assert(not state_backend<changes_the_request>);
static_assert(not state_backend<int>);

struct in_memory : simulation::state_backend {};
struct in_memory_later : simulation::state_backend {
    in_memory_later() : state_backend(true) {}
};

// Liars: the right signatures, and one law broken. They test the laws.
struct makes_up_what_is_missing : in_memory {
    void load(const request<load_checkpoint>& r, auto done) {
        if (has(r.what.job, r.what.name)) return in_memory::load(r, done);
        done(std::make_shared<const checkpoint_metadata>(checkpoint_metadata{.name = r.what.name}));
    }
};
struct prepares_nothing : in_memory {
    void prepare(const request<prepare_checkpoint>&, auto done) { done(applied{}); }
};
struct loses_handles : in_memory {
    void store(const request<store_checkpoint>& r, auto done) {
        checkpoint_metadata less = *r.what.what;
        for (node_state& each : less.nodes) each.handles.clear();
        in_memory::store({r.by, r.deadline, {r.what.job, std::make_shared<const checkpoint_metadata>(less)}}, done);
    }
};
struct stores_once : in_memory {
    void store(const request<store_checkpoint>& r, auto done) {
        if (has(r.what.job, r.what.what->name)) return done(not_applied{{error_kind::state_backend, "it exists"}});
        in_memory::store(r, done);
    }
};
struct removes_once : in_memory {
    void remove(const request<remove_checkpoint>& r, auto done) {
        if (not has(r.what.job, r.what.name)) return done(not_applied{{error_kind::state_backend, "no such file"}});
        in_memory::remove(r, done);
    }
};
struct removes_nothing : in_memory {
    void remove(const request<remove_checkpoint>&, auto done) { done(applied{}); }
};
struct joins_generations : in_memory {
    void remove(request<remove_checkpoint> r, auto done) {
        for (const std::uint32_t number : {1u, 2u, 11u, 29u}) {
            r.what.name.generation = {number};
            in_memory::remove(r, any_completion<remove_checkpoint>{});
        }
        done(applied{});
    }
};
struct reads_damage_as_nothing : in_memory {
    void load(const request<load_checkpoint>& r, auto done) {
        in_memory::load(r, repaired<decltype(done)>{r.by, done});
    }

private:
    template <class Done>
    struct repaired {
        ticket to;
        Done done;
        void operator()(load_checkpoint::answer answer) const { done(answer ? answer : nullptr); }
    };
};
struct damage_without_a_name : in_memory {
    void load(const request<load_checkpoint>& r, auto done) {
        in_memory::load(r, nameless<decltype(done)>{r.by, done});
    }

private:
    template <class Done>
    struct nameless {
        ticket to;
        Done done;
        void operator()(load_checkpoint::answer answer) const {
            done(answer ? answer : failure(error_kind::state_backend, "damaged"));
        }
    };
};
struct answers_a_store_twice : in_memory {
    void store(const request<store_checkpoint>& r, auto done) {
        in_memory::store(r, done);
        done(applied{});
    }
};

constexpr auto at_once = [](auto&, auto) {};
constexpr auto run_until = [](auto& model, auto came) {
    while (not came() and model.run_one()) {
    }
};
constexpr auto damage = [](auto& model, const job_id& job, checkpoint_name name) { model.damage(job, name); };

using laws_broken = std::set<std::string>;

template <state_backend StateBackend>
laws_broken broken_laws(auto settle) {
    laws_broken broken;
    laws::check_state_backend([] { return StateBackend{}; }, settle, damage,
                              [&](std::string_view law, bool holds, const std::string& detail) {
                                  BOOST_TEST_INFO(law << ": " << detail);
                                  BOOST_TEST(holds == detail.empty());
                                  if (not holds) broken.emplace(law);
                              });
    return broken;
}

BOOST_AUTO_TEST_CASE(the_state_backend_in_memory_keeps_every_law_whether_it_answers_at_once_or_later) {
    BOOST_TEST((broken_laws<in_memory>(at_once) == laws_broken{}));
    BOOST_TEST((broken_laws<in_memory_later>(run_until) == laws_broken{}));
}

BOOST_AUTO_TEST_CASE(each_state_backend_that_lies_breaks_its_law) {
    // What is made up is there before it was stored and after it was removed.
    BOOST_TEST((broken_laws<makes_up_what_is_missing>(at_once) == laws_broken{"missing", "removes", "apart"}));
    BOOST_TEST((broken_laws<prepares_nothing>(at_once) == laws_broken{"missing"}));
    BOOST_TEST((broken_laws<loses_handles>(at_once) == laws_broken{"loads", "repeats", "removes", "apart"}));
    BOOST_TEST((broken_laws<stores_once>(at_once) == laws_broken{"repeats"}));
    BOOST_TEST((broken_laws<removes_once>(at_once) == laws_broken{"repeats"}));
    BOOST_TEST((broken_laws<removes_nothing>(at_once) == laws_broken{"removes", "apart"}));
    BOOST_TEST((broken_laws<joins_generations>(at_once) == laws_broken{"apart"}));
    BOOST_TEST((broken_laws<reads_damage_as_nothing>(at_once) == laws_broken{"damaged"}));
    BOOST_TEST((broken_laws<damage_without_a_name>(at_once) == laws_broken{"damaged"}));
    BOOST_TEST((broken_laws<answers_a_store_twice>(at_once) == laws_broken{"answers"}));
}

BOOST_AUTO_TEST_CASE(a_state_backend_that_never_answers_keeps_no_law) {
    BOOST_TEST(broken_laws<in_memory_later>(at_once).size() == 7u);
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_state_backend_holds_the_calls_that_wait) {
    in_memory_later model;
    const request<load_checkpoint> load;
    const auto heard = std::make_shared<laws::pending<load_checkpoint>>();
    model.load(load, laws::pending<load_checkpoint>::completion{load.by, heard});
    in_memory_later copy = model;
    BOOST_TEST((model.run_one() and copy.run_one() and not copy.run_one()));
    BOOST_TEST(heard->calls() == 2);
}

struct no_checkpoints_to_damage : no_checkpoints {
    void damage(const job_id&, checkpoint_name) {}
};

BOOST_AUTO_TEST_CASE(no_checkpoints_has_none_and_keeps_none) {
    // All that begins with a checkpoint that was stored cannot hold.
    BOOST_TEST((broken_laws<no_checkpoints_to_damage>(at_once) ==
                laws_broken{"loads", "repeats", "removes", "apart", "damaged"}));
}

}  // namespace
