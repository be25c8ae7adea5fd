#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: an assignment policy that is chosen when the program starts. One that is known when the program is compiled
// is named itself: `policies{.assignment = sticky{}}`.

#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/policy.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headgate::example {

/// Models `assignment_policy` by the one it holds, with its defaults.
struct chosen_assignment {
    std::variant<slot_filling, balanced, local, sticky, spread> by{};

    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before = {}) const {
        return std::visit([&](const auto& policy) { return policy(of, offers, before); }, by);
    }

    friend bool operator==(const chosen_assignment&, const chosen_assignment&) = default;
};

static_assert(assignment_policy<chosen_assignment>);

struct named_assignment {
    std::string_view name;
    chosen_assignment policy;
};

/// The first is the default.
inline constexpr std::array<named_assignment, 10> assignments{{
    {"slot_filling", {slot_filling{}}},
    {"largest_first", {slot_filling{.order = filling_order::largest_first}}},
    {"balanced", {balanced{}}},
    {"balanced_load", {balanced{.aim = balance_by::load}}},
    {"balanced_groups", {balanced{.together = keep_together::forward_joined}}},
    {"local", {local{}}},
    {"sticky", {sticky{}}},
    {"spread", {spread{}}},
    {"spread_penalty", {spread{.penalty = 0.5}}},
    {"sticky_zones", {sticky{.zones = spread{}}}},
}};

inline std::vector<std::string> assignment_names() {
    std::vector<std::string> names;
    for (const named_assignment& each : assignments) names.emplace_back(each.name);
    return names;
}

/// Precondition: there is one of that name.
inline chosen_assignment assignment_of(std::string_view name) {
    return std::ranges::find(assignments, name, &named_assignment::name)->policy;
}

/// Whether its plans differ by where workers failed before.
inline bool minds_trouble(const chosen_assignment& what) {
    if (const auto* spread_over = std::get_if<spread>(&what.by)) return spread_over->penalty > 0;
    const auto* keeps = std::get_if<sticky>(&what.by);
    return keeps and keeps->zones and keeps->zones->penalty > 0;
}

/// What says so on a command line; nothing for the default.
inline std::string flag_of(std::string_view name) {
    return name == assignments.front().name ? "" : " --assignment " + std::string(name);
}

}  // namespace headgate::example
