// SPDX-License-Identifier: BSL-1.0
// Prints where the widest stage would run; needs no adapter.
#include "floor.hpp"

#include <cstdio>

int main() {
    const std::vector<mine::machine> machines{{"b7", 4}, {"a1", 2}};
    const auto copies = mine::preview({{"cut", 3}, {"print", 5}}, machines);
    if (not copies) return std::puts(headgate::describe(copies.error()).c_str()), 1;
    for (std::size_t i = 0; i < machines.size(); ++i)
        std::printf("%s runs %u\n", machines[i].serial.c_str(), (*copies)[i]);
    return *copies == std::vector<std::uint32_t>{3, 2} ? 0 : 1;
}
