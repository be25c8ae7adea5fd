#include <headgate/concepts/observer.hpp>

#include <headgate/conformance/archetypes/observer.hpp>
#include <headgate/conformance/laws/observer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <stdexcept>
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

// Liars.
struct knows_transitions_alone {
    void on(const job_id&, instant, const note& what) { last = std::get<transition>(what); }

    transition last{};
};
struct wants_text {
    void on(const job_id&, instant, const note& what) {
        const auto* const said = std::get_if<remark>(&what);
        if (said and said->text.empty()) throw std::invalid_argument("an empty line");
    }
};
struct looks_into_the_past {
    void on(const job_id&, instant at, const note&) {
        if (at == instant::max()) throw std::out_of_range("there is no such time");
    }
};
struct knows_jobs_by_name {
    void on(const job_id& job, instant, const note&) { static_cast<void>(job.value.at(0)); }
};

/// "takes", or "takes broken: " with what it found; of one that throws also that the exception came.
template <class Observer>
std::string told_of(Observer& model) {
    std::string told;
    try {
        laws::check_observer([&]() -> Observer& { return model; },
                             [&](std::string_view law, bool holds, const std::string& detail) {
                                 BOOST_TEST(holds == detail.empty());
                                 told.append(law).append(holds ? "" : " broken: " + detail);
                             });
    } catch (const std::exception&) {
        told += ", and thrown";
    }
    return told;
}

BOOST_AUTO_TEST_CASE(who_takes_every_kind_of_note_keeps_the_law_of_an_observer) {
    keeps_all model;
    silent nobody;
    BOOST_TEST(told_of(model) == "takes");
    BOOST_TEST(told_of(nobody) == "takes");
    std::vector<std::size_t> of_kind(std::variant_size_v<note>);
    for (const keeps_all::one& each : model.heard) ++of_kind[each.what.index()];
    for (const std::size_t count : of_kind) BOOST_TEST(count > 0u);
}

BOOST_AUTO_TEST_CASE(who_throws_at_a_note_breaks_the_law_which_names_it) {
    const auto finds = [](auto model, std::string_view what) {
        const std::string told = told_of(model);
        BOOST_TEST(told.starts_with("takes broken: expected that it takes every note, came an exception at \""), told);
        BOOST_TEST(told.find(what) != std::string::npos, told);
        BOOST_TEST(told.ends_with("\", and thrown"), told);
    };
    finds(knows_transitions_alone{}, "attempt 0 failed");
    finds(wants_text{}, "at \"\"");
    finds(looks_into_the_past{}, "Created -> Compiling");
    finds(knows_jobs_by_name{}, "Created -> Compiling");
}

}  // namespace
