#pragma once
// What a fuzz target demands. libFuzzer keeps the input that led to an abort.
#include <cstdio>
#include <cstdlib>

inline void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}
