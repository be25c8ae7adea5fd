// A program of two nodes, placed on two workers of four slots each.
#include <headgate/headgate.hpp>

#include <cstdio>
#include <vector>

int main() {
    using namespace headgate;
    const program words{.nodes = {{.id = {1}, .parallelism = 6, .operators = {{{"read"}, ""}}},
                                  {.id = {2}, .parallelism = 8, .operators = {{{"count"}, ""}}}},
                        .edges = {{.from = {1}, .to = {2}, .kind = edge_kind::shuffle}}};
    const std::vector<offer> workers{{.id = {11}, .slots = 4}, {.id = {12}, .slots = 4}};

    const auto placed = slot_filling{}(words, workers);
    if (not placed) return std::puts(describe(placed.error()).c_str()), 1;
    for (std::size_t worker = 0; worker < placed->workers.size(); ++worker)
        for (std::size_t node = 0; node < placed->nodes.size(); ++node)
            shares(*placed, node, worker, [&](subtask_range range) {
                std::printf("worker %lu runs %s %u to %u\n", placed->workers[worker].id.value,
                            words.nodes[node].operators[0].id.value.c_str(), range.first, range.last - 1);
            });
}
