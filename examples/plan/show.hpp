#pragma once
// headgate-plan: trials for people and for scripts.

#include "trial.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace headgate::example {

/// A line for each policy, the bounds above it.
std::string table_of(const std::vector<trial>& trials);

std::string json_of(const std::vector<trial>& trials, const program& of);

/// Why subtask `subtask` of the node `node` is where it is, and where it was; `invalid` if it is not there.
expected<std::string> explanation_of(const trial& what, const program& of, std::uint32_t node, std::uint32_t subtask);

}  // namespace headgate::example
