#include <headgate/concepts/credentials.hpp>

#include <headgate/conformance/archetypes/secrets.hpp>
#include <headgate/simulation/secrets.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace headgate;

constexpr digest256 filled(int value) {
    digest256 bytes;
    bytes.fill(static_cast<std::byte>(value));
    return bytes;
}

static_assert(equal_in_constant_time(filled(1), filled(1)));
static_assert(not equal_in_constant_time(filled(1), filled(2)));

// None asks for more than the concept says.
[[maybe_unused]] void any_secrets_will_do(archetype::secrets& poorest) {
    (void)worker_token(poorest, {}, {}, {}, {});
    (void)challenge_mac(poorest, {}, {}, {});
    (void)proof_mac(poorest, {}, {}, {}, {});
    (void)dialled_mac(poorest, {}, {}, {}, {});
    (void)call_token(poorest, {});
    (void)data_token(poorest, {}, {}, {});
}

/// Everything that a code may be made from.
struct fields {
    digest256 key = filled(7);
    job_id job{"job"};
    headgate::generation generation{3};
    worker_identity worker{{4}, 5};
    headgate::incarnation incarnation{{6, 7}};
    hello said{.job = {"job"}, .generation = {3}, .worker = {4}, .incarnation = {{6, 7}}, .nonce = filled(8)};
    nonce drawn = filled(9);
    worker_profile profile{.id = {4},
                           .incarnation = {{6, 7}},
                           .slots = 5,
                           .machine = {"m"},
                           .zone = "z",
                           .rpc_address = "a:1",
                           .data_address = "a:2"};
};

using code_of = std::function<digest256(const fields&)>;
using change = std::function<void(fields&)>;

/// Each change makes a code of its own, and what is not signed makes none.
void every_field_matters(const code_of& code, const std::vector<change>& changes) {
    const fields plain;
    std::set<digest256> codes{code(plain)};
    BOOST_TEST((code(plain) == code(plain)));
    for (std::size_t i = 0; i < changes.size(); ++i) {
        fields changed;
        changes[i](changed);
        BOOST_TEST(codes.insert(code(changed)).second, "change " << i << " makes no new code");
    }
}

const std::vector<change> of_the_hello{
    [](fields& f) { ++f.said.protocol; },
    [](fields& f) { f.said.job = {"joc"}; },
    [](fields& f) { f.said.job = {""}; },
    [](fields& f) { f.said.generation = {4}; },
    [](fields& f) { f.said.worker = {3}; },
    [](fields& f) { f.said.incarnation.value[0] = 7; },
    [](fields& f) { f.said.incarnation.value[1] = 6; },
    [](fields& f) { f.said.nonce[31] = std::byte{}; },
    [](fields& f) { f.drawn[0] = std::byte{}; },
    [](fields& f) { std::swap(f.said.nonce, f.drawn); },
    [](fields& f) { f.key[31] = std::byte{}; },
};

simulation::secrets with(1);

const code_of token = [](const fields& f) { return worker_token(with, f.key, f.job, f.generation, f.worker); };
const code_of challenge_code = [](const fields& f) { return challenge_mac(with, f.key, f.said, f.drawn); };
const code_of proof_code = [](const fields& f) { return proof_mac(with, f.key, f.said, f.drawn, f.profile); };
const code_of dialled_code = [](const fields& f) {
    return dialled_mac(with, f.key, f.worker.id, f.incarnation, f.drawn);
};
const code_of call_code = [](const fields& f) { return call_token(with, f.key); };
const code_of data_code = [](const fields& f) { return data_token(with, f.key, f.job, f.generation); };

BOOST_AUTO_TEST_CASE(a_worker_s_token_depends_on_secret_job_generation_worker_and_slots_G3) {
    every_field_matters(token, {
                                   [](fields& f) { f.key[0] = std::byte{}; },
                                   [](fields& f) { f.job = {"joc"}; },
                                   [](fields& f) {
                                       f.job = {"job\0"};
                                       f.job.value.push_back('\0');
                                   },
                                   [](fields& f) { f.generation = {4}; },
                                   [](fields& f) { f.worker.id = {3}; },
                                   [](fields& f) { f.worker.slots = 4; },
                                   [](fields& f) {
                                       f.worker = {{5}, 4};
                                   },
                               });
}

BOOST_AUTO_TEST_CASE(a_challenge_depends_on_every_field_of_the_hello_and_both_nonces_G3) {
    every_field_matters(challenge_code, of_the_hello);
}

BOOST_AUTO_TEST_CASE(a_proof_depends_on_every_field_of_the_hello_both_nonces_and_every_field_of_the_profile_G3) {
    std::vector<change> changes = of_the_hello;
    const std::vector<change> of_the_profile{
        [](fields& f) { f.profile.id = {5}; },
        [](fields& f) { f.profile.incarnation.value[0] = 7; },
        [](fields& f) { f.profile.incarnation.value[1] = 6; },
        [](fields& f) { f.profile.slots = 4; },
        [](fields& f) { f.profile.machine = {"n"}; },
        [](fields& f) { f.profile.zone = "y"; },
        [](fields& f) { f.profile.rpc_address = "b:1"; },
        [](fields& f) { f.profile.data_address = "a:3"; },
        [](fields& f) { std::swap(f.profile.rpc_address, f.profile.data_address); },
        // A character that moves from one field to the next.
        [](fields& f) { f.profile.machine = {"mz"}, f.profile.zone = ""; },
        [](fields& f) { f.profile.machine = {""}, f.profile.zone = "mz"; },
    };
    changes.insert(changes.end(), of_the_profile.begin(), of_the_profile.end());
    every_field_matters(proof_code, changes);
}

BOOST_AUTO_TEST_CASE(what_a_dialled_worker_shows_depends_on_token_worker_incarnation_and_nonce_G3) {
    every_field_matters(dialled_code, {
                                          [](fields& f) { f.key[0] = std::byte{}; },
                                          [](fields& f) { f.worker.id = {3}; },
                                          [](fields& f) { f.incarnation.value[0] = 7; },
                                          [](fields& f) { f.incarnation.value[1] = 6; },
                                          [](fields& f) { f.drawn[31] = std::byte{}; },
                                      });
}

BOOST_AUTO_TEST_CASE(tokens_of_calls_and_of_data_depend_on_all_that_they_stand_for_G3) {
    every_field_matters(call_code, {[](fields& f) { f.key[0] = std::byte{}; }});
    every_field_matters(data_code, {
                                       [](fields& f) { f.key[0] = std::byte{}; },
                                       [](fields& f) { f.job = {"joc"}; },
                                       [](fields& f) { f.generation = {4}; },
                                   });
}

/// Writes down what is signed.
struct scribe {
    std::vector<std::byte> text{};

    static void random(std::span<std::byte>) {}
    digest256 mac(std::span<const std::byte>, std::span<const std::byte> signed_text) {
        text.assign(signed_text.begin(), signed_text.end());
        return {};
    }
};

BOOST_AUTO_TEST_CASE(no_code_serves_another_purpose_or_direction_G3) {
    scribe hand;
    const auto label = [&hand](const digest256&) {
        const auto size = std::to_integer<std::size_t>(hand.text[0]);
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(hand.text[8 + i]));
        return text;
    };
    const std::set<std::string> labels{
        label(worker_token(hand, {}, {}, {}, {})),
        label(challenge_mac(hand, {}, {}, {})),
        label(proof_mac(hand, {}, {}, {}, {})),
        label(dialled_mac(hand, {}, {}, {}, {})),
        label(call_token(hand, {})),
        label(data_token(hand, {}, {}, {})),
    };
    BOOST_TEST(labels.size() == 6u);
    BOOST_TEST(labels.contains("headgate data"));
}

BOOST_AUTO_TEST_CASE(what_is_signed_begins_with_its_label_and_each_field_with_its_length) {
    scribe hand;
    (void)data_token(hand, {}, {"ab"}, {0x0102});
    std::string text;
    for (const std::byte each : hand.text) text.push_back(static_cast<char>(each));
    const auto number = [](char low, char high = 0) { return std::string{low, high, 0, 0, 0, 0, 0, 0}; };
    BOOST_TEST((text == number(13) + "headgate data" + number(2) + "ab" + number(8) + number(2, 1)));
}

}  // namespace
