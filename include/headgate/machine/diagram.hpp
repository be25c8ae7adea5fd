#pragma once
// SPDX-License-Identifier: BSL-1.0
// machine: the life of a job drawn from the table that the compiler checks, so that no picture can drift from it (T3).

#include <headgate/machine/table.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace headgate::inline v1 {

/// Two lines a state: where it goes to, and as what it is gone on with after a crash; then the sums.
std::string table_as_text();

/// For Graphviz.
std::string table_as_graph();

// Implementation ------------------------------------------------------------------------------------------------------

inline std::string table_as_text() {
    constexpr std::size_t width = 19;  // of the longest name, and a space
    const auto padded = [](std::string_view text) { return std::string(text).append(width - text.size(), ' '); };
    std::string all;
    std::size_t edges = 0;
    for (const table_row& row : table) {
        std::string targets;
        for (const table_row& to : table) {
            if (not row.goes_to.contains(to.state)) continue;
            ++edges;
            targets.append(targets.empty() ? "" : ", ").append(text_of(to.state));
        }
        all.append(padded(text_of(row.state))).append(" -> ").append(targets.empty() ? "(the end)" : targets);
        all.append("\n").append(padded("")).append("    after a crash: ").append(text_of(row.found.otherwise));
        if (row.found.if_complete != row.found.otherwise)
            all.append(", if complete ").append(text_of(row.found.if_complete));
        all.append("\n");
    }
    return all.append("\n") + std::to_string(table.size()) + " states, " + std::to_string(edges) + " edges\n";
}

inline std::string table_as_graph() {
    std::string all = "digraph job {\n  rankdir=LR; node [shape=box, style=rounded, fontname=Helvetica];\n";
    for (const table_row& row : table) {
        if (is_terminal(row.state)) all.append("  ").append(text_of(row.state)).append(" [peripheries=2];\n");
        for (const table_row& to : table) {
            if (not row.goes_to.contains(to.state)) continue;
            // Every state that is no end can stop: drawn faintly, so that the way of a job is seen.
            const bool is_trouble = to.state == state_name::recovering or to.state == state_name::failing;
            const char* const how = is_trouble                         ? " [color=firebrick]"
                                    : to.state == state_name::stopping ? " [color=gray75, constraint=false]"
                                    : is_terminal(row.state)           ? " [style=dashed, constraint=false]"
                                                                       : " [penwidth=1.5]";
            all.append("  ").append(text_of(row.state)).append(" -> ").append(text_of(to.state)).append(how);
            all.append(";\n");
        }
    }
    return all.append("}\n");
}

}  // namespace headgate::inline v1
