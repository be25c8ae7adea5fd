#pragma once
// SPDX-License-Identifier: BSL-1.0
// simulation: decisions as text, and few that still break an invariant.

#include <headgate/simulation/fault.hpp>
#include <headgate/simulation/invariants.hpp>
#include <headgate/vocabulary/outcome.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::inline v1::simulation {

/// Of decisions as text: what a number means changes with the world that asks. Whoever changes what is drawn raises the
/// first digit; the last four follow from the faults.
inline constexpr std::uint32_t decisions_version = 91'000 + fingerprint_of_faults() % 10'000;

/// "v21234:3=17,20=1023": those that are not 0, by position, each above the one before.
std::string print(const std::vector<std::uint32_t>& taken);
/// The inverse. Errors are `invalid` and name the place; those of another version say so.
expected<std::vector<std::uint32_t>> parse_decisions(std::string_view text);

/// Sets decisions to 0 and leaves out the last ones, as long as `still_fails(decisions)`, until none alone can be set
/// to 0 any more. Calls that `most` times at most; there may be fewer decisions that do.
template <class StillFails>
std::vector<std::uint32_t> shrunk(std::vector<std::uint32_t> taken, StillFails still_fails, std::size_t most = 2'000);

// Implementation ------------------------------------------------------------------------------------------------------

inline std::string print(const std::vector<std::uint32_t>& taken) {
    std::string text = "v" + std::to_string(decisions_version) + ":";
    for (std::size_t i = 0; i < taken.size(); ++i)
        if (taken[i] != 0) {
            if (text.back() != ':') text += ',';
            text += std::to_string(i) + "=" + std::to_string(taken[i]);
        }
    return text;
}

inline expected<std::vector<std::uint32_t>> parse_decisions(std::string_view text) {
    constexpr std::size_t longest = std::size_t{1} << 22;
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    const auto bad = [&](std::string why) {
        return failure(error_kind::invalid, "decisions, character " + std::to_string(at - text.data() + 1) + ": " + why);
    };
    const auto number = [&](auto& into) {
        const auto [after, wrong] = std::from_chars(at, end, into);
        if (wrong != std::errc{} or after == at) return false;
        at = after;
        return true;
    };
    const auto is_next = [&](char one) { return at != end and *at == one and (++at, true); };
    std::uint32_t version = 0;
    if (not is_next('v') or not number(version) or not is_next(':'))
        return bad("\"v" + std::to_string(decisions_version) + ":\" and a list is needed");
    if (version != decisions_version)
        return bad("they are of version " + std::to_string(version) + ", this program replays version " +
                   std::to_string(decisions_version) + ": use the release that printed them");
    std::vector<std::uint32_t> taken;
    while (at != end) {
        std::size_t place = 0;
        std::uint32_t value = 0;
        if (not number(place) or not is_next('=') or not number(value)) return bad("position=number is needed");
        if (place < taken.size()) return bad("the position is not above the one before");
        if (place >= longest) return bad("the position is above " + std::to_string(longest));
        taken.resize(place + 1);
        taken[place] = value;
        if (at == end) break;
        if (not is_next(',')) return bad("a comma is needed");
        if (at == end) return bad("position=number is needed after the comma");
    }
    return taken;
}

template <class StillFails>
std::vector<std::uint32_t> shrunk(std::vector<std::uint32_t> taken, StillFails still_fails, std::size_t most) {
    std::size_t calls = 0;
    const auto holds = [&](const std::vector<std::uint32_t>& tried) { return ++calls <= most and still_fails(tried); };
    // The shortest beginning, by halves.
    for (std::size_t cut = taken.size() / 2; cut > 0; cut /= 2) {
        std::vector<std::uint32_t> shorter(taken.begin(), taken.end() - static_cast<std::ptrdiff_t>(cut));
        if (holds(shorter)) taken = std::move(shorter);
    }
    // Then zeros, in ever smaller pieces; one by one until all that are left are needed.
    for (std::size_t piece = std::max<std::size_t>(taken.size() / 2, 1);; piece = std::max<std::size_t>(piece / 2, 1)) {
        bool is_less = false;
        for (std::size_t first = 0; first < taken.size() and calls < most; first += piece) {
            const std::size_t last = std::min(first + piece, taken.size());
            std::vector<std::uint32_t> fewer = taken;
            const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(first);
            const auto to = fewer.begin() + static_cast<std::ptrdiff_t>(last);
            if (std::all_of(from, to, [](std::uint32_t one) { return one == 0; })) continue;
            std::fill(from, to, 0u);
            if (not holds(fewer)) continue;
            taken = std::move(fewer);
            is_less = true;
        }
        if ((piece == 1 and not is_less) or calls >= most) break;
    }
    while (not taken.empty() and taken.back() == 0) taken.pop_back();
    return taken;
}

}  // namespace headgate::inline v1::simulation
