#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the laws of `secrets`, for any model and any test framework.

#include <headgate/concepts/secrets.hpp>
#include <headgate/conformance/laws/pending.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace headgate::inline v1::laws {

/// Calls `report(law, holds, detail)` once for each law. A simulated model keeps all but `known`.
template <class Make, law_report Report>
    requires secrets<std::invoke_result_t<Make&>>
void check_secrets(Make make, Report report);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

using octets = std::vector<std::byte>;

inline octets octets_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

inline octets repeated(std::size_t count, int value) { return octets(count, static_cast<std::byte>(value)); }

inline std::string hexadecimal(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte each : bytes)
        for (const int shift : {4, 0}) text += "0123456789abcdef"[(std::to_integer<unsigned>(each) >> shift) & 15u];
    return text;
}

struct known_code {
    octets key;
    octets text;
    std::string_view code;
};

/// RFC 4231, section 4, HMAC-SHA-256; case 5 is of a truncated code and left out.
inline std::vector<known_code> known_codes() {
    octets counted;
    for (int value = 1; value <= 25; ++value) counted.push_back(static_cast<std::byte>(value));
    return {
        {repeated(20, 0x0b), octets_of("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {octets_of("Jefe"), octets_of("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated(20, 0xaa), repeated(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {counted, repeated(50, 0xcd), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {repeated(131, 0xaa), octets_of("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {repeated(131, 0xaa),
         octets_of("This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                   "to be hashed before being used by the HMAC algorithm."),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
}

/// `original` with each of its bits turned in turn, itself first.
inline std::vector<octets> neighbours(const octets& original) {
    std::vector<octets> all{original};
    for (std::size_t bit = 0; bit < 8 * original.size(); ++bit) {
        all.push_back(original);
        all.back()[bit / 8] ^= std::byte{1} << (bit % 8);
    }
    return all;
}

template <class Secrets>
void draws_are_fresh(Secrets& model, findings& found) {
    constexpr std::size_t size = 37;  // no multiple of a word
    constexpr std::byte guard{0x5a};
    std::set<std::array<std::byte, size + 2>> seen;
    std::array<std::set<std::byte>, size> by_position;
    for (int draw = 0; draw < 64; ++draw) {
        std::array<std::byte, size + 2> bytes;
        bytes.fill(guard);
        model.random(std::span(bytes).subspan(1, size));
        found.note_call("random(" + std::to_string(size) + " bytes)");
        found.expect(bytes.front() == guard and bytes.back() == guard, "no byte written outside");
        for (std::size_t i = 0; i < size; ++i) by_position[i].insert(bytes[i + 1]);
        found.expect(seen.insert(bytes).second, "another draw each time", hexadecimal(bytes));
    }
    // A byte that is the same in 64 draws is no chance: 256^-63.
    found.expect(std::ranges::all_of(by_position, [](const auto& values) { return values.size() > 1; }),
                 "every byte drawn");
    model.random(std::span<std::byte>{});
}

template <class Secrets>
void codes_are_keyed(Secrets& model, findings& found) {
    const octets key = repeated(32, 0x2b), text = octets_of("a text of some length, longer than a word");
    const digest256 code = model.mac(key, text);
    std::array<std::byte, 16> between{};
    model.random(between);
    found.expect(model.mac(key, text) == code, "the same code for the same key and text", hexadecimal(code));

    std::set<digest256> codes;
    const auto is_new = [&](const octets& with, const octets& over) {
        const digest256 made = model.mac(with, over);
        found.note_call("mac(key " + hexadecimal(with) + ", text " + hexadecimal(over) + ")");
        found.expect(codes.insert(made).second,
                     "another code for key " + hexadecimal(with) + ", text " + hexadecimal(over), hexadecimal(made));
    };
    for (const octets& near : neighbours(text)) is_new(key, near);
    for (const octets& near : neighbours(key))
        if (near != key) is_new(near, text);
    for (std::size_t size = 0; size < text.size(); ++size)
        is_new(key, {text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size)});
    for (std::size_t zeros = 1; zeros < 20; ++zeros) is_new(key, repeated(zeros, 0));
    is_new(octets_of("ab"), octets_of("c"));
    is_new(octets_of("a"), octets_of("bc"));
    is_new(text, key);
}

}  // namespace detail

template <class Make, law_report Report>
    requires secrets<std::invoke_result_t<Make&>>
void check_secrets(Make make, Report report) {
    using model_type = std::invoke_result_t<Make&>;
    const auto law = [&](std::string_view of, auto tried) {
        model_type model = make();
        findings found;
        tried(model, found);
        report(of, found.empty(), found.text());
    };

    law("fresh", [](model_type& model, findings& found) { detail::draws_are_fresh(model, found); });
    law("keyed", [](model_type& model, findings& found) { detail::codes_are_keyed(model, found); });
    law("known", [](model_type& model, findings& found) {
        for (const detail::known_code& each : detail::known_codes()) {
            const std::string code = detail::hexadecimal(model.mac(each.key, each.text));
            found.note_call("mac(key " + detail::hexadecimal(each.key) + ", text " + detail::hexadecimal(each.text) +
                            ")");
            found.expect(code == each.code, each.code, code);
        }
    });
}

}  // namespace headgate::inline v1::laws
