// Prints the life of a job as the compiler checks it (SPEC 2, T3): as text, or for Graphviz with --dot.
#include <headgate/machine/table.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace {

using namespace headgate;

void print_text() {
    std::size_t edges = 0;
    for (const table_row& row : table) {
        std::string targets;
        for (const table_row& to : table) {
            if (not row.goes_to.contains(to.state)) continue;
            ++edges;
            targets.append(targets.empty() ? "" : ", ").append(text_of(to.state));
        }
        std::string found(text_of(row.found.otherwise));
        if (row.found.if_complete != row.found.otherwise)
            found.append(", if complete ").append(text_of(row.found.if_complete));
        std::printf("%-19s -> %s\n%-19s    after a crash: %s\n", std::string(text_of(row.state)).c_str(),
                    targets.empty() ? "(the end)" : targets.c_str(), "", found.c_str());
    }
    std::printf("\n%zu states, %zu edges\n", table.size(), edges);
}

void print_dot() {
    std::puts("digraph job {\n  rankdir=LR; node [shape=box, style=rounded, fontname=Helvetica];");
    for (const table_row& row : table) {
        const std::string from(text_of(row.state));
        if (is_terminal(row.state)) std::printf("  %s [peripheries=2];\n", from.c_str());
        for (const table_row& to : table) {
            if (not row.goes_to.contains(to.state)) continue;
            // Every state that is no end can stop: drawn faintly, so that the way of a job is seen.
            const bool is_trouble = to.state == state_name::recovering or to.state == state_name::failing;
            const char* const how = is_trouble                         ? " [color=firebrick]"
                                    : to.state == state_name::stopping ? " [color=gray75, constraint=false]"
                                    : is_terminal(row.state)           ? " [style=dashed, constraint=false]"
                                                                       : " [penwidth=1.5]";
            std::printf("  %s -> %s%s;\n", from.c_str(), std::string(text_of(to.state)).c_str(), how);
        }
    }
    std::puts("}");
}

}  // namespace

int main(int count, char** arguments) {
    const std::string_view how = count > 1 ? arguments[1] : "";
    if (how == "--dot") {
        print_dot();
    } else if (how.empty()) {
        print_text();
    } else {
        std::fprintf(stderr, "usage: states [--dot]\n");
        return 2;
    }
}
