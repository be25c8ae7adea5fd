// Prints the life of a job as the compiler checks it (SPEC 2, T3): as text, or for Graphviz with --dot.
#include <headgate/machine/diagram.hpp>

#include <cstdio>
#include <string_view>

int main(int count, char** arguments) {
    const std::string_view how = count > 1 ? arguments[1] : "";
    if (count > 2 or (how != "" and how != "--dot")) return std::fputs("usage: states [--dot]\n", stderr), 2;
    std::fputs((how.empty() ? headgate::table_as_text() : headgate::table_as_graph()).c_str(), stdout);
}
