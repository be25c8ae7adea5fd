#pragma once
// SPDX-License-Identifier: BSL-1.0
// vocabulary: 64 bits of what a value holds, the same on every machine and run. No protection against an adversary.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headgate::inline v1::detail {

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014), over one word after the other.
constexpr std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
    std::uint64_t z = (state ^ word) + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

constexpr std::uint64_t mixed(std::uint64_t state, std::string_view text) {
    state = mixed(state, text.size());
    for (std::size_t at = 0; at < text.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = at; i < std::min(at + 8, text.size()); ++i)
            word = word << 8 | static_cast<unsigned char>(text[i]);
        state = mixed(state, word);
    }
    return state;
}

}  // namespace headgate::inline v1::detail
