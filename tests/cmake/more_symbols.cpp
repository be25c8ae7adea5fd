// SPDX-License-Identifier: BSL-1.0
// Two policies, of which check_symbols.cmake knows one as unused.
#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/slot_filling.hpp>

#include <span>
#include <utility>

using namespace headgate;

std::pair<expected<plan>, expected<plan>> both(const program& of, std::span<const offer> offers) {
    return {slot_filling{}(of, offers, {}), balanced{}(of, offers, {})};
}
