#pragma once
// SPDX-License-Identifier: BSL-1.0
// example: a flag in seconds that fits in a duration.

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <string>

namespace headgate::example {

/// As CLI::Range, which lets "nan" pass.
inline CLI::Validator seconds_in(double least, double most) {
    return CLI::Validator(
        [=](std::string& text) {
            char* rest = nullptr;
            const double value = std::strtod(text.c_str(), &rest);
            const bool is_good = not text.empty() and *rest == '\0' and value >= least and value <= most;
            return is_good ? std::string() : text + " is not a number of seconds that can be used";
        },
        "SECONDS");
}

}  // namespace headgate::example
