#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: secrets that hide nothing, a model of `secrets` for runs that can be repeated.

#include <headgate/concepts/secrets.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace headgate::inline v1::simulation {

/// A copyable value: one seed gives one run of draws. Codes depend on key and text alone, so two of these with
/// different seeds understand each other. About 1 ns for each 8 bytes. Never for production: whoever sees a draw knows
/// the others.
class secrets {
public:
    explicit constexpr secrets(std::uint64_t seed) : drawn_(seed) {}

    constexpr void random(std::span<std::byte> bytes);
    constexpr digest256 mac(std::span<const std::byte> key, std::span<const std::byte> text) const;

    friend constexpr bool operator==(const secrets&, const secrets&) = default;

private:
    std::uint64_t drawn_;
};

static_assert(headgate::secrets<secrets>);

// Implementation ------------------------------------------------------------------------------------------------------

namespace detail {

inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;

/// The finalizer of splitmix64, a bijection in which each bit moves half of the others (Steele, Lea, Flood 2014).
constexpr std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
}

constexpr std::uint64_t absorb(std::uint64_t state, std::span<const std::byte> bytes) {
    state = mixed(state + golden + bytes.size());
    while (not bytes.empty()) {
        std::uint64_t word = 0;
        const std::size_t count = bytes.size() < 8 ? bytes.size() : 8;
        for (std::size_t i = 0; i < count; ++i) word |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
        state = mixed((state ^ word) + golden);
        bytes = bytes.subspan(count);
    }
    return state;
}

constexpr void fill(std::uint64_t& state, std::span<std::byte> bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i % 8 == 0) word = mixed(state += golden);
        bytes[i] = static_cast<std::byte>(word >> (8 * (i % 8)));
    }
}

}  // namespace detail

constexpr void secrets::random(std::span<std::byte> bytes) { detail::fill(drawn_, bytes); }

constexpr digest256 secrets::mac(std::span<const std::byte> key, std::span<const std::byte> text) const {
    std::uint64_t state = detail::absorb(detail::absorb(0, key), text);
    digest256 code{};
    detail::fill(state, code);
    return code;
}

}  // namespace headgate::inline v1::simulation
