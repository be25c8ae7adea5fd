#include <headgate/conformance/laws/secrets.hpp>

#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/simulation/secrets.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace {

using namespace headgate;
using bytes_view = std::span<const std::byte>;

// Refuters.
struct cannot_draw : archetype::secrets {
    void random() = delete;
};
struct cannot_sign : archetype::secrets {
    void mac() = delete;
};
struct half_a_code : archetype::secrets {
    std::array<std::byte, 16> mac(bytes_view, bytes_view);
};
struct may_fail_to_draw : archetype::secrets {
    bool random(std::span<std::byte>);
};

static_assert(not secrets<cannot_draw>);
static_assert(not secrets<cannot_sign>);
static_assert(not secrets<half_a_code>);
static_assert(not secrets<may_fail_to_draw>);
static_assert(not secrets<int>);

struct in_memory : simulation::secrets {
    in_memory() : secrets(1) {}
};

// Liars.
struct draws_the_same : in_memory {
    void random(std::span<std::byte> bytes) { simulation::secrets(7).random(bytes); }
};
struct draws_whole_words : in_memory {
    void random(std::span<std::byte> bytes) {
        std::ranges::fill(bytes, std::byte{});
        in_memory::random(bytes.first(bytes.size() / 8 * 8));
    }
};
struct signs_whole_words : in_memory {
    digest256 mac(bytes_view key, bytes_view text) { return in_memory::mac(key, text.first(text.size() / 8 * 8)); }
};
struct ignores_the_key : in_memory {
    digest256 mac(bytes_view, bytes_view text) { return in_memory::mac({}, text); }
};
struct joins_key_and_text : in_memory {
    digest256 mac(bytes_view key, bytes_view text) {
        std::vector<std::byte> both(key.begin(), key.end());
        both.insert(both.end(), text.begin(), text.end());
        return in_memory::mac({}, both);
    }
};
struct signs_with_chance : in_memory {
    digest256 mac(bytes_view, bytes_view) {
        digest256 code;
        random(code);
        return code;
    }
};

using laws_broken = std::set<std::string>;

template <secrets Secrets>
laws_broken broken_laws() {
    laws_broken broken;
    laws::check_secrets([] { return Secrets{}; },
                        [&](std::string_view law, bool holds, const std::string& detail) {
                            BOOST_TEST(holds == detail.empty());
                            if (not holds) broken.emplace(law);
                        });
    return broken;
}

BOOST_AUTO_TEST_CASE(simulated_secrets_keep_all_laws_but_the_known_codes) {
    BOOST_TEST((broken_laws<in_memory>() == laws_broken{"known"}));
}

BOOST_AUTO_TEST_CASE(secrets_that_lie_break_their_law) {
    BOOST_TEST((broken_laws<draws_the_same>() == laws_broken{"fresh", "known"}));
    BOOST_TEST((broken_laws<draws_whole_words>() == laws_broken{"fresh", "known"}));
    BOOST_TEST((broken_laws<signs_whole_words>() == laws_broken{"keyed", "known"}));
    BOOST_TEST((broken_laws<ignores_the_key>() == laws_broken{"keyed", "known"}));
    BOOST_TEST((broken_laws<joins_key_and_text>() == laws_broken{"keyed", "known"}));
    BOOST_TEST((broken_laws<signs_with_chance>() == laws_broken{"keyed", "known"}));
}

constexpr digest256 first_draw(std::uint64_t seed) {
    digest256 drawn{};
    simulation::secrets(seed).random(drawn);
    return drawn;
}

static_assert(first_draw(1) == first_draw(1), "a seed is a run");
static_assert(first_draw(1) != first_draw(2));
static_assert(simulation::secrets(1).mac({}, {}) == simulation::secrets(2).mac({}, {}),
              "two sides understand each other");

}  // namespace
