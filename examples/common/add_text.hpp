#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: a flag that is text, and not none.

#include <CLI/CLI.hpp>

#include <string>

namespace headgate::example {

/// For `check`.
inline std::string is_said(const std::string& text) { return text.empty() ? "it is empty" : ""; }

inline CLI::Option* add_text(CLI::App& to, const std::string& name, std::string& into, const std::string& help) {
    return to.add_option(name, into, help)->check(is_said);
}

}  // namespace headgate::example
