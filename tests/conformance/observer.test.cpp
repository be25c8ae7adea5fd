#include <headgate/concepts/observer.hpp>

#include <headgate/conformance/archetypes/observer.hpp>
#include <headgate/conformance/laws/observer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace headgate;

// Refuters.
struct cannot_observe : archetype::observer {
    void on() = delete;
};
struct wants_no_time {
    void on(const job_id&, const note&);
};
struct changes_the_note {
    void on(const job_id&, instant, note&);
};
static_assert(observer<silent> and observer<archetype::observer> and not observer<int>);
static_assert(not observer<cannot_observe> and not observer<wants_no_time> and not observer<changes_the_note>);

/// The model in memory.
struct keeps_all {
    void on(const job_id& job, instant at, const note& what) { heard.push_back({job, at, what}); }

    struct one {
        job_id job{};
        instant at{};
        note what{};
    };
    std::vector<one> heard{};
};

// Liar.
struct knows_transitions_alone {
    void on(const job_id&, instant, const note& what) { last = std::get<transition>(what); }

    transition last{};
};

template <class Observer>
std::string kept_by(Observer& model) {
    std::string laws;
    laws::check_observer([&]() -> Observer& { return model; },
                         [&](std::string_view law, bool holds, const std::string&) {
                             if (holds) laws += law;
                         });
    return laws;
}

BOOST_AUTO_TEST_CASE(who_takes_every_kind_of_note_keeps_the_law_of_an_observer) {
    keeps_all model;
    silent nobody;
    BOOST_TEST(kept_by(model) == "takes");
    BOOST_TEST(kept_by(nobody) == "takes");
    std::vector<std::size_t> of_kind(std::variant_size_v<note>);
    for (const keeps_all::one& each : model.heard) ++of_kind[each.what.index()];
    for (const std::size_t count : of_kind) BOOST_TEST(count > 0u);
}

BOOST_AUTO_TEST_CASE(who_throws_at_a_note_does_not_keep_it) {
    knows_transitions_alone model;
    BOOST_CHECK_THROW(kept_by(model), std::bad_variant_access);
}

}  // namespace
